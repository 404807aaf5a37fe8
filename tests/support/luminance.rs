//! A stand-in for a network: deterministic, quick, and easy to reckon by hand.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use keepers::model::{ModelError, ModelInfo, QualityModel, Score};

/// Scores a photo by its mean brightness: black is 0, white is 100.
#[derive(Debug)]
pub struct Luminance {
    /// What it says about itself.
    pub info: ModelInfo,
    /// How long the "network" takes for a batch.
    pub pause: Duration,
    /// The sizes of the batches it was given are summed up here.
    pub photos: AtomicUsize,
    /// The largest batch it was given.
    pub largest: AtomicUsize,
    /// Photos whose first byte is this make it panic.
    pub panics_at: Option<u8>,
}

/// Side of its input in pixels.
pub const SIDE: u32 = 16;

impl Default for Luminance {
    fn default() -> Self {
        let text = |text: &str| text.to_owned();
        Self {
            info: ModelInfo {
                name: text("luminance"),
                identity: text("0000000000000000"),
                backbone: text("mean"),
                licence: text("MIT"),
                training_data: text("none"),
                date: text("2026-01-01"),
            },
            pause: Duration::ZERO,
            photos: AtomicUsize::new(0),
            largest: AtomicUsize::new(0),
            panics_at: None,
        }
    }
}

impl QualityModel for Luminance {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn input_side(&self) -> u32 {
        SIDE
    }

    fn score(&self, batch: &[&[u8]]) -> Result<Vec<Score>, ModelError> {
        std::thread::sleep(self.pause);
        self.photos.fetch_add(batch.len(), Ordering::SeqCst);
        self.largest.fetch_max(batch.len(), Ordering::SeqCst);
        batch
            .iter()
            .map(|pixels| {
                let expected = (SIDE * SIDE * 3) as usize;
                if pixels.len() != expected {
                    return Err(ModelError::Input {
                        expected,
                        actual: pixels.len(),
                    });
                }
                assert!(
                    self.panics_at != Some(pixels[0]),
                    "a photo that makes the network panic"
                );
                let sum: u64 = pixels.iter().map(|&byte| u64::from(byte)).sum();
                let mean = sum as f64 / (255.0 * expected as f64);
                Score::from_probability(mean).ok_or(ModelError::NotFinite)
            })
            .collect()
    }
}
