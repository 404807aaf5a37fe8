//! `keepers move`.

use std::fs;

use serde_json::Value;

use crate::support::photos::grey;
use crate::support::program::{Program, Ran};

/// A program with one picked photo, one rejected and one that is neither.
fn shoot() -> Program {
    let program = Program::new();
    for name in ["bad.png", "good.png", "plain.png"] {
        grey(&program.path(name), 90);
    }
    for (name, flag) in [("good.png", "pick"), ("bad.png", "reject")] {
        let ran = program.run(["rate", name, "--flag", flag]);
        assert_eq!(ran.status, 0, "{ran:?}");
    }
    program
}

fn moved(program: &Program, args: &[&str]) -> Ran {
    let mut command = program.command([&["move", "."], args].concat());
    // The bin of a test is its own.
    Ran::of(command.env("XDG_DATA_HOME", program.home().join("data")))
}

fn undo(program: &Program) -> Ran {
    let mut command = program.command(["undo"]);
    Ran::of(command.env("XDG_DATA_HOME", program.home().join("data")))
}

/// What is in a folder below the working folder.
fn names(program: &Program, folder: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(program.path(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

const ALL: [&str; 5] = ["bad.png", "bad.xmp", "good.png", "good.xmp", "plain.png"];

#[test]
fn rejected_photos_go_out_of_the_way_and_come_back() {
    let program = shoot();
    let ran = moved(&program, &["--rejected"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""), "{ran:?}");
    assert!(ran.stderr.contains("Moved 1 photo (2 files)"), "{ran:?}");
    assert_eq!(names(&program, "_rejected"), ["bad.png", "bad.xmp"]);
    let ran = undo(&program);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(
        ran.stderr
            .contains("Undid: moved 1 photo (rejected) to _rejected"),
        "{ran:?}"
    );
    assert_eq!(names(&program, "."), ALL);
    let ran = program.run(["redo"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    // Those that are out of the way stay there.
    let ran = moved(&program, &["--rejected", "--recursive"]);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(ran.stderr.contains("already"), "{ran:?}");
}

#[test]
fn a_dry_run_says_what_would_go_and_does_nothing() {
    let program = shoot();
    let args = ["--picked", "--to", "out", "--dry-run"];
    let ran = moved(&program, &args);
    assert_eq!(ran.status, 0, "{ran:?}");
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(
        lines[0].ends_with("good.png") && lines[0].contains(" -> "),
        "{ran:?}"
    );
    assert!(lines[2].starts_with("1 photo, 2 files, "), "{ran:?}");
    let plan = moved(&program, &[&args[..], &["--format", "json"]].concat()).json();
    assert_eq!((&plan["act"], &plan["photos"]), (&"move".into(), &1.into()));
    let kinds: Vec<&Value> = plan["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| &file["kind"])
        .collect();
    assert_eq!(kinds, ["photo", "sidecar"]);
    assert_eq!(plan["folders"].as_array().unwrap().len(), 1);
    assert_eq!(names(&program, "."), ALL);
}

#[test]
fn copies_of_picked_photos_are_made_and_taken_back() {
    let program = shoot();
    let ran = moved(
        &program,
        &["--picked", "--to", "out/best", "--copy", "--format", "json"],
    );
    assert_eq!(ran.status, 0, "{ran:?}");
    let done = ran.json();
    assert_eq!(
        (&done["photos"], &done["cancelled"]),
        (&1.into(), &false.into())
    );
    assert_eq!(names(&program, "out/best"), ["good.png", "good.xmp"]);
    assert_eq!(
        fs::read(program.path("out/best/good.png")).unwrap(),
        fs::read(program.path("good.png")).unwrap()
    );
    // The same once more is a conflict, by itself without consequences.
    let again = moved(&program, &["--picked", "--to", "out/best", "--copy"]);
    assert_eq!(again.status, 1, "{again:?}");
    assert!(again.stderr.contains("with the same content"), "{again:?}");
    let renamed = moved(
        &program,
        &[
            "--picked",
            "--to",
            "out/best",
            "--copy",
            "--on-conflict",
            "rename",
        ],
    );
    assert_eq!(renamed.status, 0, "{renamed:?}");
    assert_eq!(names(&program, "out/best").len(), 4);
    assert_eq!(undo(&program).status, 0);
    assert_eq!(undo(&program).status, 0);
    assert!(!program.path("out").exists());
    assert_eq!(names(&program, "."), ALL);
}

/// On Windows and macOS the bin is the user's.
#[cfg(target_os = "linux")]
#[test]
fn the_bin_takes_rejected_photos_and_gives_them_back() {
    let program = shoot();
    let before = fs::read(program.path("bad.png")).unwrap();
    let ran = moved(&program, &["--rejected", "--bin"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert_eq!(names(&program, "."), ["good.png", "good.xmp", "plain.png"]);
    let ran = undo(&program);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert_eq!(names(&program, "."), ALL);
    assert_eq!(fs::read(program.path("bad.png")).unwrap(), before);
    // A place that is taken stays so.
    assert_eq!(moved(&program, &["--rejected", "--bin"]).status, 0);
    fs::write(program.path("bad.png"), "new").unwrap();
    let ran = undo(&program);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(
        ran.stderr.contains("something else is there now"),
        "{ran:?}"
    );
    assert_eq!(fs::read(program.path("bad.png")).unwrap(), b"new");
}

/// Two file systems, as a card and a disk.
#[cfg(target_os = "linux")]
#[test]
fn photos_go_from_one_file_system_to_another() {
    use std::os::unix::fs::MetadataExt;
    let program = shoot();
    let device = |path: &std::path::Path| fs::metadata(path).map(|meta| meta.dev());
    let Ok(folder) = tempfile::tempdir_in("/dev/shm") else {
        println!("skipped: there is no second file system");
        return;
    };
    if device(folder.path()).ok() == device(program.folder.path()).ok() {
        println!("skipped: there is no second file system");
        return;
    }
    let before = fs::read(program.path("good.png")).unwrap();
    let to = folder.path().to_str().unwrap();
    let ran = moved(&program, &["--picked", "--to", to]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert_eq!(fs::read(folder.path().join("good.png")).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    assert!(!program.path("good.png").exists());
    assert_eq!(undo(&program).status, 0);
    assert_eq!(names(&program, "."), ALL);
}

#[test]
fn what_makes_no_sense_is_no_command() {
    let program = shoot();
    for args in [
        &["--to", "out"][..],
        &["--picked"],
        &["--picked", "--bin"],
        &["--rejected", "--copy"],
        &["--rejected", "--bin", "--to", "out"],
        &["--rejected", "--picked", "--to", "out"],
    ] {
        assert_eq!(moved(&program, args).status, 2, "{args:?}");
    }
    let none = moved(&program, &["--rejected", "--to", "plain.png"]);
    assert_eq!(none.status, 1, "{none:?}");
    assert!(none.stderr.contains("plain.png: is no folder"), "{none:?}");
    assert_eq!(names(&program, "."), ALL);
}

/// Whenever it is killed, every photo is in one place or the other, with its
/// sidecar, and undoing brings all of them back.
#[cfg(unix)]
#[test]
fn moves_survive_kills() {
    use std::time::Duration;
    let program = Program::new();
    for i in 0..60 {
        grey(&program.path(&format!("{i:02}.png")), 90);
    }
    assert_eq!(program.run(["rate", ".", "--flag", "reject"]).status, 0);
    let all = names(&program, ".");
    assert_eq!(all.len(), 120);
    let mut spread = 40_000;
    for kill in 1..=12_u64 {
        let mut child = program
            .command(["move", ".", "--rejected", "--to", "out"])
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros(kill * 7919 % spread));
        let _ = child.kill();
        let finished = child.wait().unwrap().success();
        spread = if finished {
            spread * 2 / 3
        } else {
            spread * 3 / 2
        }
        .max(1000);
        // Any command sees to what was left.
        let rated = program.run(["undo"]);
        assert!(rated.status <= 1, "{rated:?}");
        if !program.path("00.xmp").exists() {
            // Nothing had been moved: the rating was taken back.
            assert_eq!(program.run(["redo"]).status, 0);
        }
        let mut now = names(&program, ".");
        now.retain(|name| name != "out");
        assert_eq!(now, all, "after kill {kill}");
    }
    assert_eq!(program.run(["catalog", "check"]).status, 0);
}
