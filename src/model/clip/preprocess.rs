//! From a resized photo to the network's input.

use super::config::{Config, DEVIATION, MEAN};
use crate::model::ModelError;

/// The input of a photo resized to [`Config::resize_side`], 8-bit sRGB,
/// interleaved: the middle of it, normalised with ImageNet's mean and standard
/// deviation, [3, side, side].
///
/// # Errors
/// [`ModelError::Input`] for a photo of another length.
pub fn input(config: &Config, photo: &[u8]) -> Result<Vec<f32>, ModelError> {
    let (resized, side) = (config.resize_side(), config.image_size());
    let expected = resized * resized * 3;
    if photo.len() != expected {
        return Err(ModelError::Input {
            expected,
            actual: photo.len(),
        });
    }
    let offset = (resized - side) / 2;
    Ok(cropped(photo, resized, (offset, offset), side, false))
}

/// A square of `side` pixels out of a photo `width` pixels wide, 8-bit sRGB,
/// interleaved, with its upper left corner at (x, y); normalised as for
/// [`input`], [3, side, side]. `mirrored` exchanges left and right. The square
/// has to lie within the photo.
pub fn cropped(
    photo: &[u8],
    width: usize,
    (x, y): (usize, usize),
    side: usize,
    mirrored: bool,
) -> Vec<f32> {
    let mut values = Vec::with_capacity(3 * side * side);
    for (channel, (mean, deviation)) in MEAN.iter().zip(DEVIATION).enumerate() {
        for row in photo.chunks_exact(width.max(1) * 3).skip(y).take(side) {
            let start = values.len();
            let pixels = row.iter().skip(x * 3 + channel).step_by(3).take(side);
            values.extend(pixels.map(|&byte| (f32::from(byte) / 255.0 - mean) / deviation));
            if mirrored && let Some(row) = values.get_mut(start..) {
                row.reverse();
            }
        }
    }
    values
}
