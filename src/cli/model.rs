//! `keepers model`: which models there are, whether they are sound, getting or
//! making one, and getting rid of one.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use super::console::{self, Console};
use super::exit::Exit;
use super::{paths, run, sink};
use crate::engine::models::{self, Source};
use crate::model::ModelInfo;

/// List, check, import, download and remove models
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the models there are; the first is used where none is named
    List {
        /// Format of the list
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
    Fit(Box<super::fit::Args>),
    Import(super::import::Args),
    Download(super::download::Args),
    /// Remove a model from the folder of models
    Remove {
        /// Name of the model
        name: String,
    },
    /// Check models: their files, their weights, and that they score soundly
    Verify {
        /// Names of models or model files; none means all that "list" shows
        #[arg(value_name = "NAME|FILE")]
        models: Vec<PathBuf>,
    },
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum ListFormat {
    /// For reading
    #[default]
    Table,
    /// One array
    Json,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    match args.command {
        Command::List { format } => list(format),
        Command::Fit(args) => super::fit::run(&args),
        Command::Import(args) => super::import::run(args),
        Command::Download(args) => super::download::run(&args),
        Command::Remove { name } => remove(&name),
        Command::Verify { models } => verify(models),
    }
}

/// A model in the list.
#[derive(Serialize)]
struct Row {
    name: String,
    /// Absent for a model that cannot be used.
    #[serde(flatten)]
    info: Option<About>,
    bytes: Option<u64>,
    /// `built-in` or the path.
    source: String,
    in_use: bool,
    error: Option<String>,
}

#[derive(Serialize)]
struct About {
    identity: String,
    backbone: String,
    licence: String,
    training_data: String,
    date: String,
}

impl From<&ModelInfo> for About {
    fn from(info: &ModelInfo) -> Self {
        Self {
            identity: info.identity.clone(),
            backbone: info.backbone.clone(),
            licence: info.licence.clone(),
            training_data: info.training_data.clone(),
            date: info.date.clone(),
        }
    }
}

fn list(format: ListFormat) -> anyhow::Result<Exit> {
    let home = run::home(&mut Console::new(true));
    let in_use = models::find(None, home.as_ref())?;
    let rows: Vec<Row> = models::list(home.as_ref())
        .into_iter()
        .map(|entry| {
            let info = models::info(&entry.source);
            Row {
                info: info.as_ref().ok().map(Into::into),
                bytes: models::size(&entry.source),
                in_use: entry.source == in_use,
                error: info.err().map(|error| error.to_string()),
                source: source_text(&entry.source),
                name: entry.name,
            }
        })
        .collect();
    let mut out = Vec::new();
    match format {
        ListFormat::Table => table(&rows, &mut out)?,
        ListFormat::Json => {
            serde_json::to_writer_pretty(&mut out, &rows)?;
            out.push(b'\n');
        }
    }
    sink::checked(io::stdout().write_all(&out))?;
    Ok(Exit::Done)
}

fn source_text(source: &Source) -> String {
    match source {
        Source::BuiltIn => "built-in".to_owned(),
        Source::File(path) => paths::text(path).into_owned(),
    }
}

fn table(rows: &[Row], out: &mut impl Write) -> io::Result<()> {
    for (i, row) in rows.iter().enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        let in_use = if row.in_use { "  (in use)" } else { "" };
        writeln!(out, "{}{in_use}", paths::clean(&row.name))?;
        let mut line = |name: &str, text: &str| match text {
            "" => Ok(()),
            text => writeln!(out, "  {name:<14}{}", paths::clean(text)),
        };
        if let Some(info) = &row.info {
            line("Identity", &info.identity)?;
            line("Backbone", &info.backbone)?;
            line("Licence", &info.licence)?;
            line("Training data", &info.training_data)?;
            line("Date", &info.date)?;
        }
        if let Some(bytes) = row.bytes {
            line("Size", &format!("{:.1} MB", bytes as f64 / 1e6))?;
        }
        line("Source", &row.source)?;
        line("Not usable", row.error.as_deref().unwrap_or_default())?;
    }
    Ok(())
}

fn remove(name: &str) -> anyhow::Result<Exit> {
    let path = models::remove(name, &super::import::home()?)?;
    let text = format!("Removed \"{name}\" ({})\n", paths::shown(&path));
    sink::checked(io::stdout().write_all(text.as_bytes()))?;
    Ok(Exit::Done)
}

fn verify(asked: Vec<PathBuf>) -> anyhow::Result<Exit> {
    let home = run::home(&mut Console::new(true));
    let asked = if asked.is_empty() {
        let listed = models::list(home.as_ref());
        listed
            .into_iter()
            .map(|entry| PathBuf::from(entry.name))
            .collect()
    } else {
        asked
    };
    let (mut sound, mut failed) = (0, 0);
    for name in &asked {
        let result = models::find(Some(name), home.as_ref())
            .map_err(anyhow::Error::from)
            .and_then(|source| Ok(models::verify(&source)?));
        match result {
            Ok(info) => {
                sound += 1;
                let line = format!(
                    "{}: sound, identity {}\n",
                    paths::shown(name),
                    info.identity
                );
                sink::checked(io::stdout().write_all(line.as_bytes()))?;
            }
            Err(error) => {
                failed += 1;
                console::error(&error);
            }
        }
    }
    Ok(Exit::of(sound, failed))
}
