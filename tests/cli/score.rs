//! `keepers score`.

use std::fs;

use keepers::engine::{Event, Options, Request, start};
use keepers::model;
use serde_json::Value;

use crate::support::photos::{grey, pattern};
use crate::support::program::{Program, Ran};

/// Three photos that score differently, a broken one, and two to skip.
fn shoot() -> Program {
    let program = Program::new();
    fs::create_dir(program.path("shoot")).unwrap();
    pattern(&program.path("shoot/a.png"), 3);
    pattern(&program.path("shoot/b.jpg"), 40);
    grey(&program.path("shoot/c.png"), 128);
    fs::write(program.path("shoot/broken.jpg"), b"not a photo").unwrap();
    fs::write(program.path("shoot/a.xmp"), b"<x/>").unwrap();
    fs::write(program.path("shoot/.hidden.png"), b"").unwrap();
    program
}

#[test]
fn json_is_a_ranked_array() {
    let program = shoot();
    let ran = program.run(["score", "shoot", "--format", "json"]);
    assert_eq!(ran.status, 3, "{ran:?}");
    let rows = ran.json();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 4);
    let mut previous = f64::INFINITY;
    for (i, row) in rows[..3].iter().enumerate() {
        assert_eq!(row["rank"], i + 1);
        assert_eq!(row["error"], Value::Null);
        let score = row["score"].as_f64().unwrap();
        assert!((0.0..=100.0).contains(&score) && score <= previous);
        previous = score;
    }
    assert_eq!(rows[3]["rank"], Value::Null);
    assert_eq!(rows[3]["score"], Value::Null);
    assert_eq!(
        rows[3]["path"].as_str().unwrap().replace('\\', "/"),
        "shoot/broken.jpg"
    );
    assert!(!rows[3]["error"].as_str().unwrap().is_empty());
    // The keys and their order, nothing more.
    for line in ran.stdout.lines().filter(|line| line.contains('{')) {
        let keys = ["\"rank\":", "\"path\":", "\"score\":", "\"error\":"];
        let places = keys.map(|key| line.find(key).unwrap());
        assert!(places.is_sorted(), "{line}");
        assert_eq!(line.matches("\":").count(), 4, "{line}");
    }
}

/// The digits of a row's score as they are written: a reader may round the last.
fn digits(line: &str) -> String {
    let rest = line.split("\"score\":").nth(1).expect("a score");
    rest.split([',', '}']).next().expect("digits").to_owned()
}

#[test]
fn every_format_has_the_same_digits_and_they_are_the_engines() {
    let program = shoot();
    let json = program.run(["score", "shoot", "--format", "json"]);
    let mut scores: Vec<(String, String)> = json
        .json()
        .as_array()
        .unwrap()
        .iter()
        .zip(json.stdout.lines().skip(1))
        .filter(|(row, _)| !row["score"].is_null())
        .map(|(row, line)| (row["path"].as_str().unwrap().to_owned(), digits(line)))
        .collect();
    scores.sort();
    assert_eq!(scores.len(), 3);

    let csv = program.run(["score", "shoot", "--format", "csv"]);
    assert_eq!(csv.status, 3);
    let mut reader = csv::Reader::from_reader(csv.stdout.as_bytes());
    assert_eq!(
        reader.headers().unwrap(),
        vec!["rank", "path", "score", "error"]
    );
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!((&rows[0][0], &rows[3][0], &rows[3][2]), ("1", "", ""));
    let mut from_csv: Vec<_> = rows[..3]
        .iter()
        .map(|row| (row[1].to_owned(), row[2].to_owned()))
        .collect();
    from_csv.sort();
    assert_eq!(from_csv, scores);

    let lines = program.run(["score", "shoot", "--format", "jsonl"]);
    assert_eq!(lines.status, 3);
    let mut from_lines = Vec::new();
    for line in lines.stdout.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            row.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["error", "path", "score"]
        );
        if row["error"].is_null() {
            let path = row["path"].as_str().unwrap().to_owned();
            from_lines.push((path, digits(line)));
        }
    }
    from_lines.sort();
    assert_eq!(from_lines, scores);

    // What the window gets, thumbnails and all.
    let request = Request {
        paths: vec![program.path("shoot")],
        recursive: false,
        thumbnail: Some(256),
    };
    let job = start(request, model::embedded().unwrap(), Options::default());
    let mut from_engine = Vec::new();
    for event in &job.events {
        if let Event::Photo(photo) = event
            && let Ok(scored) = &photo.outcome
        {
            let path = photo.path.strip_prefix(program.folder.path()).unwrap();
            let score = Value::from(scored.score.value()).to_string();
            from_engine.push((path.to_str().unwrap().to_owned(), score));
        }
    }
    from_engine.sort();
    assert_eq!(from_engine, scores);
}

#[test]
fn the_table_is_for_reading() {
    let program = shoot();
    let ran = program.run(["score", "shoot"]);
    assert_eq!(ran.status, 3);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(lines[0].starts_with("Rank  Score"), "{}", ran.stdout);
    assert!(
        lines[1].starts_with("   1  ") && lines[1].contains("shoot"),
        "{}",
        ran.stdout
    );
    assert_eq!(lines[5], "1 photo could not be scored:");
    assert!(lines[6].contains("broken.jpg: "), "{}", ran.stdout);
}

#[test]
fn notes_go_to_standard_error_and_quiet_has_none() {
    let program = shoot();
    let ran = program.run(["score", "shoot", "--format", "csv"]);
    let skipped = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("Skipped 2 files"));
    assert_eq!(skipped.count(), 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("Scored 3 photos, 1 failed"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("photos/s"), "{}", ran.stderr);
    let quiet = program.run(["score", "shoot", "--format", "csv", "--quiet"]);
    assert_eq!(quiet.stderr, "");
    assert_eq!(quiet.stdout, ran.stdout);
}

#[test]
fn recursion_and_details() {
    let program = shoot();
    assert_eq!(program.run(["score", "."]).status, 1);
    let ran = program.run(["score", ".", "--recursive", "--details", "--format", "json"]);
    assert_eq!(ran.status, 3);
    let rows = ran.json();
    assert_eq!(rows.as_array().unwrap().len(), 4);
    for row in rows.as_array().unwrap() {
        assert_eq!(row["model"], "keepers-compact");
        assert_eq!(row["model_identity"].as_str().unwrap().len(), 16);
        let size = (row["width"].as_u64(), row["height"].as_u64());
        let expected = if row["error"].is_null() {
            (Some(40), Some(30))
        } else {
            (None, None)
        };
        assert_eq!(size, expected);
    }
}

#[test]
fn the_status_says_how_it_went() {
    let program = shoot();
    let status = |args: &[&str]| program.run(args).status;
    assert_eq!(status(&["score", "shoot/a.png"]), 0);
    assert_eq!(status(&["score", "shoot/a.png", "shoot/broken.jpg"]), 3);
    assert_eq!(status(&["score", "shoot/broken.jpg"]), 1);
    assert_eq!(status(&["score", "missing.jpg"]), 1);
    assert_eq!(status(&["score", "shoot/a.png", "missing.jpg"]), 3);
    assert_eq!(status(&["score"]), 2);
    assert_eq!(status(&["score", "shoot", "--format", "xml"]), 2);
    assert_eq!(status(&["nonsense"]), 2);
    assert_eq!(status(&["score", "--help"]), 0);
    assert_eq!(status(&["score", "shoot", "--model", "unheard-of"]), 1);
}

#[test]
fn an_empty_folder_has_no_rows() {
    let program = Program::new();
    for (format, expected) in [
        ("json", "[]\n"),
        ("csv", "rank,path,score,error\n"),
        ("jsonl", ""),
    ] {
        let ran = program.run(["score", ".", "--format", format]);
        assert_eq!((ran.status, ran.stdout.as_str()), (1, expected));
        assert!(ran.stderr.contains("Found no photos"), "{}", ran.stderr);
    }
}

#[test]
fn a_named_file_is_answered_whatever_it_is() {
    let program = shoot();
    let ran = program.run([
        "score",
        "shoot/a.xmp",
        "shoot/.hidden.png",
        "--format",
        "json",
    ]);
    assert_eq!(ran.status, 1);
    assert_eq!(ran.json().as_array().unwrap().len(), 2);
}

#[test]
fn results_go_to_a_file_in_the_format_of_its_name() {
    let program = shoot();
    let expected = program
        .run(["score", "shoot", "--format", "json", "--quiet"])
        .stdout;
    let ran = program.run(["score", "shoot", "--out", "scores.json"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (3, ""));
    assert_eq!(
        fs::read_to_string(program.path("scores.json")).unwrap(),
        expected
    );
    // What was said counts more than the name.
    program.run(["score", "shoot", "--format", "csv", "--out", "scores.json"]);
    assert!(
        fs::read_to_string(program.path("scores.json"))
            .unwrap()
            .starts_with("rank,")
    );
    let ran = program.run(["score", "shoot", "--format", "jsonl", "--out", "scores.txt"]);
    assert_eq!(ran.status, 3);
    assert_eq!(
        fs::read_to_string(program.path("scores.txt"))
            .unwrap()
            .lines()
            .count(),
        4
    );
    // Nothing else is left behind.
    assert_eq!(fs::read_dir(program.folder.path()).unwrap().count(), 3);
}

#[test]
fn photos_are_never_written_to() {
    let program = shoot();
    let photo = program.path("shoot/a.png");
    let before = fs::read(&photo).unwrap();
    fs::copy(&photo, program.path("photo.data")).unwrap();
    for args in [
        ["score", "shoot", "--out", "shoot/a.png"],
        ["score", "shoot", "--out", "shoot/new.jpg"],
        ["score", "photo.data", "--out", "photo.data"],
        ["score", "shoot", "--out", "missing/scores.csv"],
    ] {
        let ran = program.run(args);
        assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{args:?}");
        assert!(ran.stderr.contains(args[3]), "{}", ran.stderr);
    }
    assert_eq!(fs::read(&photo).unwrap(), before);
    assert_eq!(fs::read(program.path("photo.data")).unwrap(), before);
    assert!(!program.path("shoot/new.jpg").exists());
}

#[test]
fn an_unwritable_home_is_mentioned_once() {
    let program = shoot();
    fs::write(program.path("file"), b"").unwrap();
    let mut command = program.command(["score", "shoot/a.png", "shoot/b.jpg"]);
    let ran = Ran::of(command.env("KEEPERS_HOME", program.path("file/home")));
    assert_eq!(ran.status, 0);
    assert_eq!(
        ran.stderr.matches("cannot be written").count(),
        1,
        "{}",
        ran.stderr
    );
    assert_eq!(
        ran.stdout,
        program.run(["score", "shoot/a.png", "shoot/b.jpg"]).stdout
    );
}

#[test]
fn a_model_can_be_a_file_or_a_name() {
    let program = shoot();
    let expected = program
        .run(["score", "shoot/a.png", "--format", "json"])
        .stdout;
    fs::create_dir(program.home().join("models")).unwrap();
    let copy = program.home().join("models/copy.safetensors");
    fs::write(&copy, model::compact::embedded_bytes()).unwrap();
    for name in ["keepers-compact", "copy", copy.to_str().unwrap()] {
        let ran = program.run(["score", "shoot/a.png", "--format", "json", "--model", name]);
        assert_eq!(ran.stdout, expected, "{name}");
    }
    let ran = program.run(["score", "shoot/a.png", "--model", "shoot/a.png"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    assert!(ran.stderr.contains("a.png"), "{}", ran.stderr);
}
