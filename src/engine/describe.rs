//! Descriptors of many photos, for fitting.

use std::path::{Path, PathBuf};
use std::time::Instant;

use rayon::prelude::*;

use super::decoder::{network_input, sized_input};
use super::known::{Fresh, Known, Recall, state_after, state_since};
use super::meter::Meter;
use super::{Cancel, Progress};
use crate::catalog::{FileState, Stamp, StoredScore};
use crate::model::efficientnet::{Classified, Classifier, Fused, SIDE};
use crate::model::{DescribingModel, ModelError};

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

/// Describes photos, in their order, as [`describe`] does; what `known` has is
/// taken from there without decoding, and what it has not it is told. `None` when
/// it was cancelled.
pub fn describe_knowing(
    model: &dyn DescribingModel,
    photos: &[PathBuf],
    known: Option<&dyn Known>,
    cancel: &Cancel,
    progress: &mut dyn FnMut(&Progress),
) -> Option<Vec<Described>> {
    let recalled = known.map_or_else(
        || vec![Recall::Unknown; photos.len()],
        |known| known.recall(photos),
    );
    let side = model.input_side();
    let mut meter = Meter::new(photos.len(), Instant::now());
    let mut described = Vec::with_capacity(photos.len());
    let photos: Vec<(&PathBuf, Recall)> = photos.iter().zip(recalled).collect();
    for photos in photos.chunks(CHUNK) {
        if cancel.is_cancelled() {
            return None;
        }
        let looked: Vec<Looked> = photos
            .par_iter()
            .map(|(photo, recall)| look(photo, *recall, known, side))
            .collect();
        let batch: Vec<&[u8]> = looked
            .iter()
            .filter_map(|looked| match looked {
                Looked::Decoded { input, .. } => Some(input.as_slice()),
                _ => None,
            })
            .collect();
        let mut descriptors = match model.describe(&batch) {
            Ok(descriptors) => descriptors.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error.to_string()); batch.len()],
        }
        .into_iter();
        let mut fresh = Vec::new();
        for (looked, (photo, _)) in looked.into_iter().zip(photos) {
            let result = match looked {
                Looked::Known(descriptor) => Ok(descriptor),
                Looked::Failed(reason) => Err(reason),
                Looked::Decoded { size, state, .. } => {
                    let result = descriptors
                        .next()
                        .unwrap_or_else(|| Err("was not described".to_owned()));
                    if let (Ok(descriptor), Some(state)) = (&result, state)
                        && let Ok(score) = model.score_described(descriptor)
                    {
                        fresh.push(Fresh {
                            path: photo.to_path_buf(),
                            state,
                            score: StoredScore { score, size },
                            descriptor: Some(descriptor.clone()),
                        });
                    }
                    result
                }
            };
            meter.count(result.is_err(), Instant::now());
            described.push(result);
        }
        if let Some(known) = known {
            known.remember(&fresh);
        }
        if let Some(report) = meter.report(Instant::now()) {
            progress(&report);
        }
    }
    Some(described)
}

/// What came of looking at a photo.
enum Looked {
    Known(Vec<f32>),
    Decoded {
        input: Vec<u8>,
        size: (u32, u32),
        state: Option<FileState>,
    },
    Failed(String),
}

fn look(path: &Path, recall: Recall, known: Option<&dyn Known>, side: u32) -> Looked {
    let before = known.and_then(|_| Stamp::of(path).ok());
    let mut state = None;
    if let Some(known) = known {
        let content = match recall {
            Recall::Known { content, .. } => Some(content),
            Recall::Seen(seen) if before == Some(seen.stamp) => {
                state = Some(seen);
                Some(seen.content)
            }
            _ => {
                state = state_since(path, before);
                state.map(|state| state.content)
            }
        };
        if let Some(seen) = content.and_then(|content| known.description(content)) {
            return Looked::Known(seen.descriptor);
        }
    }
    match sized_input(path, side) {
        Ok((input, size)) => Looked::Decoded {
            input,
            size,
            state: known.and_then(|_| state_after(path, before, state)),
        },
        Err(reason) => Looked::Failed(reason),
    }
}
