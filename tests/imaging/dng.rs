//! DNG files without a preview, built as cameras build them: their sensor data is
//! developed at half its size.

use std::path::Path;

use keepers::imaging::{Decoded, Limits, Reason, Want, decode};

use super::formats::stands_upright;
use super::raw::of_bytes;

/// The sensor, whose picture is what is within its borders.
const WIDTH: usize = 1200;
const HEIGHT: usize = 800;
const BORDER: usize = 9;

/// What the camera makes of grey.
const NEUTRAL: [f64; 3] = [0.5, 1.0, 0.75];
const BLACK: u32 = 256;

/// How the numbers are kept.
#[derive(Debug, Clone, Copy)]
pub enum Kept {
    /// In strips of so many bits.
    Plain(u32),
    /// As lossless JPEGs of two components, in tiles.
    Lossless,
    /// As something that is not known.
    Unknown,
}

/// The light at a place of the picture, 0 to 1: red grows to the right, green
/// downwards.
fn light(x: usize, y: usize) -> [f64; 3] {
    let along = |at: usize, length: usize| {
        let inside = (length - 2 * BORDER) as f64;
        ((at as f64 - BORDER as f64) / inside).clamp(0.0, 1.0)
    };
    [along(x, WIDTH), along(y, HEIGHT), 0.05]
}

/// The sensor's numbers behind its filters: green and red, blue and green, from
/// the active area on.
fn sensor(bits: u32) -> Vec<u16> {
    let white = f64::from((1_u32 << bits) - 1);
    let black = f64::from(BLACK >> (16 - bits));
    (0..WIDTH * HEIGHT)
        .map(|i| {
            let (x, y) = (i % WIDTH, i / WIDTH);
            let colour = match ((x + BORDER) % 2, (y + BORDER) % 2) {
                (1, 0) => 0,
                (0, 1) => 2,
                _ => 1,
            };
            let level = light(x, y)[colour] * NEUTRAL[colour];
            (black + level * (white - black)).round() as u16
        })
        .collect()
}

/// Numbers one after the other, the high bits first.
fn packed(numbers: &[u16], bits: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in numbers.chunks(WIDTH) {
        let (mut hold, mut have) = (0_u32, 0);
        for &number in row {
            hold = hold << bits | u32::from(number);
            have += bits;
            while have >= 8 {
                have -= 8;
                bytes.push((hold >> have) as u8);
                hold &= (1 << have) - 1;
            }
        }
        if have > 0 {
            bytes.push((hold << (8 - have)) as u8);
        }
    }
    bytes
}

/// A tile as a lossless JPEG: two components of half its width, each predicted
/// from its left.
fn lossless(tile: &[u16], width: usize, height: usize) -> Vec<u8> {
    let mut out = vec![0xFF, 0xD8, 0xFF, 0xC3, 0, 14, 14];
    out.extend((height as u16).to_be_bytes());
    out.extend((width as u16 / 2).to_be_bytes());
    out.extend([2, 1, 0x11, 0, 2, 0x11, 0]);
    // Codes of four bits for differences of up to 14 bits.
    out.extend([0xFF, 0xC4, 0, 19 + 15, 0]);
    out.extend([0, 0, 0, 15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    out.extend(0..15);
    out.extend([0xFF, 0xDA, 0, 10, 2, 1, 0, 2, 0, 1, 0, 0]);
    let (mut hold, mut have) = (0_u64, 0);
    let mut put = |value: u64, bits: u32| {
        hold = hold << bits | value;
        have += bits;
        while have >= 8 {
            have -= 8;
            let byte = (hold >> have) as u8;
            out.push(byte);
            if byte == 0xFF {
                out.push(0);
            }
            hold &= (1 << have) - 1;
        }
    };
    for y in 0..height {
        for x in 0..width {
            let at = |x: usize, y: usize| i32::from(tile[y * width + x]);
            let predicted = match (x, y) {
                (0 | 1, 0) => 1 << 13,
                (0 | 1, _) => at(x, y - 1),
                _ => at(x - 2, y),
            };
            let difference = at(x, y) - predicted;
            let size = 32 - difference.unsigned_abs().leading_zeros();
            put(u64::from(size), 4);
            let low = if difference < 0 {
                difference - 1
            } else {
                difference
            };
            put(low as u64 & ((1 << size) - 1), size);
        }
    }
    put(0x7F, 7);
    out.extend([0xFF, 0xD9]);
    out
}

/// The file, little-endian; a thumbnail is not in it.
pub fn built(kept: Kept) -> Vec<u8> {
    let (bits, compression) = match kept {
        Kept::Plain(bits) => (bits, 1),
        Kept::Lossless => (14, 7),
        Kept::Unknown => (16, 34713),
    };
    let numbers = sensor(bits);
    let (tile_width, tile_height) = (256, 208);
    let parts: Vec<Vec<u8>> = match kept {
        Kept::Lossless => {
            let (across, down) = (WIDTH.div_ceil(tile_width), HEIGHT.div_ceil(tile_height));
            (0..across * down)
                .map(|i| {
                    let (left, top) = (i % across * tile_width, i / across * tile_height);
                    // What is beyond the sensor is what is at its edge.
                    let tile: Vec<u16> = (0..tile_width * tile_height)
                        .map(|j| {
                            let x = (left + j % tile_width).min(WIDTH - 1);
                            let y = (top + j / tile_width).min(HEIGHT - 1);
                            numbers[y * WIDTH + x]
                        })
                        .collect();
                    lossless(&tile, tile_width, tile_height)
                })
                .collect()
        }
        Kept::Plain(16) | Kept::Unknown => numbers
            .chunks(WIDTH * 300)
            .map(|strip| strip.iter().flat_map(|n| n.to_le_bytes()).collect())
            .collect(),
        Kept::Plain(_) => numbers
            .chunks(WIDTH * 300)
            .map(|strip| packed(strip, bits))
            .collect(),
    };
    let mut file = vec![0; 0x1000];
    let mut places = Vec::new();
    for part in &parts {
        places.push((file.len() as u32, part.len() as u32));
        file.extend(part);
    }
    let offsets: Vec<u32> = places.iter().map(|place| place.0).collect();
    let lengths: Vec<u32> = places.iter().map(|place| place.1).collect();

    let black = BLACK >> (16 - bits);
    let fractions = |values: &[f64]| -> Vec<u32> {
        let of = |value: &f64| [(value * 10_000.0).round() as i32 as u32, 10_000];
        values.iter().flat_map(of).collect()
    };
    // From XYZ to linear sRGB: the camera sees what a screen shows.
    let matrix = fractions(&[
        3.2410, -1.5374, -0.4986, -0.9692, 1.8760, 0.0416, 0.0556, -0.2040, 1.0570,
    ]);
    let border = BORDER as u32;
    let active = [
        border,
        border,
        HEIGHT as u32 - border,
        WIDTH as u32 - border,
    ];
    let mut entries: Vec<(u16, u16, Vec<u32>)> = vec![
        (0xFE, 4, vec![0]),
        (0x100, 4, vec![WIDTH as u32]),
        (0x101, 4, vec![HEIGHT as u32]),
        (0x102, 3, vec![bits]),
        (0x103, 3, vec![compression]),
        (0x106, 3, vec![32803]),
        // A quarter turn clockwise makes it upright.
        (0x112, 3, vec![6]),
        (0x115, 3, vec![1]),
        (0x828D, 3, vec![2, 2]),
        (0x828E, 1, vec![1, 0, 2, 1]),
        (0xC612, 1, vec![1, 4, 0, 0]),
        (0xC61A, 4, vec![black]),
        (0xC61D, 4, vec![(1 << bits) - 1]),
        (0xC621, 10, matrix),
        (0xC628, 5, fractions(&NEUTRAL)),
        (0xC65A, 3, vec![21]),
        (0xC68D, 4, active.to_vec()),
    ];
    match kept {
        Kept::Lossless => entries.extend([
            (0x142, 4, vec![tile_width as u32]),
            (0x143, 4, vec![tile_height as u32]),
            (0x144, 4, offsets),
            (0x145, 4, lengths),
        ]),
        _ => entries.extend([
            (0x111, 4, offsets),
            (0x116, 4, vec![300]),
            (0x117, 4, lengths),
        ]),
    }
    entries.sort_by_key(|entry| entry.0);
    let mut table = (entries.len() as u16).to_le_bytes().to_vec();
    let mut more = 0x400;
    for (tag, kind, values) in entries {
        let size = match kind {
            1 => 1,
            3 => 2,
            _ => 4,
        };
        let count = if matches!(kind, 5 | 10) {
            values.len() / 2
        } else {
            values.len()
        };
        let mut bytes: Vec<u8> = values
            .iter()
            .flat_map(|v| v.to_le_bytes()[..size].to_vec())
            .collect();
        if bytes.len() > 4 {
            file[more..more + bytes.len()].copy_from_slice(&bytes);
            let length = bytes.len();
            bytes = (more as u32).to_le_bytes().to_vec();
            more += length;
        }
        bytes.resize(4, 0);
        table.extend(tag.to_le_bytes());
        table.extend(kind.to_le_bytes());
        table.extend((count as u32).to_le_bytes());
        table.extend(bytes);
    }
    table.extend([0; 4]);
    file[..8].copy_from_slice(b"II*\0\x08\0\0\0");
    file[8..8 + table.len()].copy_from_slice(&table);
    file
}

fn decoded(folder: &Path, kept: Kept) -> Decoded {
    of_bytes(folder, "a.dng", &built(kept)).unwrap_or_else(|error| panic!("{kept:?}: {error}"))
}

/// The curve of sRGB.
fn encoded(light: f64) -> f64 {
    255.0
        * match light {
            ..=0.0031308 => 12.92 * light,
            _ => 1.055 * light.powf(1.0 / 2.4) - 0.055,
        }
}

#[test]
fn sensor_data_without_a_preview_is_developed_at_half_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let all = [
        Kept::Plain(16),
        Kept::Plain(14),
        Kept::Plain(12),
        Kept::Plain(10),
        Kept::Lossless,
    ];
    for kept in all {
        let decoded = decoded(folder.path(), kept);
        assert!(!decoded.preview);
        let (width, height) = (WIDTH - 2 * BORDER, HEIGHT - 2 * BORDER);
        assert_eq!(
            (
                decoded.original_width as usize,
                decoded.original_height as usize
            ),
            (height, width),
            "{kept:?}"
        );
        let back = image::imageops::rotate270(&decoded.image);
        assert_eq!(back.dimensions(), (width as u32 / 2, height as u32 / 2));
        assert!(stands_upright(&back), "{kept:?}");
        for (x, y) in [(20, 20), (300, 200), (550, 30), (100, 350)] {
            // Of the square's middle, nearly.
            let (sx, sy) = (BORDER + 2 * x as usize, BORDER + 2 * y as usize);
            let expected = light(sx + 1, sy + 1).map(encoded);
            let pixel = back.get_pixel(x, y).0;
            for (got, expected) in pixel.into_iter().zip(expected) {
                let difference = (f64::from(got) - expected).abs();
                assert!(
                    difference <= 3.0,
                    "{kept:?} at {x}, {y}: {pixel:?} {expected:?}"
                );
            }
        }
    }
}

#[test]
fn what_is_cut_off_or_not_understood_is_no_picture() {
    let folder = tempfile::tempdir().unwrap();
    for kept in [Kept::Plain(16), Kept::Plain(12), Kept::Lossless] {
        let bytes = built(kept);
        let cut = of_bytes(folder.path(), "cut.dng", &bytes[..bytes.len() * 2 / 3]).unwrap_err();
        assert!(matches!(cut.reason, Reason::Damaged(_)), "{kept:?}: {cut}");
    }
    let unknown = of_bytes(folder.path(), "a.dng", &built(Kept::Unknown)).unwrap_err();
    assert!(
        unknown.to_string().contains("without a preview"),
        "{unknown}"
    );
}

#[test]
fn limits_hold_for_sensor_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.dng");
    std::fs::write(&path, built(Kept::Lossless)).unwrap();
    let refused = |limits: Limits| {
        let error = decode(&path, Want::Full, &limits).unwrap_err();
        assert!(matches!(error.reason, Reason::Limit(_)), "{error}");
    };
    refused(Limits {
        megapixels: 0,
        ..Limits::default()
    });
    refused(Limits {
        bytes: 1_000_000,
        ..Limits::default()
    });
    refused(Limits {
        file_bytes: 1000,
        ..Limits::default()
    });
}

#[test]
fn damage_anywhere_in_the_head_breaks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = built(Kept::Lossless);
    for at in (0..0x500).step_by(41) {
        for value in [0x00, 0xFF] {
            let mut damaged = bytes.clone();
            damaged[at..at + 2].fill(value);
            if let Err(error) = of_bytes(folder.path(), "a.dng", &damaged) {
                assert!(!error.to_string().contains("broke"), "at {at}: {error}");
            }
        }
    }
}
