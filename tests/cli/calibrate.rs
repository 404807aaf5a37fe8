//! `keepers calibrate`, `keepers profile`, `--profile`, `evaluate --shots`.

use std::fs;

use crate::support::photos::{grey, pattern};
use crate::support::program::Program;

/// `count` photos, half of them grey, half of them patterns, with a taste: as
/// dark as can be.
fn judged(count: u8) -> Program {
    let program = Program::new();
    fs::create_dir_all(program.path("images")).unwrap();
    let mut rows = String::from("file,mos\n");
    for i in 0..count {
        let path = program.path("images").join(format!("{i:02}.png"));
        match i % 2 {
            0 => grey(&path, (255 / count) * i),
            _ => pattern(&path, 1 + u32::from(i)),
        }
        rows += &format!("{i:02}.png,{}\n", f64::from(count - i) / 3.0);
    }
    fs::write(program.path("mos.csv"), rows).unwrap();
    program
}

const CALIBRATE: [&str; 5] = ["calibrate", "--images", "images", "--scores", "mos.csv"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&CALIBRATE[..], more].concat()
}

#[test]
fn a_profile_changes_scores_and_comes_and_goes() {
    let program = judged(16);
    let made = program.run(with(&["--out", "dark.safetensors", "--format", "json"]));
    assert!([0, 4].contains(&made.status), "{made:?}");
    let outcome = made.json();
    assert_eq!(outcome["labels"], 16);
    assert_eq!(outcome["advised"], made.status == 0);
    assert_eq!(outcome["profile"], "dark.safetensors");
    for figure in ["uncalibrated", "calibrated", "ridge", "gain"] {
        let figure = &outcome["report"][figure];
        let (low, high) = (
            figure["low"].as_f64().unwrap(),
            figure["high"].as_f64().unwrap(),
        );
        let srcc = figure["srcc"].as_f64().unwrap();
        assert!(low <= high && (-2.0..=2.0).contains(&srcc), "{figure}");
    }
    assert!(
        fs::metadata(program.path("dark.safetensors"))
            .unwrap()
            .len()
            < 10_000
    );

    let score = |more: &[&str]| {
        let ran = program.run([&["score", "images", "--format", "csv"][..], more].concat());
        assert_eq!(ran.status, 0, "{ran:?}");
        ran.stdout
    };
    let (plain, by_file) = (score(&[]), score(&["--profile", "dark.safetensors"]));
    assert_ne!(plain, by_file);
    // The catalog keeps both apart.
    assert_eq!(score(&[]), plain);
    assert_eq!(
        score(&["--profile", "dark.safetensors", "--fresh"]),
        by_file
    );

    let imported = program.run(["profile", "import", "dark.safetensors", "--name", "night"]);
    assert_eq!(imported.status, 0, "{imported:?}");
    assert_eq!(score(&["--profile", "night"]), by_file);
    let again = program.run(["profile", "import", "dark.safetensors", "--name", "night"]);
    assert_eq!(again.status, 1);
    assert!(
        again.stderr.contains("already a profile \"night\""),
        "{again:?}"
    );
    let shown = program.run(["profile", "show", "--format", "json"]).json();
    assert_eq!(shown[0]["name"], "night");
    assert_eq!(shown[0]["labels"], 16);
    assert_eq!(shown[0]["model"], "keepers-compact");
    let exported = program.run(["profile", "export", "night", "--out", "copy.safetensors"]);
    assert_eq!(exported.status, 0, "{exported:?}");
    assert_eq!(score(&["--profile", "copy.safetensors"]), by_file);

    let evaluated = program.run([
        "evaluate",
        "--images",
        "images",
        "--scores",
        "mos.csv",
        "--profile",
        "night",
        "--format",
        "json",
    ]);
    assert_eq!(evaluated.status, 0, "{evaluated:?}");
    assert!(!evaluated.stdout.contains("few_shot"));

    assert_eq!(program.run(["profile", "remove", "night"]).status, 0);
    let gone = program.run(["score", "images", "--profile", "night"]);
    assert_eq!(gone.status, 1);
    assert!(
        gone.stderr.contains("there is no profile \"night\""),
        "{gone:?}"
    );
}

#[test]
fn what_nothing_can_be_learned_from_is_said_plainly() {
    let program = judged(9);
    let refused = |csv: &str, reason: &str| {
        fs::write(program.path("mos.csv"), csv).unwrap();
        let ran = program.run(with(&["--out", "p.safetensors", "--format", "json"]));
        assert_eq!(ran.status, 4, "{ran:?}");
        let outcome = ran.json();
        assert_eq!(outcome["advised"], false);
        let explanation = outcome["explanation"].as_str().unwrap();
        assert!(explanation.contains(reason), "{explanation}");
        assert!(!program.path("p.safetensors").exists());
    };
    refused(
        "file,mos\n00.png,1\n01.png,2\n",
        "2 rated photos are too few",
    );
    let alike: String = (0..9).map(|i| format!("0{i}.png,3\n")).collect();
    refused(&format!("file,mos\n{alike}"), "all 9 ratings are alike");
    refused(
        "better,worse\n00.png,01.png\n01.png,00.png\n01.png,02.png\n02.png,01.png\n",
        "4 of 4 choices contradict others",
    );
}

#[test]
fn choices_between_two_photos_are_labels() {
    let program = judged(9);
    let mut csv = String::from("better,worse\n");
    for better in 0..9 {
        for worse in better + 1..9 {
            csv += &format!("0{better}.png,0{worse}.png\n");
        }
    }
    fs::write(program.path("mos.csv"), csv).unwrap();
    let ran = program.run(with(&["--name", "pairs", "--format", "json"]));
    assert!([0, 4].contains(&ran.status), "{ran:?}");
    assert_eq!(ran.json()["labels"], 9);
    assert!(program.home().join("profiles/pairs.safetensors").exists());
}

#[test]
fn stars_are_labels() {
    let program = judged(10);
    for i in 0..10 {
        let photo = format!("images/{i:02}.png");
        let stars = (1 + i % 5).to_string();
        let rated = program.run(["rate", &photo, "--stars", &stars]);
        assert_eq!(rated.status, 0, "{rated:?}");
    }
    let ran = program.run([
        "calibrate",
        "--out",
        "p.safetensors",
        "--format",
        "json",
        "--from-ratings",
        "images",
    ]);
    assert!([0, 4].contains(&ran.status), "{ran:?}");
    assert_eq!(ran.json()["labels"], 10);
    let suggested = program.run(["suggest", "images", "--count", "3", "--format", "json"]);
    assert_eq!(suggested.status, 0, "{suggested:?}");
    assert_eq!(suggested.json()["rated"], 10);
    assert_eq!(suggested.json()["photos"].as_array().unwrap().len(), 0);
}

#[test]
fn suggestions_are_photos_that_are_not_rated() {
    let program = judged(12);
    let rated = program.run(["rate", "images/01.png", "--stars", "2"]);
    assert_eq!(rated.status, 0, "{rated:?}");
    let ran = program.run(["suggest", "images", "--count", "5"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let mut lines: Vec<&str> = ran.stdout.lines().collect();
    assert!((1..=5).contains(&lines.len()), "{ran:?}");
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with("images") && !line.ends_with("01.png"))
    );
    lines.sort_unstable();
    lines.dedup();
    assert!(!lines.is_empty());
}

#[test]
fn profiles_of_other_models_and_broken_files_are_refused() {
    let program = judged(10);
    let made = program.run(with(&["--out", "p.safetensors"]));
    assert!([0, 4].contains(&made.status), "{made:?}");
    let bytes = fs::read(program.path("p.safetensors")).unwrap();
    fs::write(program.path("cut.safetensors"), &bytes[..bytes.len() / 2]).unwrap();
    // The same length, another identity: the first after this name.
    let key: &[u8] = b"model_identity\\\":\\\"";
    let at = bytes.windows(key.len()).position(|w| w == key).unwrap() + key.len();
    let mut other = bytes;
    other[at] = if other[at] == b'0' { b'1' } else { b'0' };
    fs::write(program.path("other.safetensors"), other).unwrap();
    for (file, reason) in [
        (
            "cut.safetensors",
            "cut.safetensors: is no Keepers profile, or a damaged one",
        ),
        (
            "other.safetensors",
            "was made for the model \"keepers-compact\"",
        ),
        ("mos.csv", "mos.csv: is no Keepers profile"),
        ("images", "images: cannot be read"),
        ("none.safetensors", "there is no profile"),
    ] {
        let ran = program.run(["score", "images", "--profile", file]);
        assert_eq!(ran.status, 1, "{ran:?}");
        assert!(ran.stderr.contains(reason), "{file}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn the_protocol_gives_every_method_a_row() {
    let program = judged(20);
    let evaluate = |shots: &str| {
        program.run([
            "evaluate", "--images", "images", "--scores", "mos.csv", "--shots", shots, "--splits",
            "2", "--seed", "7", "--format", "json",
        ])
    };
    let ran = evaluate("8,16");
    assert_eq!(ran.status, 0, "{ran:?}");
    let figures = ran.json();
    assert_eq!(figures["n"], 20);
    let rows = figures["few_shot"].as_array().unwrap();
    let names: Vec<&str> = rows
        .iter()
        .map(|row| row["method"].as_str().unwrap())
        .collect();
    let methods = [
        "none",
        "qgr",
        "qgr-lambda0",
        "ridge",
        "default",
        "default-proposed",
    ];
    assert_eq!(names, [methods, methods].concat());
    for row in rows {
        let (q1, q3) = (
            row["srcc"]["q1"].as_f64().unwrap(),
            row["srcc"]["q3"].as_f64().unwrap(),
        );
        let median = row["srcc"]["median"].as_f64().unwrap();
        assert!(q1 <= median && median <= q3, "{row}");
        assert!(row["plcc"]["median"].is_number(), "{row}");
    }
    assert_eq!(evaluate("8,16").stdout, ran.stdout);
    let ran = evaluate("4");
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("at least 8"), "{ran:?}");
}
