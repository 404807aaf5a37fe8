//! What is known about a CLIP network, and whether its file is whole.

use std::path::Path;

use super::config::Config;
use super::names;
use super::weights::Weights;
use crate::model::file::Identity;
use crate::model::{ModelError, ModelInfo};

/// What a file of Keepers' own says about itself, or what can be told of any
/// other from its name and its weights.
///
/// # Errors
/// [`ModelError::Weights`] when its metadata cannot be read,
/// [`ModelError::Network`] when a tensor cannot be.
pub fn info(weights: &Weights) -> Result<ModelInfo, ModelError> {
    if let Some(metadata) = weights.metadata()? {
        return Ok(metadata.info);
    }
    let name = Path::new(weights.label()).file_stem().map_or_else(
        || weights.label().to_owned(),
        |stem| stem.to_string_lossy().into_owned(),
    );
    Ok(ModelInfo {
        name,
        identity: identity(weights)?,
        backbone: weights.config().backbone(),
        licence: "unknown".to_owned(),
        training_data: training(weights.config()).to_owned(),
        date: "unknown".to_owned(),
    })
}

/// How such a network came to tell quality, which is what its scores mean.
pub(super) fn training(config: &Config) -> &'static str {
    match (config.visual_prompts, config.text_prompts) {
        (None, None) => "zero-shot: never fitted to opinions on quality",
        _ => "GRMP-IQA prompts, fitted to data that the file does not name",
    }
}

/// The identity of weights, the same under whatever names they lie.
///
/// # Errors
/// [`ModelError::Network`] when a tensor cannot be read.
pub(super) fn identity(weights: &Weights) -> Result<String, ModelError> {
    let mut identity = Identity::default();
    for name in weights.names() {
        identity.add(name, &weights.stored(name)?)?;
    }
    Ok(identity.finish())
}

/// Checks every value of the weights, and that they are those which the file's
/// identity stands for.
///
/// # Errors
/// [`ModelError::Weights`] when they are not, or a value is no finite number.
pub fn verify(weights: &Weights) -> Result<ModelInfo, ModelError> {
    let info = info(weights)?;
    let actual = identity(weights)?;
    if actual != info.identity {
        return Err(ModelError::Weights {
            weights: weights.label().to_owned(),
            reason: format!(
                "is damaged: its weights are {actual}, it says {}",
                info.identity
            ),
        });
    }
    for name in weights.names() {
        weights.get(name)?;
    }
    Ok(info)
}

/// Whether any of a file's tensors has a name from a CLIP network.
pub fn is_clip<'a>(mut names: impl Iterator<Item = &'a str>) -> bool {
    names.any(|name| names::translate(name).is_some())
}
