//! `keepers evaluate --protocol grmp`: a CLIP network fine-tuned to few labels,
//! as in GRMP-IQA's experiments.

use std::path::PathBuf;

use anyhow::bail;
use candle_core::Tensor;
use serde::Serialize;

use super::console::Console;
use super::{interrupt, paths};
use crate::engine::models::{Device, Source};
use crate::engine::{Cancel, inputs};
use crate::learning::calibrate::CalibrateError;
use crate::learning::calibrate::protocol::{Quartiles, split};
use crate::learning::calibrate::qgr::clip::{BLOCKS, Student};
use crate::learning::calibrate::qgr::tune::{self, tune};
use crate::learning::metrics::Agreement;
use crate::model::clip::{Weights, input};

/// Photos that are scored together.
const CHUNK: usize = 8;

/// What is measured.
#[derive(Debug, Clone)]
pub struct Options {
    /// Labels.
    pub shots: usize,
    /// Random splits, four fifths and one fifth.
    pub splits: u32,
    /// Their seed.
    pub seed: u64,
    /// Passes over the labels, at most.
    pub epochs: usize,
    /// Where the network runs.
    pub device: Device,
}

/// The result.
#[derive(Debug, Serialize)]
pub struct Row {
    shots: usize,
    splits: u32,
    /// Rank correlation on the test photos.
    srcc: Option<Quartiles>,
    /// Linear correlation on them, after the logistic curve.
    plcc: Option<Quartiles>,
    /// Divergence from the teacher's scenes over the labelled photos before and
    /// after, in nats.
    drift_before: Option<Quartiles>,
    drift: Option<Quartiles>,
    /// Passes over the labels.
    epochs: Option<Quartiles>,
}

/// Runs the protocol on labelled photos; `None` when it was interrupted.
///
/// # Errors
/// For a model that is no CLIP network, or too few photos.
pub fn measure(
    source: &Source,
    labelled: Vec<(PathBuf, f64)>,
    options: &Options,
    console: &mut Console,
) -> anyhow::Result<Option<Row>> {
    let Source::File(path) = source else {
        bail!("--protocol grmp is for CLIP networks; name one with --model");
    };
    let weights = Weights::open(path)?;
    let config = weights.config().clone();
    let device = options.device.open()?;
    let cancel = Cancel::default();
    interrupt::cancels(&cancel);
    let (photos, opinions): (Vec<PathBuf>, Vec<f64>) = labelled.into_iter().unzip();
    let side = config.resize_side() as u32;
    let read = inputs(&photos, side, &cancel, &mut |progress| {
        console.progress("Reading", progress);
    });
    console.clear();
    let Some(read) = read else { return Ok(None) };
    let mut pixels = Vec::with_capacity(read.len());
    for (photo, read) in photos.iter().zip(read) {
        match read {
            Ok(bytes) => pixels.push(bytes),
            // It was scored a moment ago.
            Err(reason) => bail!("{}: {reason}", paths::shown(photo)),
        }
    }
    let (mut srcc, mut plcc) = (Vec::new(), Vec::new());
    let (mut before, mut after, mut epochs) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..options.splits {
        let seed = options
            .seed
            .wrapping_mul(1_000_003)
            .wrapping_add(number.into());
        let (test, rest) = split(pixels.len(), seed);
        if rest.len() < options.shots {
            let count = rest.len();
            bail!(
                "four fifths of the photos are {count}, fewer than the labels that are asked for"
            );
        }
        let chosen = &rest[..options.shots];
        let student = Student::new(&weights, BLOCKS, &device)?;
        let photos: Vec<&[u8]> = chosen.iter().map(|&i| pixels[i].as_slice()).collect();
        let labels: Vec<f64> = chosen.iter().map(|&i| opinions[i]).collect();
        let tuning = tune::Options {
            epochs: options.epochs,
            seed,
            ..tune::Options::default()
        };
        let go_on = &mut |_: tune::Progress| !cancel.is_cancelled();
        let tuned = match tune(&student, &config, &photos, &labels, &tuning, go_on) {
            Ok(tuned) => tuned,
            Err(CalibrateError::Interrupted) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut scores = Vec::with_capacity(test.len());
        for chunk in test.chunks(CHUNK) {
            if cancel.is_cancelled() {
                return Ok(None);
            }
            let mut values = Vec::new();
            for &i in chunk {
                values.extend(input(&config, &pixels[i])?);
            }
            let size = config.image_size();
            let batch = Tensor::from_vec(values, (chunk.len(), 3, size, size), &device)?;
            let of_chunk = student.scores(&student.constant(&batch)?)?;
            scores.extend(of_chunk.into_iter().map(f64::from));
        }
        let truth: Vec<f64> = test.iter().map(|&i| opinions[i]).collect();
        let agreement = Agreement::new(&scores, &truth);
        srcc.push(agreement.srcc.unwrap_or(0.0));
        plcc.push(agreement.plcc.unwrap_or(0.0));
        before.push(tuned.drift.0);
        after.push(tuned.drift.1);
        epochs.push(tuned.epochs as f64);
        console.note(&format!(
            "Split {} of {}: SRCC {:.4}",
            number + 1,
            options.splits,
            srcc[srcc.len() - 1]
        ));
    }
    Ok(Some(Row {
        shots: options.shots,
        splits: options.splits,
        srcc: Quartiles::of(&srcc),
        plcc: Quartiles::of(&plcc),
        drift_before: Quartiles::of(&before),
        drift: Quartiles::of(&after),
        epochs: Quartiles::of(&epochs),
    }))
}

/// The row for reading.
pub fn table(row: &Row) -> String {
    let figure = |q: Option<Quartiles>| {
        q.map_or("not defined".to_owned(), |q| {
            format!("{:.4} ({:.4} to {:.4})", q.median, q.q1, q.q3)
        })
    };
    format!(
        "\nGRMP-IQA, {} labels, {} splits\n  SRCC        {}\n  PLCC        {}\n  Drift       {}, before {}\n  Epochs      {}\n",
        row.shots,
        row.splits,
        figure(row.srcc),
        figure(row.plcc),
        figure(row.drift),
        figure(row.drift_before),
        figure(row.epochs),
    )
}
