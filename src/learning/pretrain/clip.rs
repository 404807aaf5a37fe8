//! CLIP under meta-prompt pre-training: what learns is everything with
//! "prompt" in its name.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor, Var};

use super::{Learner, PretrainError, cross_entropy};
use crate::learning::sample::Random;
use crate::model::ModelError;
use crate::model::clip::{
    Embedded, ImageTower, Pass, TextTower, Weights, logits, quality_texts, tokenise,
};

/// Where a learner gets its photos: normalised, [3, side, side] each.
pub trait Pixels {
    /// One example's pixels; with `random` a random flip and crop of them.
    ///
    /// # Errors
    /// [`PretrainError::Photo`].
    fn pixels(
        &mut self,
        example: usize,
        random: Option<&mut Random>,
    ) -> Result<Vec<f32>, PretrainError>;
}

/// Share of the projected prompts' numbers that a training step leaves out.
const DROPOUT: f64 = 0.1;

/// Photos scored at a time for validation.
const BATCH: usize = 16;

/// A CLIP network in training.
pub struct ClipLearner {
    weights: Weights,
    variables: BTreeMap<String, Var>,
    image: ImageTower,
    text: TextTower,
    /// The quality texts, with room for the learned tokens.
    texts: Embedded,
    logit_scale: Tensor,
    device: Device,
    labels: Vec<f32>,
    photos: Box<dyn Pixels>,
}

impl ClipLearner {
    /// Takes over weights that have prompts; see
    /// [`crate::model::clip::with_prompts`].
    ///
    /// # Errors
    /// [`ModelError::Weights`] when they have none, or are damaged.
    pub fn new(
        weights: &Weights,
        device: &Device,
        labels: Vec<f32>,
        photos: Box<dyn Pixels>,
    ) -> Result<Self, ModelError> {
        let count = match (
            weights.config().visual_prompts,
            weights.config().text_prompts,
        ) {
            (Some(_), Some(count)) => count,
            _ => {
                return Err(ModelError::Weights {
                    weights: weights.label().to_owned(),
                    reason: "has no prompts that could learn".to_owned(),
                });
            }
        };
        let (weights, variables) = weights.trainable(|name| name.contains("prompt"), device)?;
        let texts = tokenise(&quality_texts(count));
        Ok(Self {
            image: ImageTower::new(&weights, device)?,
            text: TextTower::new(&weights, device)?,
            texts: Embedded::new(&weights, &texts, device)?,
            logit_scale: weights.get("logit_scale")?.to_device(device)?,
            device: device.clone(),
            weights,
            variables,
            labels,
            photos,
        })
    }

    /// The weights; those that learn are shared with the learner.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// The margin [B] of "high" over "low quality" of normalised images
    /// [B, 3, side, side], with dropout where there is chance.
    ///
    /// # Errors
    /// Candle's, or a missing tensor.
    pub fn margin(
        &self,
        images: &Tensor,
        random: Option<&mut Random>,
    ) -> Result<Tensor, PretrainError> {
        let mut prompts = self.image.prompts(Pass::Train)?;
        if let (Some(prompts), Some(random)) = (&mut prompts, random) {
            for prompt in prompts {
                let kept = (1.0 / (1.0 - DROPOUT)) as f32;
                let mask: Vec<f32> = (0..prompt.elem_count())
                    .map(|_| if random.chance(DROPOUT) { 0.0 } else { kept })
                    .collect();
                let mask = Tensor::from_vec(mask, prompt.dims(), &self.device)?;
                *prompt = (&*prompt * mask)?;
            }
        }
        let features = self
            .image
            .features(images, prompts.as_deref(), Pass::Train)?;
        let context = self.weights.get("prompt_learner2.ctx")?;
        let texts = self
            .text
            .features(&self.texts.with_context(&context)?, Pass::Train)?;
        let logits = logits(&features.image, &texts, &self.logit_scale)?;
        let margin = (logits.narrow(1, 0, 1)? - logits.narrow(1, 1, 1)?)?;
        Ok(margin.squeeze(1)?)
    }

    /// The loss of images and labels [B].
    ///
    /// # Errors
    /// As [`ClipLearner::margin`].
    pub fn loss_of(
        &self,
        images: &Tensor,
        labels: &Tensor,
        random: Option<&mut Random>,
    ) -> Result<Tensor, PretrainError> {
        Ok(cross_entropy(&self.margin(images, random)?, labels)?)
    }

    fn images(
        &mut self,
        examples: &[usize],
        mut random: Option<&mut Random>,
    ) -> Result<Tensor, PretrainError> {
        let mut values = Vec::new();
        for &example in examples {
            values.extend(self.photos.pixels(example, random.as_deref_mut())?);
        }
        let side = self.weights.config().image_size();
        let shape = (examples.len(), 3, side, side);
        Ok(Tensor::from_vec(values, shape, &self.device)?)
    }
}

impl Learner for ClipLearner {
    fn variables(&self) -> Vec<(String, Var)> {
        self.variables
            .iter()
            .map(|(name, variable)| (name.clone(), variable.clone()))
            .collect()
    }

    fn loss(&mut self, examples: &[usize], random: &mut Random) -> Result<Tensor, PretrainError> {
        let images = self.images(examples, Some(&mut *random))?;
        let labels: Vec<f32> = examples
            .iter()
            .map(|&i| self.labels.get(i).copied().unwrap_or_default())
            .collect();
        let labels = Tensor::new(labels, &self.device)?;
        self.loss_of(&images, &labels, Some(random))
    }

    fn scores(&mut self, examples: &[usize]) -> Result<Vec<f64>, PretrainError> {
        let mut scores = Vec::with_capacity(examples.len());
        for examples in examples.chunks(BATCH) {
            let images = self.images(examples, None)?;
            let margins = self.margin(&images, None)?.detach().to_vec1::<f32>()?;
            let score = |margin: f32| 1.0 / (1.0 + (-f64::from(margin)).exp());
            scores.extend(margins.into_iter().map(score));
        }
        Ok(scores)
    }
}
