//! `keepers score` on lists that come from elsewhere, and on shares of them.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::Value;

use crate::support::photos::greys;
use crate::support::program::{Program, Ran};

/// The paths that a run of JSON lines answers.
fn answered(ran: &Ran) -> Vec<String> {
    let rows = ran.stdout.lines();
    let rows = rows.map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| row["path"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_row_comes_before_the_list_ends() {
    let program = Program::new();
    greys(program.folder.path(), 2);
    let mut child = program
        .command(["score", "--files-from", "-", "--format", "jsonl", "--quiet"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut list = child.stdin.take().unwrap();
    let mut rows = BufReader::new(child.stdout.take().unwrap()).lines();
    for name in ["000.png", "missing.png", "001.png"] {
        writeln!(list, "{name}").unwrap();
        list.flush().unwrap();
        let row: Value = serde_json::from_str(&rows.next().unwrap().unwrap()).unwrap();
        assert_eq!(row["path"], name);
        assert_eq!(row["score"].is_null(), name == "missing.png");
    }
    drop(list);
    assert!(rows.next().is_none());
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn lists_have_lines_or_zero_bytes() {
    let program = Program::new();
    greys(program.folder.path(), 2);
    fs::create_dir(program.path("folder")).unwrap();
    fs::write(program.path("lines"), "000.png\n\nfolder\n001.png").unwrap();
    fs::write(program.path("zeros"), "001.png\0".to_owned() + "000.png\0").unwrap();
    let lines = program.run(["score", "--files-from", "lines", "--format", "csv"]);
    assert_eq!(lines.status, 3, "{lines:?}");
    assert_eq!(lines.stdout.lines().count(), 4);
    assert!(
        lines
            .stdout
            .ends_with("folder,,is a folder; a list of files names photos only\n")
    );
    let zeros = program.run(["score", "--files-from", "zeros", "-0", "--format", "csv"]);
    assert_eq!(zeros.status, 0, "{zeros:?}");
    // Ranked as ever.
    assert!(lines.stdout.starts_with(&zeros.stdout));
}

#[test]
fn a_list_that_is_none_says_so_after_what_came_before() {
    let program = Program::new();
    fs::write(program.path("zeros"), b"a.jpg\nb.jpg\0c.jpg\0").unwrap();
    let ran = program.run(["score", "--files-from", "zeros", "--format", "jsonl"]);
    assert_eq!(ran.status, 1);
    assert_eq!(answered(&ran), ["a.jpg"]);
    assert!(
        ran.stderr.contains("zeros: line 2") && ran.stderr.contains("--null"),
        "{}",
        ran.stderr
    );
    let ran = program.run(["score", "--files-from", "none"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("none: cannot be read"),
        "{}",
        ran.stderr
    );
    for args in [
        &["score", "a.jpg", "--files-from", "-"][..],
        &["score", "--files-from", "-", "--recursive"],
        &["score", "a.jpg", "--null"],
        &["score", "a.jpg", "--shard", "3/2"],
    ] {
        assert_eq!(program.run(args).status, 2, "{args:?}");
    }
}

#[test]
fn a_list_and_what_it_names_are_not_written_to() {
    let program = Program::new();
    for (name, content) in [("list", "photo.data\n"), ("photo.data", "no photo")] {
        fs::write(program.path(name), content).unwrap();
    }
    for out in ["list", "photo.data"] {
        let ran = program.run([
            "score",
            "--files-from",
            "list",
            "--format",
            "csv",
            "--out",
            out,
        ]);
        assert_eq!(ran.status, 1, "{ran:?}");
        assert!(ran.stderr.contains("is not written to"), "{}", ran.stderr);
    }
    assert_eq!(fs::read(program.path("list")).unwrap(), b"photo.data\n");
    assert_eq!(fs::read(program.path("photo.data")).unwrap(), b"no photo");
}

/// Broken photos, which are answered without a network.
#[test]
fn shares_are_the_whole_and_alike_for_lists_and_folders() {
    let program = Program::new();
    fs::create_dir(program.path("shoot")).unwrap();
    let mut list = String::new();
    for i in 0..60 {
        let name = format!("shoot/{i:03}.jpg");
        fs::write(program.path(&name), b"").unwrap();
        list = list + &name + "\n";
    }
    fs::write(program.path("list"), &list).unwrap();
    let all: BTreeSet<String> = list.lines().map(str::to_owned).collect();
    let mut together = Vec::new();
    for share in ["1/4", "2/4", "3/4", "4/4"] {
        let of_list = program.run([
            "score",
            "--files-from",
            "list",
            "--shard",
            share,
            "--format",
            "jsonl",
        ]);
        let of_folder = program.run(["score", "shoot", "--shard", share, "--format", "jsonl"]);
        let (mut a, mut b) = (answered(&of_list), answered(&of_folder));
        b.iter_mut()
            .for_each(|path| *path = path.replace('\\', "/"));
        a.sort();
        b.sort();
        if cfg!(unix) {
            assert_eq!(a, b, "{share}");
        }
        assert!(!a.is_empty() && a.len() < 60, "{share}: {}", a.len());
        together.extend(a);
    }
    assert_eq!(together.len(), 60);
    assert_eq!(together.into_iter().collect::<BTreeSet<_>>(), all);
}

#[test]
fn an_empty_share_is_done() {
    let program = Program::new();
    fs::write(program.path("list"), "").unwrap();
    for args in [
        &["score", "--files-from", "list", "--format", "jsonl"][..],
        &["score", ".", "--shard", "1/2", "--format", "jsonl"],
    ] {
        let ran = program.run(args);
        assert_eq!((ran.status, ran.stdout.as_str()), (0, ""), "{ran:?}");
        assert!(ran.stderr.contains("Found no photos"), "{}", ran.stderr);
    }
}
