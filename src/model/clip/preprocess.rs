//! From a resized photo to the network's input.

use super::config::{Config, DEVIATION, MEAN};
use crate::model::ModelError;

/// A piece of a resized photo that the network looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crop {
    /// Rows above it.
    pub top: usize,
    /// Columns left of it.
    pub left: usize,
    /// Whether it is mirrored left to right.
    pub mirrored: bool,
}

impl Crop {
    /// The middle, which photos are scored by.
    pub fn middle(config: &Config) -> Self {
        let offset = (config.resize_side() - config.image_size()) / 2;
        Self {
            top: offset,
            left: offset,
            mirrored: false,
        }
    }
}

/// The input of a photo resized to [`Config::resize_side`], 8-bit sRGB,
/// interleaved: the middle of it, normalised with ImageNet's mean and standard
/// deviation, [3, side, side].
///
/// # Errors
/// [`ModelError::Input`] for a photo of another length.
pub fn input(config: &Config, photo: &[u8]) -> Result<Vec<f32>, ModelError> {
    cropped(config, photo, Crop::middle(config))
}

/// As [`input`], of any piece; one that reaches over the edge is moved inside.
///
/// # Errors
/// As [`input`].
pub fn cropped(config: &Config, photo: &[u8], crop: Crop) -> Result<Vec<f32>, ModelError> {
    let (resized, side) = (config.resize_side(), config.image_size());
    let expected = resized * resized * 3;
    if photo.len() != expected {
        return Err(ModelError::Input {
            expected,
            actual: photo.len(),
        });
    }
    let (top, left) = (crop.top.min(resized - side), crop.left.min(resized - side));
    let mut values = Vec::with_capacity(3 * side * side);
    for (channel, (mean, deviation)) in MEAN.iter().zip(DEVIATION).enumerate() {
        for row in photo.chunks_exact(resized * 3).skip(top).take(side) {
            let pixels = row.iter().skip(left * 3 + channel).step_by(3).take(side);
            let start = values.len();
            values.extend(pixels.map(|&byte| (f32::from(byte) / 255.0 - mean) / deviation));
            if crop.mirrored {
                values[start..].reverse();
            }
        }
    }
    Ok(values)
}
