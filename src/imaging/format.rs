//! Photo formats by file name.

use std::path::Path;

/// A family of photo files that Keepers takes from a folder.
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
        "bmp" => Format::Bmp,
        "gif" => Format::Gif,
        _ => return None,
    })
}
