//! How well each way of calibrating does with so many labels: the protocol of
//! few-shot quality assessment on labelled photos.
//!
//! Every split holds a fifth of the photos for testing. Labels are drawn from
//! the rest, nested (8 within 16 within 24 …) and the same for all methods;
//! photos without labels are used from that rest only. Nothing is chosen by the
//! test photos.

use rayon::prelude::*;
use serde::Serialize;

use super::qgr::{self, Classes};
use super::taste::{self, Margins};
use super::{CalibrateError, Photo, check, next};
use crate::learning::metrics::Agreement;
use crate::learning::sample::Random;
use crate::model::compact::Head;

/// Share of the photos that a split tests on.
const TEST: f64 = 0.2;

/// A labelled photo.
#[derive(Debug, Clone)]
pub struct Subject {
    /// What the model knows of it.
    pub photo: Photo,
    /// The descriptor [1120] as the network gives it.
    pub descriptor: Vec<f32>,
    /// The frozen network's ImageNet logits [1000].
    pub logits: Vec<f32>,
    /// The opinion, on any scale, higher being better.
    pub opinion: f64,
}

impl Subject {
    /// The descriptor and the logits.
    fn known(&self) -> (&[f32], &[f32]) {
        (&self.descriptor, &self.logits)
    }
}

/// A way of calibrating.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The model as it is.
    None,
    /// Fine-tuning under quality-aware gradient regularisation.
    Qgr,
    /// The same fine-tuning, unregularised.
    QgrLambda0,
    /// Ridge regression on the descriptor, without the model.
    Ridge,
    /// What a user gets.
    Default,
    /// The same, with the labels of photos that [`super::next`] proposes instead
    /// of photos drawn at random.
    DefaultProposed,
}

impl Method {
    /// All of them, in the order of a report.
    pub const ALL: [Self; 6] = [
        Self::None,
        Self::Qgr,
        Self::QgrLambda0,
        Self::Ridge,
        Self::Default,
        Self::DefaultProposed,
    ];

    /// The name in every format.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Qgr => "qgr",
            Self::QgrLambda0 => "qgr-lambda0",
            Self::Ridge => "ridge",
            Self::Default => "default",
            Self::DefaultProposed => "default-proposed",
        }
    }
}

/// What is measured.
#[derive(Debug, Clone)]
pub struct Options {
    /// Numbers of labels, each at least [`super::FEWEST`].
    pub shots: Vec<usize>,
    /// Random splits.
    pub splits: usize,
    /// Seed of the splits.
    pub seed: u64,
}

/// Median and quartiles over splits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quartiles {
    /// The median.
    pub median: f64,
    /// The lower quartile.
    pub q1: f64,
    /// The upper quartile.
    pub q3: f64,
}

impl Quartiles {
    /// Of values in any order, by linear interpolation; `None` of nothing.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| -> Option<f64> {
            let place = share * sorted.len().checked_sub(1)? as f64;
            let (low, high) = (place.floor() as usize, place.ceil() as usize);
            let (a, b) = (*sorted.get(low)?, *sorted.get(high)?);
            Some(a + (b - a) * (place - place.floor()))
        };
        Some(Self {
            median: at(0.5)?,
            q1: at(0.25)?,
            q3: at(0.75)?,
        })
    }
}

/// One row of the result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The method.
    pub method: Method,
    /// Labels it had; 0 for none.
    pub shots: usize,
    /// Rank correlation on the test photos.
    pub srcc: Quartiles,
    /// Linear correlation on them, after the logistic curve.
    pub plcc: Quartiles,
    /// How far what the network sees in test photos has moved from the frozen
    /// one: mean Kullback-Leibler divergence of its classes, in nats, for those
    /// methods that change the embedding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<Quartiles>,
    /// Share of the splits in which its rank correlation is above that of the
    /// model as it is.
    pub above_none: f64,
    /// Share of the splits in which it is above ridge regression's.
    pub above_ridge: f64,
}

/// One split: indices of the test photos, and of the others in the order in
/// which they are labelled.
pub fn split(count: usize, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..count).collect();
    Random::new(seed).shuffle(&mut order);
    let test = ((TEST * count as f64).round() as usize).min(count);
    let rest = order.split_off(test);
    (order, rest)
}

/// Runs the protocol; rows come by shots, then by method. Numbers of labels
/// that four fifths of the photos cannot give are left out. `progress` is told
/// the splits that are done and says whether to go on.
///
/// # Errors
/// [`CalibrateError`], [`CalibrateError::TooFew`] when there are too few photos
/// for any number of labels.
pub fn run(
    head: &Head,
    subjects: &[Subject],
    options: &Options,
    progress: &(dyn Fn(usize) -> bool + Sync),
) -> Result<Vec<Row>, CalibrateError> {
    let (_, rest) = split(subjects.len(), options.seed);
    let mut shots: Vec<usize> = options
        .shots
        .iter()
        .copied()
        .filter(|&shots| shots <= rest.len())
        .collect();
    shots.sort_unstable();
    shots.dedup();
    if shots.is_empty() {
        return Err(CalibrateError::TooFew { count: rest.len() });
    }
    let done = std::sync::atomic::AtomicUsize::new(0);
    // [split][shots][method] -> figures.
    let figures: Vec<Vec<Vec<Figures>>> = (0..options.splits)
        .into_par_iter()
        .map(|number| {
            let seed = options
                .seed
                .wrapping_mul(1_000_003)
                .wrapping_add(number as u64);
            let figures = one_split(head, subjects, &shots, seed, &|| {
                progress(done.load(std::sync::atomic::Ordering::Relaxed))
            })?;
            done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Ok(figures)
        })
        .collect::<Result<_, CalibrateError>>()?;
    let mut rows = Vec::new();
    for (s, &shots) in shots.iter().enumerate() {
        for (m, method) in Method::ALL.into_iter().enumerate() {
            let of = |method: usize| -> Vec<f64> {
                figures
                    .iter()
                    .map(|split| split[s][method].agreement.srcc.unwrap_or(0.0))
                    .collect()
            };
            let plcc: Vec<f64> = figures
                .iter()
                .map(|split| split[s][m].agreement.plcc.unwrap_or(0.0))
                .collect();
            let above = |other: usize| {
                let pairs = of(m).into_iter().zip(of(other));
                pairs.filter(|(ours, theirs)| ours > theirs).count() as f64
                    / options.splits.max(1) as f64
            };
            let (Some(srcc), Some(plcc)) = (Quartiles::of(&of(m)), Quartiles::of(&plcc)) else {
                continue;
            };
            rows.push(Row {
                method,
                shots,
                srcc,
                plcc,
                drift: {
                    let moved = figures.iter().filter_map(|split| split[s][m].drift);
                    Quartiles::of(&moved.collect::<Vec<f64>>())
                },
                above_none: above(0),
                above_ridge: above(3),
            });
        }
    }
    Ok(rows)
}

/// What one method came to in one split.
#[derive(Debug, Clone, Copy)]
struct Figures {
    agreement: Agreement,
    drift: Option<f64>,
}

/// One split, ready for all methods.
struct Split<'a> {
    head: &'a Head,
    subjects: &'a [Subject],
    /// Places of the test photos, and of the others in the order of labelling.
    test: Vec<usize>,
    rest: Vec<usize>,
    /// The photos of `rest`.
    pool: Vec<Photo>,
    margins: Margins,
    classes: Classes,
    seed: u64,
}

fn one_split(
    head: &Head,
    subjects: &[Subject],
    shots: &[usize],
    seed: u64,
    go_on: &dyn Fn() -> bool,
) -> Result<Vec<Vec<Figures>>, CalibrateError> {
    let (test, rest) = split(subjects.len(), seed);
    let known = rest.iter().map(|&i| subjects[i].known());
    let split = Split {
        head,
        subjects,
        margins: Margins::of(rest.iter().map(|&i| &subjects[i].photo)),
        classes: Classes::fit(head, known)?,
        pool: rest.iter().map(|&i| subjects[i].photo.clone()).collect(),
        test,
        rest,
        seed,
    };
    let opinions: Vec<f64> = split.test.iter().map(|&i| subjects[i].opinion).collect();
    let of_method = |method: Method, shots: usize| {
        if !go_on() {
            return Err(CalibrateError::Interrupted);
        }
        let (values, drift) = match split.predict(method, shots, go_on) {
            Ok(predicted) => predicted,
            // A user is told, and keeps the model as it is.
            Err(
                CalibrateError::Alike { .. }
                | CalibrateError::Diverged
                | CalibrateError::TooFew { .. },
            ) => (split.before(), None),
            Err(error) => return Err(error),
        };
        Ok(Figures {
            agreement: Agreement::new(&values, &opinions),
            drift,
        })
    };
    let of_shots = |&shots: &usize| {
        let methods = Method::ALL.into_iter();
        methods.map(|method| of_method(method, shots)).collect()
    };
    shots.iter().map(of_shots).collect()
}

impl Split<'_> {
    /// What the model as it is says of the test photos.
    fn before(&self) -> Vec<f64> {
        let test = self.test.iter();
        test.map(|&i| self.subjects[i].photo.margin).collect()
    }

    /// What a method says of the test photos, and how far it has drifted.
    fn predict(
        &self,
        method: Method,
        shots: usize,
        go_on: &dyn Fn() -> bool,
    ) -> Result<(Vec<f64>, Option<f64>), CalibrateError> {
        let labelled: Vec<usize> = match method {
            Method::DefaultProposed => {
                let proposed = next::propose(&self.pool, &[], &[], shots).photos;
                proposed.into_iter().map(|place| self.rest[place]).collect()
            }
            _ => self.rest[..shots].to_vec(),
        };
        let photo = |&i: &usize| &self.subjects[i].photo;
        let photos: Vec<&Photo> = labelled.iter().map(photo).collect();
        let labels: Vec<f64> = labelled.iter().map(|&i| self.subjects[i].opinion).collect();
        let test: Vec<&Photo> = self.test.iter().map(photo).collect();
        match method {
            Method::None => Ok((self.before(), None)),
            Method::Ridge => Ok((check::ridge(&photos, &labels, &test)?, None)),
            Method::Default | Method::DefaultProposed => {
                let taste = taste::fit(&photos, &labels, self.margins)?.taste;
                Ok((test.iter().map(|photo| taste.value(photo)).collect(), None))
            }
            Method::Qgr => self.tuned(qgr::LAMBDA, &labelled, &labels, go_on),
            Method::QgrLambda0 => self.tuned(0.0, &labelled, &labels, go_on),
        }
    }

    fn tuned(
        &self,
        lambda: f64,
        labelled: &[usize],
        labels: &[f64],
        go_on: &dyn Fn() -> bool,
    ) -> Result<(Vec<f64>, Option<f64>), CalibrateError> {
        let options = qgr::Options {
            lambda,
            seed: self.seed,
            ..qgr::Options::default()
        };
        let known = |places: &[usize]| -> Vec<(&[f32], &[f32])> {
            places.iter().map(|&i| self.subjects[i].known()).collect()
        };
        let photos = known(labelled);
        let tuned = qgr::tune(
            self.head,
            &self.classes,
            &photos,
            labels,
            &options,
            &mut || go_on(),
        )?;
        let test = known(&self.test);
        let drift = qgr::drift(&tuned.head, &self.classes, &test)?;
        let score = |&(descriptor, _): &(&[f32], &[f32])| Ok(tuned.head.score(descriptor)?.value());
        let scores = test
            .iter()
            .map(score)
            .collect::<Result<_, CalibrateError>>()?;
        Ok((scores, Some(drift)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_nested_and_never_tested_on() {
        let (test, rest) = split(50, 3);
        assert_eq!((test.len(), rest.len()), (10, 40));
        let mut all = [test.clone(), rest].concat();
        all.sort_unstable();
        assert_eq!(all, (0..50).collect::<Vec<_>>());
        assert_eq!(split(50, 3).0, test);
        assert_ne!(split(50, 4).0, test);
    }

    #[test]
    fn quartiles_interpolate() {
        let quartiles = Quartiles::of(&[4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!(
            (quartiles.q1, quartiles.median, quartiles.q3),
            (1.75, 2.5, 3.25)
        );
        assert_eq!(Quartiles::of(&[]), None);
    }
}
