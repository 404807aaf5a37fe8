//! The catalog: what is known about the user's photos, in one SQLite file for
//! all shoots.
//!
//! It keeps photos by place, time stamp and content, scores by content and
//! model, ratings, and a journal of the commands that made them. It knows
//! files by their bytes and sidecars through [`crate::metadata::xmp`]; it
//! decodes nothing, scores nothing and shows nothing.
//!
//! One command is one transaction and one row of the journal. Several
//! processes can have the catalog open: SQLite keeps their transactions apart,
//! and a lock beside the file keeps the writing of sidecars apart.
//!
//! A [`Catalog`] belongs to one thread at a time and can be sent to another;
//! opening a second one for the same file is cheap.

mod bonds;
mod command;
mod error;
mod identity;
mod journal;
mod lock;
pub mod moves;
mod paths;
mod photos;
mod ratings;
mod scores;
mod sidecars;
mod standing;
mod store;
mod turn;
mod upkeep;

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

pub use bonds::{Bond, Unbound};
pub use command::{Options, Rated};
pub use error::CatalogError;
pub use identity::{ContentHash, FileState, Stamp};
pub use photos::{Known, Shoot};
pub use scores::{ModelKey, Scored, StoredScore};
pub use sidecars::Write;
pub use store::{Opened, VERSION};
pub use turn::Applied;
pub use upkeep::{Exported, ExportedScore, Info};

/// The file's name in the user's folder for it.
const FILE: &str = "keepers.db";

/// An open catalog.
#[derive(Debug)]
pub struct Catalog {
    db: Connection,
    path: PathBuf,
    /// Names its temporary files apart from those of another catalog.
    id: i64,
}

/// A photo in a catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PhotoId(i64);

/// A command in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandId(i64);

macro_rules! in_sql {
    ($id:ident) => {
        impl ToSql for $id {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                self.0.to_sql()
            }
        }

        impl FromSql for $id {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                i64::column_result(value).map(Self)
            }
        }
    };
}
in_sql!(PhotoId);
in_sql!(CommandId);

impl Catalog {
    /// The catalog's file in the user's folder for it.
    pub fn file_in(folder: &Path) -> PathBuf {
        folder.join(FILE)
    }

    /// The catalog's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Sorts an error of SQLite out.
    fn failed(&self) -> impl Fn(rusqlite::Error) -> CatalogError + use<> {
        let path = self.path.clone();
        move |error| CatalogError::of(&path, error)
    }
}
