//! Resizing, for the networks and for the eye.

use image::RgbImage;
use image::imageops::{FilterType, resize};

/// The photo as a network sees it: the whole picture resized to `side` x
/// `side` pixels, aspect ratio ignored (antialiased bicubic, as PIL's).
pub fn model_input(image: &RgbImage, side: u32) -> RgbImage {
    resize(image, side, side, FilterType::CatmullRom)
}

/// The photo small enough for a box of `longest` x `longest` pixels, aspect
/// ratio kept, never enlarged.
pub fn thumbnail(image: &RgbImage, longest: u32) -> RgbImage {
    let (w, h) = image.dimensions();
    let scale = (f64::from(longest) / f64::from(w.max(h))).min(1.0);
    let to = |n: u32| ((f64::from(n) * scale).round() as u32).max(1);
    resize(image, to(w), to(h), FilterType::Triangle)
}
