//! The network on a processor, fused: in each block the expanded rows stay in
//! a small ring in cache, where the depthwise convolution and the projection
//! consume them, so the wide inner maps never reach main memory. Photos of a
//! batch run side by side; where there are fewer photos than threads, each
//! photo's rows are cut into strips.

use candle_core::Tensor;
use rayon::prelude::*;

use super::config::{BLOCKS, Block, CLASSES, DESCRIPTOR, SIDE, STAGES, same};
use super::weights::{Conv, Weights};
use crate::model::ModelError;
use crate::model::kernels::{Depthwise, Epilogue, Pointwise};
use crate::model::pool::Pool;
use crate::model::simd::{Buffer, Level, padded};

/// Memory that one strip's ring and inner rows may take together: what a
/// core's second-level cache holds beside the weights.
const STRIP_BYTES: usize = 320 << 10;

/// Output rows of a strip at least; fewer would mostly compute the rows that
/// neighbouring strips share.
const STRIP_ROWS: usize = 8;

/// Channels of a photo.
const RGB: usize = 3;

/// Side of the stem's kernel, and its stride.
const STEM_KERNEL: usize = 3;
const STEM_STRIDE: usize = 2;

/// Side of the last block's map: five halvings.
const LAST_SIDE: usize = SIDE / 32;

/// The network, packed for a processor.
#[derive(Debug)]
pub struct Fused {
    level: Level,
    stem: Pointwise,
    blocks: Vec<FusedBlock>,
    maps: Pool<Maps>,
    scratch: Pool<Scratch>,
}

/// A block with its packed weights and the sizes it works on.
#[derive(Debug)]
struct FusedBlock {
    shape: Block,
    expand: Option<Pointwise>,
    depthwise: Depthwise,
    project: Pointwise,
    /// Side of the maps that go in and come out, in pixels.
    side: usize,
    out_side: usize,
    /// Padding pixels before and after.
    before: usize,
    after: usize,
    /// Output rows computed together.
    group: usize,
}

/// One photo's maps: what goes into a block and what comes out.
#[derive(Debug, Default)]
struct Maps {
    input: Buffer,
    output: Buffer,
    /// Per row: channel sums, then sums of squares.
    rows: Buffer,
}

/// What one strip works in.
#[derive(Debug, Default)]
struct Scratch {
    /// Expanded rows, padded left and right.
    ring: Buffer,
    /// A row of zeros, for rows above and below the map.
    zeros: Buffer,
    /// Depthwise output rows.
    inner: Buffer,
    /// Stem: one photo row as numbers, and its patches.
    pixels: Buffer,
    patches: Buffer,
}

/// What a block reads.
#[derive(Clone, Copy)]
enum Input<'a> {
    /// The photo, for the first block (through the stem).
    Photo(&'a [u8]),
    /// The previous block's map.
    Map(&'a [f32]),
}

impl Fused {
    /// Packs the weights for `level`.
    ///
    /// # Errors
    /// [`ModelError::Network`] when a tensor cannot be read.
    pub fn new(weights: &Weights, level: Level) -> Result<Self, ModelError> {
        // A patch has the channels innermost, the checkpoint outermost.
        let stem = Conv {
            weight: weights.stem.weight.permute((0, 2, 3, 1))?,
            bias: weights.stem.bias.clone(),
        };
        let mut side = SIDE.div_ceil(STEM_STRIDE);
        let mut blocks = Vec::with_capacity(BLOCKS.len());
        for (&shape, weights) in BLOCKS.iter().zip(&weights.blocks) {
            let (kernel, stride) = (shape.kernel, shape.stride);
            let (taps, bias) = values(&weights.depthwise)?;
            let depthwise = Depthwise::new(level, kernel, stride, &taps, &bias);
            let (before, after, out_side) = same(side, kernel, stride);
            let row = (side * stride + out_side) * depthwise.channels() * size_of::<f32>();
            blocks.push(FusedBlock {
                shape,
                expand: weights
                    .expand
                    .as_ref()
                    .map(|c| pointwise(level, c))
                    .transpose()?,
                depthwise,
                project: pointwise(level, &weights.project)?,
                side,
                out_side,
                before,
                after,
                group: (STRIP_BYTES / row).clamp(1, 8),
            });
            side = out_side;
        }
        let stem = pointwise(level, &stem)?;
        Ok(Self {
            level,
            stem,
            blocks,
            maps: Pool::default(),
            scratch: Pool::default(),
        })
    }

    /// The instruction set in use.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Descriptors as [`Fused::describe`] gives them, each with the logits of
    /// the ImageNet classes.
    ///
    /// # Errors
    /// As [`Fused::describe`].
    pub fn classify(
        &self,
        batch: &[&[u8]],
        classifier: &Classifier,
    ) -> Result<Vec<Classified>, ModelError> {
        check(batch)?;
        Ok(batch
            .par_iter()
            .map(|photo| {
                self.maps.with(|maps| {
                    let descriptor = self.describe_one(photo, maps, 1);
                    Classified {
                        descriptor,
                        logits: classifier.logits(&maps.input),
                    }
                })
            })
            .collect())
    }

    /// Descriptors, [`DESCRIPTOR`] numbers each, of photos of 480x480 pixels,
    /// 8-bit RGB, interleaved. A photo's descriptor is the same to the last
    /// bit whatever the batch and the number of threads.
    ///
    /// # Errors
    /// [`ModelError::Input`] for a photo of another length.
    pub fn describe(&self, batch: &[&[u8]]) -> Result<Vec<Vec<f32>>, ModelError> {
        check(batch)?;
        let threads = rayon::current_num_threads();
        let strips = threads.div_ceil(batch.len().max(1));
        Ok(batch
            .par_iter()
            .map(|photo| {
                self.maps
                    .with(|maps| self.describe_one(photo, maps, strips))
            })
            .collect())
    }

    fn describe_one(&self, photo: &[u8], maps: &mut Maps, strips: usize) -> Vec<f32> {
        let mut descriptor = Vec::with_capacity(DESCRIPTOR);
        for (i, block) in self.blocks.iter().enumerate() {
            let row = block.out_side * block.project.outputs();
            let stats = 2 * block.project.outputs();
            maps.output.grow(block.out_side * row);
            maps.rows.grow(block.out_side * stats);
            let input = if i == 0 {
                Input::Photo(photo)
            } else {
                Input::Map(&maps.input)
            };
            let stage = STAGES.contains(&i);

            let rows = block
                .out_side
                .div_ceil(strips)
                .max(STRIP_ROWS)
                .min(block.out_side);
            let output = &mut maps.output[..block.out_side * row];
            let sums = &mut maps.rows[..block.out_side * stats];
            let strip = |(n, (output, sums)): (usize, (&mut [f32], &mut [f32]))| {
                self.scratch.with(|scratch| {
                    self.strip(block, input, n * rows, output, scratch);
                });
                if stage {
                    for (row, sums) in output.chunks(row).zip(sums.chunks_mut(stats)) {
                        row_sums(row, sums);
                    }
                }
            };
            if rows == block.out_side {
                strip((0, (output, sums)));
            } else {
                output
                    .par_chunks_mut(rows * row)
                    .zip(sums.par_chunks_mut(rows * stats))
                    .enumerate()
                    .for_each(strip);
            }
            if stage {
                let sums = &maps.rows[..block.out_side * stats];
                statistics(sums, stats, block, &mut descriptor);
            }
            std::mem::swap(&mut maps.input, &mut maps.output);
        }
        descriptor
    }

    /// Computes the output rows from `first` on, as many as `output` holds.
    fn strip(
        &self,
        block: &FusedBlock,
        input: Input,
        first: usize,
        output: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let (kernel, step) = (block.depthwise.kernel(), block.depthwise.step());
        let channels = block.depthwise.channels();
        let width = block.out_side;
        let out_row = width * block.project.outputs();
        let slots = (block.group - 1) * step + kernel;
        let padded_row = (block.before + block.side + block.after) * channels;

        scratch.ring.grow(slots * padded_row);
        scratch.zeros.grow(padded_row);
        scratch.inner.grow(block.group * width * channels);
        scratch.zeros[..padded_row].fill(0.0);
        for row in scratch.ring[..slots * padded_row].chunks_exact_mut(padded_row) {
            row[..block.before * channels].fill(0.0);
            row[(block.before + block.side) * channels..].fill(0.0);
        }

        let strip_rows = output.len() / out_row;
        // The next row of the (unpadded) input to be expanded.
        let mut next = (first * step).saturating_sub(block.before);
        for (g, output) in output.chunks_mut(block.group * out_row).enumerate() {
            let start = first + g * block.group;
            let rows = block.group.min(strip_rows - g * block.group);
            let last = ((start + rows - 1) * step + kernel - block.before).min(block.side);
            while next < last {
                let slot = next % slots * padded_row + block.before * channels;
                let row = &mut scratch.ring[slot..slot + block.side * channels];
                match (input, &block.expand) {
                    (Input::Photo(photo), _) => {
                        self.stem_row(photo, next, &mut scratch.pixels, &mut scratch.patches, row);
                    }
                    (Input::Map(map), Some(expand)) => {
                        let stride = padded(block.shape.inputs);
                        let map = &map[next * block.side * stride..];
                        expand.run(block.side, map, stride, row, Epilogue::Relu6);
                    }
                    (Input::Map(map), None) => {
                        let length = block.side * channels;
                        row.copy_from_slice(&map[next * length..][..length]);
                    }
                }
                next += 1;
            }
            for (r, inner) in scratch.inner[..rows * width * channels]
                .chunks_exact_mut(width * channels)
                .enumerate()
            {
                let mut window: [&[f32]; 5] = [&[]; 5];
                for (k, row) in window[..kernel].iter_mut().enumerate() {
                    let y = ((start + r) * step + k).checked_sub(block.before);
                    *row = match y {
                        Some(y) if y < block.side => {
                            &scratch.ring[y % slots * padded_row..][..padded_row]
                        }
                        _ => &scratch.zeros[..padded_row],
                    };
                }
                block.depthwise.run(&window[..kernel], width, inner);
            }
            let epilogue = match input {
                Input::Map(map) if block.shape.residual() => Epilogue::Add(&map[start * out_row..]),
                _ => Epilogue::Linear,
            };
            block
                .project
                .run(rows * width, &scratch.inner, channels, output, epilogue);
        }
    }

    /// Row `y` of the stem's output.
    fn stem_row(
        &self,
        photo: &[u8],
        y: usize,
        pixels: &mut Buffer,
        patches: &mut Buffer,
        output: &mut [f32],
    ) {
        const RUN: usize = STEM_KERNEL * RGB;
        const PATCH: usize = STEM_KERNEL * RUN;
        // One padding pixel on the right, as `same` has it for even sides.
        let length = (SIDE + 1) * RGB;
        let width = SIDE / STEM_STRIDE;
        pixels.grow(length);
        patches.grow(width * PATCH);
        for ky in 0..STEM_KERNEL {
            let row = y * STEM_STRIDE + ky;
            if row < SIDE {
                let bytes = &photo[row * SIDE * RGB..][..SIDE * RGB];
                for (value, &byte) in pixels.iter_mut().zip(bytes) {
                    *value = (f32::from(byte) - 127.0) * (1.0 / 128.0);
                }
                pixels[SIDE * RGB..length].fill(0.0);
            } else {
                pixels[..length].fill(0.0);
            }
            for (x, patch) in patches.chunks_exact_mut(PATCH).take(width).enumerate() {
                let from = x * STEM_STRIDE * RGB;
                patch[ky * RUN..][..RUN].copy_from_slice(&pixels[from..][..RUN]);
            }
        }
        self.stem
            .run(width, patches, PATCH, output, Epilogue::Relu6);
    }
}

/// Refuses photos of another length.
pub(super) fn check(batch: &[&[u8]]) -> Result<(), ModelError> {
    let expected = SIDE * SIDE * RGB;
    match batch.iter().find(|photo| photo.len() != expected) {
        Some(photo) => Err(ModelError::Input {
            expected,
            actual: photo.len(),
        }),
        None => Ok(()),
    }
}

/// What the whole network says about a photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Classified {
    /// The descriptor [1120].
    pub descriptor: Vec<f32>,
    /// Logits [1000] of the ImageNet classes.
    pub logits: Vec<f32>,
}

/// What follows the last block and scoring does without: the last convolution
/// and the ImageNet classifier.
#[derive(Debug)]
pub struct Classifier {
    head: Pointwise,
    classifier: Pointwise,
}

impl Classifier {
    /// Packs the weights for `level`.
    ///
    /// # Errors
    /// [`ModelError::Network`] when a tensor cannot be read.
    pub fn new(weights: &Weights, level: Level) -> Result<Self, ModelError> {
        Ok(Self {
            head: pointwise(level, &weights.head)?,
            classifier: pointwise(level, &weights.classifier)?,
        })
    }

    /// The logits of the last block's map.
    fn logits(&self, map: &[f32]) -> Vec<f32> {
        let (width, pixels) = (self.head.outputs(), LAST_SIDE * LAST_SIDE);
        let mut features = vec![0f32; pixels * width];
        let stride = padded(BLOCKS[BLOCKS.len() - 1].outputs);
        self.head
            .run(pixels, map, stride, &mut features, Epilogue::Relu6);
        let mut pooled = vec![0f32; width];
        for pixel in features.chunks_exact(width) {
            for (sum, value) in pooled.iter_mut().zip(pixel) {
                *sum += value;
            }
        }
        pooled.iter_mut().for_each(|sum| *sum /= pixels as f32);
        let mut logits = vec![0f32; self.classifier.outputs()];
        self.classifier
            .run(1, &pooled, width, &mut logits, Epilogue::Linear);
        logits.truncate(CLASSES);
        logits
    }
}

/// A convolution's numbers.
fn values(conv: &Conv) -> Result<(Vec<f32>, Vec<f32>), ModelError> {
    let flat = |t: &Tensor| t.flatten_all()?.to_vec1::<f32>();
    Ok((flat(&conv.weight)?, flat(&conv.bias)?))
}

fn pointwise(level: Level, conv: &Conv) -> Result<Pointwise, ModelError> {
    let (weights, bias) = values(conv)?;
    let outputs = bias.len();
    Ok(Pointwise::new(
        level,
        weights.len() / outputs,
        outputs,
        &weights,
        &bias,
    ))
}

/// Channel sums of a row of pixels, then channel sums of squares.
fn row_sums(row: &[f32], sums: &mut [f32]) {
    let channels = sums.len() / 2;
    sums.fill(0.0);
    let (plain, squares) = sums.split_at_mut(channels);
    for pixel in row.chunks_exact(channels) {
        for ((sum, square), &value) in plain.iter_mut().zip(squares.iter_mut()).zip(pixel) {
            *sum += value;
            *square += value * value;
        }
    }
}

/// Appends a stage's means and population standard deviations.
fn statistics(rows: &[f32], stats: usize, block: &FusedBlock, descriptor: &mut Vec<f32>) {
    let pixels = (block.out_side * block.out_side) as f64;
    let mut sums = vec![0f64; stats];
    for row in rows.chunks_exact(stats) {
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
    let (plain, squares) = sums.split_at(stats / 2);
    let channels = block.shape.outputs;
    descriptor.extend(plain[..channels].iter().map(|sum| (sum / pixels) as f32));
    descriptor.extend(
        plain
            .iter()
            .zip(squares)
            .take(channels)
            .map(|(sum, square)| {
                let mean = sum / pixels;
                (square / pixels - mean * mean).max(0.0).sqrt() as f32
            }),
    );
}
