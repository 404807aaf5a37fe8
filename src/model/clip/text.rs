//! The text tower, and the texts that Keepers asks it about.

use candle_core::{D, DType, Device, Result, Tensor};
use instant_clip_tokenizer::{Token, Tokenizer};

use super::config::{Config, EPSILON};
use super::names;
use super::ops::{LayerNorm, Linear, Pass, unit};
use super::tower::{Block, Loader};
use super::weights::Weights;
use crate::model::{ModelError, Scene};

/// Tokens of CLIP's vocabulary.
pub const VOCABULARY: usize = 49_408;

/// What stands in a text for a learned token.
const LEARNED: &str = "X";

/// The quality texts, with `context` learned tokens in front: high, low.
pub fn quality_texts(context: usize) -> [String; 2] {
    let learned = format!("{LEARNED} ").repeat(context);
    ["high", "low"].map(|quality| format!("{learned}{quality} quality."))
}

/// The quality texts of a CLIP without learned ones: high, low.
pub fn zero_shot_quality_texts() -> [String; 2] {
    ["high", "low"].map(|quality| format!("a photo with {quality} quality."))
}

/// The texts of the scenes, in the order of [`Scene::ALL`].
pub fn scene_texts() -> Vec<String> {
    let texts = Scene::ALL.iter();
    texts
        .map(|scene| format!("a photo of a {}", scene.name()))
        .collect()
}

/// CLIP's byte pair encoding: the start's token, the text's, the end's.
pub fn tokenise(texts: &[impl AsRef<str>]) -> Vec<Vec<u32>> {
    let tokenizer = Tokenizer::new();
    let tokens = |text: &str| {
        let mut tokens = vec![tokenizer.start_of_text()];
        tokenizer.encode(text, &mut tokens);
        tokens.push(tokenizer.end_of_text());
        tokens
            .into_iter()
            .map(Token::to_u16)
            .map(u32::from)
            .collect()
    };
    texts.iter().map(|text| tokens(text.as_ref())).collect()
}

/// Texts as embedded tokens, before positions are added.
#[derive(Debug, Clone)]
pub struct Embedded {
    /// [N, T, width], with T the tokens of the longest.
    pub tokens: Tensor,
    /// Where each text ends, which is where its feature is taken.
    pub ends: Vec<usize>,
}

impl Embedded {
    /// Looks tokens up in the table of the weights, which is too large to
    /// keep for a few texts.
    ///
    /// # Errors
    /// [`ModelError::Weights`] when a text is longer than the network's
    /// context or has a token that it does not know.
    pub fn new(
        weights: &Weights,
        texts: &[Vec<u32>],
        device: &Device,
    ) -> std::result::Result<Self, ModelError> {
        let config = weights.config();
        let longest = texts.iter().map(Vec::len).max().unwrap_or(0);
        let wrong = |reason: String| {
            Err(ModelError::Weights {
                weights: weights.label().to_owned(),
                reason,
            })
        };
        if texts.iter().any(Vec::is_empty) || longest == 0 {
            return wrong("an empty text was asked for".to_owned());
        }
        if longest > config.context {
            return wrong(format!(
                "tensor {} has room for texts of {} tokens where {longest} are needed",
                names::TEXT_POSITIONS,
                config.context
            ));
        }
        if config.vocabulary != VOCABULARY {
            return wrong(format!(
                "tensor {} has {} tokens where CLIP's vocabulary has {VOCABULARY}",
                names::TOKENS,
                config.vocabulary
            ));
        }
        // After its end a text is filled up; the mask hides that from the end.
        let filled = texts.iter().flat_map(|text| {
            let fill = longest - text.len();
            text.iter().copied().chain(std::iter::repeat_n(0, fill))
        });
        let ids = Tensor::from_iter(filled, &Device::Cpu)?;
        let tokens = weights
            .stored(names::TOKENS)?
            .index_select(&ids, 0)?
            .to_dtype(DType::F32)?
            .reshape((texts.len(), longest, ()))?
            .to_device(device)?;
        Ok(Self {
            tokens,
            ends: texts.iter().map(|text| text.len() - 1).collect(),
        })
    }

    /// Puts learned tokens [n, width] in the place of those after the start.
    ///
    /// # Errors
    /// Candle's, for tokens that do not fit.
    pub fn with_context(&self, context: &Tensor) -> Result<Self> {
        let (texts, tokens, width) = self.tokens.dims3()?;
        let count = context.dim(0)?;
        let after = 1 + count;
        if after > tokens {
            candle_core::bail!("{count} learned tokens do not fit into a text of {tokens}");
        }
        let parts = [
            self.tokens.narrow(1, 0, 1)?,
            context.unsqueeze(0)?.broadcast_as((texts, count, width))?,
            self.tokens.narrow(1, after, tokens - after)?,
        ];
        Ok(Self {
            tokens: Tensor::cat(&parts, 1)?,
            ends: self.ends.clone(),
        })
    }
}

/// The text tower in Candle.
#[derive(Debug, Clone)]
pub struct TextTower {
    /// [context, width].
    positions: Tensor,
    blocks: Vec<Block>,
    ln_final: LayerNorm,
    /// [width, embedding].
    projection: Tensor,
}

impl TextTower {
    /// Takes the tower's tensors to `device`.
    ///
    /// # Errors
    /// As [`super::ImageTower::new`].
    pub fn new(weights: &Weights, device: &Device) -> std::result::Result<Self, ModelError> {
        let config: &Config = weights.config();
        let from = Loader { weights, device };
        Ok(Self {
            positions: from.tensor(names::TEXT_POSITIONS)?,
            blocks: from.blocks(names::TEXT_BLOCKS, config.text)?,
            ln_final: from.norm(names::LN_FINAL, EPSILON)?,
            projection: from.tensor(names::TEXT_PROJECTION)?,
        })
    }

    /// texts -> features [N, embedding], of length 1
    ///
    /// Only as many positions are computed as the longest text has: attention
    /// looks back alone, so what comes after an end changes nothing.
    ///
    /// # Errors
    /// Candle's.
    pub fn features(&self, texts: &Embedded, pass: Pass) -> Result<Tensor> {
        let (_, tokens, _) = texts.tokens.dims3()?;
        let positions = self.positions.narrow(0, 0, tokens)?;
        let mut x = texts.tokens.broadcast_add(&positions)?;
        let mask = causal_mask(tokens, x.device())?;
        for block in &self.blocks {
            x = block.forward(&x, None, Some(&mask), pass)?;
        }
        let ends = texts
            .ends
            .iter()
            .enumerate()
            .map(|(text, &end)| x.narrow(0, text, 1)?.narrow(1, end, 1)?.squeeze(0))
            .collect::<Result<Vec<_>>>()?;
        let x = self.ln_final.forward(&Tensor::cat(&ends, 0)?, pass)?;
        let projection = Linear {
            weight: self.projection.t()?,
            bias: None,
        };
        unit(&projection.forward(&x, pass)?)
    }
}

/// [T, T]: minus infinity where a token would look ahead.
fn causal_mask(tokens: usize, device: &Device) -> Result<Tensor> {
    let ahead = |(row, column)| if column > row { f32::NEG_INFINITY } else { 0.0 };
    let cells = (0..tokens).flat_map(|row| (0..tokens).map(move |column| (row, column)));
    Tensor::from_iter(cells.map(ahead), device)?.reshape((tokens, tokens))
}

/// image [B, embedding], texts [N, embedding], the logarithm of the scale ->
/// logits [B, N]
///
/// # Errors
/// Candle's.
pub fn logits(image: &Tensor, texts: &Tensor, logit_scale: &Tensor) -> Result<Tensor> {
    image
        .matmul(&texts.transpose(D::Minus2, D::Minus1)?)?
        .broadcast_mul(&logit_scale.exp()?)
}
