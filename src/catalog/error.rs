//! Why the catalog cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// A failure of the catalog, with its file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// It was written by a newer version.
    #[error(
        "{}: was written by a newer Keepers (catalog version {found}, this one knows {known}); it is left as it is",
        path.display()
    )]
    Newer {
        /// The catalog's file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that is known.
        known: i64,
    },
    /// It is damaged.
    #[error("{}: is damaged: {reason}", path.display())]
    Damaged {
        /// The catalog's file.
        path: PathBuf,
        /// What SQLite says.
        reason: String,
    },
    /// The file is something else.
    #[error("{}: is no catalog of Keepers; it is left as it is", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Another program holds it for too long.
    #[error("{}: is being written by another Keepers; try again when that is done", path.display())]
    Busy {
        /// The catalog's file.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("{}: cannot be written: the disk is full", path.display())]
    Full {
        /// The catalog's file.
        path: PathBuf,
    },
    /// The operating system refuses.
    #[error("{}: {what}: {source}", path.display())]
    Io {
        /// The file it is about.
        path: PathBuf,
        /// What was to be done.
        what: &'static str,
        /// The operating system's reason.
        source: io::Error,
    },
    /// Anything else that SQLite reports.
    #[error("{}: {source}", path.display())]
    Sql {
        /// The catalog's file.
        path: PathBuf,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
}

impl CatalogError {
    /// Sorts an error of SQLite out.
    pub(super) fn of(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        // What SQLite needs beside the catalog to read it finds no room.
        let no_room = rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
        if source.sqlite_error().map(|error| error.extended_code) == Some(no_room) {
            return Self::Full { path };
        }
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged {
                path,
                reason: source.to_string(),
            },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            _ => Self::Sql { path, source },
        }
    }
}
