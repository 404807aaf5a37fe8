//! Fitting the scale of scores that people read, and its intervals, to photos
//! that the model has not learned from.
//!
//! Of photos like the given ones, scores are normally distributed: the median
//! is 50, and a sixth of them is above 68. The interval is conformal: around
//! each score it leaves out a tenth of the opinions on either side among the
//! given photos with scores near it, with the small-sample correction of Vovk,
//! Gammerman and Shafer, "Algorithmic Learning in a Random World", in the form
//! for classes of one attribute (here, neighbourhoods of the score).

use crate::model::Score;
use crate::model::compact::Scale;

use super::fit::FitError;

/// Standard deviation of scores.
const SPREAD: f64 = 18.0;

/// Share of opinions that the interval leaves out on either side.
const OUTSIDE: f64 = 0.1;

/// Quantiles of the given photos' probabilities that become knots, besides both
/// ends; their scores are those of the same quantiles of the normal distribution.
const QUANTILES: [f64; 19] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.975,
    0.99, 0.995,
];

/// Fewest photos that this can be fitted to.
const FEWEST: usize = 200;

/// Photos of nearest scores that an interval is made from.
const NEIGHBOURS: usize = 100;

/// Fits a scale to the head's scores (100 times the probability) of photos and
/// people's opinions of them in [0, 1].
///
/// # Errors
/// [`FitError::Labels`] for fewer than 200 photos, opinions outside [0, 1], or
/// scores too much alike for a strictly rising curve.
pub fn fit(scores: &[Score], opinions: &[f32]) -> Result<Scale, FitError> {
    let wrong = |reason: &str| Err(FitError::Labels(reason.to_owned()));
    if scores.len() < FEWEST || scores.len() != opinions.len() {
        return wrong("a scale needs at least 200 photos with one score each");
    }
    if !opinions.iter().all(|o| (0.0..=1.0).contains(o)) {
        return wrong("scores have to be between 0 and 1");
    }
    let mut sorted: Vec<f64> = scores.iter().map(|score| score.value() / 100.0).collect();
    sorted.sort_by(f64::total_cmp);
    let mut scale = Scale {
        probability: vec![0.],
        score: vec![0.],
        low: Vec::new(),
        high: Vec::new(),
    };
    for q in QUANTILES {
        scale.probability.push(quantile(&sorted, q) as f32);
        scale
            .score
            .push((50.0 + SPREAD * normal_quantile(q)) as f32);
    }
    scale.probability.push(1.);
    scale.score.push(100.);
    if !scale.probability.windows(2).all(|pair| pair[0] < pair[1]) {
        return wrong("the model's scores are too much alike for a scale");
    }

    let mut photos: Vec<(f64, f64)> = scores
        .iter()
        .zip(opinions)
        .map(|(&score, &opinion)| {
            let opinion = Score::from_probability(f64::from(opinion));
            let opinion = opinion.map_or(0.0, |opinion| scale.apply(opinion).value());
            (scale.apply(score).value(), opinion)
        })
        .collect();
    photos.sort_by(|a, b| a.0.total_cmp(&b.0));
    let knots = scale.score.clone();
    for knot in knots {
        let (low, high) = around(&photos, f64::from(knot));
        scale.low.push(low.clamp(0.0, f64::from(knot)) as f32);
        scale.high.push(high.clamp(f64::from(knot), 100.0) as f32);
    }
    Ok(scale)
}

/// The interval at a score: how far opinions of the photos with scores nearest
/// to it lie from their scores, put around this one. `photos` are (score,
/// opinion) by score.
fn around(photos: &[(f64, f64)], score: f64) -> (f64, f64) {
    let middle = photos.partition_point(|photo| photo.0 < score);
    let start = middle
        .saturating_sub(NEIGHBOURS / 2)
        .min(photos.len().saturating_sub(NEIGHBOURS));
    let near = &photos[start..photos.len().min(start + NEIGHBOURS)];
    let mut residuals: Vec<f64> = near
        .iter()
        .map(|(score, opinion)| opinion - score)
        .collect();
    residuals.sort_by(f64::total_cmp);
    // The k-th smallest of n, k = floor((n + 1) / 10), has at most a tenth of
    // new photos below it.
    let k = (((residuals.len() + 1) as f64 * OUTSIDE).floor() as usize).max(1);
    (
        score + residuals[k - 1],
        score + residuals[residuals.len() - k],
    )
}

/// A quantile of sorted values, between the two nearest.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

/// The standard normal distribution's quantile, by halving: it is asked for a
/// few times only.
fn normal_quantile(q: f64) -> f64 {
    let (mut low, mut high) = (-8.0, 8.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if normal_share(middle) < q {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// Share of the standard normal distribution below `x`: the density added up
/// from the middle by Simpson's rule.
fn normal_share(x: f64) -> f64 {
    const STEPS: usize = 400;
    let step = x / STEPS as f64;
    let density = |t: f64| (-0.5 * t * t).exp();
    let inner: f64 = (1..STEPS)
        .map(|i| if i % 2 == 1 { 4.0 } else { 2.0 } * density(i as f64 * step))
        .sum();
    let sum = (1.0 + inner + density(x)) * step / 3.0;
    0.5 + sum / (2.0 * std::f64::consts::PI).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::sample::Random;

    /// Photos whose opinions scatter around what the model says.
    fn photos(count: usize, seed: u64) -> (Vec<Score>, Vec<f32>) {
        let mut random = Random::new(seed);
        let mut uniform = || random.uniform();
        (0..count)
            .map(|_| {
                let p = 0.2 + 0.6 * uniform();
                // More scatter for poor photos.
                let noise = (uniform() + uniform() - 1.0) * 0.25 * (1.0 - p);
                (
                    Score::from_probability(p).unwrap(),
                    (p + noise).clamp(0.0, 1.0) as f32,
                )
            })
            .unzip()
    }

    #[test]
    fn the_median_is_fifty_and_a_sixth_is_above_sixty_eight() {
        let (scores, opinions) = photos(2000, 3);
        let scale = fit(&scores, &opinions).unwrap();
        let mut read: Vec<f64> = scores.iter().map(|&s| scale.apply(s).value()).collect();
        read.sort_by(f64::total_cmp);
        assert!((read[1000] - 50.0).abs() < 1.0, "{}", read[1000]);
        let above = read.iter().filter(|&&score| score > 68.0).count();
        assert!((290..350).contains(&above), "{above}");
        // Strictly monotone: no two photos change places or fall together.
        let mut order = scores.clone();
        order.sort();
        order.dedup();
        for pair in order.windows(2) {
            assert!(scale.apply(pair[0]) < scale.apply(pair[1]));
        }
    }

    #[test]
    fn intervals_hold_eight_in_ten_new_photos_at_every_score() {
        let (scores, opinions) = photos(2000, 3);
        let scale = fit(&scores, &opinions).unwrap();
        let (scores, opinions) = photos(4000, 4);
        let mut inside = [0usize; 4];
        let mut photos = [0usize; 4];
        for (&score, &opinion) in scores.iter().zip(&opinions) {
            let read = scale.apply(score);
            let interval = scale.interval(read);
            let opinion = scale.apply(Score::from_probability(f64::from(opinion)).unwrap());
            let quarter = ((read.value() / 25.0) as usize).min(3);
            photos[quarter] += 1;
            let holds = (interval.low..=interval.high).contains(&opinion.value());
            inside[quarter] += usize::from(holds);
        }
        for (inside, photos) in inside.into_iter().zip(photos) {
            let share = inside as f64 / photos as f64;
            assert!((0.72..0.90).contains(&share), "{inside} of {photos}");
        }
    }

    #[test]
    fn too_little_is_refused() {
        let (scores, opinions) = photos(100, 3);
        assert!(fit(&scores, &opinions).is_err());
        let alike = vec![Score::new(40.0).unwrap(); 300];
        let (_, opinions) = photos(300, 3);
        assert!(fit(&alike, &opinions).is_err());
    }

    #[test]
    fn the_normal_quantile_is_right() {
        for (q, expected) in [(0.5, 0.0), (0.841_344_75, 1.0), (0.025, -1.959_964)] {
            assert!((normal_quantile(q) - expected).abs() < 1e-6);
        }
    }
}
