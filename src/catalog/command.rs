//! Rating, undoing and redoing: the catalog and the sidecars in one step.
//!
//! First the catalog takes the rating and the journal's row in one
//! transaction, with a note that sidecars are pending; then these are written;
//! then the note goes. A command that is killed in between is finished by the
//! next one, so it is done in full or not at all.
//!
//! What another program wrote since the catalog last looked is merged: it
//! counts, except in the fields that the command sets.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, TransactionBehavior};

use super::bonds;
use super::journal::{self, Change};
use super::lock::{Lock, MovesLock};
use super::photos::{Finder, path_of};
use super::ratings::{self, RatingRow, Seen};
use super::sidecars::{self, Plan, Target, Write};
use super::{Catalog, CatalogError, CommandId, FileState, PhotoId, Stamp};
use crate::metadata::xmp::{self, Edit, Fields, Folders, Naming, Rating, Sidecars, read_embedded};

/// How ratings are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// How new sidecars are named.
    pub naming: Naming,
}

/// What a command did to one photo.
#[derive(Debug, Clone, Default)]
pub struct Rated {
    /// The photo.
    pub photo: PathBuf,
    /// Its rating before: the catalog's, with what others changed since.
    pub before: Rating,
    /// Its rating now.
    pub after: Rating,
    /// Fields that another program had changed since the catalog last looked.
    pub changed_elsewhere: Fields,
    /// Fields that undoing or redoing left alone, because they were changed
    /// since.
    pub kept: Fields,
    /// Fields in which the photo's two sidecars contradicted each other.
    pub disagreement: Fields,
    /// Sidecars that were written; in a preview, those that would be.
    pub sidecars: Vec<PathBuf>,
    /// In a preview, what would change in them.
    pub preview: Vec<Write>,
    /// Why the photo is not rated, or why a sidecar is not written; the rating
    /// is in the catalog then.
    pub problems: Vec<String>,
    /// Whether the rating is in the catalog.
    pub in_catalog: bool,
}

/// What is to happen to a photo.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goal {
    /// Set what this says.
    Set(Rating),
    /// Take it from one rating to another, where nobody has changed it since.
    Turn { from: Rating, to: Rating },
}

/// How the journal takes note.
pub(super) enum Note<'a> {
    New(&'a str),
    Undone(CommandId, bool),
}

/// A photo with all that is known before anything is changed.
struct Prepared {
    id: Option<PhotoId>,
    state: Option<FileState>,
    row: RatingRow,
    said: Option<xmp::Statements>,
    explicit: Fields,
    result: Rated,
}

impl Catalog {
    /// Rates photos: what `rating` says is set, the rest stays. One command in
    /// the journal, called `command`; none where nothing changes. The answer
    /// has one entry for each photo, in order; a photo that cannot be rated
    /// has its reason there, and the others are rated.
    ///
    /// On return catalog and sidecars are on disk.
    ///
    /// # Errors
    /// Those of the catalog; then no photo is rated.
    pub fn rate(
        &mut self,
        photos: &[PathBuf],
        rating: Rating,
        command: &str,
        options: Options,
    ) -> Result<Vec<Rated>, CatalogError> {
        self.rate_each(&each(photos, rating), command, options)
    }

    /// As [`Catalog::rate`], with a rating for each photo.
    ///
    /// # Errors
    /// As [`Catalog::rate`].
    pub fn rate_each(
        &mut self,
        photos: &[(PathBuf, Rating)],
        command: &str,
        options: Options,
    ) -> Result<Vec<Rated>, CatalogError> {
        let _lock = self.begin(options)?;
        let goal = |(photo, rating): &(PathBuf, Rating)| (photo.clone(), None, Goal::Set(*rating));
        let goals = photos.iter().map(goal).collect();
        self.run(goals, Note::New(command), options)
    }

    /// What [`Catalog::rate`] would do, without doing any of it; without a
    /// catalog, as if it knew nothing.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn preview(
        catalog: Option<&Self>,
        photos: &[PathBuf],
        rating: Rating,
        options: Options,
    ) -> Result<Vec<Rated>, CatalogError> {
        Self::preview_each(catalog, &each(photos, rating), options)
    }

    /// What [`Catalog::rate_each`] would do; see [`Catalog::preview`].
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn preview_each(
        catalog: Option<&Self>,
        photos: &[(PathBuf, Rating)],
        options: Options,
    ) -> Result<Vec<Rated>, CatalogError> {
        let (mut finder, mut folders) = (Finder::default(), Folders::default());
        let mut previews = Vec::with_capacity(photos.len());
        for (photo, rating) in photos {
            let goal = Goal::Set(*rating);
            let db = catalog.map(|catalog| &catalog.db);
            let prepared = prepare(db, photo, None, goal, options, &mut finder, &mut folders);
            let mut prepared = match (prepared, catalog) {
                (Ok(prepared), _) => prepared,
                (Err(error), Some(catalog)) => return Err(catalog.failed()(error)),
                // Without a catalog nothing of it can fail.
                (Err(_), None) => continue,
            };
            if prepared.result.problems.is_empty() {
                let edit = Edit {
                    rating: prepared.result.after,
                    explicit: prepared.explicit,
                };
                let sidecars = Sidecars::of(photo, options.naming, &mut folders);
                let plan = Plan::new(sidecars, &edit);
                let result = &mut prepared.result;
                result.sidecars = plan.writes.iter().map(|w| w.path.clone()).collect();
                result.preview = plan.writes;
                result.problems = plan.problems;
            }
            previews.push(prepared.result);
        }
        Ok(previews)
    }

    /// Takes the lock and finishes what a killed command left.
    pub(super) fn begin(&mut self, options: Options) -> Result<Lock, CatalogError> {
        let lock = Lock::take(&self.path)?;
        self.finish_ratings(options)?;
        // Another process may have its files on their way just now.
        if self.has_unsettled()?
            && let Some(_moves) = MovesLock::take(&self.path)?
        {
            self.settle()?;
        }
        Ok(lock)
    }

    /// Finishes ratings that a killed command left. The lock is held.
    pub(super) fn finish_ratings(&mut self, options: Options) -> Result<(), CatalogError> {
        let failed = self.failed();
        let photos = ratings::interrupted(&self.db).map_err(&failed)?;
        let mut all = Vec::new();
        for id in photos {
            let path = path_of(&self.db, id).map_err(&failed)?;
            let Some(row) = ratings::find(&self.db, id).map_err(&failed)? else {
                continue;
            };
            tracing::info!("{}: finishing an interrupted rating", path.display());
            sidecars::tidy(&path, self.id);
            all.push(Prepared {
                id: Some(id),
                state: None,
                said: row.seen.sidecar.clone(),
                explicit: row.pending,
                result: Rated {
                    photo: path,
                    after: row.rating,
                    ..Rated::default()
                },
                row,
            });
        }
        if !all.is_empty() {
            self.write_sidecars(&mut all, options)?;
        }
        Ok(())
    }

    pub(super) fn run(
        &mut self,
        goals: Vec<(PathBuf, Option<PhotoId>, Goal)>,
        note: Note<'_>,
        options: Options,
    ) -> Result<Vec<Rated>, CatalogError> {
        let failed = self.failed();
        let (mut finder, mut folders) = (Finder::default(), Folders::default());
        let mut all = Vec::with_capacity(goals.len());
        for (path, id, goal) in goals {
            let db = Some(&self.db);
            let prepared = prepare(db, &path, id, goal, options, &mut finder, &mut folders);
            all.push(prepared.map_err(&failed)?);
        }
        self.keep(&mut all, note, &mut finder).map_err(&failed)?;
        self.write_sidecars(&mut all, options)?;
        Ok(all.into_iter().map(|prepared| prepared.result).collect())
    }

    /// The transaction: ratings, and the journal's row.
    fn keep(
        &mut self,
        all: &mut [Prepared],
        note: Note<'_>,
        finder: &mut Finder,
    ) -> rusqlite::Result<()> {
        let behaviour = TransactionBehavior::Immediate;
        let transaction = self.db.transaction_with_behavior(behaviour)?;
        let mut changes = Vec::new();
        for prepared in all.iter_mut() {
            if let Some(state) = &prepared.state
                && let Some(place) = finder.places.of(&prepared.result.photo)
            {
                prepared.id = Some(finder.settle(&transaction, &place, state)?);
            }
            let (Some(id), true) = (prepared.id, prepared.result.in_catalog) else {
                continue;
            };
            let (before, after) = (prepared.result.before, prepared.result.after);
            prepared.row.rating = after;
            prepared.row.pending = prepared.explicit;
            prepared.row.failed = false;
            ratings::put(&transaction, id, &prepared.row)?;
            if before != after {
                changes.push(Change {
                    photo: id,
                    before,
                    after,
                });
            }
        }
        match note {
            Note::New(_) if changes.is_empty() => {}
            Note::New(command) => {
                journal::add(&transaction, command, &changes)?;
            }
            Note::Undone(id, undone) => {
                journal::mark(&transaction, id, undone)?;
                bonds::turn(&transaction, id, undone)?;
            }
        }
        transaction.commit()
    }

    /// Writes the sidecars of what the catalog has, and takes note that it is
    /// done.
    fn write_sidecars(
        &mut self,
        all: &mut [Prepared],
        options: Options,
    ) -> Result<(), CatalogError> {
        let (naming, catalog) = (options.naming, self.id);
        let touched = Mutex::new(BTreeSet::new());
        let jobs: Vec<(PathBuf, &mut Prepared)> = all
            .iter_mut()
            .filter(|prepared| prepared.id.is_some())
            .map(|prepared| (prepared.result.photo.clone(), prepared))
            .collect();
        sidecars::side_by_side(jobs, |photo, prepared, folders| {
            prepared.write(photo, naming, catalog, folders);
            if let Some(first) = prepared.result.sidecars.first() {
                let mut touched = touched.lock().unwrap_or_else(PoisonError::into_inner);
                touched.insert(first.clone());
            }
        });
        let touched = touched.into_inner().unwrap_or_else(PoisonError::into_inner);
        sync(&touched, all);
        let failed = self.failed();
        let finish = || -> rusqlite::Result<()> {
            let behaviour = TransactionBehavior::Immediate;
            let transaction = self.db.transaction_with_behavior(behaviour)?;
            for prepared in all.iter() {
                if let Some(id) = prepared.id
                    && (prepared.result.in_catalog || prepared.state.is_none())
                {
                    ratings::put(&transaction, id, &prepared.row)?;
                }
            }
            transaction.commit()
        };
        let mut finish = finish;
        finish().map_err(failed)
    }
}

/// One rating for each of the photos.
fn each(photos: &[PathBuf], rating: Rating) -> Vec<(PathBuf, Rating)> {
    photos.iter().map(|photo| (photo.clone(), rating)).collect()
}

/// Makes sure that the renames in the folders of these sidecars last.
fn sync(touched: &BTreeSet<PathBuf>, all: &mut [Prepared]) {
    let mut done = HashSet::new();
    for path in touched {
        let folder = path.parent().unwrap_or(Path::new(""));
        if !done.insert(folder) {
            continue;
        }
        if let Err(error) = xmp::sync_folder(path) {
            let problem = format!("{}: cannot be synchronised: {error}", folder.display());
            let here = all
                .iter_mut()
                .filter(|p| p.result.photo.parent() == Some(folder));
            for prepared in here {
                prepared.result.problems.push(problem.clone());
            }
        }
    }
}

/// Reads all that decides about a photo's new rating.
fn prepare(
    db: Option<&Connection>,
    photo: &Path,
    id: Option<PhotoId>,
    goal: Goal,
    options: Options,
    finder: &mut Finder,
    folders: &mut Folders,
) -> rusqlite::Result<Prepared> {
    let mut prepared = Prepared {
        id,
        state: None,
        row: RatingRow::default(),
        said: None,
        explicit: Fields::default(),
        result: Rated {
            photo: photo.to_owned(),
            ..Rated::default()
        },
    };
    let mut known = None;
    match Stamp::of(photo) {
        Ok(now) => {
            let row = match (db, finder.places.of(photo)) {
                (Some(db), Some(place)) => finder.row(db, &place)?,
                _ => None,
            };
            match row {
                Some(row) if row.is_current(now) => prepared.id = Some(row.id),
                row if id.is_none() => {
                    prepared.id = row.map(|row| row.id);
                    // A preview has no use for the content, but says what a
                    // command would say.
                    match FileState::since(photo, now) {
                        Ok(state) => prepared.state = Some(state),
                        Err(error) => prepared.refuse(&error),
                    }
                }
                _ => {}
            }
        }
        Err(error) => prepared.refuse(&error),
    }
    if let (Some(db), Some(state), None) = (db, &prepared.state, prepared.id) {
        prepared.id = finder.moved(db, state.content)?;
    }
    if let (Some(db), Some(id)) = (db, prepared.id) {
        known = ratings::find(db, id)?;
    }
    if !prepared.result.problems.is_empty() && id.is_none() {
        return Ok(prepared);
    }
    let sidecars = Sidecars::of(photo, options.naming, folders);
    let seen = Seen {
        sidecar: sidecars.statements(),
        embedded: read_embedded(photo).ok().flatten(),
    };
    let before = merged(known.as_ref(), &seen);
    if let Some(known) = &known {
        prepared.result.changed_elsewhere = before.differs(known.rating);
    }
    prepared.result.disagreement = sidecars.disagreement();
    prepared.result.before = before;
    (prepared.result.after, prepared.explicit) = match goal {
        Goal::Set(rating) => (before.with(rating, rating.fields()), rating.fields()),
        Goal::Turn { from, to } => {
            let wanted = Fields {
                stars: from.stars != to.stars,
                flag: from.flag != to.flag,
                label: from.label != to.label,
            };
            let changed = before.differs(from);
            let fields = wanted.without(changed);
            prepared.result.kept = wanted.without(fields);
            (before.with(to, fields), fields)
        }
    };
    prepared.said = seen.sidecar.clone();
    prepared.row = known.unwrap_or_default();
    prepared.row.seen = seen;
    prepared.result.in_catalog = true;
    Ok(prepared)
}

impl Prepared {
    /// Makes the photo's sidecars say its rating.
    fn write(&mut self, photo: &Path, naming: Naming, catalog: i64, folders: &mut Folders) {
        let result = &mut self.result;
        if !result.problems.is_empty() {
            self.row.failed = true;
            return;
        }
        let mut target = Target {
            photo,
            rating: result.after,
            explicit: self.explicit,
            said: self.said.take(),
            naming,
            catalog,
        };
        let written = sidecars::write(&mut target, folders);
        result.after = target.rating;
        self.row.rating = target.rating;
        self.row.failed = !written.problems.is_empty();
        if !self.row.failed {
            self.row.pending = Fields::default();
            self.row.seen.sidecar = written.statements;
        }
        result.sidecars = written.paths;
        result.problems = written.problems;
    }

    fn refuse(&mut self, error: &std::io::Error) {
        let photo = self.result.photo.display();
        self.result
            .problems
            .push(format!("{photo}: cannot be read: {error}"));
    }
}

/// The rating before a command: the catalog's, with what other programs changed
/// since it last looked.
pub(super) fn merged(known: Option<&RatingRow>, now: &Seen) -> Rating {
    let meaning = |said: &Option<xmp::Statements>| {
        said.as_ref()
            .map_or_else(Rating::default, xmp::Statements::meaning)
    };
    let Some(known) = known else {
        return meaning(&now.sidecar).or(meaning(&now.embedded));
    };
    let changed =
        |now: &Option<xmp::Statements>, before: &Option<xmp::Statements>| match (now, before) {
            (Some(now), Some(before)) => now.changed_since(before),
            (now, _) => meaning(now),
        };
    let changed =
        changed(&now.sidecar, &known.seen.sidecar).or(changed(&now.embedded, &known.seen.embedded));
    known.rating.with(changed, changed.fields())
}
