//! Undoing commands, and doing them again.

use super::command::{Goal, Note};
use super::journal::{self, Entry};
use super::photos::path_of;
use super::{Catalog, CatalogError, Options, Rated};

/// A command that was undone or redone.
#[derive(Debug)]
pub struct Applied {
    /// In words, as it was given.
    pub command: String,
    /// What was done to each photo.
    pub photos: Vec<Rated>,
}

impl Catalog {
    /// Undoes the last command that is not undone; `None` where there is none.
    ///
    /// # Errors
    /// Those of the catalog; then nothing is undone.
    pub fn undo(&mut self, options: Options) -> Result<Option<Applied>, CatalogError> {
        let _lock = self.begin(options)?;
        let entry = journal::last_done(&self.db).map_err(self.failed())?;
        self.turn(entry, true, options)
    }

    /// Does the last undone command again; `None` where there is none, or
    /// another command came after.
    ///
    /// # Errors
    /// Those of the catalog; then nothing is redone.
    pub fn redo(&mut self, options: Options) -> Result<Option<Applied>, CatalogError> {
        let _lock = self.begin(options)?;
        let entry = journal::first_undone(&self.db).map_err(self.failed())?;
        self.turn(entry, false, options)
    }

    fn turn(
        &mut self,
        entry: Option<Entry>,
        undo: bool,
        options: Options,
    ) -> Result<Option<Applied>, CatalogError> {
        let Some(entry) = entry else {
            return Ok(None);
        };
        let failed = self.failed();
        let mut goals = Vec::with_capacity(entry.changes.len());
        for change in entry.changes {
            let path = path_of(&self.db, change.photo).map_err(&failed)?;
            let (from, to) = if undo {
                (change.after, change.before)
            } else {
                (change.before, change.after)
            };
            goals.push((path, Some(change.photo), Goal::Turn { from, to }));
        }
        let photos = self.run(goals, Note::Undone(entry.id, undo), options)?;
        Ok(Some(Applied {
            command: entry.command,
            photos,
        }))
    }
}
