//! The scoring thread of a job: batches for the network, scores from it.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::decoder::Ready;
use super::job::{Outcome, Work};
use super::{Options, Scored};
use crate::guard::guarded;
use crate::model::{Assessment, DescribingModel, ModelError, QualityModel};

/// How long a batch waits for its next photo. Where decoding is the slower
/// half, small batches cost nothing; where it is not, batches fill at once.
const LINGER: Duration = Duration::from_millis(200);

/// How often the wait for a first photo looks whether the job was cancelled.
const LOOK: Duration = Duration::from_millis(20);

/// Scores batches until no photo comes any more.
pub(super) fn run(
    work: &Work,
    model: &dyn QualityModel,
    options: &Options,
    ready: &Receiver<Ready>,
    outcomes: &Sender<Outcome>,
) {
    // A batch larger than the slots could never fill.
    let most = options.batch.min(options.decoded).max(1);
    // Small at first, so that the first scores come early.
    let mut size = 1;
    while let Some(batch) = collect(work, ready, size) {
        size = (2 * size).min(most);
        let pixels: Vec<&[u8]> = batch
            .iter()
            .map(|photo| photo.pixels.as_raw().as_slice())
            .collect();
        let start = Instant::now();
        let wanted = match options.scenes && model.tells_scenes() {
            true => Wanted::Scenes,
            false => match work.known.as_ref().is_some_and(|k| k.wants_descriptors()) {
                true => Wanted::Descriptors,
                false => Wanted::Scores,
            },
        };
        let assessed = assess(model, &pixels, wanted);
        work.clock.inference.add(start.elapsed());
        for (photo, assessment) in batch.into_iter().zip(assessed) {
            let (assessment, descriptor) = match assessment {
                Ok(seen) => (Ok(seen.assessment), seen.descriptor),
                Err(reason) => (Err(reason), None),
            };
            let result = assessment.map(|Assessment { score, scene }| Scored {
                score,
                scene,
                size: photo.size,
                thumbnail: photo.thumbnail,
            });
            let index = photo.index;
            let outcome = Outcome {
                index,
                result,
                descriptor,
                state: photo.state,
                known: false,
            };
            if outcomes.send(outcome).is_err() {
                return;
            }
        }
    }
}

/// The next batch of at most `size` photos; `None` when there are no more or
/// the job is cancelled.
fn collect(work: &Work, ready: &Receiver<Ready>, size: usize) -> Option<Vec<Ready>> {
    let first = loop {
        if work.cancel.is_cancelled() {
            return None;
        }
        match ready.recv_timeout(LOOK) {
            Ok(photo) => break photo,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    };
    let deadline = Instant::now() + LINGER;
    let mut batch = vec![first];
    while batch.len() < size {
        match ready.recv_deadline(deadline) {
            Ok(photo) => batch.push(photo),
            Err(_) => break,
        }
    }
    (!work.cancel.is_cancelled()).then_some(batch)
}

/// What is asked of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Scores,
    Scenes,
    /// Scores, and the descriptors they come from, where they do.
    Descriptors,
}

/// What a model said of a photo.
#[derive(Debug, Clone)]
struct Seen {
    assessment: Assessment,
    descriptor: Option<Vec<f32>>,
}

impl From<Assessment> for Seen {
    fn from(assessment: Assessment) -> Self {
        Self {
            assessment,
            descriptor: None,
        }
    }
}

/// A score or a reason for every photo. Where the batch fails as a whole, its
/// photos are tried alone, so that one of them cannot spoil the others.
fn assess(model: &dyn QualityModel, batch: &[&[u8]], wanted: Wanted) -> Vec<Result<Seen, String>> {
    match attempt(model, batch, wanted) {
        Ok(assessed) => assessed.into_iter().map(Ok).collect(),
        Err(reason) if batch.len() == 1 => vec![Err(reason)],
        Err(_) => batch
            .iter()
            .map(|photo| {
                attempt(model, &[photo], wanted).and_then(|assessed| {
                    assessed.into_iter().next().ok_or_else(|| wrong_count(0, 1))
                })
            })
            .collect(),
    }
}

fn attempt(model: &dyn QualityModel, batch: &[&[u8]], wanted: Wanted) -> Result<Vec<Seen>, String> {
    let assess = || match (wanted, model.describing()) {
        (Wanted::Scenes, _) => Ok(model.assess(batch)?.into_iter().map(Seen::from).collect()),
        (Wanted::Descriptors, Some(model)) => {
            let descriptors = model.describe(batch)?.into_iter();
            descriptors
                .map(|descriptor| scored(model, descriptor))
                .collect()
        }
        _ => {
            let scores = model.score(batch)?.into_iter();
            Ok(scores
                .map(|score| Assessment { score, scene: None }.into())
                .collect::<Vec<Seen>>())
        }
    };
    let assessed = guarded(assess)
        .map_err(|panic| format!("the network broke down: {panic}"))?
        .map_err(|error: ModelError| error.to_string())?;
    if assessed.len() == batch.len() {
        Ok(assessed)
    } else {
        Err(wrong_count(assessed.len(), batch.len()))
    }
}

fn scored(model: &dyn DescribingModel, descriptor: Vec<f32>) -> Result<Seen, ModelError> {
    let score = model.score_described(&descriptor)?;
    Ok(Seen {
        assessment: Assessment { score, scene: None },
        descriptor: Some(descriptor),
    })
}

fn wrong_count(scores: usize, photos: usize) -> String {
    format!("the network gave {scores} scores for {photos} photos")
}
