//! `keepers export`: lists of photos with ratings and scores, contact sheets,
//! sidecars.

use std::path::PathBuf;

use anyhow::bail;
use clap::ValueEnum;

use super::catalog_args::CatalogArgs;
use super::console::Console;
use super::exit::Exit;
use super::output::{ListFormat, PICTURE, Sheet, list};
use super::rate::{self, NamingArg};
use super::sink::{Sink, Written};
use super::{interrupt, run, score, wording};
use crate::catalog::{ModelKey, Options};
use crate::engine::{Cancel, Choice, Entry, PIPELINE, entries, small_jpegs};
use crate::metadata::xmp::{Flag, Stars};

const ABOUT: &str = "\
Export photos with their ratings and scores

Writes what is known of photos as a list or as a contact sheet, or writes the \
sidecars that are missing. No photo is scored; one that was not scored yet has no \
score.";

const MORE: &str = "\
Photos with the best scores come first. A contact sheet (html) is one file with
small pictures in it. With xmp a sidecar is written beside each photo that has a
rating and no sidecar yet; others stay as they are.

Exit status: 0 done, 1 nothing could be done, 3 some photos failed,
130 interrupted.";

#[derive(Debug, clap::Args)]
#[command(about = "Export photos with their ratings and scores",
          long_about = ABOUT, after_long_help = MORE)]
pub struct Args {
    /// Photos and folders
    #[arg(required = true, value_name = "PATHS")]
    paths: Vec<PathBuf>,
    /// Enter the folders' sub-folders, to any depth
    #[arg(short, long)]
    recursive: bool,
    /// Format [default: by --out's extension, otherwise csv]
    #[arg(long, value_enum)]
    format: Option<ExportFormat>,
    /// Write to a file, which appears when all is done
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Only picked photos
    #[arg(long, group = "which")]
    picked: bool,
    /// Only rejected photos
    #[arg(long, group = "which")]
    rejected: bool,
    /// Only photos with so many stars or more that are not rejected
    #[arg(long, value_name = "N", group = "which",
          value_parser = clap::value_parser!(u8).range(1..=5))]
    min_stars: Option<u8>,
    #[command(flatten)]
    model: run::ModelArgs,
    #[command(flatten)]
    profile: run::ProfileArgs,
    #[command(flatten)]
    catalog: CatalogArgs,
    /// How a new sidecar is named
    #[arg(long, value_enum, default_value_t)]
    sidecar: NamingArg,
    /// No notes on standard error
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    /// Comma-separated values with a header
    Csv,
    /// One array
    Json,
    /// One object per line
    Jsonl,
    /// Sidecars beside the photos, where there are none
    Xmp,
    /// A contact sheet, one file with everything in it
    Html,
}

impl Args {
    fn format(&self) -> ExportFormat {
        let by_name = || {
            let extension = self.out.as_ref()?.extension()?.to_str()?;
            match extension.to_ascii_lowercase().as_str() {
                "json" => Some(ExportFormat::Json),
                "jsonl" | "ndjson" => Some(ExportFormat::Jsonl),
                "html" | "htm" => Some(ExportFormat::Html),
                _ => None,
            }
        };
        self.format.or_else(by_name).unwrap_or(ExportFormat::Csv)
    }

    fn choice(&self) -> Choice {
        Choice {
            flag: match (self.picked, self.rejected) {
                (true, _) => Some(Flag::Pick),
                (_, true) => Some(Flag::Reject),
                _ => None,
            },
            min_stars: self.min_stars.and_then(Stars::new),
        }
    }
}

pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut console = Console::new(args.quiet);
    let format = args.format();
    if format == ExportFormat::Xmp {
        return sidecars(args, &mut console);
    }
    if let Some(out) = &args.out {
        score::refuse_input(out, &args.paths)?;
    }
    let mut sink = Sink::open(args.out.as_deref())?;
    if let Some(unfinished) = sink.unfinished() {
        interrupt::removes(unfinished);
    }
    let (photos, failed) = rate::photos(&args.paths, args.recursive, &mut console);
    let entries = known(args, &photos, &mut console)?;
    let written = match format {
        ExportFormat::Html => sheet(&entries, &mut sink, &mut console)?,
        ExportFormat::Json => listed(ListFormat::Json, &entries, &mut sink)?,
        ExportFormat::Jsonl => listed(ListFormat::Jsonl, &entries, &mut sink)?,
        ExportFormat::Csv | ExportFormat::Xmp => listed(ListFormat::Csv, &entries, &mut sink)?,
    };
    let Some(unreadable) = written else {
        return Ok(Exit::Interrupted);
    };
    sink.finish()?;
    console.note(&format!(
        "Exported {}",
        wording::counted(entries.len(), "photo")
    ));
    match (photos.len(), failed + unreadable) {
        (0, _) => Ok(Exit::Nothing),
        // An empty choice is a list, too.
        (_, 0) => Ok(Exit::Done),
        _ => Ok(Exit::Partly),
    }
}

/// What is known of the chosen photos.
fn known(args: &Args, photos: &[PathBuf], console: &mut Console) -> anyhow::Result<Vec<Entry>> {
    let catalog = args.catalog.existing()?;
    let (home, _) = run::usable_home(console);
    let opened = match &catalog {
        // Without a catalog there are no scores to ask for.
        None => None,
        Some(_) => Some(args.model.open_with(&args.profile, home.as_ref())?),
    };
    let identity = opened
        .as_ref()
        .map(|opened| opened.model.info().identity.clone());
    let profile = opened.as_ref().and_then(|opened| opened.profile.as_deref());
    let key = identity.as_deref().map(|identity| ModelKey {
        identity,
        profile,
        pipeline: PIPELINE,
    });
    let choice = args.choice();
    Ok(entries(catalog.as_ref(), photos, key.as_ref(), choice)?)
}

fn listed(format: ListFormat, entries: &[Entry], sink: &mut Sink) -> anyhow::Result<Option<usize>> {
    sink.write(|out| list(format, entries, out))?;
    Ok(Some(0))
}

/// Writes a contact sheet; the answer is how many photos have no picture, `None`
/// where it was interrupted.
fn sheet(
    entries: &[Entry],
    sink: &mut Sink,
    console: &mut Console,
) -> anyhow::Result<Option<usize>> {
    let cancel = Cancel::default();
    interrupt::cancels(&cancel);
    let (mut unreadable, mut done) = (0, 0);
    let written = sink.write(|out| {
        let mut sheet = Sheet::begin(out, entries.len())?;
        small_jpegs(entries, PICTURE, &cancel, |i, picture| {
            done += 1;
            let Some(entry) = entries.get(i) else {
                return Ok(());
            };
            if let Err(reason) = &picture {
                unreadable += 1;
                console.warn(&super::move_photos::told(&entry.path, reason));
            }
            sheet.add(entry, picture.as_deref().map_err(String::as_str))
        })?;
        sheet.end()
    })?;
    Ok((done == entries.len() || written == Written::ReaderGone).then_some(unreadable))
}

fn sidecars(args: &Args, console: &mut Console) -> anyhow::Result<Exit> {
    if args.out.is_some() {
        bail!("sidecars lie beside their photos; leave --out away");
    }
    let (photos, failed) = rate::photos(&args.paths, args.recursive, console);
    let Some(mut catalog) = args.catalog.existing()? else {
        console.note("There is no catalog yet, so there is nothing to write");
        return Ok(Exit::Nothing);
    };
    let chosen = entries(Some(&catalog), &photos, None, args.choice())?;
    let chosen: Vec<PathBuf> = chosen.into_iter().map(|entry| entry.path).collect();
    let options = Options {
        naming: args.sidecar.into(),
    };
    let rated = catalog.write_missing_sidecars(&chosen, options)?;
    let done = rate::tell(&rated, console);
    let written: usize = rated.iter().map(|rated| rated.sidecars.len()).sum();
    console.note(&format!("Wrote {}", wording::counted(written, "sidecar")));
    Ok(match (photos.len(), rated.len() - done + failed) {
        (0, _) => Exit::Nothing,
        (_, 0) => Exit::Done,
        (_, failed) => Exit::of(photos.len() - (rated.len() - done), failed),
    })
}
