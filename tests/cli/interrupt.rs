//! Ctrl-C, and readers that leave.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::photos::greys;
use crate::support::program::Program;

/// More photos than any machine scores before it is interrupted.
const MANY: usize = 400;

fn spawned(program: &Program, args: &[&str]) -> Child {
    program
        .command(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn interrupt(child: &Child) {
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
}

fn text(pipe: Option<impl Read>) -> String {
    let mut text = String::new();
    pipe.unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn an_interrupt_ends_cleanly_with_what_is_done() {
    let program = Program::new();
    greys(program.folder.path(), MANY);
    let mut child = spawned(&program, &["score", ".", "--format", "jsonl"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    interrupt(&child);
    let begin = Instant::now();
    let mut rows = vec![first];
    rows.extend(lines.map(Result::unwrap));
    let status = child.wait().unwrap();
    assert!(begin.elapsed() < Duration::from_secs(10));
    let notes = text(child.stderr.take());
    assert_eq!(status.code(), Some(130), "{notes}");
    assert!(rows.len() < MANY);
    for row in &rows {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        assert!(row["score"].is_f64());
    }
    assert!(notes.contains("Interrupted: scored"), "{notes}");
}

/// Whether a file of results is begun and not finished.
fn begun(program: &Program) -> bool {
    let entries = std::fs::read_dir(program.folder.path()).unwrap();
    entries
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().ends_with(".part"))
}

#[test]
fn an_interrupted_file_is_whole() {
    let program = Program::new();
    greys(program.folder.path(), MANY);
    let mut child = program
        .command(["score", ".", "--out", "scores.json"])
        .env("KEEPERS_LOG", "keepers=debug")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The log says when the scoring begins.
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(log.any(|line| line.unwrap().contains("scanned")));
    std::thread::sleep(Duration::from_millis(700));
    interrupt(&child);
    log.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let file = std::fs::read_to_string(program.path("scores.json")).unwrap();
    let rows: serde_json::Value = serde_json::from_str(&file).unwrap();
    let rows = rows.as_array().unwrap();
    assert!(rows.len() < MANY);
    assert!(rows.iter().all(|row| row["score"].is_f64()));
    assert!(!begun(&program));
}

#[test]
fn a_second_interrupt_ends_at_once_and_leaves_no_part() {
    let program = Program::new();
    greys(program.folder.path(), MANY);
    let mut child = spawned(&program, &["score", ".", "--out", "scores.json"]);
    while !begun(&program) {
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(300));
    let begin = Instant::now();
    interrupt(&child);
    std::thread::sleep(Duration::from_millis(5));
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert!(!begun(&program));
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let program = Program::new();
    greys(program.folder.path(), 12);
    for format in ["table", "csv", "json", "jsonl"] {
        let mut child = spawned(&program, &["score", ".", "--format", format]);
        drop(child.stdout.take());
        let status = child.wait().unwrap();
        let notes = text(child.stderr.take());
        assert_eq!(status.code(), Some(0), "{format}: {notes}");
        assert!(
            !notes.contains("pipe") && !notes.contains("panicked"),
            "{format}: {notes}"
        );
    }
}
