//! Blur of coded values, and its opposite.

use image::RgbImage;

use super::chance::Chance;
use super::filter::{self, Sparse};
use super::planes::Planes;

/// Every plane filtered.
pub(super) fn filtered(
    mut planes: Planes,
    filter: impl Fn(&[f32], usize, usize) -> Vec<f32>,
) -> Planes {
    let (width, height) = (planes.width, planes.height);
    for channel in &mut planes.channels {
        *channel = filter(channel, width, height);
    }
    planes
}

pub(super) fn gaussian(photo: &RgbImage, deviation: f32) -> RgbImage {
    filtered(Planes::coded(photo), |plane, w, h| {
        filter::gaussian(plane, w, h, deviation)
    })
    .coded_photo()
}

pub(super) fn lens(photo: &RgbImage, radius: f32) -> RgbImage {
    filtered(Planes::coded(photo), |plane, w, h| {
        filter::disc(plane, w, h, radius)
    })
    .coded_photo()
}

pub(super) fn motion(photo: &RgbImage, length: f32, chance: &mut Chance) -> RgbImage {
    let (x, y) = chance.direction();
    let steps = (4.0 * length).ceil().max(1.0) as usize;
    let places: Vec<(f32, f32)> = (0..=steps)
        .map(|i| length * i as f32 / steps as f32)
        .map(|along| (along * x, along * y))
        .collect();
    let line = Sparse::path(&places);
    filtered(Planes::coded(photo), |plane, w, h| line.apply(plane, w, h)).coded_photo()
}

/// Unsharp masking: what a blur takes away, added `strength` times.
pub(super) fn sharpen(photo: &RgbImage, deviation: f32, strength: f32) -> RgbImage {
    filtered(Planes::coded(photo), |plane, w, h| {
        let soft = filter::gaussian(plane, w, h, deviation.max(0.5));
        let both = plane.iter().zip(soft);
        both.map(|(&value, soft)| value + strength * (value - soft))
            .collect()
    })
    .coded_photo()
}
