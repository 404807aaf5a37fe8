//! What a model file of Keepers' own says about itself: one entry in a
//! safetensors file's metadata.

use std::collections::HashMap;

use candle_core::Tensor;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{ModelError, ModelInfo};

/// Version of the layout that this program writes, and the newest it reads.
const FORMAT_VERSION: u32 = 1;

/// The metadata entry that holds [`Metadata`] as JSON. It is one entry so that
/// the same model is always the same bytes.
const ENTRY: &str = "keepers";

/// A model file's metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Version of the file's layout.
    pub format_version: u32,
    /// What is known about the model.
    #[serde(flatten)]
    pub info: ModelInfo,
    /// Where a converted model came from: the file, or an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl Metadata {
    /// Metadata in the layout of this program.
    pub fn new(info: ModelInfo) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            info,
            source: None,
        }
    }

    /// The entries of the file's own metadata.
    ///
    /// # Errors
    /// [`ModelError::Weights`] when it cannot be written as JSON.
    pub(super) fn entries(&self) -> Result<HashMap<String, String>, ModelError> {
        let entry = serde_json::to_string(self).map_err(|e| ModelError::Weights {
            weights: self.info.name.clone(),
            reason: e.to_string(),
        })?;
        Ok(HashMap::from([(ENTRY.to_owned(), entry)]))
    }
}

/// The part of the metadata that every version has.
#[derive(Deserialize)]
struct Version {
    format_version: u32,
}

/// Reads a file's metadata out of its entries; `None` for a file that is not
/// of Keepers' own. `weights` names it in errors.
///
/// # Errors
/// [`ModelError::Weights`] when they make no sense, or are of a newer version.
pub(super) fn metadata(
    entries: &HashMap<String, String>,
    weights: &str,
) -> Result<Option<Metadata>, ModelError> {
    let Some(entry) = entries.get(ENTRY) else {
        return Ok(None);
    };
    let wrong = |reason: String| ModelError::Weights {
        weights: weights.to_owned(),
        reason,
    };
    let unreadable =
        |e: serde_json::Error| wrong(format!("its entry \"keepers\" cannot be read: {e}"));
    let version: Version = serde_json::from_str(entry).map_err(unreadable)?;
    if version.format_version > FORMAT_VERSION {
        return Err(wrong(format!(
            "was written by a newer Keepers (format {}; this one reads up to {FORMAT_VERSION})",
            version.format_version
        )));
    }
    serde_json::from_str(entry).map(Some).map_err(unreadable)
}

/// The identity of weights, given in the order of their names: the start of
/// the SHA-256 of their names, types, shapes and values.
///
/// # Errors
/// [`ModelError::Network`] when a tensor's values cannot be read.
pub fn identity<'a>(
    tensors: impl IntoIterator<Item = (&'a str, &'a Tensor)>,
) -> Result<String, ModelError> {
    let mut identity = Identity::default();
    for (name, tensor) in tensors {
        identity.add(name, tensor)?;
    }
    Ok(identity.finish())
}

/// An [`identity`] in the making.
#[derive(Default)]
pub(super) struct Identity(Sha256);

impl Identity {
    /// Adds a tensor; they come in the order of their names.
    ///
    /// # Errors
    /// [`ModelError::Network`] when its values cannot be read.
    pub(super) fn add(&mut self, name: &str, tensor: &Tensor) -> Result<(), ModelError> {
        let about = format!("{name} {:?} {:?}\n", tensor.dtype(), tensor.dims());
        self.0.update(about);
        let mut bytes = Vec::new();
        tensor.write_bytes(&mut bytes)?;
        self.0.update(&bytes);
        Ok(())
    }

    pub(super) fn finish(self) -> String {
        let hash = self.0.finalize();
        let start = hash.iter().take(8);
        start.map(|byte| format!("{byte:02x}")).collect()
    }
}
