//! The command line: one file per command, none of which does any work itself.
//!
//! Standard output carries results only; everything else goes to standard
//! error. The formats and the exit status are described in `docs/cli.md`.

mod bench;
mod calibrate;
mod catalog;
mod catalog_args;
mod completions;
mod console;
mod distort;
mod distorted;
mod download;
mod evaluate;
mod exit;
mod export;
mod few_shot;
mod files_from;
mod fit;
mod grmp;
mod group;
mod gui;
mod import;
mod interrupt;
mod labels;
mod man;
mod model;
mod move_photos;
mod pretrain;
mod profile;
mod rate;
mod run;
mod score;
mod sink;
mod suggest;
mod undo;
mod xmp;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::{CommandFactory, Parser, Subcommand};

pub use exit::Exit;

use crate::engine::models;
use crate::report::{self as output, paths, wording};

/// What `--help` says about the exit status.
const STATUS: &str = "\
Exit status:
  0    done
  1    nothing could be done
  2    the command line was not understood
  3    done in part: some photos failed
  4    done, but advised against
  130  interrupted

Environment:
  KEEPERS_HOME  a folder that replaces every per-user folder (catalog, models,
                profiles, cache, settings)
  KEEPERS_LOG   what is logged to standard error, e.g. keepers=debug
  HF_ENDPOINT, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE
                where \"model download\" gets its files, where it keeps them, and
                whether it may use the network";

/// Finds the keepers in a photo shoot: every photo gets a score and a rank, on
/// this machine alone. Without a command the window opens.
#[derive(Debug, Parser)]
#[command(name = "keepers", after_help = STATUS)]
struct Cli {
    /// Print the version and the identity of the built-in model
    #[arg(short = 'V', long)]
    version: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Score(score::Args),
    Group(group::Args),
    Rate(rate::Args),
    Move(move_photos::Args),
    Export(Box<export::Args>),
    Undo(undo::Undo),
    Redo(undo::Redo),
    Xmp(xmp::Args),
    Catalog(catalog::Args),
    Suggest(suggest::Args),
    Calibrate(calibrate::Args),
    Profile(profile::Args),
    Evaluate(evaluate::Args),
    Distort(distort::Args),
    Gui(gui::Args),
    Model(model::Args),
    Bench(bench::Args),
    Pretrain(Box<pretrain::Args>),
    Completions(completions::Args),
    Man(man::Args),
}

/// The command line as clap knows it, for completions and man pages.
fn command() -> clap::Command {
    Cli::command()
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true)
}

/// Does what the command line in `args` says; the first is the program's name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(message) => {
            // Help goes to standard output. Nobody left to read it is no error.
            let _ = message.print();
            return if message.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            };
        }
    };
    start_log();
    let done = match cli.command {
        _ if cli.version => version(),
        None => gui::run(gui::Args::default()),
        Some(Command::Score(args)) => score::run(args),
        Some(Command::Group(args)) => group::run(&args),
        Some(Command::Rate(args)) => rate::run(&args),
        Some(Command::Export(args)) => export::run(&args),
        Some(Command::Move(args)) => move_photos::run(&args),
        Some(Command::Undo(args)) => undo::undo(&args),
        Some(Command::Redo(args)) => undo::redo(&args),
        Some(Command::Xmp(args)) => xmp::run(&args),
        Some(Command::Catalog(args)) => catalog::run(&args),
        Some(Command::Suggest(args)) => suggest::run(&args),
        Some(Command::Calibrate(args)) => calibrate::run(&args),
        Some(Command::Profile(args)) => profile::run(&args),
        Some(Command::Evaluate(args)) => evaluate::run(&args),
        Some(Command::Distort(args)) => distort::run(&args),
        Some(Command::Gui(args)) => gui::run(args),
        Some(Command::Model(args)) => model::run(args),
        Some(Command::Bench(args)) => bench::run(&args),
        Some(Command::Pretrain(args)) => pretrain::run(&args),
        Some(Command::Completions(args)) => completions::run(&args),
        Some(Command::Man(args)) => man::run(&args),
    };
    done.unwrap_or_else(|error| {
        console::error(&error);
        Exit::Nothing
    })
}

fn version() -> anyhow::Result<Exit> {
    let model = models::open(&models::Source::BuiltIn, models::Device::Cpu);
    let model = match &model {
        Ok(model) => format!("{} {}", model.info().name, model.info().identity),
        Err(error) => error.to_string(),
    };
    let text = format!("keepers {}\nmodel {model}\n", env!("CARGO_PKG_VERSION"));
    sink::checked(io::stdout().write_all(text.as_bytes()))?;
    Ok(Exit::Done)
}

/// Logs to standard error what `KEEPERS_LOG` asks for, by default warnings of
/// Keepers itself.
fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("KEEPERS_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("keepers=warn"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .without_time()
        .try_init();
    // Somebody else's log is as good.
    drop(log);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
        command().debug_assert();
    }
}
