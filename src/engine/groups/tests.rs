use super::*;
use crate::metadata::Moment;

/// A photo taken so many milliseconds after noon, of a scene.
fn photo(name: &str, after: i64, scene: u32, noise: f32) -> Photo {
    let second = after.div_euclid(1000);
    let captured = Moment {
        year: 2026,
        month: 7,
        day: 31,
        hour: (12 + second / 3600) as u8,
        minute: (second / 60 % 60) as u8,
        second: (second % 60) as u8,
        millisecond: after.rem_euclid(1000) as u16,
        offset_minutes: None,
    };
    let mut photo = Photo {
        path: name.into(),
        look: Some(look(scene, noise, name)),
        score: Score::new(50.0),
        ..Photo::default()
    };
    photo.exif.captured = Some(captured);
    photo.exif.model = Some("camera".to_owned());
    photo.exif.exposure_seconds = Some(0.01);
    photo.exif.f_number = Some(4.0);
    photo.exif.iso = Some(100);
    photo.exif.exposure_bias = Some(0.0);
    photo
}

/// What a photo of a scene looks like; the squared noise is about what it differs
/// from others of that scene.
fn look(scene: u32, noise: f32, name: &str) -> Vec<f32> {
    let name: u64 = name.bytes().fold(5, |sum, byte| 31 * sum + u64::from(byte));
    let mut scene = crate::learning::sample::Random::new(u64::from(scene));
    let mut own = crate::learning::sample::Random::new(name);
    (0..1120)
        .map(|_| scene.normal() as f32 + noise * own.normal() as f32)
        .collect()
}

fn with(photo: Photo, change: impl FnOnce(&mut Exif)) -> Photo {
    let mut photo = photo;
    change(&mut photo.exif);
    photo
}

/// The groups as kinds and names.
fn groups(photos: &[Photo], sensitivity: f64, wishes: &[Wish]) -> Vec<(Kind, String)> {
    let groups = Comparison::new(photos).groups(sensitivity, wishes);
    let name = |at: &usize| photos[*at].path.to_string_lossy().into_owned();
    let shot = |shot: &Shot| shot.files.iter().map(name).collect::<Vec<_>>().join("+");
    groups
        .iter()
        .map(|group| {
            let shots: Vec<String> = group.shots.iter().map(shot).collect();
            (group.kind, shots.join(" "))
        })
        .collect()
}

fn one(kind: Kind, names: &str) -> Vec<(Kind, String)> {
    vec![(kind, names.to_owned())]
}

#[test]
fn a_burst_is_found_whatever_the_order_and_another_scene_is_not_of_it() {
    let mut photos: Vec<Photo> = (0..5)
        .map(|i| photo(&format!("b{i}"), 200 * i, 1, 0.2))
        .collect();
    photos.push(photo("other", 1000, 2, 0.2));
    photos.push(photo("later", 600_000, 1, 0.2));
    let expected = one(Kind::Burst, "b0 b1 b2 b3 b4");
    assert_eq!(groups(&photos, SENSITIVITY, &[]), expected);
    photos.reverse();
    assert_eq!(groups(&photos, SENSITIVITY, &[]), expected);
    // Another camera's photos are not of it either.
    let other = with(photo("c", 300, 1, 0.2), |exif| {
        exif.serial = Some("2".into())
    });
    photos.push(other);
    assert_eq!(groups(&photos, SENSITIVITY, &[]), expected);
}

#[test]
fn what_comes_later_has_to_be_more_alike_and_sensitivity_decides() {
    let pair = |gap, noise| vec![photo("a", 0, 1, noise), photo("b", gap, 1, noise)];
    let found = |gap, noise, sensitivity| !groups(&pair(gap, noise), sensitivity, &[]).is_empty();
    assert!(found(500, 0.4, 0.5));
    assert!(!found(14_000, 0.4, 0.5));
    assert_eq!(groups(&pair(8_000, 0.1), 0.5, &[])[0].0, Kind::Similar);
    assert!(!found(500, 0.4, 0.0));
    assert!(found(14_000, 0.4, 1.0));
    assert!(!found(600_000, 0.0, 1.0));
    // More is never less.
    for gap in [100, 3_000, 12_000, 60_000] {
        for noise in [0.05, 0.2, 0.5, 0.8] {
            let at: Vec<bool> = (0..=10)
                .map(|s| found(gap, noise, f64::from(s) / 10.0))
                .collect();
            assert!(at.windows(2).all(|w| w[0] <= w[1]), "{gap} {noise}: {at:?}");
        }
    }
    assert_eq!(groups(&pair(500, 0.3), f64::NAN, &[]).len(), 1);
}

#[test]
fn without_a_time_neighbours_by_name_are_compared() {
    let untimed = |name: &str, scene| with(photo(name, 0, scene, 0.05), |e| e.captured = None);
    let photos = [
        untimed("f/IMG_10", 1),
        untimed("f/IMG_9", 1),
        untimed("f/IMG_11", 2),
        untimed("g/IMG_10", 1),
        untimed("f/IMG_90", 1),
    ];
    let expected = one(Kind::Similar, "f/IMG_9 f/IMG_10 f/IMG_90");
    assert_eq!(groups(&photos, SENSITIVITY, &[]), expected);
}

#[test]
fn brackets_are_whole() {
    let step = |name: &str, after, bias: f64| {
        with(photo(name, after, 1, 0.1), |exif| {
            exif.exposure_bias = Some(bias);
            exif.exposure_seconds = Some(0.01 * bias.exp2());
        })
    };
    let photos = [
        step("x", 0, 0.0),
        step("a", 5_000, 0.0),
        step("b", 5_400, -2.0),
        step("c", 5_800, 2.0),
        step("d", 6_400, 0.0),
        step("e", 6_800, -2.0),
        step("f", 7_200, 2.0),
    ];
    let found = groups(&photos[1..], SENSITIVITY, &[]);
    assert_eq!(found[0], (Kind::ExposureBracket, "a b c".to_owned()));
    assert_eq!(found[1], (Kind::ExposureBracket, "d e f".to_owned()));
    let group = &Comparison::new(&photos).groups(SENSITIVITY, &[])[0];
    assert_eq!(group.proposal(&photos, |_| 0.0), Proposal::KeepAll);
    assert!(group.rest(&photos, &Proposal::KeepAll).is_empty());
    // By the shutter alone, in whole stops; not where steps are uneven.
    let shutter = |times: [f64; 3]| -> Vec<Photo> {
        let at = |i: usize| {
            with(
                photo(&format!("s{i}"), 400 * i as i64, i as u32, 0.1),
                |exif| {
                    exif.exposure_seconds = Some(times[i]);
                },
            )
        };
        (0..3).map(at).collect()
    };
    let found = groups(&shutter([0.01, 0.005, 0.02]), SENSITIVITY, &[]);
    assert_eq!(found, one(Kind::ExposureBracket, "s0 s1 s2"));
    assert!(groups(&shutter([0.01, 0.005, 0.03]), SENSITIVITY, &[]).is_empty());
    // Two are one where the camera says so.
    let two = |marked| -> Vec<Photo> {
        let mark = |p: Photo| with(p, |exif| exif.auto_bracket = Some(marked));
        vec![mark(step("a", 0, -1.0)), mark(step("b", 400, 1.0))]
    };
    assert_eq!(groups(&two(true), 0.5, &[])[0].0, Kind::ExposureBracket);
    assert_eq!(groups(&two(false), 0.5, &[])[0].0, Kind::Burst);
}

#[test]
fn focus_stacks_and_panoramas_are_whole() {
    let focus = |i: i64, dioptres: f64| {
        with(photo(&format!("f{i}"), 700 * i, 1, 0.1), |exif| {
            exif.subject_distance_m = Some(1.0 / dioptres);
        })
    };
    let stack: Vec<Photo> = (0..5).map(|i| focus(i, 4.0 - 0.1 * i as f64)).collect();
    let expected = one(Kind::FocusStack, "f0 f1 f2 f3 f4");
    assert_eq!(groups(&stack, SENSITIVITY, &[]), expected);
    // A focus that hunts makes none.
    let hunting: Vec<Photo> = [4.0, 3.9, 4.1, 3.8, 4.0]
        .into_iter()
        .zip(0..)
        .map(|(d, i)| focus(i, d))
        .collect();
    assert_eq!(groups(&hunting, SENSITIVITY, &[])[0].0, Kind::Burst);

    let turned = |i: u32, degrees: f64| {
        with(
            photo(&format!("p{i}"), 4_000 * i64::from(i), i, 0.1),
            |exif| {
                exif.direction_degrees = Some(degrees);
            },
        )
    };
    let panorama: Vec<Photo> = (0..4)
        .map(|i| turned(i, (340.0 + 20.0 * f64::from(i)) % 360.0))
        .collect();
    assert_eq!(
        groups(&panorama, SENSITIVITY, &[]),
        one(Kind::Panorama, "p0 p1 p2 p3")
    );
    let mut metered = panorama.clone();
    metered[1].exif.exposure_seconds = Some(0.02);
    assert!(groups(&metered, SENSITIVITY, &[]).is_empty());
}

#[test]
fn raw_and_developed_are_one_shot() {
    let photos = [
        photo("d/a.CR2", 0, 1, 0.1),
        photo("d/a.JPG", 0, 1, 0.1),
        photo("d/b.CR2", 500, 1, 0.1),
        photo("d/b.JPG", 500, 1, 0.1),
    ];
    let expected = one(Kind::Burst, "d/a.JPG+d/a.CR2 d/b.JPG+d/b.CR2");
    assert_eq!(groups(&photos, SENSITIVITY, &[]), expected);
    assert!(groups(&photos[..2], SENSITIVITY, &[]).is_empty());
}

#[test]
fn wishes_come_first() {
    let photos: Vec<Photo> = (0..4)
        .map(|i| photo(&format!("b{i}"), 300 * i, 1, 0.1))
        .chain([photo("z", 900_000, 7, 0.1)])
        .collect();
    let wish = |one, other, together| Wish {
        one,
        other,
        together,
    };
    let split = [wish(0, 1, false), wish(0, 2, false), wish(0, 3, false)];
    assert_eq!(groups(&photos, 0.5, &split), one(Kind::Burst, "b1 b2 b3"));
    let merged = [wish(4, 2, true), wish(9, 1, true)];
    let all = one(Kind::Similar, "b0 b1 b2 b3 z");
    assert_eq!(groups(&photos, 0.5, &merged), all);
    let both = [wish(4, 2, true), wish(2, 4, false)];
    assert_eq!(groups(&photos, 0.5, &both), one(Kind::Burst, "b0 b1 b2 b3"));
}

#[test]
fn the_best_is_named_unless_it_is_too_close_to_call() {
    let mut photos: Vec<Photo> = (0..3)
        .map(|i| photo(&format!("b{i}"), 300 * i, 1, 0.1))
        .collect();
    for (photo, score) in photos.iter_mut().zip([64.2, 71.3, 30.0]) {
        photo.score = Score::new(score);
    }
    let group = Comparison::new(&photos).groups(0.5, &[]).remove(0);
    let best = group.proposal(&photos, |_| MARGIN);
    assert_eq!(
        (best.top(), group.reason(&best).as_str()),
        (Some(1), "score 71, next 64")
    );
    let rest: Vec<usize> = group
        .rest(&photos, &best)
        .iter()
        .map(|s| s.lead())
        .collect();
    assert_eq!(rest, [0, 2]);
    let close = group.proposal(&photos, |_| 8.0);
    assert!(matches!(close, Proposal::TooClose { shot: 1, .. }));
    assert!(group.rest(&photos, &close).is_empty());
    // What was not scored is not rejected.
    photos[2].score = None;
    let best = group.proposal(&photos, |_| MARGIN);
    assert_eq!(group.rest(&photos, &best).len(), 1);
    photos[0].score = None;
    assert_eq!(group.proposal(&photos, |_| MARGIN), Proposal::NoScores);
}
