//! `keepers catalog`: looking after the catalog.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use super::catalog_args::CatalogArgs;
use super::exit::Exit;
use super::sink::{self, Sink};
use super::{interrupt, paths, wording};
use crate::catalog::{Catalog, CatalogError, Exported, ExportedScore};
use crate::engine::{descriptors_on_disk, pictures_on_disk};
use crate::home::Home;
use crate::metadata::xmp::{Flag, Label};

/// Look after the catalog: check it, export it, see what it holds
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read all of it and say whether it is sound
    Check {
        #[command(flatten)]
        catalog: CatalogArgs,
    },
    /// Write out every photo with its scores and rating
    Export(Export),
    /// Give back the disk space of what was deleted
    Vacuum {
        #[command(flatten)]
        catalog: CatalogArgs,
    },
    /// Show where it is and what it holds
    Info {
        #[command(flatten)]
        catalog: CatalogArgs,
        /// Format of the result
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

#[derive(Debug, clap::Args)]
struct Export {
    #[command(flatten)]
    catalog: CatalogArgs,
    /// Format [default: by --out's extension, otherwise CSV]
    #[arg(long, value_enum)]
    format: Option<ExportFormat>,
    /// Write to a file, which appears when all is done
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    /// For reading
    #[default]
    Table,
    /// One object
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    /// Comma-separated values with a header
    Csv,
    /// One object per line
    Jsonl,
}

pub fn run(args: &Args) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Check { catalog } => check(catalog),
        Command::Export(args) => export(args),
        Command::Vacuum { catalog } => vacuum(catalog),
        Command::Info { catalog, format } => info(catalog, *format),
    }
}

fn check(args: &CatalogArgs) -> anyhow::Result<Exit> {
    let catalog = args.required()?;
    let wrong = catalog.check()?;
    let path = paths::shown(catalog.path());
    if wrong.is_empty() {
        let unwritten = catalog.info()?.unwritten;
        let mut text = format!("{path}: sound\n");
        if unwritten > 0 {
            let photos = wording::counted(usize::try_from(unwritten)?, "photo");
            text += &format!("The sidecars of {photos} could not be written yet\n");
        }
        sink::checked(io::stdout().write_all(text.as_bytes()))?;
        return Ok(Exit::Done);
    }
    let mut text = format!("{path}: is damaged\n");
    for line in wrong {
        text += &format!("  {}\n", paths::clean(&line));
    }
    sink::checked(io::stdout().write_all(text.as_bytes()))?;
    Ok(Exit::Nothing)
}

fn vacuum(args: &CatalogArgs) -> anyhow::Result<Exit> {
    let catalog = args.required()?;
    let (before, after) = catalog.vacuum()?;
    let path = paths::shown(catalog.path());
    let text = format!(
        "{path}: {} before, {} now\n",
        wording::bytes(before),
        wording::bytes(after)
    );
    sink::checked(io::stdout().write_all(text.as_bytes()))?;
    Ok(Exit::Done)
}

fn info(args: &CatalogArgs, format: Format) -> anyhow::Result<Exit> {
    let catalog = args.required()?;
    let info = catalog.info()?;
    let home = Home::find().ok();
    let pictures = home.as_ref().map_or(0, pictures_on_disk);
    let descriptors = home.as_ref().map_or(0, descriptors_on_disk);
    let text = match format {
        Format::Json => {
            let mut object = serde_json::to_value(&info)?;
            if let Some(object) = object.as_object_mut() {
                let path = paths::text(catalog.path()).into_owned();
                object.insert("path".to_owned(), path.into());
                object.insert("pictures_bytes".to_owned(), pictures.into());
                object.insert("descriptors_bytes".to_owned(), descriptors.into());
            }
            object.to_string() + "\n"
        }
        Format::Table => {
            let count = |n: i64| wording::count(usize::try_from(n).unwrap_or(0));
            [
                ("Catalog", paths::shown(catalog.path())),
                ("Version", info.version.to_string()),
                ("Size", wording::bytes(info.bytes)),
                ("Folders", count(info.folders)),
                ("Photos", count(info.photos)),
                ("Scores", count(info.scores)),
                ("Rated", count(info.rated)),
                ("To undo", count(info.undoable)),
                ("Sidecars to write", count(info.unwritten)),
                ("Pictures kept", wording::bytes(pictures)),
                ("Descriptors kept", wording::bytes(descriptors)),
            ]
            .iter()
            .map(|(name, value)| format!("{name:<19}{value}\n"))
            .collect()
        }
    };
    sink::checked(io::stdout().write_all(text.as_bytes()))?;
    Ok(Exit::Done)
}

/// A row of the export; the order of the fields is that of columns and keys.
#[derive(Serialize)]
struct Row<'a> {
    path: Cow<'a, str>,
    size: i64,
    /// Seconds since 1970.
    modified: f64,
    content: &'a str,
    stars: Option<u8>,
    flag: Option<Flag>,
    label: Option<Label>,
    score: Option<f64>,
    width: Option<u32>,
    height: Option<u32>,
    model_identity: Option<&'a str>,
    path_bytes: Option<String>,
}

impl<'a> Row<'a> {
    fn new(photo: &'a Exported) -> Self {
        let score = photo.score.as_ref();
        let of = |f: fn(&ExportedScore) -> u32| score.map(f);
        Self {
            path: paths::text(&photo.path),
            size: photo.size,
            modified: photo.modified as f64 / 1e9,
            content: &photo.content,
            stars: photo.rating.stars.map(|stars| stars.count()),
            flag: photo.rating.flag,
            label: photo.rating.label,
            score: score.map(|score| score.score),
            width: of(|score| score.width),
            height: of(|score| score.height),
            model_identity: score.map(|score| score.model_identity.as_str()),
            path_bytes: paths::exact(&photo.path),
        }
    }
}

fn export(args: &Export) -> anyhow::Result<Exit> {
    let catalog = args.catalog.required()?;
    let by_name = args.out.as_deref().and_then(|out| {
        let extension = out.extension()?.to_str()?.to_ascii_lowercase();
        matches!(extension.as_str(), "jsonl" | "ndjson").then_some(ExportFormat::Jsonl)
    });
    let format = args.format.or(by_name).unwrap_or(ExportFormat::Csv);
    let mut sink = Sink::open(args.out.as_deref())?;
    if let Some(unfinished) = sink.unfinished() {
        interrupt::removes(unfinished);
    }
    sink.write(|out| match format {
        ExportFormat::Csv => export_csv(&catalog, out),
        ExportFormat::Jsonl => export_lines(&catalog, out),
    })?;
    sink.finish()?;
    Ok(Exit::Done)
}

/// Why an export ended; the catalog's reasons travel as an I/O error's.
struct Ended(io::Error);

impl From<CatalogError> for Ended {
    fn from(error: CatalogError) -> Self {
        Self(io::Error::other(error))
    }
}

fn export_csv(catalog: &Catalog, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let failed = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => Ended(error),
        other => Ended(io::Error::other(format!("{other:?}"))),
    };
    let mut rows = 0;
    let each = |photo: Exported| {
        rows += 1;
        csv.serialize(Row::new(&photo)).map_err(failed)
    };
    catalog.export(each).map_err(|Ended(error)| error)?;
    if rows == 0 {
        // The header, which otherwise comes with the first row.
        csv.write_record([
            "path",
            "size",
            "modified",
            "content",
            "stars",
            "flag",
            "label",
            "score",
            "width",
            "height",
            "model_identity",
            "path_bytes",
        ])
        .map_err(|error| failed(error).0)?;
    }
    csv.flush()
}

fn export_lines(catalog: &Catalog, out: &mut dyn Write) -> io::Result<()> {
    let each = |photo: Exported| {
        serde_json::to_writer(&mut *out, &Row::new(&photo))
            .map_err(io::Error::from)
            .and_then(|()| out.write_all(b"\n"))
            .map_err(Ended)
    };
    catalog.export(each).map_err(|Ended(error)| error)
}
