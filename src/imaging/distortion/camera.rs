//! What cameras and their users do, where it happens: in linear light.

use image::RgbImage;

use super::blur::filtered;
use super::chance::Chance;
use super::filter::{self, Sparse};
use super::noise;
use super::planes::{Planes, luminance};
use crate::imaging::resize::resized;

pub(super) fn defocus(photo: &RgbImage, radius: f32) -> RgbImage {
    filtered(Planes::linear(photo), |plane, w, h| {
        filter::disc(plane, w, h, radius)
    })
    .linear_photo()
}

/// Blur that grows with a smooth depth, by layers of even blur.
pub(super) fn depth_defocus(photo: &RgbImage, radius: f32, chance: &mut Chance) -> RgbImage {
    const LAYERS: usize = 6;
    let planes = Planes::linear(photo);
    let (width, height) = (planes.width, planes.height);
    let (dx, dy) = chance.direction();
    let hills = chance.hills(width, height);
    // Along a direction, with hills: 0 at one corner and 1 at the other.
    let along = |at: usize, side: usize| (at as f32 + 0.5) / side as f32 - 0.5;
    let reach = 0.5 * (dx.abs() + dy.abs());
    let depth = |i: usize| {
        let (x, y) = (i % width, i / width);
        let slope = 0.5 + 0.5 * (dx * along(x, width) + dy * along(y, height)) / reach;
        (0.7 * slope + 0.3 * hills[i]).clamp(0.0, 1.0)
    };
    let depths: Vec<f32> = (0..width * height).map(depth).collect();
    filtered(planes, |plane, w, h| {
        let mut out = vec![0f32; plane.len()];
        for layer in 0..=LAYERS {
            let share = layer as f32 / LAYERS as f32;
            let blurred = filter::disc(plane, w, h, radius * share);
            for ((out, value), depth) in out.iter_mut().zip(blurred).zip(&depths) {
                let apart = (depth - share).abs() * LAYERS as f32;
                *out += value * (1.0 - apart).max(0.0);
            }
        }
        out
    })
    .linear_photo()
}

/// Blur along the path of an unsteady hand.
pub(super) fn shake(photo: &RgbImage, across: f32, chance: &mut Chance) -> RgbImage {
    const STEPS: usize = 96;
    // A direction that turns at random, at a speed that changes.
    let (mut x, mut y) = (0f32, 0f32);
    let mut angle = 2.0 * std::f32::consts::PI * chance.uniform();
    let mut turn = 0f32;
    let mut places = vec![(x, y)];
    for _ in 0..STEPS {
        turn = 0.9 * turn + 0.06 * chance.normal();
        angle += turn;
        let speed = 1.0 + 0.5 * chance.normal().abs();
        x += speed * angle.cos();
        y += speed * angle.sin();
        places.push((x, y));
    }
    let reach = |of: fn(&(f32, f32)) -> f32| {
        let values = || places.iter().map(of);
        values().fold(f32::MIN, f32::max) - values().fold(f32::MAX, f32::min)
    };
    let size = reach(|p| p.0).hypot(reach(|p| p.1)).max(1e-6);
    for place in &mut places {
        *place = (place.0 * across / size, place.1 * across / size);
    }
    let path = Sparse::path(&places);
    filtered(Planes::linear(photo), |plane, w, h| path.apply(plane, w, h)).linear_photo()
}

/// Photon and read noise, then a camera's noise reduction.
pub(super) fn high_iso(photo: &RgbImage, gain: f32, chance: &mut Chance) -> RgbImage {
    let mut planes = Planes::linear(photo);
    for channel in &mut planes.channels {
        for value in channel {
            let deviation = (gain * *value + gain * gain).sqrt();
            *value += deviation * chance.normal();
        }
    }
    let mut planes = Planes::luma_chroma(&planes.linear_photo());
    let strength = gain.sqrt();
    noise::smooth(&mut planes, 2, 0.4 * strength, 1.5 * strength);
    planes.luma_chroma_photo()
}

/// Linear light times 2^`stops`, clipped, over read noise of a deviation.
pub(super) fn expose(photo: &RgbImage, stops: f32, read: f32, chance: &mut Chance) -> RgbImage {
    let factor = stops.exp2();
    let mut planes = Planes::linear(photo).map(|v| factor * v);
    if read > 0.0 {
        for value in planes.channels.iter_mut().flatten() {
            *value += read * chance.normal();
        }
    }
    planes.linear_photo()
}

/// Red and blue against each other, at the same luminance.
pub(super) fn white_balance(photo: &RgbImage, stops: f32, chance: &mut Chance) -> RgbImage {
    let warmer = (chance.sign() * stops).exp2();
    let gains = [warmer, 1.0, 1.0 / warmer];
    let mut planes = Planes::linear(photo);
    let mean = |gains: [f32; 3]| {
        let mean = |i: usize| {
            let channel: &Vec<f32> = &planes.channels[i];
            channel.iter().map(|&v| f64::from(v)).sum::<f64>() as f32 * gains[i]
        };
        luminance([mean(0), mean(1), mean(2)])
    };
    let kept = mean([1.0; 3]) / mean(gains).max(1e-6);
    for (channel, gain) in planes.channels.iter_mut().zip(gains) {
        channel.iter_mut().for_each(|value| *value *= gain * kept);
    }
    planes.linear_photo()
}

/// Light of the air over what is behind it (Koschmieder's law).
pub(super) fn haze(photo: &RgbImage, density: f32, chance: &mut Chance) -> RgbImage {
    const AIR: [f32; 3] = [0.78, 0.8, 0.83];
    let mut planes = Planes::linear(photo);
    let (width, height) = (planes.width, planes.height);
    let hills = chance.hills(width, height);
    let through: Vec<f32> = (0..width * height)
        .map(|i| {
            let up = 1.0 - (i / width) as f32 / height as f32;
            (-density * (0.3 + 0.5 * up + 0.3 * hills[i])).exp()
        })
        .collect();
    for (channel, air) in planes.channels.iter_mut().zip(AIR) {
        for (value, through) in channel.iter_mut().zip(&through) {
            *value = *value * through + air * (1.0 - through);
        }
    }
    planes.linear_photo()
}

/// Reduced and enlarged again.
pub(super) fn enlarged(photo: &RgbImage, factor: f32) -> RgbImage {
    let (width, height) = photo.dimensions();
    let less = |side: u32| ((side as f32 / factor).round() as u32).max(1);
    resized(&resized(photo, less(width), less(height)), width, height)
}
