//! The boxes of ISO base media files: HEIF, AVIF, CR3 and JPEG XL.
//!
//! The structure only, in a file (by ranges) or in memory; what the boxes of
//! HEIF mean is in `items`.

use std::io::{self, Read, Seek, SeekFrom};

/// Most boxes looked at in one level.
const BOXES: usize = 4096;

/// A box: its kind and where its content lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Box4 {
    pub kind: [u8; 4],
    pub start: u64,
    pub end: u64,
}

/// The boxes between `start` and `end` of the reader; those behind damage are
/// left out.
pub(crate) fn boxes<R: Read + Seek>(reader: &mut R, start: u64, end: u64) -> Vec<Box4> {
    let mut found = Vec::new();
    let mut at = start;
    while at + 8 <= end && found.len() < BOXES {
        let Ok((next, content)) = header(reader, at, end) else {
            break;
        };
        at = next;
        found.push(content);
    }
    found
}

/// The box at `at`, and where the next one begins.
fn header<R: Read + Seek>(reader: &mut R, at: u64, end: u64) -> io::Result<(u64, Box4)> {
    reader.seek(SeekFrom::Start(at))?;
    let (size, kind): ([u8; 4], [u8; 4]) = (array(reader)?, array(reader)?);
    let (size, header) = match u32::from_be_bytes(size) {
        0 => (end - at, 8),
        1 => (u64::from_be_bytes(array(reader)?), 16),
        size => (u64::from(size), 8),
    };
    if size < header {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let next = at.saturating_add(size).min(end);
    let content = Box4 {
        kind,
        start: at + header,
        end: next,
    };
    Ok((next, content))
}

fn array<const N: usize>(reader: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// The content of a box, up to `most` bytes.
pub(crate) fn content<R: Read + Seek>(reader: &mut R, of: Box4, most: u64) -> io::Result<Vec<u8>> {
    reader.seek(SeekFrom::Start(of.start))?;
    let length = (of.end - of.start).min(most);
    let mut bytes = Vec::new();
    reader.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The boxes in `bytes`, kind and content.
pub(crate) fn children(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let size = u32::from_be_bytes(*rest.first_chunk()?);
        let kind = *rest.get(4..)?.first_chunk()?;
        let (size, header) = match size {
            0 => (rest.len(), 8),
            1 => {
                let long = u64::from_be_bytes(*rest.get(8..)?.first_chunk()?);
                (usize::try_from(long).ok()?, 16)
            }
            size => (size as usize, 8),
        };
        let content = rest.get(header..size)?;
        rest = rest.get(size..)?;
        Some((kind, content))
    })
}

pub(crate) fn child<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    children(bytes)
        .find(|found| found.0 == *kind)
        .map(|found| found.1)
}

/// Big-endian numbers one after the other.
#[derive(Debug)]
pub(crate) struct Numbers<'a>(pub &'a [u8]);

impl Numbers<'_> {
    /// The next number, of `size` bytes (0 to 8).
    pub(crate) fn take(&mut self, size: usize) -> Option<u64> {
        let (bytes, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        Some(bytes.iter().fold(0, |n, &byte| n << 8 | u64::from(byte)))
    }

    /// A number of `size` bytes that fits 32 bits.
    pub(crate) fn small(&mut self, size: usize) -> Option<u32> {
        self.take(size).and_then(|n| u32::try_from(n).ok())
    }

    pub(crate) fn kind(&mut self) -> Option<[u8; 4]> {
        self.small(4).map(u32::to_be_bytes)
    }

    /// Version and flags of a full box.
    pub(crate) fn version(&mut self) -> Option<u8> {
        let word = self.small(4)?;
        Some((word >> 24) as u8)
    }
}
