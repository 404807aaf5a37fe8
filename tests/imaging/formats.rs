//! One pattern in every format: the pixels have to be those of the pattern.

use std::path::PathBuf;

use image::{Rgb, RgbImage};
use keepers::imaging::{Limits, Reason, Want, decode};

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/photos")
        .join(name)
}

fn decoded(name: &str) -> RgbImage {
    decode(&fixture(name), Want::Full, &Limits::default())
        .unwrap_or_else(|error| panic!("{error}"))
        .image
}

/// Mean and largest difference of two pictures, in levels of 255.
fn difference(a: &RgbImage, b: &RgbImage) -> (f64, u8) {
    assert_eq!(a.dimensions(), b.dimensions());
    let differences = a
        .as_raw()
        .iter()
        .zip(b.as_raw())
        .map(|(a, b)| a.abs_diff(*b));
    let most = differences.clone().max().unwrap();
    let sum: f64 = differences.map(f64::from).sum();
    (sum / a.as_raw().len() as f64, most)
}

/// The files that have to look as `expected`, with the mean difference allowed:
/// none for exact codings, the coding's own loss for the others.
fn check(expected: &str, files: &[(&str, f64)]) {
    let expected = decoded(expected);
    let mut wrong = Vec::new();
    for (name, allowed) in files {
        let (mean, most) = difference(&decoded(name), &expected);
        println!("{name}: mean {mean:.3}, at most {most}");
        if mean > *allowed {
            wrong.push(*name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn colours_are_the_same_in_every_format() {
    check(
        "expected_rgb.png",
        &[
            // Halved colour cannot follow the bars.
            ("rgb_420.jpg", 3.0),
            ("rgb_progressive.jpg", 1.0),
            ("rgb_cmyk.jpg", 1.0),
            ("rgb_named_rgb.jpg", 1.0),
            // Adobe RGB by EXIF alone, without a profile.
            ("rgb_adobe.jpg", 1.2),
            ("rgb_palette.png", 3.0),
            ("rgb_lzw.tif", 0.0),
            ("rgb_deflate.tif", 0.0),
            ("rgb_cmyk.tif", 0.5),
            ("rgb.bmp", 0.0),
            ("rgb.gif", 3.0),
            ("rgb.webp", 0.0),
            ("rgb.jxl", 0.0),
            ("rgb_lossy.jxl", 1.2),
            ("rgb_420.avif", 3.5),
            ("rgb_422.avif", 1.5),
            ("rgb_444.avif", 1.2),
            ("rgb_full.avif", 1.2),
            ("rgb.heic", 1.0),
        ],
    );
}

#[test]
fn grey_is_grey_with_any_depth() {
    check(
        "expected_grey.png",
        &[
            ("grey.jpg", 1.0),
            ("grey_16.png", 0.0),
            ("grey_16.tif", 0.0),
            ("grey_float.tif", 0.0),
            ("grey.jxl", 0.0),
            ("grey.avif", 2.0),
        ],
    );
    check("expected_bilevel.png", &[("bilevel_g4.tif", 0.0)]);
}

#[test]
fn transparency_lies_over_white() {
    check(
        "expected_alpha.png",
        &[
            ("alpha.png", 0.1),
            ("alpha.tif", 0.1),
            ("alpha.webp", 0.1),
            ("alpha.jxl", 0.3),
            ("alpha.avif", 1.5),
            ("alpha.heic", 1.5),
        ],
    );
}

/// Whether the pattern stands upright: its red grows to the right, its green
/// downwards.
pub fn stands_upright(image: &RgbImage) -> bool {
    let (width, height) = image.dimensions();
    let at = |x: u32, y: u32| {
        image
            .get_pixel(x * (width - 1) / 20, y * (height - 1) / 20)
            .0
    };
    let (left, right) = (at(1, 18)[0], at(19, 18)[0]);
    let (top, bottom) = (at(10, 1)[1], at(10, 19)[1]);
    left + 80 < right && top + 80 < bottom
}

#[test]
fn raw_files_give_their_largest_preview_upright() {
    for name in ["preview.raf", "preview.cr3"] {
        let decoded = decode(&fixture(name), Want::Full, &Limits::default()).unwrap();
        assert!(decoded.preview, "{name}");
        assert_eq!(decoded.image.dimensions(), (603, 402), "{name}");
        assert!(stands_upright(&decoded.image), "{name}");
    }
    // Its orientation says that the camera was held upright, so what is the
    // pattern's right side has to be at the bottom.
    let turned = decode(
        &fixture("turned_preview.dng"),
        Want::Full,
        &Limits::default(),
    )
    .unwrap();
    assert_eq!(turned.image.dimensions(), (402, 603));
    assert_eq!((turned.original_width, turned.original_height), (402, 603));
    assert!(stands_upright(&image::imageops::rotate270(&turned.image)));
}

#[test]
fn a_thumbnail_alone_is_too_small_to_judge() {
    let error = decode(
        &fixture("thumbnail.dng"),
        Want::AtLeast(960),
        &Limits::default(),
    );
    let error = error.unwrap_err();
    assert!(matches!(error.reason, Reason::Unsupported(_)));
    assert!(error.to_string().contains("160 x 120"), "{error}");
    assert!(error.to_string().contains("thumbnail.dng"), "{error}");
}

#[test]
fn names_do_not_decide_but_content() {
    let folder = tempfile::tempdir().unwrap();
    for (from, name) in [
        ("rgb.heic", "a.jpg"),
        ("rgb.webp", "b.png"),
        ("rgb.jxl", "c.heic"),
    ] {
        let path = folder.path().join(name);
        std::fs::copy(fixture(from), &path).unwrap();
        let image = decode(&path, Want::Full, &Limits::default()).unwrap().image;
        assert_eq!(image, decoded(from), "{from} as {name}");
    }
}

#[test]
fn a_large_float_range_is_measured_against_its_brightest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("float.tif");
    let file = std::fs::File::create(&path).unwrap();
    let mut encoder = tiff::encoder::TiffEncoder::new(file).unwrap();
    let samples: Vec<f32> = (0..64).flat_map(|i| [i as f32 * 100.0; 3]).collect();
    encoder
        .write_image::<tiff::encoder::colortype::RGB32Float>(8, 8, &samples)
        .unwrap();
    let image = decode(&path, Want::Full, &Limits::default()).unwrap().image;
    assert_eq!(*image.get_pixel(7, 7), Rgb([255; 3]));
    assert_eq!(*image.get_pixel(0, 0), Rgb([0; 3]));
}
