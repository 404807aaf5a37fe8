//! Where RAW files keep their JPEGs, maker by maker: a few small reads, and
//! nothing of the sensor's data.

use std::io::{Read, Seek};

use super::super::super::source::Source;
use crate::metadata::ifd::{Directory, Tiff, u32_at};
use crate::metadata::isobmff::{self, Box4, Numbers};

/// Most directories looked at; a RAW file has about ten.
const DIRECTORIES: usize = 64;

mod tag {
    pub const COMPRESSION: u16 = 0x103;
    pub const STRIPS: u16 = 0x111;
    pub const STRIP_BYTES: u16 = 0x117;
    pub const DIRECTORIES: u16 = 0x14A;
    pub const JPEG: u16 = 0x201;
    pub const JPEG_BYTES: u16 = 0x202;
    pub const EXIF: u16 = 0x8769;
    pub const MAKER_NOTE: u16 = 0x927C;
    /// Panasonic's whole JPEG as a value.
    pub const PANASONIC_JPEG: u16 = 0x2E;
    /// Olympus' settings, and in them where the preview is.
    pub const OLYMPUS_SETTINGS: u16 = 0x2020;
    pub const OLYMPUS_JPEG: u16 = 0x101;
    pub const OLYMPUS_JPEG_BYTES: u16 = 0x102;
}

/// An offset and a length in the file.
type Place = (u64, u64);

/// What the file's structure names as a JPEG; whether one is there is for the
/// caller to see.
pub(super) fn all(source: &mut Source) -> Vec<Place> {
    let length = source.length;
    if source.head.starts_with(b"FUJIFILM") {
        let number = |at| u32_at(&source.head, at, true).map(u64::from);
        return number(84).zip(number(88)).into_iter().collect();
    }
    if source.head.get(4..8) == Some(b"ftyp") {
        return of_cr3(&mut source.parts(), length);
    }
    match Tiff::open(source.parts(), 0) {
        Ok(mut tiff) => of_tiff(&mut tiff),
        Err(_) => Vec::new(),
    }
}

/// All directories of a TIFF structure: the chain, and those that directories
/// lead to.
pub(super) fn directories<R: Read + Seek>(tiff: &mut Tiff<R>) -> Vec<Directory> {
    let mut all = tiff.chain(DIRECTORIES);
    let mut seen = Vec::new();
    let mut i = 0;
    while let Some(directory) = all.get(i) {
        i += 1;
        let Some(entry) = directory.get(tag::DIRECTORIES).cloned() else {
            continue;
        };
        for offset in tiff.unsigned(&entry) {
            if all.len() >= DIRECTORIES || seen.contains(&offset) {
                continue;
            }
            seen.push(offset);
            if let Ok(directory) = tiff.directory(offset) {
                all.push(directory);
            }
        }
    }
    all
}

/// The JPEGs of files that are built as a TIFF: CR2, NEF, ARW, PEF, DNG and their
/// like in directories and their strips, RW2 as a value, ORF in the maker's note.
fn of_tiff<R: Read + Seek>(tiff: &mut Tiff<R>) -> Vec<Place> {
    let mut places = Vec::new();
    for directory in directories(tiff) {
        let jpeg = tiff.number(&directory, tag::JPEG);
        places.extend(jpeg.zip(tiff.number(&directory, tag::JPEG_BYTES)));
        if let Some(entry) = directory.get(tag::PANASONIC_JPEG) {
            places.extend(entry.length().map(|length| (entry.offset, length)));
        }
        let compression = tiff.number(&directory, tag::COMPRESSION);
        let strips = directory.get(tag::STRIPS).cloned();
        if let (Some(6 | 7), Some(strips)) = (compression, strips)
            && let [offset] = tiff.unsigned(&strips)[..]
        {
            let length = tiff.number(&directory, tag::STRIP_BYTES);
            places.extend(length.map(|length| (offset, length)));
        }
        places.extend(of_olympus(tiff, &directory));
    }
    places
}

/// The preview that Olympus' note in an EXIF directory names. Its offsets count
/// from the note's start.
fn of_olympus<R: Read + Seek>(tiff: &mut Tiff<R>, main: &Directory) -> Option<Place> {
    let exif = tiff.number(main, tag::EXIF)?;
    let exif = tiff.directory(exif).ok()?;
    let note = exif.get(tag::MAKER_NOTE)?.offset;
    let head = tiff.bytes_at(note, 16).ok()?;
    let (order, first) = match head.as_slice() {
        [b'O', b'L', b'Y', b'M', b'P', b'U', b'S', 0, order, _, ..] => (*order, 12),
        [
            b'O',
            b'M',
            b' ',
            b'S',
            b'Y',
            b'S',
            b'T',
            b'E',
            b'M',
            0,
            0,
            0,
            order,
            ..,
        ] => (*order, 16),
        _ => return None,
    };
    let mut note_tiff = tiff.part(note, order == b'M');
    let directory = note_tiff.directory(first).ok()?;
    let settings = note_tiff.number(&directory, tag::OLYMPUS_SETTINGS)?;
    let settings = note_tiff.directory(settings).ok()?;
    let start = note_tiff.number(&settings, tag::OLYMPUS_JPEG)?;
    let length = note_tiff.number(&settings, tag::OLYMPUS_JPEG_BYTES)?;
    Some((note.checked_add(start)?, length))
}

/// The JPEGs of a CR3: the preview in a box of Canon's own, and the samples of
/// its tracks, one of which is a JPEG of full size.
fn of_cr3<R: Read + Seek>(reader: &mut R, length: u64) -> Vec<Place> {
    /// Canon's mark of the box with the preview.
    const PREVIEW: [u8; 16] = [
        0xEA, 0xF4, 0x2B, 0x5E, 0x1C, 0x98, 0x4B, 0x88, 0xB9, 0xFB, 0xB7, 0xDC, 0x40, 0x6E, 0x4D,
        0x16,
    ];
    let mut places = Vec::new();
    for top in isobmff::boxes(reader, 0, length) {
        match &top.kind {
            b"uuid" if isobmff::content(reader, top, 16).is_ok_and(|mark| mark == PREVIEW) => {
                // Eight bytes of a head come before the box inside.
                let inside = isobmff::boxes(reader, top.start + 24, top.end);
                for preview in inside.iter().filter(|inside| inside.kind == *b"PRVW") {
                    places.extend(of_preview(reader, *preview));
                }
            }
            b"moov" => {
                for track in isobmff::boxes(reader, top.start, top.end) {
                    if track.kind == *b"trak" {
                        places.extend(of_track(reader, track));
                    }
                }
            }
            _ => {}
        }
    }
    places
}

/// Behind the sizes, which the JPEG itself has too, comes its length.
fn of_preview<R: Read + Seek>(reader: &mut R, preview: Box4) -> Option<Place> {
    const HEAD: u64 = 16;
    let head = isobmff::content(reader, preview, HEAD).ok()?;
    let length = u32_at(&head, 12, true)?;
    Some((preview.start + HEAD, u64::from(length)))
}

/// The first sample of a track.
fn of_track<R: Read + Seek>(reader: &mut R, track: Box4) -> Option<Place> {
    let mut table = track;
    for kind in [b"mdia", b"minf", b"stbl"] {
        table = isobmff::boxes(reader, table.start, table.end)
            .into_iter()
            .find(|inside| inside.kind == *kind)?;
    }
    let parts = isobmff::boxes(reader, table.start, table.end);
    let mut head = |kind: &[u8; 4]| {
        let part = parts.iter().find(|part| part.kind == *kind)?;
        isobmff::content(reader, *part, 16).ok()
    };
    // Version and flags, one size for all samples or 0, their number, sizes.
    let sizes = head(b"stsz")?;
    let mut sizes = Numbers(sizes.get(4..)?);
    let length = match (sizes.take(4)?, sizes.take(4)?) {
        (0, _) => sizes.take(4)?,
        (same, _) => same,
    };
    let offset = match (head(b"co64"), head(b"stco")) {
        (Some(offsets), _) => Numbers(offsets.get(8..)?).take(8)?,
        (None, offsets) => Numbers(offsets?.get(8..)?).take(4)?,
    };
    Some((offset, length))
}
