//! Acts on files in the journal.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};

use super::{Act, Kind, Plan};
use crate::catalog::paths::{of_bytes, to_bytes};
use crate::catalog::photos::Finder;
use crate::catalog::{CommandId, ContentHash, PhotoId, Stamp};

/// What a row does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    File(Act),
    /// A folder is made.
    Folder,
}

/// How far a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    ToDo,
    Done,
    Back,
    Never,
}

/// A row of moves.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub step: i64,
    pub together: i64,
    pub deed: Deed,
    pub photo: Option<PhotoId>,
    pub source: PathBuf,
    pub target: Option<PathBuf>,
    pub size: i64,
    pub modified: i64,
    pub content: Option<ContentHash>,
    pub state: State,
    /// Whether what the catalog knows of the photo's file was right just before
    /// it went; not kept.
    pub known: bool,
}

impl Row {
    /// Where the file goes: for the bin, nowhere.
    pub(super) fn to(&self) -> &Path {
        self.target.as_deref().unwrap_or(Path::new(""))
    }

    /// What the file is. Sidecars have no photo's row, nor a photo's name.
    pub(super) fn kind(&self) -> Kind {
        let extension = self.source.extension();
        match extension.is_some_and(|e| e.eq_ignore_ascii_case("xmp")) {
            true => Kind::Sidecar,
            false => Kind::Photo,
        }
    }
}

/// The rows of a plan, folders first.
pub(super) fn rows(db: &Connection, plan: &Plan) -> rusqlite::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut together = 0;
    let mut add = |row: Row| {
        let step = rows.len() as i64;
        rows.push(Row { step, ..row });
    };
    for folder in &plan.folders {
        add(Row {
            step: 0,
            together,
            deed: Deed::Folder,
            photo: None,
            source: PathBuf::new(),
            target: Some(folder.clone()),
            size: 0,
            modified: 0,
            content: None,
            state: State::ToDo,
            known: false,
        });
        together += 1;
    }
    let mut finder = Finder::default();
    for group in &plan.groups {
        for file in &group.files {
            let place = match file.kind {
                Kind::Photo => finder.places.of(&file.from),
                Kind::Sidecar => None,
            };
            let known = match place {
                Some(place) => finder.row(db, &place)?,
                None => None,
            };
            let is_current = |row: &&crate::catalog::photos::PhotoRow| row.is_current(file.stamp);
            add(Row {
                step: 0,
                together,
                deed: Deed::File(plan.act),
                photo: known.as_ref().map(|row| row.id),
                source: file.from.clone(),
                target: file.to.clone(),
                size: file.stamp.size,
                modified: file.stamp.modified,
                content: known
                    .as_ref()
                    .filter(is_current)
                    .map(|row| row.state.content),
                state: State::ToDo,
                known: known.as_ref().is_some_and(|row| row.is_current(file.stamp)),
            });
        }
        together += 1;
    }
    Ok(rows)
}

/// Writes new rows.
pub(super) fn insert(db: &Connection, command: CommandId, rows: &[Row]) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO moves (command, step, together, act, photo, source, target, size, modified, \
         content, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    for row in rows {
        insert.execute(params![
            command,
            row.step,
            row.together,
            code(row.deed),
            row.photo,
            to_bytes(row.source.as_os_str()),
            row.target.as_ref().map(|path| to_bytes(path.as_os_str())),
            row.size,
            row.modified,
            row.content.map(|content| content.0),
            state_code(row.state)
        ])?;
    }
    Ok(())
}

/// Writes what has become of rows.
pub(super) fn update(db: &Connection, command: CommandId, rows: &[Row]) -> rusqlite::Result<()> {
    let mut update = db.prepare_cached(
        "UPDATE moves SET size = ?3, modified = ?4, content = ?5, state = ?6 \
         WHERE command = ?1 AND step = ?2",
    )?;
    for row in rows {
        update.execute(params![
            command,
            row.step,
            row.size,
            row.modified,
            row.content.map(|content| content.0),
            state_code(row.state)
        ])?;
    }
    Ok(())
}

/// The rows of a command, in their order; none for a rating.
pub(super) fn load(db: &Connection, command: CommandId) -> rusqlite::Result<Vec<Row>> {
    db.prepare_cached(
        "SELECT step, together, act, photo, source, target, size, modified, content, state \
         FROM moves WHERE command = ?1 ORDER BY step",
    )?
    .query_map([command], |row| {
        let target: Option<Vec<u8>> = row.get(5)?;
        let content: Option<[u8; 32]> = row.get(8)?;
        Ok(Row {
            step: row.get(0)?,
            together: row.get(1)?,
            deed: match row.get::<_, i64>(2)? {
                0 => Deed::File(Act::Move),
                1 => Deed::File(Act::Copy),
                2 => Deed::File(Act::Bin),
                _ => Deed::Folder,
            },
            photo: row.get(3)?,
            source: of_bytes(row.get(4)?).into(),
            target: target.map(|bytes| of_bytes(bytes).into()),
            size: row.get(6)?,
            modified: row.get(7)?,
            content: content.map(ContentHash),
            state: match row.get::<_, i64>(9)? {
                0 => State::ToDo,
                1 => State::Done,
                2 => State::Back,
                _ => State::Never,
            },
            known: false,
        })
    })?
    .collect()
}

/// Notes that the files of a command are on their way.
pub(super) fn begin(db: &Connection, command: CommandId, back: bool) -> rusqlite::Result<()> {
    db.execute(
        "INSERT OR REPLACE INTO moving (command, back) VALUES (?1, ?2)",
        params![command, back],
    )?;
    Ok(())
}

/// Notes that they are where they belong.
pub(super) fn end(db: &Connection, command: CommandId) -> rusqlite::Result<()> {
    db.execute("DELETE FROM moving WHERE command = ?1", [command])?;
    Ok(())
}

/// The command whose files a killed program left on their way, and whether it
/// was being undone.
pub(super) fn begun(db: &Connection) -> rusqlite::Result<Option<(CommandId, bool)>> {
    db.prepare_cached("SELECT command, back FROM moving ORDER BY command LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// Lets the catalog's photo follow its file, which went between these places.
pub(super) fn follow(
    db: &Connection,
    finder: &mut Finder,
    row: &Row,
    (from, to): (&Path, &Path),
    now: Option<Stamp>,
) -> rusqlite::Result<()> {
    let (Some(photo), Some(from), Some(to)) =
        (row.photo, finder.places.of(from), finder.places.of(to))
    else {
        return Ok(());
    };
    // It may have been found somewhere else meanwhile, by its content.
    match finder.row(db, &from)? {
        Some(here) if here.id == photo => {
            finder.relocate(db, photo, (&from, &to), now.filter(|_| row.known))
        }
        _ => Ok(()),
    }
}

fn code(deed: Deed) -> i64 {
    match deed {
        Deed::File(Act::Move) => 0,
        Deed::File(Act::Copy) => 1,
        Deed::File(Act::Bin) => 2,
        Deed::Folder => 3,
    }
}

fn state_code(state: State) -> i64 {
    match state {
        State::ToDo => 0,
        State::Done => 1,
        State::Back => 2,
        State::Never => 3,
    }
}
