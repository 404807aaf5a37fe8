//! Sidecars as other programs write them, edited and compared byte for byte,
//! and read by exiftool and exiv2.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use keepers::metadata::xmp::{
    Content, Edit, Fields, Flag, Label, Rating, Stars, edited, read_embedded,
};

/// The sidecars, and what each says.
const FIXTURES: [(&str, &str); 6] = [
    ("bridge_utf16.xmp", "1 star, green"),
    ("capture_one.xmp", "4 stars, blue"),
    ("darktable.xmp", "rejected"),
    ("digikam.xmp", "3 stars, picked, green"),
    ("lightroom.xmp", "2 stars, picked, yellow"),
    ("photo_mechanic.xmp", "5 stars, red"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/xmp")
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).unwrap()
}

fn meaning(bytes: &[u8]) -> Rating {
    Content::parse(bytes.to_vec()).unwrap().statements.meaning()
}

fn set(bytes: &[u8], change: Rating) -> Vec<u8> {
    let rating = meaning(bytes).with(change, change.fields());
    let explicit = change.fields();
    edited(bytes, &Edit { rating, explicit }).unwrap()
}

fn rating(stars: u8, flag: Flag, label: Label) -> Rating {
    Rating {
        stars: Stars::new(stars),
        flag: Some(flag),
        label: Some(label),
    }
}

/// The text of a fixture, whatever its encoding.
fn text(bytes: &[u8]) -> String {
    if bytes.starts_with(&[0xFF, 0xFE]) {
        let units: Vec<u16> = bytes
            .chunks_exact(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        String::from_utf16(&units).unwrap()
    } else {
        String::from_utf8(bytes.to_vec()).unwrap()
    }
}

/// `text` without the properties that Keepers sets, however they are written,
/// and without the declarations it may have had to add.
fn rest(text: &str) -> String {
    let mut rest = String::new();
    // Split where attributes and elements begin.
    for token in text.split_inclusive(['>', ' ', '\n']) {
        rest.push_str(token);
    }
    for name in [
        "xmp:Rating",
        "xmp:Label",
        "xap:Rating",
        "xap:Label",
        "digiKam:PickLabel",
        "digiKam:ColorLabel",
        "xmpDM:pick",
        "xmpDM:good",
        "xmlns:digiKam",
        "xmlns:xmp",
    ] {
        while let Some(at) = rest.find(&format!("<{name}>")) {
            let close = format!("</{name}>");
            let end = at + rest[at..].find(&close).unwrap() + close.len();
            let start = rest[..at].trim_end().len();
            rest.replace_range(start..end, "");
        }
        let mut from = 0;
        while let Some(at) = rest[from..].find(&format!("{name}=")).map(|at| from + at) {
            let quote = at + name.len() + 1;
            let mark = rest[quote..].chars().next().unwrap();
            let end = quote + 1 + rest[quote + 1..].find(mark).unwrap() + 1;
            let start = rest[..at].trim_end().len();
            rest.replace_range(start..end, "");
            from = start;
        }
    }
    rest
}

#[test]
fn every_program_is_understood() {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, FIXTURES.map(|(name, _)| name));
    for (name, expected) in FIXTURES {
        assert_eq!(meaning(&fixture(name)).to_string(), expected, "{name}");
    }
}

#[test]
fn what_is_already_said_changes_nothing() {
    for (name, _) in FIXTURES {
        let before = fixture(name);
        let edit = Edit {
            rating: meaning(&before),
            explicit: Fields::default(),
        };
        assert_eq!(edited(&before, &edit).unwrap(), before, "{name}");
    }
}

#[test]
fn every_program_keeps_its_own_and_gets_the_rating() {
    let changes = [
        rating(3, Flag::Pick, Label::Purple),
        rating(0, Flag::None, Label::None),
        rating(5, Flag::Reject, Label::Red),
        Rating {
            label: Some(Label::Green),
            ..Rating::default()
        },
    ];
    for (name, _) in FIXTURES {
        let mut bytes = fixture(name);
        let original = rest(&text(&bytes));
        for change in changes {
            let after = set(&bytes, change);
            let said = meaning(&after);
            let goal = meaning(&bytes).with(change, change.fields());
            assert_eq!(
                said.flag.unwrap_or(Flag::None),
                goal.flag.unwrap_or(Flag::None)
            );
            assert_eq!(said.label, goal.label, "{name}");
            if goal.flag != Some(Flag::Reject) {
                assert_eq!(said.stars, goal.stars, "{name}");
            }
            assert_eq!(rest(&text(&after)), original, "{name}");
            assert_eq!(after[..2], bytes[..2], "the encoding of {name}");
            bytes = after;
        }
    }
}

#[test]
fn a_change_and_back_gives_the_same_bytes() {
    for (name, _) in FIXTURES {
        let before = fixture(name);
        let was = meaning(&before);
        let Some(stars) = was.stars else { continue };
        let other = Stars::new((stars.count() + 1) % 6);
        let change = |stars| Rating {
            stars,
            ..Rating::default()
        };
        let after = set(&before, change(other));
        assert_ne!(after, before);
        // One digit.
        let differing = after.iter().zip(&before).filter(|(a, b)| a != b).count();
        assert_eq!((after.len(), differing), (before.len(), 1), "{name}");
        assert_eq!(set(&after, change(Some(stars))), before, "{name}");
    }
}

/// What a program prints, or `None`, with a line, where it is not installed.
fn output(program: &str, args: &[&str]) -> Option<String> {
    let Ok(output) = Command::new(program).args(args).output() else {
        println!("skipped: {program} is not installed");
        return None;
    };
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn exiftool_reads_what_was_written() {
    if output("exiftool", &["-ver"]).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, _) in FIXTURES {
        let path = folder.path().join(name);
        let before = fixture(name);
        fs::write(&path, &before).unwrap();
        let shown = path.to_str().unwrap();
        // Some versions read no UTF-16, of nobody's.
        let read = output("exiftool", &["-s3", "-XMP:all", shown]).unwrap();
        if before.starts_with(&[0xFF, 0xFE]) && read.trim().is_empty() {
            println!("skipped: this exiftool does not read {name} as it was");
            continue;
        }
        fs::write(&path, set(&before, rating(4, Flag::Pick, Label::Blue))).unwrap();
        let path = shown;
        let values = output(
            "exiftool",
            &[
                "-s3",
                "-n",
                "-XMP-xmp:Rating",
                "-XMP-xmp:Label",
                "-XMP-digiKam:PickLabel",
                "-XMP-digiKam:ColorLabel",
                path,
            ],
        )
        .unwrap();
        let values: Vec<&str> = values.lines().collect();
        assert_eq!(values, ["4", "Blue", "3", "5"], "{name}");
        let valid = output(
            "exiftool",
            &["-validate", "-warning", "-error", "-s3", path],
        );
        assert!(!valid.unwrap().contains("XML"), "{name}");
    }
}

#[test]
fn exiv2_reads_what_was_written() {
    if output("exiv2", &["--version"]).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, _) in FIXTURES {
        // Its toolkit takes sidecars in UTF-8 only.
        if name == "bridge_utf16.xmp" {
            continue;
        }
        let path = folder.path().join(name);
        let after = set(&fixture(name), rating(2, Flag::Reject, Label::Red));
        fs::write(&path, after).unwrap();
        let path = path.to_str().unwrap();
        let listed = output("exiv2", &["-PXkv", path]).unwrap();
        let value = |key: &str| {
            let line = listed.lines().find(|line| line.starts_with(key));
            line.and_then(|line| line.split_whitespace().last().map(str::to_owned))
        };
        assert_eq!(
            value("Xmp.xmp.Rating ").as_deref(),
            Some("-1"),
            "{name}: {listed}"
        );
        assert_eq!(value("Xmp.xmp.Label ").as_deref(), Some("Red"), "{name}");
        assert_eq!(
            value("Xmp.digiKam.PickLabel ").as_deref(),
            Some("1"),
            "{name}"
        );
    }
}

/// The packet in a JPEG's segment.
fn jpeg_with(packet: &[u8]) -> Vec<u8> {
    let name = b"http://ns.adobe.com/xap/1.0/\0";
    let length = (2 + name.len() + packet.len()) as u16;
    let mut jpeg = vec![0xFF, 0xD8, 0xFF, 0xE1];
    jpeg.extend(length.to_be_bytes());
    jpeg.extend(name);
    jpeg.extend(packet);
    jpeg.extend([0xFF, 0xD9]);
    jpeg
}

/// The packet in the first directory of a TIFF, as in a DNG.
fn tiff_with(packet: &[u8]) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0\x01\0".to_vec();
    tiff.extend(700_u16.to_le_bytes());
    tiff.extend(1_u16.to_le_bytes());
    tiff.extend((packet.len() as u32).to_le_bytes());
    tiff.extend(26_u32.to_le_bytes());
    tiff.extend([0; 4]);
    tiff.extend(packet);
    tiff
}

#[test]
fn packets_inside_photos_are_read() {
    let folder = tempfile::tempdir().unwrap();
    for (name, expected) in FIXTURES {
        let packet = fixture(name);
        for (file, bytes) in [
            ("a.jpg", jpeg_with(&packet)),
            ("a.dng", tiff_with(&packet)),
            ("b.tif", tiff_with(&[packet.as_slice(), &[0; 8]].concat())),
        ] {
            let path = folder.path().join(file);
            fs::write(&path, bytes).unwrap();
            let said = read_embedded(&path).unwrap().unwrap();
            assert_eq!(said.meaning().to_string(), expected, "{name} in {file}");
        }
    }
    let plain = folder.path().join("plain.jpg");
    fs::write(&plain, [0xFF, 0xD8, 0xFF, 0xD9]).unwrap();
    assert_eq!(read_embedded(&plain).unwrap(), None);
}

#[test]
fn damage_is_an_error_and_never_a_panic() {
    // A fixed sequence, so that a failure can be repeated.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let edit = Edit {
        rating: rating(3, Flag::Pick, Label::Red),
        explicit: Fields::ALL,
    };
    for (name, _) in FIXTURES {
        let whole = fixture(name);
        for cut in (0..whole.len()).step_by(7) {
            let _ = edited(&whole[..cut], &edit);
        }
        for _ in 0..300 {
            let mut bytes = whole.clone();
            for _ in 0..=next(4) {
                let at = next(bytes.len());
                match next(3) {
                    0 => bytes[at] = b"<>\"'&/= \0\xFF"[next(10)],
                    1 => drop(bytes.drain(at..bytes.len().min(at + next(40)))),
                    _ => {
                        let part = bytes[at..bytes.len().min(at + next(60))].to_vec();
                        bytes.splice(at..at, part);
                    }
                }
                if bytes.is_empty() {
                    break;
                }
            }
            // What is accepted says afterwards what it was told to.
            if let Ok(after) = edited(&bytes, &edit) {
                assert_eq!(meaning(&after), edit.rating, "{name}");
            }
        }
    }
}
