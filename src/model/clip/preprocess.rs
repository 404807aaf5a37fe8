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
    let crop = Crop {
        top: crop.top.min(resized - side),
        left: crop.left.min(resized - side),
        ..crop
    };
    Ok(piece(photo, resized, side, crop))
}

/// A square of `side` pixels out of a photo `width` pixels wide, 8-bit sRGB,
/// interleaved, normalised as for [`input`], [3, side, side]. It has to lie within
/// the photo.
pub fn piece(photo: &[u8], width: usize, side: usize, crop: Crop) -> Vec<f32> {
    let mut values = Vec::with_capacity(3 * side * side);
    for (channel, (mean, deviation)) in MEAN.iter().zip(DEVIATION).enumerate() {
        for row in photo
            .chunks_exact(width.max(1) * 3)
            .skip(crop.top)
            .take(side)
        {
            let start = values.len();
            let pixels = row.iter().skip(crop.left * 3 + channel).step_by(3);
            let pixels = pixels.take(side);
            values.extend(pixels.map(|&byte| (f32::from(byte) / 255.0 - mean) / deviation));
            if crop.mirrored
                && let Some(row) = values.get_mut(start..)
            {
                row.reverse();
            }
        }
    }
    values
}
