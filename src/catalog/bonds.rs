//! What the user says of groups of photos: which belong together and which do
//! not. Commands like ratings, in the journal, but nothing of it is in sidecars.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::photos::Finder;
use super::{Catalog, CatalogError, CommandId, FileState, Options, PhotoId, Stamp, journal};

/// What is said of two photos, by their places in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bond {
    /// The place of one photo.
    pub one: usize,
    /// The place of the other.
    pub other: usize,
    /// Whether they belong together, or are never to be in one group.
    pub together: bool,
}

/// Photos of which nothing could be noted, with their reasons.
pub type Unbound = Vec<(PathBuf, String)>;

/// Two photos, the lower number first, and what is to be said of them.
type Pairs = BTreeMap<(i64, i64), Option<bool>>;

/// A photo before the transaction.
enum Met {
    Here(PhotoId),
    New(FileState),
}

impl Catalog {
    /// Notes that photos belong together, whatever was said before. One command
    /// in the journal, called `command`; none where nothing changes.
    ///
    /// # Errors
    /// Those of the catalog; then nothing is noted.
    pub fn join(&mut self, photos: &[PathBuf], command: &str) -> Result<Unbound, CatalogError> {
        self.bind(&[photos], command, |db, sides| {
            let mut pairs = Pairs::new();
            let all: HashSet<i64> = sides.iter().flatten().copied().collect();
            // What kept any two of them apart is taken back.
            for &one in &all {
                for (other, together) in of(db, one)? {
                    if !together && all.contains(&other) {
                        pairs.insert((one, other), None);
                    }
                }
            }
            // A chain says it of all.
            for side in sides {
                for pair in side.windows(2) {
                    if let [a, b] = *pair {
                        pairs.insert((a.min(b), a.max(b)), Some(true));
                    }
                }
            }
            Ok(pairs)
        })
    }

    /// Notes that no photo of one side belongs together with any of the other,
    /// whatever was said before. One command in the journal, called `command`;
    /// none where nothing changes.
    ///
    /// # Errors
    /// Those of the catalog; then nothing is noted.
    pub fn part(
        &mut self,
        one: &[PathBuf],
        other: &[PathBuf],
        command: &str,
    ) -> Result<Unbound, CatalogError> {
        self.bind(&[one, other], command, |_, sides| {
            let mut pairs = Pairs::new();
            if let [one, other] = sides {
                for &a in one {
                    let apart = other.iter().map(|&b| ((a.min(b), a.max(b)), Some(false)));
                    pairs.extend(apart);
                }
            }
            Ok(pairs)
        })
    }

    /// What was said of photos among these, in the order of their places.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn bonds(&self, photos: &[PathBuf]) -> Result<Vec<Bond>, CatalogError> {
        let find = || -> rusqlite::Result<Vec<Bond>> {
            let mut finder = Finder::default();
            let mut places: HashMap<i64, usize> = HashMap::new();
            let mut ids = Vec::new();
            for (at, photo) in photos.iter().enumerate() {
                let Some(place) = finder.places.of(photo) else {
                    continue;
                };
                if let Some(row) = finder.row(&self.db, &place)? {
                    places.insert(row.id.0, at);
                    ids.push((at, row.id.0));
                }
            }
            let mut bonds = Vec::new();
            for (one, id) in ids {
                for (other, together) in of(&self.db, id)? {
                    if let Some(&other) = places.get(&other) {
                        bonds.push(Bond {
                            one,
                            other,
                            together,
                        });
                    }
                }
            }
            Ok(bonds)
        };
        find().map_err(self.failed())
    }

    fn bind(
        &mut self,
        sides: &[&[PathBuf]],
        command: &str,
        pairs: impl FnOnce(&Connection, &[Vec<i64>]) -> rusqlite::Result<Pairs>,
    ) -> Result<Unbound, CatalogError> {
        let _lock = self.begin(Options::default())?;
        let failed = self.failed();
        let (mut finder, mut unbound) = (Finder::default(), Unbound::new());
        let mut met = Vec::new();
        for side in sides {
            let mut photos = Vec::new();
            for path in *side {
                match meet(&self.db, &mut finder, path).map_err(&failed)? {
                    Ok(photo) => photos.push((path, photo)),
                    Err(reason) => unbound.push((path.clone(), reason)),
                }
            }
            met.push(photos);
        }
        let keep = || -> rusqlite::Result<()> {
            let behaviour = TransactionBehavior::Immediate;
            let transaction = self.db.transaction_with_behavior(behaviour)?;
            let mut sides = Vec::new();
            for photos in met {
                let mut ids = Vec::new();
                for (path, photo) in photos {
                    match (photo, finder.places.of(path)) {
                        (Met::Here(id), _) => ids.push(id.0),
                        (Met::New(state), Some(place)) => {
                            ids.push(finder.settle(&transaction, &place, &state)?.0);
                        }
                        (Met::New(_), None) => {}
                    }
                }
                sides.push(ids);
            }
            let mut pairs = pairs(&transaction, &sides)?;
            pairs.retain(|(one, other), _| one != other);
            note(&transaction, command, &pairs)?;
            transaction.commit()
        };
        keep().map_err(failed)?;
        Ok(unbound)
    }
}

/// The photo at a path, or its state where the catalog does not know it; or why
/// there is neither.
fn meet(
    db: &Connection,
    finder: &mut Finder,
    path: &Path,
) -> rusqlite::Result<Result<Met, String>> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let now = match Stamp::of(path) {
        Ok(now) => now,
        Err(error) => return Ok(Err(unreadable(error))),
    };
    let row = match finder.places.of(path) {
        Some(place) => finder.row(db, &place)?,
        None => None,
    };
    Ok(match row.filter(|row| row.is_current(now)) {
        Some(row) => Ok(Met::Here(row.id)),
        None => FileState::since(path, now)
            .map(Met::New)
            .map_err(unreadable),
    })
}

/// What is said of a photo and those with higher numbers.
fn of(db: &Connection, photo: i64) -> rusqlite::Result<Vec<(i64, bool)>> {
    db.prepare_cached("SELECT other, together FROM bonds WHERE one = ?1 ORDER BY other")?
        .query_map([photo], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Says it, with a row in the journal where that changes anything.
fn note(db: &Connection, command: &str, pairs: &Pairs) -> rusqlite::Result<()> {
    let mut changes = Vec::new();
    for (&(one, other), &after) in pairs {
        let before: Option<bool> = db
            .prepare_cached("SELECT together FROM bonds WHERE one = ?1 AND other = ?2")?
            .query_row([one, other], |row| row.get(0))
            .optional()?;
        if before != after {
            changes.push((one, other, before, after));
        }
    }
    if changes.is_empty() {
        return Ok(());
    }
    journal::add(db, command, &[])?;
    let id = CommandId(db.last_insert_rowid());
    for (one, other, before, after) in changes {
        say(db, one, other, after)?;
        db.prepare_cached(
            "INSERT INTO bond_changes (command, one, other, before, after) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![id, one, other, before, after])?;
    }
    Ok(())
}

fn say(db: &Connection, one: i64, other: i64, together: Option<bool>) -> rusqlite::Result<()> {
    match together {
        Some(together) => db
            .prepare_cached(
                "INSERT OR REPLACE INTO bonds (one, other, together) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![one, other, together])?,
        None => db
            .prepare_cached("DELETE FROM bonds WHERE one = ?1 AND other = ?2")?
            .execute([one, other])?,
    };
    Ok(())
}

/// Takes back what a command said, or says it again.
pub(super) fn turn(db: &Connection, command: CommandId, undo: bool) -> rusqlite::Result<()> {
    let changes: Vec<(i64, i64, Option<bool>, Option<bool>)> = db
        .prepare_cached("SELECT one, other, before, after FROM bond_changes WHERE command = ?1")?
        .query_map([command], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (one, other, before, after) in changes {
        say(db, one, other, if undo { before } else { after })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_said_of_photos_is_undone_and_redone_like_ratings() {
        let folder = tempfile::tempdir().unwrap();
        let photos: Vec<PathBuf> = (0..4)
            .map(|i| {
                let path = folder.path().join(format!("{i}.jpg"));
                fs::write(&path, [i; 9]).unwrap();
                path
            })
            .collect();
        let opened = Catalog::open(&folder.path().join("keepers.db")).unwrap();
        let mut catalog = opened.catalog;
        let said = |catalog: &Catalog| -> Vec<(usize, usize, bool)> {
            let bonds = catalog.bonds(&photos).unwrap();
            bonds.iter().map(|b| (b.one, b.other, b.together)).collect()
        };
        assert_eq!(said(&catalog), []);
        let missing = folder.path().join("none.jpg");
        let all = [photos.clone(), vec![missing.clone()]].concat();
        let unbound = catalog.join(&all, "together").unwrap();
        assert_eq!(unbound.len(), 1);
        assert_eq!(unbound[0].0, missing);
        let joined = [(0, 1, true), (1, 2, true), (2, 3, true)];
        assert_eq!(said(&catalog), joined);
        // The same again is no command.
        catalog.join(&photos, "again").unwrap();
        assert_eq!(catalog.info().unwrap().undoable, 1);

        catalog.part(&photos[..2], &photos[2..], "apart").unwrap();
        let parted = [
            (0, 1, true),
            (0, 2, false),
            (0, 3, false),
            (1, 2, false),
            (1, 3, false),
            (2, 3, true),
        ];
        assert_eq!(said(&catalog), parted);
        let undone = catalog.undo(Options::default()).unwrap().unwrap();
        assert_eq!((undone.command.as_str(), undone.photos.len()), ("apart", 0));
        assert_eq!(said(&catalog), joined);
        catalog.redo(Options::default()).unwrap().unwrap();
        assert_eq!(said(&catalog), parted);
        // The last word counts.
        catalog.join(&photos[1..3], "together after all").unwrap();
        let last = [
            (0, 1, true),
            (0, 2, false),
            (0, 3, false),
            (1, 2, true),
            (1, 3, false),
            (2, 3, true),
        ];
        assert_eq!(said(&catalog), last);
        for _ in 0..3 {
            catalog.undo(Options::default()).unwrap().unwrap();
        }
        assert_eq!(said(&catalog), []);
        assert!(catalog.check().unwrap().is_empty());
    }
}
