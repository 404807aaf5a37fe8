//! Decoding one photo: from a path to upright sRGB.
//!
//! Each format has a file here; which one a photo has is told by its content.

mod avif;
mod cicp;
mod failure;
mod heif;
mod jpeg;
mod jxl;
mod png;
mod raw;
mod simple;
mod tiff;

use std::path::Path;

use image::RgbImage;

use super::error::{ImagingError, Reason};
use super::format::{Format, foreign, known_format, sniff};
use super::limits::Limits;
use super::raster::Picture;
use super::source::Source;
use super::{colour, turn};
use crate::guard::guarded;

/// How large the decoded picture has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Every pixel of the original; of a RAW file without a preview, a quarter of
    /// the sensor's.
    Full,
    /// A smaller picture will do, if it still has at least this many pixels
    /// on its shorter side (or the whole original where that has fewer).
    AtLeast(u32),
}

/// A decoded photo.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// Upright 8-bit sRGB pixels.
    pub image: RgbImage,
    /// Width of the original in pixels, upright. Of a RAW file it is the
    /// preview's, if that is what was decoded.
    pub original_width: u32,
    /// Height of the original in pixels, upright.
    pub original_height: u32,
    /// Whether the pixels are a preview that the file holds, not the photo
    /// itself, as with RAW files.
    pub preview: bool,
}

/// Decodes the photo at `path` to upright 8-bit sRGB.
///
/// What it costs is held to `limits`. A photo whose data is cut off is damaged,
/// even where most of it could be shown: a score of the rest would mislead.
///
/// # Errors
/// [`ImagingError`], which names the file and the reason.
pub fn decode(path: &Path, want: Want, limits: &Limits) -> Result<Decoded, ImagingError> {
    guarded(|| decode_unguarded(path, want, limits))
        .unwrap_or_else(|panic| {
            Err(Reason::Damaged(format!(
                "damaged in a way that broke the decoder ({panic})"
            )))
        })
        .map_err(|reason| ImagingError::new(path, reason))
}

fn decode_unguarded(path: &Path, want: Want, limits: &Limits) -> Result<Decoded, Reason> {
    let mut source = Source::open(path, limits)?;
    let deadline = source.deadline;
    // A decoder that was stopped says that it could not read; the reason is
    // the time.
    let timely = |reason: Reason| deadline.check().err().unwrap_or(reason);
    let named_raw = known_format(path) == Some(Format::Raw);
    let picture = picture(&mut source, want, named_raw).map_err(timely)?;
    deadline.check()?;
    let image = colour::to_srgb(picture.raster, deadline)?;
    deadline.check()?;
    let (width, height) = picture.size;
    let (original_width, original_height) = if picture.orientation.swaps_sides() {
        (height, width)
    } else {
        (width, height)
    };
    Ok(Decoded {
        image: turn::upright(image, picture.orientation),
        original_width,
        original_height,
        preview: picture.preview,
    })
}

/// `named_raw`: whether the file's name is that of a RAW file, which tells those
/// that are built as TIFF from TIFFs.
fn picture(source: &mut Source, want: Want, named_raw: bool) -> Result<Picture, Reason> {
    match sniff(&source.head) {
        Some(Format::Jpeg) => jpeg::decode(source, want),
        Some(Format::Png) => png::decode(source),
        Some(Format::Tiff) if named_raw || raw::is_raw(source) => raw::decode(source, want),
        Some(Format::Tiff) => tiff::decode(source),
        Some(Format::WebP) => simple::webp(source),
        Some(Format::Bmp) => simple::bmp(source),
        Some(Format::Gif) => simple::gif(source),
        Some(Format::JpegXl) => jxl::decode(source),
        Some(Format::Avif | Format::Heif) => heif::decode(source, want),
        Some(Format::Raw) => raw::decode(source, want),
        None => Err(Reason::Unsupported(foreign(&source.head).to_owned())),
    }
}
