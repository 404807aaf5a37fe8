//! From the network's probability to the score that people read, and how far
//! people's opinions of photos with that score lie apart.
//!
//! Both were fitted on photos that the model had not learned from; they are
//! part of the model's weights, so another scale is another model.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};

use crate::model::{Interval, ModelError, Score};

/// Names of the scale's tensors in a model file, all of one length.
const PROBABILITY: &str = "scale.probability";
const SCORE: &str = "scale.score";
const LOW: &str = "scale.low";
const HIGH: &str = "scale.high";

/// Most knots that a file may have; far more than any fit makes.
const MOST_KNOTS: usize = 4096;

/// A strictly monotone curve, piecewise linear between its knots.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// Probabilities of "high quality" from 0 to 1, rising.
    pub probability: Vec<f32>,
    /// Their scores, from 0 to 100, rising.
    pub score: Vec<f32>,
    /// Lower end of the interval at each knot, no more than the score.
    pub low: Vec<f32>,
    /// Upper end of the interval at each knot, no less than the score.
    pub high: Vec<f32>,
}

impl Scale {
    /// Takes the scale out of a model file; `None` where there is none, and a
    /// score is then 100 times the probability. `weights` names the file in
    /// errors.
    ///
    /// # Errors
    /// [`ModelError::Weights`] when it is no strictly monotone curve from (0, 0)
    /// to (1, 100) within its interval.
    pub fn from_tensors(
        tensors: &HashMap<String, Tensor>,
        weights: &str,
    ) -> Result<Option<Self>, ModelError> {
        let wrong = |reason: String| ModelError::Weights {
            weights: weights.to_owned(),
            reason,
        };
        if !tensors.contains_key(PROBABILITY) {
            return Ok(None);
        }
        let get = |name: &str| -> Result<Vec<f32>, ModelError> {
            let tensor = tensors
                .get(name)
                .ok_or_else(|| wrong(format!("tensor {name} is missing")))?;
            if tensor.dims().len() != 1 || tensor.elem_count() > MOST_KNOTS {
                return Err(wrong(format!(
                    "tensor {name} has shape {:?} where a list of at most {MOST_KNOTS} is needed",
                    tensor.dims()
                )));
            }
            Ok(tensor.to_dtype(DType::F32)?.to_vec1()?)
        };
        let scale = Self {
            probability: get(PROBABILITY)?,
            score: get(SCORE)?,
            low: get(LOW)?,
            high: get(HIGH)?,
        };
        match scale.fault() {
            Some(fault) => Err(wrong(format!("its scale of scores {fault}"))),
            None => Ok(Some(scale)),
        }
    }

    /// What keeps this from being a scale.
    fn fault(&self) -> Option<&'static str> {
        let lists = [&self.probability, &self.score, &self.low, &self.high];
        let knots = self.probability.len();
        let rises = |list: &[f32]| list.windows(2).all(|pair| pair[0] < pair[1]);
        let ends =
            |list: &[f32], last: f32| list.first() == Some(&0.) && list.last() == Some(&last);
        if lists.iter().any(|list| list.len() != knots) {
            Some("has lists of different lengths")
        } else if lists.iter().any(|list| list.iter().any(|v| !v.is_finite())) {
            Some("holds values that are no finite numbers")
        } else if !rises(&self.probability) || !rises(&self.score) {
            Some("does not rise strictly")
        } else if !ends(&self.probability, 1.) || !ends(&self.score, 100.) {
            Some("does not go from 0 to 100")
        } else if (0..knots).any(|i| {
            !(0. ..=self.score[i]).contains(&self.low[i])
                || !(self.score[i]..=100.).contains(&self.high[i])
        }) {
            Some("has an interval without its score in it")
        } else {
            None
        }
    }

    /// The tensors by name, in f32, for writing.
    ///
    /// # Errors
    /// [`ModelError::Network`] when one cannot be made.
    pub fn tensors(&self) -> Result<Vec<(String, Tensor)>, ModelError> {
        [
            (PROBABILITY, &self.probability),
            (SCORE, &self.score),
            (LOW, &self.low),
            (HIGH, &self.high),
        ]
        .into_iter()
        .map(|(name, values)| {
            let tensor = Tensor::from_slice(values, values.len(), &Device::Cpu)?;
            Ok((name.to_owned(), tensor))
        })
        .collect()
    }

    /// The score of a probability that the head gives as a score of 100 times it.
    pub fn apply(&self, probability: Score) -> Score {
        let value = at(&self.probability, &self.score, probability.value() / 100.0);
        // Between knots within 0 and 100 there is nothing else.
        Score::new(value.clamp(0.0, 100.0)).unwrap_or(probability)
    }

    /// Where the opinion of people lies for 8 in 10 photos with this score, on
    /// the same scale.
    pub fn interval(&self, score: Score) -> Interval {
        let end = |ends: &[f32]| at(&self.score, ends, score.value());
        Interval {
            low: end(&self.low).min(score.value()),
            high: end(&self.high).max(score.value()),
        }
    }
}

/// The value at `x` of the line through the knots (`xs`, `ys`), `xs` rising.
fn at(xs: &[f32], ys: &[f32], x: f64) -> f64 {
    let (Some(&first), Some(&last)) = (ys.first(), ys.last()) else {
        return x;
    };
    let next = xs.partition_point(|&knot| f64::from(knot) <= x);
    if next == 0 {
        return f64::from(first);
    }
    if next == xs.len() {
        return f64::from(last);
    }
    let [x0, x1] = [xs[next - 1], xs[next]].map(f64::from);
    let [y0, y1] = [ys[next - 1], ys[next]].map(f64::from);
    y0 + (y1 - y0) * (x - x0) / (x1 - x0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale() -> Scale {
        Scale {
            probability: vec![0., 0.4, 0.8, 1.],
            score: vec![0., 20., 90., 100.],
            low: vec![0., 10., 70., 85.],
            high: vec![15., 30., 95., 100.],
        }
    }

    fn score(value: f64) -> Score {
        Score::new(value).unwrap()
    }

    #[test]
    fn scores_lie_on_the_lines_between_knots() {
        let scale = scale();
        for (probability, expected) in [(0., 0.), (20., 10.), (40., 20.), (60., 55.), (100., 100.)]
        {
            let got = scale.apply(score(probability)).value();
            assert!((got - expected).abs() < 1e-4, "{got} for {expected}");
        }
        let interval = scale.interval(score(55.));
        assert!((interval.low - 40.).abs() < 1e-4 && (interval.high - 62.5).abs() < 1e-4);
    }

    #[test]
    fn what_it_writes_it_reads() {
        let tensors: HashMap<_, _> = scale().tensors().unwrap().into_iter().collect();
        assert_eq!(Scale::from_tensors(&tensors, "w").unwrap(), Some(scale()));
        assert_eq!(Scale::from_tensors(&HashMap::new(), "w").unwrap(), None);
    }

    #[test]
    fn what_is_no_scale_is_refused() {
        type Spoil = fn(&mut Scale);
        let spoiled: [(Spoil, &str); 5] = [
            (|s| s.score[1] = 95., "does not rise"),
            (|s| s.probability[3] = 0.9, "does not go from 0 to 100"),
            (|s| s.low[2] = 91., "without its score"),
            (|s| s.high[2] = f32::NAN, "finite"),
            (|s| s.high.truncate(3), "different lengths"),
        ];
        for (spoil, reason) in spoiled {
            let mut scale = scale();
            spoil(&mut scale);
            let tensors: HashMap<_, _> = scale.tensors().unwrap().into_iter().collect();
            let error = Scale::from_tensors(&tensors, "w").unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
