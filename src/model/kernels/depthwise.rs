//! Depthwise convolution of one row of output pixels, straight from the input
//! rows.

use super::at_level;
use crate::model::simd::{Buffer, Level, Simd, padded};

/// Output pixels computed together: enough independent sums to hide the
/// latency of a multiply-add.
const TILE: usize = 8;

/// Weights of a depthwise convolution with its bias, followed by ReLU6.
#[derive(Debug)]
pub(in crate::model) struct Depthwise {
    level: Level,
    kernel: usize,
    step: usize,
    channels: usize,
    /// [kernel, kernel, channels], channels padded.
    weights: Buffer,
    bias: Buffer,
}

impl Depthwise {
    /// Takes `weights` [channels, kernel, kernel] and `bias` [channels];
    /// `step` is the stride. Kernels 3 and 5 and strides 1 and 2 exist.
    pub(in crate::model) fn new(
        level: Level,
        kernel: usize,
        step: usize,
        weights: &[f32],
        bias: &[f32],
    ) -> Self {
        assert!(matches!(kernel, 3 | 5) && matches!(step, 1 | 2));
        let channels = bias.len();
        let taps = kernel * kernel;
        assert_eq!(weights.len(), channels * taps);
        let wide = padded(channels);
        let mut packed = Buffer::zeros(taps * wide);
        for (channel, taps_of_channel) in weights.chunks_exact(taps).enumerate() {
            for (tap, &w) in taps_of_channel.iter().enumerate() {
                packed[tap * wide + channel] = w;
            }
        }
        let mut padded_bias = Buffer::zeros(wide);
        padded_bias[..channels].copy_from_slice(bias);
        Self {
            level,
            kernel,
            step,
            channels: wide,
            weights: packed,
            bias: padded_bias,
        }
    }

    /// Side of the kernel.
    pub(in crate::model) fn kernel(&self) -> usize {
        self.kernel
    }

    /// Stride.
    pub(in crate::model) fn step(&self) -> usize {
        self.step
    }

    /// Padded channels.
    pub(in crate::model) fn channels(&self) -> usize {
        self.channels
    }

    /// Computes one output row of `width` pixels from `kernel` input rows,
    /// which already hold the padding pixels left and right:
    /// (width - 1) * stride + kernel pixels each.
    pub(in crate::model) fn run(&self, rows: &[&[f32]], width: usize, output: &mut [f32]) {
        if width == 0 {
            return;
        }
        assert_eq!(rows.len(), self.kernel);
        let needed = ((width - 1) * self.step + self.kernel) * self.channels;
        assert!(rows.iter().all(|row| row.len() >= needed));
        assert!(output.len() >= width * self.channels);
        let mut pointers = [std::ptr::null(); 5];
        for (pointer, row) in pointers.iter_mut().zip(rows) {
            *pointer = row.as_ptr();
        }
        let task = &Task {
            rows: pointers,
            width,
            channels: self.channels,
            weights: self.weights.as_ptr(),
            bias: self.bias.as_ptr(),
            output: output.as_mut_ptr(),
            kernel: self.kernel,
            step: self.step,
        };
        at_level!(
            self.level,
            fn convolve<S, MR, NV>(task: &Task) {
                unsafe {
                    match (task.kernel, task.step) {
                        (3, 1) => row::<S, 3, 1>(task),
                        (3, _) => row::<S, 3, 2>(task),
                        (_, 1) => row::<S, 5, 1>(task),
                        _ => row::<S, 5, 2>(task),
                    }
                }
            }
        );
    }
}

/// One call's pointers and sizes, all checked.
struct Task {
    rows: [*const f32; 5],
    width: usize,
    channels: usize,
    weights: *const f32,
    bias: *const f32,
    output: *mut f32,
    kernel: usize,
    step: usize,
}

/// One row, `TILE` pixels at a time; the last tile is moved back to be whole.
#[inline(always)]
unsafe fn row<S: Simd, const K: usize, const STEP: usize>(task: &Task) {
    let mut x = 0;
    if task.width < TILE {
        while x < task.width {
            unsafe { tile::<S, K, STEP, 1>(task, x) };
            x += 1;
        }
        return;
    }
    while x < task.width {
        let start = x.min(task.width - TILE);
        unsafe { tile::<S, K, STEP, TILE>(task, start) };
        x += TILE;
    }
}

/// `T` neighbouring output pixels, all channels.
#[inline(always)]
unsafe fn tile<S: Simd, const K: usize, const STEP: usize, const T: usize>(task: &Task, x: usize) {
    let channels = task.channels;
    let mut channel = 0;
    while channel < channels {
        // SAFETY: `x + T <= width`, and `run` checked every row, the weights
        // and the output against `width` and `channels`.
        unsafe {
            let mut sums = [S::load(task.bias.add(channel)); T];
            let mut weights = task.weights.add(channel);
            for ky in 0..K {
                let input = task.rows[ky].add(x * STEP * channels + channel);
                for kx in 0..K {
                    let w = S::load(weights);
                    weights = weights.add(channels);
                    for (t, sum) in sums.iter_mut().enumerate() {
                        let value = S::load(input.add((t * STEP + kx) * channels));
                        *sum = S::mul_add(value, w, *sum);
                    }
                }
            }
            let output = task.output.add(x * channels + channel);
            for (t, &sum) in sums.iter().enumerate() {
                S::store(output.add(t * channels), S::relu6(sum));
            }
        }
        channel += S::LANES;
    }
}
