use super::*;

#[test]
fn moments_parse_and_refuse_what_is_none() {
    let moment = Moment::parse("2019:06:06 07:29:51", Some("04"), Some("+02:00")).unwrap();
    assert_eq!(moment.to_string(), "2019-06-06 07:29:51");
    assert_eq!(moment.millisecond, 40);
    assert_eq!(moment.offset_minutes, Some(120));
    for none in [
        "",
        "0000:00:00 00:00:00",
        "    :  :     :  :  ",
        "2019:13:01 00:00:00",
        "2019:06:06",
        "99999:01:01 00:00:00",
    ] {
        assert_eq!(Moment::parse(none, None, None), None, "{none}");
    }
}

#[test]
fn moments_are_as_far_apart_as_the_clock_says() {
    let at = |text: &str| Moment::parse(text, None, None).unwrap().milliseconds();
    assert_eq!(at("1970:01:01 00:00:00"), 0);
    assert_eq!(
        at("2000:03:01 00:00:00") - at("2000:02:28 23:59:59"),
        86_401_000
    );
    assert_eq!(at("2026:01:01 00:00:01"), 1_767_225_601_000);
}

#[test]
fn parts_of_a_second_and_zones() {
    assert_eq!(milliseconds("1"), Some(100));
    assert_eq!(milliseconds("123456"), Some(123));
    assert_eq!(milliseconds(" "), None);
    assert_eq!(offset("-03:30"), Some(-210));
    assert_eq!(offset("Z"), Some(0));
    for none in ["", "+", "02:00", "+2", "+99:00", "é0:00"] {
        assert_eq!(offset(none), None, "{none}");
    }
}

#[test]
fn lenses_without_a_name() {
    assert_eq!(lens_name(&[24.0, 105.0, 4.0, 4.0]).unwrap(), "24-105mm f/4");
    assert_eq!(lens_name(&[35.0, 35.0, f64::NAN, 0.0]).unwrap(), "35mm");
    assert_eq!(lens_name(&[0.0, 0.0, 0.0, 0.0]), None);
    assert_eq!(lens_name(&[]), None);
}

/// A little-endian directory from tag, kind, count and value.
fn directory(entries: &[(u16, u16, u32, u32)]) -> Vec<u8> {
    let mut bytes = b"II\x2a\0\x08\0\0\0".to_vec();
    bytes.extend((entries.len() as u16).to_le_bytes());
    for &(tag, kind, count, value) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes
}

#[test]
fn fields_are_read_and_damage_is_survived() {
    let good = directory(&[
        (0x112, 3, 1, 6),
        (0x10F, 2, 4, u32::from_le_bytes(*b"abc\0")),
    ]);
    let exif = Exif::from_bytes(&good);
    assert_eq!(exif.orientation, Some(Orientation::Rotated90));
    assert_eq!(exif.make.as_deref(), Some("abc"));
    for end in 0..good.len() {
        Exif::from_bytes(&good[..end]);
    }
    // A directory that is its own EXIF directory, an endless text, a kind
    // that does not exist, an offset beyond the end.
    let odd = directory(&[
        (0x8769, 4, 1, 8),
        (0x10F, 2, u32::MAX, 4),
        (0x112, 77, 1, 6),
        (0x110, 2, 100, 1 << 30),
    ]);
    assert_eq!(Exif::from_bytes(&odd), Exif::default());
}

#[test]
fn what_tells_series_apart_is_read() {
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        let head = [tag.to_le_bytes(), kind.to_le_bytes()].concat();
        [
            head,
            count.to_le_bytes().to_vec(),
            value.to_le_bytes().to_vec(),
        ]
        .concat()
    };
    let table = |entries: &[Vec<u8>]| {
        let count = (entries.len() as u16).to_le_bytes().to_vec();
        [count, entries.concat(), vec![0; 4]].concat()
    };
    let fraction = |over: u32, under: u32| [over.to_le_bytes(), under.to_le_bytes()].concat();
    let serial = u32::from_le_bytes(*b"42a\0");
    let bytes = [
        b"II\x2a\0\x08\0\0\0".to_vec(),
        table(&[entry(tag::EXIF, 4, 1, 38), entry(tag::GPS, 4, 1, 80)]),
        table(&[
            entry(tag::DISTANCE, 5, 1, 98),
            entry(tag::EXPOSURE_MODE, 3, 1, 2),
            entry(tag::SERIAL, 2, 4, serial),
        ]),
        table(&[entry(tag::DIRECTION, 5, 1, 106)]),
        fraction(5, 2),
        fraction(721, 2),
    ];
    let mut bytes = bytes.concat();
    let exif = Exif::from_bytes(&bytes);
    assert_eq!(exif.subject_distance_m, Some(2.5));
    assert_eq!(exif.auto_bracket, Some(true));
    assert_eq!(exif.serial.as_deref(), Some("42a"));
    assert_eq!(exif.direction_degrees, None, "more than a circle");
    bytes[106] = 200;
    bytes[107] = 0;
    assert_eq!(Exif::from_bytes(&bytes).direction_degrees, Some(100.0));
    bytes[98..102].fill(0xFF);
    assert_eq!(
        Exif::from_bytes(&bytes).subject_distance_m,
        None,
        "infinity"
    );
}
