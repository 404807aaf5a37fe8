//! Descriptors of many photos, for fitting.

use std::path::PathBuf;
use std::time::Instant;

use rayon::prelude::*;

use super::decoder::network_input;
use super::meter::Meter;
use super::{Cancel, Progress};
use crate::model::ModelError;
use crate::model::efficientnet::{Classified, Classifier, Fused, SIDE};

/// Photos decoded together; so many are alive at a time.
const CHUNK: usize = 32;

/// A photo's descriptor, or the reason why it has none.
pub type Described = Result<Vec<f32>, String>;

/// Photos as the pixels a network sees, `side` by `side`, decoded and resized
/// exactly as for scoring, or the reason why there are none. `None` when it was
/// cancelled.
pub fn inputs(
    photos: &[PathBuf],
    side: u32,
    cancel: &Cancel,
    progress: &mut dyn FnMut(&Progress),
) -> Option<Vec<Result<Vec<u8>, String>>> {
    let mut meter = Meter::new(photos.len(), Instant::now());
    let mut inputs = Vec::with_capacity(photos.len());
    for photos in photos.chunks(CHUNK) {
        if cancel.is_cancelled() {
            return None;
        }
        let chunk: Vec<Result<Vec<u8>, String>> = photos
            .par_iter()
            .map(|photo| network_input(photo, side))
            .collect();
        for input in chunk {
            meter.count(input.is_err(), Instant::now());
            inputs.push(input);
        }
        if let Some(report) = meter.report(Instant::now()) {
            progress(&report);
        }
    }
    Some(inputs)
}

/// What a network makes of a batch of photos.
type Network<'a, T> = &'a dyn Fn(&[&[u8]]) -> Result<Vec<T>, ModelError>;

/// Describes photos, in their order, decoded and resized exactly as for
/// scoring. `None` when it was cancelled.
pub fn describe(
    backbone: &Fused,
    photos: &[PathBuf],
    cancel: &Cancel,
    progress: &mut dyn FnMut(&Progress),
) -> Option<Vec<Described>> {
    in_chunks(&|batch| backbone.describe(batch), photos, cancel, progress)
}

/// As [`describe`], with the logits of the ImageNet classes.
pub fn classify(
    backbone: &Fused,
    classifier: &Classifier,
    photos: &[PathBuf],
    cancel: &Cancel,
    progress: &mut dyn FnMut(&Progress),
) -> Option<Vec<Result<Classified, String>>> {
    let network = |batch: &[&[u8]]| backbone.classify(batch, classifier);
    in_chunks(&network, photos, cancel, progress)
}

/// Gives a network photos in chunks; an answer or a reason for every photo.
fn in_chunks<T: Clone>(
    network: Network<'_, T>,
    photos: &[PathBuf],
    cancel: &Cancel,
    progress: &mut dyn FnMut(&Progress),
) -> Option<Vec<Result<T, String>>> {
    let mut meter = Meter::new(photos.len(), Instant::now());
    let mut described = Vec::with_capacity(photos.len());
    for photos in photos.chunks(CHUNK) {
        if cancel.is_cancelled() {
            return None;
        }
        let inputs: Vec<Result<Vec<u8>, String>> = photos
            .par_iter()
            .map(|photo| network_input(photo, SIDE as u32))
            .collect();
        let batch: Vec<&[u8]> = inputs.iter().flatten().map(Vec::as_slice).collect();
        let mut descriptors = match network(&batch) {
            Ok(descriptors) => descriptors.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error.to_string()); batch.len()],
        }
        .into_iter();
        for input in inputs {
            let result = match input {
                Ok(_) => descriptors
                    .next()
                    .unwrap_or_else(|| Err("was not described".to_owned())),
                Err(reason) => Err(reason),
            };
            meter.count(result.is_err(), Instant::now());
            described.push(result);
        }
        if let Some(report) = meter.report(Instant::now()) {
            progress(&report);
        }
    }
    Some(described)
}
