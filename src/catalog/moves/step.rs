//! One group's way: all its files go, or none.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::files::{self, Flow, Trouble, checkpoint};
use super::record::{Deed, Row, State};
use super::{Act, Watch, bin};
use crate::catalog::FileState;
use crate::catalog::sidecars::part_name;

/// Files up to this length, sidecars above all, have their content noted, so
/// that a changed one is told from one that was only touched.
const SMALL: i64 = 1 << 20;

/// Lets the files of a group go, or go back, all or none; those that are there
/// already are left. The error names the file that does not go.
pub(super) fn carry_group(
    group: &mut [Row],
    back: bool,
    catalog: i64,
    flow: &mut Flow<'_, '_>,
) -> Result<(), (PathBuf, Trouble)> {
    let (begun, goal) = match back {
        false => (State::ToDo, State::Done),
        true => (State::Done, State::Back),
    };
    let mut failed = None;
    for row in group.iter_mut().filter(|row| row.state != goal) {
        if let Err(trouble) = step(row, back, catalog, flow) {
            let path = if back { row.to() } else { &row.source };
            let path = if path.as_os_str().is_empty() {
                &row.source
            } else {
                path
            };
            failed = Some((path.to_owned(), trouble));
            break;
        }
        row.state = goal;
        checkpoint();
    }
    let Some((path, mut trouble)) = failed else {
        return Ok(());
    };
    // Whatever stopped it does not stop going back.
    let (cancel, mut silent) = (crate::engine::Cancel::default(), |_: &_| {});
    let mut quiet = Watch {
        cancel: &cancel,
        progress: &mut silent,
    };
    for row in group.iter_mut().rev().filter(|row| row.state == goal) {
        match step(row, !back, catalog, &mut Flow::new(&mut quiet, 0)) {
            Ok(()) => row.state = begun,
            Err(second) => {
                let here = if back { &row.source } else { row.to() };
                let second = match second {
                    Trouble::Reason(reason) => reason,
                    Trouble::Cancelled => String::new(),
                };
                if let Trouble::Reason(reason) = &mut trouble {
                    *reason += &format!("; {} stays there: {second}", here.display());
                }
            }
        }
    }
    if !back {
        for row in group.iter_mut().filter(|row| row.state == begun) {
            row.state = State::Never;
        }
    }
    Err((path, trouble))
}

/// Lets one file go or go back.
fn step(row: &mut Row, back: bool, catalog: i64, flow: &mut Flow<'_, '_>) -> Result<(), Trouble> {
    let Deed::File(act) = row.deed else {
        return Ok(());
    };
    let (from, to) = match back {
        false => (row.source.clone(), row.to().to_owned()),
        true => (row.to().to_owned(), row.source.clone()),
    };
    let part = part_of(&to, catalog);
    match (act, back) {
        (Act::Move, _) => {
            unchanged(row, &from)?;
            files::relocate(&from, &to, &part, flow)?;
            found(row, &to);
        }
        (Act::Copy, false) => {
            unchanged(row, &from)?;
            files::copy(&from, &to, &part, flow)?;
            found(row, &to);
        }
        (Act::Copy, true) => {
            take_back_copy(&from, &to)?;
            found(row, &to);
        }
        (Act::Bin, false) => {
            unchanged(row, &from)?;
            bin::put(&from)?;
        }
        (Act::Bin, true) => {
            bin::restore(&to, row.size)?;
            found(row, &to);
        }
    }
    Ok(())
}

/// Removes a copy, if it is one: of an original that is there.
fn take_back_copy(copy: &Path, original: &Path) -> Result<(), Trouble> {
    let reason = |reason: String| Err(Trouble::Reason(reason));
    if !files::is_there(copy) {
        return Ok(());
    }
    if !files::is_there(original) {
        let original = original.display();
        return reason(format!("is kept, as its original {original} is gone"));
    }
    match files::same(copy, original) {
        Ok(true) => Ok(fs::remove_file(copy)?),
        Ok(false) => reason("is kept, as it is no longer the same as its original".to_owned()),
        Err(error) => reason(format!("cannot be compared with its original: {error}")),
    }
}

/// Takes note of a file's state where it is now.
pub(super) fn found(row: &mut Row, here: &Path) {
    if let Ok(now) = files::stamp(here) {
        (row.size, row.modified) = (now.size, now.modified);
    }
}

/// Checks that a file is as it was last seen, and takes note of the content of a
/// small one.
fn unchanged(row: &mut Row, here: &Path) -> Result<(), Trouble> {
    let now = files::stamp(here).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Trouble::Reason("is not there any more".to_owned()),
        _ => Trouble::Reason(error.to_string()),
    })?;
    let stamped = (now.size, now.modified) == (row.size, row.modified);
    if stamped && (row.content.is_some() || now.size > SMALL) {
        return Ok(());
    }
    let content = FileState::read(here)?.content;
    if !stamped && row.content != Some(content) {
        return Err(Trouble::Reason("has changed since".to_owned()));
    }
    row.content = Some(content);
    Ok(())
}

/// The name that a copy has until it is complete: always the same, so that the
/// next command finds what a killed one left.
pub(super) fn part_of(to: &Path, catalog: i64) -> PathBuf {
    to.with_file_name(part_name(to, catalog))
}
