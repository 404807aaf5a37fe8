//! The four-parameter logistic curve that maps predicted scores to opinions.
//!
//! The fit is Levenberg's and Marquardt's, in four unknowns: a library for it
//! would bring a whole linear algebra package for one 4 x 4 system.

use super::metrics::mean;

/// `(b1 - b2) / (1 + exp(-(x - b3) / |b4|)) + b2`.
///
/// The curve of VQEG's phase II report (2003) and of the papers on image
/// quality since: b1 and b2 are its ends, b3 its middle, b4 its width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Logistic {
    /// b1, b2, b3 and b4.
    pub b: [f64; 4],
}

/// Fewer points than this say nothing about four parameters.
const LEAST: usize = 5;

/// Far more steps than a fit takes.
const STEPS: usize = 1000;

/// A fit is done when a step lowers the squared error by less than this share.
const ENOUGH: f64 = 1e-14;

impl Logistic {
    /// The curve's value at `x`.
    pub fn at(&self, x: f64) -> f64 {
        let [b1, b2, ..] = self.b;
        (b1 - b2) * self.share(x) + b2
    }

    /// How far between its ends the curve is, 0 to 1.
    fn share(&self, x: f64) -> f64 {
        let [.., b3, b4] = self.b;
        1.0 / (1.0 + (-(x - b3) / b4.abs()).exp())
    }

    /// The curve with the least squared error for these points, from the usual
    /// start: the highest and lowest opinion, the predictions' mean, and a
    /// quarter of their standard deviation.
    ///
    /// `None` for fewer than five points, values that are all the same, or
    /// values that are not finite.
    pub fn fit(x: &[f64], y: &[f64]) -> Option<Self> {
        let points = x.len().min(y.len());
        let finite = x.iter().chain(y).all(|value| value.is_finite());
        if points < LEAST || !finite {
            return None;
        }
        // In units of their own spread both axes are near 1, whatever scales
        // they come on; the curve is of the same family there.
        let (x_scale, y_scale) = (Scale::of(x)?, Scale::of(y)?);
        let x: Vec<f64> = x.iter().map(|&x| x_scale.to(x)).collect();
        let y: Vec<f64> = y.iter().map(|&y| y_scale.to(y)).collect();
        let highest = y.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let lowest = y.iter().copied().fold(f64::INFINITY, f64::min);
        let start = Self {
            b: [highest, lowest, 0.0, 0.25],
        };
        let [b1, b2, b3, b4] = start.improved(&x, &y).b;
        let b = [
            y_scale.from(b1),
            y_scale.from(b2),
            x_scale.from(b3),
            b4.abs() * x_scale.deviation,
        ];
        b.iter().all(|b| b.is_finite()).then_some(Self { b })
    }

    /// The squared error.
    fn error(&self, x: &[f64], y: &[f64]) -> f64 {
        x.iter()
            .zip(y)
            .map(|(&x, &y)| (y - self.at(x)).powi(2))
            .sum()
    }

    /// Levenberg-Marquardt with Marquardt's scaling: steps between Gauss and
    /// Newton's and a short one downhill, nearer to the first while it works.
    fn improved(mut self, x: &[f64], y: &[f64]) -> Self {
        let mut error = self.error(x, y);
        let mut damping = 1e-3;
        for _ in 0..STEPS {
            let (system, weights) = self.linearised(x, y);
            let better = system
                .damped(weights.map(|weight| (damping * weight).sqrt()))
                .solved()
                .map(|step| Self {
                    b: std::array::from_fn(|i| self.b[i] + step[i]),
                })
                .map(|trial| (trial, trial.error(x, y)))
                .filter(|(trial, lower)| *lower < error && trial.b[3] != 0.0);
            match better {
                Some((trial, lower)) => {
                    let gain = error - lower;
                    (self, error) = (trial, lower);
                    damping = (damping / 10.0).max(1e-15);
                    if gain <= ENOUGH * error {
                        break;
                    }
                }
                None if damping > 1e12 => break,
                None => damping *= 10.0,
            }
        }
        self
    }

    /// The least squares system of a step to the curve that fits better, and
    /// the squared length of each parameter's column.
    fn linearised(&self, x: &[f64], y: &[f64]) -> (Triangle, [f64; 4]) {
        let [b1, b2, b3, b4] = self.b;
        let width = b4.abs();
        let mut system = Triangle::default();
        let mut weights = [0.0; 4];
        for (&x, &y) in x.iter().zip(y) {
            let share = self.share(x);
            let slope = (b1 - b2) * share * (1.0 - share) / width;
            let row = [
                share,
                1.0 - share,
                -slope,
                -slope * (x - b3) / width * b4.signum(),
            ];
            for (weight, value) in weights.iter_mut().zip(row) {
                *weight += value * value;
            }
            system.add(row, y - self.at(x));
        }
        // A parameter without influence has to stay where it is.
        (system, weights.map(|weight| weight.max(1e-12)))
    }
}

/// An overdetermined linear system in four unknowns, kept as the triangle that
/// Givens rotations make of it (G. H. Golub and C. F. Van Loan, "Matrix
/// Computations", 5.2). Nearly straight relations make the columns nearly
/// dependent; squaring them, as normal equations do, would lose the fit.
#[derive(Debug, Clone, Default)]
struct Triangle {
    rows: [[f64; 4]; 4],
    right: [f64; 4],
}

impl Triangle {
    /// Adds the equation `row · unknowns = right`.
    fn add(&mut self, mut row: [f64; 4], mut right: f64) {
        for i in 0..4 {
            let length = self.rows[i][i].hypot(row[i]);
            if length == 0.0 {
                continue;
            }
            let (cos, sin) = (self.rows[i][i] / length, row[i] / length);
            for (above, below) in self.rows[i].iter_mut().zip(&mut row).skip(i) {
                (*above, *below) = (cos * *above + sin * *below, cos * *below - sin * *above);
            }
            let above = self.right[i];
            self.right[i] = cos * above + sin * right;
            right = cos * right - sin * above;
        }
    }

    /// With the wish that every unknown be zero, of these weights.
    fn damped(mut self, weights: [f64; 4]) -> Self {
        for (i, weight) in weights.into_iter().enumerate() {
            let mut row = [0.0; 4];
            row[i] = weight;
            self.add(row, 0.0);
        }
        self
    }

    /// The unknowns with the least squared error.
    fn solved(&self) -> Option<[f64; 4]> {
        let mut solution = [0.0; 4];
        for i in (0..4).rev() {
            let known: f64 = (i + 1..4).map(|j| self.rows[i][j] * solution[j]).sum();
            solution[i] = (self.right[i] - known) / self.rows[i][i];
        }
        solution.iter().all(|s| s.is_finite()).then_some(solution)
    }
}

/// A series' mean and standard deviation.
struct Scale {
    mean: f64,
    deviation: f64,
}

impl Scale {
    fn of(values: &[f64]) -> Option<Self> {
        let mean = mean(values)?;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (squares / values.len() as f64).sqrt();
        (deviation > 0.0 && deviation.is_finite()).then_some(Self { mean, deviation })
    }

    fn to(&self, value: f64) -> f64 {
        (value - self.mean) / self.deviation
    }

    fn from(&self, value: f64) -> f64 {
        value * self.deviation + self.mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_curve_is_found_again() {
        for b in [
            [90.0, 10.0, 45.0, 8.0],
            [5.0, 1.0, 0.4, 0.05],
            [-3.0, 3.0, 0.0, 1.0],
        ] {
            let truth = Logistic { b };
            let x: Vec<f64> = (0..50)
                .map(|i| b[2] + b[3] * (f64::from(i) - 20.0) / 6.0)
                .collect();
            let y: Vec<f64> = x.iter().map(|&x| truth.at(x)).collect();
            let fitted = Logistic::fit(&x, &y).unwrap();
            for (fitted, b) in fitted.b.iter().zip(b) {
                assert!((fitted - b).abs() < 1e-6 * (1.0 + b.abs()), "{fitted} {b}");
            }
        }
    }

    #[test]
    fn a_fit_never_ends_worse_than_a_constant() {
        // No relation at all, a single step, and one point far out.
        let step = |i: u32| if i < 5 { 0.0 } else { 1.0 };
        let far = |i: u32| if i == 7 { 1e9 } else { f64::from(i) };
        let pathless = |i: u32| f64::from(i * 7 % 5);
        for y in [step as fn(u32) -> f64, far, pathless] {
            let x: Vec<f64> = (0..12).map(f64::from).collect();
            let y: Vec<f64> = (0..12).map(y).collect();
            let fitted = Logistic::fit(&x, &y).unwrap();
            let average = mean(&y).unwrap();
            let constant: f64 = y.iter().map(|y| (y - average).powi(2)).sum();
            assert!(
                fitted.error(&x, &y) <= constant * (1.0 + 1e-6),
                "{fitted:?}"
            );
        }
    }

    #[test]
    fn unusable_points_have_no_fit() {
        let x = [1.0, 2.0, 3.0, 4.0, 5.0];
        assert_eq!(Logistic::fit(&x[..4], &x[..4]), None);
        assert_eq!(Logistic::fit(&x, &[2.0; 5]), None);
        assert_eq!(Logistic::fit(&x, &[1.0, 2.0, f64::NAN, 4.0, 5.0]), None);
        assert!(Logistic::fit(&x, &x).is_some());
    }
}
