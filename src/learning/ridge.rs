//! Ridge regression.

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
    // Lower triangle, row-major.
    let mut l = gram.to_vec();
    for i in 0..n {
        l[i * n + i] += penalty;
    }
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
    // l z = moment, then lᵀ w = z.
    let mut w = moment.to_vec();
    for i in 0..n {
        let sum: f64 = l[i * n..][..i]
            .iter()
            .zip(&w[..i])
            .map(|(a, b)| a * b)
            .sum();
        w[i] = (w[i] - sum) / l[i * n + i];
    }
    for i in (0..n).rev() {
        let sum: f64 = (i + 1..n).map(|k| l[k * n + i] * w[k]).sum();
        w[i] = (w[i] - sum) / l[i * n + i];
    }
    Some(w)
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
