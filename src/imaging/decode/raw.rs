//! RAW files, by the preview that the camera put inside.
//!
//! Nearly every RAW file holds one or more JPEGs as its camera developed the
//! photo. Where each maker names them is in `places`; in files that name none they
//! are found by looking for a JPEG's first bytes. Only where a DNG file has none
//! that is large enough is its sensor data developed, plainly, in `sensor`.

use std::io::{Read, Seek, SeekFrom};

use super::super::error::Reason;
use super::super::raster::{Channels, Picture, Raster};
use super::super::source::Source;
use super::{Want, failure, jpeg};
use crate::metadata::ifd::{Directory, Tiff};
use crate::metadata::{Orientation, jpeg as segments, read_from};

mod colour;
mod lossless;
mod places;
mod sensor;

use places::directories;

/// Longest side of a preview that is large enough to judge a photo by.
const SMALLEST: u32 = 480;
/// Most JPEGs looked at while searching a file byte by byte.
const FINDS: usize = 256;
/// How much is searched at once.
const PART: usize = 1 << 20;

mod tag {
    pub const SUBFILE: u16 = 0xFE;
    pub const WIDTH: u16 = 0x100;
    pub const HEIGHT: u16 = 0x101;
    pub const BITS: u16 = 0x102;
    pub const COMPRESSION: u16 = 0x103;
    pub const PHOTOMETRIC: u16 = 0x106;
    pub const STRIPS: u16 = 0x111;
    pub const SAMPLES: u16 = 0x115;
    pub const STRIP_BYTES: u16 = 0x117;
    pub const DNG_VERSION: u16 = 0xC612;
}

/// A JPEG in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Preview {
    offset: u64,
    /// Where the file does not tell, up to the file's end.
    length: u64,
    width: u32,
    height: u32,
}

/// Whether a TIFF structure is a RAW file: a DNG, or one with sensor data.
pub(super) fn is_raw(source: &mut Source) -> bool {
    let Ok(mut tiff) = Tiff::open(source.parts(), 0) else {
        return false;
    };
    directories(&mut tiff).iter().any(|directory| {
        directory.get(tag::DNG_VERSION).is_some()
            // A colour filter array, or linear sensor data.
            || matches!(tiff.number(directory, tag::PHOTOMETRIC), Some(32803 | 34892))
    })
}

pub(super) fn decode(source: &mut Source, want: Want) -> Result<Picture, Reason> {
    let length = source.length;
    let exif = read_from(&mut source.parts())?;
    let mut previews = named(source);
    if largest(&previews) < SMALLEST {
        previews.extend(searched(source)?);
    }
    let chosen = choose(previews, want);
    if let Some(preview) = chosen.filter(|preview| preview.longer() >= SMALLEST) {
        let most = preview.length.min(length.saturating_sub(preview.offset));
        let bytes = source.read_range(preview.offset, most)?;
        let picture = jpeg::from_bytes(&bytes, want, &source.limits, source.deadline)?;
        return Ok(Picture {
            orientation: exif.orientation.unwrap_or(picture.orientation),
            preview: true,
            ..picture
        });
    }
    let plain = uncompressed(source)?;
    let size = plain
        .as_ref()
        .map(|raster| (raster.width, raster.height))
        .or(chosen.map(|preview| (preview.width, preview.height)));
    let orientation = exif.orientation.unwrap_or(Orientation::Upright);
    let large = |size: Option<(u32, u32)>| size.is_some_and(|(w, h)| w.max(h) >= SMALLEST);
    if !large(size)
        && let Some(developed) = sensor::develop(source)?
    {
        return Ok(Picture {
            size: developed.size,
            ..Picture::full(developed.raster, orientation)
        });
    }
    match (plain, size) {
        (Some(raster), Some((width, height))) if width.max(height) >= SMALLEST => Ok(Picture {
            preview: true,
            ..Picture::full(raster, orientation)
        }),
        (_, Some((width, height))) => Err(Reason::Unsupported(format!(
            "a RAW file whose only preview is a thumbnail of {width} x {height} pixels, \
             too small to judge"
        ))),
        (_, None) => Err(Reason::Unsupported(
            "a RAW file without a preview; export it as JPEG or TIFF".to_owned(),
        )),
    }
}

impl Preview {
    fn longer(self) -> u32 {
        self.width.max(self.height)
    }

    fn shorter(self) -> u32 {
        self.width.min(self.height)
    }
}

fn largest(previews: &[Preview]) -> u32 {
    previews.iter().map(|p| p.longer()).max().unwrap_or(0)
}

/// The smallest preview that is large enough, else the largest.
fn choose(mut previews: Vec<Preview>, want: Want) -> Option<Preview> {
    previews.sort_by_key(|preview| u64::from(preview.width) * u64::from(preview.height));
    let enough = |preview: &&Preview| match want {
        Want::Full => false,
        Want::AtLeast(side) => preview.shorter() >= side,
    };
    previews.iter().find(enough).or(previews.last()).copied()
}

/// The JPEG at `offset`, if there is one that can be shown.
fn preview<R: Read + Seek>(reader: &mut R, offset: u64, length: u64) -> Option<Preview> {
    let frame = segments::read(reader, offset).ok()?.frame?;
    // Sensor data is often JPEG without loss, or of 12 bits and more.
    let shown = !frame.lossless() && frame.precision == 8 && frame.pixels() > 0;
    shown.then(|| Preview {
        offset,
        length,
        width: frame.width.into(),
        height: frame.height.into(),
    })
}

/// The JPEGs that the file's structure names.
fn named(source: &mut Source) -> Vec<Preview> {
    let places = places::all(source);
    let mut reader = source.parts();
    places
        .into_iter()
        .filter_map(|(offset, length)| preview(&mut reader, offset, length))
        .collect()
}

/// The JPEGs that lie anywhere in the file.
fn searched(source: &mut Source) -> Result<Vec<Preview>, Reason> {
    const START: [u8; 3] = [0xFF, 0xD8, 0xFF];
    let finder = memchr::memmem::Finder::new(&START);
    let mut found = Vec::new();
    let mut at = 0;
    let end = source.length;
    while at < end && found.len() < FINDS {
        source.deadline.check()?;
        let mut part = Vec::with_capacity(PART);
        let mut reader = source.parts();
        reader.seek(SeekFrom::Start(at))?;
        reader.by_ref().take(PART as u64).read_to_end(&mut part)?;
        for place in finder.find_iter(&part).take(FINDS) {
            let offset = at + place as u64;
            found.extend(preview(&mut reader, offset, end - offset));
        }
        // A start may lie across the border.
        let step = part.len().saturating_sub(START.len() - 1);
        if step == 0 {
            break;
        }
        at += step as u64;
    }
    Ok(found)
}

/// The largest uncompressed RGB picture that is marked as a smaller copy.
fn uncompressed(source: &mut Source) -> Result<Option<Raster>, Reason> {
    let limits = source.limits.clone();
    let Ok(mut tiff) = Tiff::open(source.parts(), 0) else {
        return Ok(None);
    };
    let mut best: Option<(u32, u32, Directory)> = None;
    for directory in directories(&mut tiff) {
        let mut number = |tag| tiff.number(&directory, tag);
        let is_copy = number(tag::SUBFILE).is_some_and(|kind| kind & 1 == 1);
        let plain = number(tag::COMPRESSION).unwrap_or(1) == 1
            && number(tag::PHOTOMETRIC) == Some(2)
            && number(tag::SAMPLES) == Some(3)
            && number(tag::BITS) == Some(8);
        let size = number(tag::WIDTH).zip(number(tag::HEIGHT));
        let size = size.and_then(|(w, h)| u32::try_from(w).ok().zip(u32::try_from(h).ok()));
        let (true, true, Some((width, height))) = (is_copy, plain, size) else {
            continue;
        };
        if best.as_ref().is_none_or(|(other, ..)| width > *other) {
            best = Some((width, height, directory));
        }
    }
    let Some((width, height, directory)) = best else {
        return Ok(None);
    };
    limits.check(width, height, 9)?;
    let mut values = |tag| {
        let entry = directory.get(tag).cloned();
        entry.map_or(Vec::new(), |entry| tiff.unsigned(&entry))
    };
    let (offsets, lengths) = (values(tag::STRIPS), values(tag::STRIP_BYTES));
    let expected = width as usize * height as usize * 3;
    let mut samples = Vec::new();
    for (offset, length) in offsets.into_iter().zip(lengths) {
        let rest = (expected - samples.len().min(expected)) as u64;
        let strip = tiff.bytes_at(offset, length.min(rest));
        samples.extend(strip.map_err(|error| failure::of_io(&error))?);
    }
    if samples.len() != expected {
        return Err(failure::cut_off());
    }
    Ok(Some(Raster::plain(width, height, Channels::Rgb, samples)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sized(width: u32, height: u32) -> Preview {
        Preview {
            offset: 0,
            length: 0,
            width,
            height,
        }
    }

    #[test]
    fn the_smallest_sufficient_preview_is_chosen() {
        let all = || vec![sized(6000, 4000), sized(160, 120), sized(1620, 1080)];
        let chosen = |want| choose(all(), want).map(|p| p.width);
        assert_eq!(chosen(Want::Full), Some(6000));
        assert_eq!(chosen(Want::AtLeast(960)), Some(1620));
        assert_eq!(chosen(Want::AtLeast(1081)), Some(6000));
        assert_eq!(chosen(Want::AtLeast(5000)), Some(6000));
        assert_eq!(choose(Vec::new(), Want::Full), None);
    }
}
