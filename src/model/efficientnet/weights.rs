//! The network's weights, batch norm folded into the convolutions.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};

use super::config::{BLOCKS, CLASSES, FEATURES, STEM};
use crate::model::ModelError;

/// Batch norm's epsilon in this network.
const BN_EPSILON: f64 = 1e-3;

/// A convolution with its bias, on the CPU in f32.
#[derive(Debug, Clone)]
pub struct Conv {
    /// [outputs, inputs / groups, kernel, kernel].
    pub weight: Tensor,
    /// [outputs].
    pub bias: Tensor,
}

/// The convolutions of one block.
#[derive(Debug, Clone)]
pub struct BlockWeights {
    /// Pointwise expansion; absent in the first block.
    pub expand: Option<Conv>,
    /// Depthwise convolution.
    pub depthwise: Conv,
    /// Pointwise projection.
    pub project: Conv,
}

/// All weights of EfficientNet-Lite2, checked and folded.
#[derive(Debug, Clone)]
pub struct Weights {
    /// The first convolution.
    pub stem: Conv,
    /// The 21 blocks.
    pub blocks: Vec<BlockWeights>,
    /// The last convolution, 352 to 1280 channels.
    pub head: Conv,
    /// The ImageNet classifier, as a 1x1 convolution.
    pub classifier: Conv,
}

/// Where tensors come from while weights are read.
struct Source<'a> {
    tensors: &'a HashMap<String, Tensor>,
    weights: &'a str,
}

impl Source<'_> {
    fn get(&self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        let wrong = |reason: String| ModelError::Weights {
            weights: self.weights.to_owned(),
            reason,
        };
        let tensor = self
            .tensors
            .get(name)
            .ok_or_else(|| wrong(format!("tensor {name} is missing")))?;
        if tensor.dims() != shape {
            return Err(wrong(format!(
                "tensor {name} has shape {:?} where {shape:?} is needed",
                tensor.dims()
            )));
        }
        let tensor = tensor
            .to_device(&Device::Cpu)?
            .to_dtype(DType::F32)?
            .contiguous()?;
        // NaN and infinities are the only values that times 0 are not 0.
        let check = tensor
            .affine(0.0, 0.0)?
            .flatten_all()?
            .sum(0)?
            .to_scalar::<f32>()?;
        if check != 0.0 {
            return Err(wrong(format!(
                "tensor {name} holds values that are no finite numbers"
            )));
        }
        Ok(tensor)
    }

    /// A folded convolution `name`.
    fn folded(&self, name: &str, shape: [usize; 4]) -> Result<Conv, ModelError> {
        Ok(Conv {
            weight: self.get(&format!("{name}.weight"), &shape)?,
            bias: self.get(&format!("{name}.bias"), &shape[..1])?,
        })
    }

    /// Convolution `conv` followed by batch norm `norm`, as one convolution.
    fn fold(&self, conv: &str, norm: &str, shape: [usize; 4]) -> Result<Conv, ModelError> {
        let channels = &shape[..1];
        let weight = self
            .get(&format!("{conv}.weight"), &shape)?
            .to_dtype(DType::F64)?;
        let norm = |part: &str| -> Result<Tensor, ModelError> {
            Ok(self
                .get(&format!("{norm}.{part}"), channels)?
                .to_dtype(DType::F64)?)
        };
        let deviation = (norm("running_var")? + BN_EPSILON)?.sqrt()?;
        let scale = (norm("weight")? / deviation)?;
        let bias = (norm("bias")? - (norm("running_mean")? * &scale)?)?;
        let weight = weight.broadcast_mul(&scale.reshape((shape[0], 1, 1, 1))?)?;
        Ok(Conv {
            weight: weight.to_dtype(DType::F32)?,
            bias: bias.to_dtype(DType::F32)?,
        })
    }
}

impl Weights {
    /// Reads the original checkpoint, a PyTorch `.pth` file.
    ///
    /// # Errors
    /// [`ModelError::Read`] when it cannot be read, [`ModelError::Weights`] when
    /// it is no such file or does not fit.
    pub fn read_original(path: &std::path::Path) -> Result<Self, ModelError> {
        let tensors = crate::model::checkpoint::read(path)?;
        Self::original(&tensors, &path.display().to_string())
    }

    /// Takes the original checkpoint's tensors (names as in the
    /// `efficientnet-lite2` PyTorch release, batch norm separate).
    /// `weights` names them in errors.
    ///
    /// # Errors
    /// [`ModelError::Weights`] for a missing, misshapen or non-finite tensor.
    pub fn original(tensors: &HashMap<String, Tensor>, weights: &str) -> Result<Self, ModelError> {
        let from = Source { tensors, weights };
        let mut blocks = Vec::with_capacity(BLOCKS.len());
        for (i, block) in BLOCKS.iter().enumerate() {
            let at = |part: &str| format!("_blocks.{i}.{part}");
            let (inputs, inner, outputs) = (block.inputs, block.inner(), block.outputs);
            let expand = (block.expansion != 1)
                .then(|| from.fold(&at("_expand_conv"), &at("_bn0"), [inner, inputs, 1, 1]))
                .transpose()?;
            let kernel = [inner, 1, block.kernel, block.kernel];
            let depthwise = from.fold(&at("_depthwise_conv"), &at("_bn1"), kernel)?;
            let project = from.fold(&at("_project_conv"), &at("_bn2"), [outputs, inner, 1, 1])?;
            blocks.push(BlockWeights {
                expand,
                depthwise,
                project,
            });
        }
        let last = BLOCKS[BLOCKS.len() - 1].outputs;
        let classifier = Conv {
            weight: from
                .get("_fc.weight", &[CLASSES, FEATURES])?
                .reshape((CLASSES, FEATURES, 1, 1))?,
            bias: from.get("_fc.bias", &[CLASSES])?,
        };
        Ok(Self {
            stem: from.fold("_conv_stem", "_bn0", [STEM, 3, 3, 3])?,
            blocks,
            head: from.fold("_conv_head", "_bn1", [FEATURES, last, 1, 1])?,
            classifier,
        })
    }

    /// Random weights of a sensible size, for benchmarks and tests.
    ///
    /// # Errors
    /// [`ModelError::Network`] when a tensor cannot be made.
    pub fn random(seed: u64) -> Result<Self, ModelError> {
        let mut state = seed;
        let mut conv = |shape: [usize; 4]| -> Result<Conv, ModelError> {
            let fan_in = shape[1] * shape[2] * shape[3];
            let mut values = |n: usize, scale: f64| -> Vec<f32> {
                let value = || {
                    // Knuth's linear congruential generator (MMIX).
                    state = state
                        .wrapping_mul(6364136223846793005)
                        .wrapping_add(1442695040888963407);
                    ((state >> 40) as f64 / (1u64 << 23) as f64 - 1.0) * scale
                };
                std::iter::repeat_with(value)
                    .map(|v| v as f32)
                    .take(n)
                    .collect()
            };
            let weight = values(shape[0] * fan_in, (6.0 / fan_in as f64).sqrt());
            let bias = values(shape[0], 0.5);
            Ok(Conv {
                weight: Tensor::from_vec(weight, &shape[..], &Device::Cpu)?,
                bias: Tensor::from_vec(bias, shape[0], &Device::Cpu)?,
            })
        };
        let mut blocks = Vec::with_capacity(BLOCKS.len());
        for block in &BLOCKS {
            let (inputs, inner, outputs) = (block.inputs, block.inner(), block.outputs);
            blocks.push(BlockWeights {
                expand: (block.expansion != 1)
                    .then(|| conv([inner, inputs, 1, 1]))
                    .transpose()?,
                depthwise: conv([inner, 1, block.kernel, block.kernel])?,
                project: conv([outputs, inner, 1, 1])?,
            });
        }
        let last = BLOCKS[BLOCKS.len() - 1].outputs;
        Ok(Self {
            stem: conv([STEM, 3, 3, 3])?,
            blocks,
            head: conv([FEATURES, last, 1, 1])?,
            classifier: conv([CLASSES, FEATURES, 1, 1])?,
        })
    }

    /// Takes folded tensors as [`Weights::tensors`] names them.
    ///
    /// # Errors
    /// As [`Weights::original`].
    pub fn folded(tensors: &HashMap<String, Tensor>, weights: &str) -> Result<Self, ModelError> {
        let from = Source { tensors, weights };
        let mut blocks = Vec::with_capacity(BLOCKS.len());
        for (i, block) in BLOCKS.iter().enumerate() {
            let at = |part: &str| format!("backbone.blocks.{i}.{part}");
            let (inputs, inner, outputs) = (block.inputs, block.inner(), block.outputs);
            let expand = (block.expansion != 1)
                .then(|| from.folded(&at("expand"), [inner, inputs, 1, 1]))
                .transpose()?;
            let kernel = [inner, 1, block.kernel, block.kernel];
            blocks.push(BlockWeights {
                expand,
                depthwise: from.folded(&at("depthwise"), kernel)?,
                project: from.folded(&at("project"), [outputs, inner, 1, 1])?,
            });
        }
        let last = BLOCKS[BLOCKS.len() - 1].outputs;
        Ok(Self {
            stem: from.folded("backbone.stem", [STEM, 3, 3, 3])?,
            blocks,
            head: from.folded("backbone.head", [FEATURES, last, 1, 1])?,
            classifier: from.folded("backbone.classifier", [CLASSES, FEATURES, 1, 1])?,
        })
    }

    /// The weights rounded to f16, as a model file stores them.
    ///
    /// # Errors
    /// [`ModelError::Network`] when a tensor cannot be converted.
    pub fn rounded(&self) -> Result<Self, ModelError> {
        let half = |(name, tensor): (String, Tensor)| Ok((name, tensor.to_dtype(DType::F16)?));
        let tensors: Result<HashMap<_, _>, ModelError> =
            self.tensors().into_iter().map(half).collect();
        Self::folded(&tensors?, "rounded weights")
    }

    /// The folded tensors by name, for writing.
    pub fn tensors(&self) -> Vec<(String, Tensor)> {
        let mut all = Vec::new();
        let mut push = |name: String, conv: &Conv| {
            all.push((format!("{name}.weight"), conv.weight.clone()));
            all.push((format!("{name}.bias"), conv.bias.clone()));
        };
        push("backbone.stem".into(), &self.stem);
        for (i, block) in self.blocks.iter().enumerate() {
            if let Some(expand) = &block.expand {
                push(format!("backbone.blocks.{i}.expand"), expand);
            }
            push(format!("backbone.blocks.{i}.depthwise"), &block.depthwise);
            push(format!("backbone.blocks.{i}.project"), &block.project);
        }
        push("backbone.head".into(), &self.head);
        push("backbone.classifier".into(), &self.classifier);
        all
    }
}
