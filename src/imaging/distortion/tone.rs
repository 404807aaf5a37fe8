//! Changed tones.

use image::RgbImage;

use super::chance::Chance;
use super::planes::Planes;

/// Changes CIELAB's lightness, given and returned from 0 to 1.
fn lightness(photo: &RgbImage, change: impl Fn(f32) -> f32) -> RgbImage {
    let mut planes = Planes::lab(photo);
    let [l, ..] = &mut planes.channels;
    for value in l {
        *value = 100.0 * change((*value / 100.0).clamp(0.0, 1.0));
    }
    planes.lab_photo()
}

pub(super) fn brighten(photo: &RgbImage, amount: f32) -> RgbImage {
    lightness(photo, |l| 1.0 - (1.0 - l).powf(1.0 + amount))
}

pub(super) fn darken(photo: &RgbImage, amount: f32) -> RgbImage {
    lightness(photo, |l| l.powf(1.0 + amount))
}

pub(super) fn mean_shift(photo: &RgbImage, amount: f32, chance: &mut Chance) -> RgbImage {
    let shift = chance.sign() * amount;
    Planes::coded(photo).map(|v| v + shift).coded_photo()
}

pub(super) fn quantise(photo: &RgbImage, levels: u8) -> RgbImage {
    let steps = f32::from(levels.max(2) - 1);
    Planes::coded(photo)
        .map(|v| (v * steps).round() / steps)
        .coded_photo()
}

pub(super) fn contrast(photo: &RgbImage, amount: f32, chance: &mut Chance) -> RgbImage {
    let less = 1.0 - amount;
    let factor = if chance.sign() < 0.0 {
        less
    } else {
        1.0 / less
    };
    let planes = Planes::coded(photo);
    let values = planes.channels.iter().flatten();
    let sum: f64 = values.map(|&v| f64::from(v)).sum();
    let mean = (sum / (3 * planes.width * planes.height).max(1) as f64) as f32;
    planes.map(|v| mean + factor * (v - mean)).coded_photo()
}
