//! Choices between two photos as labels (Bradley and Terry, "Rank analysis of
//! incomplete block designs", Biometrika 39, 1952).

use super::CalibrateError;
use crate::learning::ridge::Cholesky;

/// A choice: the first photo is better than the second. Both are places in a
/// list of photos.
pub type Choice = (usize, usize);

/// Variance of the strengths before any choice, which keeps that of a photo
/// that always wins finite.
const PRIOR: f64 = 4.0;

/// Share of choices that may contradict others.
const CONTRADICTIONS: f64 = 1.0 / 3.0;

/// What choices come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Strengths {
    /// Per photo of the list, on the logistic scale; `None` for one that was
    /// never chosen from.
    pub values: Vec<Option<f64>>,
    /// Choices that go against the strengths.
    pub contradictions: usize,
}

/// The most likely strengths of `count` photos.
///
/// # Errors
/// [`CalibrateError::Contradictory`] when more than a third of the choices
/// contradict others.
pub fn strengths(count: usize, choices: &[Choice]) -> Result<Strengths, CalibrateError> {
    let mut compared = vec![false; count];
    let sound = |&(better, worse): &Choice| better < count && worse < count && better != worse;
    let choices: Vec<Choice> = choices.iter().copied().filter(sound).collect();
    for &(better, worse) in &choices {
        compared[better] = true;
        compared[worse] = true;
    }
    let places: Vec<usize> = (0..count).filter(|&i| compared[i]).collect();
    let mut place_of = vec![0; count];
    for (place, &photo) in places.iter().enumerate() {
        place_of[photo] = place;
    }
    let n = places.len();
    let mut strengths = vec![0f64; n];
    // Newton's method; the logarithm of the posterior is concave.
    for _ in 0..50 {
        let mut gradient: Vec<f64> = strengths.iter().map(|s| -s / PRIOR).collect();
        let mut curvature = vec![0f64; n * n];
        for i in 0..n {
            curvature[i * n + i] = 1.0 / PRIOR;
        }
        for &(better, worse) in &choices {
            let (a, b) = (place_of[better], place_of[worse]);
            let p = 1.0 / (1.0 + (strengths[b] - strengths[a]).exp());
            gradient[a] += 1.0 - p;
            gradient[b] -= 1.0 - p;
            let bend = p * (1.0 - p);
            curvature[a * n + a] += bend;
            curvature[b * n + b] += bend;
            curvature[a * n + b] -= bend;
            curvature[b * n + a] -= bend;
        }
        let factor = Cholesky::new(curvature, n).ok_or(CalibrateError::NotFinite)?;
        let step = factor.solve(&gradient);
        let longest = step.iter().fold(0f64, |most, s| most.max(s.abs()));
        // Far from the solution a full step may overshoot.
        let scale = (2.0 / longest.max(2.0)).min(1.0);
        for (strength, step) in strengths.iter_mut().zip(&step) {
            *strength += scale * step;
        }
        if longest < 1e-9 {
            break;
        }
    }
    let against = |&&(better, worse): &&Choice| {
        strengths[place_of[better]] <= strengths[place_of[worse]] + 1e-6
    };
    let contradictions = choices.iter().filter(against).count();
    if contradictions as f64 > CONTRADICTIONS * choices.len() as f64 {
        return Err(CalibrateError::Contradictory {
            contradictions,
            pairs: choices.len(),
        });
    }
    let mut values = vec![None; count];
    for (&photo, strength) in places.iter().zip(strengths) {
        values[photo] = Some(strength);
    }
    Ok(Strengths {
        values,
        contradictions,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_give_the_order_they_were_made_by() {
        let choices: Vec<Choice> = (0..10).flat_map(|a| (0..a).map(move |b| (a, b))).collect();
        let strengths = strengths(11, &choices).unwrap();
        assert_eq!(strengths.contradictions, 0);
        assert_eq!(strengths.values[10], None);
        let values: Vec<f64> = strengths.values[..10].iter().map(|v| v.unwrap()).collect();
        assert!(values.is_sorted_by(|a, b| a < b), "{values:?}");
        assert!(values.iter().sum::<f64>().abs() < 1e-6);
    }

    #[test]
    fn two_photos_have_the_logit_of_the_posterior() {
        // One choice: the strengths are s and -s with s = 4 (1 - p), p = 1/(1 + e^-2s).
        let values = strengths(2, &[(0, 1)]).unwrap().values;
        let s = values[0].unwrap();
        assert!((values[1].unwrap() + s).abs() < 1e-9);
        let p = 1.0 / (1.0 + (-2.0 * s).exp());
        assert!((s - PRIOR * (1.0 - p)).abs() < 1e-9);
    }

    #[test]
    fn contradictions_are_counted_and_refused() {
        // A few among many are borne.
        let mut choices: Vec<Choice> = (0..8).flat_map(|a| (0..a).map(move |b| (a, b))).collect();
        choices.push((0, 7));
        assert_eq!(strengths(8, &choices).unwrap().contradictions, 1);
        let circle = [(0, 1), (1, 2), (2, 0)];
        assert!(matches!(
            strengths(3, &circle),
            Err(CalibrateError::Contradictory {
                contradictions: 3,
                pairs: 3
            })
        ));
    }
}
