//! `keepers export`.

use std::fs;
use std::path::Path;

use keepers::catalog::{Catalog, FileState, ModelKey, Scored, StoredScore};
use keepers::engine::PIPELINE;
use keepers::engine::models::{self, Device, Source};
use keepers::model::Score;

use crate::support::photos::grey;
use crate::support::program::{Program, Ran};

/// Three photos, two of them rated and scored.
fn shoot() -> Program {
    let program = Program::new();
    for (name, level) in [("a.png", 60), ("b.png", 120), ("c.png", 180)] {
        grey(&program.path(name), level);
    }
    for (name, args) in [
        ("a.png", ["--stars", "2", "--flag", "reject"]),
        ("b.png", ["--stars", "4", "--flag", "pick"]),
    ] {
        let ran = program.run([&["rate", name], &args[..]].concat());
        assert_eq!(ran.status, 0, "{ran:?}");
    }
    let model = models::open(&Source::BuiltIn, Device::Cpu).unwrap();
    let key = ModelKey {
        identity: &model.info().identity,
        profile: None,
        pipeline: PIPELINE,
    };
    let file = Catalog::file_in(&program.home().join("catalog"));
    let mut catalog = Catalog::open(&file).unwrap().catalog;
    for (name, probability) in [("a.png", 0.25), ("b.png", 0.75)] {
        let path = program.path(name);
        let scored = Scored {
            path: &path,
            state: FileState::read(&path).unwrap(),
            score: StoredScore {
                score: Score::from_probability(probability).unwrap(),
                size: (8, 8),
            },
        };
        catalog.record(&[scored], &key).unwrap();
    }
    program
}

fn export(program: &Program, args: &[&str]) -> Ran {
    program.run([&["export", "."], args].concat())
}

#[test]
fn lists_have_ratings_and_known_scores() {
    let program = shoot();
    let csv = export(&program, &[]);
    assert_eq!(csv.status, 0, "{csv:?}");
    let name = |name: &str| Path::new(".").join(name).display().to_string();
    assert_eq!(
        csv.stdout,
        format!(
            "path,score,stars,flag,label,width,height\n\
             {},75.0,4,pick,,8,8\n{},25.0,2,reject,,8,8\n{},,,,,,\n",
            name("b.png"),
            name("a.png"),
            name("c.png")
        )
    );
    let chosen = |args: &[&str]| -> Vec<String> {
        let json = export(&program, &[args, &["--format", "json"]].concat()).json();
        let rows = json.as_array().unwrap();
        rows.iter()
            .map(|row| row["path"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(chosen(&["--picked"]), [name("b.png")]);
    assert_eq!(chosen(&["--rejected"]), [name("a.png")]);
    assert_eq!(chosen(&["--min-stars", "1"]), [name("b.png")]);
    assert!(chosen(&["--min-stars", "5"]).is_empty());
    let lines = export(&program, &["--format", "jsonl", "--picked"]).stdout;
    assert_eq!(lines.lines().count(), 1);
    assert_eq!(
        export(&program, &["--picked", "--min-stars", "2"]).status,
        2
    );
}

#[test]
fn a_contact_sheet_is_one_file_with_everything_in_it() {
    let program = shoot();
    fs::write(program.path("broken.jpg"), "no photo").unwrap();
    let ran = export(&program, &["--out", "sheet.html"]);
    assert_eq!(ran.status, 3, "{ran:?}");
    assert!(ran.stderr.contains("broken.jpg"), "{ran:?}");
    let html = fs::read_to_string(program.path("sheet.html")).unwrap();
    assert_eq!(html.matches("data:image/jpeg;base64,").count(), 3);
    assert_eq!(html.matches("<figure").count(), 4);
    for text in ["b.png", "75.0", "★★★★, picked", "25.0", "rejected"] {
        assert!(html.contains(text), "{text}");
    }
    assert!(!html.contains("http://") && !html.contains("https://"));
}

#[test]
fn photos_are_never_written_to() {
    let program = shoot();
    let before = fs::read(program.path("a.png")).unwrap();
    for out in ["a.png", "new.jpg"] {
        let ran = export(&program, &["--format", "csv", "--out", out]);
        assert_eq!(ran.status, 1, "{ran:?}");
    }
    assert_eq!(fs::read(program.path("a.png")).unwrap(), before);
    assert!(!program.path("new.jpg").exists());
}

#[test]
fn missing_sidecars_are_written_and_others_stay() {
    let program = shoot();
    let kept = fs::read(program.path("a.xmp")).unwrap();
    let written = fs::read(program.path("b.xmp")).unwrap();
    fs::remove_file(program.path("b.xmp")).unwrap();
    let ran = export(&program, &["--format", "xmp"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(ran.stderr.contains("Wrote 1 sidecar"), "{ran:?}");
    assert_eq!(fs::read(program.path("b.xmp")).unwrap(), written);
    assert_eq!(fs::read(program.path("a.xmp")).unwrap(), kept);
    assert!(!program.path("c.xmp").exists(), "it has no rating");
    let again = export(&program, &["--format", "xmp"]);
    assert!(again.stderr.contains("Wrote 0 sidecars"), "{again:?}");
    // The command before it is the one to undo.
    assert!(program.run(["undo"]).stderr.contains("pick"));
}
