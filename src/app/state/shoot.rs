//! The open photos, and the order in which they are shown.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::engine::{PhotoResult, Scored, best_first};
use crate::metadata::xmp::{Flag, Label, Rating, Stars};
use crate::metadata::{Exif, Moment};
use crate::model::Scene;
use crate::report::paths;

/// A photo of the open shoot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PhotoId(u32);

/// The photos that are open.
#[derive(Debug, Default)]
pub struct Shoot {
    /// Counts the shoots that were opened; what was begun for an earlier one
    /// is not for this one.
    pub number: u64,
    /// What it is called.
    pub title: String,
    photos: Vec<Photo>,
    by_path: HashMap<PathBuf, PhotoId>,
    /// Best first, then those that wait, then those that failed.
    order: Vec<PhotoId>,
    /// A photo's place in `order`.
    places: Vec<usize>,
    /// The photos that are shown, as they are sorted.
    shown: Vec<PhotoId>,
    /// A shown photo's place in `shown`.
    places_shown: HashMap<PhotoId, usize>,
    scored: usize,
    failed: usize,
    /// Whether `order` is out of date.
    unordered: bool,
    /// Whether `shown` is.
    unarranged: bool,
}

/// A photo and what is known about it.
#[derive(Debug)]
pub struct Photo {
    /// Its file.
    pub path: PathBuf,
    /// Its file's name, for reading.
    pub name: String,
    /// Its score, or the reason why it has none; `None` until it is its turn.
    pub outcome: Option<Result<Scored, String>>,
    /// Whether it was asked what the photo shows.
    pub scene_asked: bool,
    /// Its rating, with what is still on its way to the catalog.
    pub rating: Rating,
    /// Its rating as the catalog holds it.
    pub held: Rating,
    /// Whether its file is in the system's bin.
    pub gone: bool,
    /// What the camera wrote about it; `None` until that and its rating were
    /// read.
    pub exif: Option<Exif>,
}

/// What is read of a photo besides its score.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Its rating.
    pub rating: Rating,
    /// What the camera wrote about it.
    pub exif: Exif,
}

impl Photo {
    /// The score, where there is one.
    pub fn scored(&self) -> Option<&Scored> {
        self.outcome.as_ref()?.as_ref().ok()
    }

    /// The reason why there is none.
    pub fn problem(&self) -> Option<&str> {
        self.outcome.as_ref()?.as_ref().err().map(String::as_str)
    }

    /// When it was taken.
    pub fn captured(&self) -> Option<Moment> {
        self.exif.as_ref()?.captured
    }

    /// The camera it was taken with.
    pub fn camera(&self) -> Option<String> {
        self.exif.as_ref()?.camera()
    }

    /// The lens it was taken through.
    pub fn lens(&self) -> Option<&str> {
        self.exif.as_ref()?.lens.as_deref()
    }

    /// Its file's type: the extension in capitals.
    pub fn kind(&self) -> Option<String> {
        let extension = self.path.extension()?;
        Some(extension.to_string_lossy().to_uppercase())
    }

    /// How many stars it has.
    pub fn stars(&self) -> u8 {
        self.rating.stars.map_or(0, Stars::count)
    }

    /// Whether it has neither stars nor flag nor label.
    pub fn is_unrated(&self) -> bool {
        !self.rating.differs(Rating::default()).any()
    }

    /// Whether it is picked.
    pub fn is_picked(&self) -> bool {
        self.rating.flag == Some(Flag::Pick)
    }

    /// Whether it is rejected.
    pub fn is_rejected(&self) -> bool {
        self.rating.flag == Some(Flag::Reject)
    }

    /// Its colour label, where it has one.
    pub fn label(&self) -> Option<Label> {
        self.rating.label.filter(|label| *label != Label::None)
    }
}

impl Shoot {
    /// The photo's data.
    pub fn photo(&self, id: PhotoId) -> Option<&Photo> {
        self.photos.get(id.0 as usize)
    }

    /// All photos, best first, then those that wait, then those that failed.
    pub fn order(&self) -> &[PhotoId] {
        &self.order
    }

    /// The photo's place in [`Shoot::order`], from 0.
    pub fn place(&self, id: PhotoId) -> Option<usize> {
        self.places.get(id.0 as usize).copied()
    }

    /// The photos that are shown, as they are sorted.
    pub fn shown(&self) -> &[PhotoId] {
        &self.shown
    }

    /// The photo's place among those shown, from 0; `None` where it is hidden.
    pub fn place_shown(&self, id: PhotoId) -> Option<usize> {
        self.places_shown.get(&id).copied()
    }

    /// How many photos there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// How many have a score.
    pub fn scored(&self) -> usize {
        self.scored
    }

    /// How many could not be scored.
    pub fn failed(&self) -> usize {
        self.failed
    }

    /// The photos that could not be scored, in path order.
    pub fn failures(&self) -> impl Iterator<Item = &Photo> {
        let failures = self.order.len() - self.failed.min(self.order.len());
        self.order
            .iter()
            .skip(failures)
            .filter_map(|id| self.photo(*id))
    }

    /// The files that have neither a score nor a reason.
    pub fn waiting(&self) -> Vec<PathBuf> {
        self.photos
            .iter()
            .filter(|photo| photo.outcome.is_none() && !photo.gone)
            .map(|photo| photo.path.clone())
            .collect()
    }

    /// What is known, as rows for an export: best first, failures last.
    pub fn rows(&self) -> Vec<PhotoResult> {
        let mut rows: Vec<PhotoResult> = self
            .photos
            .iter()
            .enumerate()
            .filter(|(_, photo)| !photo.gone)
            .filter_map(|(index, photo)| {
                Some(PhotoResult {
                    index,
                    path: photo.path.clone(),
                    outcome: photo.outcome.clone()?,
                })
            })
            .collect();
        rows.sort_by(best_first);
        rows
    }

    /// The empty shoot after this one.
    pub(in super::super) fn next(&self) -> Self {
        Self {
            number: self.number + 1,
            ..Self::default()
        }
    }

    /// The ids of these files, which are added where they are new. Call
    /// [`Shoot::rank`] afterwards.
    pub(in super::super) fn add(&mut self, paths: Vec<PathBuf>) -> Vec<PhotoId> {
        paths
            .into_iter()
            .filter_map(|path| {
                if let Some(&id) = self.by_path.get(&path) {
                    // Whoever opens what was in the bin has brought it back.
                    if self.photo(id).is_some_and(|photo| photo.gone) {
                        self.relocate(id, Some(path));
                    }
                    return Some(id);
                }
                let id = PhotoId(u32::try_from(self.photos.len()).ok()?);
                self.by_path.insert(path.clone(), id);
                self.photos.push(Photo {
                    name: name(&path),
                    path,
                    outcome: None,
                    scene_asked: false,
                    rating: Rating::default(),
                    held: Rating::default(),
                    gone: false,
                    exif: None,
                });
                self.order.push(id);
                self.unordered = true;
                Some(id)
            })
            .collect()
    }

    /// Sets what became of a photo. Call [`Shoot::rank`] afterwards.
    pub(in super::super) fn set(&mut self, id: PhotoId, outcome: Result<Scored, String>) {
        let Some(photo) = self.photos.get_mut(id.0 as usize) else {
            return;
        };
        if !photo.gone {
            match &photo.outcome {
                Some(Ok(_)) => self.scored -= 1,
                Some(Err(_)) => self.failed -= 1,
                None => {}
            }
            match outcome {
                Ok(_) => self.scored += 1,
                Err(_) => self.failed += 1,
            }
        }
        photo.outcome = Some(outcome);
        self.unordered = true;
    }

    /// Notes that it was asked what a photo shows.
    pub(in super::super) fn ask_scene(&mut self, id: PhotoId) {
        if let Some(photo) = self.photos.get_mut(id.0 as usize) {
            photo.scene_asked = true;
        }
    }

    /// Sets what a photo shows.
    pub(in super::super) fn set_scene(&mut self, id: PhotoId, scene: Scene) {
        let photo = self.photos.get_mut(id.0 as usize);
        if let Some(Ok(scored)) = photo.and_then(|photo| photo.outcome.as_mut()) {
            scored.scene = Some(scene);
        }
    }

    /// Sets what was read of a photo besides its rating.
    pub(in super::super) fn set_facts(&mut self, id: PhotoId, facts: Facts) {
        if let Some(photo) = self.photos.get_mut(id.0 as usize) {
            photo.exif = Some(facts.exif);
            self.unarranged = true;
        }
    }

    /// Sets what the catalog holds of a photo.
    pub(in super::super) fn hold_rating(&mut self, id: PhotoId, rating: Rating) {
        if let Some(photo) = self.photos.get_mut(id.0 as usize) {
            photo.held = rating;
        }
    }

    /// Changes the rating that is shown of a photo.
    pub(in super::super) fn show_rating(&mut self, id: PhotoId, change: impl FnOnce(&mut Rating)) {
        if let Some(photo) = self.photos.get_mut(id.0 as usize) {
            change(&mut photo.rating);
            self.unarranged = true;
        }
    }

    /// Whether what is shown has to be arranged anew; asked once.
    pub(in super::super) fn take_unarranged(&mut self) -> bool {
        std::mem::take(&mut self.unarranged)
    }

    /// Sets which photos are shown, in this order.
    pub(super) fn show(&mut self, shown: Vec<PhotoId>) {
        let places = shown.iter().enumerate();
        self.places_shown = places.map(|(place, id)| (*id, place)).collect();
        self.shown = shown;
    }

    /// Notes that a photo's file is somewhere else, or in the bin: then it is not
    /// shown until it comes back. Call [`Shoot::rank`] afterwards.
    pub(in super::super) fn relocate(&mut self, id: PhotoId, to: Option<PathBuf>) {
        let Some(photo) = self.photos.get_mut(id.0 as usize) else {
            return;
        };
        let gone = to.is_none();
        if gone != photo.gone {
            photo.gone = gone;
            let counted = match &photo.outcome {
                Some(Ok(_)) => Some(&mut self.scored),
                Some(Err(_)) => Some(&mut self.failed),
                None => None,
            };
            match (counted, gone) {
                (Some(count), true) => *count -= 1,
                (Some(count), false) => *count += 1,
                (None, _) => {}
            }
            match gone {
                true => self.order.retain(|other| *other != id),
                false => self.order.push(id),
            }
        }
        if let Some(to) = to {
            self.by_path.remove(&photo.path);
            self.by_path.insert(to.clone(), id);
            photo.name = name(&to);
            photo.path = to;
        }
        self.unordered = true;
    }

    /// Forgets all scores, and the reasons why there are none. Call
    /// [`Shoot::rank`] afterwards.
    pub(in super::super) fn forget_scores(&mut self) {
        for photo in self.photos.iter_mut().filter(|photo| !photo.gone) {
            photo.outcome = None;
            photo.scene_asked = false;
        }
        (self.scored, self.failed) = (0, 0);
        self.unordered = true;
    }

    /// Puts the photos in order, if any has changed.
    pub(in super::super) fn rank(&mut self) {
        if !std::mem::take(&mut self.unordered) {
            return;
        }
        self.unarranged = true;
        let photos = &self.photos;
        let class = |photo: &Photo| match &photo.outcome {
            Some(Ok(_)) => 0,
            None => 1,
            Some(Err(_)) => 2,
        };
        self.order.sort_by(|a, b| {
            let (Some(a), Some(b)) = (photos.get(a.0 as usize), photos.get(b.0 as usize)) else {
                return a.cmp(b);
            };
            let by_score = match (a.scored(), b.scored()) {
                (Some(a), Some(b)) => b.score.cmp(&a.score),
                _ => class(a).cmp(&class(b)),
            };
            by_score.then_with(|| a.path.cmp(&b.path))
        });
        self.places.resize(self.photos.len(), 0);
        for (place, id) in self.order.iter().enumerate() {
            if let Some(entry) = self.places.get_mut(id.0 as usize) {
                *entry = place;
            }
        }
    }
}

/// A file's name for reading.
pub(in super::super) fn name(path: &Path) -> String {
    let name = path.file_name().map_or(path, Path::new);
    paths::shown(name)
}

#[cfg(test)]
pub(in super::super) mod tests {
    use super::*;
    use crate::model::Score;

    pub(in super::super::super) fn scored(probability: f64) -> Scored {
        Scored {
            score: Score::from_probability(probability).unwrap(),
            size: (6000, 4000),
            scene: None,
            thumbnail: None,
        }
    }

    fn names(shoot: &Shoot) -> Vec<&str> {
        let photos = shoot.order().iter().filter_map(|id| shoot.photo(*id));
        photos.map(|photo| photo.name.as_str()).collect()
    }

    #[test]
    fn best_first_then_waiting_then_failed() {
        let mut shoot = Shoot::default();
        let files = ["e.jpg", "a.jpg", "c.jpg", "b.jpg", "d.jpg"];
        let ids = shoot.add(files.map(PathBuf::from).into());
        shoot.rank();
        assert_eq!(names(&shoot), ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"]);
        shoot.set(ids[0], Ok(scored(0.5)));
        shoot.set(ids[2], Ok(scored(0.9)));
        shoot.set(ids[1], Err("broken".to_owned()));
        shoot.rank();
        assert_eq!(names(&shoot), ["c.jpg", "e.jpg", "b.jpg", "d.jpg", "a.jpg"]);
        assert_eq!((shoot.scored(), shoot.failed()), (2, 1));
        assert_eq!(shoot.place(ids[0]), Some(1));
        let failures: Vec<&str> = shoot.failures().map(|photo| photo.name.as_str()).collect();
        assert_eq!(failures, ["a.jpg"]);
        assert_eq!(shoot.waiting(), [Path::new("b.jpg"), Path::new("d.jpg")]);
        let rows: Vec<PathBuf> = shoot.rows().into_iter().map(|row| row.path).collect();
        assert_eq!(rows, ["c.jpg", "e.jpg", "a.jpg"].map(PathBuf::from));
    }

    #[test]
    fn a_file_is_one_photo_however_often_it_is_opened() {
        let mut shoot = Shoot::default();
        let first = shoot.add(vec!["a.jpg".into(), "b.jpg".into()]);
        let again = shoot.add(vec!["b.jpg".into(), "c.jpg".into()]);
        assert_eq!(first[1], again[0]);
        assert_eq!(shoot.len(), 3);
        shoot.set(again[0], Ok(scored(0.5)));
        shoot.set(again[0], Ok(scored(0.6)));
        assert_eq!(shoot.scored(), 1);
    }

    #[test]
    fn what_went_to_the_bin_is_not_there_until_it_comes_back() {
        let mut shoot = Shoot::default();
        let ids = shoot.add(["a.jpg", "b.jpg", "c.jpg"].map(PathBuf::from).into());
        for (id, probability) in ids.iter().zip([0.9, 0.5]) {
            shoot.set(*id, Ok(scored(probability)));
        }
        shoot.set(ids[2], Err("broken".to_owned()));
        shoot.rank();
        shoot.relocate(ids[0], None);
        shoot.relocate(ids[0], None);
        shoot.relocate(ids[1], Some("elsewhere/d.jpg".into()));
        shoot.rank();
        assert_eq!(names(&shoot), ["d.jpg", "c.jpg"]);
        assert_eq!((shoot.len(), shoot.scored(), shoot.failed()), (2, 1, 1));
        assert_eq!(shoot.rows().len(), 2);
        shoot.relocate(ids[0], Some("a.jpg".into()));
        shoot.rank();
        assert_eq!(names(&shoot), ["a.jpg", "d.jpg", "c.jpg"]);
        assert_eq!((shoot.len(), shoot.scored()), (3, 2));
        // Brought back by other means, and opened again.
        shoot.relocate(ids[0], None);
        shoot.add(vec!["a.jpg".into()]);
        assert_eq!((shoot.len(), shoot.scored()), (3, 2));
        // The file that moved is still one photo when it is opened there.
        let again = shoot.add(vec!["elsewhere/d.jpg".into()]);
        assert_eq!(again, [ids[1]]);
    }
}
