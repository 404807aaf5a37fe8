//! How well predicted scores agree with people's opinions: the four figures
//! of the field.
//!
//! Correlations are of ranks (SRCC, KRCC) and of values (PLCC); the latter and
//! the RMSE are taken after a monotonic curve has mapped predictions to the
//! scale of the opinions, because a metric's own scale is arbitrary (VQEG,
//! "Final report from the Video Quality Experts Group on the validation of
//! objective models of video quality assessment, phase II", 2003).

use super::logistic::Logistic;

/// The figures. One is `None` where it is not defined: too few photos, or
/// values that are all the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// Number of photos.
    pub n: usize,
    /// Spearman's rank correlation, -1 to 1.
    pub srcc: Option<f64>,
    /// Pearson's linear correlation after the logistic curve, -1 to 1.
    pub plcc: Option<f64>,
    /// Kendall's rank correlation tau-b, -1 to 1.
    pub krcc: Option<f64>,
    /// Root of the mean squared error after the logistic curve, on the scale
    /// of the opinions.
    pub rmse: Option<f64>,
}

impl Agreement {
    /// Compares predictions with opinions, pair by pair. Both have to be
    /// finite; what the longer slice has beyond the shorter is left out.
    pub fn new(predictions: &[f64], opinions: &[f64]) -> Self {
        let n = predictions.len().min(opinions.len());
        let (x, y) = (&predictions[..n], &opinions[..n]);
        let fitted: Option<Vec<f64>> =
            Logistic::fit(x, y).map(|curve| x.iter().map(|&x| curve.at(x)).collect());
        Self {
            n,
            srcc: srcc(x, y),
            plcc: fitted.as_deref().and_then(|fitted| pearson(fitted, y)),
            krcc: krcc(x, y),
            rmse: fitted.as_deref().and_then(|fitted| rmse(fitted, y)),
        }
    }
}

/// Pearson's correlation of two series of one length; `None` where one does
/// not vary.
pub fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    let (mean_x, mean_y) = (mean(x)?, mean(y)?);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let (dx, dy) = (x - mean_x, y - mean_y);
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    let r = xy / (xx.sqrt() * yy.sqrt());
    r.is_finite().then(|| r.clamp(-1.0, 1.0))
}

/// Spearman's rank correlation; equal values share the mean of their ranks.
pub fn srcc(x: &[f64], y: &[f64]) -> Option<f64> {
    pearson(&ranks(x), &ranks(y))
}

/// Kendall's tau-b, which takes account of equal values in both series, in
/// O(n log n) (W. R. Knight, "A computer method for calculating Kendall's tau
/// with ungrouped data", JASA 61, 1966).
pub fn krcc(x: &[f64], y: &[f64]) -> Option<f64> {
    let mut pairs: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let all = pairs_of(pairs.len());
    let tied_x = tied_pairs(&pairs, |a, b| a.0 == b.0);
    let tied_both = tied_pairs(&pairs, |a, b| a == b);
    // Every exchange that sorting by y needs is a pair in the wrong order.
    let exchanges = sort_counting(&mut pairs);
    let tied_y = tied_pairs(&pairs, |a, b| a.1 == b.1);
    let wrong_way = 2.0 * exchanges as f64;
    let ordered = all - tied_x - tied_y + tied_both - wrong_way;
    let tau = ordered / ((all - tied_x).sqrt() * (all - tied_y).sqrt());
    tau.is_finite().then(|| tau.clamp(-1.0, 1.0))
}

/// Root of the mean squared difference; `None` for empty series.
pub fn rmse(x: &[f64], y: &[f64]) -> Option<f64> {
    let squares: Vec<f64> = x.iter().zip(y).map(|(x, y)| (x - y).powi(2)).collect();
    mean(&squares).map(f64::sqrt)
}

/// The mean; `None` of nothing.
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Ranks from 1; equal values share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = values.iter().copied().enumerate().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for equal in order.chunk_by(|a, b| a.1 == b.1) {
        let rank = before as f64 + (equal.len() + 1) as f64 / 2.0;
        for &(place, _) in equal {
            ranks[place] = rank;
        }
        before += equal.len();
    }
    ranks
}

/// How many pairs `n` things make.
fn pairs_of(n: usize) -> f64 {
    n as f64 * n.saturating_sub(1) as f64 / 2.0
}

/// How many pairs within runs of equal neighbours.
fn tied_pairs(sorted: &[(f64, f64)], equal: fn(&(f64, f64), &(f64, f64)) -> bool) -> f64 {
    sorted.chunk_by(equal).map(|run| pairs_of(run.len())).sum()
}

/// Merge sort by the second values; returns how many exchanges of neighbours
/// bubble sort would have needed.
fn sort_counting(pairs: &mut [(f64, f64)]) -> u64 {
    if pairs.len() < 2 {
        return 0;
    }
    let (left, right) = pairs.split_at_mut(pairs.len() / 2);
    let mut exchanges = sort_counting(left) + sort_counting(right);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let mut rest = &*left;
    for pair in &*right {
        while let Some((first, others)) = rest.split_first()
            && first.1 <= pair.1
        {
            merged.push(*first);
            rest = others;
        }
        exchanges += rest.len() as u64;
        merged.push(*pair);
    }
    merged.extend_from_slice(rest);
    pairs.copy_from_slice(&merged);
    exchanges
}

#[cfg(test)]
mod tests {
    use super::*;

    // Expected values: scipy 1.17.1, stats.spearmanr, stats.kendalltau and
    // stats.pearsonr after optimize.curve_fit of the same curve from the same
    // start with ftol = xtol = gtol = 1e-15.

    /// Few values, many of them equal.
    fn ties() -> (Vec<f64>, Vec<f64>) {
        (
            vec![1., 2., 2., 3., 5., 5., 5., 8., 9., 10., 4., 6.],
            vec![1., 1., 2., 1., 4., 6., 5., 7., 7., 7., 2., 7.],
        )
    }

    /// As few, but so straight that the best curve is endlessly wide.
    fn straight() -> (Vec<f64>, Vec<f64>) {
        let y = vec![1., 3., 2., 2., 4., 4., 6., 7., 7., 9., 5., 4.];
        (ties().0, y)
    }

    /// A bent and noisy relation.
    fn bent() -> (Vec<f64>, Vec<f64>) {
        let x = |i: u32| f64::from(i * 37 % 101);
        let noise = |i: u32| (f64::from(i * 53 % 17) - 8.0) / 20.0;
        let y = |i: u32| 1.0 + 5.0 * x(i).powi(2) / (x(i).powi(2) + 2500.0) + noise(i);
        ((0..60).map(x).collect(), (0..60).map(y).collect())
    }

    /// Many values, tied opinions, much noise.
    fn many() -> (Vec<f64>, Vec<f64>) {
        let x = |i: u32| f64::from(i * 7919 % 10_007) / 100.0;
        let y = |i: u32| (x(i) / 5.0).floor() + f64::from(i * 104_729 % 31) - 15.0;
        ((0..2000).map(x).collect(), (0..2000).map(y).collect())
    }

    fn near(actual: Option<f64>, expected: f64, tolerance: f64) {
        let actual = actual.unwrap();
        assert!(
            (actual - expected).abs() <= tolerance * expected.abs(),
            "{actual} {expected}"
        );
    }

    fn check((x, y): (Vec<f64>, Vec<f64>), [srcc, plcc, krcc, rmse]: [f64; 4], tolerance: f64) {
        let agreement = Agreement::new(&x, &y);
        assert_eq!(agreement.n, x.len());
        near(agreement.srcc, srcc, 1e-12);
        near(agreement.krcc, krcc, 1e-12);
        near(agreement.plcc, plcc, tolerance);
        near(agreement.rmse, rmse, tolerance);
    }

    #[test]
    fn ties_agree_with_scipy() {
        let expected = [
            0.940371713019883,
            0.981214933628147,
            0.848555291627663,
            0.484433135613745,
        ];
        check(ties(), expected, 1e-9);
        // Where no curve is the best, both stop on the way there.
        let expected = [
            0.896614615191435,
            0.929762349736733,
            0.780513600584925,
            0.843561117118311,
        ];
        check(straight(), expected, 1e-4);
    }

    #[test]
    fn a_bent_relation_agrees_with_scipy() {
        let expected = [
            0.979994442900806,
            0.983904902573388,
            0.875706214689265,
            0.244897567040948,
        ];
        check(bent(), expected, 1e-9);
        let (x, y) = bent();
        near(pearson(&x, &y), 0.975112651387995, 1e-12);
    }

    #[test]
    fn many_photos_agree_with_scipy() {
        let expected = [
            0.519606952467709,
            0.541480906746671,
            0.364709687177845,
            8.95249835300575,
        ];
        check(many(), expected, 1e-8);
    }

    #[test]
    fn scales_change_only_the_error() {
        let (x, y) = many();
        let small = x.iter().map(|x| 0.5 + 1e-6 * x).collect();
        let large = y.iter().map(|y| 1e4 * y).collect();
        let expected = [
            0.519606952467709,
            0.541480906746671,
            0.364709687177845,
            89524.9835300575,
        ];
        check((small, large), expected, 1e-8);
    }

    #[test]
    fn a_metric_that_runs_the_other_way_has_negative_rank_correlations() {
        let (x, y) = bent();
        let falling = y.iter().map(|y| -y).collect();
        let expected = [
            -0.979994442900806,
            0.983904902573388,
            -0.875706214689265,
            0.244897567040948,
        ];
        check((x, falling), expected, 1e-9);
    }

    #[test]
    fn what_is_not_defined_is_none() {
        let flat = Agreement::new(&[5.0; 6], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(
            (flat.srcc, flat.plcc, flat.krcc, flat.rmse),
            (None, None, None, None)
        );
        let one = Agreement::new(&[1.0], &[2.0]);
        assert_eq!((one.n, one.srcc, one.plcc, one.krcc), (1, None, None, None));
        assert_eq!(Agreement::new(&[], &[]).srcc, None);
        // Ranks of few photos are meaningful, a fit of four parameters is not.
        let few = Agreement::new(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0]);
        near(few.srcc, 0.5, 1e-12);
        near(few.krcc, 1.0 / 3.0, 1e-12);
        assert_eq!((few.plcc, few.rmse), (None, None));
    }
}
