//! `keepers calibrate`: learns a person's taste from some of their ratings.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::ValueEnum;
use serde::Serialize;

use super::catalog_args::CatalogArgs;
use super::console::Console;
use super::exit::Exit;
use super::{interrupt, labels, paths, rate, run, sink, wording};
use crate::engine::calibration::{Calibration, label};
use crate::engine::{Cancel, Known, models, profiles};
use crate::home::Home;
use crate::learning::calibrate::CalibrateError;
use crate::learning::calibrate::check::{Report, Verdict};
use crate::learning::calibrate::labels::strengths;
use crate::metadata::xmp::{Folders, Naming, Rating, Sidecars, Statements, read_embedded};
use crate::report::dates;

const ABOUT: &str = "\
Learn your taste from some of your ratings

Makes a profile, with which photos are scored as you would: two dozen ratings of \
photos you like and photos you do not are enough to begin with. Before the profile \
is offered it is checked on ratings it did not learn from; where it agrees with you \
no better than the model as it is, that is said, and the exit status is 4.";

const MORE: &str = "\
Ratings come from a CSV file with the columns file and mos (any scale, higher is
better) or better and worse (of two photos, which one is better), or from stars that
are in XMP sidecars or in the photos themselves; a rejected photo counts as 0 stars.

Exit status: 0 done, 1 nothing could be done, 3 done but some photos failed, 4 done
or refused, and advised against (JSON says \"advised\": false), 130 interrupted.";

#[derive(Debug, clap::Args)]
#[command(about = "Learn your taste from some of your ratings", long_about = ABOUT, after_long_help = MORE)]
pub struct Args {
    /// Folder that the files in the CSV are relative to
    #[arg(long, value_name = "DIR", requires = "scores")]
    images: Option<PathBuf>,
    /// CSV with the columns "file" and "mos", or "better" and "worse"
    #[arg(long, value_name = "CSV", requires = "images")]
    scores: Option<PathBuf>,
    /// Photos and folders whose stars are the ratings
    #[arg(
        long,
        value_name = "PATHS",
        num_args = 1..,
        conflicts_with = "scores",
        required_unless_present = "scores"
    )]
    from_ratings: Vec<PathBuf>,
    /// Enter the folders' sub-folders, to any depth
    #[arg(short, long)]
    recursive: bool,
    /// Write the profile to a file
    #[arg(long, value_name = "FILE", required_unless_present = "name")]
    out: Option<PathBuf>,
    /// Name of the profile; without --out it is kept under that name, to be used
    /// with --profile NAME
    #[arg(long)]
    name: Option<String>,
    /// Replace a kept profile of that name
    #[arg(long, requires = "name")]
    replace: bool,
    /// Day that the profile gives, YYYY-MM-DD [default: today]
    #[arg(long)]
    date: Option<String>,
    #[command(flatten)]
    model: run::ModelArgs,
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
    /// One object
    Json,
}

/// The result; the order of the fields is the order of the keys.
#[derive(Debug, Serialize)]
struct Outcome {
    labels: usize,
    failed: usize,
    advised: bool,
    verdict: Option<Verdict>,
    explanation: String,
    report: Option<Report>,
    /// Where the profile is; absent where none was made.
    profile: Option<String>,
}

pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut console = Console::new(args.quiet);
    let home = run::home(&mut console);
    let name = name(args)?;
    let source = args.model.source(home.as_ref())?;
    let model = models::open_compact(&source, args.model.device)?;
    let rated = match rated(args, &mut console)? {
        Ok(rated) => rated,
        Err(reason) => return refuse(args, 0, 0, &reason),
    };
    // What cannot be learned from is said before photos are looked at.
    let given: Vec<f64> = rated.iter().map(|(_, label)| *label).collect();
    if let Err(reason) = crate::learning::calibrate::scaled(&given) {
        return refuse(args, rated.len(), 0, &reason);
    }
    let cancel = Cancel::default();
    interrupt::cancels(&cancel);
    let photos: Vec<PathBuf> = rated.iter().map(|(path, _)| path.clone()).collect();
    let seen = run::seen(home.as_ref(), &model, &CatalogArgs::default());
    let known = seen.as_deref().map(|seen| seen as &dyn Known);
    let described =
        Calibration::describe_knowing(&model, &photos, known, &cancel, &mut |progress| {
            console.progress("Describing", progress);
        });
    console.clear();
    let Some((mut calibration, failed)) = described else {
        return Ok(Exit::Interrupted);
    };
    for (path, reason) in &failed {
        console.note(&format!("{}: {}", paths::shown(path), paths::clean(reason)));
    }
    let by_path: HashMap<&Path, f64> = rated
        .iter()
        .map(|(path, label)| (path.as_path(), *label))
        .collect();
    for place in 0..calibration.paths().len() {
        let label = by_path.get(calibration.paths()[place].as_path()).copied();
        calibration.rate(place, label);
    }
    let labels = calibration.labels().len();
    let (taste, report) = match calibration
        .taste()
        .and_then(|t| Ok((t, calibration.check()?)))
    {
        Ok(learned) => learned,
        Err(reason) => return refuse(args, labels, failed.len(), &reason),
    };
    let date = args.date.clone().unwrap_or_else(dates::today);
    let profile = calibration.profile(&name, date, taste, report)?;
    let path = match (&args.out, &home) {
        (Some(out), _) => {
            profiles::write(&profile, out)?;
            out.clone()
        }
        (None, Some(home)) => profiles::keep(&profile, args.replace, home)?,
        (None, None) => bail!("there is no folder to keep profiles in; use --out"),
    };
    let verdict = report.verdict();
    let outcome = Outcome {
        labels,
        failed: failed.len(),
        advised: verdict.advised(),
        verdict: Some(verdict),
        explanation: report.explanation(),
        report: Some(report),
        profile: Some(paths::text(&path).into_owned()),
    };
    show(args.format, &outcome)?;
    Ok(match (verdict.advised(), failed.is_empty()) {
        (false, _) => Exit::AdvisedAgainst,
        (true, true) => Exit::Done,
        (true, false) => Exit::Partly,
    })
}

/// The profile's name.
fn name(args: &Args) -> anyhow::Result<String> {
    match (&args.name, args.out.as_deref().and_then(Path::file_stem)) {
        (Some(name), _) => Ok(name.clone()),
        (None, Some(stem)) => Ok(stem.to_string_lossy().into_owned()),
        (None, None) => bail!("the profile needs a name"),
    }
}

/// Says why there is no profile.
fn refuse(
    args: &Args,
    labels: usize,
    failed: usize,
    reason: &CalibrateError,
) -> anyhow::Result<Exit> {
    match reason {
        CalibrateError::TooFew { .. }
        | CalibrateError::Alike { .. }
        | CalibrateError::Contradictory { .. } => {}
        other => bail!("{other}"),
    }
    let outcome = Outcome {
        labels,
        failed,
        advised: false,
        verdict: None,
        explanation: format!("No profile was made: {reason}."),
        report: None,
        profile: None,
    };
    show(args.format, &outcome)?;
    Ok(Exit::AdvisedAgainst)
}

/// Photos with their labels, whatever they come from.
type Rated = Vec<(PathBuf, f64)>;

fn rated(args: &Args, console: &mut Console) -> anyhow::Result<Result<Rated, CalibrateError>> {
    let (Some(images), Some(scores)) = (&args.images, &args.scores) else {
        return Ok(Ok(from_ratings(args, console)));
    };
    if !images.is_dir() {
        bail!("{}: is no folder of images", paths::shown(images));
    }
    let Some(choices) = labels::read_choices(scores)? else {
        return Ok(Ok(labels::located(images, labels::read(scores)?)));
    };
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut files: Vec<String> = Vec::new();
    let mut place = |file: String| {
        *places.entry(file.clone()).or_insert_with(|| {
            files.push(file);
            files.len() - 1
        })
    };
    let choices: Vec<(usize, usize)> = choices
        .into_iter()
        .map(|(better, worse)| (place(better), place(worse)))
        .collect();
    let strengths = match strengths(files.len(), &choices) {
        Ok(strengths) => strengths,
        Err(reason) => return Ok(Err(reason)),
    };
    if strengths.contradictions > 0 {
        console.note(&format!(
            "{} of {} choices contradict others",
            wording::count(strengths.contradictions),
            wording::count(choices.len())
        ));
    }
    let labelled = files.into_iter().zip(strengths.values);
    let labelled = labelled
        .filter_map(|(file, value)| Some((file, value?)))
        .collect();
    Ok(Ok(labels::located(images, labelled)))
}

/// The stars of a photo, in its sidecar or in itself; 0 for a rejected one,
/// `None` for one that is not rated.
pub fn stars(photo: &Path, folders: &mut Folders, console: &mut Console) -> Option<f64> {
    let sidecars = Sidecars::of(photo, Naming::default(), folders);
    for error in &sidecars.unusable {
        console.note(&paths::clean(&error.to_string()));
    }
    let meaning =
        |said: Option<&Statements>| said.map_or_else(Rating::default, Statements::meaning);
    let embedded = read_embedded(photo).unwrap_or_else(|error| {
        console.note(&format!("{}: cannot be read: {error}", paths::shown(photo)));
        None
    });
    let rating = meaning(sidecars.statements().as_ref()).or(meaning(embedded.as_ref()));
    label(rating)
}

/// The stars that photos have, in their sidecars or in themselves.
fn from_ratings(args: &Args, console: &mut Console) -> Rated {
    let (photos, _) = rate::photos(&args.from_ratings, args.recursive, console);
    let mut folders = Folders::default();
    let mut rated = Vec::new();
    for photo in photos {
        if let Some(label) = stars(&photo, &mut folders, console) {
            rated.push((photo, label));
        }
    }
    let count = wording::counted(rated.len(), "rated photo");
    console.note(&format!("Found {count}"));
    rated
}

fn show(format: Format, outcome: &Outcome) -> anyhow::Result<()> {
    let text = match format {
        Format::Json => serde_json::to_string(outcome)? + "\n",
        Format::Table => table(outcome),
    };
    sink::checked(io::stdout().write_all(text.as_bytes()))?;
    Ok(())
}

fn table(outcome: &Outcome) -> String {
    let mut text = String::new();
    if let Some(report) = &outcome.report {
        text += &report_table(report);
    }
    text += &format!("{}\n", outcome.explanation);
    if let Some(profile) = &outcome.profile {
        let advice = match outcome.advised {
            true => "",
            false => "; it is advised not to use it",
        };
        text += &format!("Wrote {profile}{advice}\n");
    }
    text
}

/// A report's figures for reading.
pub fn report_table(report: &Report) -> String {
    let rows = [
        ("As it is", report.uncalibrated),
        ("Calibrated", report.calibrated),
        ("Without the model", report.ridge),
        ("Gain", report.gain),
    ];
    let mut text = format!(
        "Agreement with your {} on photos held out (SRCC, 90 % interval)\n",
        wording::counted(report.labels, "rating")
    );
    for (name, figure) in rows {
        text += &format!(
            "  {name:<19}{:+.3}  ({:+.3} to {:+.3})\n",
            figure.srcc, figure.low, figure.high
        );
    }
    text
}

/// The user's folders, without which there is nowhere to keep a profile.
///
/// # Errors
/// When they are not known.
pub fn home() -> anyhow::Result<Home> {
    run::home(&mut Console::new(true)).context("there is no folder to keep profiles in")
}
