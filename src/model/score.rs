//! The score a photo gets.

/// A quality score: finite, 0 (worst) to 100 (best).
///
/// Kept as `f64` and never rounded; only a table or the window rounds it for
/// reading ([`Score`]'s `Display` gives one decimal).
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[serde(transparent)]
pub struct Score(f64);

impl Score {
    /// A score from a probability in [0, 1], as 100 times it; `None` when it
    /// is not a finite number of that range.
    pub fn from_probability(p: f64) -> Option<Self> {
        (0.0..=1.0).contains(&p).then_some(Self(100.0 * p))
    }

    /// A score from its value, for one that was kept; `None` when it is not a
    /// finite number from 0 to 100.
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=100.0).contains(&value).then_some(Self(value))
    }

    /// The value, 0 to 100.
    pub fn value(self) -> f64 {
        self.0
    }
}

/// Between which scores something lies; 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Score {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl std::fmt::Display for Score {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_finite_probabilities_become_scores() {
        assert_eq!(Score::from_probability(0.5).map(Score::value), Some(50.0));
        for p in [f64::NAN, f64::INFINITY, -0.01, 1.01] {
            assert_eq!(Score::from_probability(p), None, "{p}");
        }
        let score = Score::from_probability(0.731_825_03).unwrap();
        assert_eq!(Score::new(score.value()), Some(score));
        assert_eq!(Score::new(100.5), None);
    }
}
