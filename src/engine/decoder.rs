//! The decoding threads of a job: from a path to the pixels the network sees.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use image::RgbImage;

use super::Scored;
use super::crew::Station;
use super::job::{Outcome, Work};
use super::known::{self, Recall};
use super::slots::Slot;
use crate::catalog::{ContentHash, FileState, Stamp, StoredScore};
use crate::guard::guarded;
use crate::imaging::{Decoded, Limits, Want, decode, model_input, thumbnail};

/// How much larger than the network's input a photo is decoded at least. The
/// rest of the way down is one antialiased resize, so that a decoder's own
/// coarse scaling leaves the score alone. It does not depend on the thumbnail:
/// with and without one the score has to be the same.
const OVERSAMPLING: u32 = 2;

/// A photo on its way to the network.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) index: usize,
    /// The network's square input.
    pub(super) pixels: RgbImage,
    pub(super) size: (u32, u32),
    pub(super) thumbnail: Option<Arc<RgbImage>>,
    /// The state of the file that was decoded, where it is to be remembered.
    pub(super) state: Option<FileState>,
    /// Given back when the photo is scored.
    pub(super) _slot: Slot,
}

/// Decodes the job's photos one after the other until none is left, or this
/// thread is left behind.
pub(super) fn run(work: &Work, station: &Station) {
    while let Some(slot) = work.slots.acquire(&work.cancel) {
        let Some((index, photo)) = work.next() else {
            return;
        };
        station.begin(index, slot);
        let prepared = match &photo.problem {
            Some(problem) => Err(problem.clone()),
            None => guarded(|| prepare(work, index, &photo.path))
                .unwrap_or_else(|panic| Err(format!("the decoder broke down: {panic}"))),
        };
        let Some((post, slot)) = station.end() else {
            return;
        };
        let delivered = match prepared {
            Ok(Prepared::Decoded {
                pixels,
                size,
                thumbnail,
                state,
            }) => post
                .ready
                .send(Ready {
                    index,
                    pixels,
                    size,
                    thumbnail,
                    state,
                    _slot: slot,
                })
                .is_ok(),
            Ok(Prepared::Known {
                scored,
                state,
                known,
            }) => post
                .outcomes
                .send(Outcome {
                    index,
                    result: Ok(scored),
                    descriptor: None,
                    state,
                    known,
                })
                .is_ok(),
            Err(reason) => post.outcomes.send(Outcome::failed(index, reason)).is_ok(),
        };
        if !delivered {
            return;
        }
    }
}

/// The network's input of one photo, as [`run`] makes it.
pub(super) fn network_input(path: &Path, side: u32) -> Result<Vec<u8>, String> {
    Ok(sized_input(path, side)?.0)
}

/// As [`network_input`], with the original's width and height.
pub(super) fn sized_input(path: &Path, side: u32) -> Result<(Vec<u8>, (u32, u32)), String> {
    let decoded = whole(path, wanted(side))?;
    let size = (decoded.original_width, decoded.original_height);
    Ok((model_input(&decoded.image, side).into_raw(), size))
}

/// A photo's upright pixels, or the reason why there are none.
pub(super) fn decoded(path: &Path, want: Want) -> Result<RgbImage, String> {
    Ok(whole(path, want)?.image)
}

fn whole(path: &Path, want: Want) -> Result<Decoded, String> {
    guarded(|| {
        let decoded = decode(path, want, &Limits::default());
        decoded.map_err(|e| one_line(&e.reason.to_string()))
    })
    .unwrap_or_else(|panic| Err(format!("the decoder broke down: {panic}")))
}

/// What is asked of the decoder for a network input of this side.
fn wanted(side: u32) -> Want {
    Want::AtLeast(side.saturating_mul(OVERSAMPLING))
}

/// A photo that is ready for the network, or needs it not.
enum Prepared {
    Decoded {
        pixels: RgbImage,
        size: (u32, u32),
        thumbnail: Option<Arc<RgbImage>>,
        state: Option<FileState>,
    },
    Known {
        scored: Scored,
        state: Option<FileState>,
        /// Whether its score was, and not only what it is scored by.
        known: bool,
    },
}

fn prepare(work: &Work, index: usize, path: &Path) -> Result<Prepared, String> {
    // Before it is decoded: a change meanwhile must not get this score.
    let before = work.known.as_ref().and_then(|_| Stamp::of(path).ok());
    let (mut state, mut known, mut content) = (None, None, None);
    match (work.recalled(index), &work.known) {
        (Recall::Known { score, content: of }, _) => (known, content) = (Some(score), Some(of)),
        (Recall::Maybe, Some(memory)) => {
            state = known::state_since(path, before);
            known = state.and_then(|state| memory.recall_content(&state));
            content = state.map(|state| state.content);
        }
        (Recall::Seen(seen), Some(_)) if before == Some(seen.stamp) => {
            state = Some(seen);
            content = Some(seen.content);
        }
        (Recall::Unknown | Recall::Seen(_), Some(_)) => state = known::state_before(path, before),
        _ => {}
    }
    let was_known = known.is_some();
    known = known.or_else(|| described(work, content?));
    if let Some(StoredScore { score, size }) = known {
        let kept = work.thumbnail.map(|longest| kept(work, content, longest));
        // Where no thumbnail is wanted, or the one that is was kept.
        if let Some(thumbnail) = kept.map_or(Some(None), |kept| kept.map(Some)) {
            let scored = Scored {
                scene: None,
                score,
                size,
                thumbnail,
            };
            return Ok(Prepared::Known {
                scored,
                state,
                known: was_known,
            });
        }
    }
    let start = Instant::now();
    // The path travels beside the reason, so the reason alone is kept.
    let decoded = decode(path, wanted(work.side), &Limits::default())
        .map_err(|e| one_line(&e.reason.to_string()))?;
    work.clock.decode.add(start.elapsed());

    let start = Instant::now();
    let small = |longest| Arc::new(thumbnail(&decoded.image, longest));
    if let Some(StoredScore { score, size }) = known {
        let thumbnail = work.thumbnail.map(small);
        work.clock.resize.add(start.elapsed());
        if let (Some(content), Ok(now)) = (content, Stamp::of(path))
            && before == Some(now)
        {
            keep(work, content, thumbnail.as_deref());
        }
        let scored = Scored {
            scene: None,
            score,
            size,
            thumbnail,
        };
        return Ok(Prepared::Known {
            scored,
            state,
            known: was_known,
        });
    }
    let pixels = model_input(&decoded.image, work.side);
    let thumbnail = work.thumbnail.map(small);
    work.clock.resize.add(start.elapsed());
    // What was just read is quick to read again.
    let state = known::state_after(path, before, state);
    if let Some(state) = state {
        keep(work, state.content, thumbnail.as_deref());
    }
    Ok(Prepared::Decoded {
        pixels,
        size: (decoded.original_width, decoded.original_height),
        thumbnail,
        state,
    })
}

/// The score of a photo's content by what the backbone made of it earlier.
fn described(work: &Work, content: ContentHash) -> Option<StoredScore> {
    // Models that tell scenes want to see the photo.
    let model = work.model.describing()?;
    let seen = work.known.as_ref()?.description(content)?;
    Some(StoredScore {
        score: model.score_described(&seen.descriptor).ok()?,
        size: seen.size,
    })
}

/// The thumbnail of a photo's content, where it was kept.
fn kept(work: &Work, content: Option<ContentHash>, longest: u32) -> Option<Arc<RgbImage>> {
    work.known
        .as_ref()?
        .picture(content?, longest)
        .map(Arc::new)
}

/// Keeps the thumbnail of a photo's content.
fn keep(work: &Work, content: ContentHash, thumbnail: Option<&RgbImage>) {
    if let (Some(memory), Some(longest), Some(thumbnail)) = (&work.known, work.thumbnail, thumbnail)
    {
        memory.keep_picture(content, longest, thumbnail);
    }
}

/// A decoder's words without the line breaks some of them end with.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
