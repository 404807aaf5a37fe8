//! Pointwise (1x1) convolution: a matrix product over pixels.

use super::rows::gelu;
use super::{at_level, panel_shape};
use crate::model::simd::{Buffer, Level, Simd, padded};

/// What happens to a sum before it is stored.
#[derive(Clone, Copy)]
pub(in crate::model) enum Epilogue<'a> {
    /// Nothing.
    Linear,
    /// Limited to 0 ..= 6.
    Relu6,
    /// Times its sigmoid, steepened by this factor.
    Gelu(f32),
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
        let mut made = Self::empty(level);
        made.pack(inputs, outputs, |output, input| {
            weights[output * inputs + input]
        });
        made.bias[..outputs].copy_from_slice(bias);
        made
    }

    /// One without weights, for [`Pointwise::pack`].
    pub(in crate::model) fn empty(level: Level) -> Self {
        Self {
            level,
            inputs: 0,
            outputs: 0,
            weights: Buffer::default(),
            bias: Buffer::default(),
        }
    }

    /// Packs other weights, `weight(output, input)`, into the same memory;
    /// the bias is 0.
    pub(in crate::model) fn pack(
        &mut self,
        inputs: usize,
        outputs: usize,
        weight: impl Fn(usize, usize) -> f32,
    ) {
        let (vectors, lanes) = panel_shape(self.level);
        let wide = padded(outputs);
        self.weights.grow(wide * inputs);
        let mut rest = &mut self.weights[..wide * inputs];
        let mut first = 0;
        while first < wide {
            let width = (vectors * lanes).min(wide - first);
            let (panel, after) = rest.split_at_mut(width * inputs);
            let there = width.min(outputs.saturating_sub(first));
            for (input, row) in panel.chunks_exact_mut(width).enumerate() {
                let (row, padding) = row.split_at_mut(there);
                for (i, value) in row.iter_mut().enumerate() {
                    *value = weight(first + i, input);
                }
                padding.fill(0.0);
            }
            rest = after;
            first += width;
        }
        self.bias.grow(wide);
        self.bias.fill(0.0);
        (self.inputs, self.outputs) = (inputs, wide);
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
        let (mut add, mut relu6, mut gelu) = (std::ptr::null(), false, 0.0);
        match epilogue {
            Epilogue::Linear => {}
            Epilogue::Relu6 => relu6 = true,
            Epilogue::Gelu(steepness) => gelu = steepness,
            Epilogue::Add(values) => {
                assert!(values.len() >= pixels * self.outputs);
                add = values.as_ptr();
            }
        }
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
            gelu,
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
    /// 0 for none.
    gelu: f32,
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
                if task.gelu != 0.0 {
                    sum = gelu::<S>(sum, task.gelu);
                }
                S::store(task.output.add(at), sum);
            }
        }
    }
}
