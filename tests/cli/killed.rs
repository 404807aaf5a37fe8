//! Commands killed at any moment, and two at once: nothing is lost, nothing is
//! left behind.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::support::photos::greys;
use crate::support::program::Program;

/// So many kills: all of them with `KEEPERS_SOAK=1`.
fn kills() -> u64 {
    if std::env::var_os("KEEPERS_SOAK").is_some() {
        200
    } else {
        20
    }
}

/// What the catalog has, by name, as `stars flag`.
fn in_catalog(program: &Program) -> Vec<(String, String)> {
    let ran = program.run(["catalog", "export", "--format", "jsonl"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let row = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        let path = Path::new(row["path"].as_str().unwrap()).to_owned();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, format!("{} {}", row["stars"], row["flag"]))
    };
    ran.stdout.lines().map(row).collect()
}

/// What the sidecars say, in the same form.
fn on_disk(program: &Program) -> Vec<(String, String)> {
    let ran = program.run(["xmp", "show", ".", "--format", "json"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let row = |row: &Value| {
        let path = Path::new(row["path"].as_str().unwrap()).to_owned();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let rating = &row["rating"];
        (name, format!("{} {}", rating["stars"], rating["flag"]))
    };
    ran.json().as_array().unwrap().iter().map(row).collect()
}

#[test]
fn ratings_survive_kills_at_any_moment() {
    let program = Program::new();
    greys(program.folder.path(), 12);
    let originals: Vec<Vec<u8>> = (0..12)
        .map(|i| fs::read(program.path(&format!("{i:03}.png"))).unwrap())
        .collect();
    assert_eq!(
        program
            .run(["rate", ".", "--stars", "0", "--flag", "none"])
            .status,
        0
    );
    let mut acknowledged = 0;
    let mut spread = 40_000;
    for kill in 1..=kills() {
        let (stars, flag) = (
            (kill % 5 + 1).to_string(),
            if kill % 2 == 0 { "pick" } else { "none" },
        );
        let mut child = program
            .command(["rate", ".", "--stars", &stars, "--flag", flag])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros(kill * 7919 % spread));
        let _ = child.kill();
        let finished = child.wait().unwrap().success();
        acknowledged += u64::from(finished);
        // As many moments before the end as after it.
        spread = if finished {
            spread * 9 / 10
        } else {
            spread * 11 / 10
        }
        .max(1000);

        // The next command, whatever it is, finishes what was begun.
        assert_eq!(program.run(["rate", "000.png", "--label", "red"]).status, 0);
        let (catalog, disk) = (in_catalog(&program), on_disk(&program));
        assert_eq!(catalog, disk, "after kill {kill}");
        assert_eq!(catalog.len(), 12);
        assert!(
            catalog.iter().all(|(_, rating)| *rating == catalog[0].1),
            "half a command: {catalog:?}"
        );
        if finished {
            assert_eq!(catalog[0].1, format!("{stars} \"{flag}\""));
        }
        for entry in fs::read_dir(program.folder.path()).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(!name.starts_with('.'), "{name} is left");
        }
    }
    println!("{} kills, {acknowledged} of them too late", kills());
    assert_eq!(program.run(["catalog", "check"]).status, 0);
    for (i, original) in originals.iter().enumerate() {
        assert_eq!(
            fs::read(program.path(&format!("{i:03}.png"))).unwrap(),
            *original
        );
    }
}

#[test]
fn scores_survive_kills_and_are_not_scored_twice() {
    let program = Program::new();
    greys(program.folder.path(), 40);
    let expected = Program::new();
    greys(expected.folder.path(), 40);
    let args = ["score", ".", "--format", "csv"];
    for kill in 1..=kills() / 4 {
        let mut child = program
            .command(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(60 + kill * 157 % 700));
        let _ = child.kill();
        child.wait().unwrap();
        if program.home().join("catalog/keepers.db").exists() {
            let check = program.run(["catalog", "check"]);
            assert_eq!(check.status, 0, "{check:?}");
        }
    }
    let ran = program.run(args);
    assert_eq!(ran.status, 0);
    assert_eq!(ran.stdout, expected.run(args).stdout);
    let again = program.run(args);
    assert!(
        again.stderr.contains("40 of them known before"),
        "{}",
        again.stderr
    );
    assert_eq!(again.stdout, ran.stdout);
}

#[test]
fn two_processes_rate_the_same_photos() {
    let program = Program::new();
    greys(program.folder.path(), 6);
    for round in 0..4 {
        let spawn = |args: &[&str]| {
            program
                .command([&["rate", "."], args].concat())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        };
        let stars = (round % 5 + 1).to_string();
        let label = ["red", "yellow", "green", "blue"][round % 4];
        let mut all = [
            spawn(&["--stars", &stars]),
            spawn(&["--label", label]),
            spawn(&["--flag", "pick"]),
        ];
        for child in &mut all {
            assert!(child.wait().unwrap().success());
        }
        let shown = program.run(["xmp", "show", ".", "--format", "json"]).json();
        for row in shown.as_array().unwrap() {
            let rating = &row["rating"];
            assert_eq!(rating["stars"].to_string(), stars);
            assert_eq!(
                (&rating["flag"], &rating["label"]),
                (&"pick".into(), &label.into())
            );
        }
        assert_eq!(
            program.run(["xmp", "diff", ".", "--format", "json"]).json(),
            serde_json::json!([])
        );
    }
    let info = program.run(["catalog", "info", "--format", "json"]).json();
    assert!(info["undoable"].as_i64().unwrap() >= 9, "{info}");
}
