//! QGR on a CLIP network: the text context, the last blocks of both towers and
//! the norms after them learn from photos; the visual prompts stay.
//!
//! The teacher is the network as it was, without prompts, sorting photos into
//! nine scenes; the student sorts them by its own image feature and its own text
//! tower. What comes before the blocks that learn is constant, so it is computed
//! once per photo and augmentation ([`Student::constant`]) and a step costs the
//! last blocks alone.

use std::collections::BTreeMap;

use candle_core::{Device, Result, Tensor, Var};

use super::{Regulated, regulate};
use crate::model::ModelError;
use crate::model::clip::{
    Embedded, ImageTower, Pass, TextTower, Weights, fine_tuned, logits, quality_texts, scene_texts,
    tokenise,
};

/// Blocks of both towers that learn, the last ones.
pub const BLOCKS: usize = 4;

/// Photos on their way into the blocks that learn.
#[derive(Debug, Clone)]
pub struct Batch {
    /// [B, 1 + patches, width]: what the constant blocks make of them.
    pub tokens: Tensor,
    /// [B]: labels, scaled to [0, 1].
    pub targets: Tensor,
    /// [B, 9]: the teacher's distribution over scenes.
    pub scenes: Tensor,
}

/// A network that learns.
#[derive(Debug)]
pub struct Student {
    device: Device,
    variables: BTreeMap<String, Var>,
    image: ImageTower,
    text: TextTower,
    prompts: Option<Vec<Tensor>>,
    /// The text context, which is one of the variables where there is one.
    context: Option<Tensor>,
    scale: Tensor,
    quality: Embedded,
    scenes: Embedded,
    /// Blocks of the image tower that stay as they are.
    constant: usize,
    /// [9, embedding]: the teacher's texts.
    teacher: Tensor,
}

/// What one look at a batch gives.
#[derive(Debug)]
pub struct Step {
    /// The cross entropy with the labels.
    pub quality_loss: f64,
    /// The cross entropy with the teacher's scenes.
    pub semantic_loss: f64,
    /// Per variable, by name.
    pub gradients: BTreeMap<String, Gradients>,
}

/// The gradients of one tensor.
#[derive(Debug)]
pub struct Gradients {
    /// Of the quality loss.
    pub quality: Vec<f32>,
    /// Of the semantic loss; `None` where it does not depend on the tensor.
    pub semantic: Option<Vec<f32>>,
    /// What the step follows.
    pub regulated: Regulated,
}

impl Student {
    /// A network that starts from `weights`, of which the last `blocks` blocks
    /// learn, on `device`.
    ///
    /// # Errors
    /// [`ModelError`] when the weights are damaged or do not know CLIP's
    /// vocabulary.
    pub fn new(
        weights: &Weights,
        blocks: usize,
        device: &Device,
    ) -> std::result::Result<Self, ModelError> {
        let config = weights.config().clone();
        let learns = |name: &str| fine_tuned(name, &config, blocks);
        let (trained, variables) = weights.trainable(learns, device)?;
        let embed = |texts: &[String]| Embedded::new(weights, &tokenise(texts), device);
        let image = ImageTower::new(&trained, device)?;
        let scenes = embed(&scene_texts())?;
        let original = TextTower::new(weights, device)?;
        let context = match config.text_prompts {
            Some(_) => Some(trained.get("prompt_learner2.ctx")?.to_device(device)?),
            None => None,
        };
        let quality = match config.text_prompts {
            Some(count) => embed(&quality_texts(count))?,
            None => embed(&crate::model::clip::zero_shot_quality_texts())?,
        };
        Ok(Self {
            device: device.clone(),
            prompts: image.prompts(Pass::Infer)?,
            text: TextTower::new(&trained, device)?,
            scale: weights.get("logit_scale")?.to_device(device)?,
            constant: config.image.layers.saturating_sub(blocks),
            teacher: original.features(&scenes, Pass::Infer)?,
            image,
            context,
            quality,
            scenes,
            variables,
        })
    }

    /// Where it runs.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// What learns, by name. Their values are the network's.
    pub fn variables(&self) -> &BTreeMap<String, Var> {
        &self.variables
    }

    /// What the teacher sees in photos, [B, 9]: pixels [B, 3, side, side],
    /// normalised. Only a student that has not learned yet can be asked, since
    /// it shares the tower.
    ///
    /// # Errors
    /// Candle's.
    pub fn teach(&self, pixels: &Tensor) -> Result<Tensor> {
        let image = self.image.features(pixels, None, Pass::Infer)?.image;
        candle_nn::ops::softmax(&logits(&image, &self.teacher, &self.scale)?, 1)
    }

    /// What the blocks that stay make of photos: pixels [B, 3, side, side],
    /// normalised -> tokens [B, 1 + patches, width].
    ///
    /// # Errors
    /// Candle's.
    pub fn constant(&self, pixels: &Tensor) -> Result<Tensor> {
        let x = self.image.embed(pixels, Pass::Infer)?;
        self.image
            .run(&x, 0..self.constant, self.prompts.as_deref(), Pass::Infer)
    }

    /// Logits [B, 2] on quality and [B, 9] on scenes.
    ///
    /// # Errors
    /// Candle's.
    pub fn logits(&self, tokens: &Tensor, pass: Pass) -> Result<(Tensor, Tensor)> {
        let prompts = self.prompts.as_deref();
        let x = self
            .image
            .run(tokens, self.constant..usize::MAX, prompts, pass)?;
        let image = self.image.finish(&x, prompts.is_some(), pass)?.image;
        let quality = match &self.context {
            Some(context) => self.quality.with_context(context)?,
            None => self.quality.clone(),
        };
        let against =
            |texts: &Embedded| logits(&image, &self.text.features(texts, pass)?, &self.scale);
        Ok((against(&quality)?, against(&self.scenes)?))
    }

    /// The probabilities of "high quality" [B].
    ///
    /// # Errors
    /// Candle's.
    pub fn scores(&self, tokens: &Tensor) -> Result<Vec<f32>> {
        let (quality, _) = self.logits(tokens, Pass::Infer)?;
        candle_nn::ops::softmax(&quality, 1)?
            .narrow(1, 0, 1)?
            .flatten_all()?
            .to_vec1()
    }

    /// Mean Kullback-Leibler divergence of the student's scenes from the
    /// teacher's, in nats.
    ///
    /// # Errors
    /// Candle's.
    pub fn drift(&self, batch: &Batch) -> Result<f64> {
        let (_, scenes) = self.logits(&batch.tokens, Pass::Infer)?;
        let cross = cross_entropy(&scenes, &batch.scenes)?;
        let logarithms = (&batch.scenes + 1e-30)?.log()?;
        let entropy = (&batch.scenes * logarithms)?.sum(1)?.mean(0)?;
        Ok(f64::from((cross + entropy)?.to_scalar::<f32>()?))
    }

    /// Losses and gradients of a batch.
    ///
    /// # Errors
    /// Candle's.
    pub fn gradients(&self, batch: &Batch, lambda: f64) -> Result<Step> {
        let (quality, scenes) = self.logits(&batch.tokens, Pass::Train)?;
        let targets = batch.targets.unsqueeze(1)?;
        let targets = Tensor::cat(&[&targets, &targets.affine(-1.0, 1.0)?], 1)?;
        let quality = cross_entropy(&quality, &targets)?;
        let semantic = cross_entropy(&scenes, &batch.scenes)?;
        let (of_quality, of_semantic) = (quality.backward()?, semantic.backward()?);
        let flat = |t: &Tensor| t.flatten_all()?.to_vec1::<f32>();
        let mut gradients = BTreeMap::new();
        for (name, variable) in &self.variables {
            let Some(quality) = of_quality.get(variable) else {
                continue;
            };
            let quality = flat(quality)?;
            let semantic = of_semantic.get(variable).map(flat).transpose()?;
            let regulated = regulate(&quality, semantic.as_deref(), lambda);
            gradients.insert(
                name.clone(),
                Gradients {
                    quality,
                    semantic,
                    regulated,
                },
            );
        }
        let scalar = |t: Tensor| Ok::<_, candle_core::Error>(f64::from(t.to_scalar::<f32>()?));
        Ok(Step {
            quality_loss: scalar(quality)?,
            semantic_loss: scalar(semantic)?,
            gradients,
        })
    }

    /// Follows regulated gradients: stochastic gradient descent without
    /// momentum, with the weight decay added after the projection.
    ///
    /// # Errors
    /// Candle's.
    pub fn follow(&self, step: &Step, rate: f64, decay: f64) -> Result<()> {
        for (name, gradients) in &step.gradients {
            let Some(variable) = self.variables.get(name) else {
                continue;
            };
            let gradient = &gradients.regulated.gradient;
            let gradient = Tensor::from_slice(gradient, variable.dims(), variable.device())?;
            let values = variable.as_tensor().detach();
            let change = (gradient + (&values * decay)?)?;
            variable.set(&(values - (change * rate)?)?)?;
        }
        Ok(())
    }
}

/// Mean over the batch of `-sum targets ln softmax(logits)`.
fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let logarithms = candle_nn::ops::log_softmax(logits, 1)?;
    (logarithms * targets)?.sum(1)?.mean(0)?.neg()
}
