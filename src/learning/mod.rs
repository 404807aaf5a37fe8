//! Learning: fitting heads to labelled photos, and measuring how well a model
//! agrees with people.
//!
//! This room knows numbers and tensors; it decodes no photos and has no user
//! interface.

pub mod calibrate;
pub mod fit;
pub mod logistic;
pub mod meta;
pub mod metrics;
pub mod pretrain;
pub mod ridge;
pub mod sample;
pub mod scale;
