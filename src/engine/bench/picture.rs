//! A photo to measure decoding with, made of nothing: soft shapes, edges, texture and
//! grain in about the amounts that make a camera's JPEG as large as it is.

use std::io;

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};

/// Size in pixels: the usual 24 megapixels.
pub const WIDTH: u32 = 6000;
/// See [`WIDTH`].
pub const HEIGHT: u32 = 4000;

const QUALITY: u8 = 90;

/// The photo as a JPEG of this size.
pub(super) fn jpeg(width: u32, height: u32) -> io::Result<Vec<u8>> {
    let photo = RgbImage::from_fn(width, height, pixel);
    let mut content = Vec::new();
    JpegEncoder::new_with_quality(&mut content, QUALITY)
        .encode_image(&photo)
        .map_err(io::Error::other)?;
    Ok(content)
}

fn pixel(x: u32, y: u32) -> Rgb<u8> {
    // Slow waves are skies and faces, a coarse checkerboard of them the edges.
    let wave = |value: u32, length: f32| (value as f32 / length).sin();
    let edge = if (x / 700 + y / 500).is_multiple_of(2) {
        28.0
    } else {
        -28.0
    };
    let soft = 120.0 + 60.0 * wave(x + y / 3, 900.0) * wave(y + 200, 700.0) + edge;
    let texture = f32::from(hash(x / 4, y / 4, 1) & 31) - 16.0;
    let grain = f32::from(hash(x, y, 2) & 15) - 8.0;
    let colour = 30.0 * wave(x, 1300.0);
    let value = |tint: f32| (soft + tint + texture + grain).clamp(0.0, 255.0) as u8;
    Rgb([value(colour), value(0.0), value(-colour)])
}

/// A well mixed byte of a place (the finaliser of MurmurHash3).
fn hash(x: u32, y: u32, seed: u32) -> u8 {
    let mut h = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77) ^ seed;
    h = (h ^ (h >> 16)).wrapping_mul(0x85eb_ca6b);
    h = (h ^ (h >> 13)).wrapping_mul(0xc2b2_ae35);
    (h ^ (h >> 16)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_photo_is_as_large_as_a_cameras() {
        let content = jpeg(600, 400).unwrap();
        let photo = image::load_from_memory(&content).unwrap();
        assert_eq!((photo.width(), photo.height()), (600, 400));
        // 7 MB of 24 megapixels are 2.3 bits of each.
        let bits = 8.0 * content.len() as f64 / (600.0 * 400.0);
        assert!((1.5..4.0).contains(&bits), "{bits}");
    }
}
