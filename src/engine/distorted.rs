//! What a model says about photos that are made worse step by step: its score
//! ought to fall at every step.

use std::path::{Path, PathBuf};
use std::time::Instant;

use image::RgbImage;
use rayon::prelude::*;

use super::decoder::decoded;
use super::meter::Meter;
use super::{Cancel, Progress};
use crate::imaging::distortion::{Distortion, Level};
use crate::imaging::{Want, model_input, thumbnail};
use crate::model::{ModelError, QualityModel};

/// The shorter side, in pixels, that photos are reduced to before they are
/// distorted: no less than networks see, and little enough that the finest
/// distortion still shows to them.
pub const DISTORTED_SIDE: u32 = 512;

/// Steps from a photo to its worst form: from 0, the photo itself, to level 5.
pub const STEPS: usize = Level::ALL.len();

/// A photo's scores under one type of distortion: its own, then those of
/// levels 1 to 5.
pub type Series = [f64; STEPS + 1];

/// The scores of one photo, made worse in every way.
#[derive(Debug, Clone, PartialEq)]
pub struct Distorted {
    /// The photo's file.
    pub path: PathBuf,
    /// Its series, in the order of [`Distortion::ALL`]; or why there are none.
    pub series: Result<Vec<Series>, String>,
}

/// A photo as distortions are made from it: upright, its shorter side at most
/// [`DISTORTED_SIDE`].
///
/// # Errors
/// Why it cannot be decoded.
pub fn pristine(path: &Path) -> Result<RgbImage, String> {
    let photo = decoded(path, Want::AtLeast(2 * DISTORTED_SIDE))?;
    let (width, height) = photo.dimensions();
    let (longer, shorter) = (width.max(height), width.min(height).max(1));
    let longest = u64::from(DISTORTED_SIDE) * u64::from(longer) / u64::from(shorter);
    Ok(thumbnail(
        &photo,
        u32::try_from(longest).unwrap_or(u32::MAX),
    ))
}

/// Scores photos made worse in every way. A photo's chance is that of `seed`
/// and its place in the list. `None` when it was cancelled.
pub fn score_distorted(
    model: &dyn QualityModel,
    photos: &[PathBuf],
    seed: u64,
    cancel: &Cancel,
    progress: &mut dyn FnMut(&Progress),
) -> Option<Vec<Distorted>> {
    let mut meter = Meter::new(photos.len(), Instant::now());
    let mut done = Vec::with_capacity(photos.len());
    for (place, path) in photos.iter().enumerate() {
        let series = match pristine(path) {
            Ok(photo) => {
                let seed = seed.wrapping_add(place as u64);
                series(model, &photo, seed, cancel)?.map_err(|error| error.to_string())
            }
            Err(reason) => Err(reason),
        };
        meter.count(series.is_err(), Instant::now());
        done.push(Distorted {
            path: path.clone(),
            series,
        });
        if let Some(report) = meter.report(Instant::now()) {
            progress(&report);
        }
    }
    Some(done)
}

/// `None` when it was cancelled.
fn series(
    model: &dyn QualityModel,
    photo: &RgbImage,
    seed: u64,
    cancel: &Cancel,
) -> Option<Result<Vec<Series>, ModelError>> {
    let side = model.input_side();
    let own = match model.score(&[model_input(photo, side).as_raw()]) {
        Ok(scores) => scores.first().map_or(f64::NAN, |score| score.value()),
        Err(error) => return Some(Err(error)),
    };
    let mut all = Vec::with_capacity(Distortion::ALL.len());
    // A few types at a time: enough for all cores, and little memory.
    for kinds in Distortion::ALL.chunks(6) {
        if cancel.is_cancelled() {
            return None;
        }
        let variants: Vec<_> = kinds
            .iter()
            .flat_map(|&kind| Level::ALL.map(|level| (kind, level)))
            .collect();
        let inputs: Vec<RgbImage> = variants
            .par_iter()
            .map(|&(kind, level)| model_input(&kind.apply(photo, level, seed), side))
            .collect();
        let batch: Vec<&[u8]> = inputs
            .iter()
            .map(|input| input.as_raw().as_slice())
            .collect();
        let scores = match model.score(&batch) {
            Ok(scores) => scores,
            Err(error) => return Some(Err(error)),
        };
        for levels in scores.chunks_exact(STEPS) {
            let mut series = [own; STEPS + 1];
            for (value, score) in series.iter_mut().skip(1).zip(levels) {
                *value = score.value();
            }
            all.push(series);
        }
    }
    Some(Ok(all))
}
