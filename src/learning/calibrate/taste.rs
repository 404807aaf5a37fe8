//! A person's taste as a Gaussian process around the model's own score.
//!
//! A label is taken for `a + b m + w·z + noise`, with m the uncalibrated model's
//! margin, z the standardised descriptor, and Gaussian priors on a, b and w. How
//! far w may go and how noisy labels are is weighed by the marginal likelihood
//! of the labels (Rasmussen and Williams, "Gaussian Processes for Machine
//! Learning", 2006, chapter 5): with few labels, or labels that the model agrees
//! with, nearly all weight is on "nothing but the model's score", and it moves
//! as the labels give reason to. Nothing is chosen by hand per user.

use super::{CalibrateError, Photo, scaled};
use crate::learning::ridge::{Cholesky, solve};
use crate::learning::sample::Random;
use crate::model::Score;
use crate::model::compact::dot;

/// Variances of the residual `w·z` over typical photos, in units of the labels'
/// variance.
const RESIDUAL: [f64; 7] = [0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6];

/// Variances of the noise.
const NOISE: [f64; 4] = [0.1, 0.2, 0.4, 0.8];

/// Variances of the slope b around [`SLOPE`].
const SLOPES: [f64; 2] = [0.1, 1.0];

/// The slope that is expected before anything is known: people agree with the
/// model more often than not.
const SLOPE: f64 = 0.7;

/// How much rarer large residuals are held to be than small ones.
const CAUTION: f64 = 0.5;

/// Labels that the weighing looks at, at most; it costs their cube.
const WEIGHED: usize = 160;

/// What was learned of a person's taste: a linear function of what the model
/// knows of a photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Taste {
    /// The value of a photo with the mean margin and descriptor 0.
    pub intercept: f64,
    /// Weight of the margin.
    pub slope: f64,
    /// Weights of the standardised descriptor [1120].
    pub weights: Vec<f32>,
}

impl Taste {
    /// The expected label, where the lowest label given was 0 and the highest 1.
    pub fn value(&self, photo: &Photo) -> f64 {
        let residual: f64 = dot(&self.weights, &photo.z);
        self.intercept + self.slope * photo.margin + residual
    }

    /// The calibrated score. Expected labels from 0 to 1 lie between 12 and 88:
    /// beyond those that were given there are better and worse photos.
    ///
    /// # Errors
    /// [`CalibrateError::NotFinite`] for a photo without finite numbers.
    pub fn score(&self, photo: &Photo) -> Result<Score, CalibrateError> {
        let p = 1.0 / (1.0 + (-4.0 * (self.value(photo) - 0.5)).exp());
        Score::from_probability(p).ok_or(CalibrateError::NotFinite)
    }
}

/// What the margins of photos are measured in: mean and deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Margins {
    mean: f64,
    deviation: f64,
}

impl Margins {
    /// Those of photos that need no labels: a shoot, or the labelled ones alone.
    pub fn of<'a>(photos: impl Iterator<Item = &'a Photo> + Clone) -> Self {
        let count = photos.clone().count().max(1) as f64;
        let mean = photos.clone().map(|photo| photo.margin).sum::<f64>() / count;
        let variance = photos
            .map(|photo| (photo.margin - mean).powi(2))
            .sum::<f64>()
            / count;
        Self {
            mean,
            deviation: variance.sqrt().max(1e-6),
        }
    }

    fn scaled(self, margin: f64) -> f64 {
        (margin - self.mean) / self.deviation
    }
}

/// One setting of the process.
#[derive(Debug, Clone, Copy)]
struct Setting {
    residual: f64,
    noise: f64,
    slope: f64,
}

/// What a setting makes of labels.
struct Posterior {
    setting: Setting,
    /// Logarithm of the marginal likelihood, with the setting's own prior.
    evidence: f64,
    factor: Cholesky,
    /// C⁻¹ (y - expected) [n].
    alpha: Vec<f64>,
}

/// A taste in the making: what the labels say under every setting.
pub struct Fit<'a> {
    photos: Vec<&'a Photo>,
    margins: Margins,
    /// [n], in units of `margins`.
    q: Vec<f64>,
    label_mean: f64,
    label_deviation: f64,
    /// Settings with their weights, which sum to 1.
    weighed: Vec<(Posterior, f64)>,
    /// What was learned.
    pub taste: Taste,
}

impl std::fmt::Debug for Fit<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fit")
            .field("photos", &self.photos.len())
            .finish()
    }
}

/// Learns a taste from photos and their labels, on any scale, higher being
/// better. `margins` come from all photos at hand, labelled or not.
///
/// # Errors
/// [`CalibrateError`] for labels that nothing can be learned from.
pub fn fit<'a>(
    photos: &[&'a Photo],
    labels: &[f64],
    margins: Margins,
) -> Result<Fit<'a>, CalibrateError> {
    fit_of_any(photos, &scaled(labels)?, margins)
}

/// As [`fit`], however few labels there are, which are in [0, 1] already.
pub(super) fn fit_of_any<'a>(
    photos: &[&'a Photo],
    labels: &[f64],
    margins: Margins,
) -> Result<Fit<'a>, CalibrateError> {
    if photos.len() != labels.len() || photos.is_empty() {
        return Err(CalibrateError::TooFew {
            count: photos.len(),
        });
    }
    let n = labels.len() as f64;
    let label_mean = labels.iter().sum::<f64>() / n;
    let variance = labels.iter().map(|l| (l - label_mean).powi(2)).sum::<f64>() / n;
    let label_deviation = variance.sqrt().max(1e-9);
    let y: Vec<f64> = labels
        .iter()
        .map(|l| (l - label_mean) / label_deviation)
        .collect();

    // The settings are weighed on some of very many labels.
    let mut some: Vec<usize> = (0..photos.len()).collect();
    if some.len() > WEIGHED {
        Random::new(1).shuffle(&mut some);
        some.truncate(WEIGHED);
        some.sort_unstable();
    }
    let chosen: Vec<&Photo> = some.iter().map(|&i| photos[i]).collect();
    let some_y: Vec<f64> = some.iter().map(|&i| y[i]).collect();
    let q: Vec<f64> = chosen
        .iter()
        .map(|photo| margins.scaled(photo.margin))
        .collect();
    let weighed = weigh(&chosen, &q, &some_y)?;
    let mut fit = Fit {
        photos: chosen,
        margins,
        q,
        label_mean,
        label_deviation,
        weighed,
        taste: Taste {
            intercept: 0.0,
            slope: 0.0,
            weights: Vec::new(),
        },
    };
    fit.taste = match photos.len() > WEIGHED {
        true => fit.taste_of_all(photos, &y)?,
        false => fit.taste_of_weighed(),
    };
    let taste = &fit.taste;
    let finite = taste.intercept.is_finite()
        && taste.slope.is_finite()
        && taste.weights.iter().all(|weight| weight.is_finite());
    if finite {
        Ok(fit)
    } else {
        Err(CalibrateError::NotFinite)
    }
}

/// Every setting's posterior with its weight.
fn weigh(photos: &[&Photo], q: &[f64], y: &[f64]) -> Result<Vec<(Posterior, f64)>, CalibrateError> {
    let n = photos.len();
    let mut similar = vec![0f64; n * n];
    for i in 0..n {
        for j in 0..=i {
            let value = similarity(photos[i], photos[j]);
            similar[i * n + j] = value;
            similar[j * n + i] = value;
        }
    }
    let expected: Vec<f64> = y.iter().zip(q).map(|(y, q)| y - SLOPE * q).collect();
    let mut posteriors = Vec::new();
    for setting in settings() {
        let mut covariance = vec![0f64; n * n];
        for (i, row) in covariance.chunks_exact_mut(n).enumerate() {
            for (j, value) in row.iter_mut().enumerate() {
                *value = setting.residual * similar[i * n + j] + setting.slope * q[i] * q[j] + 1.0;
            }
            row[i] += setting.noise;
        }
        let Some(factor) = Cholesky::new(covariance, n) else {
            continue;
        };
        let alpha = factor.solve(&expected);
        let fits: f64 = alpha.iter().zip(&expected).map(|(a, r)| a * r).sum();
        let caution = CAUTION * (1.0 + setting.residual / RESIDUAL[1]).ln();
        posteriors.push(Posterior {
            setting,
            evidence: -0.5 * fits - 0.5 * factor.log_determinant() - caution,
            factor,
            alpha,
        });
    }
    let most = posteriors
        .iter()
        .map(|p| p.evidence)
        .fold(f64::NEG_INFINITY, f64::max);
    if !most.is_finite() {
        return Err(CalibrateError::NotFinite);
    }
    let total: f64 = posteriors.iter().map(|p| (p.evidence - most).exp()).sum();
    let weighed = posteriors.into_iter().map(|p| {
        let weight = (p.evidence - most).exp() / total;
        (p, weight)
    });
    Ok(weighed.collect())
}

fn settings() -> impl Iterator<Item = Setting> {
    RESIDUAL.into_iter().flat_map(|residual| {
        NOISE.into_iter().flat_map(move |noise| {
            SLOPES.into_iter().map(move |slope| Setting {
                residual,
                noise,
                slope,
            })
        })
    })
}

impl Fit<'_> {
    /// The mean over the settings.
    fn taste_of_weighed(&self) -> Taste {
        let (mut intercept, mut slope) = (0.0, SLOPE);
        let mut shares = vec![0f64; self.photos.len()];
        for (posterior, weight) in &self.weighed {
            for ((share, alpha), q) in shares.iter_mut().zip(&posterior.alpha).zip(&self.q) {
                intercept += weight * alpha;
                slope += weight * posterior.setting.slope * alpha * q;
                *share += weight * posterior.setting.residual * alpha;
            }
        }
        let width = self.photos.first().map_or(0, |photo| photo.z.len());
        let mut weights = vec![0f64; width];
        for (share, photo) in shares.iter().zip(&self.photos) {
            for (weight, &z) in weights.iter_mut().zip(&photo.z) {
                *weight += share * f64::from(z) / width as f64;
            }
        }
        self.in_units(intercept, slope, weights.iter().copied())
    }

    /// With the most likely setting, from all labels, by the equations in the
    /// parameters: their number does not grow with that of the labels.
    fn taste_of_all(&self, photos: &[&Photo], y: &[f64]) -> Result<Taste, CalibrateError> {
        let best = self.weighed.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((Posterior { setting, .. }, _)) = best else {
            return Err(CalibrateError::NotFinite);
        };
        let width = photos.first().map_or(0, |photo| photo.z.len());
        let scale = (setting.residual / width.max(1) as f64).sqrt();
        let n = width + 2;
        let (mut gram, mut moment) = (vec![0f64; n * n], vec![0f64; n]);
        for (photo, y) in photos.iter().zip(y) {
            let q = self.margins.scaled(photo.margin);
            let row: Vec<f64> = [1.0, setting.slope.sqrt() * q]
                .into_iter()
                .chain(photo.z.iter().map(|&z| scale * f64::from(z)))
                .collect();
            for (i, a) in row.iter().enumerate() {
                moment[i] += a * (y - SLOPE * q);
                for (sum, b) in gram[i * n..=i * n + i].iter_mut().zip(&row) {
                    *sum += a * b;
                }
            }
        }
        let solved = solve(&gram, &moment, setting.noise).ok_or(CalibrateError::NotFinite)?;
        let slope = SLOPE + setting.slope.sqrt() * solved[1];
        Ok(self.in_units(solved[0], slope, solved[2..].iter().map(|w| w * scale)))
    }

    /// From standardised margins and labels back to their own units.
    fn in_units(&self, intercept: f64, slope: f64, weights: impl Iterator<Item = f64>) -> Taste {
        let slope = slope * self.label_deviation / self.margins.deviation;
        Taste {
            intercept: self.label_mean + self.label_deviation * intercept
                - slope * self.margins.mean,
            slope,
            weights: weights.map(|w| (w * self.label_deviation) as f32).collect(),
        }
    }

    /// How unsure the expected label of a photo is: a standard deviation in
    /// units of the labels' own, noise left out.
    pub fn uncertainty(&self, photo: &Photo) -> f64 {
        let q = self.margins.scaled(photo.margin);
        let similar: Vec<f64> = self.photos.iter().map(|p| similarity(p, photo)).collect();
        let own = similarity(photo, photo);
        let mut variance = 0.0;
        for (
            Posterior {
                setting, factor, ..
            },
            weight,
        ) in &self.weighed
        {
            // What hardly counts costs as much as what does.
            if *weight < 0.02 {
                continue;
            }
            let covariance: Vec<f64> = similar
                .iter()
                .zip(&self.q)
                .map(|(s, other)| setting.residual * s + setting.slope * q * other + 1.0)
                .collect();
            let before = setting.residual * own + setting.slope * q * q + 1.0;
            let half = factor.half_solve(&covariance);
            variance += weight * (before - half.iter().map(|v| v * v).sum::<f64>()).max(0.0);
        }
        variance.sqrt()
    }
}

/// Ridge regression of labels on standardised descriptors, without the model's
/// score: expected labels of `test`.
pub(super) fn ridge(
    train: &[&Photo],
    labels: &[f64],
    test: &[&Photo],
    penalty: f64,
) -> Result<Vec<f64>, CalibrateError> {
    let n = train.len();
    let mean = labels.iter().sum::<f64>() / n.max(1) as f64;
    let mut gram = vec![0f64; n * n];
    for i in 0..n {
        for j in 0..=i {
            gram[i * n + j] = dot(&train[i].z, &train[j].z);
        }
        gram[i * n + i] += penalty;
    }
    let factor = Cholesky::new(gram, n).ok_or(CalibrateError::NotFinite)?;
    let centred: Vec<f64> = labels.iter().map(|label| label - mean).collect();
    let alpha = factor.solve(&centred);
    let mut weights = vec![0f32; train.first().map_or(0, |photo| photo.z.len())];
    for (photo, alpha) in train.iter().zip(alpha) {
        for (weight, &z) in weights.iter_mut().zip(&photo.z) {
            *weight += (alpha * f64::from(z)) as f32;
        }
    }
    Ok(test
        .iter()
        .map(|photo| mean + dot(&weights, &photo.z))
        .collect())
}

/// The mean product of two descriptors' numbers: 1 for a typical photo with
/// itself.
fn similarity(a: &Photo, b: &Photo) -> f64 {
    dot(&a.z, &b.z) / a.z.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::super::made::{labels, photos};
    use super::*;
    use crate::learning::metrics::srcc;

    /// Agreement on photos that were not learned from, before and after.
    fn learned(count: usize, taste: f64, noise: f64, seed: u64) -> (f64, f64) {
        let photos = photos(count + 200, seed);
        let labels = labels(&photos, taste, noise, seed + 1);
        let all: Vec<&Photo> = photos.iter().collect();
        let fit = fit(&all[..count], &labels[..count], Margins::of(photos.iter())).unwrap();
        let values: Vec<f64> = all[count..].iter().map(|p| fit.taste.value(p)).collect();
        let before: Vec<f64> = all[count..].iter().map(|p| p.margin).collect();
        let test = &labels[count..];
        (srcc(&before, test).unwrap(), srcc(&values, test).unwrap())
    }

    #[test]
    fn an_eye_like_the_models_changes_nothing() {
        // A few labels may mislead by chance; on average they do not.
        let gain = |seed| {
            let (before, after) = learned(24, 0.0, 0.5, seed);
            after - before
        };
        let mean = (0..6).map(gain).sum::<f64>() / 6.0;
        assert!(mean > -0.025, "{mean}");
    }

    #[test]
    fn another_eye_is_learned_and_better_with_more_labels() {
        let (before, few) = learned(24, 3.0, 0.2, 5);
        let (_, many) = learned(400, 3.0, 0.2, 5);
        assert!(before < few && few < many, "{before} {few} {many}");
        assert!(many > 0.9, "{many}");
    }

    #[test]
    fn scores_follow_values_and_stay_in_range() {
        let photos = photos(40, 1);
        let labels = labels(&photos, 1.0, 0.1, 2);
        let all: Vec<&Photo> = photos.iter().collect();
        let fit = fit(&all, &labels, Margins::of(photos.iter())).unwrap();
        let mut pairs: Vec<(f64, f64)> = photos
            .iter()
            .map(|p| (fit.taste.value(p), fit.taste.score(p).unwrap().value()))
            .collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(pairs.is_sorted_by(|a, b| a.1 < b.1));
        let unsure = |photo: &Photo| fit.uncertainty(photo);
        let mut far = photos[0].clone();
        far.z.iter_mut().for_each(|z| *z = 3.0 - *z);
        assert!(unsure(&far) > unsure(&photos[0]));
    }
}
