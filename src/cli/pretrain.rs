//! `keepers pretrain`: meta-prompt pre-training.

mod data;
mod train;

use std::path::PathBuf;

use clap::ValueEnum;

use super::exit::Exit;
use crate::engine::models;
use crate::learning::meta::{self, Rates};
use crate::learning::pretrain::Options;

const ABOUT: &str = "\
Teach a model's prompts about quality, by distortions and by photos

Meta-prompt pre-training of GRMP-IQA: every type of distortion is a task, and so is \
every set of photos with opinions. Of a CLIP network all prompts learn, of a compact \
model the adapter and the quality prompts. A fifth of the originals is kept for \
validation, and the epoch that agrees best with it is written.";

const MORE: &str = "\
Give any of --tid2013, --kadid, --pristine, and --images with --scores; each is a data
set of its own. Photos of --pristine are made worse by \"keepers distort\" in every type
and level; their labels are what the model says of the photo itself (for a CLIP
network, 1), less 14 percent of it per level.

The folder of --work holds the state after every epoch, from where the same command
goes on exactly; learning curves (curve.csv, curve.svg); and descriptors, which are
computed once.

Exit status: 0 done, 1 nothing done, 3 some photos failed, 130 interrupted; what was
done until then is kept in the folder of --work.";

#[derive(Debug, clap::Args)]
#[command(
    about = "Teach a model's prompts about quality, by distortions and by photos",
    long_about = ABOUT,
    after_long_help = MORE
)]
pub struct Args {
    /// Model to begin with: a name (see "keepers model list") or a file
    #[arg(long, value_name = "NAME|FILE", default_value = models::BUILT_IN)]
    model: PathBuf,
    /// The model file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Folder for the state, the curves and the descriptors; made if need be
    #[arg(long, value_name = "DIR")]
    work: PathBuf,
    /// TID2013: the folder with mos_with_names.txt and distorted_images
    #[arg(long, value_name = "DIR")]
    tid2013: Option<PathBuf>,
    /// KADID-10k: the folder with dmos.csv and images
    #[arg(long, value_name = "DIR")]
    kadid: Option<PathBuf>,
    /// Folder of good photos to make worse
    #[arg(long, value_name = "DIR")]
    pristine: Option<PathBuf>,
    /// Folder that the files in the CSVs are relative to
    #[arg(long, value_name = "DIR")]
    images: Option<PathBuf>,
    /// CSV with the columns "file" and "mos" (0 to 1, higher is better); may be
    /// given again, each is a task
    #[arg(long, value_name = "CSV", requires = "images")]
    scores: Vec<PathBuf>,
    /// CSV of photos that only decide which epoch is kept; may be given again
    #[arg(long, value_name = "CSV", requires = "images")]
    validation: Vec<PathBuf>,
    /// Where a task begins: at the shared parameters, or where the last one
    /// ended
    #[arg(long, value_enum, default_value_t)]
    inner: Inner,
    /// Rate of learning within a task
    #[arg(long, default_value_t = Options::default().rates.alpha)]
    alpha: f64,
    /// How much of the way to the mean of the tasks the parameters go
    #[arg(long, default_value_t = Options::default().rates.beta)]
    beta: f64,
    /// Pairs of a support and a query batch per task; by default as many as
    /// its support photos fill
    #[arg(long, value_name = "N")]
    pairs: Option<usize>,
    /// Photos in a support batch
    #[arg(long, value_name = "N", default_value_t = Options::default().support)]
    support: usize,
    /// Photos in a query batch
    #[arg(long, value_name = "N", default_value_t = Options::default().query)]
    query: usize,
    /// Passes over all data sets
    #[arg(long, value_name = "N", default_value_t = Options::default().epochs)]
    epochs: usize,
    /// Seed of everything random
    #[arg(long, value_name = "N", default_value_t = Options::default().seed)]
    seed: u64,
    /// Where a CLIP network is trained: auto, cpu, cuda, cuda:N, metal
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: models::Device,
    /// Name of the model; by default that of the file
    #[arg(long)]
    name: Option<String>,
    /// Day that the model's metadata gives, YYYY-MM-DD
    #[arg(long, default_value = "unknown")]
    date: String,
    /// What it was trained on, for the model's metadata; by default the names
    /// of the data sets
    #[arg(long)]
    data: Option<String>,
    /// No progress and no notes on standard error
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Inner {
    /// At the shared parameters, as the paper describes
    #[default]
    Reset,
    /// Where the task before it ended, as the authors' program has it
    Continue,
}

impl Args {
    fn options(&self) -> Options {
        Options {
            inner: match self.inner {
                Inner::Reset => meta::Inner::Reset,
                Inner::Continue => meta::Inner::Continue,
            },
            rates: Rates {
                alpha: self.alpha,
                beta: self.beta,
            },
            pairs: self.pairs,
            support: self.support,
            query: self.query,
            epochs: self.epochs,
            seed: self.seed,
            ..Options::default()
        }
    }
}

pub fn run(args: &Args) -> anyhow::Result<Exit> {
    train::run(args)
}
