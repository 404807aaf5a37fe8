//! Undoing and redoing: the journal, one command at a time.

use super::command::{Goal, Note, Rated};
use super::journal::{self, Entry};
use super::lock::Lock;
use super::moves::{Carried, Watch};
use super::photos::path_of;
use super::{Catalog, CatalogError, Options};
use crate::engine::Cancel;

/// A command that was undone or redone.
#[derive(Debug)]
pub struct Applied {
    /// In words, as it was given.
    pub command: String,
    /// What was done to each photo.
    pub photos: Vec<Rated>,
    /// Where its files went, for a command that let files go; it rates none.
    pub files: Option<Carried>,
}

impl Catalog {
    /// Undoes the last command that is not undone; `None` where there is none.
    ///
    /// # Errors
    /// Those of the catalog; then nothing is undone.
    pub fn undo(&mut self, options: Options) -> Result<Option<Applied>, CatalogError> {
        unwatched(|watch| self.undo_watched(options, watch))
    }

    /// As [`Catalog::undo`], with somebody looking on, as it may take a while
    /// until files are back.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn undo_watched(
        &mut self,
        options: Options,
        watch: &mut Watch<'_>,
    ) -> Result<Option<Applied>, CatalogError> {
        let lock = self.begin(options)?;
        let entry = journal::last_done(&self.db).map_err(self.failed())?;
        self.turn(entry, true, options, lock, watch)
    }

    /// Does the last undone command again; `None` where there is none, or
    /// another command came after.
    ///
    /// # Errors
    /// Those of the catalog; then nothing is redone.
    pub fn redo(&mut self, options: Options) -> Result<Option<Applied>, CatalogError> {
        unwatched(|watch| self.redo_watched(options, watch))
    }

    /// As [`Catalog::redo`], with somebody looking on.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn redo_watched(
        &mut self,
        options: Options,
        watch: &mut Watch<'_>,
    ) -> Result<Option<Applied>, CatalogError> {
        let lock = self.begin(options)?;
        let entry = journal::first_undone(&self.db).map_err(self.failed())?;
        self.turn(entry, false, options, lock, watch)
    }

    /// Finishes what a killed command left, as every command that writes does
    /// by itself. A plan for files is best made after that.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn finish_interrupted(&mut self, options: Options) -> Result<(), CatalogError> {
        self.begin(options).map(drop)
    }

    fn turn(
        &mut self,
        entry: Option<Entry>,
        undo: bool,
        options: Options,
        lock: Lock,
        watch: &mut Watch<'_>,
    ) -> Result<Option<Applied>, CatalogError> {
        let Some(entry) = entry else {
            return Ok(None);
        };
        let _lock = match self.has_moves(&entry)? {
            // It takes the lock batch by batch.
            true => {
                drop(lock);
                let files = self.turn_moves(&entry, undo, watch)?;
                return Ok(Some(Applied {
                    command: entry.command,
                    photos: Vec::new(),
                    files: Some(files),
                }));
            }
            false => lock,
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
            files: None,
        }))
    }
}

/// Does what nobody looks on at and nobody cancels.
fn unwatched<T>(work: impl FnOnce(&mut Watch<'_>) -> T) -> T {
    let (cancel, mut silent) = (Cancel::default(), |_: &_| {});
    work(&mut Watch {
        cancel: &cancel,
        progress: &mut silent,
    })
}
