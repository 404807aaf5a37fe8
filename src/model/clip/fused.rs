//! The image tower on a processor, with as little work as gives the same
//! features: prompts are constants, so their keys and values are computed when
//! the weights are packed; nobody reads what becomes of them, so no more is
//! computed of them at all; and of the last block only the class token is.
//!
//! Tokens of a batch lie one after the other. Each block goes over them three
//! times: LayerNorm with queries, keys and values; attention, head by head;
//! and the rest, in strips of rows that stay in cache.

mod pack;

use rayon::prelude::*;

use pack::{Packer, values};

use super::config::{Config, EPSILON, HEAD, PROMPT_EPSILON, QUICK_GELU};
use super::names;
use super::weights::Weights;
use crate::model::ModelError;
use crate::model::kernels::{Epilogue, Pointwise, layer_norm, softmax};
use crate::model::pool::Pool;
use crate::model::simd::{Buffer, Level, padded};

/// Rows of a strip, at most.
const STRIP: usize = 64;

/// Inputs of a linear layer that are summed at once: their weights for a few
/// outputs and a strip of rows fit a core's second-level cache together.
const INPUTS: usize = 768;

/// The image tower, packed for a processor.
#[derive(Debug)]
pub struct FusedImageTower {
    level: Level,
    config: Config,
    patches: Pointwise,
    /// What is added to the patches: [1 + patches, width], the first the
    /// class token itself.
    positions: Vec<f32>,
    ln_pre: Norm,
    blocks: Vec<FusedBlock>,
    prompt_norm: Option<Norm>,
    ln_post: Norm,
    projection: Pointwise,
    batches: Pool<Batch>,
    scratch: Pool<Scratch>,
}

#[derive(Debug)]
struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    epsilon: f32,
}

impl Norm {
    fn run(&self, level: Level, input: &[f32], output: &mut [f32]) {
        layer_norm(level, input, &self.weight, &self.bias, self.epsilon, output);
    }
}

#[derive(Debug)]
struct FusedBlock {
    ln_1: Norm,
    /// Queries, keys and values; queries are scaled for attention.
    qkv: Pointwise,
    out: Pointwise,
    ln_2: Norm,
    expand: Pointwise,
    /// In parts of [`INPUTS`] inputs.
    project: Vec<Pointwise>,
    /// Keys and values of the prompts: [P, 2 * width].
    prompts: Vec<f32>,
}

/// A batch's tokens.
#[derive(Debug, Default)]
struct Batch {
    /// [rows, width].
    x: Buffer,
    /// [rows, 3 * width].
    qkv: Buffer,
    /// [photos, heads, queries, 64].
    mixed: Buffer,
}

/// What a strip or a head works in.
#[derive(Debug)]
struct Scratch {
    /// Rows of the tower's width.
    a: Buffer,
    b: Buffer,
    /// Rows of the perceptron's inner width, or a photo's patches.
    hidden: Buffer,
    /// [queries, keys].
    scores: Buffer,
    keys: Pointwise,
    values: Pointwise,
}

impl Scratch {
    fn new(level: Level) -> Self {
        Self {
            a: Buffer::default(),
            b: Buffer::default(),
            hidden: Buffer::default(),
            scores: Buffer::default(),
            keys: Pointwise::empty(level),
            values: Pointwise::empty(level),
        }
    }
}

impl FusedImageTower {
    /// Packs the weights for `level`.
    ///
    /// # Errors
    /// [`ModelError::Weights`] for a missing or unusable tensor.
    pub fn new(weights: &Weights, level: Level) -> Result<Self, ModelError> {
        let config = weights.config().clone();
        let width = config.image.width;
        let packer = Packer { weights, level };
        let mut positions = packer.values(names::POSITIONS)?;
        let class = packer.values(names::CLASS)?;
        positions.iter_mut().zip(class).for_each(|(p, c)| *p += c);
        let prompts = packer.prompts(&config)?;
        let blocks = (0..config.image.layers)
            .map(|i| packer.block(i, width, prompts.get(i).map_or(&[], Vec::as_slice)))
            .collect::<Result<Vec<_>, _>>()?;
        let patches = packer.values(names::PATCHES)?;
        let inputs = 3 * config.patch * config.patch;
        // Stored with inputs first.
        let projection = weights.get(names::PROJECTION)?.t()?;
        Ok(Self {
            level,
            patches: Pointwise::new(level, inputs, width, &patches, &vec![0.0; width]),
            positions,
            ln_pre: packer.norm(names::LN_PRE, EPSILON)?,
            blocks,
            prompt_norm: config
                .visual_prompts
                .map(|_| packer.norm(names::PROMPT_NORM, PROMPT_EPSILON))
                .transpose()?,
            ln_post: packer.norm(names::LN_POST, EPSILON)?,
            projection: Pointwise::new(
                level,
                width,
                config.embedding,
                &values(&projection)?,
                &vec![0.0; config.embedding],
            ),
            batches: Pool::default(),
            scratch: Pool::default(),
            config,
        })
    }

    /// The network's configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Features of images, [embedding] each, not of any length in particular.
    ///
    /// An image is [3, side, side], normalised. `prompted` asks for GRMP-IQA's
    /// network, which without visual prompts is the original CLIP. The result
    /// does not depend on the batch or the number of threads.
    ///
    /// # Errors
    /// [`ModelError::Pixels`] for an image of another size.
    pub fn features(&self, images: &[&[f32]], prompted: bool) -> Result<Vec<Vec<f32>>, ModelError> {
        let side = self.config.image_size();
        let expected = 3 * side * side;
        if let Some(image) = images.iter().find(|image| image.len() != expected) {
            return Err(ModelError::Pixels {
                expected,
                actual: image.len(),
            });
        }
        if images.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.batches.with(|batch| self.run(images, prompted, batch)))
    }

    fn run(&self, images: &[&[f32]], prompted: bool, batch: &mut Batch) -> Vec<Vec<f32>> {
        let (width, tokens) = (self.config.image.width, self.config.image_tokens());
        let rows = images.len() * tokens;
        batch.x.grow(rows * width);
        batch.x[..rows * width]
            .par_chunks_mut(tokens * width)
            .zip(images)
            .for_each(|(x, image)| self.scratch(|scratch| self.embed(image, x, scratch)));
        let (last, blocks) = match self.blocks.split_last() {
            Some(blocks) => blocks,
            None => return Vec::new(),
        };
        for block in blocks {
            self.block(block, images.len(), tokens, prompted, batch);
        }
        // Of the last block only the class token is read.
        self.block(last, images.len(), 1, prompted, batch);
        self.finish(&batch.x[..images.len() * width], prompted)
    }

    /// image [3, side, side] -> tokens [1 + patches, width]
    fn embed(&self, image: &[f32], x: &mut [f32], scratch: &mut Scratch) {
        let (grid, patch) = (self.config.grid, self.config.patch);
        let (side, width) = (self.config.image_size(), self.config.image.width);
        let inputs = 3 * patch * patch;
        let (hidden, a) = (&mut scratch.hidden, &mut scratch.a);
        hidden.grow(grid * grid * inputs);
        let rows = hidden.chunks_exact_mut(patch).take(grid * grid * 3 * patch);
        for (i, row) in rows.enumerate() {
            // Patch by patch, in it channel by channel, in it row by row.
            let (y, channel, place) = (i % patch, i / patch % 3, i / patch / 3);
            let (down, across) = (place / grid * patch + y, place % grid * patch);
            let from = (channel * side + down) * side + across;
            row.copy_from_slice(&image[from..from + patch]);
        }
        let (class, rest) = x.split_at_mut(width);
        class.fill(0.0);
        self.patches
            .run(grid * grid, hidden, inputs, rest, Epilogue::Linear);
        x.iter_mut()
            .zip(&self.positions)
            .for_each(|(x, position)| *x += position);
        a.grow(x.len());
        a[..x.len()].copy_from_slice(x);
        self.ln_pre.run(self.level, &a[..x.len()], x);
    }

    /// One block, of whose tokens the first `queries` of every photo are
    /// computed; these lie together afterwards.
    fn block(
        &self,
        block: &FusedBlock,
        photos: usize,
        queries: usize,
        prompted: bool,
        batch: &mut Batch,
    ) {
        let (width, tokens) = (self.config.image.width, self.config.image_tokens());
        let heads = self.config.image.heads();
        let Batch { x, qkv, mixed } = batch;

        let rows = photos * tokens;
        qkv.grow(rows * 3 * width);
        let strip = strip(rows);
        qkv[..rows * 3 * width]
            .par_chunks_mut(strip * 3 * width)
            .zip(x[..rows * width].par_chunks(strip * width))
            .for_each(|(qkv, x)| {
                self.scratch(|Scratch { a, .. }| {
                    a.grow(x.len());
                    block.ln_1.run(self.level, x, a);
                    let rows = x.len() / width;
                    block.qkv.run(rows, a, width, qkv, Epilogue::Linear);
                });
            });

        let prompts = if prompted {
            block.prompts.as_slice()
        } else {
            &[]
        };
        mixed.grow(photos * queries * width);
        let (qkv, photo) = (&*qkv, queries * HEAD);
        mixed[..photos * queries * width]
            .par_chunks_mut(photo)
            .enumerate()
            .for_each(|(i, mixed)| {
                let (photo, head) = (i / heads, i % heads);
                let qkv = &qkv[photo * tokens * 3 * width..][..tokens * 3 * width];
                self.scratch(|scratch| {
                    attend(
                        self.level, qkv, prompts, width, head, queries, mixed, scratch,
                    );
                });
            });

        if queries < tokens {
            for photo in 0..photos {
                let from = photo * tokens * width;
                x.copy_within(from..from + queries * width, photo * queries * width);
            }
        }
        let rows = photos * queries;
        let strip = self::strip(rows);
        let mixed = &*mixed;
        x[..rows * width]
            .par_chunks_mut(strip * width)
            .enumerate()
            .for_each(|(i, x)| {
                self.scratch(|scratch| {
                    let gathered = &mut scratch.b;
                    gathered.grow(x.len());
                    let rows = gathered[..x.len()].chunks_exact_mut(width);
                    for (n, row) in rows.enumerate() {
                        let row_of_all = i * strip + n;
                        let (photo, query) = (row_of_all / queries, row_of_all % queries);
                        for (head, part) in row.chunks_exact_mut(HEAD).enumerate() {
                            let from = ((photo * heads + head) * queries + query) * HEAD;
                            part.copy_from_slice(&mixed[from..from + HEAD]);
                        }
                    }
                    self.after_attention(block, x, scratch);
                });
            });
    }

    /// From the mixed values, in `scratch.b`, to the block's output, in `x`.
    fn after_attention(&self, block: &FusedBlock, x: &mut [f32], scratch: &mut Scratch) {
        let width = self.config.image.width;
        let inner = self.config.image.hidden();
        let rows = x.len() / width;
        let Scratch { a, b, hidden, .. } = scratch;
        a.grow(x.len());
        hidden.grow(rows * inner);
        block.out.run(rows, b, width, a, Epilogue::Add(x));
        x.copy_from_slice(&a[..x.len()]);
        block.ln_2.run(self.level, x, a);
        let gelu = Epilogue::Gelu(QUICK_GELU as f32);
        block.expand.run(rows, a, width, hidden, gelu);
        let mut sum: &mut Buffer = a;
        let mut next: &mut Buffer = b;
        for (i, part) in block.project.iter().enumerate() {
            let input = &hidden[i * INPUTS..];
            let before: &[f32] = if i == 0 { x } else { next };
            part.run(rows, input, inner, sum, Epilogue::Add(before));
            std::mem::swap(&mut sum, &mut next);
        }
        x.copy_from_slice(&next[..x.len()]);
    }

    /// class tokens [photos, width] -> features
    fn finish(&self, x: &[f32], prompted: bool) -> Vec<Vec<f32>> {
        let width = self.config.image.width;
        let rows = x.len() / width;
        let (mut a, mut b) = (x.to_vec(), x.to_vec());
        if let (Some(norm), true) = (&self.prompt_norm, prompted) {
            norm.run(self.level, x, &mut a);
        }
        self.ln_post.run(self.level, &a, &mut b);
        let outputs = self.projection.outputs();
        let mut features = vec![0.0; rows * outputs];
        self.projection
            .run(rows, &b, width, &mut features, Epilogue::Linear);
        features
            .chunks_exact(outputs)
            .map(|row| row[..self.config.embedding].to_vec())
            .collect()
    }

    fn scratch(&self, work: impl FnOnce(&mut Scratch)) {
        self.scratch.with_new(|| Scratch::new(self.level), work);
    }
}

/// Rows of a strip where there are `rows` in all: equal shares for all threads,
/// as large as a strip may be.
fn strip(rows: usize) -> usize {
    let threads = rayon::current_num_threads().max(1);
    let strips = rows.div_ceil(STRIP).next_multiple_of(threads);
    rows.div_ceil(strips).max(1)
}

/// Attention of one head of one photo.
///
/// `qkv` [tokens, 3 * width]; `prompts` [P, 2 * width], keys and values;
/// -> `mixed` [queries, 64]
#[expect(
    clippy::too_many_arguments,
    reason = "one call, all of them sizes and places"
)]
fn attend(
    level: Level,
    qkv: &[f32],
    prompts: &[f32],
    width: usize,
    head: usize,
    queries: usize,
    mixed: &mut [f32],
    scratch: &mut Scratch,
) {
    let at = head * HEAD;
    let tokens = qkv.len() / (3 * width);
    let all = tokens + prompts.len() / (2 * width);
    let token = |token: usize, part: usize| match token.checked_sub(tokens) {
        None => &qkv[(token * 3 + 1 + part) * width + at..][..HEAD],
        Some(prompt) => &prompts[(prompt * 2 + part) * width + at..][..HEAD],
    };
    let Scratch {
        scores,
        keys,
        values,
        ..
    } = scratch;
    keys.pack(HEAD, all, |output, input| token(output, 0)[input]);
    values.pack(all, HEAD, |output, input| token(input, 1)[output]);
    let stride = padded(all);
    scores.grow(queries * stride);
    keys.run(queries, &qkv[at..], 3 * width, scores, Epilogue::Linear);
    softmax(level, &mut scores[..queries * stride], stride, all);
    values.run(queries, scores, stride, mixed, Epilogue::Linear);
}
