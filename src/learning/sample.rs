//! Chance, repeatable: random numbers and splits that a seed decides.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Random numbers that are the same everywhere for the same seed.
#[derive(Debug)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// Numbers of a seed.
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Normal with mean 0 and deviation 1 (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (2.0 * std::f64::consts::PI * self.uniform()).cos()
    }

    /// Brings values into a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, order: &mut [T]) {
        for i in (1..order.len()).rev() {
            let j = (self.uniform() * (i + 1) as f64) as usize;
            order.swap(i, j);
        }
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        f64::from(self.0.next_u32()) < p * f64::from(u32::MAX)
    }
}

/// Splits the indices 0..n at random into a share and the rest, each sorted.
/// Neither is empty where `n` is at least 2.
pub fn split(n: usize, share: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..n).collect();
    Random::new(seed).shuffle(&mut order);
    let size =
        ((share * n as f64).round() as usize).clamp(1.min(n), n.saturating_sub(1).max(1.min(n)));
    let mut rest = order.split_off(size);
    order.sort_unstable();
    rest.sort_unstable();
    (order, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_is_whole_and_repeats() {
        let (share, rest) = split(10, 0.2, 3);
        assert_eq!((share.len(), rest.len()), (2, 8));
        let mut all = [share.clone(), rest].concat();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        assert_eq!(split(10, 0.2, 3).0, share);
        assert_ne!(split(10, 0.2, 4).0, share);
        assert_eq!(split(2, 0.0, 1).0.len(), 1);
        assert_eq!(split(0, 0.5, 1), (vec![], vec![]));
    }

    #[test]
    fn normal_numbers_are_normal() {
        let mut random = Random::new(1);
        let values: Vec<f64> = (0..10_000).map(|_| random.normal()).collect();
        let mean = values.iter().sum::<f64>() / 1e4;
        let variance = values.iter().map(|v| v * v).sum::<f64>() / 1e4 - mean * mean;
        assert!(
            mean.abs() < 0.04 && (variance - 1.0).abs() < 0.06,
            "{mean} {variance}"
        );
    }
}
