//! EfficientNet-Lite2, the compact backbone: a photo in, a descriptor of 1120
//! numbers out.
//!
//! Two implementations share one [`Weights`]: [`Fused`] on the processor, made
//! of this program's own kernels, and [`Reference`] in plain Candle operations
//! for any device. Tests hold the two equal.
//!
//! Source of the network: Tan and Le, "EfficientNet: Rethinking Model Scaling
//! for Convolutional Neural Networks" (arXiv 1905.11946), in its "lite" form:
//! ReLU6, no squeeze-and-excite, TensorFlow's SAME padding.

mod config;
mod fused;
mod reference;
mod weights;

pub use config::{BLOCKS, Block, CLASSES, DESCRIPTOR, FEATURES, SIDE, STAGES};
pub use fused::{Classified, Classifier, Fused};
pub use reference::{Output, Reference};
pub use weights::Weights;
