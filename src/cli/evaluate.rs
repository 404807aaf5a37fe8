//! `keepers evaluate`: how well a model agrees with people's opinions.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use clap::ValueEnum;
use serde::Serialize;

use super::catalog_args::CatalogArgs;
use super::console::Console;
use super::exit::Exit;
use super::sink;
use super::{few_shot, grmp, labels, paths, run};
use crate::engine::{Known, Options, Request};
use crate::learning::calibrate::protocol;
use crate::learning::metrics::Agreement;

const ABOUT: &str = "\
Measure how well scores agree with people's opinions

Scores the photos listed in a CSV file and compares: SRCC and KRCC (tau-b) are \
rank correlations; PLCC and RMSE are taken after the four-parameter logistic \
curve that is usual in the field.";

const MORE: &str = "\
The CSV file has a header with the columns file (relative to the folder of
images; 'image name' will do) and mos (any scale, higher is better), in capitals
or not; other columns are ignored.
Photos that are missing or cannot be scored count as failed and are left out.

With --shots, each split holds a fifth of the photos for testing and draws labels
from the rest, nested and the same for all methods: none (the model as it is), qgr
and qgr-lambda0 (fine-tuning with and without gradient regularisation), ridge
(without the model) and default (what \"keepers calibrate\" does). JSON gets
\"few_shot\" with a row for each.

Exit status: 0 all photos scored, 1 none, 3 some failed, 130 interrupted.";

#[derive(Debug, clap::Args)]
#[command(
    about = "Measure how well scores agree with people's opinions",
    long_about = ABOUT,
    after_long_help = MORE
)]
pub struct Args {
    /// Folder that the files in the CSV are relative to
    #[arg(long, value_name = "DIR")]
    images: PathBuf,
    /// CSV with the columns "file" and "mos"
    #[arg(
        long,
        value_name = "CSV",
        required_unless_present = "distortions",
        conflicts_with = "distortions"
    )]
    scores: Option<PathBuf>,
    #[command(flatten)]
    distorted: super::distorted::DistortedArgs,
    #[command(flatten)]
    model: run::ModelArgs,
    #[command(flatten)]
    profile: run::ProfileArgs,
    /// Also measure every way of calibrating with so many labels, e.g.
    /// 8,16,24,50,100 (compact models)
    #[arg(
        long,
        value_name = "COUNTS",
        value_delimiter = ',',
        value_parser = few_shot::shots,
        conflicts_with = "profile"
    )]
    shots: Vec<usize>,
    /// Random splits to measure that on [default: 20, and 10 for --protocol grmp]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
    splits: Option<u32>,
    /// Measure a published protocol: grmp fine-tunes a CLIP network to 50 labels
    /// (or the first of --shots) in each of 10 random 80/20 splits
    #[arg(long, value_enum, conflicts_with = "profile")]
    protocol: Option<Protocol>,
    /// Passes over the labels for --protocol grmp, at most
    #[arg(long, default_value_t = 2000, requires = "protocol")]
    epochs: usize,
    /// Seed of the splits, or of --distortions' noise, places and directions
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Format of the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// No progress and no notes on standard error
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    /// For reading
    #[default]
    Table,
    /// One object; a figure that is not defined is null
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Protocol {
    /// That of GRMP-IQA's few-shot experiments
    Grmp,
}

/// The result; the order of the fields is the order of the keys.
#[derive(Debug, Serialize)]
struct Figures {
    n: usize,
    srcc: Option<f64>,
    plcc: Option<f64>,
    krcc: Option<f64>,
    rmse: Option<f64>,
    failed: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    few_shot: Vec<protocol::Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grmp: Option<grmp::Row>,
}

pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut console = Console::new(args.quiet);
    let opinions = args.scores.as_deref().map(labels::read).transpose()?;
    if !args.images.is_dir() {
        bail!("{}: is no folder of images", paths::shown(&args.images));
    }
    let home = run::home(&mut console);
    let opened = args.model.open_with(&args.profile, home.as_ref())?;
    let Some(opinions) = opinions else {
        let json = matches!(args.format, Format::Json);
        return args.distorted.run(
            opened.model.as_ref(),
            &args.images,
            args.seed,
            json,
            &mut console,
        );
    };
    let by_path: HashMap<PathBuf, f64> = labels::located(&args.images, opinions)
        .into_iter()
        .collect();
    let request = Request {
        paths: by_path.keys().cloned().collect(),
        recursive: false,
        thumbnail: None,
    };
    let seen = run::seen(
        home.as_ref(),
        opened.model.as_ref(),
        &CatalogArgs::default(),
    );
    let known = seen.map(|seen| seen as Arc<dyn Known>);
    let mut done = run::job(
        request,
        Options::default(),
        opened.model,
        known,
        &mut console,
    )?;
    if done.interrupted {
        // Figures of a part would pass for those of the whole.
        return Ok(Exit::Interrupted);
    }
    // One order, so that sums do not depend on which photo was first.
    done.photos.sort_by(|a, b| a.path.cmp(&b.path));
    let (mut scores, mut labels) = (Vec::new(), Vec::new());
    for photo in &done.photos {
        match (&photo.outcome, by_path.get(&photo.path)) {
            (Ok(scored), Some(&mos)) => {
                scores.push(scored.score.value());
                labels.push(mos);
            }
            (Err(reason), _) => {
                let path = paths::shown(&photo.path);
                console.note(&format!("{path}: {}", paths::clean(reason)));
            }
            (Ok(_), None) => {}
        }
    }
    let agreement = Agreement::new(&scores, &labels);
    let known = || -> Vec<(PathBuf, f64)> {
        let done = done.photos.iter().filter(|photo| photo.outcome.is_ok());
        let known = done.filter_map(|p| Some((p.path.clone(), *by_path.get(&p.path)?)));
        known.collect()
    };
    let grmp = match args.protocol {
        None => None,
        Some(Protocol::Grmp) => {
            let source = args.model.source(home.as_ref())?;
            let options = grmp::Options {
                shots: args.shots.first().copied().unwrap_or(50),
                splits: args.splits.unwrap_or(10),
                seed: args.seed,
                epochs: args.epochs,
                device: args.model.device,
            };
            match grmp::measure(&source, known(), &options, &mut console)? {
                Some(row) => Some(row),
                None => return Ok(Exit::Interrupted),
            }
        }
    };
    let few_shot = match args.shots.is_empty() || grmp.is_some() {
        true => Vec::new(),
        false => {
            let options = protocol::Options {
                shots: args.shots.clone(),
                splits: args.splits.unwrap_or(20) as usize,
                seed: args.seed,
            };
            let source = args.model.source(home.as_ref())?;
            match few_shot::measure(&source, known(), &options, &mut console)? {
                Some(rows) => rows,
                None => return Ok(Exit::Interrupted),
            }
        }
    };
    let figures = Figures {
        n: agreement.n,
        srcc: agreement.srcc,
        plcc: agreement.plcc,
        krcc: agreement.krcc,
        rmse: agreement.rmse,
        failed: by_path.len() - agreement.n,
        few_shot,
        grmp,
    };
    let text = match args.format {
        Format::Table => table(&figures),
        Format::Json => serde_json::to_string(&figures)? + "\n",
    };
    sink::checked(io::stdout().write_all(text.as_bytes()))?;
    Ok(Exit::of(figures.n, figures.failed))
}

fn table(figures: &Figures) -> String {
    let number = |value: Option<f64>| value.map_or("not defined".to_owned(), |v| format!("{v:.4}"));
    let rows = [
        ("Photos", figures.n.to_string()),
        ("SRCC", number(figures.srcc)),
        ("PLCC", number(figures.plcc)),
        ("KRCC", number(figures.krcc)),
        ("RMSE", number(figures.rmse)),
        ("Failed", figures.failed.to_string()),
    ];
    rows.iter()
        .map(|(name, value)| format!("{name:<8}{value}\n"))
        .collect::<String>()
        + &few_shot::table(&figures.few_shot)
        + &figures.grmp.as_ref().map(grmp::table).unwrap_or_default()
}
