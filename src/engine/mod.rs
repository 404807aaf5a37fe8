//! The pipeline that window and command line share: scan, decode, batch,
//! score, report.
//!
//! A [`Job`] runs on its own threads and speaks through one bounded channel of
//! [`Event`]s; whoever started it reads them and can cancel. Scores are the
//! same whoever asks, whatever the batch size and the number of threads.

pub mod bench;
pub mod calibration;
mod crew;
pub mod data_sets;
mod decoder;
mod describe;
mod descriptors;
mod distorted;
pub mod download;
mod entries;
mod forms;
pub mod groups;
mod job;
mod known;
mod meter;
pub mod models;
mod pictures;
pub mod profiles;
mod ranking;
mod scan;
mod scorer;
mod shard;
mod shelf;
mod slots;
mod stream;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use image::RgbImage;

use crate::model::{Scene, Score};

pub use describe::{Described, classify, describe, describe_knowing, inputs};
pub use descriptors::{Description, Descriptors, descriptors_on_disk, pictures_on_disk};
pub use distorted::{DISTORTED_SIDE, Distorted, STEPS, Series, pristine, score_distorted};
pub use entries::{Choice, Entry, entries, small_jpegs};
pub use forms::{Form, FormPixels, Forms, describe_forms};
pub use job::{start, start_knowing};
pub use known::{Fresh, Known, Memory, PIPELINE, Recall, Seen};
pub use pictures::Pictures;
pub use ranking::best_first;
pub use scan::photos_of;
pub use shard::{Shard, ShardError};
pub use stream::start_stream;

/// What is to be scored, and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// Files and folders, as given by the user.
    pub paths: Vec<PathBuf>,
    /// Whether folders are entered to any depth.
    pub recursive: bool,
    /// Longest side in pixels of the thumbnail that comes with each result;
    /// `None` for no thumbnails.
    pub thumbnail: Option<u32>,
}

/// What a job reports, in this order: `Scanned` once, then `Photo` and
/// `Progress` mixed, then `Finished` once.
#[derive(Debug)]
pub enum Event {
    /// The photos that will be scored, in path order.
    Scanned(Scan),
    /// One photo is done. They come in the order in which they finish.
    Photo(PhotoResult),
    /// How far the job is; at most ten times a second.
    Progress(Progress),
    /// The last event.
    Finished(Summary),
}

/// What scanning the request's paths found.
#[derive(Debug, Clone, Default)]
pub struct Scan {
    /// The photos, each once, in path order.
    pub photos: Vec<PathBuf>,
    /// Files in scanned folders that are no photos (sidecars, hidden files, …).
    pub skipped: usize,
}

/// A finished photo.
#[derive(Debug)]
pub struct PhotoResult {
    /// Place in [`Scan::photos`].
    pub index: usize,
    /// The photo's file.
    pub path: PathBuf,
    /// Its score, or the reason why it has none.
    pub outcome: Result<Scored, String>,
}

/// A photo that has a score.
#[derive(Debug, Clone)]
pub struct Scored {
    /// The score.
    pub score: Score,
    /// What kind of scene it is, if [`Options::scenes`] asked and the model
    /// knows.
    pub scene: Option<Scene>,
    /// Width and height of the original in pixels, upright.
    pub size: (u32, u32),
    /// Small picture, if the request asked for one.
    pub thumbnail: Option<Arc<RgbImage>>,
}

/// How far a job is. A [`download`] counts bytes instead of photos.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Photos finished, failed ones included.
    pub done: usize,
    /// Photos in all; 0 while that is not known.
    pub total: usize,
    /// Photos that failed.
    pub failed: usize,
    /// Photos per second, over the last while.
    pub rate: f64,
    /// Estimated time left; `None` while it is not known.
    pub left: Option<Duration>,
}

/// How a job ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Photos with a score.
    pub scored: usize,
    /// Photos that failed.
    pub failed: usize,
    /// Of the scored ones, those whose score was known before.
    pub known: usize,
    /// Whether the job was cancelled before it was through.
    pub cancelled: bool,
    /// The most decoded photos that were alive at once; never more than
    /// [`Options::decoded`]. Of a stream, in one of its parts.
    pub peak_decoded: usize,
    /// Files that gave no answer, each of which still holds a thread.
    pub left_behind: usize,
    /// Where the time went.
    pub timings: Timings,
}

/// Where a job's time went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// From start to end.
    pub wall: Duration,
    /// Decoding of photos that could be decoded, summed over threads.
    pub decode: Duration,
    /// Resizing for the network and for thumbnails, summed over threads.
    pub resize: Duration,
    /// In the network.
    pub inference: Duration,
}

/// Tells a job to stop. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks the job to stop as soon as it can.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// How a job uses the machine, and what it asks besides the score. No option
/// changes a score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Photos the network sees at once.
    pub batch: usize,
    /// Decoding threads.
    pub decoders: usize,
    /// Decoded photos alive at any time, at most: those being decoded, in full,
    /// and those waiting for the network, in the size of its input. Those that
    /// `patience` gave up come on top, sixteen of them at most.
    pub decoded: usize,
    /// How long one file may take before the job goes on without it, whatever
    /// holds it up. Longer than decoding may take: see
    /// [`Limits::time`](crate::imaging::Limits).
    pub patience: Duration,
    /// Whether the model is also asked what the photos show, which takes some
    /// models longer.
    pub scenes: bool,
}

/// More threads than this decode no faster, but each may hold a large photo.
const MOST_DECODERS: usize = 16;

impl Default for Options {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let decoders = cores.min(MOST_DECODERS);
        let batch = 8;
        Self {
            batch,
            decoders,
            // One batch at the network, one that fills, and what is decoded.
            decoded: 2 * batch + decoders,
            patience: Duration::from_secs(60),
            scenes: false,
        }
    }
}

/// A running job. Dropping it cancels it.
#[derive(Debug)]
pub struct Job {
    /// What the job reports; the channel is bounded, so a reader that stops
    /// reading stops the job.
    pub events: crossbeam_channel::Receiver<Event>,
    /// Stops the job.
    pub cancel: Cancel,
}

impl Drop for Job {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
