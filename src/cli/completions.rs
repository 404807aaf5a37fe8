//! `keepers completions`: what a shell needs to complete the command line.

use std::io::{self, Write};

use clap_complete::Shell;

use super::exit::Exit;
use super::{command, sink};

/// Print the completions for a shell
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    shell: Shell,
}

pub fn run(args: &Args) -> anyhow::Result<Exit> {
    // Into memory first: the generator panics where its writer fails.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "keepers", &mut script);
    sink::checked(io::stdout().write_all(&script))?;
    Ok(Exit::Done)
}
