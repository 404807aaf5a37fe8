//! Paths that are awkward.

use std::fs;

use serde_json::Value;

use crate::support::photos::grey;
use crate::support::program::Program;

/// The only row's path in each machine format.
fn paths(program: &Program) -> [Value; 3] {
    let json = program.run(["score", ".", "--format", "json"]).json();
    let lines = program.run(["score", ".", "--format", "jsonl"]).json();
    let csv = program.run(["score", ".", "--format", "csv"]).stdout;
    let row = csv::Reader::from_reader(csv.as_bytes())
        .records()
        .next()
        .unwrap()
        .unwrap();
    [
        json[0]["path"].clone(),
        lines["path"].clone(),
        row[1].into(),
    ]
}

#[test]
fn names_stay_as_they_are() {
    for name in [
        "фото è 写真.png",
        "=1+1, 'x'.png",
        "-dash.png",
        " space .png",
    ] {
        let program = Program::new();
        grey(&program.path("x.png"), 90);
        fs::rename(program.path("x.png"), program.path(name)).unwrap();
        for path in paths(&program) {
            assert_eq!(
                path.as_str().unwrap().replace('\\', "/"),
                format!("./{name}")
            );
        }
    }
}

#[cfg(unix)]
#[test]
fn a_newline_in_a_name_breaks_no_row() {
    let program = Program::new();
    grey(&program.path("x.png"), 90);
    let name = "two\nlines \"q\"\t.png";
    fs::rename(program.path("x.png"), program.path(name)).unwrap();
    for path in paths(&program) {
        assert_eq!(path, format!("./{name}"));
    }
    let table = program.run(["score", "."]).stdout;
    assert_eq!(table.lines().count(), 2, "{table}");
    assert!(table.contains("two\\nlines"), "{table}");
}

#[cfg(unix)]
#[test]
fn bytes_that_are_no_text_come_out_escaped() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let program = Program::new();
    let name = OsStr::from_bytes(b"caf\xe9.png");
    if fs::write(program.folder.path().join(name), b"").is_err() {
        println!("skipped: this file system takes only names that are text");
        return;
    }
    grey(&program.path("x.png"), 90);
    fs::rename(program.path("x.png"), program.folder.path().join(name)).unwrap();
    for path in paths(&program) {
        assert_eq!(path, "./caf\\xE9.png");
    }
    let row = program.run(["score", ".", "--format", "jsonl"]).json();
    assert_eq!(row["path_bytes"], "2e2f636166e92e706e67");
    // Named on the command line it is found, too.
    let ran = program.run([OsStr::new("score"), name, OsStr::new("--quiet")]);
    assert_eq!(ran.status, 0);
    // And where it is missing the reason names it.
    let gone = OsStr::from_bytes(b"gone\xff.png");
    let ran = program.run([OsStr::new("score"), gone]);
    assert!(ran.stdout.contains("gone\\xFF.png: "), "{}", ran.stdout);
}
