//! Meta-prompt pre-training: the tasks, their batches, and which epoch is kept.
//!
//! A task is one type of distortion, or one set of photos as they are. Photos
//! are divided by their originals, so that what was made of one lies on one
//! side: a share for validation, which alone decides what is kept, and the
//! rest of a task 80 to 20 into support and query.

mod clip;
mod compact;
mod state;

use std::collections::{BTreeMap, BTreeSet};

use candle_core::{Tensor, Var};

pub use clip::{ClipLearner, Pixels};
pub use compact::CompactLearner;
pub use state::{StateError, read, write};

use super::meta::{Inner, Meta, Rates, Task as Batches};
use super::metrics::srcc;
use super::sample::Random;
use crate::model::ModelError;

/// A labelled photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Example {
    /// Its quality, 0 to 1, higher being better.
    pub label: f32,
    /// The original that it was made from.
    pub original: usize,
}

/// A task: examples that share a fault, or a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// What it is called in reports.
    pub name: String,
    /// Which data set it belongs to; a set's tasks make one outer step.
    pub set: usize,
    /// Whether its photos were made worse on purpose.
    pub synthetic: bool,
    /// Whether it only decides which epoch is kept.
    pub validation_only: bool,
    /// Indices of its examples.
    pub examples: Vec<usize>,
}

/// What is learned from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Data {
    /// All examples.
    pub examples: Vec<Example>,
    /// All tasks, those of a set one after the other.
    pub tasks: Vec<Task>,
}

/// How it is learned. The defaults are a start, not measured for any model: compare
/// a few on validation photos of your own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Where a task begins.
    pub inner: Inner,
    /// The rates of both levels.
    pub rates: Rates,
    /// Pairs of a support and a query batch per task; `None` for as many as
    /// the task's support photos fill.
    pub pairs: Option<usize>,
    /// Photos in a support batch.
    pub support: usize,
    /// Photos in a query batch.
    pub query: usize,
    /// Passes over all data sets.
    pub epochs: usize,
    /// Share of the originals that is kept for validation.
    pub validation: f64,
    /// Seed of everything random.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            inner: Inner::Reset,
            rates: Rates {
                alpha: 3e-4,
                beta: 0.5,
            },
            pairs: None,
            support: 75,
            query: 50,
            epochs: 30,
            validation: 0.2,
            seed: 1,
        }
    }
}

/// A network in training.
pub trait Learner {
    /// What is learned, by name, always in the same order.
    fn variables(&self) -> Vec<(String, Var)>;

    /// The loss of a batch of examples, differentiable: the mean of
    /// `-(t ln p + (1 - t) ln (1 - p))`.
    ///
    /// # Errors
    /// [`PretrainError`].
    fn loss(&mut self, examples: &[usize], random: &mut Random) -> Result<Tensor, PretrainError>;

    /// The scores of examples, 0 to 1, without anything random.
    ///
    /// # Errors
    /// [`PretrainError`].
    fn scores(&mut self, examples: &[usize]) -> Result<Vec<f64>, PretrainError>;
}

/// Why nothing was learned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PretrainError {
    /// Data that nothing can be learned from.
    #[error("nothing can be learned from this: {0}")]
    Data(String),
    /// A photo that was there is no more, or another one.
    #[error("{0}")]
    Photo(String),
    /// The network failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A tensor operation failed.
    #[error("training failed: {0}")]
    Tensor(#[from] candle_core::Error),
    /// The parameters are no finite numbers any more.
    #[error("training did not converge; a smaller alpha may help")]
    Diverged,
}

/// What an epoch came to; not-a-number where a figure is not defined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// Epochs done; 0 is the start.
    pub epoch: usize,
    /// Mean loss on support batches, each before its step, in nats.
    pub support: f64,
    /// Mean loss on query batches, likewise.
    pub query: f64,
    /// Mean over the synthetic tasks of SRCC on validation photos.
    pub synthetic: f64,
    /// Mean over the others.
    pub authentic: f64,
    /// What epochs are compared by: the mean of those two that are defined.
    pub validation: f64,
}

/// All that is needed to go on after an epoch exactly as without a break.
#[derive(Debug, Clone)]
pub struct State {
    /// Rows so far; the last one is that of the epochs done.
    pub rows: Vec<Row>,
    /// The parameters.
    pub theta: Vec<Tensor>,
    /// Where the last task ended.
    pub inner: Option<Vec<Tensor>>,
    /// The epoch with the best validation figure.
    pub best_epoch: usize,
    /// Its parameters.
    pub best: Vec<Tensor>,
}

/// Learns; the learner's variables end as those of the best epoch. `after` gets
/// the state after every epoch (and the start) and says whether to go on.
///
/// # Errors
/// [`PretrainError`].
pub fn pretrain(
    learner: &mut dyn Learner,
    data: &Data,
    options: &Options,
    resumed: Option<State>,
    after: &mut dyn FnMut(&State) -> bool,
) -> Result<State, PretrainError> {
    let parts = Parts::new(data, options)?;
    let variables: Vec<Var> = learner.variables().into_iter().map(|(_, v)| v).collect();
    let mut meta = Meta::new(variables);
    let mut going = true;
    let mut state = match resumed {
        Some(state) => {
            meta.restore(&state.theta, state.inner.clone())?;
            state
        }
        None => {
            let theta = meta.theta()?;
            let state = State {
                rows: vec![parts.validate(learner, data, 0, [f64::NAN; 2])?],
                best_epoch: 0,
                best: theta.clone(),
                inner: None,
                theta,
            };
            going = after(&state);
            state
        }
    };
    while going && state.rows.len() <= options.epochs {
        let epoch = state.rows.len();
        // Of seed and epoch alone, so that a break changes nothing.
        let mut random = Random::new(options.seed ^ ((epoch as u64) << 32));
        let (mut sums, mut count) = ([0.0; 2], 0.0);
        for set in parts.sets() {
            let tasks: Vec<Batches<Vec<usize>>> = parts
                .tasks
                .iter()
                .filter(|part| part.set == set)
                .map(|part| part.batches(options, &mut random))
                .collect();
            let mut loss = |batch: &Vec<usize>| learner.loss(batch, &mut random);
            let outer = meta.step(&tasks, options.inner, options.rates, &mut loss)?;
            for pair in outer.losses.iter().flatten() {
                sums = [sums[0] + pair[0], sums[1] + pair[1]];
                count += 1.0;
            }
        }
        let losses = sums.map(|sum| sum / count);
        if !losses.iter().all(|loss| loss.is_finite()) {
            return Err(PretrainError::Diverged);
        }
        let row = parts.validate(learner, data, epoch, losses)?;
        state.theta = meta.theta()?;
        state.inner = meta.inner().map(<[Tensor]>::to_vec);
        let best = state.rows.get(state.best_epoch).map(|row| row.validation);
        if best.is_none_or(|best| row.validation > best || best.is_nan()) {
            state.best_epoch = epoch;
            state.best = state.theta.clone();
        }
        state.rows.push(row);
        going = after(&state);
    }
    for ((_, variable), best) in learner.variables().iter().zip(&state.best) {
        variable.set(best)?;
    }
    Ok(state)
}

/// What an original is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Validation,
    Query,
    Support,
}

/// Divides the originals of all tasks that are learned from. Each task's are
/// divided by the shares that are asked for, as far as those before it left
/// them free: all that was made of one is on one side.
fn sides(data: &Data, options: &Options) -> BTreeMap<usize, Side> {
    let mut random = Random::new(options.seed);
    let mut sides = BTreeMap::new();
    for task in data.tasks.iter().filter(|task| !task.validation_only) {
        let originals: BTreeSet<usize> = task
            .examples
            .iter()
            .filter_map(|&i| data.examples.get(i))
            .map(|example| example.original)
            .filter(|original| !sides.contains_key(original))
            .collect();
        let mut originals: Vec<usize> = originals.into_iter().collect();
        random.shuffle(&mut originals);
        let part = |share: f64| ((share * originals.len() as f64).round() as usize).max(1);
        let validation = part(options.validation);
        let query = validation + part(0.2 * (1.0 - options.validation));
        for (i, original) in originals.into_iter().enumerate() {
            let side = match i {
                _ if i < validation => Side::Validation,
                _ if i < query => Side::Query,
                _ => Side::Support,
            };
            sides.insert(original, side);
        }
    }
    sides
}

/// A task's examples, divided.
#[derive(Debug)]
struct Part {
    set: usize,
    support: Vec<usize>,
    query: Vec<usize>,
}

impl Part {
    /// Support and query batches of an epoch. Support photos come once each
    /// before one comes again, and so do query photos.
    fn batches(&self, options: &Options, random: &mut Random) -> Batches<Vec<usize>> {
        let supply = |from: &[usize], size: usize| {
            let mut rest: Vec<usize> = Vec::new();
            let from = from.to_vec();
            let size = size.clamp(1, from.len());
            move |random: &mut Random| -> Vec<usize> {
                if rest.len() < size {
                    rest = from.clone();
                    random.shuffle(&mut rest);
                }
                rest.split_off(rest.len() - size)
            }
        };
        let fill = self.support.len().div_ceil(options.support.max(1));
        let pairs = options.pairs.unwrap_or(fill);
        let mut support = supply(&self.support, options.support);
        let mut query = supply(&self.query, options.query);
        (0..pairs)
            .map(|_| [support(random), query(random)])
            .collect()
    }
}

/// All tasks, divided.
#[derive(Debug)]
struct Parts {
    tasks: Vec<Part>,
    /// Per task with photos for validation: whether it is synthetic, and they.
    validation: Vec<(bool, Vec<usize>)>,
}

impl Parts {
    fn new(data: &Data, options: &Options) -> Result<Self, PretrainError> {
        let wrong = |reason: String| Err(PretrainError::Data(reason));
        if data
            .examples
            .iter()
            .any(|e| !(0.0..=1.0).contains(&e.label))
        {
            return wrong("labels have to be between 0 and 1".to_owned());
        }
        let sides = sides(data, options);
        let mut parts = Self {
            tasks: Vec::new(),
            validation: Vec::new(),
        };
        for task in &data.tasks {
            let on = |side: Side| -> Vec<usize> {
                let examples = task.examples.iter().copied();
                let of = |&i: &usize| {
                    let original = data.examples.get(i).map(|e| e.original);
                    let its = original.and_then(|original| sides.get(&original));
                    // What nothing is learned from is free to validate with.
                    its.copied().unwrap_or(Side::Validation) == side
                };
                examples.filter(of).collect()
            };
            parts
                .validation
                .push((task.synthetic, on(Side::Validation)));
            if task.validation_only {
                continue;
            }
            let part = Part {
                set: task.set,
                support: on(Side::Support),
                query: on(Side::Query),
            };
            if part.support.is_empty() || part.query.is_empty() {
                return wrong(format!(
                    "task \"{}\" has too few photos ({}) to divide",
                    task.name,
                    task.examples.len()
                ));
            }
            parts.tasks.push(part);
        }
        match parts.tasks.is_empty() {
            true => wrong("there are no tasks".to_owned()),
            false => Ok(parts),
        }
    }

    /// The data sets that there are tasks of.
    fn sets(&self) -> BTreeSet<usize> {
        self.tasks.iter().map(|task| task.set).collect()
    }

    fn validate(
        &self,
        learner: &mut dyn Learner,
        data: &Data,
        epoch: usize,
        [support, query]: [f64; 2],
    ) -> Result<Row, PretrainError> {
        let (mut synthetic, mut authentic) = (Vec::new(), Vec::new());
        for (made, examples) in &self.validation {
            if examples.len() < 3 {
                continue;
            }
            let scores = learner.scores(examples)?;
            let labels: Vec<f64> = examples
                .iter()
                .filter_map(|&i| data.examples.get(i))
                .map(|example| f64::from(example.label))
                .collect();
            if let Some(figure) = srcc(&scores, &labels) {
                if *made {
                    &mut synthetic
                } else {
                    &mut authentic
                }
                .push(figure);
            }
        }
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
        let (synthetic, authentic) = (mean(&synthetic), mean(&authentic));
        let defined: Vec<f64> = [synthetic, authentic]
            .into_iter()
            .filter(|figure| figure.is_finite())
            .collect();
        Ok(Row {
            epoch,
            support,
            query,
            synthetic,
            authentic,
            validation: mean(&defined),
        })
    }
}

/// Mean over a batch of `-(t ln p + (1 - t) ln (1 - p))`, with p the logistic
/// of `margin` [B].
fn cross_entropy(margin: &Tensor, targets: &Tensor) -> candle_core::Result<Tensor> {
    let softplus = (margin.relu()? + (margin.abs()?.neg()?.exp()? + 1.0)?.log()?)?;
    (softplus - (targets * margin)?)?.mean_all()
}

#[cfg(test)]
mod tests;
