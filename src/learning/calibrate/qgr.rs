//! Quality-aware gradient regularisation: fine-tuning that does not unlearn
//! what photos show.
//!
//! With G_d a tensor's gradient of the quality loss and G_g that of the semantic
//! loss (a distillation to the frozen network's own view of what is in a photo),
//! a step that pulls both the same way follows
//! `G_d - lambda <G_d, G_g> / |G_g|² G_g`, any other G_d alone (Li et al., arXiv
//! 2409.05381, section 3.3 and the authors' program). The semantic loss itself is
//! never minimised.

pub mod clip;
mod compact;
pub mod tune;

pub use compact::{Classes, Options, Tuned, drift, tune};

/// How strongly the semantic part is taken out of a gradient, in the paper.
pub const LAMBDA: f64 = 5.0;

/// Where a tensor's two gradients lead.
#[derive(Debug, Clone, PartialEq)]
pub struct Regulated {
    /// The gradient to follow.
    pub gradient: Vec<f32>,
    /// <G_d, G_g>; `None` for a tensor without a semantic gradient.
    pub dot: Option<f64>,
}

/// The regulated gradient of one tensor.
pub fn regulate(quality: &[f32], semantic: Option<&[f32]>, lambda: f64) -> Regulated {
    let Some(semantic) = semantic else {
        return Regulated {
            gradient: quality.to_vec(),
            dot: None,
        };
    };
    let product = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(&a, &b)| f64::from(a) * f64::from(b))
            .sum()
    };
    let (dot, length) = (product(quality, semantic), product(semantic, semantic));
    let gradient = match dot > 0.0 && length > 0.0 {
        true => {
            let share = lambda * dot / length;
            let both = quality.iter().zip(semantic);
            both.map(|(&q, &s)| (f64::from(q) - share * f64::from(s)) as f32)
                .collect()
        }
        false => quality.to_vec(),
    };
    Regulated {
        gradient,
        dot: Some(dot),
    }
}

/// When the rate of learning falls, and when to stop: after a number of looks
/// without a better loss the rate falls, and once it is small enough it is over.
#[derive(Debug, Clone)]
pub struct Plateau {
    best: f64,
    waited: usize,
    patience: usize,
    factor: f64,
    least: f64,
    /// The rate of learning.
    pub rate: f64,
}

impl Plateau {
    /// The paper's: six looks, times 0.3, to 5e-7 for a rate of 1e-3 (and in
    /// proportion for another).
    pub fn new(rate: f64) -> Self {
        Self {
            best: f64::INFINITY,
            waited: 0,
            patience: 6,
            factor: 0.3,
            least: 5e-4 * rate,
            rate,
        }
    }

    /// Takes note of a loss; whether to go on.
    pub fn look(&mut self, loss: f64) -> bool {
        if loss < self.best * (1.0 - 1e-4) {
            self.best = loss;
            self.waited = 0;
            return true;
        }
        self.waited += 1;
        if self.waited >= self.patience {
            self.waited = 0;
            self.rate *= self.factor;
        }
        self.rate >= self.least
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_common_pull_is_regulated() {
        // <G_d, G_g> = 1 and |G_g|² = 2: half of G_g, five times.
        let regulated = regulate(&[1.0, 0.0], Some(&[1.0, 1.0]), 5.0);
        assert_eq!(regulated.gradient, [-1.5, -2.5]);
        assert_eq!(regulated.dot, Some(1.0));
        assert_eq!(
            regulate(&[1.0, 0.0], Some(&[-1.0, 1.0]), 5.0).gradient,
            [1.0, 0.0]
        );
        assert_eq!(
            regulate(&[1.0, 0.0], Some(&[0.0, 0.0]), 5.0).gradient,
            [1.0, 0.0]
        );
        assert_eq!(regulate(&[1.0, 0.0], None, 5.0).dot, None);
        assert_eq!(
            regulate(&[1.0, 0.0], Some(&[1.0, 1.0]), 0.0).gradient,
            [1.0, 0.0]
        );
    }

    #[test]
    fn the_rate_falls_on_a_plateau_and_ends() {
        let mut plateau = Plateau::new(1e-3);
        assert!(plateau.look(1.0) && plateau.look(0.5));
        let mut looks = 0;
        while plateau.look(0.5) {
            looks += 1;
            assert!(looks < 100);
        }
        assert!(looks > 30 && plateau.rate < 5e-7);
    }
}
