//! Fitting the compact model's head to photos with opinion scores.
//!
//! The backbone stays as it is, so its descriptors are all that is needed. The
//! loss is GRMP-IQA's: the cross entropy between the score's probability of
//! "high quality" and the opinion score, on descriptors that pass through
//! dropout, with the squares of the adapter's weights held small. The adapter
//! starts from ridge regression, which carries over to photos of other kinds
//! better than what training from random weights finds.

use super::sample::Random;
use crate::model::compact::Head;
use crate::model::efficientnet::DESCRIPTOR;
use candle_core::{D, DType, Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};

/// How the head is fitted. The defaults were chosen on validation data; see
/// `models/README.md`.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Width of the embedding.
    pub width: usize,
    /// Hidden width of the adapter.
    pub hidden: usize,
    /// Penalty of the ridge regression that the adapter starts from, on
    /// standardised descriptors.
    pub ridge: f64,
    /// Weight of the adapter's squared weights in the loss.
    pub decay: f64,
    /// Share of the descriptor's numbers that a step leaves out, 0 to below 1.
    pub dropout: f64,
    /// Adam's rate at the start; it falls to zero as half a cosine.
    pub rate: f64,
    /// Passes over the photos.
    pub epochs: usize,
    /// Photos in a step.
    pub batch: usize,
    /// Seed of everything random; the same seed gives the same head.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            width: 32,
            hidden: 64,
            ridge: 1e4,
            decay: 1e-3,
            dropout: 0.5,
            rate: 3e-4,
            epochs: 12,
            batch: 128,
            seed: 1,
        }
    }
}

/// Why a head could not be fitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// Labels that nothing can be learned from.
    #[error("nothing can be learned from these labels: {0}")]
    Labels(String),
    /// A tensor operation failed.
    #[error("fitting failed: {0}")]
    Tensor(#[from] candle_core::Error),
    /// The fit gave no finite numbers.
    #[error("fitting did not converge; a smaller rate may help")]
    Diverged,
    /// The caller asked to stop.
    #[error("fitting was interrupted")]
    Interrupted,
}

/// How far a fit is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Epochs done.
    pub epoch: usize,
    /// Epochs in all.
    pub epochs: usize,
    /// Mean training loss of the last epoch, in nats.
    pub loss: f64,
}

/// Fits a head to descriptors [n][1120] and opinion scores in [0, 1], higher
/// being better. `progress` is called after every epoch and returns whether to
/// go on.
///
/// # Errors
/// [`FitError::Labels`] for fewer than two photos, scores outside [0, 1] or
/// all alike, or descriptors of another length; [`FitError::Diverged`];
/// [`FitError::Interrupted`] when `progress` said so.
pub fn fit(
    descriptors: &[Vec<f32>],
    scores: &[f32],
    options: &Options,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<Head, FitError> {
    check(descriptors, scores)?;
    let (mean, deviation) = standardisation(descriptors);
    let photos = descriptors.len();
    let values: Vec<f32> = descriptors
        .iter()
        .flat_map(|d| {
            d.iter()
                .zip(&mean)
                .zip(&deviation)
                .map(|((v, m), s)| (v - m) / s)
        })
        .collect();
    let inputs = Tensor::from_vec(values, (photos, DESCRIPTOR), &Device::Cpu)?;
    let targets = Tensor::from_slice(scores, photos, &Device::Cpu)?;

    let mut random = Random::new(options.seed);
    let start = Start::ridge(&inputs, scores, options.ridge)?;
    let network = Network::new(options, &start, &mut random)?;
    let params = ParamsAdamW {
        lr: options.rate,
        weight_decay: 0.0,
        ..Default::default()
    };
    let mut optimizer = AdamW::new(network.variables(), params)?;

    let batch = options.batch.clamp(1, photos);
    let steps = options.epochs * (photos / batch);
    let mut order: Vec<u32> = (0..photos as u32).collect();
    let mut step = 0;
    for epoch in 0..options.epochs {
        random.shuffle(&mut order);
        let mut loss_sum = 0.0;
        for chosen in order.chunks_exact(batch) {
            let done = step as f64 / steps as f64;
            let rate = options.rate * 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
            optimizer.set_learning_rate(rate);
            let chosen = Tensor::from_slice(chosen, batch, &Device::Cpu)?;
            let mut x = inputs.index_select(&chosen, 0)?;
            if options.dropout > 0.0 {
                x = (x * keep(&mut random, batch, options.dropout)?)?;
            }
            let margin = network.margin(&x)?;
            let loss = cross_entropy(&margin, &targets.index_select(&chosen, 0)?)?;
            loss_sum += f64::from(loss.to_scalar::<f32>()?);
            let loss = (loss + (network.squares()? * options.decay)?)?;
            optimizer.backward_step(&loss)?;
            step += 1;
        }
        let loss = loss_sum / (photos / batch) as f64;
        if !loss.is_finite() {
            return Err(FitError::Diverged);
        }
        if !progress(Progress {
            epoch: epoch + 1,
            epochs: options.epochs,
            loss,
        }) {
            return Err(FitError::Interrupted);
        }
    }
    network.head(mean, deviation)
}

fn check(descriptors: &[Vec<f32>], scores: &[f32]) -> Result<(), FitError> {
    let wrong = |reason: &str| Err(FitError::Labels(reason.to_owned()));
    if descriptors.len() < 2 || descriptors.len() != scores.len() {
        return wrong("at least two photos with one score each are needed");
    }
    if descriptors.iter().any(|d| d.len() != DESCRIPTOR) {
        return wrong("a descriptor has the wrong length");
    }
    if !scores.iter().all(|s| (0.0..=1.0).contains(s)) {
        return wrong("scores have to be between 0 and 1");
    }
    if scores.iter().all(|s| s == &scores[0]) {
        return wrong("all scores are alike");
    }
    Ok(())
}

/// Per number of the descriptor: mean, and standard deviation (never zero).
fn standardisation(descriptors: &[Vec<f32>]) -> (Vec<f32>, Vec<f32>) {
    let n = descriptors.len() as f64;
    let mut mean = vec![0f64; DESCRIPTOR];
    for descriptor in descriptors {
        for (sum, &value) in mean.iter_mut().zip(descriptor) {
            *sum += f64::from(value) / n;
        }
    }
    let mut variance = vec![0f64; DESCRIPTOR];
    for descriptor in descriptors {
        for ((sum, &value), mean) in variance.iter_mut().zip(descriptor).zip(&mean) {
            *sum += (f64::from(value) - mean).powi(2) / n;
        }
    }
    let deviation = variance.iter().map(|v| v.sqrt().max(1e-6) as f32).collect();
    (mean.iter().map(|&m| m as f32).collect(), deviation)
}

/// Mean over the batch of -(t ln p + (1 - t) ln (1 - p)), p the logistic of
/// `margin`: ln(1 + e^m) - t m, written so that it does not overflow.
fn cross_entropy(margin: &Tensor, target: &Tensor) -> candle_core::Result<Tensor> {
    let softplus = (margin.relu()? + (margin.abs()?.neg()?.exp()? + 1.0)?.log()?)?;
    (softplus - (target * margin)?)?.mean_all()
}

/// What the adapter starts from.
struct Start {
    /// [1120]: weights of the ridge regression.
    weights: Vec<f32>,
    /// Its value for the mean descriptor.
    mean: f32,
}

impl Start {
    /// Ridge regression of the scores' logits on standardised descriptors.
    fn ridge(inputs: &Tensor, scores: &[f32], penalty: f64) -> Result<Self, FitError> {
        // Logits of 0 and 1 are infinite.
        let logit = |s: &f32| {
            let p = f64::from(*s).clamp(0.02, 0.98);
            (p / (1.0 - p)).ln()
        };
        let mut logits: Vec<f64> = scores.iter().map(logit).collect();
        let mean = logits.iter().sum::<f64>() / logits.len() as f64;
        logits.iter_mut().for_each(|l| *l -= mean);
        let x = inputs.to_dtype(DType::F64)?;
        let y = Tensor::new(logits, &Device::Cpu)?.unsqueeze(1)?;
        let gram = x.t()?.matmul(&x)?.flatten_all()?.to_vec1::<f64>()?;
        let moment = x.t()?.matmul(&y)?.flatten_all()?.to_vec1::<f64>()?;
        let weights = super::ridge::solve(&gram, &moment, penalty).ok_or(FitError::Diverged)?;
        Ok(Self {
            weights: weights.iter().map(|&w| w as f32).collect(),
            mean: mean as f32,
        })
    }
}

/// The head in training.
#[derive(Debug)]
pub(super) struct Network {
    linear: Var,
    bias: Var,
    hidden: Var,
    hidden_bias: Var,
    output: Var,
    prompts: Var,
    logit_scale: Var,
}

impl Network {
    fn new(options: &Options, start: &Start, random: &mut Random) -> Result<Self, FitError> {
        let (width, hidden) = (options.width.max(2), options.hidden.max(1));
        let mut normal = |rows: usize, columns: usize, scale: f64| -> candle_core::Result<Var> {
            let values: Vec<f32> = (0..rows * columns)
                .map(|_| (random.normal() * scale) as f32)
                .collect();
            Var::from_vec(values, (rows, columns), &Device::Cpu)
        };
        // The first number of the embedding is what the ridge says, the second
        // a constant against which normalising measures it; the prompts point
        // along the first, one each way.
        let mut linear = normal(width, DESCRIPTOR, 1e-3)?.to_vec2::<f32>()?;
        linear[0].clone_from(&start.weights);
        let mut bias = vec![0f32; width];
        bias[..2].copy_from_slice(&[start.mean, 2.0]);
        let mut prompts = normal(2, width, 0.05)?.to_vec2::<f32>()?;
        prompts[0][0] += 1.0;
        prompts[1][0] -= 1.0;
        let var = |rows: Vec<Vec<f32>>| Var::from_tensor(&Tensor::new(rows, &Device::Cpu)?);
        Ok(Self {
            linear: var(linear)?,
            bias: Var::from_vec(bias, width, &Device::Cpu)?,
            hidden: normal(hidden, DESCRIPTOR, (DESCRIPTOR as f64).sqrt().recip())?,
            hidden_bias: Var::zeros(hidden, DType::F32, &Device::Cpu)?,
            output: normal(width, hidden, 0.02)?,
            prompts: var(prompts)?,
            logit_scale: Var::from_slice(&[2f32.ln()], 1, &Device::Cpu)?,
        })
    }

    /// A head to go on from.
    pub(super) fn of_head(head: &Head) -> candle_core::Result<Self> {
        let (width, hidden) = (head.bias.len(), head.hidden_bias.len());
        let var = |values: &[f32], shape: &[usize]| {
            Var::from_tensor(&Tensor::from_slice(values, shape, &Device::Cpu)?)
        };
        Ok(Self {
            linear: var(&head.linear, &[width, DESCRIPTOR])?,
            bias: var(&head.bias, &[width])?,
            hidden: var(&head.hidden, &[hidden, DESCRIPTOR])?,
            hidden_bias: var(&head.hidden_bias, &[hidden])?,
            output: var(&head.output, &[width, hidden])?,
            prompts: var(&head.prompts, &[2, width])?,
            logit_scale: var(&[head.logit_scale], &[1])?,
        })
    }

    /// What meta-prompt pre-training changes, by name.
    pub(super) fn adapter_and_prompts(&self) -> Vec<(String, Var)> {
        [
            ("linear", &self.linear),
            ("bias", &self.bias),
            ("hidden", &self.hidden),
            ("hidden_bias", &self.hidden_bias),
            ("output", &self.output),
            ("prompts", &self.prompts),
        ]
        .map(|(name, variable)| (name.to_owned(), variable.clone()))
        .to_vec()
    }

    fn variables(&self) -> Vec<Var> {
        let Self {
            linear,
            bias,
            hidden,
            hidden_bias,
            output,
            prompts,
            logit_scale,
        } = self;
        [
            linear,
            bias,
            hidden,
            hidden_bias,
            output,
            prompts,
            logit_scale,
        ]
        .map(Var::clone)
        .to_vec()
    }

    /// The margin [B] of "high" over "low quality" for standardised
    /// descriptors [B, 1120].
    pub(super) fn margin(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let hidden = x
            .matmul(&self.hidden.t()?)?
            .broadcast_add(&self.hidden_bias)?
            .gelu()?;
        let embedding = (x.matmul(&self.linear.t()?)?.broadcast_add(&self.bias)?
            + hidden.matmul(&self.output.t()?)?)?;
        let cosines = normalised(&embedding)?.matmul(&normalised(&self.prompts)?.t()?)?;
        let margin = (cosines.narrow(1, 0, 1)? - cosines.narrow(1, 1, 1)?)?;
        margin.squeeze(1)?.broadcast_mul(&self.logit_scale.exp()?)
    }

    /// Sum of the adapter's squared weights.
    fn squares(&self) -> candle_core::Result<Tensor> {
        let sum = |v: &Var| v.sqr()?.sum_all();
        (sum(&self.linear)? + sum(&self.hidden)?)? + sum(&self.output)?
    }

    pub(super) fn head(&self, mean: Vec<f32>, deviation: Vec<f32>) -> Result<Head, FitError> {
        let values = |v: &Var| v.flatten_all()?.to_vec1::<f32>();
        let head = Head {
            mean,
            deviation,
            linear: values(&self.linear)?,
            bias: values(&self.bias)?,
            hidden: values(&self.hidden)?,
            hidden_bias: values(&self.hidden_bias)?,
            output: values(&self.output)?,
            prompts: values(&self.prompts)?,
            logit_scale: self.logit_scale.squeeze(0)?.to_scalar::<f32>()?,
        };
        let parts = [&head.linear, &head.hidden, &head.output, &head.prompts];
        let finite = head.logit_scale.is_finite()
            && parts.iter().all(|part| part.iter().all(|v| v.is_finite()));
        if finite {
            Ok(head)
        } else {
            Err(FitError::Diverged)
        }
    }
}

/// Rows divided by their lengths.
fn normalised(x: &Tensor) -> candle_core::Result<Tensor> {
    x.broadcast_div(&x.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?)
}

/// A dropout mask [rows, 1120]: 0, or what keeps the expectation.
fn keep(random: &mut Random, rows: usize, dropout: f64) -> candle_core::Result<Tensor> {
    let kept = (1.0 / (1.0 - dropout)) as f32;
    let mask: Vec<f32> = (0..rows * DESCRIPTOR)
        .map(|_| if random.chance(dropout) { 0.0 } else { kept })
        .collect();
    Tensor::from_vec(mask, (rows, DESCRIPTOR), &Device::Cpu)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Descriptors whose score is a logistic of their first number.
    fn photos(n: usize) -> (Vec<Vec<f32>>, Vec<f32>) {
        let mut random = Random::new(9);
        let descriptors: Vec<Vec<f32>> = (0..n)
            .map(|_| (0..DESCRIPTOR).map(|_| random.normal() as f32).collect())
            .collect();
        let scores = descriptors
            .iter()
            .map(|d| 1.0 / (1.0 + (-2.0 * d[0]).exp()))
            .collect();
        (descriptors, scores)
    }

    #[test]
    fn learns_a_direction_and_repeats_it() {
        let (descriptors, scores) = photos(400);
        let options = Options {
            batch: 40,
            ridge: 100.0,
            ..Options::default()
        };
        let fit = || fit(&descriptors, &scores, &options, &mut |_| true).unwrap();
        let head = fit();
        assert_eq!(head, fit());
        let mut probe = vec![0f32; DESCRIPTOR];
        let mut score = |x: f32| {
            probe[0] = x;
            head.score(&probe).unwrap().value()
        };
        let (low, middle, high) = (score(-1.5), score(0.0), score(1.5));
        assert!(
            low + 15.0 < middle && middle + 15.0 < high,
            "{low} {middle} {high}"
        );
    }

    #[test]
    fn trained_and_shipped_forms_agree() {
        let mut random = Random::new(3);
        let start = Start {
            weights: vec![0.1; DESCRIPTOR],
            mean: 0.3,
        };
        let network = Network::new(&Options::default(), &start, &mut random).unwrap();
        let head = network
            .head(vec![0.0; DESCRIPTOR], vec![1.0; DESCRIPTOR])
            .unwrap();
        let x: Vec<f32> = (0..DESCRIPTOR)
            .map(|_| 5.0 * random.normal() as f32)
            .collect();
        let row = Tensor::from_slice(&x, (1, DESCRIPTOR), &Device::Cpu).unwrap();
        let margin = f64::from(network.margin(&row).unwrap().to_vec1::<f32>().unwrap()[0]);
        let expected = 100.0 / (1.0 + (-margin).exp());
        assert!((head.score(&x).unwrap().value() - expected).abs() < 1e-4);
    }

    #[test]
    fn refuses_labels_that_teach_nothing() {
        let (descriptors, mut scores) = photos(4);
        let run = |d: &[Vec<f32>], s: &[f32]| fit(d, s, &Options::default(), &mut |_| true);
        assert!(matches!(
            run(&descriptors, &[0.5; 4]),
            Err(FitError::Labels(_))
        ));
        assert!(matches!(
            run(&descriptors[..1], &scores[..1]),
            Err(FitError::Labels(_))
        ));
        scores[2] = 1.5;
        assert!(matches!(
            run(&descriptors, &scores),
            Err(FitError::Labels(_))
        ));
    }

    #[test]
    fn stops_when_asked() {
        let (descriptors, scores) = photos(10);
        let stopped = fit(&descriptors, &scores, &Options::default(), &mut |_| false);
        assert!(matches!(stopped, Err(FitError::Interrupted)));
    }
}
