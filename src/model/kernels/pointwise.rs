//! Pointwise (1x1) convolution: a matrix product over pixels.

use super::{at_level, panel_shape};
use crate::model::simd::{Buffer, Level, Simd, padded};

/// What happens to a sum before it is stored.
#[derive(Clone, Copy)]
pub(in crate::model) enum Epilogue<'a> {
    /// Nothing.
    Linear,
    /// Limited to 0 ..= 6.
    Relu6,
    /// These values, laid out like the output, are added.
    Add(&'a [f32]),
}

/// Weights of a pointwise convolution with its bias, packed for a level.
#[derive(Debug)]
pub(in crate::model) struct Pointwise {
    level: Level,
    inputs: usize,
    outputs: usize,
    /// Panels of a few vectors of output channels; in a panel, input channel
    /// by input channel.
    weights: Buffer,
    /// Per padded output channel.
    bias: Buffer,
}

impl Pointwise {
    /// Packs `weights` [outputs, inputs] (row-major) and `bias` [outputs].
    pub(in crate::model) fn new(
        level: Level,
        inputs: usize,
        outputs: usize,
        weights: &[f32],
        bias: &[f32],
    ) -> Self {
        assert_eq!(weights.len(), inputs * outputs);
        assert_eq!(bias.len(), outputs);
        let (vectors, lanes) = panel_shape(level);
        let wide = padded(outputs);
        let mut packed = Buffer::zeros(wide * inputs);
        let mut at = 0;
        let mut first = 0;
        while first < wide {
            let width = (vectors * lanes).min(wide - first);
            for input in 0..inputs {
                for output in first..first + width {
                    if output < outputs {
                        packed[at] = weights[output * inputs + input];
                    }
                    at += 1;
                }
            }
            first += width;
        }
        let mut padded_bias = Buffer::zeros(wide);
        padded_bias[..outputs].copy_from_slice(bias);
        Self {
            level,
            inputs,
            outputs: wide,
            weights: packed,
            bias: padded_bias,
        }
    }

    /// Padded output channels.
    pub(in crate::model) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Convolves `pixels` pixels: `input` holds them `stride` values apart,
    /// `output` [pixels, outputs] takes the result.
    pub(in crate::model) fn run(
        &self,
        pixels: usize,
        input: &[f32],
        stride: usize,
        output: &mut [f32],
        epilogue: Epilogue,
    ) {
        if pixels == 0 {
            return;
        }
        assert!(stride >= self.inputs && input.len() >= (pixels - 1) * stride + self.inputs);
        assert!(output.len() >= pixels * self.outputs);
        let (add, relu6): (*const f32, bool) = match epilogue {
            Epilogue::Linear => (std::ptr::null(), false),
            Epilogue::Relu6 => (std::ptr::null(), true),
            Epilogue::Add(values) => {
                assert!(values.len() >= pixels * self.outputs);
                (values.as_ptr(), false)
            }
        };
        let task = &Task {
            pixels,
            inputs: self.inputs,
            outputs: self.outputs,
            input: input.as_ptr(),
            stride,
            weights: self.weights.as_ptr(),
            bias: self.bias.as_ptr(),
            output: output.as_mut_ptr(),
            add,
            relu6,
        };
        at_level!(
            self.level,
            fn product<S, MR, NV>(task: &Task) {
                unsafe { panels::<S, MR, NV>(task) }
            }
        );
    }
}

/// One call's pointers and sizes, all checked.
struct Task {
    pixels: usize,
    inputs: usize,
    outputs: usize,
    input: *const f32,
    stride: usize,
    weights: *const f32,
    bias: *const f32,
    output: *mut f32,
    add: *const f32,
    relu6: bool,
}

/// All panels of output channels over all pixels.
#[inline(always)]
unsafe fn panels<S: Simd, const MR: usize, const NV: usize>(task: &Task) {
    let vectors = task.outputs / S::LANES;
    let mut vector = 0;
    while vector < vectors {
        let wide = NV.min(vectors - vector);
        let channel = vector * S::LANES;
        // SAFETY: panels before this one hold `channel * inputs` weights.
        let weights = unsafe { task.weights.add(channel * task.inputs) };
        match wide {
            1 => unsafe { pixels::<S, MR, 1>(task, weights, channel) },
            2 => unsafe { pixels::<S, MR, 2>(task, weights, channel) },
            3 => unsafe { pixels::<S, MR, 3>(task, weights, channel) },
            _ => unsafe { pixels::<S, MR, 4>(task, weights, channel) },
        }
        vector += wide;
    }
}

/// One panel over all pixels, `MR` at a time. The last tile is moved back to
/// be whole: it computes some values again, to the same result.
#[inline(always)]
unsafe fn pixels<S: Simd, const MR: usize, const NV: usize>(
    task: &Task,
    weights: *const f32,
    channel: usize,
) {
    let mut pixel = 0;
    if task.pixels < MR {
        while pixel < task.pixels {
            unsafe { tile::<S, 1, NV>(task, weights, channel, pixel) };
            pixel += 1;
        }
        return;
    }
    while pixel < task.pixels {
        let start = pixel.min(task.pixels - MR);
        unsafe { tile::<S, MR, NV>(task, weights, channel, start) };
        pixel += MR;
    }
}

/// `MR` pixels by `NV` vectors of output channels, held in registers.
#[inline(always)]
unsafe fn tile<S: Simd, const MR: usize, const NV: usize>(
    task: &Task,
    weights: *const f32,
    channel: usize,
    pixel: usize,
) {
    // SAFETY: `pixel + MR <= pixels` and `channel + NV * LANES <= outputs`,
    // and `run` checked every slice against these sizes.
    unsafe {
        let mut sums = [[S::splat(0.0); NV]; MR];
        for v in 0..NV {
            let bias = S::load(task.bias.add(channel + v * S::LANES));
            for row in &mut sums {
                row[v] = bias;
            }
        }
        let input = task.input.add(pixel * task.stride);
        let mut weights = weights;
        for k in 0..task.inputs {
            let mut column = [S::splat(0.0); NV];
            for (v, w) in column.iter_mut().enumerate() {
                *w = S::load(weights.add(v * S::LANES));
            }
            weights = weights.add(NV * S::LANES);
            for (m, row) in sums.iter_mut().enumerate() {
                let x = S::splat(*input.add(m * task.stride + k));
                for (sum, w) in row.iter_mut().zip(column) {
                    *sum = S::mul_add(x, w, *sum);
                }
            }
        }
        for (m, row) in sums.iter().enumerate() {
            let at = (pixel + m) * task.outputs + channel;
            for (v, &sum) in row.iter().enumerate() {
                let at = at + v * S::LANES;
                let mut sum = sum;
                if !task.add.is_null() {
                    sum = S::add(sum, S::load(task.add.add(at)));
                }
                if task.relu6 {
                    sum = S::relu6(sum);
                }
                S::store(task.output.add(at), sum);
            }
        }
    }
}
