//! Decoding real photos: orientation, colour, damage, and the resize that
//! networks expect.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use image::RgbImage;
use keepers::imaging::{Limits, Reason, Want, decode, model_input};

use crate::support;

mod dng;
mod formats;
mod hostile;
pub mod raw;
mod table;

fn shoot() -> Option<PathBuf> {
    Some(support::data()?.join("shoot"))
}

fn full(path: &Path) -> RgbImage {
    decode(path, Want::Full, &Limits::default())
        .unwrap_or_else(|error| panic!("{error}"))
        .image
}

/// The files of a folder and its folders, by their paths inside it.
fn files(folder: &Path, inside: &str, found: &mut BTreeMap<String, PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let inside = format!("{inside}{name}");
        if path.is_dir() {
            files(&path, &format!("{inside}/"), found);
        } else if inside.contains('/') {
            found.insert(inside, path);
        }
    }
}

/// What became of a photo, in one word or by its size.
fn outcome(path: &Path, want: Want) -> String {
    match decode(path, want, &Limits::default()) {
        Ok(decoded) => {
            let (width, height) = (decoded.original_width, decoded.original_height);
            let what = if decoded.preview { "preview" } else { "photo" };
            format!("{what}\t{width}x{height}")
        }
        Err(error) => {
            let class = match error.reason {
                Reason::Io(_) => "unreadable",
                Reason::Empty => "empty",
                Reason::Unsupported(_) => "unsupported",
                Reason::Damaged(_) => "damaged",
                Reason::Limit(_) => "limit",
                _ => "other",
            };
            format!("{class}\t{}", error.reason)
        }
    }
}

/// Every file of the shoot has its outcome in `tests/outcomes/shoot.tsv`:
/// decoded, by its upright size, or failed, by its reason. To write the list
/// anew, set `KEEPERS_UPDATE_OUTCOMES` and look at the difference.
#[test]
fn every_file_of_the_shoot_has_its_known_outcome() {
    let Some(shoot) = shoot() else { return };
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outcomes/shoot.tsv");
    let mut found = BTreeMap::new();
    files(&shoot, "", &mut found);
    let mut outcomes = String::from("file\toutcome\tsize or reason\n");
    for (name, path) in &found {
        let outcome = outcome(path, Want::AtLeast(960));
        writeln!(outcomes, "{name}\t{outcome}").unwrap();
    }
    if std::env::var_os("KEEPERS_UPDATE_OUTCOMES").is_some() {
        fs::write(&list, &outcomes).unwrap();
    }
    let expected = fs::read_to_string(&list).unwrap();
    for (line, expected) in outcomes.lines().zip(expected.lines()) {
        assert_eq!(line, expected);
    }
    assert_eq!(outcomes.lines().count(), expected.lines().count());
}

/// 1 for the same picture, about 0 for another one.
fn correlation(a: &RgbImage, b: &RgbImage) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions());
    let values = |image: &RgbImage| -> Vec<f64> {
        image.as_raw().iter().map(|&byte| f64::from(byte)).collect()
    };
    let centred = |image| {
        let values: Vec<f64> = values(image);
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.into_iter().map(|v| v - mean).collect::<Vec<_>>()
    };
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (a, b) = (centred(a), centred(b));
    dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
}

#[test]
fn all_orientations_come_out_upright() {
    let Some(shoot) = shoot() else { return };
    for name in ["Landscape", "Portrait"] {
        let photo = |i: u32| shoot.join(format!("orientation/{name}_{i}.jpg"));
        for want in [Want::Full, Want::AtLeast(300)] {
            let small = |i: u32| {
                let decoded = decode(&photo(i), want, &Limits::default()).unwrap();
                let landscape = decoded.original_width > decoded.original_height;
                assert_eq!(landscape, name == "Landscape");
                model_input(&decoded.image, 128)
            };
            let upright = small(1);
            for i in 2..=8 {
                // Each file has its own number drawn into it.
                let correlation = correlation(&small(i), &upright);
                assert!(correlation > 0.98, "{name}_{i}: {correlation}");
            }
        }
    }
}

#[test]
fn a_smaller_picture_is_the_same_picture() {
    let Some(shoot) = shoot() else { return };
    let photo = shoot.join("cameras/Issue 525.jpg");
    let full = full(&photo);
    for (needed, size) in [
        (378, (504, 378)),
        (379, (1008, 756)),
        (757, (2016, 1512)),
        (1600, (4032, 3024)),
        (9999, (4032, 3024)),
    ] {
        let decoded = decode(&photo, Want::AtLeast(needed), &Limits::default()).unwrap();
        assert_eq!(decoded.image.dimensions(), size, "{needed}");
        assert_eq!(
            (decoded.original_width, decoded.original_height),
            (4032, 3024)
        );
        let (a, b) = (model_input(&decoded.image, 200), model_input(&full, 200));
        let correlation = correlation(&a, &b);
        assert!(correlation > 0.999, "{needed}: {correlation}");
    }
}

/// A JPEG is damaged wherever it is cut, with and without an end marker put
/// behind, scaled and not; an end marker alone may lack.
#[test]
fn cut_photos_are_damaged_wherever_they_are_cut() {
    let Some(shoot) = shoot() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.jpg");
    for (photo, sequential) in [
        ("focus/176_HONOR-7X_S.jpg", true),
        (
            "odd/codec_corpus_Kiara_limited_progressive_four_components.jpg",
            false,
        ),
    ] {
        let bytes = fs::read(shoot.join(photo)).unwrap();
        assert_eq!(bytes[bytes.len() - 2..], [0xFF, 0xD9]);
        let try_at = |end: usize, mark: bool, want| {
            let mut cut = bytes[..end].to_vec();
            if mark {
                cut.extend([0xFF, 0xD9]);
            }
            fs::write(&path, cut).unwrap();
            decode(&path, want, &Limits::default())
        };
        for want in [Want::Full, Want::AtLeast(200)] {
            assert!(try_at(bytes.len(), false, want).is_ok());
            assert_eq!(try_at(bytes.len() - 2, false, want).is_ok(), sequential);
            for percent in [2, 10, 30, 50, 70, 90, 97] {
                for mark in [false, true] {
                    let end = bytes.len() * percent / 100;
                    let result = try_at(end, mark, want);
                    // Progressive scans may end at the cut by chance.
                    if let Ok(decoded) = &result {
                        assert!(
                            !sequential && mark,
                            "{photo} at {percent} %, mark {mark}, {want:?}: {:?}",
                            decoded.image.dimensions()
                        );
                        continue;
                    }
                    let reason = result.unwrap_err().reason;
                    assert!(
                        matches!(reason, Reason::Damaged(_)),
                        "{photo} at {percent} %: {reason}"
                    );
                }
            }
        }
    }
}

#[test]
fn golden_resize_is_pils_bicubic() {
    let Some(golden) = support::golden() else {
        return;
    };
    let bytes = fs::read(golden.join("preprocess.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let picture = |name: &str| {
        let tensor = tensors.tensor(name).unwrap();
        let &[height, width, 3] = tensor.shape() else {
            panic!("{:?}", tensor.shape())
        };
        RgbImage::from_raw(width as u32, height as u32, tensor.data().to_vec()).unwrap()
    };
    let photo = picture("photo");
    for name in ["resized224", "resized64"] {
        let expected = picture(name);
        let resized = model_input(&photo, expected.width());
        assert_eq!(resized.dimensions(), expected.dimensions());
        let differences: Vec<u8> = resized
            .as_raw()
            .iter()
            .zip(expected.as_raw())
            .map(|(a, b)| a.abs_diff(*b))
            .collect();
        let sum: f64 = differences.iter().map(|&d| f64::from(d)).sum();
        let mean = sum / differences.len() as f64;
        let most = differences.iter().max().unwrap();
        println!("{name}: mean {mean:.4}, at most {most}");
        assert!(mean <= 0.2 && *most <= 3, "{name}: {mean} {most}");
    }
}
