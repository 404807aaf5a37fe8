//! Carrying out a plan, taking it back and doing it again.
//!
//! The journal says what is to be done before anything is. Files go by groups,
//! groups in batches; after each batch the journal and the catalog's photos
//! take note in one transaction. What a kill leaves in between shows on the
//! disk, see [`settle`](super::settle).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::TransactionBehavior;

use super::files::{self, Flow, Trouble, checkpoint};
use super::record::{self, Deed, Row, State};
use super::{Act, Carried, Kind, Plan, Refused, Watch, Went, bin, group};
use crate::catalog::journal::{self, Entry};
use crate::catalog::lock::{Lock, MovesLock};
use crate::catalog::photos::Finder;
use crate::catalog::sidecars::part_name;
use crate::catalog::{Catalog, CatalogError, CommandId, FileState, Options};
use crate::metadata::xmp::Folders;

/// A batch has so many groups at most, or so many bytes; ratings wait for it.
const MOST_GROUPS: usize = 50;
const MOST_BYTES: u64 = 256 << 20;

/// Files up to this length, sidecars above all, have their content noted, so
/// that a changed one is told from one that was only touched.
const SMALL: i64 = 1 << 20;

impl Catalog {
    /// Does what a plan says, as one command of the journal called `command`;
    /// none where nothing could be done. A file that is not as it was when the
    /// plan was made stays, with all that belongs to it, and the others go.
    /// Where the plan [is blocked](Plan::is_blocked), nothing goes.
    ///
    /// On return, what went is on disk, and the catalog knows where it is.
    ///
    /// # Errors
    /// Those of the catalog; what went until then is taken note of by the next
    /// command. [`CatalogError::Busy`] where another process does the like.
    pub fn carry_out(
        &mut self,
        plan: &Plan,
        command: &str,
        watch: &mut Watch<'_>,
    ) -> Result<Carried, CatalogError> {
        if plan.is_blocked() {
            let conflicts = plan.conflicts.iter();
            let failed = conflicts.map(|conflict| Refused {
                path: conflict.from.clone(),
                reason: conflict.taken.words(&conflict.to),
            });
            return Ok(Carried {
                failed: failed.collect(),
                ..Carried::default()
            });
        }
        if plan.groups.is_empty() {
            return Ok(Carried::default());
        }
        let _moves = self.lock_moves()?;
        let lock = Lock::take(&self.path)?;
        self.finish_ratings(Options::default())?;
        self.settle()?;
        drop(lock);
        let (id, rows) = self.begin_moves(plan, command).map_err(self.failed())?;
        self.carry(id, rows, false, watch)
    }

    fn begin_moves(
        &mut self,
        plan: &Plan,
        command: &str,
    ) -> rusqlite::Result<(CommandId, Vec<Row>)> {
        let behaviour = TransactionBehavior::Immediate;
        let transaction = self.db.transaction_with_behavior(behaviour)?;
        let rows = record::rows(&transaction, plan)?;
        let id = journal::add(&transaction, command, &[])?;
        record::insert(&transaction, id, &rows)?;
        record::begin(&transaction, id, false)?;
        transaction.commit()?;
        Ok((id, rows))
    }

    /// Whether a command let files go.
    pub(in crate::catalog) fn has_moves(&self, entry: &Entry) -> Result<bool, CatalogError> {
        let rows = record::load(&self.db, entry.id).map_err(self.failed())?;
        Ok(!rows.is_empty())
    }

    /// Takes the files of a command back, or lets them go again.
    pub(in crate::catalog) fn turn_moves(
        &mut self,
        entry: &Entry,
        undo: bool,
        watch: &mut Watch<'_>,
    ) -> Result<Carried, CatalogError> {
        let _moves = self.lock_moves()?;
        let rows = self.begin_turn(entry.id, undo).map_err(self.failed())?;
        self.carry(entry.id, rows, undo, watch)
    }

    fn begin_turn(&mut self, id: CommandId, undo: bool) -> rusqlite::Result<Vec<Row>> {
        let behaviour = TransactionBehavior::Immediate;
        let transaction = self.db.transaction_with_behavior(behaviour)?;
        let mut rows = record::load(&transaction, id)?;
        if !undo {
            for row in rows.iter_mut().filter(|row| row.state == State::Back) {
                row.state = State::ToDo;
            }
            record::update(&transaction, id, &rows)?;
            journal::mark(&transaction, id, false)?;
        }
        record::begin(&transaction, id, undo)?;
        transaction.commit()?;
        Ok(rows)
    }

    fn lock_moves(&self) -> Result<MovesLock, CatalogError> {
        MovesLock::take(&self.path)?.ok_or_else(|| CatalogError::Busy {
            path: self.path.clone(),
        })
    }

    fn carry(
        &mut self,
        id: CommandId,
        rows: Vec<Row>,
        back: bool,
        watch: &mut Watch<'_>,
    ) -> Result<Carried, CatalogError> {
        let (mut folders, files): (Vec<Row>, Vec<Row>) =
            rows.into_iter().partition(|row| row.deed == Deed::Folder);
        if !back {
            make(&mut folders);
        }
        let mut groups = by_group(files, if back { State::Done } else { State::ToDo });
        if back {
            groups.reverse();
        }
        let total = groups.iter().flatten().map(length).sum();
        let mut flow = Flow::new(watch, total);
        let mut carried = Carried::default();
        let mut reached = 0;
        let mut groups = groups.into_iter().peekable();
        let mut sidecars = Folders::default();
        checkpoint();
        while groups.peek().is_some() && !carried.cancelled {
            // Nobody writes a sidecar while it goes.
            let _lock = Lock::take(&self.path)?;
            let mut batch = Vec::new();
            let (mut count, mut bytes) = (0, 0);
            while count < MOST_GROUPS && bytes < MOST_BYTES {
                if flow.is_cancelled() {
                    carried.cancelled = groups.peek().is_some();
                    break;
                }
                let Some(mut group) = groups.next() else {
                    break;
                };
                self.look_up_group(&mut group, back)
                    .map_err(self.failed())?;
                let size: u64 = group.iter().map(length).sum();
                let went = match is_complete(&group, back, &mut sidecars) {
                    Ok(()) => carry_group(&mut group, back, self.id, &mut flow),
                    Err(refused) => Err((refused.path, Trouble::Reason(refused.reason))),
                };
                match went {
                    Ok(()) => carried
                        .went
                        .extend(group.iter().map(|row| went_of(row, back))),
                    Err((_, Trouble::Cancelled)) => carried.cancelled = true,
                    Err((path, Trouble::Reason(reason))) => {
                        flow.failed(group.len());
                        carried.failed.push(Refused { path, reason });
                    }
                }
                reached += size;
                flow.reached(reached);
                count += 1;
                bytes += size;
                batch.extend(group);
            }
            files::sync(folders_of(&batch));
            checkpoint();
            self.note_batch(id, &batch, back).map_err(self.failed())?;
            checkpoint();
        }
        self.end_moves(id, folders, back, carried.cancelled)
            .map_err(self.failed())?;
        Ok(carried)
    }

    /// Whether what the catalog knows of these files is right just before they
    /// go.
    fn look_up_group(&self, group: &mut [Row], back: bool) -> rusqlite::Result<()> {
        let mut finder = Finder::default();
        for row in group {
            let here = if back { row.to() } else { &row.source };
            let (Some(_), Some(place)) = (row.photo, finder.places.of(here)) else {
                continue;
            };
            let known = finder.row(&self.db, &place)?;
            let now = files::stamp(here);
            row.known = known
                .zip(now.ok())
                .is_some_and(|(known, now)| known.is_current(now));
        }
        Ok(())
    }

    /// Takes note of what has become of files.
    pub(super) fn note_batch(
        &mut self,
        id: CommandId,
        rows: &[Row],
        back: bool,
    ) -> rusqlite::Result<()> {
        let behaviour = TransactionBehavior::Immediate;
        let transaction = self.db.transaction_with_behavior(behaviour)?;
        record::update(&transaction, id, rows)?;
        let mut finder = Finder::default();
        for row in rows {
            let (from, to) = match (row.deed, row.state, back) {
                (Deed::File(Act::Move), State::Done, false) => (row.source.as_path(), row.to()),
                (Deed::File(Act::Move), State::Back, true) => (row.to(), row.source.as_path()),
                _ => continue,
            };
            let now = files::stamp(to).ok();
            record::follow(&transaction, &mut finder, row, (from, to), now)?;
        }
        transaction.commit()
    }

    /// Ends a command: what was not done never will be, and folders that hold
    /// nothing go.
    pub(super) fn end_moves(
        &mut self,
        id: CommandId,
        mut folders: Vec<Row>,
        back: bool,
        cancelled: bool,
    ) -> rusqlite::Result<()> {
        let behaviour = TransactionBehavior::Immediate;
        let transaction = self.db.transaction_with_behavior(behaviour)?;
        let mut rows = record::load(&transaction, id)?;
        rows.retain(|row| row.deed != Deed::Folder);
        for row in rows.iter_mut().filter(|row| row.state == State::ToDo) {
            row.state = State::Never;
        }
        let any = rows.iter().any(|row| row.state == State::Done);
        if !any {
            unmake(&mut folders);
        }
        rows.extend(folders);
        record::update(&transaction, id, &rows)?;
        match back {
            true if !cancelled => journal::mark(&transaction, id, true)?,
            false if !any => journal::drop(&transaction, id)?,
            _ => {}
        }
        record::end(&transaction, id)?;
        transaction.commit()
    }
}

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

/// Checks that nothing belongs to a group that was not there when it was
/// planned, or when it went: it would be left alone.
fn is_complete(group: &[Row], back: bool, sidecars: &mut Folders) -> Result<(), Refused> {
    let is_back_from = |act| group.iter().any(|row| back && row.deed == Deed::File(act));
    if is_back_from(Act::Bin) || is_back_from(Act::Copy) {
        return Ok(());
    }
    let here = |row: &Row| match back {
        false => row.source.clone(),
        true => row.to().to_owned(),
    };
    let photos = group.iter().filter(|row| row.kind() == Kind::Photo);
    let photos: Vec<PathBuf> = photos.map(here).collect();
    let now = group::files(&photos, sidecars)?;
    let planned = |path: &Path| group.iter().any(|row| here(row) == path);
    match now.files.iter().find(|(file, _)| !planned(&file.from)) {
        None => Ok(()),
        Some((file, _)) => Err(Refused {
            path: file.from.clone(),
            reason: match back {
                false => "was not there when this was planned".to_owned(),
                true => {
                    "was not there when its photo came here, and would be left alone".to_owned()
                }
            },
        }),
    }
}

/// The name that a copy has until it is complete: always the same, so that the
/// next command finds what a killed one left.
pub(super) fn part_of(to: &Path, catalog: i64) -> PathBuf {
    to.with_file_name(part_name(to, catalog))
}

/// The rows of each group that has any in this state, in their order.
pub(super) fn by_group(rows: Vec<Row>, state: State) -> Vec<Vec<Row>> {
    let mut groups: BTreeMap<i64, Vec<Row>> = BTreeMap::new();
    for row in rows {
        if row.state == state {
            groups.entry(row.together).or_default().push(row);
        }
    }
    groups.into_values().collect()
}

fn length(row: &Row) -> u64 {
    row.size.unsigned_abs()
}

fn went_of(row: &Row, back: bool) -> Went {
    let (from, to) = match (row.deed, back) {
        (Deed::File(Act::Copy), true) => (row.to().to_owned(), None),
        (Deed::File(Act::Bin), true) => (PathBuf::new(), Some(row.source.clone())),
        (_, true) => (row.to().to_owned(), Some(row.source.clone())),
        (_, false) => (row.source.clone(), row.target.clone()),
    };
    Went {
        from,
        to,
        kind: row.kind(),
    }
}

fn folders_of(rows: &[Row]) -> BTreeSet<PathBuf> {
    let paths = rows.iter().flat_map(|row| [row.source.as_path(), row.to()]);
    let folders = paths.filter_map(Path::parent);
    folders.filter(|f| f.is_dir()).map(Path::to_owned).collect()
}

/// Makes folders. What goes into one that cannot be made says so itself.
fn make(folders: &mut [Row]) {
    for row in folders.iter_mut().filter(|row| row.state == State::ToDo) {
        row.state = match fs::create_dir(row.to()) {
            Ok(()) => State::Done,
            Err(error) => {
                tracing::debug!("{}: cannot be made: {error}", row.to().display());
                State::Never
            }
        };
    }
}

/// Removes folders that were made and hold nothing, inner ones first.
pub(super) fn unmake(folders: &mut [Row]) {
    for row in folders.iter_mut().rev() {
        if row.state == State::Done {
            // One that holds something stays.
            let _ = fs::remove_dir(row.to());
            row.state = State::Back;
        }
    }
}
