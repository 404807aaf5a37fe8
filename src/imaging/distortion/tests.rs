use image::Rgb;

use super::*;

/// A photo-like picture: a sky, and patches of many sizes that never repeat.
fn scene(width: u32, height: u32) -> RgbImage {
    let patch = |x: u32, y: u32, side: u32| {
        let cell = u64::from(x / side) << 40 | u64::from(y / side) << 20 | u64::from(side);
        let mixed = cell.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    RgbImage::from_fn(width, height, |x, y| {
        let sky = 90.0 + 80.0 * (1.0 - y as f32 / height as f32);
        let texture: f32 = [2, 5, 13, 37, 90]
            .map(|side| (20.0 + side as f32 * 0.5) * patch(x, y, side))
            .iter()
            .sum();
        let tint = 60.0 * patch(x, y, 51);
        let value = |tint: f32| (sky + texture + tint).clamp(0.0, 255.0) as u8;
        Rgb([value(20.0 + tint), value(0.0), value(-30.0 - tint)])
    })
}

fn squared_error(a: &RgbImage, b: &RgbImage) -> f64 {
    let both = a.as_raw().iter().zip(b.as_raw());
    let squares = both.map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2));
    squares.sum::<f64>() / a.as_raw().len() as f64
}

#[test]
fn every_type_grows_with_its_level() {
    let photo = scene(400, 300);
    let mut wrong = Vec::new();
    for kind in Distortion::ALL {
        for seed in [1, 2] {
            let mut before = 0.0;
            for level in Level::ALL {
                let worse = kind.apply(&photo, level, seed);
                assert_eq!(worse.dimensions(), photo.dimensions());
                let error = squared_error(&photo, &worse);
                let at = format!("{} {} seed {seed}", kind.name(), level.number());
                if error <= before {
                    wrong.push(format!("{at}: {error} after {before}"));
                }
                before = error;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_same_seed_gives_the_same_pixels_on_any_number_of_threads() {
    let photo = scene(96, 128);
    let level = Level::ALL[2];
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    for kind in Distortion::ALL {
        let first = kind.apply(&photo, level, 7);
        assert_eq!(
            first,
            one.install(|| kind.apply(&photo, level, 7)),
            "{}",
            kind.name()
        );
        let drawn = [
            Distortion::MotionBlur,
            Distortion::WhiteNoise,
            Distortion::ColourBlock,
            Distortion::CameraShake,
            Distortion::Haze,
        ];
        if drawn.contains(&kind) {
            assert_ne!(first, kind.apply(&photo, level, 8), "{}", kind.name());
        }
    }
}

#[test]
fn tiny_photos_are_fine() {
    for (width, height) in [(0, 0), (1, 1), (1, 9), (2, 1), (3, 2), (700, 1)] {
        let photo = scene(width.max(1), height.max(1));
        let photo = if width == 0 {
            RgbImage::new(0, 0)
        } else {
            photo
        };
        for kind in Distortion::ALL {
            for level in [Level::ALL[0], Level::ALL[4]] {
                let worse = kind.apply(&photo, level, 1);
                assert_eq!(worse.dimensions(), photo.dimensions(), "{}", kind.name());
            }
        }
    }
}

#[test]
fn lengths_grow_with_the_photo() {
    let even = RgbImage::from_fn(384, 320, |x, _| Rgb([if x < 192 { 0 } else { 255 }; 3]));
    let half = RgbImage::from_fn(192, 160, |x, _| Rgb([if x < 96 { 0 } else { 255 }; 3]));
    let width = |photo: &RgbImage| {
        let worse = Distortion::Defocus.apply(photo, Level::ALL[4], 1);
        let changing =
            (0..photo.width()).filter(|&x| (5..250).contains(&worse.get_pixel(x, 50).0[0]));
        changing.count() as f64
    };
    let ratio = width(&even) / width(&half);
    assert!((1.6..2.4).contains(&ratio), "{ratio}");
}

#[test]
fn names_and_numbers_are_found_again() {
    for kind in Distortion::ALL {
        assert_eq!(Distortion::named(kind.name()), Some(kind));
    }
    assert_eq!(Distortion::kadid(1), Some(Distortion::GaussianBlur));
    assert_eq!(Distortion::kadid(25), Some(Distortion::ContrastChange));
    assert_eq!((Distortion::kadid(0), Distortion::kadid(26)), (None, None));
    assert_eq!((Level::new(0), Level::new(6)), (None, None));
    assert_eq!(Level::new(5).map(Level::number), Some(5));
}
