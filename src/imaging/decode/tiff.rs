//! TIFF: strips and tiles, all the usual compressions, 1 to 64 bits, float,
//! CMYK, planes.

use tiff::ColorType;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{TiffError, TiffFormatError};

use super::super::error::Reason;
use super::super::raster::{Channels, Picture, Raster, Samples, Space};
use super::super::source::Source;
use super::failure;
use crate::metadata::Orientation;
use crate::metadata::ifd::Tiff;

/// Most pages that are searched for the one that is the photo.
const PAGES: usize = 16;

pub(super) fn decode(source: &mut Source) -> Result<Picture, Reason> {
    let page = photo_page(source);
    let limits = source.limits.clone();
    let mut decoder = Decoder::new(source.stream()?).map_err(reason)?;
    if page > 0 {
        decoder.seek_to_image(page).map_err(reason)?;
    }
    let (width, height) = decoder.dimensions().map_err(reason)?;
    let colour = decoder.colortype().map_err(reason)?;
    let (kind, bits) = kind(colour)?;
    let count = kind.stored();
    // All samples, once more with planes interleaved or turned into another
    // type, the same in sRGB, and once more turned upright.
    let sample_bytes = u64::from(bits.div_ceil(8));
    limits.check(width, height, 2 * count as u64 * sample_bytes + 6)?;
    let most = usize::try_from(limits.bytes).unwrap_or(usize::MAX);
    let mut tiff_limits = Limits::default();
    tiff_limits.decoding_buffer_size = most;
    tiff_limits.intermediate_buffer_size = most;
    tiff_limits.ifd_value_size = most / 16;
    let mut decoder = decoder.with_limits(tiff_limits);
    let profile = decoder.get_tag_u8_vec(Tag::IccProfile).ok();
    let extra = decoder.get_tag_u16_vec(Tag::ExtraSamples).ok();
    let orientation = decoder
        .find_tag_unsigned::<u16>(Tag::Orientation)
        .ok()
        .flatten()
        .and_then(|value| Orientation::from_exif(u64::from(value)));

    let mut result = DecodingResult::U8(Vec::new());
    let layout = decoder.read_image_to_buffer(&mut result).map_err(reason)?;
    if result.as_buffer(0).as_bytes().len() < layout.complete_len {
        return Err(Reason::Limit(
            "decoding would take too much memory".to_owned(),
        ));
    }
    let samples = samples(result, width, bits)?;
    let samples = if layout.planes > 1 {
        match samples {
            Samples::U8(planes) => Samples::U8(interleave(&planes, layout.planes)),
            Samples::U16(planes) => Samples::U16(interleave(&planes, layout.planes)),
            Samples::F32(planes) => Samples::F32(interleave(&planes, layout.planes)),
        }
    } else {
        samples
    };
    let (channels, samples) = kind.arrange(samples)?;
    let raster = Raster {
        width,
        height,
        channels,
        samples,
        premultiplied: extra.and_then(|extra| extra.first().copied()) == Some(1),
        space: profile.map_or(Space::Unknown, Space::Icc),
    };
    Ok(Picture::full(raster, orientation.unwrap_or_default()))
}

/// The first page that is not marked as a smaller copy of another.
fn photo_page(source: &mut Source) -> usize {
    const KIND: u16 = 0xFE;
    let Ok(mut tiff) = Tiff::open(source.parts(), 0) else {
        return 0;
    };
    let pages = tiff.chain(PAGES);
    pages
        .iter()
        .position(|page| tiff.number(page, KIND).is_none_or(|kind| kind & 1 == 0))
        .unwrap_or(0)
}

/// What the samples of a pixel are in the file.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Plain(Channels),
    YCbCr,
    /// Ink and alpha, or grey with more samples than one.
    First(Channels, usize),
}

fn kind(colour: ColorType) -> Result<(Kind, u8), Reason> {
    Ok(match colour {
        ColorType::Gray(bits) => (Kind::Plain(Channels::Grey), bits),
        ColorType::GrayA(bits) => (Kind::Plain(Channels::GreyAlpha), bits),
        ColorType::RGB(bits) => (Kind::Plain(Channels::Rgb), bits),
        ColorType::RGBA(bits) => (Kind::Plain(Channels::Rgba), bits),
        ColorType::CMYK(bits) => (Kind::Plain(Channels::Cmyk), bits),
        ColorType::CMYKA(bits) => (Kind::First(Channels::Cmyk, 5), bits),
        ColorType::YCbCr(bits @ 8) => (Kind::YCbCr, bits),
        // The decoder reports grey with alpha so.
        ColorType::Multiband {
            bit_depth,
            num_samples: 2,
        } => (Kind::Plain(Channels::GreyAlpha), bit_depth),
        ColorType::Multiband {
            bit_depth,
            num_samples,
        } => (
            Kind::First(Channels::Grey, usize::from(num_samples)),
            bit_depth,
        ),
        other => return Err(failure::unsupported(format!("TIFF with {other:?} samples"))),
    })
}

impl Kind {
    /// Samples of a pixel in the file.
    fn stored(self) -> usize {
        match self {
            Self::Plain(channels) => channels.count(),
            Self::YCbCr => 3,
            Self::First(_, stored) => stored,
        }
    }

    /// The samples as channels that colour knows.
    fn arrange(self, samples: Samples) -> Result<(Channels, Samples), Reason> {
        Ok(match (self, samples) {
            (Self::Plain(channels), samples) => (channels, samples),
            (Self::YCbCr, Samples::U8(mut samples)) => {
                for pixel in samples.chunks_exact_mut(3) {
                    if let [y, cb, cr] = pixel {
                        [*y, *cb, *cr] = rgb(*y, *cb, *cr);
                    }
                }
                (Channels::Rgb, Samples::U8(samples))
            }
            (Self::YCbCr, _) => return Err(failure::unsupported("deep YCbCr samples")),
            (Self::First(channels, stored), samples) => {
                let count = channels.count();
                let samples = match samples {
                    Samples::U8(all) => Samples::U8(first(&all, stored, count)),
                    Samples::U16(all) => Samples::U16(first(&all, stored, count)),
                    Samples::F32(all) => Samples::F32(first(&all, stored, count)),
                };
                (channels, samples)
            }
        })
    }
}

/// Of each `stored` samples the first `count`.
fn first<T: Copy>(samples: &[T], stored: usize, count: usize) -> Vec<T> {
    samples
        .chunks_exact(stored)
        .flat_map(|pixel| pixel.iter().take(count).copied())
        .collect()
}

/// ITU-R BT.601 over the full range, as JPEG has it.
fn rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    [
        y + 1.402 * cr,
        y - 0.344_136 * cb - 0.714_136 * cr,
        y + 1.772 * cb,
    ]
    .map(|value| value.round() as u8)
}

/// Planes one behind the other as pixels.
fn interleave<T: Copy + Default>(planes: &[T], count: usize) -> Vec<T> {
    let length = planes.len() / count;
    let mut pixels = vec![T::default(); length * count];
    for (i, plane) in planes.chunks_exact(length.max(1)).enumerate().take(count) {
        for (pixel, &sample) in pixels.chunks_exact_mut(count).zip(plane) {
            if let Some(place) = pixel.get_mut(i) {
                *place = sample;
            }
        }
    }
    pixels
}

/// The decoder's samples as one of three types.
fn samples(result: DecodingResult, width: u32, bits: u8) -> Result<Samples, Reason> {
    Ok(match result {
        DecodingResult::U8(samples) if bits < 8 => Samples::U8(unpack(&samples, width, bits)),
        DecodingResult::U8(samples) => Samples::U8(samples),
        DecodingResult::U16(samples) => Samples::U16(samples),
        DecodingResult::U32(samples) => {
            Samples::U16(samples.into_iter().map(|s| (s >> 16) as u16).collect())
        }
        DecodingResult::U64(samples) => {
            Samples::U16(samples.into_iter().map(|s| (s >> 48) as u16).collect())
        }
        DecodingResult::F16(samples) => {
            Samples::F32(samples.into_iter().map(|s| s.to_f32()).collect())
        }
        DecodingResult::F32(samples) => Samples::F32(samples),
        DecodingResult::F64(samples) => {
            Samples::F32(samples.into_iter().map(|s| s as f32).collect())
        }
        DecodingResult::I8(_)
        | DecodingResult::I16(_)
        | DecodingResult::I32(_)
        | DecodingResult::I64(_) => return Err(failure::unsupported("signed samples")),
    })
}

/// Samples of 1, 2 or 4 bits, each row filled up to whole bytes, as bytes.
fn unpack(packed: &[u8], width: u32, bits: u8) -> Vec<u8> {
    let bits = usize::from(bits);
    let width = width as usize;
    let most = (1_u16 << bits) - 1;
    packed
        .chunks_exact((width * bits).div_ceil(8).max(1))
        .flat_map(|row| {
            (0..width).map(move |x| {
                let byte = row.get(x * bits / 8).copied().unwrap_or(0);
                let shift = 8 - bits - x * bits % 8;
                let sample = u16::from(byte) >> shift & most;
                (sample * 255 / most) as u8
            })
        })
        .collect()
}

fn reason(error: TiffError) -> Reason {
    match error {
        TiffError::IoError(error) => failure::of_io(&error),
        TiffError::UnsupportedError(error) => failure::unsupported(error),
        TiffError::LimitsExceeded => {
            Reason::Limit("decoding would take too much memory".to_owned())
        }
        TiffError::FormatError(TiffFormatError::ImageFileDirectoryNotFound) => failure::cut_off(),
        error => failure::damaged(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_bits_become_bytes() {
        assert_eq!(
            unpack(&[0b1010_0000, 0b0100_0000], 3, 1),
            [255, 0, 255, 0, 255, 0]
        );
        assert_eq!(unpack(&[0b0001_1011], 4, 2), [0, 85, 170, 255]);
        assert_eq!(unpack(&[0x0F, 0x80], 3, 4), [0, 255, 136]);
    }

    #[test]
    fn planes_become_pixels() {
        assert_eq!(interleave(&[1, 2, 3, 4, 5, 6], 3), [1, 3, 5, 2, 4, 6]);
        assert_eq!(first(&[1, 2, 3, 4, 5, 6], 3, 2), [1, 2, 4, 5]);
    }
}
