//! Opening a model file of any kind; its content tells which kind it is.

use std::path::Path;
use std::sync::Arc;

use super::checkpoint::Checkpoint;
use super::clip::{self, ClipModel, Origin};
use super::compact::{self, CompactModel};
use super::device::Device;
use super::{ModelError, ModelInfo, QualityModel};

/// A file of either kind, as far as its index says.
enum Kind {
    Clip(Box<clip::Weights>),
    Compact,
}

fn kind(path: &Path) -> Result<Kind, ModelError> {
    let file = Checkpoint::open(path)?;
    if clip::is_clip(file.names()) {
        return Ok(Kind::Clip(Box::new(clip::Weights::from_checkpoint(file)?)));
    }
    if super::file::metadata(file.entries(), file.label())?.is_some() {
        return Ok(Kind::Compact);
    }
    Err(ModelError::Weights {
        weights: file.label().to_owned(),
        reason: "is no model that Keepers knows: it has neither a CLIP network's tensors nor an \
                 entry \"keepers\""
            .to_owned(),
    })
}

/// The model in a file, ready to score on `device`: a compact model, or any
/// CLIP network that [`clip::Weights::open`] reads.
///
/// # Errors
/// [`ModelError::Read`] when it cannot be read, [`ModelError::Weights`] when it
/// is no model or is damaged, [`ModelError::Device`] when the device cannot be
/// used.
pub fn load(path: &Path, device: Device) -> Result<Arc<dyn QualityModel>, ModelError> {
    Ok(match kind(path)? {
        Kind::Clip(weights) => Arc::new(ClipModel::new(&weights, device)?),
        Kind::Compact => Arc::new(CompactModel::load_on(path, device)?),
    })
}

/// What is known about the model in a file, which has the right tensors; their
/// values are not all looked at.
///
/// # Errors
/// As [`load`].
pub fn info(path: &Path) -> Result<ModelInfo, ModelError> {
    match kind(path)? {
        Kind::Clip(weights) => clip::info(&weights),
        Kind::Compact => Ok(CompactModel::load(path)?.info().clone()),
    }
}

/// Checks the model in a file and writes it to a file of Keepers' own, with
/// what is known about it; a compact model is one already. The file appears
/// when it is whole.
///
/// # Errors
/// [`ModelError::Write`] when it cannot be written, or as [`verify`].
pub fn import(path: &Path, origin: &Origin, to: &Path) -> Result<ModelInfo, ModelError> {
    match kind(path)? {
        Kind::Clip(weights) => clip::import(&weights, origin, to),
        Kind::Compact => {
            let info = verify(path)?;
            copy(path, to).map_err(|error| ModelError::Write {
                path: to.to_owned(),
                reason: error.to_string(),
            })?;
            Ok(info)
        }
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let folder = to.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    std::io::copy(&mut std::fs::File::open(from)?, &mut file)?;
    file.persist(to)?;
    Ok(())
}

/// Checks a model file more thoroughly than loading does: that its weights are
/// those its identity stands for.
///
/// # Errors
/// [`ModelError::Weights`] when they are not, or as [`load`].
pub fn verify(path: &Path) -> Result<ModelInfo, ModelError> {
    match kind(path)? {
        Kind::Clip(weights) => clip::verify(&weights),
        Kind::Compact => {
            let bytes = std::fs::read(path).map_err(|source| ModelError::Read {
                path: path.to_owned(),
                source,
            })?;
            compact::verify(&bytes, &path.display().to_string())
        }
    }
}
