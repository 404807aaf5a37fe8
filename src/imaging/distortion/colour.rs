//! Changed colours.

use image::RgbImage;

use super::chance::Chance;
use super::filter;
use super::planes::Planes;

pub(super) fn diffusion(photo: &RgbImage, deviation: f32) -> RgbImage {
    let mut planes = Planes::lab(photo);
    let (width, height) = (planes.width, planes.height);
    for channel in planes.channels.iter_mut().skip(1) {
        *channel = filter::gaussian(channel, width, height, deviation);
    }
    planes.lab_photo()
}

pub(super) fn shift(photo: &RgbImage, distance: f32, chance: &mut Chance) -> RgbImage {
    let (dx, dy) = chance.direction();
    let (dx, dy) = (
        (dx * distance).round() as isize,
        (dy * distance).round() as isize,
    );
    let mut planes = Planes::coded(photo);
    let (width, height) = (planes.width, planes.height);
    let edges = edges(&planes);
    let [_, green, _] = &mut planes.channels;
    let from = green.clone();
    for y in 0..height {
        let row = (y as isize - dy).clamp(0, height as isize - 1) as usize * width;
        for x in 0..width {
            let column = (x as isize - dx).clamp(0, width as isize - 1) as usize;
            let at = y * width + x;
            green[at] += edges[at] * (from[row + column] - green[at]);
        }
    }
    planes.coded_photo()
}

/// Where a photo has edges, 0 to 1: the steepness of its green channel around,
/// in parts of a steep one.
fn edges(planes: &Planes) -> Vec<f32> {
    let (width, height) = (planes.width, planes.height);
    let [_, green, _] = &planes.channels;
    let at = |x: usize, y: usize| green[y.min(height - 1) * width + x.min(width - 1)];
    let mut steep = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let (right, below) = (at(x + 1, y) - at(x, y), at(x, y + 1) - at(x, y));
            steep.push(right.hypot(below));
        }
    }
    // Around an edge too, or what moves away from it would not show.
    let wide = 2.0 * width.min(height) as f32 / super::REFERENCE_SIDE;
    let around = filter::gaussian(&steep, width, height, wide);
    around.into_iter().map(|v| (v * 25.0).min(1.0)).collect()
}

/// HSV's saturation times `factor`; below 0 hues turn to their opposites.
pub(super) fn saturation(photo: &RgbImage, factor: f32) -> RgbImage {
    Planes::coded(photo).photo(|pixel| {
        let value = pixel.into_iter().fold(0.0, f32::max);
        pixel.map(|v| value - factor * (value - v))
    })
}

/// Chroma of CIELAB times `factor`.
pub(super) fn chroma(photo: &RgbImage, factor: f32) -> RgbImage {
    let mut planes = Planes::lab(photo);
    for channel in planes.channels.iter_mut().skip(1) {
        channel.iter_mut().for_each(|value| *value *= factor);
    }
    planes.lab_photo()
}
