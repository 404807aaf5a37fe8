//! What photos of real cameras say about themselves; sidecars are in `xmp`.

mod xmp;

use std::path::PathBuf;

use keepers::metadata::{Exif, read};

use crate::support;

fn shoot() -> Option<PathBuf> {
    Some(support::data()?.join("shoot"))
}

/// Camera, time, and the exposure in seconds, aperture, ISO and focal length.
fn summary(exif: &Exif) -> String {
    let number = |number: Option<f64>| number.map_or("-".to_owned(), |n| format!("{n:.4}"));
    format!(
        "{} | {} | {} | {} | {} | {}",
        exif.model.as_deref().unwrap_or("-"),
        exif.captured
            .map_or("-".to_owned(), |moment| moment.to_string()),
        number(exif.exposure_seconds),
        number(exif.f_number),
        exif.iso.map_or("-".to_owned(), |iso| iso.to_string()),
        number(exif.focal_length_mm),
    )
}

#[test]
fn cameras_phones_and_raw_files_are_read() {
    let Some(shoot) = shoot() else { return };
    for (file, expected) in [
        (
            "cameras/Blackberry Z10.jpg",
            "BlackBerry Z10 | 2013-08-17 18:54:52 | 0.0300 | 2.2000 | 70 | 4.1000",
        ),
        (
            "cameras/HTC One.jpg",
            "HTC One | 2013-05-29 09:33:20 | 0.0045 | 2.0000 | 101 | 3.8200",
        ),
        (
            "cameras/Kodak PIXPRO FZ201.jpg",
            "KODAK PIXPRO FZ201 | 2014-08-05 01:45:01 | 0.0067 | 4.9000 | 80 | 90.0000",
        ),
        (
            "cameras/Nokia Lumia 800.jpg",
            "Nokia Lumia 800 | 2012-06-09 21:23:38 | 0.0010 | 2.2000 | - | -",
        ),
        (
            "heif/exiv2_IMG_3578.heic",
            "iPhone XR | 2020-04-17 10:03:40 | 0.0167 | 1.8000 | 320 | 4.2500",
        ),
        (
            "raw/canon_eos_6d.dng",
            "Canon EOS 6D | 2019-06-06 07:29:51 | 0.0167 | 5.6000 | 1000 | 65.0000",
        ),
        (
            "heif/avif_fox.profile0.10bpc.yuv420.avif",
            "- | - | - | - | - | -",
        ),
        ("broken/empty.jpg", "- | - | - | - | - | -"),
    ] {
        let exif = read(&shoot.join(file)).unwrap();
        assert_eq!(summary(&exif), expected, "{file}");
    }
}

#[test]
fn all_orientations_are_read() {
    let Some(shoot) = shoot() else { return };
    for name in ["Landscape", "Portrait"] {
        for number in 1..=8 {
            let exif = read(&shoot.join(format!("orientation/{name}_{number}.jpg"))).unwrap();
            let orientation = exif.orientation.map(|orientation| orientation.to_exif());
            assert_eq!(orientation, Some(number), "{name}_{number}");
        }
    }
}

#[test]
fn a_missing_file_is_an_error() {
    assert!(read(&PathBuf::from("no/such/photo.jpg")).is_err());
}
