//! What is known of photos from earlier jobs: asked before anything is
//! decoded, told what was scored.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use image::RgbImage;

use super::descriptors::{Description, Descriptors};
use super::pictures::Pictures;
use crate::catalog::{self, Catalog, CatalogError, ContentHash, FileState, ModelKey, StoredScore};

/// Version of the way from a file to the network's input, raised whenever
/// decoding or resizing changes scores: those of another version are not used.
pub const PIPELINE: u32 = 1;

/// Scored photos that are told together.
const BATCH: usize = 256;

/// How long a scored photo waits to be told with others. So much work is lost
/// when the program is killed.
const LINGER: Duration = Duration::from_millis(500);

/// What is known of a photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Recall {
    /// It was scored before, and is as it was then.
    Known {
        /// Its score and size.
        score: StoredScore,
        /// Its content.
        content: ContentHash,
    },
    /// It has no score, but its content is known.
    Seen(FileState),
    /// Whether it was scored before depends on its content.
    Maybe,
    /// It has to be scored.
    Unknown,
}

/// A photo with its score, to be known from now on.
#[derive(Debug, Clone)]
pub struct Fresh {
    /// Its file.
    pub path: PathBuf,
    /// The state of the file that was scored.
    pub state: FileState,
    /// Its score and size.
    pub score: StoredScore,
    /// What the network's backbone made of it, where that was computed now.
    pub descriptor: Option<Vec<f32>>,
}

/// A memory of scored photos. It never fails a job: where it cannot answer, the
/// photo is unknown.
pub trait Known: std::fmt::Debug + Send + Sync {
    /// What is known of each photo, without reading any.
    fn recall(&self, photos: &[PathBuf]) -> Vec<Recall>;

    /// The score of a photo's content.
    fn recall_content(&self, state: &FileState) -> Option<StoredScore>;

    /// Takes note of scored photos.
    fn remember(&self, photos: &[Fresh]);

    /// What a backbone made of a photo's content, where that was kept.
    fn description(&self, _content: ContentHash) -> Option<Description> {
        None
    }

    /// Whether descriptors are wanted with scored photos.
    fn wants_descriptors(&self) -> bool {
        false
    }

    /// The small picture of a photo's content whose longest side is `longest`
    /// pixels, where it was kept.
    fn picture(&self, _content: ContentHash, _longest: u32) -> Option<RgbImage> {
        None
    }

    /// Keeps a small picture, or not.
    fn keep_picture(&self, _content: ContentHash, _longest: u32, _picture: &RgbImage) {}
}

/// The catalog as an engine's memory, for one model.
#[derive(Debug)]
pub struct Memory {
    /// `None` once it has failed.
    catalog: Mutex<Option<Catalog>>,
    identity: String,
    /// Identity of the taste profile, if there is one.
    profile: Option<String>,
    trouble: Mutex<Option<CatalogError>>,
    pictures: Option<Pictures>,
    descriptors: Option<Descriptors>,
}

impl Memory {
    /// A memory of what the model with this identity scored.
    pub fn new(catalog: Catalog, identity: &str) -> Self {
        Self {
            catalog: Mutex::new(Some(catalog)),
            identity: identity.to_owned(),
            profile: None,
            trouble: Mutex::new(None),
            pictures: None,
            descriptors: None,
        }
    }

    /// The same memory, which also has small pictures.
    #[must_use]
    pub fn with_pictures(self, pictures: Pictures) -> Self {
        Self {
            pictures: Some(pictures),
            ..self
        }
    }

    /// The same memory, which also has descriptors by the model's backbone.
    #[must_use]
    pub fn with_descriptors(self, descriptors: Option<Descriptors>) -> Self {
        Self {
            descriptors,
            ..self
        }
    }

    /// The same, of what it scored with the profile of this identity.
    #[must_use]
    pub fn with_profile(mut self, profile: Option<String>) -> Self {
        self.profile = profile;
        self
    }

    /// Why the catalog was not used to the end, if it was not; told once.
    pub fn trouble(&self) -> Option<CatalogError> {
        lock(&self.trouble).take()
    }

    /// Asks the catalog; the first failure is the last question.
    fn ask<T>(
        &self,
        question: impl FnOnce(&mut Catalog, &ModelKey<'_>) -> Result<T, CatalogError>,
    ) -> Option<T> {
        let key = ModelKey {
            identity: &self.identity,
            profile: self.profile.as_deref(),
            pipeline: PIPELINE,
        };
        let mut catalog = lock(&self.catalog);
        match question(catalog.as_mut()?, &key) {
            Ok(answer) => Some(answer),
            Err(error) => {
                *catalog = None;
                *lock(&self.trouble) = Some(error);
                None
            }
        }
    }
}

impl Known for Memory {
    fn recall(&self, photos: &[PathBuf]) -> Vec<Recall> {
        let known = self.ask(|catalog, key| catalog.look_up(photos, key));
        match known {
            Some(known) => known
                .into_iter()
                .map(|known| match known {
                    catalog::Known::Current {
                        score: Some(score),
                        state,
                        ..
                    } => Recall::Known {
                        score,
                        content: state.content,
                    },
                    catalog::Known::Current { state, .. } => Recall::Seen(state),
                    catalog::Known::Maybe => Recall::Maybe,
                    // It may have been described; its content, which will be
                    // read anyway, tells.
                    catalog::Known::Unknown if self.descriptors.is_some() => Recall::Maybe,
                    catalog::Known::Unknown => Recall::Unknown,
                })
                .collect(),
            None => vec![Recall::Unknown; photos.len()],
        }
    }

    fn recall_content(&self, state: &FileState) -> Option<StoredScore> {
        self.ask(|catalog, key| catalog.score_of(state.content, key))?
    }

    fn remember(&self, photos: &[Fresh]) {
        keep_descriptors(self.descriptors.as_ref(), photos);
        let photos: Vec<catalog::Scored<'_>> = photos
            .iter()
            .map(|photo| catalog::Scored {
                path: &photo.path,
                state: photo.state,
                score: photo.score,
            })
            .collect();
        self.ask(|catalog, key| catalog.record(&photos, key));
    }

    fn description(&self, content: ContentHash) -> Option<Description> {
        self.descriptors.as_ref()?.get(content)
    }

    fn wants_descriptors(&self) -> bool {
        self.descriptors.is_some()
    }

    fn picture(&self, content: ContentHash, longest: u32) -> Option<RgbImage> {
        self.pictures.as_ref()?.get(content, longest)
    }

    fn keep_picture(&self, content: ContentHash, longest: u32, picture: &RgbImage) {
        if let Some(pictures) = &self.pictures {
            pictures.keep(content, longest, picture);
        }
    }
}

/// A memory of descriptors alone. What it is told of scores it forgets; a
/// catalog, where there is one, only tells it photos' content without reading
/// them.
#[derive(Debug)]
pub struct Seen {
    descriptors: Descriptors,
    catalog: Option<Mutex<Catalog>>,
}

impl Seen {
    /// A memory of these descriptors.
    pub fn new(descriptors: Descriptors, catalog: Option<Catalog>) -> Self {
        Self {
            descriptors,
            catalog: catalog.map(Mutex::new),
        }
    }
}

impl Known for Seen {
    fn recall(&self, photos: &[PathBuf]) -> Vec<Recall> {
        let states = self.catalog.as_ref().map(|catalog| {
            lock(catalog).states(photos).unwrap_or_else(|error| {
                tracing::debug!("{error}; photos are read instead");
                Vec::new()
            })
        });
        let states = states.unwrap_or_default();
        let state = |i: usize| states.get(i).copied().flatten();
        (0..photos.len())
            .map(|i| state(i).map_or(Recall::Maybe, Recall::Seen))
            .collect()
    }

    fn recall_content(&self, _state: &FileState) -> Option<StoredScore> {
        None
    }

    fn remember(&self, photos: &[Fresh]) {
        keep_descriptors(Some(&self.descriptors), photos);
    }

    fn description(&self, content: ContentHash) -> Option<Description> {
        self.descriptors.get(content)
    }

    fn wants_descriptors(&self) -> bool {
        true
    }
}

fn keep_descriptors(descriptors: Option<&Descriptors>, photos: &[Fresh]) {
    let Some(descriptors) = descriptors else {
        return;
    };
    for photo in photos {
        if let Some(descriptor) = &photo.descriptor {
            let seen = Description {
                size: photo.score.size,
                descriptor: descriptor.clone(),
            };
            descriptors.keep(photo.state.content, &seen);
        }
    }
}

/// A question that panicked leaves nothing half done: it was a transaction.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells `known` what comes, in batches, until nothing comes any more.
pub(super) fn tell(known: &dyn Known, fresh: &Receiver<Fresh>) {
    while let Ok(first) = fresh.recv() {
        let deadline = std::time::Instant::now() + LINGER;
        let mut batch = vec![first];
        while batch.len() < BATCH {
            match fresh.recv_deadline(deadline) {
                Ok(photo) => batch.push(photo),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        known.remember(&batch);
    }
}

/// Reads the state of a photo's file before it is decoded, where only its
/// content can tell later whether it was changed meanwhile: its stamp is too
/// young.
pub(super) fn state_before(path: &Path, before: Option<catalog::Stamp>) -> Option<FileState> {
    let young = before.is_some_and(|stamp| !stamp.is_settled());
    young.then(|| state_since(path, before)).flatten()
}

/// The state that a score belongs to: what the file was when it had the stamp
/// `before`, and still is now that it was decoded. `early` is its state as it was
/// read before decoding, if it was.
pub(super) fn state_after(
    path: &Path,
    before: Option<catalog::Stamp>,
    early: Option<FileState>,
) -> Option<FileState> {
    match early {
        Some(early) if early.settled => {
            let now = catalog::Stamp::of(path).ok();
            (now == before).then_some(early)
        }
        early => state_since(path, before)
            .filter(|late| early.is_none_or(|early| early.content == late.content)),
    }
}

/// The state of a photo's file that a score belongs to, where it can be told:
/// `None` for a file that changes meanwhile.
pub(super) fn state_since(path: &Path, before: Option<catalog::Stamp>) -> Option<FileState> {
    match FileState::since(path, before?) {
        Ok(state) => Some(state),
        Err(error) => {
            tracing::debug!("{}: is not remembered: {error}", path.display());
            None
        }
    }
}
