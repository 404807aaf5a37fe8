//! `keepers score`: the main job, in a terminal.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use crossbeam_channel::Receiver;

use super::catalog_args::{CatalogArgs, trouble};
use super::console::Console;
use super::exit::Exit;
use super::files_from::{List, Separator};
use super::output::{self, Details, Format};
use super::sink::{Sink, Written};
use super::{interrupt, paths, run};
use crate::catalog::{FileState, StoredScore};
use crate::engine::{
    self, Descriptors, Fresh, Job, Known, Memory, Options, Recall, Request, Shard, best_first,
};
use crate::model::QualityModel;

const ABOUT: &str = "\
Score and rank photos, best first

Scores go from 0 (worst) to 100 (best). A folder contributes the files whose \
extension is a photo's, broken ones included; hidden files and all others are \
skipped. A file that is named is always answered.";

const PATHS: &str = "\
Formats: the keys and columns are rank, path, score, error; a photo that failed
has no rank and no score but the reason as its error. Only the table rounds.

Paths come out as they are. Where one is not proper Unicode (or holds the text
of such an escape) it is escaped reversibly: \\xE9 is the byte 0xE9; on Windows
\\u{D83D} is an unpaired surrogate. In JSON such a row also has path_bytes, the
path in hexadecimal.

Archives: --files-from takes paths while they come and, with --format jsonl,
gives rows as photos finish; --shard 3/16 is for the third of 16 machines. The
share of a path is the first 8 bytes of its SHA-256, high byte first, modulo n,
plus 1.

Exit status: 0 all photos scored (with --files-from or --shard also: there were
none), 1 none, or the list could not be read to its end, 3 some failed, 130
interrupted (what was done until then is written).";

#[derive(Debug, clap::Args)]
#[command(about = "Score and rank photos, best first", long_about = ABOUT, after_long_help = PATHS)]
pub struct Args {
    /// Photos and folders
    #[arg(required_unless_present = "files_from", value_name = "PATHS")]
    paths: Vec<PathBuf>,
    /// Enter the folders' sub-folders, to any depth
    #[arg(short, long)]
    recursive: bool,
    /// Take the photos' paths from a file with one on each line, or with "-" from
    /// standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["paths", "recursive"])]
    files_from: Option<PathBuf>,
    /// In that list a zero byte is behind each path, as "find -print0" writes it
    #[arg(short = '0', long, requires = "files_from", conflicts_with = "paths")]
    null: bool,
    /// Score only the i-th of n shares of the photos, by a hash of their paths
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    #[command(flatten)]
    model: run::ModelArgs,
    #[command(flatten)]
    profile: run::ProfileArgs,
    #[command(flatten)]
    catalog: CatalogArgs,
    /// Score every photo anew, whatever the catalog knows
    #[arg(long)]
    fresh: bool,
    /// Also give the photo's size in pixels, the model, and what kind of scene
    /// it is where the model knows
    #[arg(long)]
    details: bool,
    /// Format of the results [default: by --out's extension, otherwise table]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write the results to a file, which appears when all is done
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// No progress and no notes on standard error
    #[arg(short, long)]
    quiet: bool,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    let mut console = Console::new(args.quiet);
    let (home, writable) = run::usable_home(&mut console);
    let by_name = || args.out.as_deref().and_then(Format::of_file);
    let format = args.format.or_else(by_name).unwrap_or(Format::Table);
    let replaced = |out| Some((out, fs::canonicalize(out).ok()?));
    let out = args.out.as_deref().and_then(replaced);
    let refuse_input = |input: &Path| match &out {
        Some((out, real)) if fs::canonicalize(input).is_ok_and(|input| input == *real) => bail!(
            "{}: is read from, so it is not written to",
            paths::shown(out)
        ),
        _ => Ok(()),
    };
    let mut inputs = args.paths.iter().chain(&args.files_from);
    inputs.try_for_each(|input| refuse_input(input))?;
    let mut sink = Sink::open(args.out.as_deref())?;
    if let Some(unfinished) = sink.unfinished() {
        interrupt::removes(unfinished);
    }
    let opened = args.model.open_with(&args.profile, home.as_ref())?;
    let model = opened.model;
    let info = model.info().clone();
    let scoring = Arc::clone(&model);
    let details = args.details.then_some(Details { model: &*scoring });

    let descriptors = home
        .as_ref()
        .filter(|_| writable)
        .and_then(|home| Some(Descriptors::of_user(home, model.describing()?)));
    let memory = match writable || args.catalog.catalog.is_some() {
        true => memory(&args.catalog, &info.identity, opened.profile, &mut console)
            .map(|memory| Arc::new(memory.with_descriptors(descriptors))),
        // That was said already.
        false => None,
    };
    // The catalog keeps no scenes.
    let fresh = args.fresh || (args.details && model.tells_scenes());
    let known: Option<Arc<dyn Known>> = match &memory {
        Some(memory) if fresh => Some(Arc::new(Forgetful(Arc::clone(memory)))),
        Some(memory) => Some(Arc::clone(memory) as Arc<dyn Known>),
        None => None,
    };
    let options = Options {
        scenes: args.details,
        ..Options::default()
    };
    let (job, trouble_of_list) = start(&args, model, options, known)?;
    let mut photos = Vec::new();
    let ended = run::follow(job, &mut console, |photo, console| {
        // A list may name it late.
        refuse_input(&photo.path)?;
        if format != Format::Jsonl {
            photos.push(photo);
            return Ok(Written::Yes);
        }
        // On a terminal both share the line.
        console.clear();
        sink.write(|out| output::json_line(&photo, details, out))
    })?;
    if let Some(error) = memory.and_then(|memory| memory.trouble()) {
        console.note(&format!("keepers: {}", trouble(&error)));
    }
    if format != Format::Jsonl {
        photos.sort_by(best_first);
        sink.write(|out| output::write(format, &photos, details, out))?;
    }
    sink.finish()?;
    if ended.interrupted {
        return Ok(Exit::Interrupted);
    }
    if let Some(error) = trouble_of_list.and_then(|trouble| trouble.try_recv().ok()) {
        return Err(error);
    }
    let (scored, failed) = (ended.summary.scored, ended.summary.failed);
    let share = args.files_from.is_some() || args.shard.is_some();
    Ok(match (scored, failed) {
        // Whoever hands out shares cannot know which are empty.
        (0, 0) if share => Exit::Done,
        _ => Exit::of(scored, failed),
    })
}

/// Starts the job. Where it takes its photos from a list, what is wrong with the list
/// is heard from the second once the job has ended.
fn start(
    args: &Args,
    model: Arc<dyn QualityModel>,
    options: Options,
    known: Option<Arc<dyn Known>>,
) -> anyhow::Result<(Job, Option<Receiver<anyhow::Error>>)> {
    if let Some(from) = &args.files_from {
        let separator = if args.null {
            Separator::Null
        } else {
            Separator::Line
        };
        let List { paths, trouble } = List::open(from, separator, args.shard)?;
        let job = engine::start_stream(paths, model, options, known)
            .context("the system gave no thread to work on it")?;
        return Ok((job, Some(trouble)));
    }
    let request = match args.shard {
        None => Request {
            paths: args.paths.clone(),
            recursive: args.recursive,
            thumbnail: None,
        },
        // All shares scan the same, so that together they have every photo once.
        Some(shard) => Request {
            paths: engine::photos_of(&args.paths, args.recursive)
                .into_iter()
                .map(|(path, _)| path)
                .filter(|path| shard.takes(path))
                .collect(),
            recursive: false,
            thumbnail: None,
        },
    };
    Ok((engine::start_knowing(request, model, options, known), None))
}

/// The catalog as the engine's memory; says once where it cannot be used, which
/// stops no scoring.
fn memory(
    args: &CatalogArgs,
    model: &str,
    profile: Option<String>,
    console: &mut Console,
) -> Option<Memory> {
    match args.open(console) {
        Ok(catalog) => Some(Memory::new(catalog, model).with_profile(profile)),
        Err(error) => {
            console.note(&format!(
                "keepers: {error:#}; scores are neither taken from a catalog nor kept"
            ));
            None
        }
    }
}

/// A memory that takes note and recalls nothing.
#[derive(Debug)]
struct Forgetful(Arc<Memory>);

impl Known for Forgetful {
    fn recall(&self, photos: &[PathBuf]) -> Vec<Recall> {
        vec![Recall::Unknown; photos.len()]
    }

    fn recall_content(&self, _state: &FileState) -> Option<StoredScore> {
        None
    }

    fn remember(&self, photos: &[Fresh]) {
        self.0.remember(photos);
    }

    fn wants_descriptors(&self) -> bool {
        self.0.wants_descriptors()
    }
}

/// Keeps the results from replacing a file that was given to be scored.
///
/// # Errors
/// Where they would.
pub fn refuse_input(out: &Path, inputs: &[PathBuf]) -> anyhow::Result<()> {
    let Ok(real) = fs::canonicalize(out) else {
        return Ok(());
    };
    if inputs
        .iter()
        .any(|input| fs::canonicalize(input).is_ok_and(|input| input == real))
    {
        bail!(
            "{}: is to be scored, so it is not written to",
            paths::shown(out)
        );
    }
    Ok(())
}
