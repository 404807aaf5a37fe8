//! `keepers man`: manual pages.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context;

use super::exit::Exit;
use super::{command, paths, sink};

/// Print the manual page, or write the pages of all commands to a folder
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder for keepers.1, keepers-score.1 and so on, made if missing
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn run(args: &Args) -> anyhow::Result<Exit> {
    // Without the generated "help" commands, which would each get a page.
    let command = command().disable_help_subcommand(true);
    if let Some(folder) = &args.out {
        let failed = || format!("{}: cannot be written", paths::shown(folder));
        fs::create_dir_all(folder).with_context(failed)?;
        clap_mangen::generate_to(command, folder).with_context(failed)?;
        return Ok(Exit::Done);
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    sink::checked(io::stdout().write_all(&page))?;
    Ok(Exit::Done)
}
