//! `keepers undo` and `keepers redo`: the journal of ratings, one command at a
//! time.

use super::console::Console;
use super::exit::Exit;
use super::rate::{Common, tell};
use crate::catalog::Applied;

/// Undo the last rating command, in the catalog and in sidecars
#[derive(Debug, clap::Args)]
pub struct Undo {
    #[command(flatten)]
    common: Common,
}

/// Do the last undone rating command again
#[derive(Debug, clap::Args)]
pub struct Redo {
    #[command(flatten)]
    common: Common,
}

pub fn undo(args: &Undo) -> anyhow::Result<Exit> {
    let mut console = Console::new(args.common.quiet);
    let mut catalog = args.common.catalog.open(&mut console)?;
    let applied = catalog.undo(args.common.options())?;
    Ok(report(applied, "Undid", "undo", &mut console))
}

pub fn redo(args: &Redo) -> anyhow::Result<Exit> {
    let mut console = Console::new(args.common.quiet);
    let mut catalog = args.common.catalog.open(&mut console)?;
    let applied = catalog.redo(args.common.options())?;
    Ok(report(applied, "Redid", "redo", &mut console))
}

fn report(applied: Option<Applied>, did: &str, what: &str, console: &mut Console) -> Exit {
    let Some(Applied { command, photos }) = applied else {
        console.note(&format!("There is nothing to {what}"));
        return Exit::Nothing;
    };
    let done = tell(&photos, console);
    console.note(&format!("{did}: {command}"));
    match photos.len() - done {
        0 => Exit::Done,
        failed => Exit::of(done, failed),
    }
}
