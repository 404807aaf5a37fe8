//! Whether a calibration is any better than none, told before it is offered.
//!
//! Every rated photo is predicted by a taste learned without it (five folds,
//! several times over) and the ranks are compared with the user's. The model's
//! own scores, and ridge regression without the model, are held to the same
//! folds; intervals come from drawing the photos anew with replacement
//! (bootstrap). What is chosen inside a calibration is chosen inside the fold.

use super::taste::{self, Margins};
use super::{CalibrateError, Photo, scaled};
use crate::learning::metrics::srcc;
use crate::learning::sample::Random;

/// Parts that the labels are cut into.
const FOLDS: usize = 5;

/// How often they are cut anew, and from how many labels on once is enough.
const REPEATS: u64 = 4;
const PLENTY: usize = 200;

/// Labels that are looked at, at most; more tell no more.
const MOST: usize = 400;

/// Samples of the bootstrap.
const SAMPLES: usize = 1000;

/// Share of the bootstrap's samples that an interval holds.
const INTERVAL: f64 = 0.9;

/// Penalty of ridge regression from nothing, on standardised descriptors: the
/// best in the round at few labels.
const RIDGE: f64 = 300.0;

/// Agreement with the user: Spearman's rank correlation on photos that were
/// not learned from, and the interval that holds it in nine cases of ten.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Agreement {
    /// -1 to 1.
    pub srcc: f64,
    /// The interval's lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// What was found out about a calibration.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Report {
    /// Rated photos.
    pub labels: usize,
    /// The model as it is.
    pub uncalibrated: Agreement,
    /// The calibration.
    pub calibrated: Agreement,
    /// Ridge regression on the same photos, without the model.
    pub ridge: Agreement,
    /// How much the calibration gains over the model as it is.
    pub gain: Agreement,
}

/// What a report comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The calibration agrees more, and hardly by chance.
    Better,
    /// It agrees more, but that could be chance.
    PerhapsBetter,
    /// It agrees no more than the model as it is.
    NoBetter,
    /// Ridge regression agrees more: the model's own view only gets in the way.
    RidgeBetter,
}

impl Verdict {
    /// Whether a profile is worth having.
    pub fn advised(self) -> bool {
        matches!(self, Self::Better | Self::PerhapsBetter)
    }
}

impl Report {
    /// The verdict.
    pub fn verdict(&self) -> Verdict {
        if self.gain.srcc <= 0.0 {
            Verdict::NoBetter
        } else if self.calibrated.srcc < self.ridge.srcc {
            Verdict::RidgeBetter
        } else if self.gain.low > 0.0 {
            Verdict::Better
        } else {
            Verdict::PerhapsBetter
        }
    }

    /// The verdict in words for a photographer.
    pub fn explanation(&self) -> String {
        let (before, after) = (self.uncalibrated.srcc, self.calibrated.srcc);
        match self.verdict() {
            Verdict::Better => format!(
                "On photos it had not seen, the calibrated ranking agrees with yours better than \
                 before ({after:.2} against {before:.2}, where 1 is the same order)."
            ),
            Verdict::PerhapsBetter => format!(
                "On photos it had not seen, the calibrated ranking agrees with yours a little better \
                 ({after:.2} against {before:.2}, where 1 is the same order), but with {} ratings \
                 that could be chance; more ratings will tell.",
                self.labels
            ),
            Verdict::NoBetter if before > 0.6 => format!(
                "Your ratings agree with the model as it is ({before:.2}, where 1 is the same order), \
                 and the calibrated ranking does no better ({after:.2}): keep the model as it is."
            ),
            Verdict::NoBetter => format!(
                "On photos it had not seen, the calibrated ranking agrees with yours no better than \
                 the model as it is ({after:.2} against {before:.2}, where 1 is the same order): the \
                 {} ratings show no pattern that carries over. More of them may.",
                self.labels
            ),
            Verdict::RidgeBetter => format!(
                "Your ratings go by something the model does not look at: a ranking learned from \
                 them alone agrees more ({:.2}) than the calibrated one ({after:.2}). More ratings \
                 will turn it your way.",
                self.ridge.srcc
            ),
        }
    }
}

/// Checks what calibrating with these labels would gain.
///
/// # Errors
/// As [`taste::fit`].
pub fn check(
    photos: &[&Photo],
    labels: &[f64],
    margins: Margins,
) -> Result<Report, CalibrateError> {
    Ok(judge(photos, labels, margins)?.report)
}

/// A report, and what each photo was expected to get by those that it was not
/// learned from with.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The report.
    pub report: Report,
    /// Places of photos in what was given, and their expected labels on a scale
    /// where the lowest label is 0 and the highest 1.
    pub expected: Vec<(usize, f64)>,
}

/// As [`check`], with what was expected of every photo.
///
/// # Errors
/// As [`taste::fit`].
pub fn judge(
    photos: &[&Photo],
    labels: &[f64],
    margins: Margins,
) -> Result<Judged, CalibrateError> {
    let labels = scaled(labels)?;
    if photos.len() != labels.len() {
        return Err(CalibrateError::NotFinite);
    }
    let mut chosen: Vec<usize> = (0..labels.len()).collect();
    if chosen.len() > MOST {
        Random::new(1).shuffle(&mut chosen);
        chosen.truncate(MOST);
    }
    let photos: Vec<&Photo> = chosen.iter().map(|&i| photos[i]).collect();
    let labels: Vec<f64> = chosen.iter().map(|&i| labels[i]).collect();
    let n = labels.len();
    let repeats = if n > PLENTY { 1 } else { REPEATS };
    let (mut calibrated, mut ridged) = (vec![0f64; n], vec![0f64; n]);
    for repeat in 0..repeats {
        for held in folds(&labels, repeat) {
            let kept: Vec<usize> = (0..n).filter(|i| !held.contains(i)).collect();
            let train: Vec<&Photo> = kept.iter().map(|&i| photos[i]).collect();
            let train_labels: Vec<f64> = kept.iter().map(|&i| labels[i]).collect();
            let test: Vec<&Photo> = held.iter().map(|&i| photos[i]).collect();
            let ours = calibrated_values(&train, &train_labels, margins, &test);
            let theirs = ridge(&train, &train_labels, &test)?;
            for ((&i, ours), theirs) in held.iter().zip(ours).zip(theirs) {
                calibrated[i] += ours / repeats as f64;
                ridged[i] += theirs / repeats as f64;
            }
        }
    }
    let before: Vec<f64> = photos.iter().map(|photo| photo.margin).collect();
    let of = |values: &[f64]| agreement(n, |chosen| rank(values, &labels, chosen));
    let report = Report {
        labels: n,
        uncalibrated: of(&before),
        calibrated: of(&calibrated),
        ridge: of(&ridged),
        gain: agreement(n, |chosen| {
            rank(&calibrated, &labels, chosen) - rank(&before, &labels, chosen)
        }),
    };
    let expected = chosen.into_iter().zip(calibrated).collect();
    Ok(Judged { report, expected })
}

/// Expected labels of photos. Where the labels of a fold teach nothing (they
/// may be too few, or alike), those of the model as it is.
fn calibrated_values(
    train: &[&Photo],
    labels: &[f64],
    margins: Margins,
    test: &[&Photo],
) -> Vec<f64> {
    match taste::fit_of_any(train, labels, margins) {
        Ok(fit) => test.iter().map(|photo| fit.taste.value(photo)).collect(),
        Err(_) => test.iter().map(|photo| photo.margin).collect(),
    }
}

/// Ridge regression from nothing: what the labels say without the model.
///
/// # Errors
/// [`CalibrateError::NotFinite`] when it has no solution.
pub fn ridge(
    train: &[&Photo],
    labels: &[f64],
    test: &[&Photo],
) -> Result<Vec<f64>, CalibrateError> {
    taste::ridge(train, labels, test, RIDGE)
}

/// The labels' places in parts of like spread: neighbours in rank go to
/// different parts.
fn folds(labels: &[f64], seed: u64) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    let mut random = Random::new(seed);
    // Ties in chance order.
    random.shuffle(&mut order);
    order.sort_by(|&a, &b| labels[a].total_cmp(&labels[b]));
    let mut parts = vec![Vec::new(); FOLDS.min(labels.len())];
    for chunk in order.chunks(parts.len()) {
        let mut chunk = chunk.to_vec();
        random.shuffle(&mut chunk);
        for (part, i) in parts.iter_mut().zip(chunk) {
            part.push(i);
        }
    }
    parts
}

/// Rank correlation over chosen photos; 0 where it is not defined.
fn rank(values: &[f64], labels: &[f64], chosen: &[usize]) -> f64 {
    let pick = |from: &[f64]| chosen.iter().map(|&i| from[i]).collect::<Vec<f64>>();
    srcc(&pick(values), &pick(labels)).unwrap_or(0.0)
}

/// A figure over all photos, with its interval by the bootstrap.
fn agreement(n: usize, figure: impl Fn(&[usize]) -> f64) -> Agreement {
    let mut random = Random::new(n as u64);
    let mut figures: Vec<f64> = (0..SAMPLES)
        .map(|_| {
            let chosen: Vec<usize> = (0..n)
                .map(|_| (random.uniform() * n as f64) as usize)
                .collect();
            figure(&chosen)
        })
        .collect();
    figures.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (share * (SAMPLES - 1) as f64).round() as usize;
        figures.get(place).copied().unwrap_or(0.0)
    };
    let all: Vec<usize> = (0..n).collect();
    Agreement {
        srcc: figure(&all),
        low: at((1.0 - INTERVAL) / 2.0),
        high: at((1.0 + INTERVAL) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::made::{labels, photos};
    use super::*;

    fn report(taste: f64, noise: f64, count: usize) -> Report {
        let photos = photos(count, 3);
        let labels = labels(&photos, taste, noise, 4);
        let all: Vec<&Photo> = photos.iter().collect();
        check(&all, &labels, Margins::of(photos.iter())).unwrap()
    }

    #[test]
    fn another_eye_is_worth_a_profile() {
        let report = report(3.0, 0.1, 60);
        assert_eq!(report.verdict(), Verdict::Better, "{report:?}");
        assert!(report.gain.low > 0.0 && report.calibrated.high <= 1.0);
    }

    #[test]
    fn chance_is_not() {
        // Labels that nothing in the photos explains.
        let photos = photos(24, 3);
        let mut random = Random::new(11);
        let labels: Vec<f64> = photos.iter().map(|_| random.normal()).collect();
        let all: Vec<&Photo> = photos.iter().collect();
        let report = check(&all, &labels, Margins::of(photos.iter())).unwrap();
        assert!(report.calibrated.low < 0.2, "{report:?}");
        assert_ne!(report.verdict(), Verdict::Better, "{report:?}");
    }

    #[test]
    fn every_label_is_held_out_once() {
        let labels: Vec<f64> = (0..23).map(|i| f64::from(i % 4)).collect();
        let mut all: Vec<usize> = folds(&labels, 2).concat();
        all.sort_unstable();
        assert_eq!(all, (0..23).collect::<Vec<_>>());
    }
}
