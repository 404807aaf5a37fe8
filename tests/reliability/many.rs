//! Very many files.

use std::fs;
use std::path::PathBuf;

use keepers::engine::photos_of;

use super::soak;
use crate::support::program::Program;

/// A folder as a year of sport makes it, all its files broken: each is found
/// once, each has its row, and rows are in path order.
#[test]
fn a_folder_of_very_many_files_is_answered_to_the_last_one() {
    let program = Program::new();
    let count = soak(2000, 100_000);
    let names: Vec<PathBuf> = (0..count)
        .map(|i| program.path(&format!("{i:06}.jpg")))
        .collect();
    for name in &names {
        fs::write(name, b"").unwrap();
    }
    let found = photos_of(&[program.folder.path().to_owned()], true);
    assert!(found.iter().map(|(path, _)| path).eq(&names));
    assert!(found.iter().all(|(_, problem)| problem.is_none()));
    let ran = program.run(["score", ".", "--format", "csv"]);
    assert_eq!(ran.status, 1, "no photo could be scored: {}", ran.stderr);
    assert_eq!(ran.stdout.lines().count(), count + 1);
    let rows = ran.stdout.lines().skip(1);
    assert!(rows.is_sorted());
    assert!(ran.stdout.ends_with("the file is empty\n"));
}
