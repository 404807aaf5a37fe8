//! Networks, their weights and the devices they run on.
//!
//! This room knows tensors. It knows no files of photos (pixels arrive as
//! bytes, see [`QualityModel::score`]) and no user interface.

mod checkpoint;
pub mod clip;
pub mod compact;
pub mod device;
pub mod efficientnet;
mod error;
mod file;
mod kernels;
mod mapped;
mod open;
mod pool;
mod scene;
mod score;
pub mod simd;

pub use error::ModelError;
pub use file::Metadata;
pub use open::{import, info, load, verify};
pub use scene::Scene;
pub use score::{Interval, Score};

use std::sync::Arc;

/// Name of the model that is built into the program.
pub const DEFAULT_MODEL: &str = "keepers-compact";

/// The model that is built into the program.
///
/// # Errors
/// [`ModelError::Weights`] when the program itself is damaged.
pub fn embedded() -> Result<Arc<dyn QualityModel>, ModelError> {
    Ok(Arc::new(compact::CompactModel::embedded()?))
}

/// What is known about a model besides its weights.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ModelInfo {
    /// Name a user types after `--model`.
    pub name: String,
    /// Identity of these very weights: a profile or a stored score made with
    /// another identity does not fit.
    pub identity: String,
    /// Backbone network, e.g. `efficientnet-lite2`.
    pub backbone: String,
    /// Licence of the weights, as an SPDX expression.
    pub licence: String,
    /// What the model was fitted on, in one line.
    pub training_data: String,
    /// Day the weights were made, `YYYY-MM-DD`.
    pub date: String,
}

/// A network that gives a photo a quality score.
pub trait QualityModel: Send + Sync {
    /// What is known about the model.
    fn info(&self) -> &ModelInfo;

    /// Side, in pixels, of the square input the network sees.
    fn input_side(&self) -> u32;

    /// Scores a batch of photos.
    ///
    /// Every item of `batch` is one photo resized to `input_side` x
    /// `input_side`: 8-bit sRGB, row-major, channels interleaved
    /// (`input_side² * 3` bytes). A photo's score does not depend on the
    /// other photos of its batch.
    ///
    /// # Errors
    /// [`ModelError::Input`] when an item has the wrong length;
    /// [`ModelError::Network`] when the network itself fails.
    fn score(&self, batch: &[&[u8]]) -> Result<Vec<Score>, ModelError>;

    /// Where the opinion of people lies for 8 in 10 photos that this model gives
    /// that score; `None` where that was not measured.
    fn interval(&self, _score: Score) -> Option<Interval> {
        None
    }

    /// The model as one that scores by a descriptor, if it is one.
    fn describing(&self) -> Option<&dyn DescribingModel> {
        None
    }

    /// Whether [`QualityModel::assess`] says what kind of scene a photo is.
    fn tells_scenes(&self) -> bool {
        false
    }

    /// Scores a batch of photos and says what is in them, as far as the model
    /// can tell. The scores are those of [`QualityModel::score`].
    ///
    /// # Errors
    /// As [`QualityModel::score`].
    fn assess(&self, batch: &[&[u8]]) -> Result<Vec<Assessment>, ModelError> {
        let scores = self.score(batch)?.into_iter();
        Ok(scores
            .map(|score| Assessment { score, scene: None })
            .collect())
    }
}

/// A model that scores a photo by what its backbone makes of it, so that a photo
/// needs the backbone only once, whoever's taste it is scored by.
pub trait DescribingModel: QualityModel {
    /// Names the backbone: models of one key give a photo the same descriptor to
    /// the last bit.
    fn backbone_key(&self) -> String;

    /// Descriptors [1120] of photos; see [`QualityModel::score`] for the batch.
    ///
    /// # Errors
    /// As [`QualityModel::score`].
    fn describe(&self, batch: &[&[u8]]) -> Result<Vec<Vec<f32>>, ModelError>;

    /// The score of a photo with this descriptor [1120], the one that
    /// [`QualityModel::score`] gives it.
    ///
    /// # Errors
    /// [`ModelError::NotFinite`] when the descriptor holds no finite numbers.
    fn score_described(&self, descriptor: &[f32]) -> Result<Score, ModelError>;

    /// The descriptor [1120] less the mean of typical photos, divided by their
    /// deviation, number by number.
    fn standardised(&self, descriptor: &[f32]) -> Vec<f32>;
}

/// What a model says about a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assessment {
    /// The photo's quality.
    pub score: Score,
    /// What kind of scene it is; `None` where the model does not know scenes.
    pub scene: Option<Scene>,
}
