//! The compact model: EfficientNet-Lite2's descriptor under GRMP-IQA's head.
//! It is small enough to ship inside the program.

mod file;
mod head;
mod scale;

use std::collections::HashMap;
use std::path::Path;

use candle_core::Tensor;

pub use crate::model::file::{Metadata, identity};
pub use head::Head;
pub(crate) use head::dot;
pub use scale::Scale;

use super::device::{Device, DeviceError};
use super::efficientnet::wgpu::Backed;
use super::efficientnet::{Fused, SIDE, Weights};
use super::simd::Level;
use super::{DescribingModel, Interval, ModelError, ModelInfo, QualityModel, Score};

/// The default model's file, built into the program so that a copied binary
/// works alone.
static EMBEDDED: &[u8] = include_bytes!("../../../models/keepers-compact.safetensors");

/// A compact model ready to score.
#[derive(Debug)]
pub struct CompactModel {
    info: ModelInfo,
    backbone: Fused,
    /// Where descriptors come from, if not from the processor.
    gpu: Option<Backed>,
    /// Hash of the backbone's tensors.
    backbone_hash: String,
    head: Head,
    scale: Option<Scale>,
}

impl CompactModel {
    /// The model built into the program.
    ///
    /// # Errors
    /// [`ModelError::Weights`] when the program itself is damaged.
    pub fn embedded() -> Result<Self, ModelError> {
        Self::from_bytes(EMBEDDED, "the built-in model")
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// [`ModelError::Read`] when it cannot be read, [`ModelError::Weights`]
    /// when it is no compact model or is damaged.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let bytes = file::read(path)?;
        Self::from_bytes(&bytes, &path.display().to_string())
    }

    /// Takes a model file's content; `weights` names it in errors.
    ///
    /// # Errors
    /// [`ModelError::Weights`] when it is no compact model or is damaged.
    pub fn from_bytes(bytes: &[u8], weights: &str) -> Result<Self, ModelError> {
        let (metadata, tensors) = file::parse(bytes, weights)?;
        Self::from_tensors(metadata, &tensors, weights)
    }

    fn from_tensors(
        metadata: Metadata,
        tensors: &HashMap<String, Tensor>,
        weights: &str,
    ) -> Result<Self, ModelError> {
        let backbone = Fused::new(&Weights::folded(tensors, weights)?, Level::best())?;
        Ok(Self {
            info: metadata.info,
            backbone,
            gpu: None,
            backbone_hash: backbone_hash(tensors)?,
            head: Head::from_tensors(tensors, weights)?,
            scale: Scale::from_tensors(tensors, weights)?,
        })
    }

    /// The model in a file's content, on `device`.
    ///
    /// # Errors
    /// As [`CompactModel::from_bytes`]; [`ModelError::Device`] when the device cannot be
    /// used.
    pub fn on(bytes: &[u8], weights: &str, device: Device) -> Result<Self, ModelError> {
        let mut model = Self::from_bytes(bytes, weights)?;
        if device.through_wgpu(&model.info.name)? {
            let weights = backbone_weights(bytes, weights)?;
            // Who asks for it may mean one that is only software.
            let gpu = Backed::new(&weights, &model.backbone, true);
            model.gpu = Some(gpu.map_err(|error| DeviceError::Missing {
                device: device.to_string(),
                reason: error.to_string(),
            })?);
        }
        Ok(model)
    }

    /// As [`CompactModel::on`], of the model built into the program.
    ///
    /// # Errors
    /// As [`CompactModel::on`].
    pub fn embedded_on(device: Device) -> Result<Self, ModelError> {
        Self::on(EMBEDDED, "the built-in model", device)
    }

    /// As [`CompactModel::on`], of a model file.
    ///
    /// # Errors
    /// [`ModelError::Read`] when it cannot be read, or as [`CompactModel::on`].
    pub fn load_on(path: &Path, device: Device) -> Result<Self, ModelError> {
        Self::on(&file::read(path)?, &path.display().to_string(), device)
    }

    /// The content of a model file. Weights are stored in f16, the head's
    /// standardisation and the scale of scores, too small to matter, in f32.
    ///
    /// # Errors
    /// [`ModelError::Network`] when a tensor cannot be converted.
    pub fn to_bytes(
        mut info: ModelInfo,
        backbone: &Weights,
        head: &Head,
        scale: Option<&Scale>,
    ) -> Result<Vec<u8>, ModelError> {
        let mut tensors = file::half(backbone.tensors())?;
        tensors.extend(head.tensors()?);
        if let Some(scale) = scale {
            tensors.extend(scale.tensors()?);
        }
        tensors.sort_by(|a, b| a.0.cmp(&b.0));
        info.identity = identity(tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)))?;
        file::write(&Metadata::new(info), tensors)
    }

    /// Descriptors [1120] of photos; see [`QualityModel::score`] for the batch.
    ///
    /// # Errors
    /// As [`QualityModel::score`].
    pub fn describe(&self, batch: &[&[u8]]) -> Result<Vec<Vec<f32>>, ModelError> {
        match &self.gpu {
            Some(gpu) => gpu.describe(batch, &self.backbone),
            None => self.backbone.describe(batch),
        }
    }

    /// The network below the head, on the processor.
    pub fn backbone(&self) -> &Fused {
        &self.backbone
    }

    /// The head, whose scores are not on the model's scale yet.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The scale of scores; `None` where a score is 100 times the head's
    /// probability.
    pub fn scale(&self) -> Option<&Scale> {
        self.scale.as_ref()
    }

    /// The score of a descriptor [1120], on the model's scale.
    ///
    /// # Errors
    /// As [`Head::score`].
    pub fn score_of(&self, descriptor: &[f32]) -> Result<Score, ModelError> {
        let score = self.head.score(descriptor)?;
        Ok(match &self.scale {
            Some(scale) => scale.apply(score),
            None => score,
        })
    }
}

impl QualityModel for CompactModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn input_side(&self) -> u32 {
        SIDE as u32
    }

    fn score(&self, batch: &[&[u8]]) -> Result<Vec<Score>, ModelError> {
        self.describe(batch)?
            .iter()
            .map(|descriptor| self.score_of(descriptor))
            .collect()
    }

    fn interval(&self, score: Score) -> Option<Interval> {
        Some(self.scale.as_ref()?.interval(score))
    }

    fn describing(&self) -> Option<&dyn DescribingModel> {
        // Those of other devices differ in their last bits, and are not kept.
        match self.gpu {
            Some(_) => None,
            None => Some(self),
        }
    }
}

impl DescribingModel for CompactModel {
    fn backbone_key(&self) -> String {
        // Kernels of different instructions may round differently.
        format!("{} {}", self.backbone_hash, self.backbone.level().name())
    }

    fn describe(&self, batch: &[&[u8]]) -> Result<Vec<Vec<f32>>, ModelError> {
        Self::describe(self, batch)
    }

    fn score_described(&self, descriptor: &[f32]) -> Result<Score, ModelError> {
        self.score_of(descriptor)
    }

    fn standardised(&self, descriptor: &[f32]) -> Vec<f32> {
        self.head.standardised(descriptor)
    }
}

/// Hash of a model file's tensors but for the head's and the scale's, which say
/// nothing of what the backbone gives.
fn backbone_hash(tensors: &HashMap<String, Tensor>) -> Result<String, ModelError> {
    let mut names: Vec<&String> = tensors
        .keys()
        .filter(|name| name.starts_with("backbone."))
        .collect();
    names.sort();
    let mut hasher = blake3::Hasher::new();
    let mut bytes = Vec::new();
    for name in names {
        let Some(tensor) = tensors.get(name) else {
            continue;
        };
        hasher.update(format!("{name} {:?} {:?}\n", tensor.dtype(), tensor.dims()).as_bytes());
        bytes.clear();
        tensor.write_bytes(&mut bytes)?;
        hasher.update(&bytes);
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// Checks a model file more thoroughly than loading does: its stored identity
/// against its weights. Returns what is known about it.
///
/// # Errors
/// [`ModelError::Weights`] when they differ, or as [`CompactModel::from_bytes`].
pub fn verify(bytes: &[u8], weights: &str) -> Result<ModelInfo, ModelError> {
    let (metadata, tensors) = file::parse(bytes, weights)?;
    let mut sorted: Vec<_> = tensors
        .iter()
        .map(|(name, tensor)| (name.as_str(), tensor))
        .collect();
    sorted.sort_by_key(|(name, _)| *name);
    let actual = identity(sorted)?;
    if actual != metadata.info.identity {
        return Err(ModelError::Weights {
            weights: weights.to_owned(),
            reason: format!(
                "is damaged: its weights are {actual}, it says {}",
                metadata.info.identity
            ),
        });
    }
    CompactModel::from_tensors(metadata.clone(), &tensors, weights)?;
    Ok(metadata.info)
}

/// The built-in model file's content.
pub fn embedded_bytes() -> &'static [u8] {
    EMBEDDED
}

/// The plain Candle path of a model file's backbone, the reference for tests
/// and other devices.
///
/// # Errors
/// As [`CompactModel::from_bytes`].
pub fn backbone_weights(bytes: &[u8], weights: &str) -> Result<Weights, ModelError> {
    let (_, tensors) = file::parse(bytes, weights)?;
    Weights::folded(&tensors, weights)
}
