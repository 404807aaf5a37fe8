//! GRMP-IQA's head on the compact descriptor: a small adapter, and learned
//! "high" and "low quality" prompts in its embedding space.
//!
//! The descriptor is standardised, adapted and L2-normalised; the score is the
//! softmax of the scaled cosines with the two prompts, as in Li et al.,
//! "Boosting CLIP Adaptation for Image Quality Assessment via Meta-Prompt
//! Learning and Gradient Regularization" (arXiv 2409.05381).

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};

use crate::model::efficientnet::DESCRIPTOR;
use crate::model::{ModelError, Score};

/// The head's parameters, row-major.
///
/// With E the width of the embedding and H the adapter's hidden width, the
/// embedding of the standardised descriptor z [1120] is
/// `linear z + bias + output gelu(hidden z + hidden_bias)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// [1120]: what standardising subtracts.
    pub mean: Vec<f32>,
    /// [1120]: what standardising divides by; above zero.
    pub deviation: Vec<f32>,
    /// [E, 1120].
    pub linear: Vec<f32>,
    /// [E].
    pub bias: Vec<f32>,
    /// [H, 1120].
    pub hidden: Vec<f32>,
    /// [H].
    pub hidden_bias: Vec<f32>,
    /// [E, H].
    pub output: Vec<f32>,
    /// [2, E]: the prompts "high quality" and "low quality".
    pub prompts: Vec<f32>,
    /// Logarithm of what the cosines are scaled by.
    pub logit_scale: f32,
}

/// The names of the head's tensors in a model file.
const MEAN: &str = "head.standardise.mean";
const DEVIATION: &str = "head.standardise.deviation";
const LINEAR: &str = "head.adapter.linear.weight";
const BIAS: &str = "head.adapter.linear.bias";
const HIDDEN: &str = "head.adapter.hidden.weight";
const HIDDEN_BIAS: &str = "head.adapter.hidden.bias";
const OUTPUT: &str = "head.adapter.output.weight";
const PROMPTS: &str = "head.quality_prompts";
const LOGIT_SCALE: &str = "head.logit_scale";

impl Head {
    /// Width of the embedding, E.
    pub fn width(&self) -> usize {
        self.bias.len()
    }

    /// Takes the head's tensors out of a model file; E and H come from their
    /// shapes. `weights` names the file in errors.
    ///
    /// # Errors
    /// [`ModelError::Weights`] for a missing, misshapen or unusable tensor.
    pub fn from_tensors(
        tensors: &HashMap<String, Tensor>,
        weights: &str,
    ) -> Result<Self, ModelError> {
        let wrong = |reason: String| ModelError::Weights {
            weights: weights.to_owned(),
            reason,
        };
        let get = |name: &str, shape: &[usize]| -> Result<Vec<f32>, ModelError> {
            let tensor = tensors
                .get(name)
                .ok_or_else(|| wrong(format!("tensor {name} is missing")))?;
            if tensor.dims() != shape {
                return Err(wrong(format!(
                    "tensor {name} has shape {:?} where {shape:?} is needed",
                    tensor.dims()
                )));
            }
            let values = tensor
                .to_dtype(DType::F32)?
                .flatten_all()?
                .to_vec1::<f32>()?;
            if values.iter().any(|v| !v.is_finite()) {
                return Err(wrong(format!(
                    "tensor {name} holds values that are no finite numbers"
                )));
            }
            Ok(values)
        };
        let length = |name: &str| -> Result<usize, ModelError> {
            let tensor = tensors
                .get(name)
                .ok_or_else(|| wrong(format!("tensor {name} is missing")))?;
            Ok(tensor.elem_count())
        };
        let (width, hidden) = (length(BIAS)?, length(HIDDEN_BIAS)?);
        let head = Self {
            mean: get(MEAN, &[DESCRIPTOR])?,
            deviation: get(DEVIATION, &[DESCRIPTOR])?,
            linear: get(LINEAR, &[width, DESCRIPTOR])?,
            bias: get(BIAS, &[width])?,
            hidden: get(HIDDEN, &[hidden, DESCRIPTOR])?,
            hidden_bias: get(HIDDEN_BIAS, &[hidden])?,
            output: get(OUTPUT, &[width, hidden])?,
            prompts: get(PROMPTS, &[2, width])?,
            logit_scale: get(LOGIT_SCALE, &[1])?[0],
        };
        if head.deviation.iter().any(|&d| d <= 0.0) {
            return Err(wrong(format!(
                "tensor {DEVIATION} holds values that are not above zero"
            )));
        }
        let embedding_is_flat = |prompt: &[f32]| prompt.iter().all(|&v| v == 0.0);
        if head
            .prompts
            .chunks_exact(width.max(1))
            .any(embedding_is_flat)
        {
            return Err(wrong(format!("tensor {PROMPTS} holds a prompt of zeros")));
        }
        Ok(head)
    }

    /// The tensors by name, in f32, for writing.
    ///
    /// # Errors
    /// [`ModelError::Network`] when the parameters' lengths do not fit.
    pub fn tensors(&self) -> Result<Vec<(String, Tensor)>, ModelError> {
        let (width, hidden) = (self.bias.len(), self.hidden_bias.len());
        let tensor = |name: &str, values: &[f32], shape: &[usize]| -> Result<_, ModelError> {
            Ok((
                name.to_owned(),
                Tensor::from_slice(values, shape, &Device::Cpu)?,
            ))
        };
        Ok(vec![
            tensor(MEAN, &self.mean, &[DESCRIPTOR])?,
            tensor(DEVIATION, &self.deviation, &[DESCRIPTOR])?,
            tensor(LINEAR, &self.linear, &[width, DESCRIPTOR])?,
            tensor(BIAS, &self.bias, &[width])?,
            tensor(HIDDEN, &self.hidden, &[hidden, DESCRIPTOR])?,
            tensor(HIDDEN_BIAS, &self.hidden_bias, &[hidden])?,
            tensor(OUTPUT, &self.output, &[width, hidden])?,
            tensor(PROMPTS, &self.prompts, &[2, width])?,
            tensor(LOGIT_SCALE, &[self.logit_scale], &[1])?,
        ])
    }

    /// A descriptor [1120] with the mean of the photos that the head learned
    /// from taken away, divided by their deviation.
    pub fn standardised(&self, descriptor: &[f32]) -> Vec<f32> {
        descriptor
            .iter()
            .zip(&self.mean)
            .zip(&self.deviation)
            .map(|((value, mean), deviation)| (value - mean) / deviation)
            .collect()
    }

    /// The L2-normalised embedding [E] of a descriptor [1120].
    ///
    /// Summed in f64 in a fixed order: the same to the last bit on every
    /// machine's every run, whatever the batch.
    ///
    /// # Errors
    /// [`ModelError::NotFinite`] when the descriptor holds no finite numbers.
    pub fn embed(&self, descriptor: &[f32]) -> Result<Vec<f64>, ModelError> {
        let z = self.standardised(descriptor);
        let hidden: Vec<f64> = self
            .hidden
            .chunks_exact(DESCRIPTOR)
            .zip(&self.hidden_bias)
            .map(|(row, &bias)| gelu(dot(row, &z) + f64::from(bias)))
            .collect();
        let mut embedding: Vec<f64> = self
            .linear
            .chunks_exact(DESCRIPTOR)
            .zip(&self.bias)
            .map(|(row, &bias)| dot(row, &z) + f64::from(bias))
            .collect();
        if !hidden.is_empty() {
            for (value, row) in embedding
                .iter_mut()
                .zip(self.output.chunks_exact(hidden.len()))
            {
                *value += row
                    .iter()
                    .zip(&hidden)
                    .map(|(&w, h)| f64::from(w) * h)
                    .sum::<f64>();
            }
        }
        let norm = embedding.iter().map(|v| v * v).sum::<f64>().sqrt();
        if !norm.is_finite() || norm == 0.0 {
            return Err(ModelError::NotFinite);
        }
        embedding.iter_mut().for_each(|v| *v /= norm);
        Ok(embedding)
    }

    /// The score of a descriptor [1120].
    ///
    /// # Errors
    /// As [`Head::embed`].
    pub fn score(&self, descriptor: &[f32]) -> Result<Score, ModelError> {
        let embedding = self.embed(descriptor)?;
        let cosine = |prompt: &[f32]| {
            let norm = prompt
                .iter()
                .map(|&v| f64::from(v).powi(2))
                .sum::<f64>()
                .sqrt();
            prompt
                .iter()
                .zip(&embedding)
                .map(|(&p, e)| f64::from(p) * e)
                .sum::<f64>()
                / norm
        };
        let (high, low) = self.prompts.split_at(self.width());
        let margin = f64::from(self.logit_scale).exp() * (cosine(high) - cosine(low));
        Score::from_probability(1.0 / (1.0 + (-margin).exp())).ok_or(ModelError::NotFinite)
    }
}

/// Dot product in f64, in eight sums so that it need not wait for itself.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f64 {
    let mut sums = [0f64; 8];
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    for (a, b) in a.iter().zip(b) {
        for ((sum, &x), &y) in sums.iter_mut().zip(a).zip(b) {
            *sum += f64::from(x) * f64::from(y);
        }
    }
    let rest: f64 = a_rest
        .iter()
        .zip(b_rest)
        .map(|(&x, &y)| f64::from(x) * f64::from(y))
        .sum();
    sums.iter().sum::<f64>() + rest
}

/// GELU by its tanh approximation, as Candle's `gelu` in training.
fn gelu(x: f64) -> f64 {
    let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x);
    0.5 * x * (1.0 + inner.tanh())
}
