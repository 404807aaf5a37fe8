//! HEIF and its kin: one container, pictures in HEVC (HEIC) or AV1 (AVIF), or
//! even JPEG. HEVC is decoded here; AV1 has a file of its own.

use heifer::{Image, Options};

use super::super::error::Reason;
use super::super::raster::{Channels, Picture, Raster, Samples, Space};
use super::super::source::Source;
use super::cicp::Cicp;
use super::{Want, avif, failure, jpeg};
use crate::metadata::Orientation;
use crate::metadata::items::{Item, Items, Property, items};

/// Most pictures that are made of pictures that are made of pictures …
const DEPTH: usize = 4;

pub(super) fn decode(source: &mut Source, want: Want) -> Result<Picture, Reason> {
    let length = source.length;
    let found = items(&mut source.parts(), length)
        .ok_or_else(|| failure::damaged("no intelligible list of pictures"))?;
    let primary = found
        .get(found.primary)
        .ok_or_else(|| failure::damaged("the main picture is missing"))?;
    match &codec(&found, primary)? {
        b"hvc1" | b"hev1" => hevc(source, &found, primary),
        b"av01" => avif::decode(source, &found, primary),
        b"jpeg" if primary.kind == *b"jpeg" => {
            let most = source.limits.file_bytes;
            let bytes = primary
                .data(&mut source.parts(), most)
                .ok_or_else(failure::cut_off)?;
            let mut picture = jpeg::from_bytes(&bytes, want, &source.limits, source.deadline)?;
            picture.orientation = primary.orientation();
            Ok(picture)
        }
        other => Err(failure::unsupported(format!(
            "a HEIF picture coded as \"{}\"",
            String::from_utf8_lossy(other).escape_default()
        ))),
    }
}

/// How a picture, or the first of those it is put together from, is coded.
fn codec(items: &Items, item: &Item) -> Result<[u8; 4], Reason> {
    let mut item = item;
    for _ in 0..DEPTH {
        let parts = items.led_to(*b"dimg", item.id);
        match (&item.kind, parts.first().and_then(|id| items.get(*id))) {
            (b"grid" | b"iovl" | b"iden", Some(part)) => item = part,
            _ => return Ok(item.kind),
        }
    }
    Err(failure::damaged("pictures made of pictures without end"))
}

fn hevc(source: &mut Source, items: &Items, primary: &Item) -> Result<Picture, Reason> {
    let (width, height) = primary
        .size()
        .ok_or_else(|| failure::damaged("the main picture has no size"))?;
    // Planes of 16-bit samples, RGBA, the same once more turned, and sRGB.
    let deep = bits(items, primary) > 8;
    source
        .limits
        .check(width, height, if deep { 29 } else { 21 })?;
    let options = Options {
        // Photos are decoded side by side already.
        max_threads: 1,
        max_pixels: u64::from(source.limits.megapixels) * 1_000_000,
    };
    let bytes = source.read_all()?;
    source.deadline.check()?;
    let raster = if deep {
        let image = heifer::decode_with_options(&bytes, &options).map_err(reason)?;
        raster(image, samples_u16)
    } else {
        let image = heifer::decode_rgba8(&bytes, &options).map_err(reason)?;
        raster(image, |data, _| Samples::U8(data))
    };
    Ok(picture(raster, items, primary))
}

/// Bits of the samples of a picture, or of the first that it is put together
/// from, by its set-up data.
fn bits(items: &Items, item: &Item) -> u8 {
    let part = items.led_to(*b"dimg", item.id).first();
    let coded = part.and_then(|id| items.get(*id)).unwrap_or(item);
    coded
        .properties
        .iter()
        .find_map(|property| match property {
            Property::Config([b'h', b'v', b'c', b'C'], bytes) => bytes.get(17),
            _ => None,
        })
        .map_or(8, |byte| 8 + (byte & 7))
}

/// A picture of RGBA samples; where it has no transparency, alpha is dropped.
pub(super) fn raster<S: Copy>(image: Image<S>, samples: impl Fn(Vec<S>, u8) -> Samples) -> Raster {
    let mut data = image.data;
    let channels = if image.has_alpha {
        Channels::Rgba
    } else {
        let pixels = data.len() / 4;
        for i in 0..pixels {
            data.copy_within(4 * i..4 * i + 3, 3 * i);
        }
        data.truncate(3 * pixels);
        Channels::Rgb
    };
    Raster {
        width: image.width,
        height: image.height,
        channels,
        samples: samples(data, image.bit_depth),
        premultiplied: false,
        space: Space::Unknown,
    }
}

/// Samples of `bits` bits as bytes, or over the whole range of 16 bits.
pub(super) fn samples_u16(data: Vec<u16>, bits: u8) -> Samples {
    if bits <= 8 {
        return Samples::U8(data.into_iter().map(|sample| sample as u8).collect());
    }
    let most = (1_u32 << bits.min(16)) - 1;
    let whole = |sample: u16| (u32::from(sample) * 65535 / most).min(65535) as u16;
    Samples::U16(data.into_iter().map(whole).collect())
}

/// The picture in the colours that its item names; it stands upright already.
pub(super) fn picture(mut raster: Raster, items: &Items, primary: &Item) -> Picture {
    let first = items.led_to(*b"dimg", primary.id).first();
    let properties = || {
        let part = first.and_then(|id| items.get(*id));
        let part = part.into_iter().flat_map(|part| &part.properties);
        primary.properties.iter().chain(part)
    };
    let icc = properties().find_map(|property| match property {
        Property::Icc(profile) => Some(profile.clone()),
        _ => None,
    });
    let cicp = properties().find_map(|property| match *property {
        Property::Cicp(primaries, transfer, ..) => Some(Cicp {
            primaries,
            transfer,
        }),
        _ => None,
    });
    match (icc, cicp) {
        (Some(profile), cicp) if !cicp.is_some_and(Cicp::is_hdr) => {
            raster.space = Space::Icc(profile);
        }
        (_, Some(cicp)) => {
            (raster.samples, raster.space) = cicp.apply(raster.samples, raster.channels);
        }
        _ => {}
    }
    Picture::full(raster, Orientation::Upright)
}

fn reason(error: heifer::Error) -> Reason {
    use heifer::Error;
    match error {
        Error::Unsupported(what) => failure::unsupported(what),
        error => {
            let text = error.to_string();
            // Its container reader's words for data that is not there.
            if text.contains("end of") || text.contains("truncated") || text.contains("past") {
                failure::cut_off()
            } else {
                failure::damaged(text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opaque_pictures_lose_their_alpha() {
        let image = Image {
            width: 2,
            height: 1,
            bit_depth: 8,
            has_alpha: false,
            data: vec![1_u8, 2, 3, 255, 4, 5, 6, 255],
        };
        let with_alpha = Image {
            has_alpha: true,
            ..image.clone()
        };
        let opaque = raster(image, |data, _| Samples::U8(data));
        assert_eq!(opaque.samples, Samples::U8(vec![1, 2, 3, 4, 5, 6]));
        assert_eq!(opaque.channels, Channels::Rgb);
        let clear = raster(with_alpha, |data, _| Samples::U8(data));
        assert_eq!((clear.channels, clear.samples.len()), (Channels::Rgba, 8));
    }

    #[test]
    fn ten_bits_fill_sixteen() {
        assert_eq!(
            samples_u16(vec![0, 1023, 512], 10),
            Samples::U16(vec![0, 65535, 32799])
        );
        assert_eq!(samples_u16(vec![0, 255], 8), Samples::U8(vec![0, 255]));
    }
}
