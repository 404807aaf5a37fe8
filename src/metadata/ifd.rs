//! TIFF's directories of tagged values, read by ranges.
//!
//! TIFF photos, EXIF and most RAW files are built of them. This reader knows
//! their structure and nothing of pixels; it is lenient, as cameras are: an
//! entry that makes no sense is as good as absent.

use std::io::{self, Read, Seek, SeekFrom};

/// Most entries that a directory may have; real ones have about a hundred.
const ENTRIES: u64 = 4096;

/// The file's head: byte order and where the first directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub big_endian: bool,
    /// 64-bit offsets.
    pub big: bool,
    /// The number behind the byte order, 42 in a plain TIFF; some cameras put
    /// their own.
    pub magic: u16,
}

impl Head {
    /// Reads the head from a file's first bytes, with the numbers that cameras
    /// put in place of 42 (Olympus and Panasonic).
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let big_endian = match bytes.get(..2)? {
            b"II" => false,
            b"MM" => true,
            _ => return None,
        };
        let magic = u16_at(bytes, 2, big_endian)?;
        matches!(magic, 42 | 43 | 0x55 | 0x4f52 | 0x5352).then_some(Self {
            big_endian,
            big: magic == 43,
            magic,
        })
    }
}

/// A directory: its entries and where the next one is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Directory {
    entries: Vec<Entry>,
    /// Offset of the next directory, 0 for none.
    pub next: u64,
}

impl Directory {
    pub(crate) fn get(&self, tag: u16) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tag == tag)
    }
}

/// A tagged value: where it is and what it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub tag: u16,
    kind: u16,
    count: u64,
    /// Where the value's bytes are, from the start of the TIFF.
    pub offset: u64,
}

impl Entry {
    fn unit(&self) -> Option<u64> {
        Some(match self.kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16 | 17 | 18 => 8,
            _ => return None,
        })
    }

    /// Length in bytes.
    pub(crate) fn length(&self) -> Option<u64> {
        self.unit()?.checked_mul(self.count)
    }
}

/// A TIFF structure inside a reader, `base` bytes from its start.
#[derive(Debug)]
pub(crate) struct Tiff<R> {
    reader: R,
    base: u64,
    pub head: Head,
    first: u64,
}

impl<R: Read + Seek> Tiff<R> {
    /// Opens the structure at `base`.
    ///
    /// # Errors
    /// Those of the reader, and `InvalidData` where there is no TIFF.
    pub(crate) fn open(mut reader: R, base: u64) -> io::Result<Self> {
        reader.seek(SeekFrom::Start(base))?;
        let mut bytes = [0; 16];
        let mut length = 0;
        while length < bytes.len() {
            match reader.read(bytes.get_mut(length..).unwrap_or_default())? {
                0 => break,
                n => length += n,
            }
        }
        let bytes = bytes.get(..length).unwrap_or_default();
        let head = Head::parse(bytes).ok_or_else(|| invalid("no TIFF structure"))?;
        let first = if head.big {
            u64_at(bytes, 8, head.big_endian)
        } else {
            u32_at(bytes, 4, head.big_endian).map(u64::from)
        };
        Ok(Self {
            reader,
            base,
            head,
            first: first.ok_or_else(|| invalid("a TIFF that ends at its head"))?,
        })
    }

    /// The first directory and all that follow it in the chain, `most` of them
    /// at most.
    pub(crate) fn chain(&mut self, most: usize) -> Vec<Directory> {
        let mut seen = Vec::new();
        let mut chain = Vec::new();
        let mut at = self.first;
        while at != 0 && !seen.contains(&at) && chain.len() < most {
            seen.push(at);
            let Ok(directory) = self.directory(at) else {
                break;
            };
            at = directory.next;
            chain.push(directory);
        }
        chain
    }

    /// The directory at `offset`.
    ///
    /// # Errors
    /// Those of the reader, and `InvalidData` for an absurd number of entries.
    pub(crate) fn directory(&mut self, offset: u64) -> io::Result<Directory> {
        let big_endian = self.head.big_endian;
        let (count_size, entry_size, inline) = if self.head.big {
            (8, 20, 8)
        } else {
            (2, 12, 4)
        };
        let count = self.bytes_at(offset, count_size)?;
        let count = unsigned_at(&count, 0, count_size, big_endian).unwrap_or(0);
        if count > ENTRIES {
            return Err(invalid("a directory of too many entries"));
        }
        let start = offset + count_size;
        let table = self.bytes_at(start, count * entry_size)?;
        let mut entries = Vec::new();
        for i in 0..count {
            let at = (i * entry_size) as usize;
            let pointer = at + entry_size as usize - inline as usize;
            let parsed = (|| {
                Some(Entry {
                    tag: u16_at(&table, at, big_endian)?,
                    kind: u16_at(&table, at + 2, big_endian)?,
                    count: unsigned_at(&table, at + 4, inline, big_endian)?,
                    offset: unsigned_at(&table, pointer, inline, big_endian)?,
                })
            })();
            let Some(mut entry) = parsed else { continue };
            if entry.length().is_some_and(|length| length <= inline) {
                entry.offset = start + pointer as u64;
            }
            entries.push(entry);
        }
        let next = self
            .bytes_at(start + count * entry_size, inline)
            .ok()
            .and_then(|bytes| unsigned_at(&bytes, 0, inline, big_endian))
            .unwrap_or(0);
        Ok(Directory { entries, next })
    }

    /// The directories of a part of the file that count offsets from `base` of
    /// this structure, as makers' notes do.
    pub(crate) fn part(&mut self, base: u64, big_endian: bool) -> Tiff<&mut R> {
        Tiff {
            reader: &mut self.reader,
            base: self.base.saturating_add(base),
            head: Head {
                big_endian,
                ..self.head
            },
            first: 0,
        }
    }

    /// `length` bytes at `offset` of the structure.
    ///
    /// # Errors
    /// Those of the reader; `UnexpectedEof` where the file ends before.
    pub(crate) fn bytes_at(&mut self, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let start = self
            .base
            .checked_add(offset)
            .ok_or_else(|| invalid("an offset beyond all files"))?;
        self.reader.seek(SeekFrom::Start(start))?;
        // What is there is read, so a length that is a lie costs no memory.
        let mut bytes = Vec::new();
        (&mut self.reader).take(length).read_to_end(&mut bytes)?;
        if bytes.len() as u64 == length {
            Ok(bytes)
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    /// A value's bytes; `None` where it is longer than `most` or not there.
    pub(crate) fn bytes(&mut self, entry: &Entry, most: u64) -> Option<Vec<u8>> {
        let length = entry.length().filter(|&length| length <= most)?;
        self.bytes_at(entry.offset, length).ok()
    }

    /// A value of unsigned whole numbers; empty where it is none.
    pub(crate) fn unsigned(&mut self, entry: &Entry) -> Vec<u64> {
        if !matches!(entry.kind, 1 | 3 | 4 | 7 | 13 | 16 | 18) {
            return Vec::new();
        }
        let Some(unit) = entry.unit() else {
            return Vec::new();
        };
        let bytes = self.bytes(entry, 1 << 20).unwrap_or_default();
        bytes
            .chunks_exact(unit as usize)
            .filter_map(|chunk| unsigned_at(chunk, 0, unit, self.head.big_endian))
            .collect()
    }

    /// The first of a value's unsigned whole numbers.
    pub(crate) fn number(&mut self, directory: &Directory, tag: u16) -> Option<u64> {
        let entry = directory.get(tag)?;
        self.unsigned(entry).first().copied()
    }

    /// A value as real numbers, from fractions, whole numbers or floats.
    pub(crate) fn reals(&mut self, directory: &Directory, tag: u16) -> Vec<f64> {
        let Some(entry) = directory.get(tag) else {
            return Vec::new();
        };
        let big = self.head.big_endian;
        let whole = |bytes: &[u8], at| u32_at(bytes, at, big);
        match entry.kind {
            5 | 10 => {
                let signed = entry.kind == 10;
                let real = move |raw: u32| {
                    if signed {
                        f64::from(raw.cast_signed())
                    } else {
                        f64::from(raw)
                    }
                };
                let bytes = self.bytes(entry, 1 << 16).unwrap_or_default();
                bytes
                    .chunks_exact(8)
                    .filter_map(|pair| Some(real(whole(pair, 0)?) / real(whole(pair, 4)?)))
                    .collect()
            }
            11 => {
                let bytes = self.bytes(entry, 1 << 16).unwrap_or_default();
                bytes
                    .chunks_exact(4)
                    .filter_map(|four| Some(f64::from(f32::from_bits(whole(four, 0)?))))
                    .collect()
            }
            12 => {
                let bytes = self.bytes(entry, 1 << 16).unwrap_or_default();
                bytes
                    .chunks_exact(8)
                    .filter_map(|eight| u64_at(eight, 0, big).map(f64::from_bits))
                    .collect()
            }
            _ => {
                let entry = entry.clone();
                let numbers = self.unsigned(&entry);
                numbers.into_iter().map(|n| n as f64).collect()
            }
        }
    }

    /// A text without its padding; `None` where it is empty.
    pub(crate) fn text(&mut self, directory: &Directory, tag: u16) -> Option<String> {
        let entry = directory.get(tag)?;
        if !matches!(entry.kind, 1 | 2 | 7) {
            return None;
        }
        let bytes = self.bytes(entry, 4096)?;
        let text = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
        let text = String::from_utf8_lossy(text).trim().to_owned();
        (!text.is_empty()).then_some(text)
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// An unsigned number of `size` bytes (1, 2, 4 or 8).
pub(crate) fn unsigned_at(bytes: &[u8], at: usize, size: u64, big: bool) -> Option<u64> {
    match size {
        1 => bytes.get(at).map(|&byte| u64::from(byte)),
        2 => u16_at(bytes, at, big).map(u64::from),
        4 => u32_at(bytes, at, big).map(u64::from),
        8 => u64_at(bytes, at, big),
        _ => None,
    }
}

macro_rules! reader {
    ($name:ident, $type:ty) => {
        /// The number at `at`, `None` where the bytes end before.
        pub(crate) fn $name(bytes: &[u8], at: usize, big_endian: bool) -> Option<$type> {
            let bytes = bytes.get(at..)?.first_chunk()?;
            Some(if big_endian {
                <$type>::from_be_bytes(*bytes)
            } else {
                <$type>::from_le_bytes(*bytes)
            })
        }
    };
}
reader!(u16_at, u16);
reader!(u32_at, u32);
reader!(u64_at, u64);
