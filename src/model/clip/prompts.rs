//! Prompts to begin with, for a CLIP that has none.

use std::collections::HashMap;

use candle_core::{Device, Tensor};

use super::names;
use super::weights::Weights;
use crate::model::ModelError;

/// Learned tokens per block, as in the method.
const VISUAL: usize = 100;

/// Learned tokens of a text, as in the method.
const TEXT: usize = 4;

/// The same weights with those prompts added that they lack, as the method
/// begins: visual prompts uniform within `sqrt(6 / (3 patch² + width))`, their
/// projection normal with deviation `sqrt(2 / width)` and no bias, their norm
/// that of no change, text tokens normal with deviation 0.02.
///
/// `uniform` gives numbers in [0, 1).
///
/// # Errors
/// [`ModelError::Weights`] when they are damaged.
pub fn with_prompts(
    weights: &Weights,
    uniform: &mut dyn FnMut() -> f64,
) -> Result<Weights, ModelError> {
    let config = weights.config();
    let mut tensors: HashMap<String, Tensor> = HashMap::new();
    for name in weights.names() {
        tensors.insert(name.to_owned(), weights.get(name)?);
    }
    let normal = |uniform: &mut dyn FnMut() -> f64| {
        let radius = (-2.0 * (1.0 - uniform()).ln()).sqrt();
        radius * (2.0 * std::f64::consts::PI * uniform()).cos()
    };
    let drawn = |shape: &[usize], draw: &mut dyn FnMut() -> f64| -> Result<Tensor, ModelError> {
        let count = shape.iter().product();
        let values: Vec<f32> = (0..count).map(|_| draw() as f32).collect();
        Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
    };
    if config.visual_prompts.is_none() {
        let (width, layers) = (config.image.width, config.image.layers);
        let reach = (6.0 / (3 * config.patch * config.patch + width) as f64).sqrt();
        let mut even = || reach * (2.0 * uniform() - 1.0);
        let first = drawn(&[1, VISUAL, width], &mut even)?;
        tensors.insert(names::PROMPTS.to_owned(), first);
        if layers > 1 {
            let deep = drawn(&[layers - 1, VISUAL, width], &mut even)?;
            tensors.insert(names::DEEP_PROMPTS.to_owned(), deep);
        }
        let deviation = (2.0 / width as f64).sqrt();
        let projection = drawn(&[width, width], &mut || deviation * normal(uniform))?;
        let at = |name: &str, part: &str| format!("{name}.{part}");
        let zeros = Tensor::zeros(width, candle_core::DType::F32, &Device::Cpu)?;
        tensors.insert(at(names::PROMPT_PROJECTION, "weight"), projection);
        tensors.insert(at(names::PROMPT_PROJECTION, "bias"), zeros.clone());
        tensors.insert(at(names::PROMPT_NORM, "weight"), zeros.ones_like()?);
        tensors.insert(at(names::PROMPT_NORM, "bias"), zeros);
    }
    if config.text_prompts.is_none() {
        let context = drawn(&[TEXT, config.text.width], &mut || 0.02 * normal(uniform))?;
        tensors.insert(names::CONTEXT.to_owned(), context);
    }
    Weights::from_tensors(tensors, weights.label())
}
