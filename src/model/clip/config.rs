//! A CLIP network's configuration, read off its weights.

use super::names;

/// Values per attention head, in every CLIP.
pub const HEAD: usize = 64;

/// Epsilon of every LayerNorm but [`PROMPT_EPSILON`].
pub const EPSILON: f64 = 1e-5;

/// Epsilon of the LayerNorm that comes with the visual prompts.
pub const PROMPT_EPSILON: f64 = 1e-6;

/// What the quick GELU's sigmoid is steepened by.
pub const QUICK_GELU: f64 = 1.702;

/// The mean of normalised pixels, red, green, blue: that of ImageNet, which is
/// what GRMP-IQA uses in place of CLIP's own.
pub const MEAN: [f32; 3] = [0.485, 0.456, 0.406];

/// Their standard deviation.
pub const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];

/// Sizes of a network. Every tensor of its weights has the shape that follows
/// from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Side of a patch in pixels.
    pub patch: usize,
    /// Patches along a side of the image.
    pub grid: usize,
    /// The image tower.
    pub image: TowerConfig,
    /// The text tower.
    pub text: TowerConfig,
    /// Width of the space that both towers end in.
    pub embedding: usize,
    /// Tokens the text tower knows.
    pub vocabulary: usize,
    /// Tokens of a text, at most.
    pub context: usize,
    /// Learned tokens that stand in every block of the image tower, if any.
    pub visual_prompts: Option<usize>,
    /// Learned tokens that stand at the start of the quality texts, if any.
    pub text_prompts: Option<usize>,
}

/// Sizes of a tower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TowerConfig {
    /// Width of a token; heads are a 64th of it.
    pub width: usize,
    /// Blocks.
    pub layers: usize,
}

impl TowerConfig {
    /// Attention heads.
    pub fn heads(self) -> usize {
        self.width / HEAD
    }

    /// Width between the two layers of a block's perceptron.
    pub fn hidden(self) -> usize {
        4 * self.width
    }
}

impl Config {
    /// The configuration of weights whose tensors have these `dims`, under
    /// OpenAI's names, `None` for one that is not there.
    ///
    /// # Errors
    /// The reason why there is none, which names the tensor.
    pub(super) fn of<'a>(
        names: impl Iterator<Item = &'a str> + Clone,
        dims: impl Fn(&str) -> Option<Vec<usize>>,
    ) -> Result<Self, String> {
        let get = |name: &str| match dims(name) {
            Some(dims) => Ok(dims),
            None if name == names::PATCHES => {
                Err(format!("is no CLIP network: tensor {name} is missing"))
            }
            None => Err(format!("tensor {name} is missing")),
        };
        let misfit = |name: &str, dims: &[usize], what: &str| {
            Err(format!("tensor {name} has shape {dims:?}, {what}"))
        };
        let patches = get(names::PATCHES)?;
        let (width, patch) = match patches[..] {
            [width, 3, height, patch] if height == patch && patch > 0 => (width, patch),
            _ => return misfit(names::PATCHES, &patches, "which is no square RGB patch"),
        };
        check_width(names::PATCHES, width)?;
        let positions = get(names::POSITIONS)?;
        let grid = match positions[..] {
            [tokens, w] if w == width => tokens
                .checked_sub(1)
                .map(usize::isqrt)
                .filter(|&grid| grid > 0 && grid * grid + 1 == tokens),
            _ => None,
        };
        let Some(grid) = grid else {
            let what = format!("which is no square of patches of width {width} and a class token");
            return misfit(names::POSITIONS, &positions, &what);
        };
        let projection = get(names::PROJECTION)?;
        let embedding = match projection[..] {
            [w, embedding] if w == width && embedding > 0 => embedding,
            _ => {
                let what = format!("where [{width}, …] is needed");
                return misfit(names::PROJECTION, &projection, &what);
            }
        };
        let tokens = get(names::TOKENS)?;
        let (vocabulary, text_width) = match tokens[..] {
            [vocabulary, width] if vocabulary > 0 => (vocabulary, width),
            _ => return misfit(names::TOKENS, &tokens, "which is no table of tokens"),
        };
        check_width(names::TOKENS, text_width)?;
        let context = get(names::TEXT_POSITIONS)?;
        let context = match context[..] {
            [context, w] if w == text_width && context > 0 => context,
            _ => {
                let what = format!("where […, {text_width}] is needed");
                return misfit(names::TEXT_POSITIONS, &context, &what);
            }
        };
        let visual_prompts = match dims(names::PROMPTS) {
            Some(prompts) => match prompts[..] {
                [1, count, w] if w == width && count > 0 => Some(count),
                _ => {
                    let what = format!("where [1, …, {width}] is needed");
                    return misfit(names::PROMPTS, &prompts, &what);
                }
            },
            None => None,
        };
        let text_prompts = match dims(names::CONTEXT) {
            Some(prompts) => match prompts[..] {
                [count, w] if w == text_width && count > 0 => Some(count),
                _ => {
                    let what = format!("where […, {text_width}] is needed");
                    return misfit(names::CONTEXT, &prompts, &what);
                }
            },
            None => None,
        };
        Ok(Self {
            patch,
            grid,
            image: TowerConfig {
                width,
                layers: layers(names.clone(), names::IMAGE_BLOCKS)?,
            },
            text: TowerConfig {
                width: text_width,
                layers: layers(names, names::TEXT_BLOCKS)?,
            },
            embedding,
            vocabulary,
            context,
            visual_prompts,
            text_prompts,
        })
    }

    /// Side of the network's input in pixels.
    pub fn image_size(&self) -> usize {
        self.grid * self.patch
    }

    /// Side that a photo is resized to before the input is cropped from its
    /// middle: 244 for 224.
    pub fn resize_side(&self) -> usize {
        (self.image_size() * 244 + 112) / 224
    }

    /// Tokens of an image without prompts: its patches and the class token.
    pub fn image_tokens(&self) -> usize {
        self.grid * self.grid + 1
    }

    /// Name of the backbone.
    pub fn backbone(&self) -> String {
        let (width, layers, patch) = (self.image.width, self.image.layers, self.patch);
        let size = match (width, layers) {
            (768, 12) => "b".to_owned(),
            (1024, 24) => "l".to_owned(),
            _ => format!("{width}x{layers}"),
        };
        format!("clip-vit-{size}-{patch}")
    }

    /// Every tensor of the weights, by OpenAI's names, with its shape.
    pub fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let (image, text) = (self.image, self.text);
        let mut all: Vec<(String, Vec<usize>)> = Vec::new();
        let mut add = |name: &str, dims: &[usize]| all.push((name.to_owned(), dims.to_vec()));
        let norm = |add: &mut dyn FnMut(&str, &[usize]), name: &str, width: usize| {
            add(&format!("{name}.weight"), &[width]);
            add(&format!("{name}.bias"), &[width]);
        };
        add(names::PATCHES, &[image.width, 3, self.patch, self.patch]);
        add(names::CLASS, &[image.width]);
        add(names::POSITIONS, &[self.image_tokens(), image.width]);
        add(names::PROJECTION, &[image.width, self.embedding]);
        norm(&mut add, names::LN_PRE, image.width);
        norm(&mut add, names::LN_POST, image.width);
        if let Some(count) = self.visual_prompts {
            add(names::PROMPTS, &[1, count, image.width]);
            if image.layers > 1 {
                add(names::DEEP_PROMPTS, &[image.layers - 1, count, image.width]);
            }
            add(
                &format!("{}.weight", names::PROMPT_PROJECTION),
                &[image.width, image.width],
            );
            add(
                &format!("{}.bias", names::PROMPT_PROJECTION),
                &[image.width],
            );
            norm(&mut add, names::PROMPT_NORM, image.width);
        }
        add(names::TOKENS, &[self.vocabulary, text.width]);
        add(names::TEXT_POSITIONS, &[self.context, text.width]);
        norm(&mut add, names::LN_FINAL, text.width);
        add(names::TEXT_PROJECTION, &[text.width, self.embedding]);
        add(names::LOGIT_SCALE, &[]);
        if let Some(count) = self.text_prompts {
            add(names::CONTEXT, &[count, text.width]);
        }
        for (prefix, tower) in [(names::IMAGE_BLOCKS, image), (names::TEXT_BLOCKS, text)] {
            let (width, hidden) = (tower.width, tower.hidden());
            for block in 0..tower.layers {
                let at = |part: &str| format!("{prefix}{block}.{part}");
                for part in ["ln_1", "ln_2"] {
                    norm(&mut add, &at(part), width);
                }
                add(&at("attn.in_proj_weight"), &[3 * width, width]);
                add(&at("attn.in_proj_bias"), &[3 * width]);
                for (part, outputs, inputs) in [
                    ("attn.out_proj", width, width),
                    ("mlp.c_fc", hidden, width),
                    ("mlp.c_proj", width, hidden),
                ] {
                    add(&at(&format!("{part}.weight")), &[outputs, inputs]);
                    add(&at(&format!("{part}.bias")), &[outputs]);
                }
            }
        }
        all
    }
}

/// Refuses a width that cannot be cut into heads.
fn check_width(name: &str, width: usize) -> Result<(), String> {
    if width > 0 && width.is_multiple_of(HEAD) {
        return Ok(());
    }
    Err(format!(
        "tensor {name} has width {width}, which cannot be cut into heads of {HEAD}"
    ))
}

/// The blocks of a tower, which are numbered from 0 without a gap.
fn layers<'a>(names: impl Iterator<Item = &'a str>, prefix: &str) -> Result<usize, String> {
    let mut blocks: Vec<usize> = names
        .filter_map(|name| name.strip_prefix(prefix)?.split_once('.')?.0.parse().ok())
        .collect();
    blocks.sort_unstable();
    blocks.dedup();
    let gap = blocks.iter().enumerate().find(|(i, block)| i != *block);
    match (gap, blocks.len()) {
        (None, 0) => Err(format!("tensor {prefix}0.ln_1.weight is missing")),
        (None, count) => Ok(count),
        (Some((missing, _)), _) => Err(format!("tensor {prefix}{missing}.ln_1.weight is missing")),
    }
}
