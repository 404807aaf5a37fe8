//! XMP inside a photo's own file; read, never written.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::encoding::decode;
use super::packet::{MOST_BYTES, Packet};
use super::statements::Statements;
use crate::metadata::ifd::Tiff;
use crate::metadata::{is_tiff, jpeg};
use crate::regular;

/// TIFF's tag for an XMP packet.
const XMP_TAG: u16 = 700;

/// What the packet inside a JPEG, TIFF, DNG or other RAW file built as a TIFF
/// says about the rating; `None` where there is no packet, or none that makes
/// sense.
///
/// # Errors
/// Where the file cannot be read.
pub fn read_embedded(photo: &Path) -> io::Result<Option<Statements>> {
    if !std::fs::metadata(photo)?.is_file() {
        return Ok(None);
    }
    let (file, _) = regular::open(photo)?;
    let mut reader = BufReader::with_capacity(1 << 14, file);
    let Some(packet) = packet(&mut reader)? else {
        return Ok(None);
    };
    Ok(statements(&packet))
}

fn packet<R: Read + Seek>(reader: &mut R) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    reader.take(16).read_to_end(&mut head)?;
    reader.seek(SeekFrom::Start(0))?;
    Ok(match head.as_slice() {
        [0xFF, 0xD8, ..] => jpeg::read(reader, 0).ok().and_then(|segments| segments.xmp),
        head if is_tiff(head) => Tiff::open(reader, 0).ok().and_then(|mut tiff| {
            let first = tiff.chain(1).into_iter().next()?;
            tiff.bytes(first.get(XMP_TAG)?, MOST_BYTES)
        }),
        _ => None,
    })
}

fn statements(packet: &[u8]) -> Option<Statements> {
    // Writers end it with zeros, too.
    let end = packet.iter().rposition(|&byte| byte != 0)? + 1;
    // UTF-16 may end in the zero half of a character.
    let odd = matches!(packet, [0xFF, 0xFE, ..] | [b'<', 0, ..]) && !end.is_multiple_of(2);
    let decoded = decode(packet.get(..end + usize::from(odd))?).ok()?;
    let statements = Packet::parse(decoded.text.trim_end()).ok()?.statements();
    Some(statements)
}
