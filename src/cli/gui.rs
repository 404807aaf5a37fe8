//! `keepers gui`, and `keepers` alone: opens the window.

use std::path::PathBuf;

use super::exit::Exit;

/// Open the window, with these photos and folders if any are given
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Photos and folders to score right away
    #[arg(value_name = "PATHS")]
    paths: Vec<PathBuf>,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    anyhow::bail!("the window is not part of this build yet: {:?}", args.paths)
}
