//! Resizing, for the networks and for the eye.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

/// The photo as a network sees it: the whole picture resized to `side` x
/// `side` pixels, aspect ratio ignored.
///
/// Antialiased bicubic (Catmull-Rom), which is what PIL calls bicubic: networks
/// are trained on photos resized by PIL, and another filter shows in the score.
///
/// A picture or a `side` without pixels gives one.
pub fn model_input(image: &RgbImage, side: u32) -> RgbImage {
    resized(image, side, side)
}

/// The photo small enough for a box of `longest` x `longest` pixels, aspect
/// ratio kept, never enlarged.
pub fn thumbnail(image: &RgbImage, longest: u32) -> RgbImage {
    let (width, height) = image.dimensions();
    let scale = f64::from(longest) / f64::from(width.max(height).max(1));
    if scale >= 1.0 {
        return image.clone();
    }
    let to = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    resized(image, to(width), to(height))
}

/// The photo resized to `width` x `height` pixels, by the filter of
/// [`model_input`].
pub fn resized(image: &RgbImage, width: u32, height: u32) -> RgbImage {
    if image.dimensions() == (width, height) {
        return image.clone();
    }
    let in_two_steps = || {
        // PIL narrows first and rounds to bytes in between; the library, left
        // to itself, takes the other order, which differs by some levels at
        // hard edges.
        let narrowed = one_way(image, width, image.height())?;
        one_way(&narrowed, width, height)
    };
    // It fails for sides of 0 alone.
    in_two_steps().unwrap_or_else(|| RgbImage::new(width, height))
}

/// Resizes along one side.
fn one_way(image: &RgbImage, width: u32, height: u32) -> Option<RgbImage> {
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
        .use_alpha(false);
    let source = ImageRef::new(
        image.width(),
        image.height(),
        image.as_raw(),
        PixelType::U8x3,
    )
    .ok()?;
    let mut target = Image::new(width, height, PixelType::U8x3);
    Resizer::new().resize(&source, &mut target, &options).ok()?;
    RgbImage::from_raw(width, height, target.into_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn thumbnails_keep_their_shape_and_never_grow() {
        let photo = RgbImage::from_fn(300, 200, |x, y| Rgb([x as u8, y as u8, 9]));
        assert_eq!(thumbnail(&photo, 150).dimensions(), (150, 100));
        assert_eq!(thumbnail(&photo, 300), photo);
        assert_eq!(thumbnail(&photo, 1000), photo);
        let line = RgbImage::new(10_000, 1);
        assert_eq!(thumbnail(&line, 100).dimensions(), (100, 1));
        assert_eq!(thumbnail(&RgbImage::new(0, 0), 10).dimensions(), (0, 0));
    }

    #[test]
    fn an_even_colour_stays_what_it_is() {
        let colour = Rgb([200, 3, 77]);
        let photo = RgbImage::from_pixel(301, 97, colour);
        for side in [1, 16, 97, 480] {
            let input = model_input(&photo, side);
            assert_eq!(input.dimensions(), (side, side));
            assert!(input.pixels().all(|pixel| *pixel == colour));
        }
        assert_eq!(model_input(&photo, 0).dimensions(), (0, 0));
    }

    #[test]
    fn fine_stripes_become_their_mean() {
        let photo = RgbImage::from_fn(
            1600,
            1600,
            |x, _| Rgb([if x % 2 == 0 { 0 } else { 255 }; 3]),
        );
        for pixel in model_input(&photo, 100).pixels() {
            // As PIL: the kernel does not sample the stripes evenly.
            assert!(pixel.0[0].abs_diff(128) <= 3, "{pixel:?}");
        }
    }
}
