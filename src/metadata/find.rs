//! Where the EXIF of each kind of file is.

use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use super::ifd::{Head, Tiff, u32_at};
use super::{Exif, isobmff, items, jpeg};
use crate::regular;

/// Most bytes of EXIF that are read from a container; cameras' maker notes
/// reach some hundred kilobytes.
const MOST: u64 = 16 << 20;

/// What the photo at `path` says about itself, from its header. A file that
/// says nothing, or nothing intelligible, has empty fields.
///
/// # Errors
/// Where the file cannot be read.
pub fn read(path: &Path) -> io::Result<Exif> {
    let (file, _) = regular::open(path)?;
    read_from(&mut BufReader::with_capacity(1 << 14, file))
}

/// What the photo in `reader` says about itself.
///
/// # Errors
/// Those of the reader.
pub(crate) fn read_from<R: Read + Seek>(reader: &mut R) -> io::Result<Exif> {
    let length = reader.seek(SeekFrom::End(0))?;
    reader.seek(SeekFrom::Start(0))?;
    let mut head = Vec::new();
    reader.take(160).read_to_end(&mut head)?;
    let exif = match head.as_slice() {
        [0xFF, 0xD8, ..] => of_jpeg(reader, 0),
        [0x89, b'P', b'N', b'G', ..] => {
            chunk(reader, 8, length, true, b"eXIf").map(|bytes| Exif::from_bytes(&bytes))
        }
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => {
            chunk(reader, 12, length, false, b"EXIF").map(|bytes| {
                // Some writers keep the JPEG segment's name in front.
                Exif::from_bytes(bytes.strip_prefix(b"Exif\0\0").unwrap_or(&bytes))
            })
        }
        [b'F', b'U', b'J', b'I', b'F', b'I', b'L', b'M', ..] => {
            u32_at(&head, 84, true).and_then(|at| of_jpeg(reader, u64::from(at)))
        }
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => of_boxes(reader, length),
        [_, _, _, _, b'J', b'X', b'L', b' ', ..] => isobmff::boxes(reader, 0, length)
            .into_iter()
            .find(|found| found.kind == *b"Exif")
            .and_then(|found| isobmff::content(reader, found, MOST).ok())
            .map(|bytes| of_item(&bytes)),
        bytes if is_tiff(bytes) => Tiff::open(reader, 0)
            .ok()
            .map(|mut tiff| Exif::from_tiff(&mut tiff)),
        _ => None,
    };
    Ok(exif.unwrap_or_default())
}

/// Whether a file begins as a TIFF structure, TIFF itself or a RAW.
pub(crate) fn is_tiff(head: &[u8]) -> bool {
    Head::parse(head).is_some()
}

fn of_jpeg<R: Read + Seek>(reader: &mut R, start: u64) -> Option<Exif> {
    let segments = jpeg::read(reader, start).ok()?;
    segments.exif.map(|bytes| Exif::from_bytes(&bytes))
}

/// The content of the first chunk called `name`; PNG has a big-endian length
/// before and a checksum behind, RIFF a little-endian length behind the name.
fn chunk<R: Read + Seek>(
    reader: &mut R,
    start: u64,
    end: u64,
    png: bool,
    name: &[u8; 4],
) -> Option<Vec<u8>> {
    let mut at = start;
    while at + 8 <= end {
        reader.seek(SeekFrom::Start(at)).ok()?;
        let mut head = [0; 8];
        reader.read_exact(&mut head).ok()?;
        let [a, b, c, d, e, f, g, h] = head;
        let (length, kind, extra) = if png {
            (u32::from_be_bytes([a, b, c, d]), [e, f, g, h], 4)
        } else {
            let length = u32::from_le_bytes([e, f, g, h]);
            (length, [a, b, c, d], u64::from(length & 1))
        };
        let length = u64::from(length);
        if kind == *name && length <= MOST {
            let mut bytes = Vec::new();
            reader.take(length).read_to_end(&mut bytes).ok()?;
            return Some(bytes);
        }
        at += 8 + length + extra;
    }
    None
}

/// EXIF of HEIF, AVIF and CR3.
fn of_boxes<R: Read + Seek>(reader: &mut R, length: u64) -> Option<Exif> {
    if let Some(items) = items::items(reader, length) {
        let exif = items
            .pointing_at(*b"cdsc", items.primary)
            .find(|item| item.kind == *b"Exif")
            .or_else(|| items.items.iter().find(|item| item.kind == *b"Exif"))?;
        return exif.data(reader, MOST).map(|bytes| of_item(&bytes));
    }
    of_cr3(reader, length)
}

/// A HEIF item: the offset of the TIFF structure comes first.
fn of_item(bytes: &[u8]) -> Exif {
    let offset = u32_at(bytes, 0, true).map_or(0, |offset| offset as usize);
    let tiff = bytes.get(4..).and_then(|rest| rest.get(offset..));
    Exif::from_bytes(tiff.unwrap_or_default())
}

/// CR3 has one TIFF structure for the main and one for the EXIF directory.
fn of_cr3<R: Read + Seek>(reader: &mut R, length: u64) -> Option<Exif> {
    let moov = isobmff::boxes(reader, 0, length)
        .into_iter()
        .find(|found| found.kind == *b"moov")?;
    // The box with Canon's own boxes has their identifier in front.
    let canon = isobmff::boxes(reader, moov.start, moov.end)
        .into_iter()
        .find(|found| found.kind == *b"uuid")?;
    let parts = isobmff::boxes(reader, canon.start + 16, canon.end);
    let mut part = |kind: &[u8; 4]| {
        let found = parts.iter().find(|part| part.kind == *kind)?;
        isobmff::content(reader, *found, MOST).ok()
    };
    let main = Exif::from_bytes(&part(b"CMT1")?);
    let Some(bytes) = part(b"CMT2") else {
        return Some(main);
    };
    let exif = Tiff::open(Cursor::new(bytes), 0).ok().map(|mut tiff| {
        let exif = tiff.chain(1).into_iter().next().unwrap_or_default();
        Exif::from_directories(&mut tiff, &Default::default(), &exif)
    });
    Some(main.or(exif.unwrap_or_default()))
}
