//! `keepers xmp`: what sidecars and photos say about ratings.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use super::catalog_args::CatalogArgs;
use super::console::Console;
use super::exit::Exit;
use super::{paths, rate, sink};
use crate::metadata::xmp::{
    Fields, Flag, Folders, Naming, Rating, Sidecars, Statements, XmpError, read_embedded,
};

/// Show what sidecars say about ratings, and where it differs from the catalog
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what the sidecars and the photos themselves say
    Show(Show),
    /// Show where sidecars differ from the catalog, or from each other
    Diff(Diff),
}

#[derive(Debug, clap::Args)]
struct Show {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
struct Diff {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    catalog: CatalogArgs,
}

#[derive(Debug, clap::Args)]
struct Common {
    /// Photos and folders
    #[arg(required = true, value_name = "PATHS")]
    paths: Vec<PathBuf>,
    /// Enter the folders' sub-folders, to any depth
    #[arg(short, long)]
    recursive: bool,
    /// Format of the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For reading
    #[default]
    Table,
    /// An array with an object for each photo
    Json,
}

/// What is said about a photo; the order of the fields is that of the keys.
#[derive(Serialize)]
struct Shown<'a> {
    path: Cow<'a, str>,
    rating: Rating,
    sidecars: Vec<Said>,
    embedded: Option<Statements>,
    disagreement: Fields,
    errors: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
}

/// What a sidecar says.
#[derive(Serialize)]
struct Said {
    path: String,
    #[serde(flatten)]
    statements: Statements,
}

/// Where a photo's rating on disk differs from the catalog's.
#[derive(Serialize)]
struct Differs<'a> {
    path: Cow<'a, str>,
    catalog: Option<Rating>,
    disk: Rating,
    differs: Fields,
    disagreement: Fields,
    errors: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
}

pub fn run(args: &Args) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Show(args) => show(args),
        Command::Diff(args) => diff(args),
    }
}

fn show(args: &Show) -> anyhow::Result<Exit> {
    let mut console = Console::new(false);
    let common = &args.common;
    let (photos, failed) = rate::photos(&common.paths, common.recursive, &mut console);
    let mut folders = Folders::default();
    let rows: Vec<Shown<'_>> = photos
        .iter()
        .map(|photo| shown(photo, &mut folders))
        .collect();
    let unread = rows.iter().filter(|row| !row.errors.is_empty()).count();
    let text = match common.format {
        Format::Json => serde_json::to_string_pretty(&rows)? + "\n",
        Format::Table => rows.iter().map(shown_text).collect(),
    };
    sink::checked(io::stdout().write_all(text.as_bytes()))?;
    Ok(Exit::of(rows.len() - unread, unread + failed))
}

fn shown<'a>(photo: &'a Path, folders: &mut Folders) -> Shown<'a> {
    let sidecars = Sidecars::of(photo, Naming::default(), folders);
    let mut errors: Vec<String> = sidecars.unusable.iter().map(XmpError::to_string).collect();
    let embedded = read_embedded(photo).unwrap_or_else(|error| {
        errors.push(format!("{}: cannot be read: {error}", photo.display()));
        None
    });
    let meaning =
        |said: Option<&Statements>| said.map_or_else(Rating::default, Statements::meaning);
    Shown {
        path: paths::text(photo),
        rating: meaning(sidecars.statements().as_ref()).or(meaning(embedded.as_ref())),
        disagreement: sidecars.disagreement(),
        sidecars: sidecars
            .found
            .into_iter()
            .map(|sidecar| Said {
                path: paths::text(&sidecar.path).into_owned(),
                statements: sidecar.content.statements,
            })
            .collect(),
        embedded,
        errors,
        path_bytes: paths::exact(photo),
    }
}

fn shown_text(row: &Shown<'_>) -> String {
    let mut text = format!("{}: {}\n", paths::clean(&row.path), row.rating);
    // Writing to a string cannot fail.
    for said in &row.sidecars {
        let _ = writeln!(
            text,
            "  {}: {}",
            paths::clean(&said.path),
            properties(&said.statements)
        );
    }
    if let Some(embedded) = &row.embedded {
        let _ = writeln!(text, "  in the photo: {}", properties(embedded));
    }
    if row.disagreement.any() {
        text += "  The sidecars contradict each other\n";
    }
    for error in &row.errors {
        let _ = writeln!(text, "  {}", paths::clean(error));
    }
    text
}

/// `xmp:Rating=3, digiKam:PickLabel=3`.
fn properties(said: &Statements) -> String {
    let number = |name: &str, value: Option<i64>| value.map(|value| format!("{name}={value}"));
    let parts: Vec<String> = [
        number("xmp:Rating", said.rating.map(i64::from)),
        said.label
            .as_ref()
            .map(|label| format!("xmp:Label={}", paths::clean(label))),
        number("digiKam:PickLabel", said.pick_label.map(i64::from)),
        number("digiKam:ColorLabel", said.color_label.map(i64::from)),
        number("xmpDM:pick", said.pick.map(i64::from)),
        said.good.map(|good| format!("xmpDM:good={good}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() {
        "nothing about a rating".to_owned()
    } else {
        parts.join(", ")
    }
}

fn diff(args: &Diff) -> anyhow::Result<Exit> {
    let mut console = Console::new(false);
    let common = &args.common;
    let (photos, failed) = rate::photos(&common.paths, common.recursive, &mut console);
    let catalog = args.catalog.existing()?;
    let known = match &catalog {
        Some(catalog) => catalog.ratings(&photos)?,
        None => vec![None; photos.len()],
    };
    let mut folders = Folders::default();
    let rows: Vec<Differs<'_>> = photos
        .iter()
        .zip(known)
        .map(|(photo, catalog)| {
            let disk = shown(photo, &mut folders);
            let mut differs = disk.rating.differs(catalog.unwrap_or_default());
            // A rejected photo's stars are in the catalog alone.
            differs.stars &= disk.rating.stars.is_some() || disk.rating.flag != Some(Flag::Reject);
            Differs {
                path: paths::text(photo),
                catalog,
                disk: disk.rating,
                differs,
                disagreement: disk.disagreement,
                errors: disk.errors,
                path_bytes: paths::exact(photo),
            }
        })
        .filter(|row| row.differs.any() || row.disagreement.any() || !row.errors.is_empty())
        .collect();
    let unread = rows.iter().filter(|row| !row.errors.is_empty()).count();
    let text = match common.format {
        Format::Json => serde_json::to_string_pretty(&rows)? + "\n",
        Format::Table => rows.iter().map(differs_text).collect(),
    };
    sink::checked(io::stdout().write_all(text.as_bytes()))?;
    if rows.is_empty() && !photos.is_empty() {
        console.note("Sidecars and catalog say the same");
    }
    Ok(Exit::of(photos.len() - unread, unread + failed))
}

fn differs_text(row: &Differs<'_>) -> String {
    let catalog = row.catalog.unwrap_or_default();
    let mut text = format!("{}:\n", paths::clean(&row.path));
    // Writing to a string cannot fail.
    if row.differs.any() {
        let _ = writeln!(text, "  catalog: {catalog}\n  on disk: {}", row.disk);
    }
    if row.disagreement.any() {
        text += "  The sidecars contradict each other\n";
    }
    for error in &row.errors {
        let _ = writeln!(text, "  {}", paths::clean(error));
    }
    text
}
