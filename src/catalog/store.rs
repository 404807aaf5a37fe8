//! Opening the catalog's file: making it, upgrading it, and what happens to
//! one that cannot be used.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::lock::Lock;
use super::{Catalog, CatalogError};
use crate::imaging::known_format;

/// Each takes the catalog from the version before to the next, the first from
/// nothing to version 1.
const MIGRATIONS: [&str; 4] = [
    include_str!("migrations/1_photos.sql"),
    include_str!("migrations/2_ratings.sql"),
    include_str!("migrations/3_moves.sql"),
    include_str!("migrations/4_groups.sql"),
];

/// The version of catalogs that this program makes.
pub const VERSION: i64 = MIGRATIONS.len() as i64;

/// What marks an SQLite file as a catalog of Keepers ("Kprs").
const APPLICATION: i32 = 0x4B70_7273;

/// How long a transaction waits for another process.
const PATIENCE: Duration = Duration::from_secs(20);

/// An open catalog, and what happened on the way.
#[derive(Debug)]
pub struct Opened {
    /// The catalog.
    pub catalog: Catalog,
    /// Where a damaged one was moved, in whose place this one is.
    pub set_aside: Option<PathBuf>,
}

impl Catalog {
    /// Opens the catalog at `path`, made if there is none. A damaged one is set
    /// aside, beside the new one and never overwritten.
    ///
    /// # Errors
    /// [`CatalogError::Newer`] and [`CatalogError::Foreign`] where the file is
    /// not this version's to touch, and those of the disk.
    pub fn open(path: &Path) -> Result<Opened, CatalogError> {
        let failed = io_error(path, "cannot be made");
        if known_format(path).is_some() {
            return Err(CatalogError::Foreign {
                path: path.to_owned(),
            });
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        match Self::connect(path) {
            Ok(catalog) => Ok(Opened {
                catalog,
                set_aside: None,
            }),
            Err(CatalogError::Damaged { .. }) if is_ours(path) => {
                let _lock = Lock::take(path)?;
                // Another process may have done it meanwhile.
                if let Ok(catalog) = Self::connect(path) {
                    return Ok(Opened {
                        catalog,
                        set_aside: None,
                    });
                }
                let aside = set_aside(path).map_err(io_error(path, "cannot be set aside"))?;
                Ok(Opened {
                    catalog: Self::connect(path)?,
                    set_aside: Some(aside),
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Opens the catalog at `path` if there is one, and leaves a damaged one
    /// where it is.
    ///
    /// # Errors
    /// As [`Catalog::open`], and [`CatalogError::Damaged`].
    pub fn open_existing(path: &Path) -> Result<Option<Self>, CatalogError> {
        match fs::metadata(path) {
            Ok(_) => Self::connect(path).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error(path, "cannot be read")(error)),
        }
    }

    fn connect(path: &Path) -> Result<Self, CatalogError> {
        let failed = |error| CatalogError::of(path, error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(path, flags).map_err(failed)?;
        db.busy_timeout(PATIENCE).map_err(failed)?;
        let (version, application, empty) = state(&mut db).map_err(failed)?;
        if !empty && application != APPLICATION {
            return Err(CatalogError::Foreign {
                path: path.to_owned(),
            });
        }
        if version > VERSION {
            return Err(CatalogError::Newer {
                path: path.to_owned(),
                found: version,
                known: VERSION,
            });
        }
        set_up(&db).map_err(failed)?;
        if version < VERSION {
            migrate(&mut db, VERSION).map_err(failed)?;
        }
        let id = db
            .query_row("SELECT id FROM identity", [], |row| row.get(0))
            .map_err(failed)?;
        db.set_prepared_statement_cache_capacity(64);
        Ok(Self {
            db,
            path: path.to_owned(),
            id,
        })
    }
}

/// The version of the schema, the mark of the program, and whether nothing is
/// there yet, all at one moment: another process may be making it just now.
fn state(db: &mut Connection) -> rusqlite::Result<(i64, i32, bool)> {
    let moment = db.transaction()?;
    let (version, application) = marks(&moment)?;
    let empty = version == 0 && application == 0 && is_empty(&moment)?;
    moment.commit()?;
    Ok((version, application, empty))
}

/// The version of the schema and the mark of the program.
fn marks(db: &Connection) -> rusqlite::Result<(i64, i32)> {
    let version = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    Ok((version, application))
}

fn is_empty(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
        Ok(row.get::<_, i64>(0)? == 0)
    })
}

fn set_up(db: &Connection) -> rusqlite::Result<()> {
    // A commit is on disk when it returns, and readers do not wait for it.
    let mode: String = db.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" {
        db.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    }
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    // Views and triggers of a file from elsewhere run nothing.
    db.pragma_update(None, "trusted_schema", false)?;
    Ok(())
}

/// Upgrades up to `version`, all or nothing.
fn migrate(db: &mut Connection, version: i64) -> rusqlite::Result<()> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have upgraded while this one waited.
    let (from, _) = marks(&transaction)?;
    for (number, migration) in (1..=version).zip(MIGRATIONS) {
        if number > from {
            tracing::debug!(version = number, "upgrading the catalog");
            transaction.execute_batch(migration)?;
            transaction.pragma_update(None, "user_version", number)?;
        }
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.commit()
}

/// Whether a file that SQLite calls damaged was a catalog of ours: by its mark,
/// or by its name where it is in the user's own folder for it. Anything else
/// that somebody named by mistake stays where it is.
fn is_ours(path: &Path) -> bool {
    let mut head = [0; 100];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    let marked = read.is_ok()
        && head.starts_with(b"SQLite format 3\0")
        && head.get(68..72) == Some(APPLICATION.to_be_bytes().as_slice());
    marked || path.file_name().is_some_and(|name| name == super::FILE)
}

/// Moves a damaged catalog and what belongs to it out of the way.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let stem = path.file_stem().unwrap_or_default();
    let mut number = 1;
    let aside = loop {
        let mut name = stem.to_owned();
        name.push(format!("-damaged-{number}"));
        if let Some(extension) = path.extension() {
            name.push(".");
            name.push(extension);
        }
        let aside = path.with_file_name(name);
        if !aside.try_exists()? {
            break aside;
        }
        number += 1;
    };
    // The log first: with it beside a new catalog, SQLite would mix them up.
    for suffix in ["-wal", "-shm", ""] {
        match fs::rename(with_suffix(path, suffix), with_suffix(&aside, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

/// The path with more at its end.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// Makes an error of the operating system the catalog's.
pub(super) fn io_error(
    path: &Path,
    what: &'static str,
) -> impl Fn(io::Error) -> CatalogError + use<> {
    let path = path.to_owned();
    move |source| CatalogError::Io {
        path: path.clone(),
        what,
        source,
    }
}

#[cfg(test)]
mod tests;
