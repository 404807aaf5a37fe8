//! The journal: what each command did, so that it can be undone and redone.

use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, params};

use super::ratings::{of_codes, to_codes};
use super::{CommandId, PhotoId};
use crate::metadata::xmp::Rating;

/// A command's state: done.
const DONE: i64 = 0;
/// Undone, and can be redone.
const UNDONE: i64 = 1;
/// Undone for good, because another command came after.
const DROPPED: i64 = 2;

/// What a command did to a photo.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    pub photo: PhotoId,
    pub before: Rating,
    pub after: Rating,
}

/// A command of the journal.
#[derive(Debug)]
pub(super) struct Entry {
    pub id: CommandId,
    /// In words.
    pub command: String,
    pub changes: Vec<Change>,
}

/// Writes a new command down; those that were undone cannot be redone now.
pub(super) fn add(
    db: &Connection,
    command: &str,
    changes: &[Change],
) -> rusqlite::Result<CommandId> {
    db.execute(
        "UPDATE journal SET state = ?1 WHERE state = ?2",
        params![DROPPED, UNDONE],
    )?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let at = now.map_or(0, |now| now.as_secs().cast_signed());
    let id = db
        .prepare_cached("INSERT INTO journal (at, command) VALUES (?1, ?2)")?
        .insert(params![at, command])
        .map(CommandId)?;
    let mut insert = db.prepare_cached(
        "INSERT OR IGNORE INTO changes (command, photo, stars_before, flag_before, label_before, \
         stars_after, flag_after, label_after) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for change in changes {
        let (before, after) = (to_codes(change.before), to_codes(change.after));
        insert.execute(params![
            id,
            change.photo,
            before.0,
            before.1,
            before.2,
            after.0,
            after.1,
            after.2
        ])?;
    }
    Ok(id)
}

/// The command that undoing takes back: the last one that is done.
pub(super) fn last_done(db: &Connection) -> rusqlite::Result<Option<Entry>> {
    entry(
        db,
        "SELECT id, command FROM journal WHERE state = ?1 ORDER BY id DESC LIMIT 1",
        DONE,
    )
}

/// The command that redoing does again: the first one that is undone.
pub(super) fn first_undone(db: &Connection) -> rusqlite::Result<Option<Entry>> {
    entry(
        db,
        "SELECT id, command FROM journal WHERE state = ?1 ORDER BY id LIMIT 1",
        UNDONE,
    )
}

fn entry(db: &Connection, query: &str, state: i64) -> rusqlite::Result<Option<Entry>> {
    let found: Option<(CommandId, String)> = db
        .prepare_cached(query)?
        .query_row([state], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((id, command)) = found else {
        return Ok(None);
    };
    let changes = db
        .prepare_cached(
            "SELECT photo, stars_before, flag_before, label_before, stars_after, flag_after, \
             label_after FROM changes WHERE command = ?1 ORDER BY photo",
        )?
        .query_map([id], |row| {
            Ok(Change {
                photo: row.get(0)?,
                before: of_codes((row.get(1)?, row.get(2)?, row.get(3)?)),
                after: of_codes((row.get(4)?, row.get(5)?, row.get(6)?)),
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(Entry {
        id,
        command,
        changes,
    }))
}

/// Notes that a command came to nothing, so that there is nothing to undo.
pub(super) fn drop(db: &Connection, command: CommandId) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE journal SET state = ?2 WHERE id = ?1",
        params![command, DROPPED],
    )?;
    Ok(())
}

/// Notes that a command is undone, or done again.
pub(super) fn mark(db: &Connection, command: CommandId, undone: bool) -> rusqlite::Result<()> {
    let state = if undone { UNDONE } else { DONE };
    db.execute(
        "UPDATE journal SET state = ?2 WHERE id = ?1",
        params![command, state],
    )?;
    Ok(())
}
