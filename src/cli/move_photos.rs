//! `keepers move`: picked photos to a folder, rejected ones out of the way.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Serialize;

use super::catalog_args::CatalogArgs;
use super::console::Console;
use super::exit::Exit;
use super::{interrupt, paths, rate, sink, wording};
use crate::catalog::Options;
use crate::catalog::moves::{
    self, Act, Carried, Destination, Kind, OnConflict, Plan, Refused, Request, Step, Taken, Watch,
};
use crate::engine::Cancel;
use crate::metadata::xmp::Flag;

const ABOUT: &str = "\
Move or copy picked photos, move rejected ones out of the way

What belongs to a photo goes with it: its XMP sidecars, and the other file of a \
RAW+JPEG pair. No file is ever replaced. \"keepers undo\" takes it back.";

const MORE: &str = "\
Rejected photos go to the folder _rejected beside them unless --to or --bin says
otherwise. Where a name is taken at the destination, nothing at all is done,
unless --on-conflict says otherwise.

Exit status: 0 all went (with --dry-run: all would go), 1 none, 3 some,
130 interrupted (what went until then is known, and can be undone).";

#[derive(Debug, clap::Args)]
#[command(about = "Move or copy picked photos, move rejected ones out of the way",
          long_about = ABOUT, after_long_help = MORE)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["picked", "rejected"]))]
pub struct Args {
    /// Photos and folders
    #[arg(required = true, value_name = "PATHS")]
    paths: Vec<PathBuf>,
    /// Enter the folders' sub-folders, to any depth
    #[arg(short, long)]
    recursive: bool,
    /// Those of them that are picked
    #[arg(long, requires = "to")]
    picked: bool,
    /// Those of them that are rejected
    #[arg(long)]
    rejected: bool,
    /// Folder to move to, made if there is none
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Move to the system's bin
    #[arg(long, conflicts_with_all = ["to", "copy", "picked"])]
    bin: bool,
    /// Copy instead of moving
    #[arg(long, requires = "to")]
    copy: bool,
    /// What to do where a name is taken
    #[arg(long, value_enum, default_value_t)]
    on_conflict: ConflictArg,
    /// Print what would go where, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Format of what --dry-run prints; with json, also what was done is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    catalog: CatalogArgs,
    /// No progress and no notes on standard error
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum ConflictArg {
    /// Do nothing at all
    #[default]
    Refuse,
    /// Leave the photo where it is
    Skip,
    /// Put " (2)" after its name
    Rename,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For reading
    #[default]
    Table,
    /// One object
    Json,
}

impl Args {
    fn destination(&self) -> Destination {
        match &self.to {
            Some(folder) => Destination::Folder(folder.clone()),
            None if self.bin => Destination::Bin,
            None => Destination::Rejected,
        }
    }

    /// In words, as the journal has it.
    fn command(&self, plan: &Plan) -> String {
        let photos = wording::counted(plan.photos(), "photo");
        let which = if self.picked { "picked" } else { "rejected" };
        let did = match plan.act {
            Act::Copy => "copied",
            Act::Move | Act::Bin => "moved",
        };
        let to = match (&self.to, self.bin) {
            (Some(folder), _) => paths::shown(folder),
            (None, true) => "the bin".to_owned(),
            (None, false) => moves::REJECTED.to_owned(),
        };
        format!("{did} {photos} ({which}) to {to}")
    }
}

pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut console = Console::new(args.quiet);
    let (photos, unusable) = rate::photos(&args.paths, args.recursive, &mut console);
    let mut catalog = args.catalog.existing()?;
    if let (Some(catalog), false) = (&mut catalog, args.dry_run) {
        catalog.finish_interrupted(Options::default())?;
    }
    let flag = if args.picked {
        Flag::Pick
    } else {
        Flag::Reject
    };
    let flagged = moves::flagged(catalog.as_ref(), &photos, flag)?;
    if flagged.is_empty() && !photos.is_empty() {
        let which = if args.picked { "picked" } else { "rejected" };
        console.note(&format!("None of the photos is {which}"));
    }
    let request = Request {
        photos: flagged,
        destination: args.destination(),
        copy: args.copy,
        on_conflict: match args.on_conflict {
            ConflictArg::Refuse => OnConflict::Refuse,
            ConflictArg::Skip => OnConflict::Skip,
            ConflictArg::Rename => OnConflict::Rename,
        },
    };
    let plan = moves::plan(catalog.as_ref(), &request)?;
    if args.dry_run {
        let text = match args.format {
            Format::Json => json(&plan, None)?,
            Format::Table => table(&plan),
        };
        sink::checked(io::stdout().write_all(text.as_bytes()))?;
    }
    for refused in &plan.refused {
        console.warn(&told(&refused.path, &refused.reason));
    }
    let left = plan.refused.len() + unusable + skipped(&plan);
    if args.dry_run {
        let photos = if plan.is_blocked() { 0 } else { plan.photos() };
        for conflict in &plan.conflicts {
            console.warn(&told(&conflict.from, &conflict.taken.words(&conflict.to)));
        }
        return Ok(Exit::of(photos, left));
    }
    if plan.on_conflict == OnConflict::Skip {
        for conflict in &plan.conflicts {
            let words = conflict.taken.words(&conflict.to);
            console.warn(&told(&conflict.from, &format!("is left: {words}")));
        }
    }
    let command = args.command(&plan);
    let mut catalog = match catalog {
        Some(catalog) => catalog,
        // There is no need of one where nothing goes.
        None if plan.groups.is_empty() => {
            if args.format == Format::Json {
                let text = json(&plan, Some(&Carried::default()))?;
                sink::checked(io::stdout().write_all(text.as_bytes()))?;
            }
            return Ok(Exit::of(0, left));
        }
        None => args.catalog.open(&mut console)?,
    };
    let doing = if args.copy { "Copying" } else { "Moving" };
    let carried = watched(doing, &mut console, |watch| {
        catalog.carry_out(&plan, &command, watch)
    })?;
    if args.format == Format::Json {
        let text = json(&plan, Some(&carried))?;
        sink::checked(io::stdout().write_all(text.as_bytes()))?;
    }
    tell_files(&carried, &mut console);
    if plan.is_blocked() {
        console.note("Nothing was done; see --on-conflict");
    }
    let went = carried.went.iter();
    let photos = went.filter(|went| went.kind == Kind::Photo).count();
    if photos > 0 {
        let did = if args.copy { "Copied" } else { "Moved" };
        let files = wording::counted(carried.went.len(), "file");
        let photos = wording::counted(photos, "photo");
        console.note(&format!(
            "{did} {photos} ({files}); \"keepers undo\" takes it back"
        ));
    }
    Ok(match carried.cancelled {
        true => Exit::Interrupted,
        false => Exit::of(photos, left + carried.failed.len()),
    })
}

/// Photos that stay because their names are taken.
fn skipped(plan: &Plan) -> usize {
    match plan.on_conflict {
        OnConflict::Skip => plan.conflicts.len(),
        // Those that are renamed go, and where all is refused it is said so.
        OnConflict::Rename | OnConflict::Refuse => 0,
    }
}

/// Does work on files with its progress on the console, until Ctrl-C.
pub fn watched<T>(doing: &str, console: &mut Console, work: impl FnOnce(&mut Watch<'_>) -> T) -> T {
    let cancel = Cancel::default();
    interrupt::cancels(&cancel);
    let done = work(&mut Watch {
        cancel: &cancel,
        progress: &mut |progress| console.transfer(doing, progress),
    });
    console.clear();
    done
}

/// Says which files did not go.
pub fn tell_files(carried: &Carried, console: &mut Console) {
    for failed in &carried.failed {
        console.warn(&told(&failed.path, &failed.reason));
    }
}

fn told(path: &Path, reason: &str) -> String {
    format!("{}: {}", paths::shown(path), paths::clean(reason))
}

fn table(plan: &Plan) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for file in plan.groups.iter().flat_map(|group| &group.files) {
        let to = match &file.to {
            Some(to) => paths::shown(to),
            None => "the bin".to_owned(),
        };
        let _ = writeln!(text, "{} -> {to}", paths::shown(&file.from));
    }
    let files: usize = plan.groups.iter().map(|group| group.files.len()).sum();
    if files > 0 {
        let photos = wording::counted(plan.photos(), "photo");
        let (files, bytes) = (wording::counted(files, "file"), wording::bytes(plan.bytes));
        let _ = writeln!(text, "{photos}, {files}, {bytes}");
    }
    text
}

/// A plan, or what it came to.
fn json(plan: &Plan, carried: Option<&Carried>) -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(&Shown::new(plan, carried))? + "\n")
}

/// A plan, or what it came to, as JSON; the order of the fields is that of the
/// keys.
#[derive(Serialize)]
struct Shown<'a> {
    act: Act,
    files: Vec<ShownFile<'a>>,
    photos: usize,
    bytes: u64,
    conflicts: Vec<ShownConflict<'a>>,
    refused: Vec<ShownRefused<'a>>,
    folders: Vec<Cow<'a, str>>,
    blocked: bool,
    /// Only when it was carried out; files are those that went then.
    #[serde(flatten)]
    done: Option<ShownDone<'a>>,
}

#[derive(Serialize)]
struct ShownDone<'a> {
    failed: Vec<ShownRefused<'a>>,
    cancelled: bool,
}

#[derive(Serialize)]
struct ShownFile<'a> {
    from: Cow<'a, str>,
    to: Option<Cow<'a, str>>,
    kind: Kind,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_bytes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_bytes: Option<String>,
}

#[derive(Serialize)]
struct ShownConflict<'a> {
    from: Cow<'a, str>,
    to: Cow<'a, str>,
    taken: Taken,
}

#[derive(Serialize)]
struct ShownRefused<'a> {
    path: Cow<'a, str>,
    reason: &'a str,
}

impl<'a> Shown<'a> {
    fn new(plan: &'a Plan, carried: Option<&'a Carried>) -> Self {
        let went: Option<HashSet<&Path>> = carried.map(|carried| {
            carried
                .went
                .iter()
                .map(|went| went.from.as_path())
                .collect()
        });
        let went = |from: &Path| went.as_ref().is_none_or(|went| went.contains(from));
        let files: Vec<&Step> = plan
            .groups
            .iter()
            .flat_map(|group| &group.files)
            .filter(|file| went(&file.from))
            .collect();
        let conflicts = plan.conflicts.iter().map(|conflict| ShownConflict {
            from: paths::text(&conflict.from),
            to: paths::text(&conflict.to),
            taken: conflict.taken,
        });
        Self {
            act: plan.act,
            photos: files.iter().filter(|file| file.kind == Kind::Photo).count(),
            bytes: files.iter().map(|file| file.bytes).sum(),
            files: files.into_iter().map(ShownFile::new).collect(),
            conflicts: conflicts.collect(),
            refused: plan.refused.iter().map(ShownRefused::new).collect(),
            folders: plan
                .folders
                .iter()
                .map(|folder| paths::text(folder))
                .collect(),
            blocked: plan.is_blocked(),
            done: carried.map(|carried| ShownDone {
                failed: carried.failed.iter().map(ShownRefused::new).collect(),
                cancelled: carried.cancelled,
            }),
        }
    }
}

impl<'a> ShownFile<'a> {
    fn new(file: &'a Step) -> Self {
        Self {
            from: paths::text(&file.from),
            to: file.to.as_deref().map(paths::text),
            kind: file.kind,
            bytes: file.bytes,
            from_bytes: paths::exact(&file.from),
            to_bytes: file.to.as_deref().and_then(paths::exact),
        }
    }
}

impl<'a> ShownRefused<'a> {
    fn new(refused: &'a Refused) -> Self {
        Self {
            path: paths::text(&refused.path),
            reason: &refused.reason,
        }
    }
}
