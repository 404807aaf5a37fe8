//! Noise, and what taking it away leaves.

use image::RgbImage;

use super::chance::Chance;
use super::filter;
use super::planes::Planes;

/// Adds normal noise of a deviation to every number.
fn add(planes: &mut Planes, deviation: f32, chance: &mut Chance) {
    for channel in &mut planes.channels {
        for value in channel {
            *value += deviation * chance.normal();
        }
    }
}

pub(super) fn white(photo: &RgbImage, variance: f32, chance: &mut Chance) -> RgbImage {
    let mut planes = Planes::coded(photo);
    add(&mut planes, variance.sqrt(), chance);
    planes.coded_photo()
}

/// Noise of luma and chroma, each for itself.
pub(super) fn of_components(photo: &RgbImage, variance: f32, chance: &mut Chance) -> RgbImage {
    let mut planes = Planes::luma_chroma(photo);
    add(&mut planes, variance.sqrt(), chance);
    planes.luma_chroma_photo()
}

pub(super) fn impulses(photo: &RgbImage, share: f32, chance: &mut Chance) -> RgbImage {
    let mut photo = photo.clone();
    for value in photo.iter_mut() {
        // Two draws each, so that a larger share has the smaller one's too.
        let (drawn, white) = (chance.uniform(), chance.sign() > 0.0);
        if drawn < share {
            *value = if white { 255 } else { 0 };
        }
    }
    photo
}

pub(super) fn multiplied(photo: &RgbImage, variance: f32, chance: &mut Chance) -> RgbImage {
    let mut planes = Planes::coded(photo);
    let deviation = variance.sqrt();
    for channel in &mut planes.channels {
        for value in channel {
            *value *= 1.0 + deviation * chance.normal();
        }
    }
    planes.coded_photo()
}

/// Noise of a variance, added and filtered away.
pub(super) fn removed(photo: &RgbImage, variance: f32, chance: &mut Chance) -> RgbImage {
    let deviation = variance.sqrt();
    let mut planes = Planes::luma_chroma(photo);
    add(&mut planes, deviation, chance);
    smooth(&mut planes, 3, 2.0 * deviation, 2.0 * deviation);
    planes.luma_chroma_photo()
}

/// Filters luma and chroma, each with its own tolerance; both look at luma
/// without its finest grain.
pub(super) fn smooth(planes: &mut Planes, reach: usize, luma: f32, chroma: f32) {
    let size = (planes.width, planes.height);
    let [y, cb, cr] = &mut planes.channels;
    let guide = filter::gaussian(y, size.0, size.1, 1.0);
    for channel in [cb, cr] {
        *channel = filter::bilateral(channel, &guide, size, reach, chroma);
    }
    *y = filter::bilateral(y, &guide, size, reach, luma);
}
