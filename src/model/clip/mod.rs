//! CLIP with GRMP-IQA's prompts: Li et al., "Boosting CLIP Adaptation for
//! Image Quality Assessment via Meta-Prompt Learning and Gradient
//! Regularization" (arXiv 2409.05381).
//!
//! One definition of the network, three ways to run it. [`ImageTower`] and
//! [`TextTower`] run in Candle on any device, as fast as it can
//! ([`Pass::Infer`]) or with gradients ([`Pass::Train`]); [`FusedImageTower`]
//! runs on a processor, faster than either. All read the same [`Weights`], and
//! tests hold them to each other and to golden values.

mod about;
mod config;
mod fused;
mod image;
mod import;
mod model;
mod names;
mod ops;
mod preprocess;
mod prompts;
mod text;
mod tower;
mod weights;

pub use about::{info, is_clip, verify};
pub use config::{Config, TowerConfig};
pub use fused::FusedImageTower;
pub use image::{ImageFeatures, ImageTower};
pub use import::{Origin, import};
pub use model::ClipModel;
pub use names::fine_tuned;
pub use ops::Pass;
pub use preprocess::{Crop, cropped, input, piece};
pub use prompts::with_prompts;
pub use text::{
    Embedded, TextTower, VOCABULARY, logits, quality_texts, scene_texts, tokenise,
    zero_shot_quality_texts,
};
pub use weights::Weights;
