//! `keepers group`: photos of which one is enough.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::bail;
use serde::Serialize;

use super::catalog_args::CatalogArgs;
use super::console::Console;
use super::exit::Exit;
use super::output::Format;
use super::rate::{NamingArg, changes, tell};
use super::sink::Sink;
use super::{interrupt, paths, rate, run, wording};
use crate::catalog::{Bond, Catalog, Options};
use crate::engine::groups::{self, Comparison, Group, Photo, Proposal, SENSITIVITY, Wish};
use crate::engine::{Cancel, Known};
use crate::metadata::xmp::{Flag, Rating};
use crate::model::Score;

const ABOUT: &str = "\
Find bursts and near-duplicates, and the best photo of each

Photos of one camera that were taken soon after each other and look alike are a \
group. Exposure brackets, focus stacks and panoramas are recognised by EXIF, and \
nothing of them is ever rejected. A RAW file and a JPEG of the same name count as \
one photo.";

const MORE: &str = "\
With --apply the best photo of each group is picked and the rest is rejected, as
one command that \"keepers undo\" takes back. Groups that are too close to call,
brackets, stacks and panoramas, and groups with a photo that has a flag already
are left alone, and named.

Exit status: 0 done, 1 nothing could be done, 3 some photos could not be read or
rated, 130 interrupted.";

#[derive(Debug, clap::Args)]
#[command(about = "Find bursts and near-duplicates, and the best photo of each",
          long_about = ABOUT, after_long_help = MORE)]
pub struct Args {
    /// Photos and folders
    #[arg(required = true, value_name = "PATHS")]
    paths: Vec<PathBuf>,
    /// Enter the folders' sub-folders, to any depth
    #[arg(short, long)]
    recursive: bool,
    /// How different photos of a group may be: 0 (the same picture again) to 1
    /// (the same scene)
    #[arg(long, value_name = "0..1", default_value_t = SENSITIVITY, value_parser = sensitivity)]
    sensitivity: f64,
    #[command(flatten)]
    model: run::ModelArgs,
    #[command(flatten)]
    profile: run::ProfileArgs,
    #[command(flatten)]
    catalog: CatalogArgs,
    /// Format of the result [default: by --out's extension, otherwise table]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write the result to a file, which appears when all is done
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Pick the best photo of each group and reject the rest
    #[arg(long)]
    apply: bool,
    /// With --apply, print what would change, and change nothing
    #[arg(long, requires = "apply")]
    dry_run: bool,
    /// With --apply, how a new sidecar is named
    #[arg(long, value_enum, default_value_t)]
    sidecar: NamingArg,
    /// No progress and no notes on standard error
    #[arg(short, long)]
    quiet: bool,
}

fn sensitivity(text: &str) -> Result<f64, String> {
    let value: f64 = text.trim().parse().map_err(|_| "is no number".to_owned())?;
    match (0.0..=1.0).contains(&value) {
        true => Ok(value),
        false => Err("has to be between 0 and 1".to_owned()),
    }
}

pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut console = Console::new(args.quiet);
    let home = run::home(&mut console);
    let by_name = || args.out.as_deref().and_then(Format::of_file);
    let format = args.format.or_else(by_name).unwrap_or(Format::Table);
    let mut sink = Sink::open(args.out.as_deref())?;
    if let Some(unfinished) = sink.unfinished() {
        interrupt::removes(unfinished);
    }
    let opened = args.model.open_with(&args.profile, home.as_ref())?;
    let Some(model) = opened.model.describing() else {
        bail!(
            "{}: gives no descriptors to compare photos by; grouping needs a compact model",
            opened.model.info().name
        );
    };
    let (paths, unread) = rate::photos(&args.paths, args.recursive, &mut console);
    let cancel = Cancel::default();
    interrupt::cancels(&cancel);
    let seen = run::seen(home.as_ref(), opened.model.as_ref(), &args.catalog);
    let known = seen.as_deref().map(|seen| seen as &dyn Known);
    let looked = groups::read(model, &paths, known, &cancel, &mut |progress| {
        console.progress("Looking at", progress);
    });
    console.clear();
    let Some((photos, failed)) = looked else {
        return Ok(Exit::Interrupted);
    };
    for (path, reason) in &failed {
        console.warn(&format!("{}: {}", paths::shown(path), paths::clean(reason)));
    }
    let wishes = wishes(args, &photos)?;
    let found = Comparison::new(&photos).groups(args.sensitivity, &wishes);
    let margin = |score: Score| groups::margin(opened.model.as_ref(), score);
    let found: Vec<Found<'_>> = found
        .iter()
        .map(|group| Found::new(group, &photos, group.proposal(&photos, margin)))
        .collect();
    let status = Exit::of(photos.len(), failed.len() + unread);
    if args.apply {
        let applied = apply(args, &found, &photos, &mut console)?;
        return Ok(match (applied, status) {
            (Exit::Done, status) => status,
            (applied, _) => applied,
        });
    }
    sink.write(|out| write(format, &found, out))?;
    sink.finish()?;
    let count = wording::counted(found.len(), "group");
    let photos = wording::counted(photos.len(), "photo");
    console.note(&format!("Found {count} among {photos}"));
    Ok(status)
}

/// What the user said of these photos.
fn wishes(args: &Args, photos: &[Photo]) -> anyhow::Result<Vec<Wish>> {
    let Some(catalog) = args.catalog.existing()? else {
        return Ok(Vec::new());
    };
    let paths: Vec<PathBuf> = photos.iter().map(|photo| photo.path.clone()).collect();
    let bonds = catalog.bonds(&paths)?.into_iter();
    let wish = |bond: Bond| Wish {
        one: bond.one,
        other: bond.other,
        together: bond.together,
    };
    Ok(bonds.map(wish).collect())
}

/// A group with what is proposed for it.
struct Found<'a> {
    group: &'a Group,
    photos: &'a [Photo],
    proposal: Proposal,
    reason: String,
}

impl<'a> Found<'a> {
    fn new(group: &'a Group, photos: &'a [Photo], proposal: Proposal) -> Self {
        Self {
            group,
            photos,
            reason: group.reason(&proposal),
            proposal,
        }
    }

    /// The place of the shot that is proposed.
    fn best(&self) -> Option<usize> {
        match self.proposal {
            Proposal::Best { shot, .. } => Some(shot),
            _ => None,
        }
    }

    fn rows(&self, number: usize) -> Vec<Row<'a>> {
        let mut rows = Vec::new();
        for (at, shot) in self.group.shots.iter().enumerate() {
            for photo in shot.files.iter().filter_map(|&file| self.photos.get(file)) {
                rows.push(Row {
                    group: number,
                    kind: self.group.kind.name(),
                    shot: at + 1,
                    path: &photo.path,
                    score: photo.score,
                    captured: photo.exif.captured.map(|moment| moment.to_string()),
                    best: self.best() == Some(at),
                });
            }
        }
        rows
    }
}

/// A photo of a group.
struct Row<'a> {
    group: usize,
    kind: &'static str,
    shot: usize,
    path: &'a Path,
    score: Option<Score>,
    captured: Option<String>,
    best: bool,
}

/// A group in JSON; the order of the fields is that of the keys.
#[derive(Serialize)]
struct Object<'a> {
    group: usize,
    kind: &'static str,
    best: Option<Cow<'a, str>>,
    reason: &'a str,
    photos: Vec<Member<'a>>,
}

#[derive(Serialize)]
struct Member<'a> {
    path: Cow<'a, str>,
    score: Option<Score>,
    captured: Option<String>,
    shot: usize,
    best: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
}

fn object<'a>(found: &'a Found<'_>, number: usize) -> Object<'a> {
    let members = found.rows(number).into_iter().map(|row| Member {
        path: paths::text(row.path),
        score: row.score,
        captured: row.captured,
        shot: row.shot,
        best: row.best,
        path_bytes: paths::exact(row.path),
    });
    let photos: Vec<Member<'_>> = members.collect();
    Object {
        group: number,
        kind: found.group.kind.name(),
        best: photos.iter().find(|m| m.best).map(|m| m.path.clone()),
        reason: &found.reason,
        photos,
    }
}

fn write(format: Format, found: &[Found<'_>], out: &mut dyn Write) -> io::Result<()> {
    let numbered = || found.iter().zip(1..);
    match format {
        Format::Table => table(found, out),
        Format::Csv => csv(found, out),
        Format::Json => {
            let objects: Vec<Object<'_>> = numbered().map(|(f, n)| object(f, n)).collect();
            serde_json::to_writer(&mut *out, &objects)?;
            out.write_all(b"\n")
        }
        Format::Jsonl => {
            for (found, number) in numbered() {
                serde_json::to_writer(&mut *out, &object(found, number))?;
                out.write_all(b"\n")?;
            }
            Ok(())
        }
    }
}

fn csv(found: &[Found<'_>], out: &mut dyn Write) -> io::Result<()> {
    let failed = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    };
    let mut csv = csv::Writer::from_writer(out);
    let header = [
        "group", "kind", "shot", "path", "score", "captured", "best", "reason",
    ];
    csv.write_record(header).map_err(failed)?;
    for (found, number) in found.iter().zip(1..) {
        for row in found.rows(number) {
            let score = row
                .score
                .and_then(|s| serde_json::Number::from_f64(s.value()));
            csv.write_record([
                row.group.to_string(),
                row.kind.to_owned(),
                row.shot.to_string(),
                paths::cell(row.path).into_owned(),
                score.map_or_else(String::new, |score| score.to_string()),
                row.captured.unwrap_or_default(),
                row.best.to_string(),
                found.reason.clone(),
            ])
            .map_err(failed)?;
        }
    }
    csv.flush()
}

fn table(found: &[Found<'_>], out: &mut dyn Write) -> io::Result<()> {
    for (at, found) in found.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        let kind = found.group.kind.words();
        let shots = wording::counted(found.group.shots.len(), "shot");
        writeln!(out, "{}. {kind}, {shots}: {}", at + 1, found.reason)?;
        for row in found.rows(at + 1) {
            let mark = if row.best { "best" } else { "" };
            let score = row
                .score
                .map_or_else(String::new, |score| score.to_string());
            writeln!(out, "  {mark:4}  {score:>5}  {}", paths::shown(row.path))?;
        }
    }
    Ok(())
}

/// Picks the best and rejects the rest.
fn apply(
    args: &Args,
    found: &[Found<'_>],
    photos: &[Photo],
    console: &mut Console,
) -> anyhow::Result<Exit> {
    let files = |shot: &groups::Shot| -> Vec<PathBuf> {
        let photos = shot.files.iter().filter_map(|&file| photos.get(file));
        photos.map(|photo| photo.path.clone()).collect()
    };
    let options = Options {
        naming: args.sidecar.into(),
    };
    let mut catalog = match args.dry_run {
        true => args.catalog.existing()?,
        false => Some(args.catalog.open(console)?),
    };
    let all: Vec<PathBuf> = found
        .iter()
        .flat_map(|found| found.group.shots.iter().flat_map(files))
        .collect();
    let standing = Catalog::standing(catalog.as_ref(), &all)?;
    let standing: HashMap<&PathBuf, Rating> = all.iter().zip(standing).collect();
    let is_flagged = |path: &PathBuf| {
        let flag = standing.get(path).and_then(|rating| rating.flag);
        flag.is_some_and(|flag| flag != Flag::None)
    };
    let flag = |flag| Rating {
        flag: Some(flag),
        ..Rating::default()
    };
    let (mut goals, mut groups) = (Vec::new(), 0);
    for (found, number) in found.iter().zip(1..) {
        let shots = &found.group.shots;
        let best = found.best().and_then(|best| shots.get(best));
        let flagged = shots.iter().flat_map(files).any(|path| is_flagged(&path));
        let Some(best) = best.filter(|_| !flagged) else {
            let why = match flagged {
                true => "it has flags already",
                false => found.reason.as_str(),
            };
            let first = shots.first().map(files).unwrap_or_default();
            let first = first
                .first()
                .map_or_else(String::new, |path| paths::shown(path));
            console.note(&format!("Left alone: group {number} ({first}, …): {why}"));
            continue;
        };
        groups += 1;
        goals.extend(files(best).into_iter().map(|path| (path, flag(Flag::Pick))));
        for shot in found.group.rest(photos, &found.proposal) {
            let files = files(shot).into_iter();
            goals.extend(files.map(|path| (path, flag(Flag::Reject))));
        }
    }
    let count = wording::counted(groups, "group");
    if goals.is_empty() {
        console.note("Nothing to pick or reject");
        return Ok(Exit::Done);
    }
    let rated = match &mut catalog {
        Some(catalog) if !args.dry_run => {
            let command = format!("best of {count} picked, the rest rejected");
            catalog.rate_each(&goals, &command, options)?
        }
        catalog => {
            let previews = Catalog::preview_each(catalog.as_ref(), &goals, options)?;
            let text: String = previews.iter().map(changes).collect();
            super::sink::checked(io::stdout().write_all(text.as_bytes()))?;
            previews
        }
    };
    let done = tell(&rated, console);
    if !args.dry_run {
        let photos = wording::counted(done, "photo");
        console.note(&format!(
            "Picked the best of {count}, rejected the rest: {photos}"
        ));
    }
    Ok(Exit::of(done, rated.len() - done))
}
