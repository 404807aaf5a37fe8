//! `keepers gui`, and `keepers` alone: opens the window.

use std::path::PathBuf;

use anyhow::Context;

use super::catalog_args::CatalogArgs;
use super::console::Console;
use super::exit::Exit;
use super::run;
use crate::app;
use crate::engine::models;

/// Open the window, with these photos and folders if any are given
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Photos and folders to score right away; folders are entered to any depth
    #[arg(value_name = "PATHS")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    model: run::ModelArgs,
    #[command(flatten)]
    catalog: CatalogArgs,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    let home = run::home(&mut Console::new(false));
    // A wrong name is an error here, where it was typed; a model that cannot
    // be opened is one in the window.
    let model = models::find(Some(&args.model.model), home.as_ref())?;
    // As a drop gives them: the same file is one photo however it is opened.
    let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
    let options = app::Options {
        paths: args.paths.into_iter().map(absolute).collect(),
        model,
        profile: None,
        device: args.model.device,
        home,
        catalog: args.catalog.catalog.map(absolute),
        hub: None,
        dialogs: Box::new(app::SystemDialogs),
    };
    app::open(options)
        .context("the window cannot be opened (\"keepers score FOLDER\" works without a screen)")?;
    Ok(Exit::Done)
}
