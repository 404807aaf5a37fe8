//! The table of `docs/formats.md`: every word of it is tried here.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use image::Rgb;
use keepers::imaging::{Decoded, ImagingError, Limits, Want, decode};

use super::{dng, raw};

/// What a line of the table is made of.
struct Row {
    format: &'static str,
    decoder: &'static str,
    /// What works, and the files that show it.
    works: &'static [(&'static str, &'static [&'static str])],
    /// What does not, and a word of the reason.
    not: &'static [(&'static str, &'static str)],
    /// The ends of the names that cameras give such files.
    named: &'static [&'static str],
}

const ROWS: &[Row] = &[
    Row {
        format: "JPEG",
        decoder: "zune-jpeg, jpeg-decoder",
        works: &[
            ("baseline", &["rgb_420.jpg"]),
            ("progressive", &["rgb_progressive.jpg"]),
            ("grey", &["grey.jpg"]),
            ("CMYK", &["rgb_cmyk.jpg"]),
            ("RGB", &["rgb_named_rgb.jpg"]),
            ("Adobe RGB", &["rgb_adobe.jpg"]),
        ],
        not: &[
            ("12 bits", "JPEG with 12 bits"),
            ("lossless", "lossless"),
            ("over 500 megapixels", "800 megapixels"),
        ],
        named: &["jpg", "JPG"],
    },
    Row {
        format: "PNG",
        decoder: "png",
        works: &[
            ("palette", &["rgb_palette.png"]),
            ("16 bits", &["grey_16.png"]),
            ("transparency", &["alpha.png"]),
        ],
        not: &[("over 500 megapixels", "800 megapixels")],
        named: &["png"],
    },
    Row {
        format: "TIFF",
        decoder: "tiff",
        works: &[
            ("LZW", &["rgb_lzw.tif"]),
            ("Deflate", &["rgb_deflate.tif"]),
            ("CMYK", &["rgb_cmyk.tif"]),
            ("transparency", &["alpha.tif"]),
            ("fax", &["bilevel_g4.tif"]),
            ("16 bits", &["grey_16.tif", "16 bits.tif"]),
            ("float", &["grey_float.tif", "float.tif", "half float.tif"]),
            (
                "tiles",
                &["tiles.tif", "16 bits in tiles.tif", "float in tiles.tif"],
            ),
        ],
        not: &[
            ("palette", "not supported"),
            ("signed samples", "signed samples"),
            ("over 500 megapixels", "800 megapixels"),
        ],
        named: &["tif", "tiff"],
    },
    Row {
        format: "WebP",
        decoder: "image",
        works: &[
            ("without loss", &["rgb.webp"]),
            ("transparency", &["alpha.webp"]),
        ],
        not: &[],
        named: &["webp"],
    },
    Row {
        format: "GIF",
        decoder: "image",
        works: &[("the first frame", &["rgb.gif"])],
        not: &[],
        named: &["gif"],
    },
    Row {
        format: "BMP",
        decoder: "image",
        works: &[("24 bits", &["rgb.bmp"])],
        not: &[("over 500 megapixels", "800 megapixels")],
        named: &["bmp"],
    },
    Row {
        format: "JPEG XL",
        decoder: "jxl-oxide",
        works: &[
            ("without loss", &["rgb.jxl"]),
            ("with loss", &["rgb_lossy.jxl"]),
            ("grey", &["grey.jxl"]),
            ("transparency", &["alpha.jxl"]),
        ],
        not: &[],
        named: &["jxl"],
    },
    Row {
        format: "AVIF",
        decoder: "re_rav1d",
        works: &[
            ("4:2:0", &["rgb_420.avif"]),
            ("4:4:4", &["rgb_444.avif"]),
            ("grey", &["grey.avif"]),
            ("transparency", &["alpha.avif"]),
        ],
        not: &[],
        named: &["avif"],
    },
    Row {
        format: "HEIC, HEIF",
        decoder: "heifer",
        works: &[("HEVC", &["rgb.heic"]), ("transparency", &["alpha.heic"])],
        not: &[],
        named: &["heic", "heif"],
    },
    Row {
        format: "CR2 (Canon)",
        decoder: "preview",
        works: &[("preview in the first directory", &["canon.cr2"])],
        not: &[],
        named: &["cr2"],
    },
    Row {
        format: "CR3 (Canon)",
        decoder: "preview",
        works: &[(
            "preview as a track's sample, or in Canon's box",
            &["canon.cr3"],
        )],
        not: &[],
        named: &["cr3"],
    },
    Row {
        format: "NEF (Nikon)",
        decoder: "preview",
        works: &[(
            "preview in a directory inside, in both byte orders",
            &["nikon.nef", "nikon_old.nef"],
        )],
        not: &[],
        named: &["nef"],
    },
    Row {
        format: "ARW (Sony)",
        decoder: "preview",
        works: &[("preview in the first directory", &["sony.arw"])],
        not: &[],
        named: &["arw"],
    },
    Row {
        format: "ORF (Olympus)",
        decoder: "preview",
        works: &[("preview in the maker's note", &["olympus.orf"])],
        not: &[],
        named: &["orf"],
    },
    Row {
        format: "RW2 (Panasonic)",
        decoder: "preview",
        works: &[("preview as a value", &["panasonic.rw2"])],
        not: &[],
        named: &["rw2"],
    },
    Row {
        format: "PEF (Pentax)",
        decoder: "preview",
        works: &[("preview in the third directory", &["pentax.pef"])],
        not: &[],
        named: &["pef"],
    },
    Row {
        format: "RAF (Fujifilm)",
        decoder: "preview",
        works: &[(
            "preview named in the head",
            &["fujifilm.raf", "preview.raf"],
        )],
        not: &[],
        named: &["raf"],
    },
    Row {
        format: "DNG (Adobe, phones)",
        decoder: "preview",
        works: &[(
            "preview in a directory inside or in a strip",
            &["adobe.dng", "turned_preview.dng"],
        )],
        not: &[
            ("a thumbnail alone", "too small to judge"),
            ("no preview", "without a preview"),
        ],
        named: &["dng"],
    },
    Row {
        format: "DNG without a preview",
        decoder: "own, at half size",
        works: &[
            ("12 to 16 bits", &["12 bits.dng", "16 bits.dng"]),
            ("lossless JPEG", &["lossless.dng"]),
        ],
        not: &[("other compressions", "without a preview")],
        named: &["dng"],
    },
    Row {
        format: "others",
        decoder: "none",
        works: &[],
        not: &[
            ("JPEG 2000", "JPEG 2000"),
            ("OpenEXR", "OpenEXR"),
            ("X3F (Sigma)", "X3F"),
            ("MRW (Minolta)", "MRW"),
            ("CRW (old Canon)", "CRW"),
            ("Photoshop", "Photoshop"),
        ],
        named: &[],
    },
];

/// A little-endian TIFF of one directory; the value of the tag for places may be
/// a list, which then counts from where the data begin.
fn tiff(entries: &[(u16, u16, Vec<u32>)], data: &[u8]) -> Vec<u8> {
    const DATA: usize = 0x400;
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    bytes.extend((entries.len() as u16).to_le_bytes());
    let mut more: Vec<u8> = Vec::new();
    let more_at = 10 + entries.len() * 12 + 4;
    for (tag, kind, values) in entries {
        let base = if matches!(tag, 0x111 | 0x144) {
            DATA as u32
        } else {
            0
        };
        let size = if *kind == 3 { 2 } else { 4 };
        let mut value: Vec<u8> = values
            .iter()
            .flat_map(|value| (value + base).to_le_bytes()[..size].to_vec())
            .collect();
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend((values.len() as u32).to_le_bytes());
        if value.len() > 4 {
            let at = (more_at + more.len()) as u32;
            more.extend(&value);
            value = at.to_le_bytes().to_vec();
        }
        value.resize(4, 0);
        bytes.extend(value);
    }
    bytes.extend([0; 4]);
    bytes.extend(more);
    assert!(bytes.len() <= DATA);
    bytes.resize(DATA, 0);
    bytes.extend(data);
    bytes
}

const WIDTH: u32 = 40;
const HEIGHT: u32 = 24;
const TILE: u32 = 16;

/// One sample of the picture below, from 0 to 1.
fn sample(x: u32, y: u32, channel: u32) -> f32 {
    match channel {
        0 => x as f32 / (WIDTH - 1) as f32,
        1 => y as f32 / (HEIGHT - 1) as f32,
        _ => 0.5,
    }
}

/// The picture in one strip or in tiles, each sample written by `write`.
fn picture(bits: u32, format: u32, tiled: bool, write: impl Fn(f32) -> Vec<u8>) -> Vec<u8> {
    let (wide, high) = if tiled { (TILE, TILE) } else { (WIDTH, HEIGHT) };
    let mut data = Vec::new();
    let (mut places, mut lengths) = (Vec::new(), Vec::new());
    for top in (0..HEIGHT).step_by(high as usize) {
        for left in (0..WIDTH).step_by(wide as usize) {
            places.push(data.len() as u32);
            for (y, x) in (top..top + high).flat_map(|y| (left..left + wide).map(move |x| (y, x))) {
                let inside = x < WIDTH && y < HEIGHT;
                for channel in 0..3 {
                    // What fills a tile up must not show.
                    data.extend(write(if inside { sample(x, y, channel) } else { 1.0 }));
                }
            }
            lengths.push(wide * high * 3 * bits / 8);
        }
    }
    let mut entries = vec![
        (0x100, 4, vec![WIDTH]),
        (0x101, 4, vec![HEIGHT]),
        (0x102, 3, vec![bits; 3]),
        (0x103, 3, vec![1]),
        (0x106, 3, vec![2]),
        (0x111, 4, places.clone()),
        (0x115, 3, vec![3]),
        (0x116, 4, vec![HEIGHT]),
        (0x117, 4, lengths.clone()),
    ];
    if tiled {
        entries.retain(|entry| !matches!(entry.0, 0x111 | 0x116 | 0x117));
        entries.extend([
            (0x142, 4, vec![TILE]),
            (0x143, 4, vec![TILE]),
            (0x144, 4, places),
            (0x145, 4, lengths),
        ]);
    }
    entries.push((0x153, 3, vec![format; 3]));
    tiff(&entries, &data)
}

/// Photos that stand for what works, besides the fixtures.
fn made() -> Vec<(&'static str, Vec<u8>)> {
    let eight = |value: f32| vec![(value * 255.0).round() as u8];
    let sixteen = |value: f32| ((value * 65535.0).round() as u16).to_le_bytes().to_vec();
    let float = |value: f32| value.to_le_bytes().to_vec();
    let half = |value: f32| half::f16::from_f32(value).to_le_bytes().to_vec();
    let mut made = vec![
        ("tiles.tif", picture(8, 1, true, eight)),
        ("16 bits.tif", picture(16, 1, false, sixteen)),
        ("16 bits in tiles.tif", picture(16, 1, true, sixteen)),
        ("float.tif", picture(32, 3, false, float)),
        ("float in tiles.tif", picture(32, 3, true, float)),
        ("half float.tif", picture(16, 3, false, half)),
    ];
    made.extend(raw::built());
    made.extend([
        ("12 bits.dng", dng::built(dng::Kept::Plain(12))),
        ("16 bits.dng", dng::built(dng::Kept::Plain(16))),
        ("lossless.dng", dng::built(dng::Kept::Lossless)),
    ]);
    made
}

/// A JPEG's head with a frame of this kind.
fn jpeg(marker: u8, precision: u8, width: u16, height: u16) -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8, 0xFF, marker, 0, 11, precision];
    bytes.extend(height.to_be_bytes());
    bytes.extend(width.to_be_bytes());
    bytes.extend([
        1, 1, 0x11, 0, 0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 0, 0, 0xFF, 0xD9,
    ]);
    bytes
}

/// What stands for something that does not work.
fn refused(format: &str, what: &str) -> Vec<u8> {
    let (width, height) = (40_000_u32, 20_000_u32);
    let size = |bits: u32, kind: u32, photometric: u32| {
        [
            (0x100, 4, vec![if bits == 1 { width } else { 8 }]),
            (0x101, 4, vec![if bits == 1 { height } else { 8 }]),
            (0x102, 3, vec![bits.max(8)]),
            (0x103, 3, vec![1]),
            (0x106, 3, vec![photometric]),
            (0x111, 4, vec![0]),
            (0x115, 3, vec![1]),
            (0x116, 4, vec![if bits == 1 { height } else { 8 }]),
            (0x117, 4, vec![if bits == 1 { width * height } else { 64 }]),
            (0x153, 3, vec![kind]),
        ]
    };
    let fixture = |name: &str| fs::read(fixture(name)).unwrap();
    match (format, what) {
        ("JPEG", "12 bits") => jpeg(0xC1, 12, 800, 600),
        ("JPEG", "lossless") => jpeg(0xC3, 8, 800, 600),
        ("JPEG", _) => jpeg(0xC0, 8, width as u16, height as u16),
        ("PNG", _) => {
            let mut bytes = Vec::new();
            let mut encoder = png::Encoder::new(&mut bytes, width, height);
            encoder.set_color(png::ColorType::Grayscale);
            let mut writer = encoder.write_header().unwrap();
            writer.write_chunk(png::chunk::IDAT, &[0x78, 0x9C]).unwrap();
            drop(writer);
            bytes
        }
        ("TIFF", "palette") => tiff(&size(8, 1, 3), &[0; 64]),
        ("TIFF", "signed samples") => tiff(&size(8, 2, 1), &[0; 64]),
        ("TIFF", _) => tiff(&size(1, 1, 1), &[0; 64]),
        ("BMP", _) => {
            let mut bytes = fixture("rgb.bmp");
            bytes[18..22].copy_from_slice(&width.to_le_bytes());
            bytes[22..26].copy_from_slice(&height.to_le_bytes());
            bytes
        }
        (_, "a thumbnail alone") => fixture("thumbnail.dng"),
        (_, "other compressions") => dng::built(dng::Kept::Unknown),
        (_, "no preview") => tiff(&[(0x112, 3, vec![1])], &[0x55; 9000]),
        (_, "JPEG 2000") => b"\0\0\0\x0CjP  \r\n\x87\n".to_vec(),
        (_, "OpenEXR") => b"\x76\x2F\x31\x01\x02\0\0\0".to_vec(),
        (_, "X3F (Sigma)") => b"FOVb\0\0\x02\0".to_vec(),
        (_, "MRW (Minolta)") => b"\0MRM\0\0\0\0".to_vec(),
        (_, "CRW (old Canon)") => b"II\x1A\0\0\0HEAPCCDR".to_vec(),
        (_, "Photoshop") => b"8BPS\0\x01".to_vec(),
        other => panic!("nothing stands for {other:?}"),
    }
}

fn fixture(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/photos");
    folder.join(name)
}

fn whole(path: &Path) -> Result<Decoded, ImagingError> {
    decode(path, Want::Full, &Limits::default())
}

#[test]
fn deep_float_and_tiled_tiffs_have_the_same_pixels() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in made().into_iter().filter(|made| made.0.ends_with(".tif")) {
        let decoded = raw::of_bytes(folder.path(), name, &bytes).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(decoded.image.dimensions(), (WIDTH, HEIGHT), "{name}");
        for (x, y, Rgb(pixel)) in decoded.image.enumerate_pixels() {
            for (channel, value) in (0..).zip(pixel) {
                let expected = sample(x, y, channel) * 255.0;
                let difference = (f32::from(*value) - expected).abs();
                assert!(difference <= 1.1, "{name} at {x}, {y}: {value} {expected}");
            }
        }
    }
}

/// How many files of real cameras are decoded, by the list of outcomes.
fn from_cameras(named: &[&str], decoder: &str) -> String {
    let list = include_str!("../outcomes/shoot.tsv");
    let of_camera = |name: &str| {
        let folders = ["burst/", "cameras/", "focus/", "raw/"];
        folders.iter().any(|folder| name.starts_with(folder))
            || ["IMG_", "Nokia"].iter().any(|phone| name.contains(phone))
    };
    let count = list
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter(|(name, _)| of_camera(name))
        .filter(|(name, _)| named.iter().any(|end| name.ends_with(&format!(".{end}"))))
        .filter(|(_, outcome)| match decoder {
            "preview" => outcome.starts_with("preview"),
            _ => outcome.starts_with("photo"),
        })
        .count();
    match count {
        0 => "no".to_owned(),
        count => format!("yes, {count}"),
    }
}

#[test]
fn the_table_of_formats_says_what_is_so() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in made() {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let mut table =
        String::from("| format | decoder | works | does not | met a camera's own file |\n");
    table += "|---|---|---|---|---|\n";
    for row in ROWS {
        for file in row.works.iter().flat_map(|(_, files)| *files) {
            let own = folder.path().join(file);
            let path = if own.is_file() { own } else { fixture(file) };
            let decoded = whole(&path).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(decoded.preview, row.decoder == "preview", "{file}");
        }
        for (what, word) in row.not {
            let path = folder.path().join("refused");
            // What is built as a TIFF is known for a RAW file by its name.
            let path = path.with_extension(row.named.first().unwrap_or(&"jpg"));
            fs::write(&path, refused(row.format, what)).unwrap();
            let reason = whole(&path).unwrap_err().reason.to_string();
            assert!(reason.contains(word), "{} {what}: {reason}", row.format);
            assert!(!what.contains("500") || reason.contains("the limit is 500"));
        }
        let listed = |words: Vec<&str>| match words.is_empty() {
            true => "–".to_owned(),
            false => words.join(", "),
        };
        let works = listed(row.works.iter().map(|works| works.0).collect());
        let not = listed(row.not.iter().map(|not| not.0).collect());
        let cameras = match row.decoder {
            "none" => "–".to_owned(),
            decoder => from_cameras(row.named, decoder),
        };
        let (format, decoder) = (row.format, row.decoder);
        writeln!(
            table,
            "| {format} | {decoder} | {works} | {not} | {cameras} |"
        )
        .unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/formats.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("<!-- made by a test -->\n").unwrap();
    let (now, after) = rest.split_once("<!-- to here -->\n").unwrap();
    if std::env::var_os("KEEPERS_UPDATE_OUTCOMES").is_some() {
        let marks = ("<!-- made by a test -->\n", "<!-- to here -->\n");
        let text = format!("{before}{}{table}{}{after}", marks.0, marks.1);
        fs::write(&path, text).unwrap();
        return;
    }
    assert_eq!(now, table, "set KEEPERS_UPDATE_OUTCOMES to write it anew");
}
