//! `keepers rate`, `undo`, `redo`, `xmp` and `catalog`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::photos::grey;
use crate::support::program::{Program, Ran};

/// A program with three photos.
fn shoot() -> Program {
    let program = Program::new();
    for name in ["a.png", "b.png", "c.png"] {
        grey(&program.path(name), 90);
    }
    program
}

fn rate(program: &Program, args: &[&str]) -> Ran {
    program.run([&["rate"], args].concat())
}

/// What `xmp show` says of a photo.
fn shown(program: &Program, photo: &str) -> Value {
    let ran = program.run(["xmp", "show", photo, "--format", "json"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    ran.json()[0].clone()
}

fn rating(program: &Program, photo: &str) -> String {
    let rating = &shown(program, photo)["rating"];
    ["stars", "flag", "label"]
        .map(|key| rating[key].to_string().replace('"', ""))
        .join(" ")
}

/// The catalog's rows, by the photos' names.
fn exported(program: &Program) -> Vec<(String, Value)> {
    let ran = program.run(["catalog", "export", "--format", "jsonl"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    ran.stdout
        .lines()
        .map(|line| {
            let row: Value = serde_json::from_str(line).unwrap();
            let path = Path::new(row["path"].as_str().unwrap()).to_owned();
            (path.file_name().unwrap().to_str().unwrap().to_owned(), row)
        })
        .collect()
}

/// All files of the working folder but the photos.
fn beside(program: &Program) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(program.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| !name.ends_with(".png"))
        .collect();
    names.sort();
    names
}

#[test]
fn a_rating_is_in_catalog_and_sidecar_and_nothing_else_is_left() {
    let program = shoot();
    let original = fs::read(program.path("a.png")).unwrap();
    let ran = rate(
        &program,
        &[
            "a.png", "b.png", "--stars", "3", "--flag", "pick", "--label", "red",
        ],
    );
    assert_eq!(ran.status, 0, "{ran:?}");
    assert_eq!(ran.stdout, "");
    assert_eq!(beside(&program), ["a.xmp", "b.xmp"]);
    for photo in ["a.png", "b.png"] {
        assert_eq!(rating(&program, photo), "3 pick red");
    }
    let rows = exported(&program);
    assert_eq!(rows.len(), 2);
    for (_, row) in &rows {
        assert_eq!(
            (&row["stars"], &row["flag"], &row["label"]),
            (&3.into(), &"pick".into(), &"red".into())
        );
    }
    // What is not named stays.
    assert_eq!(rate(&program, &["a.png", "--flag", "reject"]).status, 0);
    assert_eq!(shown(&program, "a.png")["sidecars"][0]["rating"], -1);
    assert_eq!(rate(&program, &["a.png", "--flag", "none"]).status, 0);
    assert_eq!(
        rating(&program, "a.png"),
        "3 none red",
        "the stars came back"
    );
    assert_eq!(fs::read(program.path("a.png")).unwrap(), original);
}

#[test]
fn a_dry_run_prints_the_diff_and_does_nothing() {
    let program = shoot();
    let ran = rate(&program, &["a.png", "--stars", "3", "--dry-run"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(
        ran.stdout.contains("--- /dev/null\n+++ b/a.xmp\n"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("xmp:Rating=\"3\""), "{}", ran.stdout);
    assert!(beside(&program).is_empty());
    assert_eq!(fs::read_dir(program.home()).unwrap().count(), 0);

    assert_eq!(rate(&program, &["a.png", "--stars", "3"]).status, 0);
    let before = fs::read(program.path("a.xmp")).unwrap();
    let again = rate(&program, &["a.png", "--stars", "3", "--dry-run"]);
    assert_eq!((again.status, again.stdout.as_str()), (0, ""));
    let other = rate(&program, &["a.png", "--stars", "4", "--dry-run"]).stdout;
    assert!(other.contains("--- a/a.xmp\n+++ b/a.xmp\n"), "{other}");
    assert_eq!(fs::read(program.path("a.xmp")).unwrap(), before);
}

#[test]
fn commands_are_undone_and_redone_one_by_one() {
    let program = shoot();
    let run = |args: &[&str]| program.run(args).status;
    assert_eq!(run(&["undo"]), 1, "there is nothing to undo");
    assert_eq!(run(&["rate", ".", "--stars", "2"]), 0);
    assert_eq!(run(&["rate", "a.png", "--stars", "5", "--flag", "pick"]), 0);
    let rated = fs::read(program.path("a.xmp")).unwrap();
    assert_eq!(run(&["undo"]), 0);
    assert_eq!(rating(&program, "a.png"), "2 null null");
    assert_eq!(run(&["undo"]), 0);
    // The sidecars were Keepers' own and say nothing any more.
    assert!(beside(&program).is_empty(), "{:?}", beside(&program));
    assert_eq!(run(&["undo"]), 1);
    assert_eq!((run(&["redo"]), run(&["redo"]), run(&["redo"])), (0, 0, 1));
    assert_eq!(fs::read(program.path("a.xmp")).unwrap(), rated);
    assert_eq!(rating(&program, "b.png"), "2 null null");
    // Another command ends what can be redone.
    assert_eq!(run(&["undo"]), 0);
    assert_eq!(run(&["rate", "c.png", "--label", "blue"]), 0);
    assert_eq!(run(&["redo"]), 1);
}

#[test]
fn undoing_leaves_what_was_rated_again_elsewhere() {
    let program = shoot();
    assert_eq!(rate(&program, &["a.png", "--stars", "2"]).status, 0);
    let sidecar = program.path("a.xmp");
    let text = fs::read_to_string(&sidecar).unwrap();
    fs::write(&sidecar, text.replace("Rating=\"2\"", "Rating=\"4\"")).unwrap();
    let ran = program.run(["undo"]);
    assert_eq!(ran.status, 0);
    assert!(
        ran.stderr.contains("was rated again since"),
        "{}",
        ran.stderr
    );
    assert_eq!(rating(&program, "a.png"), "4 null null");
}

#[test]
fn what_another_program_changed_is_taken_over() {
    let program = shoot();
    assert_eq!(
        rate(&program, &["a.png", "--stars", "2", "--label", "red"]).status,
        0
    );
    let sidecar = program.path("a.xmp");
    let text = fs::read_to_string(&sidecar).unwrap();
    let elsewhere = text
        .replace("Rating=\"2\"", "Rating=\"4\"")
        .replace("</rdf:RDF>", "<!-- mine --></rdf:RDF>");
    fs::write(&sidecar, elsewhere).unwrap();
    let diff = program.run(["xmp", "diff", "a.png", "--format", "json"]);
    assert_eq!(diff.json()[0]["differs"], serde_json::json!(["stars"]));
    let ran = rate(&program, &["a.png", "--flag", "pick"]);
    assert_eq!(ran.status, 0);
    assert!(
        ran.stderr.contains("changed by another program to 4 stars"),
        "{}",
        ran.stderr
    );
    assert_eq!(rating(&program, "a.png"), "4 pick red");
    assert!(
        fs::read_to_string(&sidecar)
            .unwrap()
            .contains("<!-- mine -->")
    );
    assert_eq!(
        program
            .run(["xmp", "diff", "a.png", "--format", "json"])
            .json(),
        serde_json::json!([])
    );
}

#[test]
fn both_namings_are_kept_and_a_contradiction_is_told() {
    let program = shoot();
    assert_eq!(
        rate(&program, &["a.png", "--stars", "2", "--sidecar", "full"]).status,
        0
    );
    assert_eq!(beside(&program), ["a.png.xmp"]);
    // The one that is there is written, whatever the naming.
    assert_eq!(rate(&program, &["a.png", "--stars", "3"]).status, 0);
    assert_eq!(beside(&program), ["a.png.xmp"]);
    let text = fs::read_to_string(program.path("a.png.xmp")).unwrap();
    fs::write(
        program.path("a.xmp"),
        text.replace("Rating=\"3\"", "Rating=\"1\""),
    )
    .unwrap();
    let ran = rate(&program, &["a.png", "--label", "green"]);
    assert_eq!(ran.status, 0);
    assert!(
        ran.stderr.contains("contradict each other (stars)"),
        "{}",
        ran.stderr
    );
    let said = shown(&program, "a.png");
    assert_eq!(said["disagreement"], serde_json::json!([]));
    assert_eq!(said["sidecars"].as_array().unwrap().len(), 2);
}

#[test]
fn what_cannot_be_rated_is_named_and_the_rest_goes_on() {
    let program = shoot();
    fs::write(
        program.path("b.xmp"),
        "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><x>&a;</x>",
    )
    .unwrap();
    let before = fs::read(program.path("b.xmp")).unwrap();
    let ran = rate(
        &program,
        &["a.png", "b.png", "missing.png", "b.xmp", "--stars", "3"],
    );
    assert_eq!(ran.status, 3);
    for part in ["b.xmp: is no XMP", "missing.png: ", "b.xmp: is a sidecar"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    assert_eq!(rating(&program, "a.png"), "3 null null");
    assert_eq!(fs::read(program.path("b.xmp")).unwrap(), before);
    // The rating is not lost.
    let rows = exported(&program);
    let row = rows.iter().find(|(name, _)| name == "b.png").unwrap();
    assert_eq!(row.1["stars"], 3);
    assert!(program.run(["catalog", "info", "--format", "json"]).json()["unwritten"] == 1);
    let status = |args: &[&str]| rate(&program, args).status;
    assert_eq!(status(&["missing.png", "--stars", "3"]), 1);
    assert_eq!(status(&["a.png"]), 2);
    assert_eq!(status(&["a.png", "--stars", "6"]), 2);
    assert_eq!(status(&["a.png", "--flag", "maybe"]), 2);
}

#[test]
fn a_moved_folder_keeps_its_scores_and_ratings() {
    let program = Program::new();
    fs::create_dir(program.path("before")).unwrap();
    for (name, level) in [("a.png", 20), ("b.png", 120)] {
        grey(&program.path("before").join(name), level);
    }
    let first = program.run(["score", "before", "--format", "csv"]);
    assert_eq!(first.status, 0);
    assert!(!first.stderr.contains("known before"), "{}", first.stderr);
    assert_eq!(rate(&program, &["before/a.png", "--stars", "4"]).status, 0);
    fs::rename(program.path("before"), program.path("after")).unwrap();
    let second = program.run(["score", "after", "--format", "csv"]);
    assert!(
        second.stderr.contains("2 of them known before"),
        "{}",
        second.stderr
    );
    assert_eq!(second.stdout, first.stdout.replace("before/", "after/"));
    let rows = exported(&program);
    assert_eq!(rows.len(), 2);
    for (name, row) in &rows {
        assert!(row["path"].as_str().unwrap().contains("after"));
        assert_eq!(
            row["stars"],
            if name == "a.png" {
                4.into()
            } else {
                Value::Null
            }
        );
    }
}

#[test]
fn known_photos_have_the_same_rows_and_edited_ones_are_scored_anew() {
    let program = shoot();
    grey(&program.path("c.png"), 200);
    let args = ["score", ".", "--details", "--format", "json"];
    let first = program.run(args);
    let second = program.run(args);
    assert!(
        second.stderr.contains("3 of them known before"),
        "{}",
        second.stderr
    );
    assert_eq!(second.stdout, first.stdout);
    let fresh = program.run([&args[..], &["--fresh"]].concat());
    assert!(!fresh.stderr.contains("known before"), "{}", fresh.stderr);
    assert_eq!(fresh.stdout, first.stdout);
    // Another photo under the same name.
    crate::support::photos::pattern(&program.path("c.png"), 3);
    let edited = program.run(args);
    assert!(
        edited.stderr.contains("2 of them known before"),
        "{}",
        edited.stderr
    );
    assert_ne!(edited.stdout, first.stdout);
}

#[test]
fn a_catalog_that_cannot_be_used_stops_no_scoring() {
    let program = shoot();
    fs::write(
        program.path("notes.txt"),
        "no catalog of anybody, but dear to its owner",
    )
    .unwrap();
    let ran = program.run(["score", ".", "--format", "csv", "--catalog", "notes.txt"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert_eq!(ran.stderr.matches("notes.txt").count(), 1, "{}", ran.stderr);
    assert!(
        rate(
            &program,
            &["a.png", "--stars", "1", "--catalog", "notes.txt"]
        )
        .status
            == 1
    );
    assert!(
        fs::read_to_string(program.path("notes.txt"))
            .unwrap()
            .starts_with("no catalog")
    );
    // The user's own is set aside.
    let own = program.home().join("catalog/keepers.db");
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    fs::write(&own, "damaged").unwrap();
    let ran = program.run(["score", ".", "--format", "csv"]);
    assert_eq!(ran.status, 0);
    assert!(
        ran.stderr.contains("keepers-damaged-1.db"),
        "{}",
        ran.stderr
    );
    let aside = own.with_file_name("keepers-damaged-1.db");
    assert_eq!(fs::read_to_string(aside).unwrap(), "damaged");
    assert_eq!(program.run(["catalog", "check"]).status, 0);
}

#[test]
fn the_catalog_is_checked_counted_exported_and_vacuumed() {
    let program = shoot();
    let status = |args: &[&str]| program.run(args).status;
    assert_eq!(status(&["catalog", "info"]), 1, "there is none yet");
    assert_eq!(status(&["score", "."]), 0);
    assert_eq!(status(&["rate", "a.png", "--label", "purple"]), 0);
    assert_eq!(status(&["catalog", "check"]), 0);
    assert_eq!(status(&["catalog", "vacuum"]), 0);
    let info = program.run(["catalog", "info", "--format", "json"]).json();
    // All three photos are the same picture.
    for (key, count) in [
        ("photos", 3),
        ("scores", 1),
        ("rated", 1),
        ("folders", 1),
        ("undoable", 1),
    ] {
        assert_eq!(info[key], count, "{key}");
    }
    assert_eq!(status(&["catalog", "export", "--out", "all.csv"]), 0);
    let csv = fs::read_to_string(program.path("all.csv")).unwrap();
    assert_eq!(csv.lines().count(), 4, "{csv}");
    assert!(
        csv.starts_with("path,size,modified,content,stars,flag,label,score,"),
        "{csv}"
    );
    assert!(csv.contains(",,,purple,"), "{csv}");
}

#[cfg(unix)]
#[test]
fn names_of_every_kind_are_rated() {
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::{OsStrExt, OsStringExt};

    let program = shoot();
    let longest = [b"n".repeat(251), b".png".to_vec()].concat();
    for name in [
        &b"two\nlines.png"[..],
        b"caf\xe9.png",
        b"=1+1.png",
        &longest,
    ] {
        let path = program.folder.path().join(OsStr::from_bytes(name));
        if fs::copy(program.path("a.png"), &path).is_err() {
            println!(
                "skipped: this file system takes no name like {}",
                name.escape_ascii()
            );
            continue;
        }
        let mut args: Vec<OsString> = ["rate", "--stars", "4"].map(OsString::from).into();
        args.push(OsString::from_vec([b"./", name].concat()));
        let ran = program.run(&args);
        assert_eq!(ran.status, 0, "{ran:?}");
        assert!(path.with_extension("xmp").is_file());
    }
    let rated = exported(&program);
    assert!(rated.iter().all(|(_, row)| row["stars"] == 4));
    assert!(rated.iter().any(|(_, row)| row["path_bytes"].is_string()));
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_keeps_the_rating_in_the_catalog() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;

    let program = Program::new();
    let photos = program.path("card");
    fs::create_dir(&photos).unwrap();
    grey(&photos.join("a.png"), 90);
    let mode =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    mode(program.folder.path(), 0o755);
    mode(program.home(), 0o777);
    mode(&photos, 0o555);
    let mut command = program.command(["rate", "card/a.png", "--stars", "4"]);
    if fs::write(photos.join("probe"), b"").is_ok() {
        // The superuser may write anywhere, so somebody else runs it.
        fs::remove_file(photos.join("probe")).unwrap();
        command.uid(65_534).gid(65_534);
    }
    let ran = match command.status() {
        Ok(_) => Ran::of(&mut command),
        Err(error) => {
            println!("skipped: cannot run as another user: {error}");
            return;
        }
    };
    mode(&photos, 0o755);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(
        ran.stderr.contains("a.xmp: cannot be written"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("the rating is in the catalog"),
        "{}",
        ran.stderr
    );
    assert_eq!(fs::read_dir(&photos).unwrap().count(), 1);
    // Once it can be written, any rating brings the rest along.
    let ran = rate(&program, &["card/a.png", "--label", "red"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert_eq!(rating(&program, "card/a.png"), "4 null red");
}
