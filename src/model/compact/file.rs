//! Model files of the compact model: one safetensors file with what is known
//! about the model in its metadata.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;

use crate::model::ModelError;
use crate::model::file::{self, Metadata};

/// Largest compact model file that is read.
const MOST_BYTES: u64 = 256 << 20;

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
    let none = HashMap::new();
    let metadata = file::metadata(header.metadata().as_ref().unwrap_or(&none), weights)?
        .ok_or_else(|| wrong("is no Keepers model: it has no entry \"keepers\"".into()))?;
    let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)
        .map_err(|e| wrong(format!("is damaged: {e}")))?;
    Ok((metadata, tensors))
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
    let entries = metadata.entries()?;
    safetensors::serialize(tensors, Some(entries)).map_err(|e| failed(e.to_string()))
}
