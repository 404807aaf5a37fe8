//! Packing the image tower's weights.

use candle_core::Tensor;

use super::{FusedBlock, INPUTS, Norm};
use crate::model::ModelError;
use crate::model::clip::config::{Config, EPSILON, HEAD};
use crate::model::clip::names;
use crate::model::clip::weights::Weights;
use crate::model::kernels::{Epilogue, Pointwise};
use crate::model::simd::Level;

/// Takes tensors out of weights and packs them.
#[derive(Clone, Copy)]
pub(super) struct Packer<'a> {
    pub(super) weights: &'a Weights,
    pub(super) level: Level,
}

impl Packer<'_> {
    pub(super) fn values(self, name: &str) -> Result<Vec<f32>, ModelError> {
        values(&self.weights.get(name)?)
    }

    pub(super) fn norm(self, name: &str, epsilon: f64) -> Result<Norm, ModelError> {
        Ok(Norm {
            weight: self.values(&format!("{name}.weight"))?,
            bias: self.values(&format!("{name}.bias"))?,
            epsilon: epsilon as f32,
        })
    }

    fn linear(self, weight: &str, bias: &str) -> Result<Pointwise, ModelError> {
        let (weight, bias) = (self.values(weight)?, self.values(bias)?);
        let inputs = weight.len() / bias.len().max(1);
        Ok(Pointwise::new(
            self.level,
            inputs,
            bias.len(),
            &weight,
            &bias,
        ))
    }

    /// Every block's prompts after their projection, [P, width].
    pub(super) fn prompts(self, config: &Config) -> Result<Vec<Vec<f32>>, ModelError> {
        if config.visual_prompts.is_none() {
            return Ok(Vec::new());
        }
        let name = names::PROMPT_PROJECTION;
        let layer = self.linear(&format!("{name}.weight"), &format!("{name}.bias"))?;
        let mut raw = self.values(names::PROMPTS)?;
        let (block, width) = (raw.len(), config.image.width);
        if config.image.layers > 1 {
            raw.extend(self.values(names::DEEP_PROMPTS)?);
        }
        let mut prompts = vec![0.0; raw.len()];
        layer.run(
            raw.len() / width,
            &raw,
            width,
            &mut prompts,
            Epilogue::Linear,
        );
        Ok(prompts.chunks_exact(block).map(<[f32]>::to_vec).collect())
    }

    pub(super) fn block(
        self,
        i: usize,
        width: usize,
        prompts: &[f32],
    ) -> Result<FusedBlock, ModelError> {
        let at = |part: &str| format!("{}{i}.{part}", names::IMAGE_BLOCKS);
        let linear =
            |part: &str| self.linear(&at(&format!("{part}.weight")), &at(&format!("{part}.bias")));
        let (mut weight, mut bias) = (
            self.values(&at("attn.in_proj_weight"))?,
            self.values(&at("attn.in_proj_bias"))?,
        );
        // A power of two, so nothing is rounded.
        let scale = (HEAD as f32).powf(-0.5);
        let queries = weight[..width * width].iter_mut().chain(&mut bias[..width]);
        queries.for_each(|value| *value *= scale);
        let qkv = Pointwise::new(self.level, width, 3 * width, &weight, &bias);
        let ln_1 = self.norm(&at("ln_1"), EPSILON)?;

        let count = prompts.len() / width;
        let mut normal = vec![0.0; prompts.len()];
        ln_1.run(self.level, prompts, &mut normal);
        let mut all = vec![0.0; count * 3 * width];
        qkv.run(count, &normal, width, &mut all, Epilogue::Linear);
        let kept = all.chunks_exact(3 * width).flat_map(|row| &row[width..]);

        let (weight, bias) = (
            self.values(&at("mlp.c_proj.weight"))?,
            self.values(&at("mlp.c_proj.bias"))?,
        );
        Ok(FusedBlock {
            prompts: kept.copied().collect(),
            ln_1,
            qkv,
            out: linear("attn.out_proj")?,
            ln_2: self.norm(&at("ln_2"), EPSILON)?,
            expand: linear("mlp.c_fc")?,
            project: self.parts(&weight, &bias),
        })
    }

    /// A linear layer cut into parts whose results add up; the first has the
    /// bias.
    fn parts(self, weight: &[f32], bias: &[f32]) -> Vec<Pointwise> {
        let outputs = bias.len();
        let inputs = weight.len() / outputs.max(1);
        (0..inputs)
            .step_by(INPUTS)
            .map(|from| {
                let count = INPUTS.min(inputs - from);
                let rows = weight.chunks_exact(inputs);
                let part: Vec<f32> = rows
                    .flat_map(|row| &row[from..from + count])
                    .copied()
                    .collect();
                let zeros = vec![0.0; outputs];
                let bias = if from == 0 { bias } else { &zeros };
                Pointwise::new(self.level, count, outputs, &part, bias)
            })
            .collect()
    }
}

pub(super) fn values(tensor: &Tensor) -> Result<Vec<f32>, ModelError> {
    Ok(tensor.flatten_all()?.to_vec1()?)
}
