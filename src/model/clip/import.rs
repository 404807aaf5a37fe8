//! Converting a network from wherever it comes from to one file of Keepers'
//! own, which says what it is.

use std::path::Path;

use candle_core::Tensor;

use super::about::{identity, training};
use super::weights::Weights;
use crate::model::file::Metadata;
use crate::model::{ModelError, ModelInfo};

/// What is said about a converted model that its weights do not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Name that the model gets.
    pub name: String,
    /// Licence of the weights, an SPDX expression, where it is known.
    pub licence: Option<String>,
    /// What its prompts were fitted to, where that is known.
    pub training_data: Option<String>,
    /// Where it came from: a file's name, or an address.
    pub source: Option<String>,
    /// Day the weights were made, `YYYY-MM-DD`, where it is known.
    pub date: Option<String>,
}

/// Writes weights to one safetensors file, under OpenAI's names and in the
/// types they are stored in, with what is known about them. The file appears
/// when it is whole.
///
/// # Errors
/// [`ModelError::Weights`] when a value is no finite number or a tensor cannot
/// be read, [`ModelError::Write`] when the file cannot be written.
pub fn import(weights: &Weights, origin: &Origin, to: &Path) -> Result<ModelInfo, ModelError> {
    let known = weights.metadata()?;
    let unknown = || "unknown".to_owned();
    let earlier = known.as_ref().map(|metadata| &metadata.info);
    let text =
        |given: &Option<String>, earlier: Option<&String>| given.clone().or(earlier.cloned());
    let info = ModelInfo {
        name: origin.name.clone(),
        identity: identity(weights)?,
        backbone: weights.config().backbone(),
        licence: text(&origin.licence, earlier.map(|info| &info.licence)).unwrap_or_else(unknown),
        training_data: text(
            &origin.training_data,
            earlier.map(|info| &info.training_data),
        )
        .unwrap_or_else(|| training(weights.config()).to_owned()),
        date: text(&origin.date, earlier.map(|info| &info.date)).unwrap_or_else(unknown),
    };
    let metadata = Metadata {
        source: origin
            .source
            .clone()
            .or(known.and_then(|known| known.source)),
        ..Metadata::new(info)
    };
    let tensors = weights
        .names()
        .map(|name| {
            // Says which tensor it is that holds no finite number.
            weights.get(name)?;
            Ok((name.to_owned(), weights.stored(name)?))
        })
        .collect::<Result<Vec<(String, Tensor)>, ModelError>>()?;
    safetensors::serialize_to_file(tensors, Some(metadata.entries()?), to).map_err(|error| {
        ModelError::Write {
            path: to.to_owned(),
            reason: error.to_string(),
        }
    })?;
    Ok(metadata.info)
}
