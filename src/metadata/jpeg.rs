//! JPEG's segments: size, EXIF, ICC profile, Adobe's colour mark, and where
//! the picture's data ends. Nothing is decoded here.

use std::io::{self, Read, Seek, SeekFrom};

/// What the segment with the XMP packet begins with.
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// What the segments before a JPEG's first scan say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Segments {
    pub frame: Option<Frame>,
    /// The TIFF structure of the EXIF segment.
    pub exif: Option<Vec<u8>>,
    /// The XMP packet.
    pub xmp: Option<Vec<u8>>,
    /// The ICC profile, put together from its parts; `None` where one lacks.
    pub icc: Option<Vec<u8>>,
    /// The colour transform of Adobe's segment: 0 none, 1 YCbCr, 2 YCCK.
    pub adobe: Option<u8>,
    /// Whether there is a JFIF segment.
    pub jfif: bool,
    /// Where the first scan's header begins.
    pub scan: Option<u64>,
}

/// The frame header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The marker's second byte, 0xC0 to 0xCF.
    pub marker: u8,
    /// Bits per sample.
    pub precision: u8,
    pub width: u16,
    pub height: u16,
    pub components: u8,
    /// The names of the first three components.
    pub names: [u8; 3],
}

impl Frame {
    /// Coded in scans that refine each other.
    pub(crate) fn progressive(self) -> bool {
        matches!(self.marker, 0xC2 | 0xC6 | 0xCA | 0xCE)
    }

    /// Coded without loss, as RAW data often is.
    pub(crate) fn lossless(self) -> bool {
        matches!(self.marker, 0xC3 | 0xC7 | 0xCB | 0xCF)
    }

    pub(crate) fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// Reads the segments of the JPEG at the reader's `start` up to its first scan.
///
/// # Errors
/// Those of the reader; `InvalidData` where there is no JPEG.
pub(crate) fn read<R: Read + Seek>(reader: &mut R, start: u64) -> io::Result<Segments> {
    let mut at = start;
    reader.seek(SeekFrom::Start(at))?;
    if read_array(reader)? != [0xFF, 0xD8] {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "no JPEG"));
    }
    at += 2;
    let mut segments = Segments::default();
    let mut icc: Vec<(u8, u8, Vec<u8>)> = Vec::new();
    while let Some((marker, after)) = next_marker(reader, at)? {
        at = after;
        match marker {
            // No length follows these.
            0x01 | 0xD0..=0xD8 => continue,
            0xD9 => break,
            0xDA => {
                segments.scan = Some(at - 2);
                break;
            }
            _ => {}
        }
        let Ok(length) = read_array(reader).map(u16::from_be_bytes) else {
            break;
        };
        let content = u64::from(length.saturating_sub(2));
        let mut take = |most: u64| -> io::Result<Vec<u8>> {
            let mut bytes = Vec::new();
            reader.take(content.min(most)).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        match marker {
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                segments.frame = frame(marker, &take(15)?).or(segments.frame);
            }
            0xE0 => segments.jfif |= take(5)? == b"JFIF\0",
            0xE1 if segments.exif.is_none() || segments.xmp.is_none() => {
                let bytes = take(u64::MAX)?;
                if let Some(exif) = bytes.strip_prefix(b"Exif\0\0") {
                    segments.exif.get_or_insert_with(|| exif.to_vec());
                } else if let Some(xmp) = bytes.strip_prefix(XMP) {
                    segments.xmp.get_or_insert_with(|| xmp.to_vec());
                }
            }
            0xE2 => {
                if let Some([number, count, part @ ..]) =
                    take(u64::MAX)?.strip_prefix(b"ICC_PROFILE\0")
                {
                    icc.push((*number, *count, part.to_vec()));
                }
            }
            0xEE => {
                let bytes = take(12)?;
                if bytes.starts_with(b"Adobe") {
                    segments.adobe = bytes.get(11).copied();
                }
            }
            _ => {}
        }
        at += u64::from(length.max(2));
    }
    segments.icc = join(icc);
    Ok(segments)
}

/// The next marker at or behind `at`, with what lies between skipped, and where
/// its segment begins.
fn next_marker<R: Read + Seek>(reader: &mut R, at: u64) -> io::Result<Option<(u8, u64)>> {
    /// Some cameras leave padding between segments; more than this is damage.
    const PADDING: u64 = 1 << 16;
    reader.seek(SeekFrom::Start(at))?;
    let mut after_ff = false;
    for i in 0..PADDING {
        let Ok([byte]) = read_array(reader) else {
            return Ok(None);
        };
        match byte {
            0xFF => after_ff = true,
            1.. if after_ff => return Ok(Some((byte, at + i + 1))),
            _ => after_ff = false,
        }
    }
    Ok(None)
}

fn read_array<const N: usize>(reader: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn frame(marker: u8, bytes: &[u8]) -> Option<Frame> {
    let &[precision, h1, h0, w1, w0, components, ..] = bytes else {
        return None;
    };
    // Three bytes for each component, its name first.
    let name = |i: usize| bytes.get(6 + 3 * i).copied().unwrap_or(0);
    Some(Frame {
        marker,
        precision,
        width: u16::from_be_bytes([w1, w0]),
        height: u16::from_be_bytes([h1, h0]),
        components,
        names: [name(0), name(1), name(2)],
    })
}

/// Puts the parts of an ICC profile in their order.
fn join(mut parts: Vec<(u8, u8, Vec<u8>)>) -> Option<Vec<u8>> {
    parts.sort_by_key(|part| part.0);
    parts.dedup_by_key(|part| part.0);
    let complete = !parts.is_empty()
        && (1..=u8::MAX)
            .zip(&parts)
            .all(|(number, part)| part.0 == number && usize::from(part.1) == parts.len());
    complete.then(|| parts.into_iter().flat_map(|part| part.2).collect())
}

/// Where the picture of the JPEG in `bytes` ends: the offset of its end marker,
/// `None` where there is none. `scan` is where its first scan begins.
///
/// What cameras append (a second picture, a video) is behind it, and what they
/// embed (a thumbnail) lies in segments, which are stepped over.
pub(crate) fn end_marker(bytes: &[u8], scan: u64) -> Option<usize> {
    let mut at = usize::try_from(scan).ok()?;
    loop {
        at += memchr::memchr(0xFF, bytes.get(at..)?)?;
        match *bytes.get(at + 1)? {
            0xD9 => return Some(at),
            0xFF => at += 1,
            0x00 | 0x01 | 0xD0..=0xD8 => at += 2,
            _ => {
                let length = bytes.get(at + 2..)?.first_chunk()?;
                at += 2 + usize::from(u16::from_be_bytes(*length)).max(2);
            }
        }
    }
}
