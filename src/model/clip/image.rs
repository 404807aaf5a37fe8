//! The image tower: a vision transformer with GRMP-IQA's deep visual prompts.

use std::ops::Range;

use candle_core::{D, Device, Result, Tensor};

use super::config::{Config, EPSILON, PROMPT_EPSILON};
use super::names;
use super::ops::{LayerNorm, Linear, Pass, unit};
use super::tower::{Block, Loader};
use super::weights::Weights;
use crate::model::ModelError;

/// The image tower in Candle, on any device and with gradients.
#[derive(Debug, Clone)]
pub struct ImageTower {
    config: Config,
    /// [width, 3 * patch * patch].
    patches: Linear,
    /// [width].
    class: Tensor,
    /// [1 + patches, width].
    positions: Tensor,
    ln_pre: LayerNorm,
    blocks: Vec<Block>,
    ln_post: LayerNorm,
    /// [width, embedding].
    projection: Tensor,
    prompts: Option<Prompts>,
}

/// The learned part: prompts for every block.
#[derive(Debug, Clone)]
struct Prompts {
    /// [1, P, width], for the first block.
    first: Tensor,
    /// [layers - 1, P, width], for the others.
    deep: Option<Tensor>,
    /// Shared by all of them.
    projection: Linear,
    norm: LayerNorm,
}

/// What the image tower makes of a batch of B images.
#[derive(Debug, Clone)]
pub struct ImageFeatures {
    /// [B, embedding], of length 1.
    pub image: Tensor,
    /// [B, embedding, grid, grid], each patch of length 1.
    pub patches: Tensor,
}

impl ImageTower {
    /// Takes the tower's tensors to `device`.
    ///
    /// # Errors
    /// [`ModelError::Weights`] for a missing or unusable tensor,
    /// [`ModelError::Network`] when the device takes no more.
    pub fn new(weights: &Weights, device: &Device) -> std::result::Result<Self, ModelError> {
        let config = weights.config().clone();
        let from = Loader { weights, device };
        let prompts = match config.visual_prompts {
            Some(_) => Some(Prompts {
                first: from.tensor(names::PROMPTS)?,
                deep: (config.image.layers > 1)
                    .then(|| from.tensor(names::DEEP_PROMPTS))
                    .transpose()?,
                projection: from.linear(names::PROMPT_PROJECTION)?,
                norm: from.norm(names::PROMPT_NORM, PROMPT_EPSILON)?,
            }),
            None => None,
        };
        Ok(Self {
            patches: Linear {
                weight: from.tensor(names::PATCHES)?.flatten_from(1)?,
                bias: None,
            },
            class: from.tensor(names::CLASS)?,
            positions: from.tensor(names::POSITIONS)?,
            ln_pre: from.norm(names::LN_PRE, EPSILON)?,
            blocks: from.blocks(names::IMAGE_BLOCKS, config.image)?,
            ln_post: from.norm(names::LN_POST, EPSILON)?,
            projection: from.tensor(names::PROJECTION)?,
            prompts,
            config,
        })
    }

    /// The network's configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// pixels [B, 3, side, side], normalised -> features
    ///
    /// With `prompts`, one per block (see [`ImageTower::prompts`]), this is
    /// GRMP-IQA's network; without, the original CLIP.
    ///
    /// # Errors
    /// Candle's, for pixels of another shape.
    pub fn features(
        &self,
        pixels: &Tensor,
        prompts: Option<&[Tensor]>,
        pass: Pass,
    ) -> Result<ImageFeatures> {
        let x = self.embed(pixels, pass)?;
        let x = self.run(&x, 0..self.blocks.len(), prompts, pass)?;
        self.finish(&x, prompts.is_some(), pass)
    }

    /// pixels [B, 3, side, side] -> tokens [B, 1 + patches, width]
    ///
    /// # Errors
    /// Candle's, for pixels of another shape.
    pub fn embed(&self, pixels: &Tensor, pass: Pass) -> Result<Tensor> {
        let (batch, channels, _, _) = pixels.dims4()?;
        let (grid, patch) = (self.config.grid, self.config.patch);
        let patches = pixels
            .reshape(&[batch, channels, grid, patch, grid, patch])?
            .permute([0, 2, 4, 1, 3, 5])?
            .reshape((batch, grid * grid, ()))?;
        let patches = self.patches.forward(&patches, pass)?;
        let width = self.config.image.width;
        let class = self.class.broadcast_as((batch, 1, width))?;
        let x = Tensor::cat(&[class, patches], 1)?.broadcast_add(&self.positions)?;
        self.ln_pre.forward(&x, pass)
    }

    /// Every block's prompts, [1, P, width] each; `None` where the weights
    /// have none.
    ///
    /// # Errors
    /// Candle's.
    pub fn prompts(&self, pass: Pass) -> Result<Option<Vec<Tensor>>> {
        let Some(prompts) = &self.prompts else {
            return Ok(None);
        };
        let project = |raw: &Tensor| prompts.projection.forward(raw, pass);
        (0..self.blocks.len())
            .map(|block| match (block.checked_sub(1), &prompts.deep) {
                (Some(i), Some(deep)) => project(&deep.narrow(0, i, 1)?),
                _ => project(&prompts.first),
            })
            .collect::<Result<Vec<_>>>()
            .map(Some)
    }

    /// Runs some of the blocks: tokens [B, T, width] -> [B, T, width].
    ///
    /// # Errors
    /// Candle's.
    pub fn run(
        &self,
        x: &Tensor,
        blocks: Range<usize>,
        prompts: Option<&[Tensor]>,
        pass: Pass,
    ) -> Result<Tensor> {
        let mut x = x.clone();
        for (i, block) in self.blocks.iter().enumerate().take(blocks.end) {
            if i >= blocks.start {
                let prompts = prompts.and_then(|prompts| prompts.get(i));
                x = block.forward(&x, prompts, None, pass)?;
            }
        }
        Ok(x)
    }

    /// tokens [B, 1 + patches, width] of the last block -> features
    ///
    /// # Errors
    /// Candle's.
    pub fn finish(&self, x: &Tensor, prompted: bool, pass: Pass) -> Result<ImageFeatures> {
        let (batch, tokens, _) = x.dims3()?;
        let x = match &self.prompts {
            Some(prompts) if prompted => prompts.norm.forward(x, pass)?,
            _ => x.clone(),
        };
        let projection = Linear {
            weight: self.projection.t()?,
            bias: None,
        };
        let x = projection.forward(&self.ln_post.forward(&x, pass)?, pass)?;
        let x = unit(&x)?;
        let grid = self.config.grid;
        Ok(ImageFeatures {
            image: x.narrow(1, 0, 1)?.squeeze(1)?,
            patches: x
                .narrow(1, 1, tokens - 1)?
                .transpose(1, D::Minus1)?
                .reshape((batch, (), grid, grid))?,
        })
    }
}
