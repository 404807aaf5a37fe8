//! Ending what a killed command left on its way.
//!
//! Where each file is shows on the disk. Of a group of which one file has
//! arrived, the others follow; of any other, none goes. So a killed command
//! ends as one that was cancelled at that moment.

use std::fs;
use std::path::Path;

use super::carry::{by_group, carry_group, found, part_of};
use super::files::{self, Flow};
use super::record::{self, Deed, Row, State};
use super::{Act, Watch};
use crate::catalog::{Catalog, CatalogError, CommandId};
use crate::engine::Cancel;

impl Catalog {
    /// Ends what a killed command left. Both locks are held.
    pub(in crate::catalog) fn settle(&mut self) -> Result<(), CatalogError> {
        while let Some((id, back)) = record::begun(&self.db).map_err(self.failed())? {
            self.settle_one(id, back)?;
        }
        Ok(())
    }

    /// Whether a killed command, or one of another process, has files on their
    /// way.
    pub(in crate::catalog) fn has_unsettled(&self) -> Result<bool, CatalogError> {
        let begun = record::begun(&self.db).map_err(self.failed())?;
        Ok(begun.is_some())
    }

    fn settle_one(&mut self, id: CommandId, back: bool) -> Result<(), CatalogError> {
        tracing::info!("ending an interrupted act on files");
        let rows = record::load(&self.db, id).map_err(self.failed())?;
        let (mut folders, files): (Vec<Row>, Vec<Row>) =
            rows.into_iter().partition(|row| row.deed == Deed::Folder);
        for row in folders.iter_mut().filter(|row| row.state == State::ToDo) {
            row.state = match row.to().is_dir() {
                true => State::Done,
                false => State::Never,
            };
        }
        let (begun, goal) = match back {
            false => (State::ToDo, State::Done),
            true => (State::Done, State::Back),
        };
        let (cancel, mut silent) = (Cancel::default(), |_: &_| {});
        let mut watch = Watch {
            cancel: &cancel,
            progress: &mut silent,
        };
        let mut settled = Vec::new();
        for mut group in by_group(files, begun) {
            for row in &mut group {
                look(row, back, goal, self.id);
            }
            if group.iter().any(|row| row.state == goal) {
                let mut flow = Flow::new(&mut watch, 0);
                if let Err((path, trouble)) = carry_group(&mut group, back, self.id, &mut flow) {
                    tracing::warn!("{}: {trouble:?}", path.display());
                }
            }
            settled.extend(group);
        }
        let unfinished = settled.iter().any(|row| row.state == begun);
        self.note_batch(id, &settled, back).map_err(self.failed())?;
        self.end_moves(id, folders, back, unfinished)
            .map_err(self.failed())
    }
}

/// Sees whether a file has arrived, and removes what a killed command left of
/// its way.
fn look(row: &mut Row, back: bool, goal: State, catalog: i64) {
    let Deed::File(act) = row.deed else {
        return;
    };
    let (from, to) = match back {
        false => (row.source.clone(), row.to().to_owned()),
        true => (row.to().to_owned(), row.source.clone()),
    };
    let arrived = match (act, back) {
        (Act::Bin, false) => !files::is_there(&from),
        (Act::Bin, true) => {
            tidy(row, &to, catalog);
            files::is_there(&to)
        }
        (Act::Copy, true) => !files::is_there(&from),
        (Act::Copy, false) => {
            tidy(row, &to, catalog);
            files::same(&from, &to).unwrap_or(false)
        }
        (Act::Move, _) => {
            tidy(row, &to, catalog);
            match (files::is_there(&from), files::is_there(&to)) {
                (false, there) => there,
                // Copied between disks, with the original still to go.
                (true, true) => files::same(&from, &to).unwrap_or(false) && remove(&from),
                (true, false) => false,
            }
        }
    };
    if arrived {
        row.state = goal;
        found(row, &to);
    }
}

fn remove(original: &Path) -> bool {
    match fs::remove_file(original) {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!("{}: cannot be removed: {error}", original.display());
            false
        }
    }
}

/// Removes a half copy, and the empty file that reserves a name.
fn tidy(row: &Row, to: &Path, catalog: i64) {
    let part = part_of(to, catalog);
    let reserved = match row.size {
        0 => Ok(()),
        _ => files::remove_reserved(to),
    };
    for removed in [files::remove_part(&part), reserved] {
        if let Err(error) = removed {
            tracing::warn!("{}: cannot be removed: {error}", part.display());
        }
    }
}
