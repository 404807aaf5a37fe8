//! What a transformer does to rows by themselves: LayerNorm, softmax, and the
//! activation of its perceptron.

use super::at_level;
use crate::model::simd::{CHANNEL_STEP, Level, Simd};

/// Normalises rows of `weight.len()` values to mean 0 and variance 1, then
/// scales and shifts them. Rows lie one after the other; their width is a
/// multiple of [`CHANNEL_STEP`].
pub(in crate::model) fn layer_norm(
    level: Level,
    input: &[f32],
    weight: &[f32],
    bias: &[f32],
    epsilon: f32,
    output: &mut [f32],
) {
    let width = weight.len();
    assert!(width > 0 && width.is_multiple_of(CHANNEL_STEP) && bias.len() == width);
    assert!(input.len().is_multiple_of(width) && output.len() >= input.len());
    let rows = input.len() / width;
    let (from, to) = (input.as_ptr(), output.as_mut_ptr());
    let (weight, bias) = (weight.as_ptr(), bias.as_ptr());
    at_level!(
        level,
        fn normalise<S, MR, NV>(
            from: *const f32,
            to: *mut f32,
            weight: *const f32,
            bias: *const f32,
            rows: usize,
            width: usize,
            epsilon: f32,
        ) {
            // SAFETY: all lengths were checked against rows and width, which
            // is a whole number of vectors.
            unsafe {
                for row in 0..rows {
                    let (from, to) = (from.add(row * width), to.add(row * width));
                    let mut sum = S::splat(0.0);
                    let mut i = 0;
                    while i < width {
                        sum = S::add(sum, S::load(from.add(i)));
                        i += S::LANES;
                    }
                    let mean = S::splat(total::<S>(sum) / width as f32);
                    let mut sum = S::splat(0.0);
                    let mut i = 0;
                    while i < width {
                        let centred = S::sub(S::load(from.add(i)), mean);
                        sum = S::mul_add(centred, centred, sum);
                        i += S::LANES;
                    }
                    let variance = total::<S>(sum) / width as f32;
                    let scale = S::splat(1.0 / (variance + epsilon).sqrt());
                    let mut i = 0;
                    while i < width {
                        let z = S::mul(S::sub(S::load(from.add(i)), mean), scale);
                        let y = S::mul_add(z, S::load(weight.add(i)), S::load(bias.add(i)));
                        S::store(to.add(i), y);
                        i += S::LANES;
                    }
                }
            }
        }
    );
}

/// Softmax over the first `length` values of every row; what follows them
/// becomes 0. Rows are `stride` values apart, a multiple of [`CHANNEL_STEP`].
pub(in crate::model) fn softmax(level: Level, data: &mut [f32], stride: usize, length: usize) {
    assert!(stride.is_multiple_of(CHANNEL_STEP) && (1..=stride).contains(&length));
    for row in data.chunks_exact_mut(stride) {
        row[length..].fill(f32::MIN);
        let row = row.as_mut_ptr();
        at_level!(
            level,
            fn normalise<S, MR, NV>(row: *mut f32, stride: usize) {
                // SAFETY: a row is a whole number of vectors.
                unsafe {
                    let mut most = S::load(row);
                    let mut i = S::LANES;
                    while i < stride {
                        most = S::max(most, S::load(row.add(i)));
                        i += S::LANES;
                    }
                    let most = S::splat(largest::<S>(most));
                    let mut sum = S::splat(0.0);
                    let mut i = 0;
                    while i < stride {
                        let e = exp::<S>(S::sub(S::load(row.add(i)), most));
                        sum = S::add(sum, e);
                        S::store(row.add(i), e);
                        i += S::LANES;
                    }
                    let scale = S::splat(1.0 / total::<S>(sum));
                    let mut i = 0;
                    while i < stride {
                        S::store(row.add(i), S::mul(S::load(row.add(i)), scale));
                        i += S::LANES;
                    }
                }
            }
        );
    }
}

/// `x / (1 + exp(-steepness x))`
///
/// # Safety
/// As [`Simd`]'s operations.
#[inline(always)]
pub(super) unsafe fn gelu<S: Simd>(x: S::V, steepness: f32) -> S::V {
    unsafe {
        let e = exp::<S>(S::mul(x, S::splat(-steepness)));
        S::div(x, S::add(S::splat(1.0), e))
    }
}

/// The sum of a vector's values, always in the same order.
#[inline(always)]
unsafe fn total<S: Simd>(v: S::V) -> f32 {
    unsafe { lanes::<S>(v)[..S::LANES].iter().sum() }
}

/// The largest of a vector's values.
#[inline(always)]
unsafe fn largest<S: Simd>(v: S::V) -> f32 {
    let lanes = unsafe { lanes::<S>(v) };
    lanes[..S::LANES].iter().copied().fold(f32::MIN, f32::max)
}

#[inline(always)]
unsafe fn lanes<S: Simd>(v: S::V) -> [f32; CHANNEL_STEP] {
    const { assert!(S::LANES <= CHANNEL_STEP) };
    let mut lanes = [0.0; CHANNEL_STEP];
    // SAFETY: there is room for the widest vector.
    unsafe { S::store(lanes.as_mut_ptr(), v) };
    lanes
}

/// e to the power of `v`, within two units in the last place; what would be
/// smaller than the smallest normal number is about that, what would be larger
/// than the largest is about that.
#[inline(always)]
unsafe fn exp<S: Simd>(v: S::V) -> S::V {
    // With n the whole number next to v / ln 2: 2^n e^(v - n ln 2), with ln 2
    // in two parts so that the difference is exact, and a polynomial for the
    // rest, which lies within half of ln 2 (coefficients of Cephes' expf).
    const WHOLE: f32 = 12_582_912.0; // 1.5 * 2^23: adding it rounds
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    const POLYNOMIAL: [f32; 6] = [
        1.987_569_1e-4,
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        1.666_666_5e-1,
        0.5,
    ];
    unsafe {
        // The limits come first, so that what is no number stays none.
        let v = S::min(S::splat(88.0), S::max(S::splat(-87.3), v));
        let shifted = S::mul_add(v, S::splat(std::f32::consts::LOG2_E), S::splat(WHOLE));
        let n = S::sub(shifted, S::splat(WHOLE));
        let r = S::mul_add(n, S::splat(-LN_2_HIGH), v);
        let r = S::mul_add(n, S::splat(-LN_2_LOW), r);
        let mut p = S::splat(POLYNOMIAL[0]);
        for coefficient in &POLYNOMIAL[1..] {
            p = S::mul_add(p, r, S::splat(*coefficient));
        }
        let p = S::mul_add(S::mul(p, r), r, S::add(r, S::splat(1.0)));
        S::mul(p, S::exp2_whole(n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::kernels::{Epilogue, Pointwise};

    fn close(a: f32, b: f64, tolerance: f64) {
        let error = (f64::from(a) - b).abs();
        assert!(error <= tolerance * b.abs().max(1e-3), "{a} for {b}");
    }

    #[test]
    fn layer_norm_is_what_it_is_called() {
        let width = 48;
        let input: Vec<f32> = (0..2 * width).map(|i| (i * i % 37) as f32 - 9.0).collect();
        let weight: Vec<f32> = (0..width).map(|i| 1.0 + i as f32 / 10.0).collect();
        let bias: Vec<f32> = (0..width).map(|i| i as f32).collect();
        for level in Level::available() {
            let mut output = vec![0.0; input.len()];
            layer_norm(level, &input, &weight, &bias, 1e-5, &mut output);
            for (row, output) in input.chunks(width).zip(output.chunks(width)) {
                let row: Vec<f64> = row.iter().copied().map(f64::from).collect();
                let mean = row.iter().sum::<f64>() / width as f64;
                let variance = row.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / width as f64;
                for (i, &y) in output.iter().enumerate() {
                    let z = (row[i] - mean) / (variance + 1e-5).sqrt();
                    close(y, z * f64::from(weight[i]) + f64::from(bias[i]), 2e-5);
                }
            }
        }
    }

    #[test]
    fn softmax_sums_to_one_and_leaves_no_weight_to_padding() {
        let (stride, length) = (32, 21);
        let input: Vec<f32> = (0..3 * stride)
            .map(|i| (i * 7 % 50) as f32 - 30.0)
            .collect();
        for level in Level::available() {
            let mut data = input.clone();
            softmax(level, &mut data, stride, length);
            for (row, before) in data.chunks(stride).zip(input.chunks(stride)) {
                let e: Vec<f64> = before[..length]
                    .iter()
                    .map(|&v| f64::from(v).exp())
                    .collect();
                let sum: f64 = e.iter().sum();
                for (i, &p) in row.iter().enumerate() {
                    let expected = if i < length { e[i] / sum } else { 0.0 };
                    assert!((f64::from(p) - expected).abs() < 1e-6, "{p} for {expected}");
                }
            }
        }
    }

    #[test]
    fn the_activation_holds_from_end_to_end() {
        let inputs: Vec<f32> = (-4000..4000).map(|i| i as f32 / 40.0).collect();
        for level in Level::available() {
            // The identity, so that only the activation is left.
            let identity = Pointwise::new(level, 1, 1, &[1.0], &[0.0]);
            let mut output = vec![0.0; inputs.len() * identity.outputs()];
            let gelu = Epilogue::Gelu(1.702);
            identity.run(inputs.len(), &inputs, 1, &mut output, gelu);
            for (&x, y) in inputs.iter().zip(output.chunks(identity.outputs())) {
                let x = f64::from(x);
                close(y[0], x / (1.0 + (-1.702 * x).exp()), 1e-6);
            }
        }
    }
}
