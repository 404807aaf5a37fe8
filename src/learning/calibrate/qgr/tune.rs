//! Fine-tuning a CLIP network to labelled photos, from the first step to the
//! last.

use candle_core::{Device, Tensor};

use super::Plateau;
use super::clip::{Batch, Student};
use crate::learning::calibrate::{CalibrateError, scaled};
use crate::learning::sample::Random;
use crate::model::clip::{Config, Crop, cropped};

/// How a network is tuned; the defaults are the paper's where it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Strength of the regularisation; 0 for none.
    pub lambda: f64,
    /// Rate of learning at the start.
    pub rate: f64,
    /// Weight decay, added after the projection.
    pub decay: f64,
    /// Passes over the labels, at most.
    pub epochs: usize,
    /// Photos of a step, at most.
    pub batch: usize,
    /// Random pieces that photos are seen by. They are drawn beforehand, and
    /// what the constant blocks make of them is kept.
    pub crops: usize,
    /// Seed of everything random.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lambda: super::LAMBDA,
            rate: 1e-3,
            decay: 1e-4,
            epochs: 2000,
            batch: 192,
            crops: 8,
            seed: 1,
        }
    }
}

/// Epochs between two looks at the loss, and the epoch from which on a plateau
/// counts.
const LOOK: usize = 5;
const SETTLED: usize = 10;

/// Photos that the constant blocks see at once.
const CHUNK: usize = 8;

/// How far tuning is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Epochs done; 0 while the constant blocks are computed.
    pub epoch: usize,
    /// Share of the constant blocks' work that is done, 0 to 1.
    pub prepared: f64,
    /// The quality loss of the last epoch, in nats.
    pub loss: Option<f64>,
}

/// What tuning came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuned {
    /// Epochs it took.
    pub epochs: usize,
    /// The quality loss of the last one.
    pub loss: f64,
    /// Divergence from the teacher's scenes over the labelled photos, before and
    /// after, in nats ([`Student::drift`]).
    pub drift: (f64, f64),
}

/// Tunes a student to photos resized to [`Config::resize_side`] (8-bit sRGB,
/// interleaved) and their labels on any scale. The labels' own loss is watched
/// for the plateau, since few labels leave none to spare. `progress` says whether
/// to go on; the student keeps what it learned until then.
///
/// # Errors
/// [`CalibrateError`].
pub fn tune(
    student: &Student,
    config: &Config,
    photos: &[&[u8]],
    labels: &[f64],
    options: &Options,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<Tuned, CalibrateError> {
    let labels = scaled(labels)?;
    let n = photos.len().min(labels.len());
    let mut random = Random::new(options.seed);
    let room = config.resize_side() - config.image_size();
    let mut below = |most: usize| (random.uniform() * most as f64) as usize;
    // The first is the one that photos are scored by.
    let mut crops = vec![Crop::middle(config)];
    crops.extend((0..options.crops.max(1)).map(|_| Crop {
        top: below(room),
        left: below(room),
        mirrored: below(2) == 1,
    }));
    let mut kept = Vec::with_capacity(crops.len());
    for (i, &crop) in crops.iter().enumerate() {
        let prepared = i as f64 / crops.len() as f64;
        kept.push(prepare(student, config, &photos[..n], &labels[..n], crop)?);
        if !progress(Progress {
            epoch: 0,
            prepared,
            loss: None,
        }) {
            return Err(CalibrateError::Interrupted);
        }
    }
    let middle = kept.remove(0);
    let before = student.drift(&middle)?;
    let mut plateau = Plateau::new(options.rate);
    let mut order: Vec<u32> = (0..n as u32).collect();
    let (mut epoch, mut loss, mut since_look) = (0, f64::INFINITY, Vec::new());
    while epoch < options.epochs {
        random.shuffle(&mut order);
        let (mut sum, mut count) = (0.0, 0);
        for chosen in order.chunks(options.batch.max(1)) {
            let crop = (random.uniform() * kept.len() as f64) as usize;
            let Some(of_crop) = kept.get(crop) else {
                continue;
            };
            let batch = pick(of_crop, chosen)?;
            let step = student.gradients(&batch, options.lambda)?;
            student.follow(&step, plateau.rate, options.decay)?;
            sum += step.quality_loss * chosen.len() as f64;
            count += chosen.len();
        }
        epoch += 1;
        loss = sum / count.max(1) as f64;
        if !loss.is_finite() {
            return Err(CalibrateError::Diverged);
        }
        since_look.push(loss);
        if !progress(Progress {
            epoch,
            prepared: 1.0,
            loss: Some(loss),
        }) {
            return Err(CalibrateError::Interrupted);
        }
        if epoch % LOOK == 0 {
            // Crops differ in difficulty; their mean does not.
            let mean = since_look.iter().sum::<f64>() / since_look.len() as f64;
            since_look.clear();
            if !plateau.look(mean) && epoch > SETTLED {
                break;
            }
        }
    }
    Ok(Tuned {
        epochs: epoch,
        loss,
        drift: (before, student.drift(&middle)?),
    })
}

/// What the constant blocks and the teacher make of one crop of all photos.
fn prepare(
    student: &Student,
    config: &Config,
    photos: &[&[u8]],
    labels: &[f64],
    crop: Crop,
) -> Result<Batch, CalibrateError> {
    let side = config.image_size();
    let (mut tokens, mut scenes) = (Vec::new(), Vec::new());
    for chunk in photos.chunks(CHUNK) {
        let mut values = Vec::with_capacity(chunk.len() * 3 * side * side);
        for photo in chunk {
            values.extend(cropped(config, photo, crop)?);
        }
        let pixels = Tensor::from_vec(values, (chunk.len(), 3, side, side), student.device())?;
        tokens.push(student.constant(&pixels)?);
        scenes.push(student.teach(&pixels)?);
    }
    let targets = labels.iter().map(|&label| label as f32);
    Ok(Batch {
        tokens: Tensor::cat(&tokens, 0)?,
        scenes: Tensor::cat(&scenes, 0)?,
        targets: Tensor::from_iter(targets, &Device::Cpu)?.to_device(student.device())?,
    })
}

/// Some photos of a batch.
fn pick(batch: &Batch, chosen: &[u32]) -> candle_core::Result<Batch> {
    let chosen = Tensor::new(chosen, batch.tokens.device())?;
    Ok(Batch {
        tokens: batch.tokens.index_select(&chosen, 0)?,
        targets: batch.targets.index_select(&chosen, 0)?,
        scenes: batch.scenes.index_select(&chosen, 0)?,
    })
}
