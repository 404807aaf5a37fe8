//! `keepers profile`: showing, passing on and removing taste profiles.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use super::calibrate::{home, report_table};
use super::console::{self, Console};
use super::exit::Exit;
use super::{paths, run, sink, wording};
use crate::engine::profiles;
use crate::learning::calibrate::check::{Report, Verdict};
use crate::learning::calibrate::profile::Profile;

/// Show, export, import and remove taste profiles
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show profiles: what they were learned from, and how well they agree
    Show {
        /// Names of profiles or profile files; none means all that are kept
        #[arg(value_name = "NAME|FILE")]
        profiles: Vec<PathBuf>,
        /// Format of the result
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Write a profile to a file
    Export {
        /// Name of a profile
        #[arg(value_name = "NAME|FILE")]
        profile: PathBuf,
        /// The file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Check a profile's file and keep it
    Import {
        /// The file, which is only read
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Name to keep it under [default: the one it has]
        #[arg(long)]
        name: Option<String>,
        /// Replace a kept profile of that name
        #[arg(long)]
        replace: bool,
    },
    /// Remove a kept profile
    Remove {
        /// Name of the profile
        name: String,
    },
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    /// For reading
    #[default]
    Table,
    /// One array
    Json,
}

pub fn run(args: &Args) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Show { profiles, format } => show(profiles, *format),
        Command::Export { profile, out } => {
            let home = run::home(&mut Console::new(true));
            let profile = profiles::read(&profiles::find(profile, home.as_ref())?)?;
            profiles::write(&profile, out)?;
            say(&format!("Wrote {}\n", paths::shown(out)))
        }
        Command::Import {
            file,
            name,
            replace,
        } => {
            let mut profile = profiles::read(file)?;
            if let Some(name) = name {
                profile.about.name.clone_from(name);
            }
            profiles::keep(&profile, *replace, &home()?)?;
            say(&format!(
                "Imported {} as \"{}\", for the model \"{}\"\n",
                paths::shown(file),
                profile.about.name,
                paths::clean(&profile.about.model)
            ))
        }
        Command::Remove { name } => {
            let path = profiles::remove(name, &home()?)?;
            say(&format!("Removed \"{name}\" ({})\n", paths::shown(&path)))
        }
    }
}

fn say(text: &str) -> anyhow::Result<Exit> {
    sink::checked(io::stdout().write_all(text.as_bytes()))?;
    Ok(Exit::Done)
}

/// A profile in the list.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    identity: String,
    model: &'a str,
    model_identity: &'a str,
    date: &'a str,
    labels: usize,
    advised: bool,
    verdict: Verdict,
    report: &'a Report,
    path: String,
}

fn show(asked: &[PathBuf], format: Format) -> anyhow::Result<Exit> {
    let home = run::home(&mut Console::new(true));
    let all;
    let asked = match asked.is_empty() {
        true => {
            all = profiles::list(home.as_ref())
                .into_iter()
                .map(PathBuf::from)
                .collect::<Vec<_>>();
            if all.is_empty() && matches!(format, Format::Table) {
                Console::new(false)
                    .note("There are no profiles yet; \"keepers calibrate\" makes one");
            }
            &all
        }
        false => asked,
    };
    let (mut found, mut failed): (Vec<(PathBuf, Profile)>, usize) = (Vec::new(), 0);
    for asked in asked {
        let read = profiles::find(asked, home.as_ref())
            .and_then(|path| Ok((path.clone(), profiles::read(&path)?)));
        match read {
            Ok(profile) => found.push(profile),
            Err(error) => {
                failed += 1;
                console::error(&error.into());
            }
        }
    }
    let rows: Vec<Row<'_>> = found
        .iter()
        .map(|(path, profile)| {
            let about = &profile.about;
            Row {
                name: &about.name,
                identity: profile.identity(),
                model: &about.model,
                model_identity: &about.model_identity,
                date: &about.date,
                labels: about.labels.len(),
                advised: about.report.verdict().advised(),
                verdict: about.report.verdict(),
                report: &about.report,
                path: paths::text(path).into_owned(),
            }
        })
        .collect();
    let text = match format {
        Format::Json => serde_json::to_string_pretty(&rows)? + "\n",
        Format::Table => rows.iter().map(text_of).collect::<Vec<_>>().join("\n"),
    };
    sink::checked(io::stdout().write_all(text.as_bytes()))?;
    Ok(match (rows.len(), failed) {
        (_, 0) => Exit::Done,
        (done, failed) => Exit::of(done, failed),
    })
}

fn text_of(row: &Row<'_>) -> String {
    format!(
        "{}\n  For the model \"{}\" ({})\n  Made {} from {}\n{}{}\n",
        paths::clean(row.name),
        paths::clean(row.model),
        paths::clean(row.model_identity),
        paths::clean(row.date),
        wording::counted(row.labels, "rating"),
        report_table(row.report),
        row.report.explanation()
    )
}
