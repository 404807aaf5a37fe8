//! How photos are rated now, without changing anything.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::command::{Goal, Note, merged};
use super::photos::{Finder, size_is_known};
use super::ratings::{self, Seen};
use super::{Catalog, CatalogError, FileState, Options, PhotoId, Rated, Stamp};
use crate::metadata::xmp::{Folders, Naming, Rating, Sidecars, read_embedded};

impl Catalog {
    /// The ratings of photos as they are now, in order: the catalog's, with
    /// what other programs wrote into sidecars and photos since; without a
    /// catalog, what those say. A photo's content is read only where it may
    /// have been moved here.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn standing(
        catalog: Option<&Self>,
        photos: &[PathBuf],
    ) -> Result<Vec<Rating>, CatalogError> {
        let (mut finder, mut folders) = (Finder::default(), Folders::default());
        let mut standing = Vec::with_capacity(photos.len());
        for photo in photos {
            let known = match catalog {
                Some(catalog) => match find(&catalog.db, &mut finder, photo) {
                    Ok(Some(id)) => ratings::find(&catalog.db, id).map_err(catalog.failed())?,
                    Ok(None) => None,
                    Err(error) => return Err(catalog.failed()(error)),
                },
                None => None,
            };
            // How a new sidecar would be named does not matter here.
            let sidecars = Sidecars::of(photo, Naming::default(), &mut folders);
            let seen = Seen {
                sidecar: sidecars.statements(),
                embedded: read_embedded(photo).ok().flatten(),
            };
            standing.push(merged(known.as_ref(), &seen));
        }
        Ok(standing)
    }

    /// Writes sidecars for photos that have a rating and no sidecar, with what
    /// the catalog and the photos themselves say. No rating changes, so that
    /// there is nothing to undo. The answer has one entry for each photo whose
    /// sidecar was missing.
    ///
    /// # Errors
    /// Those of the catalog; then no sidecar is written.
    pub fn write_missing_sidecars(
        &mut self,
        photos: &[PathBuf],
        options: Options,
    ) -> Result<Vec<Rated>, CatalogError> {
        let _lock = self.begin(options)?;
        let ratings = Self::standing(Some(self), photos)?;
        let mut folders = Folders::default();
        let goals = photos
            .iter()
            .zip(ratings)
            .filter(|(photo, rating)| {
                let sidecars = Sidecars::of(photo, options.naming, &mut folders);
                let missing = sidecars.found.is_empty() && sidecars.unusable.is_empty();
                missing && rating.fields().any()
            })
            .map(|(photo, rating)| (photo.clone(), None, Goal::Set(rating)))
            .collect();
        self.run(goals, Note::New("sidecars written"), options)
    }
}

/// The photo at a path, or the one that was moved there.
fn find(db: &Connection, finder: &mut Finder, photo: &Path) -> rusqlite::Result<Option<PhotoId>> {
    let Some(place) = finder.places.of(photo) else {
        return Ok(None);
    };
    if let Some(row) = finder.row(db, &place)? {
        return Ok(Some(row.id));
    }
    let Ok(stamp) = Stamp::of(photo) else {
        return Ok(None);
    };
    match size_is_known(db, stamp.size)? {
        true => match FileState::since(photo, stamp) {
            Ok(state) => finder.moved(db, state.content),
            Err(_) => Ok(None),
        },
        false => Ok(None),
    }
}
