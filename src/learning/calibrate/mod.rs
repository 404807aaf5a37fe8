//! Calibration: bringing a model's scores closer to one person's eye with a few
//! of that person's ratings.
//!
//! For the compact model everything works on what the model knows of a photo
//! anyway ([`Photo`]), so that calibrating asks no network. [`taste`] is
//! what a user gets; [`qgr`] is the fine-tuning of Li et al., "Boosting CLIP
//! Adaptation for Image Quality Assessment via Meta-Prompt Learning and Gradient
//! Regularization" (arXiv 2409.05381), for comparison here and for CLIP networks.
//! [`check`] says whether a calibration is any better, and [`protocol`] measures
//! all of them on labelled photos.

pub mod check;
pub mod labels;
pub mod next;
pub mod profile;
pub mod protocol;
pub mod qgr;
pub mod taste;

use crate::model::ModelError;
use crate::model::compact::Head;

/// The fewest ratings that a calibration is made from.
pub const FEWEST: usize = 8;

/// Why there is no calibration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrateError {
    /// Too few photos have a label.
    #[error(
        "{count} rated photos are too few to learn a taste from: rate at least {FEWEST}, better two \
         dozen"
    )]
    TooFew {
        /// So many have one.
        count: usize,
    },
    /// The labels do not tell photos apart.
    #[error(
        "all {count} ratings are alike, so they do not say which photos are better: rate some you \
         like and some you do not"
    )]
    Alike {
        /// So many photos have one.
        count: usize,
    },
    /// A label or what is known of a photo is no finite number.
    #[error("a label or a descriptor is no finite number")]
    NotFinite,
    /// Choices between two photos that contradict each other too often.
    #[error(
        "{contradictions} of {pairs} choices contradict others (the same two photos the other way \
         round, or in a circle), so they say little: choose again where you are sure"
    )]
    Contradictory {
        /// Choices that any order of the photos goes against.
        contradictions: usize,
        /// Choices in all.
        pairs: usize,
    },
    /// A tensor operation failed.
    #[error("calibrating failed: {0}")]
    Tensor(#[from] candle_core::Error),
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The numbers ran away.
    #[error("calibrating did not converge")]
    Diverged,
    /// The caller asked to stop.
    #[error("calibrating was interrupted")]
    Interrupted,
}

/// What the compact model knows of a photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Photo {
    /// The standardised descriptor [1120].
    pub z: Vec<f32>,
    /// How far the uncalibrated model finds it "high" rather than "low
    /// quality": the logit of the score's probability.
    pub margin: f64,
}

impl Photo {
    /// What a head makes of a descriptor [1120].
    ///
    /// # Errors
    /// [`ModelError::NotFinite`] when the descriptor holds no finite numbers.
    pub fn new(head: &Head, descriptor: &[f32]) -> Result<Self, ModelError> {
        // A score of exactly 0 or 100 has no finite logit.
        let p = (head.score(descriptor)?.value() / 100.0).clamp(1e-9, 1.0 - 1e-9);
        Ok(Self {
            z: head.standardised(descriptor),
            margin: (p / (1.0 - p)).ln(),
        })
    }
}

/// Checks labels and scales them to [0, 1], the least 0 and the greatest 1.
///
/// # Errors
/// [`CalibrateError::TooFew`], [`CalibrateError::Alike`],
/// [`CalibrateError::NotFinite`].
pub fn scaled(labels: &[f64]) -> Result<Vec<f64>, CalibrateError> {
    if labels.len() < FEWEST {
        return Err(CalibrateError::TooFew {
            count: labels.len(),
        });
    }
    if labels.iter().any(|label| !label.is_finite()) {
        return Err(CalibrateError::NotFinite);
    }
    let least = labels.iter().copied().fold(f64::INFINITY, f64::min);
    let range = labels.iter().copied().fold(f64::NEG_INFINITY, f64::max) - least;
    if range <= 0.0 || !range.is_finite() {
        return Err(CalibrateError::Alike {
            count: labels.len(),
        });
    }
    Ok(labels.iter().map(|label| (label - least) / range).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_say_nothing_are_refused_plainly() {
        let few = scaled(&[1.0, 2.0, 3.0]).unwrap_err().to_string();
        assert!(few.contains("3 rated photos are too few"), "{few}");
        let alike = scaled(&[4.0; 9]).unwrap_err().to_string();
        assert!(alike.contains("all 9 ratings are alike"), "{alike}");
        assert!(matches!(
            scaled(&[1.0, 2.0, f64::NAN, 1.0, 2.0, 3.0, 4.0, 5.0]),
            Err(CalibrateError::NotFinite)
        ));
        let stars = scaled(&[1.0, 2.0, 3.0, 4.0, 5.0, 1.0, 2.0, 3.0]).unwrap();
        assert_eq!(&stars[..5], &[0.0, 0.25, 0.5, 0.75, 1.0]);
    }
}

/// Photos and labels made on the spot, for tests.
#[cfg(test)]
pub(crate) mod made {
    use super::Photo;
    use crate::learning::sample::Random;
    use crate::model::efficientnet::DESCRIPTOR;

    /// Photos whose descriptors vary in a dozen directions.
    pub(crate) fn photos(count: usize, seed: u64) -> Vec<Photo> {
        let mut random = Random::new(7);
        let directions: Vec<Vec<f64>> = (0..12)
            .map(|_| (0..DESCRIPTOR).map(|_| random.normal()).collect())
            .collect();
        let mut random = Random::new(seed);
        let photo = |_| {
            let along: Vec<f64> = directions.iter().map(|_| random.normal()).collect();
            let z = (0..DESCRIPTOR).map(|i| {
                let parts = directions.iter().zip(&along).map(|(d, a)| d[i] * a);
                (parts.sum::<f64>() / 3.5 + 0.1 * random.normal()) as f32
            });
            Photo {
                z: z.collect(),
                margin: along[0] + 0.5 * along[1],
            }
        };
        (0..count).map(photo).collect()
    }

    /// Labels that follow the margin, `taste` times a direction of the
    /// descriptor, and noise.
    pub(crate) fn labels(photos: &[Photo], taste: f64, noise: f64, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed);
        let label = |photo: &Photo| {
            let part = photo.z[..64].iter().map(|&z| f64::from(z)).sum::<f64>() / 8.0;
            photo.margin + taste * part + noise * random.normal()
        };
        photos.iter().map(label).collect()
    }
}
