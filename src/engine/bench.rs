//! How fast this machine is: decoding alone, a network alone, and both together,
//! measured one after the other so that what disturbs one disturbs all.

mod picture;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use tempfile::TempDir;

use super::decoder::network_input;
use super::{Cancel, Event, Options, Request, start};
use crate::guard::guarded;
use crate::imaging::{Limits, Want, decode};
use crate::model::QualityModel;

pub use picture::{HEIGHT, WIDTH};

/// The photos that are measured with.
#[derive(Debug)]
pub struct Photos {
    paths: Vec<PathBuf>,
    /// Of one photo on average, in millions of pixels.
    pub megapixels: f64,
    /// Of one photo's file on average.
    pub bytes: f64,
    /// Whether they were made for this.
    pub made: bool,
    /// Holds those that were made; gone with them.
    _folder: Option<TempDir>,
}

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// The photos to measure with cannot be made.
    #[error("photos to measure with cannot be made: {0}")]
    Photos(#[from] io::Error),
    /// None of the user's photos can be decoded.
    #[error("there is no photo among them that can be decoded")]
    NoPhotos,
    /// The network fails.
    #[error("the network fails: {0}")]
    Network(String),
    /// A photo was decoded before and cannot be scored.
    #[error("{}: cannot be scored: {reason}", path.display())]
    Photo {
        /// The photo.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It was cancelled.
    #[error("it was cancelled")]
    Cancelled,
}

impl Photos {
    /// Makes one JPEG of 24 megapixels, with the detail of a camera's, under `count`
    /// names.
    ///
    /// # Errors
    /// [`BenchError::Photos`] when there is no room for it.
    pub fn make(count: usize) -> Result<Self, BenchError> {
        let folder = tempfile::tempdir()?;
        let paths: Vec<PathBuf> = (0..count.max(1))
            .map(|n| folder.path().join(format!("{n:04}.jpg")))
            .collect();
        let content = picture::jpeg(WIDTH, HEIGHT)?;
        if let [first, others @ ..] = paths.as_slice() {
            std::fs::write(first, &content)?;
            for other in others {
                // Where the folder's file system knows no links.
                std::fs::hard_link(first, other)
                    .or_else(|_| std::fs::copy(first, other).map(|_| ()))?;
            }
        }
        Ok(Self {
            paths,
            megapixels: f64::from(WIDTH) * f64::from(HEIGHT) / 1e6,
            bytes: content.len() as f64,
            made: true,
            _folder: Some(folder),
        })
    }

    /// Takes those of the user's photos that can be decoded, `count` of them at most,
    /// evenly chosen. Looking at them also brings them into the system's cache.
    ///
    /// # Errors
    /// [`BenchError::NoPhotos`] when there are none.
    pub fn of(photos: &[PathBuf], count: usize) -> Result<Self, BenchError> {
        let count = count.clamp(1, photos.len().max(1));
        let chosen: Vec<&PathBuf> = (0..count)
            .filter_map(|n| photos.get(n * photos.len() / count))
            .collect();
        let looked: Vec<(PathBuf, f64, f64)> = chosen
            .par_iter()
            .with_max_len(1)
            .filter_map(|path| {
                let decoded = decode(path, Want::AtLeast(1), &Limits::default()).ok()?;
                let bytes = std::fs::metadata(path).ok()?.len();
                let pixels = f64::from(decoded.original_width) * f64::from(decoded.original_height);
                Some((path.to_path_buf(), pixels, bytes as f64))
            })
            .collect();
        if looked.is_empty() {
            return Err(BenchError::NoPhotos);
        }
        let mean = |of: fn(&(PathBuf, f64, f64)) -> f64| {
            looked.iter().map(of).sum::<f64>() / looked.len() as f64
        };
        Ok(Self {
            megapixels: mean(|photo| photo.1) / 1e6,
            bytes: mean(|photo| photo.2),
            made: false,
            _folder: None,
            paths: looked.into_iter().map(|(path, ..)| path).collect(),
        })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.paths.len()
    }
}

/// How many photos to measure with where nobody says: enough that the beginning and
/// the end of a run do not count.
pub fn usual_count(quick: bool) -> usize {
    let cores = Options::default().decoders;
    match quick {
        true => (2 * cores).max(8),
        false => (8 * cores).max(32),
    }
}

/// What was measured with one network on one device, in photos per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Decoding and resizing for this network alone, on all cores.
    pub decode: f64,
    /// The network alone.
    pub network: f64,
    /// From file to score.
    pub pipeline: f64,
    /// What [`Rates::pipeline`] cannot exceed: where the network runs on the cores that
    /// decode, their times add up, otherwise the slower one decides.
    pub ceiling: f64,
}

impl Rates {
    fn new(decode: f64, network: f64, pipeline: f64, shared: bool) -> Self {
        let ceiling = match shared {
            true => 1.0 / (1.0 / decode + 1.0 / network),
            false => decode.min(network),
        };
        Self {
            decode,
            network,
            pipeline,
            ceiling,
        }
    }

    /// How much of the ceiling the pipeline reaches, from 0 on. A little over 1 is
    /// chance.
    pub fn share(&self) -> f64 {
        self.pipeline / self.ceiling
    }
}

/// Measures a network: `rounds` times decoding, network, and both together. Returned
/// is the round whose share of the ceiling is the median, so that its rates belong
/// together. `shared` says whether the network runs on the cores that decode.
///
/// # Errors
/// [`BenchError`] when a photo or the network fails, or it was cancelled.
pub fn measure(
    photos: &Photos,
    model: &Arc<dyn QualityModel>,
    shared: bool,
    rounds: usize,
    cancel: &Cancel,
) -> Result<Rates, BenchError> {
    let options = Options::default();
    let side = model.input_side();
    let inputs: Vec<Vec<u8>> = photos
        .paths
        .iter()
        .take(options.batch)
        .map(|path| input(path, side))
        .collect::<Result<_, _>>()?;
    // Once for nothing: memory is taken, and a device compiles.
    score(model, &inputs)?;
    let mut measured = Vec::with_capacity(rounds);
    for _ in 0..rounds.max(1) {
        let decode = decoding(photos, side, cancel)?;
        let network = network(photos.count(), model, &inputs, cancel)?;
        let pipeline = pipeline(photos, model, &options, cancel)?;
        let rate = |time: Duration| photos.count() as f64 / time.as_secs_f64().max(1e-9);
        measured.push(Rates::new(
            rate(decode),
            rate(network),
            rate(pipeline),
            shared,
        ));
    }
    measured.sort_by(|a, b| a.share().total_cmp(&b.share()));
    let median = measured.get(measured.len() / 2).copied();
    median.ok_or(BenchError::NoPhotos)
}

fn input(path: &Path, side: u32) -> Result<Vec<u8>, BenchError> {
    network_input(path, side).map_err(|reason| BenchError::Photo {
        path: path.to_owned(),
        reason,
    })
}

/// The time it takes to make the network's input of every photo, on all cores.
fn decoding(photos: &Photos, side: u32, cancel: &Cancel) -> Result<Duration, BenchError> {
    let start = Instant::now();
    photos
        .paths
        .par_iter()
        .with_max_len(1)
        .try_for_each(|path| {
            if cancel.is_cancelled() {
                return Err(BenchError::Cancelled);
            }
            input(path, side).map(drop)
        })?;
    Ok(start.elapsed())
}

/// The time it takes the network to score so many photos, in the pipeline's batches.
fn network(
    count: usize,
    model: &Arc<dyn QualityModel>,
    inputs: &[Vec<u8>],
    cancel: &Cancel,
) -> Result<Duration, BenchError> {
    let start = Instant::now();
    let mut left = count;
    while left > 0 {
        if cancel.is_cancelled() {
            return Err(BenchError::Cancelled);
        }
        let batch = inputs.get(..left).unwrap_or(inputs);
        score(model, batch)?;
        left -= batch.len().max(1);
    }
    Ok(start.elapsed())
}

fn score(model: &Arc<dyn QualityModel>, inputs: &[Vec<u8>]) -> Result<(), BenchError> {
    let batch: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    let scores = guarded(|| model.score(&batch)).map_err(BenchError::Network)?;
    scores.map_err(|error| BenchError::Network(error.to_string()))?;
    Ok(())
}

/// The time it takes to score every photo as `keepers score` does, without a memory.
fn pipeline(
    photos: &Photos,
    model: &Arc<dyn QualityModel>,
    options: &Options,
    cancel: &Cancel,
) -> Result<Duration, BenchError> {
    let request = Request {
        paths: photos.paths.clone(),
        recursive: false,
        thumbnail: None,
    };
    let job = start(request, Arc::clone(model), options.clone());
    for event in &job.events {
        match event {
            Event::Photo(photo) => {
                photo.outcome.map_err(|reason| BenchError::Photo {
                    path: photo.path,
                    reason,
                })?;
            }
            Event::Finished(summary) => return Ok(summary.timings.wall),
            Event::Scanned(_) | Event::Progress(_) => {}
        }
        if cancel.is_cancelled() {
            return Err(BenchError::Cancelled);
        }
    }
    Err(BenchError::Cancelled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_adds_times_where_cores_are_shared() {
        let shared = Rates::new(10.0, 30.0, 6.0, true);
        assert!((shared.ceiling - 7.5).abs() < 1e-9);
        assert!((shared.share() - 0.8).abs() < 1e-9);
        let apart = Rates::new(10.0, 30.0, 6.0, false);
        assert!((apart.ceiling - 10.0).abs() < 1e-9);
    }

    #[test]
    fn photos_that_cannot_be_decoded_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = (0..6)
            .map(|n| folder.path().join(format!("{n}.png")))
            .collect();
        for (n, path) in paths.iter().enumerate() {
            match n % 2 {
                0 => image::RgbImage::new(20, 10).save(path).unwrap(),
                _ => std::fs::write(path, b"no photo").unwrap(),
            }
        }
        let photos = Photos::of(&paths, 100).unwrap();
        assert_eq!(photos.count(), 3);
        assert!((photos.megapixels - 0.0002).abs() < 1e-12);
        assert!(Photos::of(&paths, 2).is_ok());
        assert!(matches!(Photos::of(&[], 2), Err(BenchError::NoPhotos)));
    }
}
