//! EfficientNet-Lite2, the compact backbone: a photo in, a descriptor of 1120
//! numbers out.
//!
//! Three implementations share one [`Weights`]: [`Fused`] on the processor, made
//! of this program's own kernels, [`wgpu::Gpu`] on any graphics processor, and
//! [`Reference`] in plain Candle operations. Tests hold them equal.
//!
//! Source of the network: Tan and Le, "EfficientNet: Rethinking Model Scaling
//! for Convolutional Neural Networks" (arXiv 1905.11946), in its "lite" form:
//! ReLU6, no squeeze-and-excite, TensorFlow's SAME padding.

mod config;
mod fused;
mod reference;
mod weights;
pub mod wgpu;

pub use config::{BLOCKS, Block, CLASSES, DESCRIPTOR, FEATURES, SIDE, STAGES};
pub use fused::{Classified, Classifier, Fused};
pub use reference::{Output, Reference};
pub use weights::Weights;
