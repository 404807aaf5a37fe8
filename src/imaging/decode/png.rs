//! PNG, with all that it can say about its colours.

use moxcms::{ColorProfile, ToneReprCurve};
use png::{BitDepth, ColorType, Decoder, DecodingError, Info, Transformations};

use super::super::error::Reason;
use super::super::raster::{Channels, Picture, Raster, Samples, Space};
use super::super::source::Source;
use super::cicp::Cicp;
use super::failure;
use crate::metadata::Exif;

pub(super) fn decode(source: &mut Source) -> Result<Picture, Reason> {
    let limits = source.limits.clone();
    let mut decoder = Decoder::new(source.stream()?);
    decoder.set_limits(png::Limits {
        bytes: usize::try_from(limits.bytes).unwrap_or(usize::MAX),
    });
    decoder.set_ignore_text_chunk(true);
    // Palettes and few bits become 8 bits, a transparent colour alpha.
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(reason)?;
    let (width, height) = (reader.info().width, reader.info().height);
    let (colour, depth) = reader.output_color_type();
    let channels = match colour {
        ColorType::Grayscale => Channels::Grey,
        ColorType::GrayscaleAlpha => Channels::GreyAlpha,
        ColorType::Rgb => Channels::Rgb,
        ColorType::Rgba => Channels::Rgba,
        ColorType::Indexed => return Err(failure::damaged("a palette without colours")),
    };
    let deep = depth == BitDepth::Sixteen;
    let sample_bytes = if deep { 4 } else { 1 };
    limits.check(width, height, channels.count() as u64 * sample_bytes + 6)?;
    let length = reader
        .output_buffer_size()
        .ok_or_else(|| Reason::Limit("too large for this machine".to_owned()))?;
    let mut bytes = vec![0; length];
    reader.next_frame(&mut bytes).map_err(reason)?;
    let samples = if deep {
        let pairs = bytes.chunks_exact(2);
        Samples::U16(
            pairs
                .filter_map(|pair| pair.first_chunk().copied().map(u16::from_be_bytes))
                .collect(),
        )
    } else {
        Samples::U8(bytes)
    };
    let info = reader.info();
    let (samples, space) = match info.coding_independent_code_points {
        Some(points) => {
            let cicp = Cicp {
                primaries: points.color_primaries.into(),
                transfer: points.transfer_function.into(),
            };
            cicp.apply(samples, channels)
        }
        None => (samples, space(info)),
    };
    let raster = Raster {
        width,
        height,
        channels,
        samples,
        premultiplied: false,
        space,
    };
    let orientation = info
        .exif_metadata
        .as_ref()
        .and_then(|bytes| Exif::from_bytes(bytes).orientation);
    Ok(Picture::full(raster, orientation.unwrap_or_default()))
}

fn reason(error: DecodingError) -> Reason {
    match error {
        DecodingError::IoError(error) => failure::of_io(&error),
        DecodingError::LimitsExceeded => {
            Reason::Limit("decoding would take too much memory".to_owned())
        }
        error => failure::damaged(error),
    }
}

/// The colour space where no code points name it, in the order of precedence
/// that PNG's third edition sets.
fn space(info: &Info) -> Space {
    if let Some(profile) = &info.icc_profile {
        return Space::Icc(profile.to_vec());
    }
    if info.srgb.is_some() {
        return Space::Unknown;
    }
    match info.gama_chunk.map(|gamma| gamma.into_value()) {
        // 1/2.2 is what programs write that mean sRGB.
        Some(gamma) if (0.05..2.0).contains(&gamma) && (gamma - 1.0 / 2.2).abs() > 0.01 => {
            with_gamma(info, 1.0 / gamma)
        }
        _ => Space::Unknown,
    }
}

fn with_gamma(info: &Info, gamma: f32) -> Space {
    let grey = matches!(
        info.color_type,
        ColorType::Grayscale | ColorType::GrayscaleAlpha
    );
    let profile = if grey {
        ColorProfile::new_gray_with_gamma(gamma)
    } else {
        let curve = ToneReprCurve::Parametric(vec![gamma]);
        let mut profile = ColorProfile::new_srgb();
        profile.red_trc = Some(curve.clone());
        profile.green_trc = Some(curve.clone());
        profile.blue_trc = Some(curve);
        profile.cicp = None;
        profile
    };
    Space::Profile(Box::new(profile))
}
