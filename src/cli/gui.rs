//! `keepers gui`, and `keepers` alone: opens the window.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::catalog_args::CatalogArgs;
use super::console::Console;
use super::exit::Exit;
use super::run;
use crate::app;
use crate::engine::{models, profiles};

/// Open the window, with these photos and folders if any are given
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Photos and folders to score right away; folders are entered to any depth
    #[arg(value_name = "PATHS")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    model: run::ModelArgs,
    /// Name of the taste profile to score with (see "keepers profile show")
    #[arg(long)]
    profile: Option<String>,
    #[command(flatten)]
    catalog: CatalogArgs,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    let home = run::home(&mut Console::new(false));
    let (settings, trouble) = match &home {
        Some(home) => app::Settings::read(&app::Settings::file(home)),
        None => (app::Settings::default(), None),
    };
    // A wrong name is an error here, where it was typed; a model that cannot
    // be opened is one in the window.
    let chosen = args.model.model != Path::new(models::BUILT_IN);
    let model = match chosen {
        true => models::find(Some(&args.model.model), home.as_ref())?,
        false => settings.source(home.as_ref()),
    };
    let profile = match (&args.profile, chosen) {
        (Some(name), _) => {
            profiles::find(Path::new(name), home.as_ref())?;
            Some(name.clone())
        }
        // It belongs to the model that it was used with.
        (None, true) => None,
        (None, false) => {
            let known = profiles::list(home.as_ref());
            settings.profile.clone().filter(|name| known.contains(name))
        }
    };
    // As a drop gives them: the same file is one photo however it is opened.
    let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
    let options = app::Options {
        paths: match args.paths.is_empty() {
            true => settings
                .last
                .iter()
                .filter(|it| it.exists())
                .cloned()
                .collect(),
            false => args.paths.into_iter().map(absolute).collect(),
        },
        model,
        profile,
        settings,
        trouble,
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
