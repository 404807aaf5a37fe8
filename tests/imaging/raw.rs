//! RAW files of the main makers, built as their cameras build them around a
//! picture of ours: each gives its largest preview, upright, without a search
//! through the sensor's data.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use keepers::imaging::{Decoded, ImagingError, Limits, Want, decode};

use super::formats::stands_upright;

/// Where things lie in the files; directories are far smaller than the gaps.
const DIRECTORIES: [u32; 6] = [0x100, 0x300, 0x500, 0x700, 0x900, 0xB00];
const EXIF: u32 = 0xD00;
const NOTE: u32 = 0x1000;
const THUMBNAIL: u32 = 0x4000;
/// A larger JPEG than the preview, in the sensor's data, that nothing names.
const DECOY: u32 = 0x10000;
const PREVIEW: u32 = 0x80000;

/// The pattern as a JPEG: its red grows to the right, its green downwards.
fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let pattern = RgbImage::from_fn(width, height, |x, y| {
        Rgb([(x * 255 / width) as u8, (y * 255 / height) as u8, 60])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::from(pattern)
        .write_to(&mut bytes, ImageFormat::Jpeg)
        .unwrap();
    bytes.into_inner()
}

/// A file that is put together piece by piece.
struct Build {
    bytes: Vec<u8>,
    big_endian: bool,
    preview: Vec<u8>,
    thumbnail: Vec<u8>,
}

impl Build {
    fn new(big_endian: bool, preview_at: u32) -> Self {
        let (preview, thumbnail, decoy) = (jpeg(960, 640), jpeg(160, 120), jpeg(1500, 1000));
        assert!(THUMBNAIL as usize + thumbnail.len() < DECOY as usize);
        assert!(DECOY as usize + decoy.len() < PREVIEW as usize);
        let mut build = Self {
            bytes: Vec::new(),
            big_endian,
            preview,
            thumbnail,
        };
        let (preview, thumbnail) = (build.preview.clone(), build.thumbnail.clone());
        build.put(THUMBNAIL, &thumbnail);
        build.put(DECOY, &decoy);
        build.put(preview_at, &preview);
        build
    }

    fn put(&mut self, at: u32, bytes: &[u8]) {
        let at = at as usize;
        if self.bytes.len() < at + bytes.len() {
            self.bytes.resize(at + bytes.len(), 0);
        }
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn number(&self, value: u32, size: usize) -> Vec<u8> {
        let bytes = value.to_be_bytes();
        let mut bytes = bytes[4 - size..].to_vec();
        if !self.big_endian {
            bytes.reverse();
        }
        bytes
    }

    fn head(&mut self, magic: &[u8; 2], first: u32) {
        let order: &[u8; 2] = if self.big_endian { b"MM" } else { b"II" };
        let first = self.number(first, 4);
        self.put(0, &[&order[..], magic, &first].concat());
    }

    /// A directory at `at`; its offsets count from `base`. A kind of 3 means
    /// values of 16 bits, of 7 bytes that lie at the value, else of 32 bits.
    fn directory(&mut self, at: u32, base: u32, entries: &[(u16, u16, &[u32])], next: u32) {
        let mut table = self.number(entries.len() as u32, 2);
        let mut more = at + 0x100;
        assert!(entries.is_sorted_by_key(|entry| entry.0));
        for &(tag, kind, values) in entries {
            table.extend(self.number(u32::from(tag), 2));
            table.extend(self.number(u32::from(kind), 2));
            if let (7, [offset, length]) = (kind, values) {
                table.extend(self.number(*length, 4));
                table.extend(self.number(offset - base, 4));
                continue;
            }
            let size = if kind == 3 { 2 } else { 4 };
            table.extend(self.number(values.len() as u32, 4));
            let mut bytes: Vec<u8> = values.iter().flat_map(|v| self.number(*v, size)).collect();
            if bytes.len() > 4 {
                self.put(more, &bytes);
                let length = bytes.len() as u32;
                bytes = self.number(more - base, 4);
                more += length;
            }
            bytes.resize(4, 0);
            table.extend(bytes);
        }
        table.extend(self.number(next, 4));
        self.put(at, &table);
    }

    fn lengths(&self) -> (u32, u32) {
        (self.preview.len() as u32, self.thumbnail.len() as u32)
    }
}

/// Turned by 90 degrees clockwise to be upright.
const TURNED: &[u32] = &[6];
const SENSOR: &[u32] = &[DECOY - 0x2000];
const SENSOR_BYTES: &[u32] = &[0x60000];

fn cr2() -> Vec<u8> {
    let mut file = Build::new(false, PREVIEW);
    let [first, second, third, fourth, ..] = DIRECTORIES;
    let (preview, thumbnail) = file.lengths();
    file.head(b"*\0", first);
    file.put(8, &[b"CR\x02\0", &fourth.to_le_bytes()[..]].concat());
    file.directory(
        first,
        0,
        &[
            (0x100, 3, &[960]),
            (0x101, 3, &[640]),
            (0x102, 3, &[8, 8, 8]),
            (0x103, 3, &[6]),
            (0x111, 4, &[PREVIEW]),
            (0x112, 3, TURNED),
            (0x117, 4, &[preview]),
        ],
        second,
    );
    file.directory(
        second,
        0,
        &[(0x201, 4, &[THUMBNAIL]), (0x202, 4, &[thumbnail])],
        third,
    );
    // A small picture without compression, and the sensor's data.
    file.directory(
        third,
        0,
        &[(0x103, 3, &[1]), (0x111, 4, SENSOR), (0x117, 4, &[0x1000])],
        fourth,
    );
    file.directory(
        fourth,
        0,
        &[
            (0x103, 3, &[6]),
            (0x111, 4, SENSOR),
            (0x117, 4, SENSOR_BYTES),
        ],
        0,
    );
    file.bytes
}

/// Nikon's and Adobe's: the first directory leads to those of the sensor's data
/// and of the preview.
fn with_directories_inside(big_endian: bool, dng: bool) -> Vec<u8> {
    let mut file = Build::new(big_endian, PREVIEW);
    let [first, second, third, ..] = DIRECTORIES;
    let (preview, _) = file.lengths();
    file.head(if big_endian { b"\0*" } else { b"*\0" }, first);
    let inside = [second, third];
    let mut entries: Vec<(u16, u16, &[u32])> = vec![
        (0xFE, 4, &[1]),
        (0x100, 4, &[160]),
        (0x101, 4, &[120]),
        (0x103, 3, &[1]),
        (0x111, 4, SENSOR),
        (0x112, 3, TURNED),
        (0x117, 4, &[57_600]),
        (0x14A, 4, &inside),
    ];
    if dng {
        entries.push((0xC612, 4, &[0x0104]));
    }
    file.directory(first, 0, &entries, 0);
    let lengths = [preview];
    let shown: &[(u16, u16, &[u32])] = if dng {
        // A lossy JPEG in one strip.
        &[
            (0xFE, 4, &[1]),
            (0x103, 3, &[7]),
            (0x106, 3, &[6]),
            (0x111, 4, &[PREVIEW]),
            (0x117, 4, &lengths),
        ]
    } else {
        &[
            (0xFE, 4, &[1]),
            (0x103, 3, &[6]),
            (0x201, 4, &[PREVIEW]),
            (0x202, 4, &lengths),
        ]
    };
    file.directory(second, 0, shown, 0);
    let sensor: &[(u16, u16, &[u32])] = &[
        (0xFE, 4, &[0]),
        (0x103, 3, &[34713]),
        (0x106, 3, &[32803]),
        (0x111, 4, SENSOR),
        (0x117, 4, SENSOR_BYTES),
    ];
    file.directory(third, 0, sensor, 0);
    file.bytes
}

/// Sony's: the preview in the first directory, the sensor's data in one inside.
fn arw() -> Vec<u8> {
    let mut file = Build::new(false, PREVIEW);
    let [first, second, third, ..] = DIRECTORIES;
    let (preview, thumbnail) = file.lengths();
    file.head(b"*\0", first);
    file.directory(
        first,
        0,
        &[
            (0xFE, 4, &[1]),
            (0x103, 3, &[6]),
            (0x112, 3, TURNED),
            (0x14A, 4, &[third]),
            (0x201, 4, &[PREVIEW]),
            (0x202, 4, &[preview]),
        ],
        second,
    );
    file.directory(
        second,
        0,
        &[(0x201, 4, &[THUMBNAIL]), (0x202, 4, &[thumbnail])],
        0,
    );
    file.directory(
        third,
        0,
        &[
            (0x103, 3, &[32767]),
            (0x106, 3, &[32803]),
            (0x111, 4, SENSOR),
            (0x117, 4, SENSOR_BYTES),
        ],
        0,
    );
    file.bytes
}

/// Olympus': the preview is named in the maker's note, from its start.
fn orf() -> Vec<u8> {
    let mut file = Build::new(false, PREVIEW);
    let [first, ..] = DIRECTORIES;
    let (preview, _) = file.lengths();
    file.head(b"RO", first);
    file.directory(
        first,
        0,
        &[
            (0x103, 3, &[1]),
            (0x111, 4, SENSOR),
            (0x112, 3, TURNED),
            (0x117, 4, SENSOR_BYTES),
            (0x8769, 4, &[EXIF]),
        ],
        0,
    );
    file.directory(EXIF, 0, &[(0x927C, 7, &[NOTE, 0x800])], 0);
    file.put(NOTE, b"OLYMPUS\0II\x03\0");
    file.directory(NOTE + 12, NOTE, &[(0x2020, 13, &[0x400])], 0);
    file.directory(
        NOTE + 0x400,
        NOTE,
        &[
            (0x100, 4, &[1]),
            (0x101, 4, &[PREVIEW - NOTE]),
            (0x102, 4, &[preview]),
        ],
        0,
    );
    file.bytes
}

/// Panasonic's: the preview is a value.
fn rw2() -> Vec<u8> {
    let mut file = Build::new(false, PREVIEW);
    let [first, ..] = DIRECTORIES;
    let (preview, _) = file.lengths();
    file.head(b"U\0", first);
    file.directory(
        first,
        0,
        &[
            (0x2E, 7, &[PREVIEW, preview]),
            (0x111, 4, SENSOR),
            (0x112, 3, TURNED),
            (0x117, 4, SENSOR_BYTES),
        ],
        0,
    );
    file.bytes
}

/// Pentax': the third directory of the chain.
fn pef() -> Vec<u8> {
    let mut file = Build::new(true, PREVIEW);
    let [first, second, third, ..] = DIRECTORIES;
    let (preview, thumbnail) = file.lengths();
    file.head(b"\0*", first);
    file.directory(
        first,
        0,
        &[
            (0x103, 3, &[65535]),
            (0x106, 3, &[32803]),
            (0x111, 4, SENSOR),
            (0x112, 3, TURNED),
            (0x117, 4, SENSOR_BYTES),
        ],
        second,
    );
    file.directory(
        second,
        0,
        &[(0x201, 4, &[THUMBNAIL]), (0x202, 4, &[thumbnail])],
        third,
    );
    file.directory(
        third,
        0,
        &[(0x201, 4, &[PREVIEW]), (0x202, 4, &[preview])],
        0,
    );
    file.bytes
}

/// Fujifilm's: the head of the file says where the preview is, whose own EXIF
/// says how it lies.
fn raf() -> Vec<u8> {
    let mut exif = Build::new(false, PREVIEW);
    exif.bytes.clear();
    exif.head(b"*\0", 8);
    exif.directory(8, 0, &[(0x112, 3, TURNED)], 0);
    exif.bytes.truncate(64);
    let segment = [&b"Exif\0\0"[..], &exif.bytes].concat();
    let mut preview = exif.preview[..2].to_vec();
    preview.extend([0xFF, 0xE1]);
    preview.extend((segment.len() as u16 + 2).to_be_bytes());
    preview.extend(segment);
    preview.extend(&exif.preview[2..]);

    let mut file = Build::new(true, PREVIEW);
    file.put(0, b"FUJIFILMCCD-RAW 0201FF393101X-T4");
    file.put(84, &PREVIEW.to_be_bytes());
    file.put(88, &(preview.len() as u32).to_be_bytes());
    file.put(PREVIEW, &preview);
    file.bytes
}

fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u32 + 8).to_be_bytes();
    [&length[..], kind, content].concat()
}

/// Canon's newer ones: boxes, a small preview in one of Canon's own and the large
/// one as the only sample of a track.
fn cr3() -> Vec<u8> {
    let (preview, small) = (jpeg(960, 640), jpeg(540, 360));
    let mut turned = Build::new(false, PREVIEW);
    turned.bytes.clear();
    turned.head(b"*\0", 8);
    turned.directory(8, 0, &[(0x112, 3, TURNED)], 0);
    let canon = [
        &[
            0x85, 0xC0, 0xB6, 0x87, 0x82, 0x0F, 0x11, 0xE0, 0x81, 0x11, 0xF4, 0xCE, 0x46, 0x2B,
            0x6A, 0x48,
        ],
        &boxed(b"CMT1", &turned.bytes)[..],
    ]
    .concat();
    let full = |content: &[u8]| [&[0; 4][..], content].concat();
    let long = |n: u32| n.to_be_bytes();
    let track = |offset: u64, length: u32| {
        let sizes = full(&[long(0), long(1), long(length)].concat());
        let offsets = full(&[&long(1)[..], &offset.to_be_bytes()].concat());
        let table = [boxed(b"stsz", &sizes), boxed(b"co64", &offsets)].concat();
        let inside = boxed(b"minf", &boxed(b"stbl", &table));
        boxed(b"trak", &boxed(b"mdia", &inside))
    };
    let build = |at: u64| {
        let moov = [
            boxed(b"uuid", &canon),
            track(at, preview.len() as u32),
            track(u64::from(DECOY - 0x2000), 0x60000),
        ]
        .concat();
        let head = [
            &[
                0xEA, 0xF4, 0x2B, 0x5E, 0x1C, 0x98, 0x4B, 0x88, 0xB9, 0xFB, 0xB7, 0xDC, 0x40, 0x6E,
                0x4D, 0x16,
            ][..],
            &[0, 0, 0, 0, 0, 0, 0, 1],
            &boxed(
                b"PRVW",
                &[
                    &[0, 0, 0, 0, 0, 1, 2, 0x1C, 1, 0x68, 0, 1],
                    &long(small.len() as u32)[..],
                    &small,
                ]
                .concat(),
            ),
        ]
        .concat();
        [
            boxed(b"ftyp", b"crx \0\0\0\x01crx isom"),
            boxed(b"moov", &moov),
            boxed(b"uuid", &head),
        ]
        .concat()
    };
    let start = build(0).len();
    let sensor = [&[0x55; 300][..], &jpeg(1500, 1000)].concat();
    let at = (start + 8 + sensor.len()) as u64;
    [
        build(at),
        boxed(b"mdat", &[sensor, preview.clone()].concat()),
    ]
    .concat()
}

/// The files, by their names.
pub fn built() -> [(&'static str, Vec<u8>); 10] {
    [
        ("canon.cr2", cr2()),
        ("canon.cr3", cr3()),
        ("nikon.nef", with_directories_inside(false, false)),
        ("nikon_old.nef", with_directories_inside(true, false)),
        ("sony.arw", arw()),
        ("olympus.orf", orf()),
        ("panasonic.rw2", rw2()),
        ("pentax.pef", pef()),
        ("fujifilm.raf", raf()),
        ("adobe.dng", with_directories_inside(false, true)),
    ]
}

/// Decodes `bytes` under a name.
pub fn of_bytes(folder: &Path, name: &str, bytes: &[u8]) -> Result<Decoded, ImagingError> {
    let path: PathBuf = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    decode(&path, Want::Full, &Limits::default())
}

#[test]
fn every_makers_preview_is_found_where_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in built() {
        let decoded = of_bytes(folder.path(), name, &bytes).unwrap_or_else(|e| panic!("{e}"));
        assert!(decoded.preview, "{name}");
        // Not the thumbnail, and not the one that only a search finds.
        assert_eq!(decoded.image.dimensions(), (640, 960), "{name}");
        assert_eq!(
            (decoded.original_width, decoded.original_height),
            (640, 960)
        );
        let back = image::imageops::rotate270(&decoded.image);
        assert!(stands_upright(&back), "{name}");
    }
}

#[cfg(unix)]
/// Many gigabytes behind the preview cost nothing: they are never read.
#[test]
fn a_raw_file_is_read_by_ranges() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in built() {
        let path = folder.path().join(name);
        let mut file = File::create(&path).unwrap();
        file.write_all(&bytes).unwrap();
        if file.seek(SeekFrom::Start(1 << 36)).is_err() || file.write_all(&[0]).is_err() {
            println!("skipped: this file system takes no file with a hole in it");
            return;
        }
        // What is read at once has to fit these.
        let limits = Limits {
            file_bytes: 1 << 20,
            ..Limits::default()
        };
        let decoded = decode(&path, Want::Full, &limits).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(decoded.image.dimensions(), (640, 960), "{name}");
        drop(file);
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_raw_file_whose_structure_names_nothing_is_searched() {
    let folder = tempfile::tempdir().unwrap();
    let (_, mut bytes) = built()
        .into_iter()
        .find(|(name, _)| *name == "olympus.orf")
        .unwrap();
    bytes[NOTE as usize..][..7].copy_from_slice(b"UNKNOWN");
    let decoded = of_bytes(folder.path(), "a.orf", &bytes).unwrap();
    assert_eq!(decoded.image.dimensions(), (1000, 1500));
}

#[test]
fn offsets_that_lie_find_nothing_and_break_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in built() {
        for at in (0..0x1800.min(bytes.len())).step_by(211) {
            for value in [0x00, 0xFF] {
                let mut damaged = bytes.clone();
                let end = (at + 4).min(damaged.len());
                damaged[at..end].fill(value);
                damaged.truncate(PREVIEW as usize + 0x3000);
                if let Err(error) = of_bytes(folder.path(), name, &damaged) {
                    let reason = error.reason.to_string();
                    assert!(!reason.contains("broke"), "{name} at {at}: {reason}");
                }
            }
        }
    }
}
