//! Pixels in the wrong place.

use image::imageops::{self, crop_imm};
use image::{Rgb, RgbImage};

use super::chance::Chance;
use super::planes::Planes;

/// Takes every pixel from a place nearby.
pub(super) fn jitter(photo: &RgbImage, deviation: f32, chance: &mut Chance) -> RgbImage {
    let planes = Planes::coded(photo);
    let (width, height) = (planes.width, planes.height);
    let mut out = planes.clone();
    for y in 0..height {
        for x in 0..width {
            let place = |at: usize, moved: f32, side: usize| {
                let at = (at as f32 + deviation * moved).clamp(0.0, (side - 1) as f32);
                (at as usize, (at as usize + 1).min(side - 1), at.fract())
            };
            let (left, right, u) = place(x, chance.normal(), width);
            let (top, bottom, v) = place(y, chance.normal(), height);
            for (out, from) in out.channels.iter_mut().zip(&planes.channels) {
                let mix = |row: usize| {
                    let row = row * width;
                    from[row + left] * (1.0 - u) + from[row + right] * u
                };
                out[y * width + x] = mix(top) * (1.0 - v) + mix(bottom) * v;
            }
        }
    }
    out.coded_photo()
}

/// A random place for a square in a photo, and its side.
fn square(photo: &RgbImage, side: f32, chance: &mut Chance) -> (u32, u32, u32) {
    let (width, height) = photo.dimensions();
    let side = (side.round() as u32).clamp(1, width.min(height));
    let mut place = |room: u32| (chance.uniform() * (room - side + 1) as f32) as u32;
    let x = place(width);
    (x, place(height), side)
}

/// Copies squares to places nearby.
pub(super) fn patches(photo: &RgbImage, count: usize, side: f32, chance: &mut Chance) -> RgbImage {
    let mut out = photo.clone();
    for _ in 0..count {
        let (x, y, side) = square(photo, side, chance);
        let mut moved = |from: u32, room: u32| {
            let by = (2.0 * chance.uniform() - 1.0) * side as f32;
            ((from as f32 + by).round().max(0.0) as u32).min(room - side)
        };
        let to = (moved(x, photo.width()), moved(y, photo.height()));
        let patch = crop_imm(photo, x, y, side, side).to_image();
        imageops::replace(&mut out, &patch, i64::from(to.0), i64::from(to.1));
    }
    out
}

/// Draws squares in random colours.
pub(super) fn blocks(photo: &RgbImage, count: usize, side: f32, chance: &mut Chance) -> RgbImage {
    let mut out = photo.clone();
    for _ in 0..count {
        let (x, y, side) = square(photo, side, chance);
        let colour = Rgb([(); 3].map(|()| (chance.uniform() * 256.0) as u8));
        let block = RgbImage::from_pixel(side, side, colour);
        imageops::replace(&mut out, &block, i64::from(x), i64::from(y));
    }
    out
}

/// Replaces squares by their means.
pub(super) fn pixelate(photo: &RgbImage, side: f32) -> RgbImage {
    let (width, height) = photo.dimensions();
    let cells = |room: u32| ((room as f32 / side.max(1.0)).round() as u32).clamp(1, room);
    let (columns, rows) = (cells(width), cells(height));
    let mut sums = vec![([0u64; 3], 0u64); columns as usize * rows as usize];
    let cell = |x: u32, y: u32| {
        let column = u64::from(x) * u64::from(columns) / u64::from(width);
        let row = u64::from(y) * u64::from(rows) / u64::from(height);
        (row * u64::from(columns) + column) as usize
    };
    for (x, y, pixel) in photo.enumerate_pixels() {
        let (sum, count) = &mut sums[cell(x, y)];
        for (sum, &value) in sum.iter_mut().zip(&pixel.0) {
            *sum += u64::from(value);
        }
        *count += 1;
    }
    RgbImage::from_fn(width, height, |x, y| {
        let (sum, count) = sums[cell(x, y)];
        Rgb(sum.map(|sum| ((sum + count / 2) / count.max(1)) as u8))
    })
}
