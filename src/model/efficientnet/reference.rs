//! The network in plain Candle operations, for any device: the reference that
//! the fused path is held to, and the only path that gives the ImageNet
//! distribution.

use candle_core::{D, DType, Device, Tensor};

use super::config::{BLOCKS, SIDE, STAGES, same};
use super::weights::{Conv, Weights};
use crate::model::ModelError;

/// The network on a device.
#[derive(Debug, Clone)]
pub struct Reference {
    weights: Weights,
    device: Device,
}

/// What the network gives for a batch of B photos.
#[derive(Debug, Clone)]
pub struct Output {
    /// Descriptors [B, 1120]: stage by stage, means then standard deviations.
    pub descriptor: Tensor,
    /// Pooled features [B, 1280].
    pub pooled: Tensor,
    /// ImageNet logits [B, 1000].
    pub logits: Tensor,
}

impl Reference {
    /// Puts the weights on `device`.
    ///
    /// # Errors
    /// [`ModelError::Network`] when the device takes no more.
    pub fn new(weights: &Weights, device: &Device) -> Result<Self, ModelError> {
        let mut weights = weights.clone();
        let put = |conv: &mut Conv| -> Result<(), ModelError> {
            conv.weight = conv.weight.to_device(device)?;
            conv.bias = conv.bias.to_device(device)?;
            Ok(())
        };
        put(&mut weights.stem)?;
        for block in &mut weights.blocks {
            if let Some(expand) = &mut block.expand {
                put(expand)?;
            }
            put(&mut block.depthwise)?;
            put(&mut block.project)?;
        }
        put(&mut weights.head)?;
        put(&mut weights.classifier)?;
        Ok(Self {
            weights,
            device: device.clone(),
        })
    }

    /// Runs the network on photos of 480x480 pixels, 8-bit RGB, interleaved.
    ///
    /// # Errors
    /// [`ModelError::Input`] for a photo of another length,
    /// [`ModelError::Network`] when an operation fails.
    pub fn run(&self, batch: &[&[u8]]) -> Result<Output, ModelError> {
        let expected = SIDE * SIDE * 3;
        let mut pixels = Vec::with_capacity(batch.len() * expected);
        for photo in batch {
            if photo.len() != expected {
                return Err(ModelError::Input {
                    expected,
                    actual: photo.len(),
                });
            }
            pixels.extend_from_slice(photo);
        }
        let x = Tensor::from_vec(pixels, (batch.len(), SIDE, SIDE, 3), &self.device)?
            .to_dtype(DType::F32)?
            .permute((0, 3, 1, 2))?
            .contiguous()?
            .affine(1.0 / 128.0, -127.0 / 128.0)?;
        let mut x = relu6(&convolve(&x, &self.weights.stem, 3, 2, 1)?)?;
        let mut stages = Vec::with_capacity(2 * STAGES.len());
        for (i, (block, weights)) in BLOCKS.iter().zip(&self.weights.blocks).enumerate() {
            let mut y = match &weights.expand {
                Some(expand) => relu6(&convolve(&x, expand, 1, 1, 1)?)?,
                None => x.clone(),
            };
            let (kernel, stride) = (block.kernel, block.stride);
            y = relu6(&convolve(
                &y,
                &weights.depthwise,
                kernel,
                stride,
                block.inner(),
            )?)?;
            y = convolve(&y, &weights.project, 1, 1, 1)?;
            x = if block.residual() { (y + x)? } else { y };
            if STAGES.contains(&i) {
                let flat = x.flatten_from(2)?;
                let mean = flat.mean_keepdim(D::Minus1)?;
                let variance = flat.broadcast_sub(&mean)?.sqr()?.mean(D::Minus1)?;
                stages.push(mean.squeeze(D::Minus1)?);
                stages.push(variance.sqrt()?);
            }
        }
        let pooled = relu6(&convolve(&x, &self.weights.head, 1, 1, 1)?)?
            .flatten_from(2)?
            .mean(D::Minus1)?;
        let classifier = self.weights.classifier.weight.flatten_from(1)?;
        let logits = pooled
            .matmul(&classifier.t()?)?
            .broadcast_add(&self.weights.classifier.bias)?;
        Ok(Output {
            descriptor: Tensor::cat(&stages, 1)?,
            pooled,
            logits,
        })
    }
}

fn relu6(x: &Tensor) -> candle_core::Result<Tensor> {
    x.clamp(0f32, 6f32)
}

/// SAME-padded convolution of x [B, C, H, W] with bias.
fn convolve(
    x: &Tensor,
    conv: &Conv,
    kernel: usize,
    stride: usize,
    groups: usize,
) -> candle_core::Result<Tensor> {
    let (_, _, height, width) = x.dims4()?;
    let (top, bottom, _) = same(height, kernel, stride);
    let (left, right, _) = same(width, kernel, stride);
    let x = x
        .pad_with_zeros(2, top, bottom)?
        .pad_with_zeros(3, left, right)?;
    let y = x.conv2d(&conv.weight, 0, stride, 1, groups)?;
    y.broadcast_add(&conv.bias.reshape((1, (), 1, 1))?)
}
