//! Ridge regression, and the decomposition that it is solved by.

/// A positive definite matrix A as the product of a lower triangle L and its
/// transpose (Cholesky).
#[derive(Debug, Clone)]
pub struct Cholesky {
    /// Row-major; above the diagonal is what A had there.
    l: Vec<f64>,
    n: usize,
}

impl Cholesky {
    /// Decomposes `matrix` [n, n], row-major, of which the lower triangle is
    /// read. `None` when it is not positive definite or not of that size.
    pub fn new(matrix: Vec<f64>, n: usize) -> Option<Self> {
        if matrix.len() != n * n {
            return None;
        }
        let mut l = matrix;
        for i in 0..n {
            let (above, row) = l.split_at_mut(i * n);
            let row = &mut row[..n];
            for j in 0..i {
                let other = &above[j * n..][..n];
                let sum: f64 = row[..j].iter().zip(&other[..j]).map(|(a, b)| a * b).sum();
                row[j] = (row[j] - sum) / other[j];
            }
            let sum: f64 = row[..i].iter().map(|a| a * a).sum();
            let pivot = row[i] - sum;
            if !(pivot.is_finite() && pivot > 0.0) {
                return None;
            }
            row[i] = pivot.sqrt();
        }
        Some(Self { l, n })
    }

    /// L⁻¹ b, for b [n].
    pub fn half_solve(&self, b: &[f64]) -> Vec<f64> {
        let n = self.n;
        let mut w = b.to_vec();
        for i in 0..n {
            let row = &self.l[i * n..][..n];
            let sum: f64 = row[..i].iter().zip(&w[..i]).map(|(a, b)| a * b).sum();
            w[i] = (w[i] - sum) / row[i];
        }
        w
    }

    /// A⁻¹ b, for b [n].
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        let n = self.n;
        let mut w = self.half_solve(b);
        for i in (0..n).rev() {
            let sum: f64 = (i + 1..n).map(|k| self.l[k * n + i] * w[k]).sum();
            w[i] = (w[i] - sum) / self.l[i * n + i];
        }
        w
    }

    /// The logarithm of A's determinant.
    pub fn log_determinant(&self) -> f64 {
        let diagonal = (0..self.n).map(|i| self.l[i * self.n + i]);
        2.0 * diagonal.map(f64::ln).sum::<f64>()
    }
}

/// Weights [columns] that minimise |x w - y|² + `penalty` |w|².
///
/// `gram` is xᵀx [columns, columns], `moment` xᵀy [columns]. Solved by Cholesky
/// decomposition; `None` when the system is singular (no penalty and dependent
/// columns) or holds no finite numbers.
pub fn solve(gram: &[f64], moment: &[f64], penalty: f64) -> Option<Vec<f64>> {
    let n = moment.len();
    if gram.len() != n * n {
        return None;
    }
    let mut matrix = gram.to_vec();
    for i in 0..n {
        matrix[i * n + i] += penalty;
    }
    Some(Cholesky::new(matrix, n)?.solve(moment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_a_small_system() {
        // x = [[1, 2], [3, 4], [5, 6]], y = [1, 2, 4].
        let w = solve(&[35.0, 44.0, 44.0, 56.0], &[27.0, 34.0], 1.0).unwrap();
        // (xᵀx + 1) w = xᵀy, by Cramer's rule with determinant 116.
        assert!((w[0] - (27.0 * 57.0 - 44.0 * 34.0) / 116.0).abs() < 1e-12);
        assert!((w[1] - (36.0 * 34.0 - 44.0 * 27.0) / 116.0).abs() < 1e-12);
    }

    #[test]
    fn singular_without_penalty() {
        assert_eq!(solve(&[1.0, 1.0, 1.0, 1.0], &[1.0, 1.0], 0.0), None);
    }
}
