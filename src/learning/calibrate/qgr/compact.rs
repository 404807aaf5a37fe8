//! QGR on the compact model: the backbone stays, the adapter and the quality
//! prompts learn from descriptors.
//!
//! The semantic teacher is the frozen network's own distribution over ImageNet's
//! classes; the student is a class head on the adapted embedding. A model file
//! has no such head, so one is fitted by ridge regression to the teacher's
//! logits of the photos at hand, which need no labels, and then stays as it is.
//! The prompts have no semantic gradient, as the text context of CLIP has none.

use candle_core::{D, DType, Device, Result, Tensor, Var};

use super::{LAMBDA, Plateau, regulate};
use crate::learning::calibrate::{CalibrateError, scaled};
use crate::learning::ridge::Cholesky;
use crate::learning::sample::Random;
use crate::model::compact::Head;
use crate::model::efficientnet::{CLASSES, DESCRIPTOR};

/// How the head is tuned.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Strength of the regularisation; 0 for none.
    pub lambda: f64,
    /// Rate of learning at the start.
    pub rate: f64,
    /// Share of a tensor that is taken off it in every step, times the rate.
    pub decay: f64,
    /// Steps over all labels, at most.
    pub steps: usize,
    /// Seed of the validation fold.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lambda: LAMBDA,
            rate: 1e-3,
            decay: 1e-4,
            steps: 200,
            seed: 1,
        }
    }
}

/// Steps between two looks at the loss.
const LOOK: usize = 5;

/// Labels from which on a fifth of them is watched instead of learned from.
const WATCHED: usize = 40;

/// Penalty of the ridge regression that the class head comes from.
const CLASS_PENALTY: f64 = 1e-2;

/// A class head on the embedding.
#[derive(Debug, Clone)]
pub struct Classes {
    /// [E + 1, 1000]: weights of the embedding, and the bias.
    weights: Tensor,
}

impl Classes {
    /// Fits a class head to a teacher's logits [1000] of photos, by their
    /// descriptors [1120].
    ///
    /// # Errors
    /// [`CalibrateError::NotFinite`] or the model's.
    pub fn fit<'a>(
        head: &Head,
        photos: impl Iterator<Item = (&'a [f32], &'a [f32])>,
    ) -> std::result::Result<Self, CalibrateError> {
        let inputs = head.width() + 1;
        let (mut gram, mut moment) = (vec![0f64; inputs * inputs], vec![0f64; inputs * CLASSES]);
        for (descriptor, logits) in photos {
            let mut embedding = head.embed(descriptor)?;
            embedding.push(1.0);
            for (i, a) in embedding.iter().enumerate() {
                for (sum, b) in gram[i * inputs..][..inputs].iter_mut().zip(&embedding) {
                    *sum += a * b;
                }
                for (sum, &logit) in moment[i * CLASSES..][..CLASSES].iter_mut().zip(logits) {
                    *sum += a * f64::from(logit);
                }
            }
        }
        for i in 0..inputs {
            gram[i * inputs + i] += CLASS_PENALTY;
        }
        let factor = Cholesky::new(gram, inputs).ok_or(CalibrateError::NotFinite)?;
        let mut weights = vec![0f32; inputs * CLASSES];
        for class in 0..CLASSES {
            let column: Vec<f64> = (0..inputs).map(|i| moment[i * CLASSES + class]).collect();
            for (i, weight) in factor.solve(&column).into_iter().enumerate() {
                weights[i * CLASSES + class] = weight as f32;
            }
        }
        Ok(Self {
            weights: Tensor::from_vec(weights, (inputs, CLASSES), &Device::Cpu)?,
        })
    }
}

/// A head after tuning.
#[derive(Debug, Clone)]
pub struct Tuned {
    /// The head.
    pub head: Head,
    /// Steps that were taken.
    pub steps: usize,
    /// Mean Kullback-Leibler divergence of the student's classes from the
    /// teacher's over the labelled photos, before and after, in nats.
    pub drift: (f64, f64),
}

/// Tunes a head to labelled photos: their descriptors [1120] with the teacher's
/// logits [1000], and labels on any scale. `go_on` is asked after every look.
///
/// # Errors
/// [`CalibrateError`].
pub fn tune(
    head: &Head,
    classes: &Classes,
    photos: &[(&[f32], &[f32])],
    labels: &[f64],
    options: &Options,
    go_on: &mut dyn FnMut() -> bool,
) -> std::result::Result<Tuned, CalibrateError> {
    let labels = scaled(labels)?;
    let mut order: Vec<usize> = (0..photos.len().min(labels.len())).collect();
    Random::new(options.seed).shuffle(&mut order);
    let watched = if order.len() >= WATCHED {
        order.split_off(order.len() * 4 / 5)
    } else {
        Vec::new()
    };
    let learn = Batch::new(head, photos, &labels, &order)?;
    let watch = match watched.is_empty() {
        true => None,
        false => Some(Batch::new(head, photos, &labels, &watched)?),
    };
    let network = Network::new(head)?;
    let before = network.drift(&learn, classes)?;
    let mut plateau = Plateau::new(options.rate);
    let mut best: Option<(f64, Vec<Tensor>)> = None;
    let mut steps = 0;
    while steps < options.steps {
        let (quality, _) = network.step(&learn, classes, options, plateau.rate)?;
        steps += 1;
        if !steps.is_multiple_of(LOOK) {
            continue;
        }
        let loss = match &watch {
            Some(watch) => f64::from(network.quality(watch)?.to_scalar::<f32>()?),
            None => quality,
        };
        if !loss.is_finite() {
            return Err(CalibrateError::Diverged);
        }
        if watch.is_some() && best.as_ref().is_none_or(|(least, _)| loss < *least) {
            let values = network.variables.iter().map(|v| v.as_tensor().copy());
            best = Some((loss, values.collect::<Result<_>>()?));
        }
        if !go_on() {
            return Err(CalibrateError::Interrupted);
        }
        if !plateau.look(loss) {
            break;
        }
    }
    if let Some((_, values)) = best {
        for (variable, value) in network.variables.iter().zip(values) {
            variable.set(&value)?;
        }
    }
    Ok(Tuned {
        head: network.head(head)?,
        steps,
        drift: (before, network.drift(&learn, classes)?),
    })
}

/// Mean Kullback-Leibler divergence of a head's classes from the teacher's over
/// photos, their descriptors [1120] with the teacher's logits [1000], in nats.
///
/// # Errors
/// [`CalibrateError::Tensor`].
pub fn drift(
    head: &Head,
    classes: &Classes,
    photos: &[(&[f32], &[f32])],
) -> std::result::Result<f64, CalibrateError> {
    let order: Vec<usize> = (0..photos.len()).collect();
    let batch = Batch::new(head, photos, &vec![0.0; photos.len()], &order)?;
    Ok(Network::new(head)?.drift(&batch, classes)?)
}

/// Photos that are learned from together.
struct Batch {
    /// [B, 1120], standardised.
    inputs: Tensor,
    /// [B].
    targets: Tensor,
    /// [B, 1000]: the teacher's distribution.
    teacher: Tensor,
}

impl Batch {
    fn new(
        head: &Head,
        photos: &[(&[f32], &[f32])],
        labels: &[f64],
        chosen: &[usize],
    ) -> Result<Self> {
        let count = chosen.len();
        let inputs = chosen.iter().flat_map(|&i| head.standardised(photos[i].0));
        let logits = chosen.iter().flat_map(|&i| photos[i].1.iter().copied());
        let logits = Tensor::from_iter(logits, &Device::Cpu)?.reshape((count, CLASSES))?;
        Ok(Self {
            inputs: Tensor::from_iter(inputs, &Device::Cpu)?.reshape((count, DESCRIPTOR))?,
            targets: Tensor::from_iter(chosen.iter().map(|&i| labels[i] as f32), &Device::Cpu)?,
            teacher: candle_nn::ops::softmax(&logits, 1)?,
        })
    }
}

/// The head in training.
struct Network {
    /// linear, bias, hidden, hidden_bias, output, prompts.
    variables: [Var; 6],
    scale: f64,
}

impl Network {
    fn new(head: &Head) -> Result<Self> {
        let (width, hidden) = (head.width(), head.hidden_bias.len());
        let var = |values: &[f32], shape: &[usize]| {
            Var::from_tensor(&Tensor::from_slice(values, shape, &Device::Cpu)?)
        };
        Ok(Self {
            variables: [
                var(&head.linear, &[width, DESCRIPTOR])?,
                var(&head.bias, &[width])?,
                var(&head.hidden, &[hidden, DESCRIPTOR])?,
                var(&head.hidden_bias, &[hidden])?,
                var(&head.output, &[width, hidden])?,
                var(&head.prompts, &[2, width])?,
            ],
            scale: f64::from(head.logit_scale).exp(),
        })
    }

    /// [B, E], of length 1.
    fn embedding(&self, x: &Tensor) -> Result<Tensor> {
        let [linear, bias, hidden, hidden_bias, output, _] = &self.variables;
        let inner = x.matmul(&hidden.t()?)?.broadcast_add(hidden_bias)?.gelu()?;
        unit(&(x.matmul(&linear.t()?)?.broadcast_add(bias)? + inner.matmul(&output.t()?)?)?)
    }

    fn quality_of(&self, embedding: &Tensor, targets: &Tensor) -> Result<Tensor> {
        let cosines = embedding.matmul(&unit(&self.variables[5])?.t()?)?;
        let margin = (cosines.narrow(1, 0, 1)? - cosines.narrow(1, 1, 1)?)?;
        let margin = (margin.squeeze(1)? * self.scale)?;
        // ln(1 + e^m) - t m, written so that it does not overflow.
        let softplus = (margin.relu()? + (margin.abs()?.neg()?.exp()? + 1.0)?.log()?)?;
        (softplus - (targets * margin)?)?.mean_all()
    }

    fn quality(&self, batch: &Batch) -> Result<Tensor> {
        self.quality_of(&self.embedding(&batch.inputs)?, &batch.targets)
    }

    /// The cross entropy of the student's classes with the teacher's.
    fn semantic(&self, embedding: &Tensor, batch: &Batch, classes: &Classes) -> Result<Tensor> {
        let inputs = classes.weights.dim(0)? - 1;
        let logits = embedding
            .matmul(&classes.weights.narrow(0, 0, inputs)?)?
            .broadcast_add(&classes.weights.narrow(0, inputs, 1)?)?;
        let student = log_softmax(&logits)?;
        (&batch.teacher * student)?.sum(1)?.mean_all()?.neg()
    }

    /// One step of gradient descent; the two losses before it.
    fn step(
        &self,
        batch: &Batch,
        classes: &Classes,
        options: &Options,
        rate: f64,
    ) -> Result<(f64, f64)> {
        let embedding = self.embedding(&batch.inputs)?;
        let quality = self.quality_of(&embedding, &batch.targets)?;
        let semantic = self.semantic(&embedding, batch, classes)?;
        let of_quality = quality.backward()?;
        let of_semantic = semantic.backward()?;
        let flat = |t: &Tensor| t.flatten_all()?.to_vec1::<f32>();
        for variable in &self.variables {
            let Some(gradient) = of_quality.get(variable) else {
                continue;
            };
            let semantic = of_semantic.get(variable).map(flat).transpose()?;
            let regulated = regulate(&flat(gradient)?, semantic.as_deref(), options.lambda);
            let step = Tensor::from_vec(regulated.gradient, variable.dims(), &Device::Cpu)?;
            let step = (step + (variable.as_tensor().detach() * options.decay)?)?;
            variable.set(&(variable.as_tensor().detach() - (step * rate)?)?)?;
        }
        let scalar = |t: Tensor| Ok::<_, candle_core::Error>(f64::from(t.to_scalar::<f32>()?));
        Ok((scalar(quality)?, scalar(semantic)?))
    }

    /// Mean Kullback-Leibler divergence of the student from the teacher.
    fn drift(&self, batch: &Batch, classes: &Classes) -> Result<f64> {
        let embedding = self.embedding(&batch.inputs)?.detach();
        let cross = self.semantic(&embedding, batch, classes)?;
        let logarithms = (&batch.teacher + 1e-30)?.log()?;
        let entropy = (&batch.teacher * logarithms)?.sum(1)?.mean_all()?;
        Ok(f64::from(
            (cross + entropy)?
                .to_dtype(DType::F32)?
                .to_scalar::<f32>()?,
        ))
    }

    fn head(&self, from: &Head) -> std::result::Result<Head, CalibrateError> {
        let mut values = Vec::new();
        for variable in &self.variables {
            let flat = variable.flatten_all()?.to_vec1::<f32>()?;
            if flat.iter().any(|value| !value.is_finite()) {
                return Err(CalibrateError::Diverged);
            }
            values.push(flat);
        }
        let mut values = values.into_iter();
        let mut next = || values.next().unwrap_or_default();
        Ok(Head {
            linear: next(),
            bias: next(),
            hidden: next(),
            hidden_bias: next(),
            output: next(),
            prompts: next(),
            ..from.clone()
        })
    }
}

fn unit(x: &Tensor) -> Result<Tensor> {
    x.broadcast_div(&x.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?)
}

/// Written out: Candle's own cuts gradients on some inputs.
fn log_softmax(x: &Tensor) -> Result<Tensor> {
    let x = x.broadcast_sub(&x.max_keepdim(D::Minus1)?.detach())?;
    x.broadcast_sub(&x.exp()?.sum_keepdim(D::Minus1)?.log()?)
}

#[cfg(test)]
mod tests;
