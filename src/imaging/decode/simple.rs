//! WebP, BMP and GIF, of which the image crate says all there is to say.

use image::codecs::{bmp::BmpDecoder, gif::GifDecoder, webp::WebPDecoder};
use image::{ColorType, ImageDecoder};

use super::super::error::Reason;
use super::super::raster::{Channels, Picture, Raster, Space};
use super::super::source::Source;
use super::failure;
use crate::metadata::{Exif, Orientation};

pub(super) fn webp(source: &mut Source) -> Result<Picture, Reason> {
    let limits = source.limits.clone();
    // Lossless WebP is decoded to all four channels.
    read(WebPDecoder::new(source.stream()?), &limits, 4)
}

pub(super) fn bmp(source: &mut Source) -> Result<Picture, Reason> {
    let limits = source.limits.clone();
    read(BmpDecoder::new(source.stream()?), &limits, 0)
}

/// The first frame.
pub(super) fn gif(source: &mut Source) -> Result<Picture, Reason> {
    let limits = source.limits.clone();
    read(GifDecoder::new(source.stream()?), &limits, 4)
}

/// Reads a picture from an image decoder that needs `own` bytes a pixel besides
/// its output.
fn read<D: ImageDecoder>(
    decoder: image::ImageResult<D>,
    limits: &super::Limits,
    own: u64,
) -> Result<Picture, Reason> {
    let mut decoder = decoder.map_err(failure::of_image)?;
    let (width, height) = decoder.dimensions();
    let channels = match decoder.color_type() {
        ColorType::L8 => Channels::Grey,
        ColorType::La8 => Channels::GreyAlpha,
        ColorType::Rgb8 => Channels::Rgb,
        ColorType::Rgba8 => Channels::Rgba,
        other => return Err(failure::unsupported(format!("{other:?} samples"))),
    };
    let count = channels.count() as u64;
    // The samples, the same in sRGB, and once more turned upright.
    limits.check(width, height, count + 6 + own)?;
    let mut image_limits = image::Limits::no_limits();
    image_limits.max_alloc = Some(limits.bytes);
    decoder
        .set_limits(image_limits)
        .map_err(failure::of_image)?;
    let space = match decoder.icc_profile() {
        Ok(Some(profile)) => Space::Icc(profile),
        _ => Space::Unknown,
    };
    let orientation = match decoder.exif_metadata() {
        Ok(Some(bytes)) => {
            let bytes = bytes.strip_prefix(b"Exif\0\0").unwrap_or(&bytes);
            Exif::from_bytes(bytes).orientation
        }
        _ => None,
    };
    let length = usize::try_from(decoder.total_bytes())
        .map_err(|_| Reason::Limit("too large for this machine".to_owned()))?;
    let mut samples = vec![0; length];
    decoder
        .read_image(&mut samples)
        .map_err(failure::of_image)?;
    let raster = Raster {
        space,
        ..Raster::plain(width, height, channels, samples)
    };
    Ok(Picture::full(
        raster,
        orientation.unwrap_or(Orientation::Upright),
    ))
}
