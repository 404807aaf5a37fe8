//! Small photos made on the spot.

use std::path::{Path, PathBuf};

use image::{Rgb, RgbImage};

/// A photo of one grey, as PNG (exact) or by whatever its name says.
pub fn grey(path: &Path, level: u8) {
    sized(path, level, 40, 30);
}

/// A photo of one grey in a given size.
pub fn sized(path: &Path, level: u8, width: u32, height: u32) {
    RgbImage::from_pixel(width, height, Rgb([level; 3]))
        .save(path)
        .expect("a photo for a test");
}

/// `count` greys from dark to bright in `folder`, as `000.png`, `001.png`, ….
pub fn greys(folder: &Path, count: usize) -> Vec<PathBuf> {
    (0..count)
        .map(|i| {
            let path = folder.join(format!("{i:03}.png"));
            grey(&path, (i * 255 / count.max(2)) as u8);
            path
        })
        .collect()
}

/// A photo of coloured blocks with edges `step` pixels apart, 40 x 30.
pub fn pattern(path: &Path, step: u32) {
    RgbImage::from_fn(40, 30, |x, y| {
        let block = (x / step.max(1) + y / step.max(1)) as u8;
        Rgb([block.wrapping_mul(90), (x * 6) as u8, (y * 8) as u8])
    })
    .save(path)
    .expect("a photo for a test");
}
