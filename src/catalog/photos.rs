//! Photos: where they are, in which state they were seen, and what is known of
//! them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use super::paths::{Place, Places, of_bytes, to_bytes};
use super::scores::{self, ModelKey, StoredScore};
use super::{Catalog, CatalogError, ContentHash, FileState, PhotoId, Stamp, ratings};
use crate::metadata::xmp::Rating;

/// What is known of a photo's file.
#[derive(Debug, Clone, PartialEq)]
pub enum Known {
    /// The file is as it was seen last.
    Current {
        /// The photo.
        photo: PhotoId,
        /// Its state, with its content.
        state: FileState,
        /// Its score by the model asked about.
        score: Option<StoredScore>,
        /// Its rating.
        rating: Rating,
    },
    /// Its content may be known: the photo, or one of the same size, was seen
    /// before in another state or place. Its content tells, see
    /// [`Catalog::score_of`].
    Maybe,
    /// Nothing is known of it, or there is no such file.
    Unknown,
}

/// A folder with photos in the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shoot {
    /// The folder.
    pub folder: PathBuf,
    /// Photos known of it.
    pub photos: i64,
    /// Of these, picked ones.
    pub picked: i64,
    /// Of these, rejected ones.
    pub rejected: i64,
    /// When its newest photo was last written, in seconds since 1970.
    pub newest: i64,
}

/// A row of photos.
#[derive(Debug, Clone)]
pub(super) struct PhotoRow {
    pub id: PhotoId,
    pub state: FileState,
}

impl PhotoRow {
    pub(super) fn is_current(&self, now: Stamp) -> bool {
        self.state.settled && self.state.stamp == now
    }
}

impl Catalog {
    /// What is known of each of these photos, by their time stamps. Asks the
    /// file system about each file and reads none.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn look_up(
        &self,
        photos: &[PathBuf],
        model: &ModelKey<'_>,
    ) -> Result<Vec<Known>, CatalogError> {
        self.look_up_in(photos, model).map_err(self.failed())
    }

    fn look_up_in(&self, photos: &[PathBuf], model: &ModelKey<'_>) -> rusqlite::Result<Vec<Known>> {
        // One state of the catalog for all of them, and one lock.
        let db = self.db.unchecked_transaction()?;
        let model = scores::model_id(&db, model)?;
        let mut finder = Finder::default();
        photos
            .iter()
            .map(|path| {
                let Ok(now) = Stamp::of(path) else {
                    return Ok(Known::Unknown);
                };
                let row = match finder.places.of(path) {
                    Some(place) => finder.row(&db, &place)?,
                    None => return Ok(Known::Unknown),
                };
                match row {
                    Some(row) if row.is_current(now) => Ok(Known::Current {
                        photo: row.id,
                        state: row.state,
                        score: match model {
                            Some(model) => scores::find(&db, row.state.content, model)?,
                            None => None,
                        },
                        rating: ratings::find(&db, row.id)?
                            .map_or_else(Rating::default, |r| r.rating),
                    }),
                    Some(_) => Ok(Known::Maybe),
                    None => Ok(if size_is_known(&db, now.size)? {
                        Known::Maybe
                    } else {
                        Known::Unknown
                    }),
                }
            })
            .collect()
    }

    /// The states of photos, with their content, where the time stamps show that
    /// they are as they were seen last. Reads no photo.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn states(&self, photos: &[PathBuf]) -> Result<Vec<Option<FileState>>, CatalogError> {
        let mut finder = Finder::default();
        let mut find = |path: &PathBuf| -> rusqlite::Result<Option<FileState>> {
            let (Ok(now), Some(place)) = (Stamp::of(path), finder.places.of(path)) else {
                return Ok(None);
            };
            let row = finder.row(&self.db, &place)?;
            Ok(row.filter(|row| row.is_current(now)).map(|row| row.state))
        };
        photos
            .iter()
            .map(|path| find(path).map_err(self.failed()))
            .collect()
    }

    /// The ratings of photos, by their places; `None` for one without.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn ratings(&self, photos: &[PathBuf]) -> Result<Vec<Option<Rating>>, CatalogError> {
        let mut finder = Finder::default();
        let mut find = |path: &PathBuf| -> rusqlite::Result<Option<Rating>> {
            let row = match finder.places.of(path) {
                Some(place) => finder.row(&self.db, &place)?,
                None => None,
            };
            let rating = match row {
                Some(row) => ratings::find(&self.db, row.id)?,
                None => None,
            };
            Ok(rating.map(|row| row.rating))
        };
        photos
            .iter()
            .map(|path| find(path).map_err(self.failed()))
            .collect()
    }

    /// The folders with photos, those with the newest photos first.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn shoots(&self) -> Result<Vec<Shoot>, CatalogError> {
        let query = "SELECT f.path, count(*), total(r.flag = 1), total(r.flag = -1), \
                     max(p.modified) FROM photos p JOIN folders f ON f.id = p.folder \
                     LEFT JOIN ratings r ON r.photo = p.id GROUP BY f.id ORDER BY 5 DESC";
        let shoot = |row: &Row<'_>| {
            Ok(Shoot {
                folder: of_bytes(row.get(0)?).into(),
                photos: row.get(1)?,
                picked: row.get::<_, f64>(2)? as i64,
                rejected: row.get::<_, f64>(3)? as i64,
                newest: row.get::<_, i64>(4)? / 1_000_000_000,
            })
        };
        let shoots = || -> rusqlite::Result<Vec<Shoot>> {
            self.db.prepare(query)?.query_map([], shoot)?.collect()
        };
        shoots().map_err(self.failed())
    }
}

/// Finds and makes the rows of photos; folders are looked up once.
#[derive(Debug, Default)]
pub(super) struct Finder {
    pub(super) places: Places,
    folders: std::collections::HashMap<PathBuf, i64>,
}

impl Finder {
    /// The row of the photo at a place.
    pub(super) fn row(
        &mut self,
        db: &Connection,
        place: &Place,
    ) -> rusqlite::Result<Option<PhotoRow>> {
        let Some(folder) = self.folder(db, &place.folder)? else {
            return Ok(None);
        };
        db.prepare_cached(
            "SELECT id, size, modified, changed, settled, content FROM photos \
             WHERE folder = ?1 AND name = ?2",
        )?
        .query_row(params![folder, to_bytes(&place.name)], row)
        .optional()
    }

    /// The photo at a place, whose file is in this state: the one that was
    /// there before, or one with the same content that is no longer where it
    /// was, or a new one.
    pub(super) fn settle(
        &mut self,
        db: &Connection,
        place: &Place,
        state: &FileState,
    ) -> rusqlite::Result<PhotoId> {
        let (stamp, content) = (state.stamp, state.content.0);
        let folder = self.make_folder(db, &place.folder)?;
        let name = to_bytes(&place.name);
        let here = match self.row(db, place)? {
            Some(row) if row.state == *state => return Ok(row.id),
            Some(row) => Some(row.id),
            None => self.moved(db, state.content)?,
        };
        if let Some(id) = here {
            db.prepare_cached(
                "UPDATE photos SET folder = ?2, name = ?3, size = ?4, modified = ?5, \
                 changed = ?6, settled = ?7, content = ?8 WHERE id = ?1",
            )?
            .execute(params![
                id,
                folder,
                name,
                stamp.size,
                stamp.modified,
                stamp.changed,
                state.settled,
                content
            ])?;
            return Ok(id);
        }
        db.prepare_cached(
            "INSERT INTO photos (folder, name, size, modified, changed, settled, content) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .insert(params![
            folder,
            name,
            stamp.size,
            stamp.modified,
            stamp.changed,
            state.settled,
            content
        ])
        .map(PhotoId)
    }

    /// A photo of this content whose file is gone: it was moved or renamed.
    pub(super) fn moved(
        &mut self,
        db: &Connection,
        content: ContentHash,
    ) -> rusqlite::Result<Option<PhotoId>> {
        /// Copies looked at; more of one content is no shoot.
        const MOST: i64 = 100;
        let mut statement = db.prepare_cached(
            "SELECT p.id, f.path, p.name FROM photos p JOIN folders f ON f.id = p.folder \
             WHERE p.content = ?1 ORDER BY p.id LIMIT ?2",
        )?;
        let mut rows = statement.query(params![content.0, MOST])?;
        while let Some(row) = rows.next()? {
            let path = Path::new(&of_bytes(row.get(1)?)).join(of_bytes(row.get(2)?));
            if is_gone(&path) {
                return row.get(0).map(Some);
            }
        }
        Ok(None)
    }

    /// Notes that a photo's file went from one place to another. A row that was
    /// there already, of a file that is gone, takes the first place, so that
    /// going back is the same the other way round.
    ///
    /// `now` is the file's stamp, where its state was known until then: going
    /// changes no content. Without it the content is looked at again.
    pub(super) fn relocate(
        &mut self,
        db: &Connection,
        photo: PhotoId,
        (from, to): (&Place, &Place),
        now: Option<Stamp>,
    ) -> rusqlite::Result<()> {
        let mut put =
            db.prepare_cached("UPDATE photos SET folder = ?2, name = ?3 WHERE id = ?1")?;
        let new_folder = self.make_folder(db, &to.folder)?;
        let new_name = to_bytes(&to.name);
        match self.row(db, to)? {
            Some(other) if other.id != photo => {
                let old_folder = self.make_folder(db, &from.folder)?;
                // No file has an empty name, and no two rows one place.
                put.execute(params![other.id, old_folder, Vec::<u8>::new()])?;
                put.execute(params![photo, new_folder, new_name])?;
                put.execute(params![other.id, old_folder, to_bytes(&from.name)])?;
            }
            _ => {
                put.execute(params![photo, new_folder, new_name])?;
            }
        }
        match now {
            // Renaming is a change on Unix, so the stamp is a young one. A later
            // write shows in the time of writing, which is old.
            Some(now) => {
                let settled = Stamp { changed: 0, ..now }.is_settled();
                db.prepare_cached(
                    "UPDATE photos SET size = ?2, modified = ?3, changed = ?4, settled = ?5 \
                     WHERE id = ?1",
                )?
                .execute(params![
                    photo,
                    now.size,
                    now.modified,
                    now.changed,
                    settled
                ])?;
            }
            None => {
                db.prepare_cached("UPDATE photos SET settled = 0 WHERE id = ?1")?
                    .execute([photo])?;
            }
        }
        Ok(())
    }

    fn folder(&mut self, db: &Connection, folder: &Path) -> rusqlite::Result<Option<i64>> {
        if let Some(&id) = self.folders.get(folder) {
            return Ok(Some(id));
        }
        let id = db
            .prepare_cached("SELECT id FROM folders WHERE path = ?1")?
            .query_row([to_bytes(folder.as_os_str())], |row| row.get(0))
            .optional()?;
        if let Some(id) = id {
            self.folders.insert(folder.to_owned(), id);
        }
        Ok(id)
    }

    fn make_folder(&mut self, db: &Connection, folder: &Path) -> rusqlite::Result<i64> {
        if let Some(id) = self.folder(db, folder)? {
            return Ok(id);
        }
        let id = db
            .prepare_cached("INSERT INTO folders (path) VALUES (?1)")?
            .insert([to_bytes(folder.as_os_str())])?;
        self.folders.insert(folder.to_owned(), id);
        Ok(id)
    }
}

/// Whether there is no file any more. On a drive that is not there it counts as
/// gone, too: a card's photos become those that were copied from it.
fn is_gone(path: &Path) -> bool {
    matches!(fs::symlink_metadata(path), Err(error) if error.kind() == std::io::ErrorKind::NotFound)
}

fn row(row: &Row<'_>) -> rusqlite::Result<PhotoRow> {
    Ok(PhotoRow {
        id: row.get(0)?,
        state: FileState {
            stamp: Stamp {
                size: row.get(1)?,
                modified: row.get(2)?,
                changed: row.get(3)?,
            },
            settled: row.get(4)?,
            content: ContentHash(row.get(5)?),
        },
    })
}

pub(super) fn size_is_known(db: &Connection, size: i64) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM photos WHERE size = ?1 LIMIT 1")?
        .exists([size])
}

/// The path of a photo.
pub(super) fn path_of(db: &Connection, photo: PhotoId) -> rusqlite::Result<PathBuf> {
    db.prepare_cached(
        "SELECT f.path, p.name FROM photos p JOIN folders f ON f.id = p.folder WHERE p.id = ?1",
    )?
    .query_row([photo], |row| {
        let (folder, name): (OsString, OsString) = (of_bytes(row.get(0)?), of_bytes(row.get(1)?));
        Ok(Place {
            folder: folder.into(),
            name,
        }
        .path())
    })
}
