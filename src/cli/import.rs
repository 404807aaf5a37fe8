//! `keepers model import`: makes a model of a file of weights.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context;

use super::console::Console;
use super::exit::Exit;
use super::{paths, run, sink};
use crate::engine::models;
use crate::home::Home;
use crate::model::clip::Origin;

/// Check weights and put them into the folder of models
///
/// Takes a CLIP network or a GRMP-IQA checkpoint, as safetensors or as a
/// PyTorch checkpoint (read as data, no code in it is run), with the names of
/// OpenAI, OpenCLIP, Hugging Face or GRMP-IQA's authors; or a compact model.
/// The file itself is only read.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file of weights
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Name of the model; by default that of the file
    #[arg(long)]
    name: Option<String>,
    /// Licence of the weights, an SPDX expression
    #[arg(long)]
    licence: Option<String>,
    /// What the model was trained on
    #[arg(long)]
    data: Option<String>,
    /// Where the file came from; by default its name
    #[arg(long)]
    source: Option<String>,
    /// Day the weights were made, YYYY-MM-DD
    #[arg(long)]
    date: Option<String>,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    let home = home()?;
    let file_name = args.file.file_name().unwrap_or_default();
    let origin = Origin {
        name: args.name.unwrap_or_else(|| models::name_of(&args.file)),
        licence: args.licence,
        training_data: args.data,
        source: Some(
            args.source
                .unwrap_or_else(|| file_name.to_string_lossy().into_owned()),
        ),
        date: args.date,
    };
    let info = models::import(&args.file, &origin, &home)?;
    let text = format!(
        "Imported {} as \"{}\": {}, identity {}\n",
        paths::shown(&args.file),
        origin.name,
        paths::clean(&info.backbone),
        info.identity
    );
    sink::checked(io::stdout().write_all(text.as_bytes()))?;
    Ok(Exit::Done)
}

/// The user's folders, without which there is nowhere to put a model.
///
/// # Errors
/// When they are not known.
pub fn home() -> anyhow::Result<Home> {
    run::home(&mut Console::new(true)).context("there is no folder to keep models in")
}
