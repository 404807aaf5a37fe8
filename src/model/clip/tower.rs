//! What both towers are made of.

use candle_core::{D, Device, Result, Tensor};

use super::config::{EPSILON, HEAD, TowerConfig};
use super::ops::{LayerNorm, Linear, Pass, quick_gelu, softmax};
use super::weights::Weights;
use crate::model::ModelError;

/// Takes layers out of weights and puts them on a device.
#[derive(Clone, Copy)]
pub(super) struct Loader<'a> {
    pub(super) weights: &'a Weights,
    pub(super) device: &'a Device,
}

impl Loader<'_> {
    pub(super) fn tensor(&self, name: &str) -> std::result::Result<Tensor, ModelError> {
        let tensor = self.weights.get(name)?;
        // A variable keeps its place, from where its owner changes it.
        match tensor.is_variable() {
            true => Ok(tensor),
            false => Ok(tensor.to_device(self.device)?),
        }
    }

    pub(super) fn norm(
        &self,
        name: &str,
        epsilon: f64,
    ) -> std::result::Result<LayerNorm, ModelError> {
        Ok(LayerNorm {
            weight: self.tensor(&format!("{name}.weight"))?,
            bias: self.tensor(&format!("{name}.bias"))?,
            epsilon,
        })
    }

    pub(super) fn linear(&self, name: &str) -> std::result::Result<Linear, ModelError> {
        Ok(Linear {
            weight: self.tensor(&format!("{name}.weight"))?,
            bias: Some(self.tensor(&format!("{name}.bias"))?),
        })
    }

    /// The blocks whose names start with `prefix`.
    pub(super) fn blocks(
        &self,
        prefix: &str,
        tower: TowerConfig,
    ) -> std::result::Result<Vec<Block>, ModelError> {
        let block = |i: usize| {
            let at = |part: &str| format!("{prefix}{i}.{part}");
            Ok(Block {
                ln_1: self.norm(&at("ln_1"), EPSILON)?,
                qkv: Linear {
                    weight: self.tensor(&at("attn.in_proj_weight"))?,
                    bias: Some(self.tensor(&at("attn.in_proj_bias"))?),
                },
                out: self.linear(&at("attn.out_proj"))?,
                ln_2: self.norm(&at("ln_2"), EPSILON)?,
                expand: self.linear(&at("mlp.c_fc"))?,
                project: self.linear(&at("mlp.c_proj"))?,
                heads: tower.heads(),
            })
        };
        (0..tower.layers).map(block).collect()
    }
}

/// A block of a transformer: attention, then a perceptron, each with a
/// LayerNorm before it and a way around it.
#[derive(Debug, Clone)]
pub(super) struct Block {
    ln_1: LayerNorm,
    /// Queries, keys and values in one.
    qkv: Linear,
    out: Linear,
    ln_2: LayerNorm,
    expand: Linear,
    project: Linear,
    heads: usize,
}

impl Block {
    /// x [B, T, width] -> [B, T, width]
    ///
    /// `prompts` [1 or B, P, width] are tokens that the others attend to and
    /// whose own outputs nobody reads, so only their keys and values are
    /// computed. `mask` [T, T] is added to the scores of attention.
    pub(super) fn forward(
        &self,
        x: &Tensor,
        prompts: Option<&Tensor>,
        mask: Option<&Tensor>,
        pass: Pass,
    ) -> Result<Tensor> {
        let x = (x + self.attention(x, prompts, mask, pass)?)?;
        let inner = self.expand.forward(&self.ln_2.forward(&x, pass)?, pass)?;
        let outer = self.project.forward(&quick_gelu(&inner, pass)?, pass)?;
        &x + outer
    }

    fn attention(
        &self,
        x: &Tensor,
        prompts: Option<&Tensor>,
        mask: Option<&Tensor>,
        pass: Pass,
    ) -> Result<Tensor> {
        let (batch, tokens, width) = x.dims3()?;
        let qkv = self.qkv.forward(&self.ln_1.forward(x, pass)?, pass)?;
        let part = |i: usize| qkv.narrow(D::Minus1, i * width, width);
        let (query, mut key, mut value) = (part(0)?, part(1)?, part(2)?);
        if let Some(prompts) = prompts {
            let (_, count, _) = prompts.dims3()?;
            let layer = self.qkv.outputs_from(width)?;
            let kv = layer.forward(&self.ln_1.forward(prompts, pass)?, pass)?;
            let of_all = |i: usize| {
                kv.narrow(D::Minus1, i * width, width)?
                    .broadcast_as((batch, count, width))
            };
            key = Tensor::cat(&[key, of_all(0)?], 1)?;
            value = Tensor::cat(&[value, of_all(1)?], 1)?;
        }
        // [B, T, width] -> [B, heads, T, 64]
        let heads = |x: &Tensor| {
            x.reshape((batch, (), self.heads, HEAD))?
                .transpose(1, 2)?
                .contiguous()
        };
        let query = (heads(&query)? * (HEAD as f64).powf(-0.5))?;
        let mut scores = query.matmul(&heads(&key)?.t()?)?;
        if let Some(mask) = mask {
            scores = scores.broadcast_add(mask)?;
        }
        let mixed = softmax(&scores, pass)?.matmul(&heads(&value)?)?;
        let mixed = mixed.transpose(1, 2)?.reshape((batch, tokens, width))?;
        self.out.forward(&mixed, pass)
    }
}
