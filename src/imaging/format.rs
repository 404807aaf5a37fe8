//! Which format a photo has: by its name, and by what it holds.

use std::path::Path;

/// A family of photo files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// TIFF.
    Tiff,
    /// WebP.
    WebP,
    /// Windows bitmap.
    Bmp,
    /// GIF, of which the first frame counts.
    Gif,
    /// JPEG XL.
    JpegXl,
    /// AVIF.
    Avif,
    /// HEIF with HEVC pictures, as phones write it (HEIC).
    Heif,
    /// A camera's RAW file, of which the embedded preview counts, or, of a DNG
    /// without one, the sensor data.
    Raw,
}

/// The format a file's extension stands for (in any case), if it is one that
/// Keepers knows; the file itself is not looked at.
pub fn known_format(path: &Path) -> Option<Format> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    Some(match extension.as_str() {
        "jpg" | "jpeg" | "jpe" | "jfif" => Format::Jpeg,
        "png" => Format::Png,
        "tif" | "tiff" => Format::Tiff,
        "webp" => Format::WebP,
        "bmp" | "dib" => Format::Bmp,
        "gif" => Format::Gif,
        "jxl" => Format::JpegXl,
        "avif" => Format::Avif,
        "heic" | "heif" | "hif" => Format::Heif,
        // Adobe, Canon, Nikon, Sony, Olympus, Panasonic and Leica, Fujifilm,
        // Pentax, Samsung, Hasselblad, Epson, Kodak, Mamiya, Phase One.
        "dng" | "cr2" | "cr3" | "nef" | "nrw" | "arw" | "srf" | "sr2" | "orf" | "ori" | "rw2"
        | "rwl" | "raf" | "pef" | "srw" | "3fr" | "fff" | "erf" | "dcr" | "kdc" | "mef" | "mos"
        | "iiq" => Format::Raw,
        _ => return None,
    })
}

/// The format of a file by its first bytes. Names lie: phones and converters
/// put wrong extensions on photos. A RAW file that is built as a TIFF is told
/// from one by its directories, not here.
pub(super) fn sniff(head: &[u8]) -> Option<Format> {
    Some(match head {
        [0xFF, 0xD8, 0xFF, ..] => Format::Jpeg,
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Format::Png,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Format::Gif,
        [
            b'B',
            b'M',
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            header,
            0,
            0,
            0,
            ..,
        ] if *header >= 12 => Format::Bmp,
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
        ] => Format::WebP,
        [0xFF, 0x0A, ..] => Format::JpegXl,
        [
            0,
            0,
            0,
            12,
            b'J',
            b'X',
            b'L',
            b' ',
            b'\r',
            b'\n',
            0x87,
            b'\n',
            ..,
        ] => Format::JpegXl,
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => return brands(head),
        [b'F', b'U', b'J', b'I', b'F', b'I', b'L', b'M', ..] => Format::Raw,
        // Olympus and Panasonic put numbers of their own where TIFF has 42.
        [b'I', b'I', b'R' | b'U', ..] | [b'M', b'M', _, b'R', ..]
            if crate::metadata::is_tiff(head) =>
        {
            Format::Raw
        }
        [_, _, _, _, _, _, _, _, b'C', b'R', 2, ..] if crate::metadata::is_tiff(head) => {
            Format::Raw
        }
        _ if crate::metadata::is_tiff(head) => Format::Tiff,
        _ => return None,
    })
}

/// The format of an ISO base media file by its brands.
fn brands(head: &[u8]) -> Option<Format> {
    let length = u32::from_be_bytes(*head.first_chunk()?) as usize;
    let list = head.get(8..length.min(head.len()))?;
    // The first is the main brand, the second a version number.
    let mut brands = list
        .chunks_exact(4)
        .enumerate()
        .filter(|(i, _)| *i != 1)
        .map(|(_, brand)| brand);
    // Files for both codecs name AVIF's brand beside the general ones.
    let known = |brand: &[u8]| match brand {
        b"avif" | b"avis" => Some(Format::Avif),
        b"crx " => Some(Format::Raw),
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" => Some(Format::Heif),
        _ => None,
    };
    brands.clone().find_map(known).or_else(|| {
        brands
            .any(|brand| matches!(brand, b"mif1" | b"mif2" | b"msf1"))
            .then_some(Format::Heif)
    })
}

/// What a file is that is no photo, as far as its first bytes tell.
pub(super) fn foreign(head: &[u8]) -> &'static str {
    match head {
        [b'8', b'B', b'P', b'S', ..] => "a Photoshop document; export it as JPEG or TIFF",
        [b'%', b'P', b'D', b'F', ..] => "a PDF document, not a photo",
        [b'P', b'K', 3, 4, ..] => "a ZIP archive, not a photo",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "a video, not a photo",
        [0, 0, 0, 12, b'j', b'P', ..] | [0xFF, 0x4F, 0xFF, 0x51, ..] => {
            "JPEG 2000, which is not supported"
        }
        [0x76, 0x2F, 0x31, 0x01, ..] => "OpenEXR, which is not supported",
        [b'F', b'O', b'V', b'b', ..] => "a Sigma RAW file (X3F), which is not supported",
        [0, b'M', b'R', b'M', ..] => "a Minolta RAW file (MRW), which is not supported",
        [b'I', b'I', 0x1A, 0, 0, 0, b'H', b'E', b'A', b'P', ..] => {
            "an old Canon RAW file (CRW), which is not supported"
        }
        _ if head.iter().all(|byte| *byte == 0) => "nothing but zeros, not a photo",
        _ => "not a photo in a format that is supported",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_count_in_any_case() {
        let format = |name: &str| known_format(Path::new(name));
        assert_eq!(format("a/b.JPG"), Some(Format::Jpeg));
        assert_eq!(format("IMG_1.HeIc"), Some(Format::Heif));
        assert_eq!(format("x.CR3"), Some(Format::Raw));
        for none in ["jpg", "a.xmp", "a.jpg.txt", ".jpg", "a.mov", ""] {
            assert_eq!(format(none), None, "{none}");
        }
    }

    #[test]
    fn content_tells_the_format() {
        let sniffs: [(&[u8], Format); 13] = [
            (b"\xFF\xD8\xFF\xE0", Format::Jpeg),
            (b"\x89PNG\r\n\x1A\n", Format::Png),
            (b"GIF89a", Format::Gif),
            (b"RIFF\0\0\0\0WEBPVP8 ", Format::WebP),
            (b"II*\0\x08\0\0\0\0\0", Format::Tiff),
            (b"MM\0+\0\x08\0\0", Format::Tiff),
            (b"II*\0\x10\0\0\0CR\x02\0", Format::Raw),
            (b"IIRO\x08\0\0\0", Format::Raw),
            (b"IIU\0\x08\0\0\0", Format::Raw),
            (b"FUJIFILMCCD-RAW ", Format::Raw),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Format::Heif),
            (b"\0\0\0\x1Cftypmif1\0\0\0\0mif1avif", Format::Avif),
            (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", Format::Raw),
        ];
        for (head, format) in sniffs {
            assert_eq!(sniff(head), Some(format), "{head:?}");
        }
        let foreign_heads: [&[u8]; 5] = [
            b"",
            b"hello, world",
            b"\0\0\0\x18ftypisom\0\0\0\0mp42",
            b"%PDF-1.7",
            b"BMW is a car",
        ];
        for head in foreign_heads {
            assert_eq!(sniff(head), None, "{head:?}");
        }
        assert_eq!(
            foreign(b"\0\0\0\x18ftypisom\0\0\0\0mp42"),
            "a video, not a photo"
        );
    }
}
