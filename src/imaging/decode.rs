//! Decoding one photo.

use std::path::Path;

use image::RgbImage;

use super::error::{ImagingError, Reason};

/// How large the decoded picture has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Every pixel of the original.
    Full,
    /// A smaller picture will do, if it still has at least this many pixels
    /// on its shorter side (or the whole original where that has fewer).
    AtLeast(u32),
}

/// What a single photo may cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Largest photo, in millions of pixels.
    pub megapixels: u32,
    /// Most memory that decoding one photo may take, in bytes.
    pub bytes: u64,
    /// Longest time that decoding one photo may take.
    pub time: std::time::Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            megapixels: 500,
            bytes: 2 << 30,
            time: std::time::Duration::from_secs(30),
        }
    }
}

/// A decoded photo.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// Upright 8-bit sRGB pixels.
    pub image: RgbImage,
    /// Width of the original in pixels, upright.
    pub original_width: u32,
    /// Height of the original in pixels, upright.
    pub original_height: u32,
}

/// Decodes the photo at `path` to upright 8-bit sRGB.
///
/// # Errors
/// [`ImagingError`], which names the file and the reason.
pub fn decode(path: &Path, _want: Want, _limits: &Limits) -> Result<Decoded, ImagingError> {
    let read = || -> Result<RgbImage, Reason> {
        image::ImageReader::open(path)?
            .with_guessed_format()?
            .decode()
            .map(|i| i.to_rgb8())
            .map_err(|e| Reason::Damaged(e.to_string()))
    };
    let image = read().map_err(|reason| ImagingError::new(path, reason))?;
    let (original_width, original_height) = image.dimensions();
    Ok(Decoded {
        image,
        original_width,
        original_height,
    })
}
