//! `keepers undo` and `keepers redo`: the journal of ratings and of acts on
//! files, one command at a time.

use super::console::Console;
use super::exit::Exit;
use super::move_photos::{tell_files, watched};
use super::rate::{Common, tell};
use crate::catalog::Applied;

/// Undo the last command that rated photos or let files go
#[derive(Debug, clap::Args)]
pub struct Undo {
    #[command(flatten)]
    common: Common,
}

/// Do the last undone command again
#[derive(Debug, clap::Args)]
pub struct Redo {
    #[command(flatten)]
    common: Common,
}

pub fn undo(args: &Undo) -> anyhow::Result<Exit> {
    let mut console = Console::new(args.common.quiet);
    let mut catalog = args.common.catalog.open(&mut console)?;
    let options = args.common.options();
    let applied = watched("Undoing", &mut console, |watch| {
        catalog.undo_watched(options, watch)
    })?;
    Ok(report(applied, "Undid", "undo", &mut console))
}

pub fn redo(args: &Redo) -> anyhow::Result<Exit> {
    let mut console = Console::new(args.common.quiet);
    let mut catalog = args.common.catalog.open(&mut console)?;
    let options = args.common.options();
    let applied = watched("Redoing", &mut console, |watch| {
        catalog.redo_watched(options, watch)
    })?;
    Ok(report(applied, "Redid", "redo", &mut console))
}

fn report(applied: Option<Applied>, did: &str, what: &str, console: &mut Console) -> Exit {
    let Some(applied) = applied else {
        console.note(&format!("There is nothing to {what}"));
        return Exit::Nothing;
    };
    if let Some(files) = &applied.files {
        tell_files(files, console);
        if files.cancelled {
            console.note(&format!("Interrupted: {}", applied.command));
            return Exit::Interrupted;
        }
        let failed = files.failed.len();
        if failed == 0 || !files.went.is_empty() {
            console.note(&format!("{did}: {}", applied.command));
        }
        return match failed {
            0 => Exit::Done,
            failed => Exit::of(files.went.len(), failed),
        };
    }
    let done = tell(&applied.photos, console);
    console.note(&format!("{did}: {}", applied.command));
    match applied.photos.len() - done {
        0 => Exit::Done,
        failed => Exit::of(done, failed),
    }
}
