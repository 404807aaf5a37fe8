//! A CLIP network as a model that scores photos.

use candle_core::{Device as CandleDevice, Tensor};

use super::config::Config;
use super::fused::FusedImageTower;
use super::image::ImageTower;
use super::ops::Pass;
use super::text::{self, Embedded, TextTower};
use super::weights::Weights;
use super::{info, names, preprocess};
use crate::model::device::Device;
use crate::model::simd::Level;
use crate::model::{Assessment, ModelError, ModelInfo, QualityModel, Scene, Score};

/// A CLIP network ready to score, by GRMP-IQA's learned prompts where it has
/// them and otherwise by two texts that CLIP was never taught.
#[derive(Debug)]
pub struct ClipModel {
    info: ModelInfo,
    config: Config,
    tower: Tower,
    /// Of length 1: high quality, low quality.
    quality: Vec<Vec<f64>>,
    /// Of length 1, in the order of [`Scene::ALL`].
    scenes: Vec<Vec<f64>>,
    /// What cosines are scaled by.
    scale: f64,
}

/// The image tower, as the device likes it best.
#[derive(Debug)]
enum Tower {
    Processor(Box<FusedImageTower>),
    Other {
        tower: Box<ImageTower>,
        prompts: Option<Vec<Tensor>>,
        device: CandleDevice,
    },
}

impl ClipModel {
    /// Takes the network out of its weights.
    ///
    /// # Errors
    /// [`ModelError::Weights`] when they are damaged or do not know CLIP's
    /// vocabulary, [`ModelError::Device`] when the device cannot be used.
    pub fn new(weights: &Weights, device: Device) -> Result<Self, ModelError> {
        let info = info(weights)?;
        let config = weights.config().clone();
        let device = device.open()?;
        // A few texts, once: not worth a device.
        let texts = Texts::new(weights)?;
        let tower = match device {
            CandleDevice::Cpu => {
                Tower::Processor(Box::new(FusedImageTower::new(weights, Level::best())?))
            }
            device => {
                let tower = Box::new(ImageTower::new(weights, &device)?);
                Tower::Other {
                    prompts: tower.prompts(Pass::Infer)?,
                    tower,
                    device,
                }
            }
        };
        Ok(Self {
            info,
            config,
            tower,
            quality: texts.quality,
            scenes: texts.scenes,
            scale: texts.scale,
        })
    }

    /// The network's configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Image features of length 1 of normalised images, [3, side, side] each.
    /// Not `prompted`, they are those of the original CLIP.
    ///
    /// # Errors
    /// [`ModelError::Pixels`] for an image of another size,
    /// [`ModelError::NotFinite`] when the network gives no numbers.
    pub fn features(&self, images: &[&[f32]], prompted: bool) -> Result<Vec<Vec<f64>>, ModelError> {
        let features = match &self.tower {
            Tower::Processor(tower) => tower.features(images, prompted)?,
            Tower::Other {
                tower,
                prompts,
                device,
            } => {
                let side = self.config.image_size();
                let shape = (images.len(), 3, side, side);
                let pixels = Tensor::from_vec(images.concat(), shape, device)?;
                let prompts = prompts.as_deref().filter(|_| prompted);
                let features = tower.features(&pixels, prompts, Pass::Infer)?;
                features.image.to_vec2()?
            }
        };
        features.iter().map(|feature| unit(feature)).collect()
    }

    /// Probability of "high quality" of an image feature.
    fn quality(&self, feature: &[f64]) -> Result<Score, ModelError> {
        let probability = probabilities(feature, &self.quality, self.scale)
            .first()
            .copied();
        probability
            .and_then(Score::from_probability)
            .ok_or(ModelError::NotFinite)
    }

    fn scene(&self, feature: &[f64]) -> Option<Scene> {
        let probabilities = probabilities(feature, &self.scenes, self.scale);
        let best = probabilities
            .iter()
            .zip(Scene::ALL)
            .max_by(|a, b| a.0.total_cmp(b.0));
        best.map(|(_, scene)| scene)
    }

    /// Normalised inputs of resized photos.
    fn inputs(&self, batch: &[&[u8]]) -> Result<Vec<Vec<f32>>, ModelError> {
        let input = |photo: &&[u8]| preprocess::input(&self.config, photo);
        batch.iter().map(input).collect()
    }
}

impl QualityModel for ClipModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// The side that photos are resized to; the input is cropped from that.
    fn input_side(&self) -> u32 {
        u32::try_from(self.config.resize_side()).unwrap_or(u32::MAX)
    }

    fn score(&self, batch: &[&[u8]]) -> Result<Vec<Score>, ModelError> {
        let inputs = self.inputs(batch)?;
        let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
        let features = self.features(&inputs, true)?;
        features
            .iter()
            .map(|feature| self.quality(feature))
            .collect()
    }

    fn tells_scenes(&self) -> bool {
        !self.scenes.is_empty()
    }

    fn assess(&self, batch: &[&[u8]]) -> Result<Vec<Assessment>, ModelError> {
        let inputs = self.inputs(batch)?;
        let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
        let features = self.features(&inputs, true)?;
        // The teacher sees no prompts.
        let teacher = match self.config.visual_prompts {
            Some(_) => &self.features(&inputs, false)?,
            None => &features,
        };
        let both = features.iter().zip(teacher);
        both.map(|(feature, teacher)| {
            Ok(Assessment {
                score: self.quality(feature)?,
                scene: self.scene(teacher),
            })
        })
        .collect()
    }
}

/// What the texts come to, which photos are compared with.
struct Texts {
    quality: Vec<Vec<f64>>,
    scenes: Vec<Vec<f64>>,
    scale: f64,
}

impl Texts {
    fn new(weights: &Weights) -> Result<Self, ModelError> {
        let device = CandleDevice::Cpu;
        let tower = TextTower::new(weights, &device)?;
        let features = |texts: &[String], context: Option<&Tensor>| {
            let mut texts = Embedded::new(weights, &text::tokenise(texts), &device)?;
            if let Some(context) = context {
                texts = texts.with_context(context)?;
            }
            let features = tower.features(&texts, Pass::Infer)?.to_vec2::<f32>()?;
            let unit = |feature: &Vec<f32>| unit(feature);
            features
                .iter()
                .map(unit)
                .collect::<Result<Vec<_>, ModelError>>()
        };
        let quality = match weights.config().text_prompts {
            Some(count) => {
                let context = weights.get(names::CONTEXT)?;
                features(&text::quality_texts(count), Some(&context))?
            }
            None => features(&text::zero_shot_quality_texts(), None)?,
        };
        let scale = weights.get(names::LOGIT_SCALE)?.to_scalar::<f32>()?;
        Ok(Self {
            quality,
            scenes: features(&text::scene_texts(), None)?,
            scale: f64::from(scale).exp(),
        })
    }
}

/// Makes a feature of length 1.
fn unit(feature: &[f32]) -> Result<Vec<f64>, ModelError> {
    let wide = || feature.iter().copied().map(f64::from);
    let length = wide().map(|v| v * v).sum::<f64>().sqrt();
    if !length.is_finite() || length == 0.0 {
        return Err(ModelError::NotFinite);
    }
    Ok(wide().map(|v| v / length).collect())
}

/// Softmax of the scaled cosines.
fn probabilities(feature: &[f64], texts: &[Vec<f64>], scale: f64) -> Vec<f64> {
    let cosine = |text: &Vec<f64>| text.iter().zip(feature).map(|(a, b)| a * b).sum::<f64>();
    let logits: Vec<f64> = texts.iter().map(|text| scale * cosine(text)).collect();
    let most = logits.iter().copied().fold(f64::MIN, f64::max);
    let exponentials: Vec<f64> = logits.iter().map(|logit| (logit - most).exp()).collect();
    let sum: f64 = exponentials.iter().sum();
    exponentials.iter().map(|e| e / sum).collect()
}
