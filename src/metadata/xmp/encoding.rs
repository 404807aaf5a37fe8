//! The text of a packet and the bytes it came as, each way without loss.

use super::error::Reason;

/// How a packet's text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16 { big_endian: bool },
}

/// A packet's text, and what is needed to write it as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decoded {
    pub encoding: Encoding,
    /// Whether a byte order mark comes first; it is not part of the text.
    pub mark: bool,
    pub text: String,
}

const MARK: char = '\u{feff}';

/// The text in `bytes`.
///
/// # Errors
/// Where it is neither UTF-8 nor UTF-16.
pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, Reason> {
    let encoding = match bytes {
        [0xFF, 0xFE, 0, 0, ..]
        | [0, 0, 0xFE, 0xFF, ..]
        | [b'<', 0, 0, 0, ..]
        | [0, 0, 0, b'<', ..] => {
            return Err(malformed("it is UTF-32"));
        }
        [0xFF, 0xFE, ..] | [b'<', 0, ..] => Encoding::Utf16 { big_endian: false },
        [0xFE, 0xFF, ..] | [0, b'<', ..] => Encoding::Utf16 { big_endian: true },
        _ => Encoding::Utf8,
    };
    let whole = match encoding {
        Encoding::Utf8 => std::str::from_utf8(bytes)
            .map_err(|error| malformed(&format!("{error}")))?
            .to_owned(),
        Encoding::Utf16 { big_endian } => {
            if !bytes.len().is_multiple_of(2) {
                return Err(malformed("it is UTF-16 that ends in half a character"));
            }
            let unit = |pair: &[u8]| match *pair {
                [a, b] if big_endian => u16::from_be_bytes([a, b]),
                [a, b] => u16::from_le_bytes([a, b]),
                _ => 0,
            };
            let units: Vec<u16> = bytes.chunks_exact(2).map(unit).collect();
            String::from_utf16(&units).map_err(|error| malformed(&error.to_string()))?
        }
    };
    let (mark, text) = match whole.strip_prefix(MARK) {
        Some(text) => (true, text.to_owned()),
        None => (false, whole),
    };
    Ok(Decoded {
        encoding,
        mark,
        text,
    })
}

/// The bytes of `text`, written as the packet it stems from.
pub(super) fn encode(text: &str, encoding: Encoding, mark: bool) -> Vec<u8> {
    let whole = mark.then_some(MARK).into_iter().chain(text.chars());
    match encoding {
        Encoding::Utf8 => whole.collect::<String>().into_bytes(),
        Encoding::Utf16 { big_endian } => {
            let mut units = [0; 2];
            let mut bytes = Vec::with_capacity(2 * text.len());
            for c in whole {
                for unit in c.encode_utf16(&mut units) {
                    bytes.extend(if big_endian {
                        unit.to_be_bytes()
                    } else {
                        unit.to_le_bytes()
                    });
                }
            }
            bytes
        }
    }
}

fn malformed(what: &str) -> Reason {
    Reason::Malformed(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_comes_back_as_it_was() {
        let text = "<x>é 写 \u{1F4F7}</x>\r\n";
        for encoding in [
            Encoding::Utf8,
            Encoding::Utf16 { big_endian: false },
            Encoding::Utf16 { big_endian: true },
        ] {
            for mark in [false, true] {
                let bytes = encode(text, encoding, mark);
                let decoded = decode(&bytes).unwrap();
                assert_eq!(
                    (decoded.encoding, decoded.mark, decoded.text.as_str()),
                    (encoding, mark, text)
                );
            }
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for bytes in [
            &b"<x>\xE9</x>"[..],
            b"\xFF\xFE<\0x",
            b"\xFF\xFE\0\0<\0\0\0",
            b"<\0\x00\xD8<\0",
        ] {
            assert!(decode(bytes).is_err(), "{bytes:?}");
        }
    }
}
