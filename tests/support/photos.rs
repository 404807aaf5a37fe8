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
