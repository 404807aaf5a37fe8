//! Descriptors of many photos, for fitting.

use std::path::PathBuf;
use std::time::Instant;

use rayon::prelude::*;

use super::decoder::network_input;
use super::meter::Meter;
use super::{Cancel, Progress};
use crate::model::efficientnet::{Fused, SIDE};

/// Photos decoded together; so many are alive at a time.
const CHUNK: usize = 32;

/// A photo's descriptor, or the reason why it has none.
pub type Described = Result<Vec<f32>, String>;

/// Describes photos, in their order, decoded and resized exactly as for
/// scoring. `None` when it was cancelled.
pub fn describe(
    backbone: &Fused,
    photos: &[PathBuf],
    cancel: &Cancel,
    progress: &mut dyn FnMut(&Progress),
) -> Option<Vec<Described>> {
    let mut meter = Meter::new(photos.len(), Instant::now());
    let mut described: Vec<Described> = Vec::with_capacity(photos.len());
    for photos in photos.chunks(CHUNK) {
        if cancel.is_cancelled() {
            return None;
        }
        let inputs: Vec<Result<Vec<u8>, String>> = photos
            .par_iter()
            .map(|photo| network_input(photo, SIDE as u32))
            .collect();
        let batch: Vec<&[u8]> = inputs.iter().flatten().map(Vec::as_slice).collect();
        let mut descriptors = match backbone.describe(&batch) {
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
