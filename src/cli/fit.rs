//! `keepers model fit`: fits the head of a compact model to labelled photos.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::console::Console;
use super::exit::Exit;
use super::{interrupt, labels, paths, sink, wording};
use crate::engine::{Cancel, describe};
use crate::learning::fit::{self, FitError, Options};
use crate::learning::metrics::Agreement;
use crate::learning::{sample, scale};
use crate::model::compact::CompactModel;
use crate::model::efficientnet::{Fused, Weights};
use crate::model::simd::Level;
use crate::model::{ModelInfo, compact};

/// Fit a compact model's head to photos with opinion scores
///
/// The backbone stays as it is. The shipped model was made by this command;
/// models/README.md has the exact line.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder that the files in the CSV are relative to
    #[arg(long, value_name = "DIR")]
    images: PathBuf,
    /// CSV with the columns "file" and "mos" (0 to 1, higher is better)
    #[arg(long, value_name = "CSV")]
    scores: PathBuf,
    /// Weights of the backbone: EfficientNet-Lite2's original PyTorch
    /// checkpoint, or a compact model
    #[arg(long, value_name = "FILE")]
    backbone: PathBuf,
    /// The model file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Name of the model; by default that of the file
    #[arg(long)]
    name: Option<String>,
    /// Day that the model's metadata gives, YYYY-MM-DD
    #[arg(long, default_value = "unknown")]
    date: String,
    /// Licence of the model, an SPDX expression
    #[arg(long, default_value = "Apache-2.0")]
    licence: String,
    /// What it was trained on, for the model's metadata; by default the name of
    /// the CSV and the number of photos
    #[arg(long)]
    data: Option<String>,
    /// Also fit on the other photos only and report the agreement on this share
    /// of them, chosen by the seed; the model itself still learns from all
    #[arg(long, value_name = "SHARE", value_parser = share)]
    hold_out: Option<f64>,
    /// CSV of photos, none of them in --scores, that the scale of scores and its
    /// intervals are fitted to; without it, a score is 100 times the probability
    /// of high quality, and has no interval
    #[arg(long, value_name = "CSV")]
    scale_on: Option<PathBuf>,
    /// Hidden width of the adapter
    #[arg(long, default_value_t = Options::default().hidden)]
    hidden: usize,
    /// Penalty of the ridge regression that the adapter starts from
    #[arg(long, default_value_t = Options::default().ridge)]
    ridge: f64,
    /// Weight of the adapter's squared weights in the loss
    #[arg(long, default_value_t = Options::default().decay)]
    decay: f64,
    /// Share of the descriptor that a step leaves out
    #[arg(long, default_value_t = Options::default().dropout, value_parser = share)]
    dropout: f64,
    /// Rate of learning at the start
    #[arg(long, default_value_t = Options::default().rate)]
    rate: f64,
    /// Passes over the photos
    #[arg(long, default_value_t = Options::default().epochs)]
    epochs: usize,
    /// Seed of everything random
    #[arg(long, default_value_t = Options::default().seed)]
    seed: u64,
    /// No progress and no notes on standard error
    #[arg(short, long)]
    quiet: bool,
}

/// A share: from 0 to below 1.
fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "is not a number".to_owned())?;
    if (0.0..1.0).contains(&share) {
        Ok(share)
    } else {
        Err("has to be at least 0 and below 1".to_owned())
    }
}

pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut console = Console::new(args.quiet);
    let name = match (&args.name, args.out.file_stem()) {
        (Some(name), _) => name.clone(),
        (None, Some(stem)) => stem.to_string_lossy().into_owned(),
        (None, None) => bail!("{}: is no name for a file", paths::shown(&args.out)),
    };
    let weights = backbone(&args.backbone)?;
    let network = Fused::new(&weights, Level::best())?;
    let cancel = Cancel::default();
    interrupt::cancels(&cancel);
    let mut described = |csv: &Path| -> anyhow::Result<Option<Labelled>> {
        let photos = labels::located(&args.images, labels::read(csv)?);
        Ok(Labelled::describe(&photos, &network, &cancel, &mut console))
    };
    let Some(Labelled {
        descriptors,
        opinions: scores,
        failed,
    }) = described(&args.scores)?
    else {
        return Ok(Exit::Interrupted);
    };
    let scale_on = match args.scale_on.as_deref().map(&mut described).transpose()? {
        Some(None) => return Ok(Exit::Interrupted),
        Some(Some(labelled)) => Some(labelled),
        None => None,
    };

    let options = Options {
        hidden: args.hidden,
        ridge: args.ridge,
        decay: args.decay,
        dropout: args.dropout,
        rate: args.rate,
        epochs: args.epochs,
        seed: args.seed,
        ..Options::default()
    };
    let report = match args.hold_out {
        Some(share) => Some(held_out(&descriptors, &scores, share, &options, &cancel)?),
        None => None,
    };
    let head = match fit::fit(&descriptors, &scores, &options, &mut |_| {
        !cancel.is_cancelled()
    }) {
        Err(FitError::Interrupted) => return Ok(Exit::Interrupted),
        head => head?,
    };
    let scale = match &scale_on {
        Some(labelled) => {
            let scores = labelled.descriptors.iter().map(|d| head.score(d));
            let scores = scores.collect::<Result<Vec<_>, _>>()?;
            Some(scale::fit(&scores, &labelled.opinions)?)
        }
        None => None,
    };
    let failed = failed + scale_on.as_ref().map_or(0, |labelled| labelled.failed);
    let photos = wording::counted(descriptors.len(), "photo");
    let info = ModelInfo {
        name,
        identity: String::new(),
        backbone: "efficientnet-lite2".to_owned(),
        licence: args.licence.clone(),
        training_data: match &args.data {
            Some(data) => data.clone(),
            None => format!("{}, {photos}", file_name(&args.scores)),
        },
        date: args.date.clone(),
    };
    let bytes = CompactModel::to_bytes(info, &weights, &head, scale.as_ref())?;
    write_whole(&args.out, &bytes)?;
    let mut text = report.unwrap_or_default();
    text += &format!("Wrote {}, fitted on {photos}\n", paths::shown(&args.out));
    sink::checked(io::stdout().write_all(text.as_bytes()))?;
    Ok(Exit::of(descriptors.len(), failed))
}

/// Photos that could be described, with people's opinions of them.
struct Labelled {
    descriptors: Vec<Vec<f32>>,
    /// From 0 to 1.
    opinions: Vec<f32>,
    /// Photos that could not be described; each was named on the console.
    failed: usize,
}

impl Labelled {
    /// `None` when that was cancelled.
    fn describe(
        photos: &[(PathBuf, f64)],
        network: &Fused,
        cancel: &Cancel,
        console: &mut Console,
    ) -> Option<Self> {
        let paths: Vec<PathBuf> = photos.iter().map(|(path, _)| path.clone()).collect();
        let described = describe(network, &paths, cancel, &mut |progress| {
            console.progress("Describing", progress);
        });
        console.clear();
        let mut labelled = Self {
            descriptors: Vec::new(),
            opinions: Vec::new(),
            failed: 0,
        };
        for ((path, opinion), described) in photos.iter().zip(described?) {
            match described {
                Ok(descriptor) => {
                    labelled.descriptors.push(descriptor);
                    labelled.opinions.push(*opinion as f32);
                }
                Err(reason) => {
                    labelled.failed += 1;
                    let (path, reason) = (paths::shown(path), paths::clean(&reason));
                    console.note(&format!("{path}: {reason}"));
                }
            }
        }
        Some(labelled)
    }
}

/// The backbone's weights as a model file would hold them, so that the fit
/// sees the descriptors that the finished model gives.
fn backbone(path: &Path) -> anyhow::Result<Weights> {
    let bytes =
        fs::read(path).with_context(|| format!("{}: cannot be read", paths::shown(path)))?;
    let name = paths::shown(path);
    let weights = match compact::backbone_weights(&bytes, &name) {
        Ok(weights) => weights,
        Err(not_compact) => Weights::read_original(path).map_err(|not_original| {
            anyhow::anyhow!("{not_original}; and as a compact model, {not_compact}")
        })?,
    };
    Ok(weights.rounded()?)
}

/// Agreement on a share of the photos, of a head fitted on the others.
fn held_out(
    descriptors: &[Vec<f32>],
    scores: &[f32],
    share: f64,
    options: &Options,
    cancel: &Cancel,
) -> anyhow::Result<String> {
    let (held, rest) = sample::split(descriptors.len(), share, options.seed);
    let pick = |indices: &[usize]| -> (Vec<Vec<f32>>, Vec<f32>) {
        indices
            .iter()
            .map(|&i| (descriptors[i].clone(), scores[i]))
            .unzip()
    };
    let (train, train_scores) = pick(&rest);
    let head = fit::fit(&train, &train_scores, options, &mut |_| {
        !cancel.is_cancelled()
    })?;
    let (test, test_scores) = pick(&held);
    let predictions = test
        .iter()
        .map(|descriptor| head.score(descriptor).map(|score| score.value()))
        .collect::<Result<Vec<f64>, _>>()?;
    let opinions: Vec<f64> = test_scores.iter().copied().map(f64::from).collect();
    let agreement = Agreement::new(&predictions, &opinions);
    let figure = |value: Option<f64>| value.map_or("not defined".to_owned(), |v| format!("{v:.4}"));
    Ok(format!(
        "Held out {}, seed {}: SRCC {}, PLCC {}\n",
        wording::counted(held.len(), "photo"),
        options.seed,
        figure(agreement.srcc),
        figure(agreement.plcc),
    ))
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Writes a file that is there whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = sink::Sink::open(Some(path))?;
    out.write(|to| to.write_all(bytes))?;
    out.finish()
}
