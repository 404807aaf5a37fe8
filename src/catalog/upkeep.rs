//! Looking after the catalog: checking, vacuuming, counting, exporting.

use std::fs;
use std::path::PathBuf;

use serde::Serialize;

use super::paths::of_bytes;
use super::ratings::of_codes;
use super::store::{io_error, with_suffix};
use super::{Catalog, CatalogError, VERSION};
use crate::metadata::xmp::Rating;

/// What a catalog holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Info {
    /// The version of its schema.
    pub version: i64,
    /// Its length on disk in bytes, with its log.
    pub bytes: u64,
    /// Folders with photos.
    pub folders: i64,
    /// Photos.
    pub photos: i64,
    /// Scores, by whatever model.
    pub scores: i64,
    /// Photos with a rating.
    pub rated: i64,
    /// Commands that can be undone.
    pub undoable: i64,
    /// Photos whose sidecar could not be written, or is not yet.
    pub unwritten: i64,
}

/// A photo as it is exported, once for each of its scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// Its file.
    pub path: PathBuf,
    /// Length in bytes.
    pub size: i64,
    /// When it was last written, in nanoseconds since 1970.
    pub modified: i64,
    /// Hash of its content in hexadecimal.
    pub content: String,
    /// Its rating.
    pub rating: Rating,
    /// A score, and the model that gave it.
    pub score: Option<ExportedScore>,
}

/// A score as it is exported.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportedScore {
    /// The score, 0 to 100.
    pub score: f64,
    /// Width of the original in pixels, upright.
    pub width: u32,
    /// Height of the original in pixels, upright.
    pub height: u32,
    /// Identity of the model's weights.
    pub model_identity: String,
    /// Identity of the profile, empty for none.
    pub profile: String,
    /// Version of the way from the file to the network.
    pub pipeline: u32,
}

impl Catalog {
    /// Reads the whole catalog and says what is wrong with it; nothing where
    /// it is sound.
    ///
    /// # Errors
    /// Where it cannot even be looked at.
    pub fn check(&self) -> Result<Vec<String>, CatalogError> {
        let check = || {
            let mut wrong: Vec<String> = self
                .db
                .prepare("PRAGMA integrity_check")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            wrong.retain(|line| line != "ok");
            let dangling: Vec<(String, String)> = self
                .db
                .prepare("PRAGMA foreign_key_check")?
                .query_map([], |row| Ok((row.get(0)?, row.get(2)?)))?
                .collect::<rusqlite::Result<_>>()?;
            wrong.extend(
                dangling
                    .iter()
                    .map(|(from, to)| format!("a row of {from} refers to none of {to}")),
            );
            Ok(wrong)
        };
        match check().map_err(self.failed()) {
            Err(CatalogError::Damaged { reason, .. }) => Ok(vec![reason]),
            checked => checked,
        }
    }

    /// Gives back the space of what was deleted; the answer is the length in
    /// bytes before and after.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn vacuum(&self) -> Result<(u64, u64), CatalogError> {
        let before = self.bytes()?;
        let vacuum = || {
            self.db.execute_batch("VACUUM")?;
            // Ends the log, which otherwise keeps a copy of all of it.
            self.db
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        };
        vacuum().map_err(self.failed())?;
        Ok((before, self.bytes()?))
    }

    fn bytes(&self) -> Result<u64, CatalogError> {
        let length = |suffix| fs::metadata(with_suffix(&self.path, suffix)).map(|meta| meta.len());
        let main = length("").map_err(io_error(&self.path, "cannot be read"))?;
        // There is a log only while it is needed.
        Ok(main + length("-wal").unwrap_or(0))
    }

    /// What it holds.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn info(&self) -> Result<Info, CatalogError> {
        let count = |query: &str| -> Result<i64, CatalogError> {
            self.db
                .query_row(query, [], |row| row.get(0))
                .map_err(self.failed())
        };
        Ok(Info {
            version: VERSION,
            bytes: self.bytes()?,
            folders: count("SELECT count(*) FROM folders")?,
            photos: count("SELECT count(*) FROM photos")?,
            scores: count("SELECT count(*) FROM scores")?,
            rated: count(
                "SELECT count(*) FROM ratings WHERE stars > 0 OR flag <> 0 OR label <> 0",
            )?,
            undoable: count("SELECT count(*) FROM journal WHERE state = 0")?,
            unwritten: count("SELECT count(*) FROM ratings WHERE pending <> 0")?,
        })
    }

    /// Gives every photo to `each`, in the order of their folders and names,
    /// until that fails.
    ///
    /// # Errors
    /// Those of the catalog, or of `each`.
    pub fn export<E: From<CatalogError>>(
        &self,
        mut each: impl FnMut(Exported) -> Result<(), E>,
    ) -> Result<(), E> {
        let failed = self.failed();
        let mut statement = self
            .db
            .prepare(
                "SELECT f.path, p.name, p.size, p.modified, lower(hex(p.content)), \
                 r.stars, r.flag, r.label, s.score, s.width, s.height, \
                 m.identity, m.profile, m.pipeline \
                 FROM photos p JOIN folders f ON f.id = p.folder \
                 LEFT JOIN ratings r ON r.photo = p.id \
                 LEFT JOIN scores s ON s.content = p.content \
                 LEFT JOIN models m ON m.id = s.model \
                 ORDER BY f.path, p.name, m.id",
            )
            .map_err(&failed)?;
        let rows = statement
            .query_map([], |row| {
                let folder = PathBuf::from(of_bytes(row.get(0)?));
                let score: Option<f64> = row.get(8)?;
                let score = match score {
                    None => None,
                    Some(score) => Some(ExportedScore {
                        score,
                        width: row.get(9)?,
                        height: row.get(10)?,
                        model_identity: row.get(11)?,
                        profile: row.get(12)?,
                        pipeline: row.get(13)?,
                    }),
                };
                Ok(Exported {
                    path: folder.join(of_bytes(row.get(1)?)),
                    size: row.get(2)?,
                    modified: row.get(3)?,
                    content: row.get(4)?,
                    rating: of_codes((row.get(5)?, row.get(6)?, row.get(7)?)),
                    score,
                })
            })
            .map_err(&failed)?;
        for row in rows {
            each(row.map_err(&failed)?)?;
        }
        Ok(())
    }
}
