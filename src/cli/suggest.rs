//! `keepers suggest`: which photos to rate next.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;

use super::calibrate::stars;
use super::catalog_args::CatalogArgs;
use super::console::Console;
use super::exit::Exit;
use super::{interrupt, paths, rate, run, sink, wording};
use crate::engine::calibration::Calibration;
use crate::engine::{Cancel, Known, models};
use crate::metadata::xmp::Folders;

/// Suggest photos to rate, from which "keepers calibrate" learns most
///
/// Takes account of the stars that photos have already, in XMP sidecars or in
/// themselves, and never suggests two photos of one burst.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Photos and folders
    #[arg(required = true, value_name = "PATHS")]
    paths: Vec<PathBuf>,
    /// Enter the folders' sub-folders, to any depth
    #[arg(short, long)]
    recursive: bool,
    /// How many photos to suggest
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..=500))]
    count: u16,
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
    /// One path a line, the most useful first
    #[default]
    Table,
    /// One object
    Json,
}

#[derive(Serialize)]
struct Suggested {
    rated: usize,
    /// Whether rating them would still teach much.
    helps: bool,
    photos: Vec<String>,
}

pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut console = Console::new(args.quiet);
    let home = run::home(&mut console);
    let source = args.model.source(home.as_ref())?;
    let model = models::open_compact(&source, args.model.device)?;
    let (photos, unread) = rate::photos(&args.paths, args.recursive, &mut console);
    let cancel = Cancel::default();
    interrupt::cancels(&cancel);
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
    let mut folders = Folders::default();
    for place in 0..calibration.paths().len() {
        let label = stars(&calibration.paths()[place], &mut folders, &mut console);
        calibration.rate(place, label);
    }
    let proposal = calibration.propose(&[], usize::from(args.count));
    let suggested = Suggested {
        rated: calibration.labels().len(),
        helps: proposal.helps(),
        photos: proposal
            .photos
            .iter()
            .map(|&place| paths::text(&calibration.paths()[place]).into_owned())
            .collect(),
    };
    if !suggested.helps {
        console.note(&format!(
            "{} already: more of these photos would teach little",
            wording::counted(suggested.rated, "rating")
        ));
    }
    let text = match args.format {
        Format::Json => serde_json::to_string(&suggested)? + "\n",
        Format::Table => suggested
            .photos
            .iter()
            .map(|path| format!("{path}\n"))
            .collect(),
    };
    sink::checked(io::stdout().write_all(text.as_bytes()))?;
    Ok(Exit::of(calibration.paths().len(), failed.len() + unread))
}
