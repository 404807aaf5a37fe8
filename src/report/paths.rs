//! Paths as text, so that every path can be got back from it.
//!
//! A path that is proper Unicode is written as it is. What is not becomes an
//! escape: on Unix `\xE9` for the byte 0xE9, on Windows `\u{D83D}` for an
//! unpaired surrogate. A path that holds the text of such an escape has its
//! backslash escaped (`\x5C`, `\u{5C}`), so that undoing every escape always
//! gives the path.

use std::borrow::Cow;
use std::path::Path;

/// The path as text. Owned where the text differs from the path.
pub fn text(path: &Path) -> Cow<'_, str> {
    system::text(path)
}

/// For a path whose [`text`] differs from it: the path itself in hexadecimal,
/// its bytes on Unix, its UTF-16 units (low byte first) on Windows.
pub fn exact(path: &Path) -> Option<String> {
    match text(path) {
        Cow::Borrowed(_) => None,
        Cow::Owned(_) => Some(
            system::bytes(path)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        ),
    }
}

/// The path for a cell of a spreadsheet: [`text`], with `./` in front (`.\\` on
/// Windows) where the cell would be taken for a formula. It names the same file,
/// and scripts need to undo nothing.
pub fn cell(path: &Path) -> Cow<'_, str> {
    let text = text(path);
    if is_formula(&text) {
        Cow::Owned(format!(".{}{text}", std::path::MAIN_SEPARATOR))
    } else {
        text
    }
}

/// Words for a cell of a spreadsheet: with an apostrophe in front where they
/// would be taken for a formula, which spreadsheets do not show.
pub fn cell_of_words(text: &str) -> Cow<'_, str> {
    if is_formula(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether a spreadsheet would reckon with what a cell holds instead of showing
/// it: by its first character, also the wide forms that some take for the same.
fn is_formula(text: &str) -> bool {
    text.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ])
}

/// The path for a person's eyes: [`text`] with nothing in it that would move
/// the cursor or turn the direction of writing.
pub fn shown(path: &Path) -> String {
    clean(&text(path))
}

/// `text` without control characters, which become Rust's escapes.
pub fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            clean.extend(c.escape_default());
        } else {
            clean.push(c);
        }
    }
    clean
}

#[cfg(unix)]
mod system {
    use std::borrow::Cow;
    use std::fmt::Write;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    pub(super) fn bytes(path: &Path) -> Vec<u8> {
        path.as_os_str().as_bytes().to_owned()
    }

    pub(super) fn text(path: &Path) -> Cow<'_, str> {
        let bytes = path.as_os_str().as_bytes();
        if let Ok(text) = std::str::from_utf8(bytes)
            && !bytes.windows(4).any(is_escape)
        {
            return Cow::Borrowed(text);
        }
        let mut text = String::with_capacity(bytes.len() + 8);
        let mut rest = bytes;
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                if rest.get(..4).is_some_and(is_escape) {
                    text.push_str("\\x5C");
                } else {
                    text.push(c);
                }
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
            }
            for byte in chunk.invalid() {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\x{byte:02X}");
            }
            rest = rest.get(chunk.invalid().len()..).unwrap_or_default();
        }
        Cow::Owned(text)
    }

    fn is_escape(bytes: &[u8]) -> bool {
        matches!(bytes, [b'\\', b'x', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
    }
}

#[cfg(windows)]
mod system {
    use std::borrow::Cow;
    use std::fmt::Write;
    use std::os::windows::ffi::OsStrExt;
    use std::path::Path;

    pub(super) fn bytes(path: &Path) -> Vec<u8> {
        path.as_os_str()
            .encode_wide()
            .flat_map(u16::to_le_bytes)
            .collect()
    }

    pub(super) fn text(path: &Path) -> Cow<'_, str> {
        if let Some(text) = path.to_str()
            && !text
                .match_indices('\\')
                .any(|(at, _)| is_escape(&text[at..]))
        {
            return Cow::Borrowed(text);
        }
        let units: Vec<u16> = path.as_os_str().encode_wide().collect();
        let mut text = String::with_capacity(units.len() + 8);
        let mut tail = units.as_slice();
        for c in char::decode_utf16(units.iter().copied()) {
            let length = c.as_ref().map_or(1, |c| c.len_utf16());
            match c {
                Ok('\\') if is_escape(&String::from_utf16_lossy(tail)) => text.push_str("\\u{5C}"),
                Ok(c) => text.push(c),
                Err(surrogate) => {
                    let unit = surrogate.unpaired_surrogate();
                    // Writing to a string cannot fail.
                    let _ = write!(text, "\\u{{{unit:04X}}}");
                }
            }
            tail = tail.get(length..).unwrap_or_default();
        }
        Cow::Owned(text)
    }

    fn is_escape(text: &str) -> bool {
        text.strip_prefix("\\u{")
            .and_then(|rest| rest.split_once('}'))
            .is_some_and(|(hex, _)| {
                !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths_stay_as_they_are() {
        for path in [
            "a.jpg",
            "Fotos/фото è 写真.jpg",
            "new\nline.jpg",
            "=1+1.png",
            "back\\slash",
        ] {
            assert_eq!(text(Path::new(path)), path);
            assert_eq!(exact(Path::new(path)), None);
        }
    }

    #[test]
    fn no_cell_is_a_formula() {
        let cell = |path: &str| cell(Path::new(path)).into_owned();
        let here = format!(".{}", std::path::MAIN_SEPARATOR);
        for name in [
            "=1+1.png", "+1.png", "-x.png", "@a.png", "\t=1.png", "＝1.png",
        ] {
            assert_eq!(cell(name), format!("{here}{name}"));
            assert_eq!(cell(&format!("a/{name}")), format!("a/{name}"));
        }
        assert_eq!(cell("a=b.png"), "a=b.png");
        assert_eq!(cell_of_words("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(cell_of_words("cut off"), "cut off");
    }

    #[test]
    fn nothing_shown_moves_the_cursor() {
        assert_eq!(
            shown(Path::new("a\u{1b}[2J\n\u{202e}gpj.jpg")),
            "a\\u{1b}[2J\\n\\u{202e}gpj.jpg"
        );
        assert_eq!(shown(Path::new("ä 写.jpg")), "ä 写.jpg");
    }

    #[cfg(unix)]
    mod unix {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        use super::*;

        /// What the documentation tells a reader to do.
        fn undo(text: &str) -> Vec<u8> {
            let bytes = text.as_bytes();
            let (mut path, mut at) = (Vec::new(), 0);
            while at < bytes.len() {
                let hex = text
                    .get(at..at + 4)
                    .and_then(|escape| escape.strip_prefix("\\x"))
                    .and_then(|hex| u8::from_str_radix(hex, 16).ok());
                path.push(hex.unwrap_or(bytes[at]));
                at += if hex.is_some() { 4 } else { 1 };
            }
            path
        }

        #[test]
        fn bytes_survive() {
            for (bytes, expected) in [
                (&b"caf\xe9.jpg"[..], "caf\\xE9.jpg"),
                (b"\xff\xfe", "\\xFF\\xFE"),
                (b"a\\\xe9", "a\\\\xE9"),
                (b"\\x41", "\\x5Cx41"),
                (b"\\x4\xe9", "\\x4\\xE9"),
                (b"\\\\x41\xe9", "\\\\x5Cx41\\xE9"),
                ("ü\\xABü\\x".as_bytes(), "ü\\x5CxABü\\x"),
            ] {
                let path = Path::new(OsStr::from_bytes(bytes));
                assert_eq!(text(path), expected);
                assert_eq!(undo(&text(path)), bytes);
                let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
                assert_eq!(exact(path), Some(hex));
            }
        }
    }
}
