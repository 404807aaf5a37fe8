//! Model files: one safetensors file with what is known about the model in
//! its metadata.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::model::{ModelError, ModelInfo};

/// Version of the layout that this program writes, and the newest it reads.
const FORMAT_VERSION: u32 = 1;

/// The metadata entry that holds [`Metadata`] as JSON. It is one entry so that
/// the same model is always the same bytes.
const ENTRY: &str = "keepers";

/// Largest compact model file that is read.
const MOST_BYTES: u64 = 256 << 20;

/// A model file's metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Version of the file's layout.
    pub format_version: u32,
    /// What is known about the model.
    #[serde(flatten)]
    pub info: ModelInfo,
}

impl Metadata {
    /// Metadata in the layout of this program.
    pub fn new(info: ModelInfo) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            info,
        }
    }
}

/// The identity of weights, given in the order of their names: the start of
/// the SHA-256 of their names, types, shapes and values.
///
/// # Errors
/// [`ModelError::Network`] when a tensor's values cannot be read.
pub fn identity<'a>(
    tensors: impl IntoIterator<Item = (&'a str, &'a Tensor)>,
) -> Result<String, ModelError> {
    let mut hash = Sha256::new();
    for (name, tensor) in tensors {
        hash.update(format!("{name} {:?} {:?}\n", tensor.dtype(), tensor.dims()));
        let mut bytes = Vec::new();
        tensor.write_bytes(&mut bytes)?;
        hash.update(&bytes);
    }
    Ok(hash
        .finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// Reads a file whole.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, ModelError> {
    let unreadable = |source| ModelError::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(ModelError::Weights {
            weights: path.display().to_string(),
            reason: format!(
                "is larger than {} MB, too large for a compact model",
                MOST_BYTES >> 20
            ),
        });
    }
    Ok(bytes)
}

/// Splits a file's content into metadata and tensors.
pub(super) fn parse(
    bytes: &[u8],
    weights: &str,
) -> Result<(Metadata, HashMap<String, Tensor>), ModelError> {
    let wrong = |reason: String| ModelError::Weights {
        weights: weights.to_owned(),
        reason,
    };
    let (_, header) = SafeTensors::read_metadata(bytes)
        .map_err(|e| wrong(format!("is no safetensors file, or a damaged one: {e}")))?;
    let entry = header
        .metadata()
        .as_ref()
        .and_then(|entries| entries.get(ENTRY))
        .ok_or_else(|| wrong("is no Keepers model: it has no entry \"keepers\"".into()))?;
    let version: Version = serde_json::from_str(entry)
        .map_err(|e| wrong(format!("its entry \"keepers\" cannot be read: {e}")))?;
    if version.format_version > FORMAT_VERSION {
        return Err(wrong(format!(
            "was written by a newer Keepers (format {}; this one reads up to {FORMAT_VERSION})",
            version.format_version
        )));
    }
    let metadata: Metadata = serde_json::from_str(entry)
        .map_err(|e| wrong(format!("its entry \"keepers\" cannot be read: {e}")))?;
    let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)
        .map_err(|e| wrong(format!("is damaged: {e}")))?;
    Ok((metadata, tensors))
}

/// The part of the metadata that every version has.
#[derive(Deserialize)]
struct Version {
    format_version: u32,
}

/// Converts tensors to f16.
pub(super) fn half(tensors: Vec<(String, Tensor)>) -> Result<Vec<(String, Tensor)>, ModelError> {
    tensors
        .into_iter()
        .map(|(name, t)| Ok((name, t.to_dtype(DType::F16)?)))
        .collect()
}

/// A file's content.
pub(super) fn write(
    metadata: &Metadata,
    tensors: Vec<(String, Tensor)>,
) -> Result<Vec<u8>, ModelError> {
    let failed = |reason: String| ModelError::Weights {
        weights: metadata.info.name.clone(),
        reason,
    };
    let entry = serde_json::to_string(metadata).map_err(|e| failed(e.to_string()))?;
    let entries = HashMap::from([(ENTRY.to_owned(), entry)]);
    safetensors::serialize(tensors, Some(entries)).map_err(|e| failed(e.to_string()))
}
