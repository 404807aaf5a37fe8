//! What the window shows, as plain data. It can be built and read without a
//! window; only [`apply`](super::apply) changes it.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};

use crate::engine::{PhotoResult, Progress, Scored, best_first};
use crate::model::ModelInfo;
use crate::report::paths;

/// A photo of the open shoot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PhotoId(u32);

/// Everything the views read.
#[derive(Debug)]
pub struct State {
    /// What fills the middle of the window.
    pub view: View,
    /// What lies beside or over it.
    pub panel: Option<Panel>,
    /// The open shoot.
    pub shoot: Shoot,
    /// The photo that keys act on.
    pub focus: Option<PhotoId>,
    /// Whether the focus is on the best photo, whichever that is: so until the
    /// user goes elsewhere.
    pub focus_on_best: bool,
    /// Counts the times that the focused photo has to be brought into sight.
    pub reveal: u64,
    /// What is being scored.
    pub scoring: Option<Scoring>,
    /// Paths that wait until that is done.
    pub queue: VecDeque<Vec<PathBuf>>,
    /// Whether scoring was stopped before its end.
    pub stopped: bool,
    /// The model that scores.
    pub model: ModelState,
    /// What there is to say.
    pub notice: Option<Notice>,
    /// Width of a tile of the grid in points, before it is stretched.
    pub tile_side: f32,
    /// How many columns and whole rows of tiles the grid shows.
    pub grid: GridSize,
}

/// What fills the middle of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Nothing is open.
    Welcome,
    /// All photos.
    Grid,
    /// One photo, large.
    Loupe,
}

/// What lies beside or over the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panel {
    /// The photos that could not be scored.
    Problems,
    /// All keys.
    Keys,
}

/// Columns and whole rows of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GridSize {
    /// Tiles beside each other, at least 1.
    pub columns: usize,
    /// Rows that fit, at least 1.
    pub rows: usize,
}

/// Where the model is.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelState {
    /// It is being opened.
    Opening,
    /// It can score.
    Ready(ModelInfo),
    /// It cannot be used, for this reason.
    Failed(String),
}

/// A running scoring job.
#[derive(Debug)]
pub struct Scoring {
    /// The photos by their place in the job; empty while folders are searched.
    pub photos: Vec<PhotoId>,
    /// How far it is; `None` while folders are searched.
    pub progress: Option<Progress>,
    /// Whether it was told to stop.
    pub stopping: bool,
}

/// A line for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What happened, and what to do about it.
    pub text: String,
    /// Whether something went wrong.
    pub problem: bool,
}

/// Smallest, usual and largest width of a tile in points.
pub const TILE_SIDES: [f32; 3] = [120.0, 216.0, 480.0];

impl Default for State {
    fn default() -> Self {
        Self {
            view: View::Welcome,
            panel: None,
            shoot: Shoot::default(),
            focus: None,
            focus_on_best: true,
            reveal: 0,
            scoring: None,
            queue: VecDeque::new(),
            stopped: false,
            model: ModelState::Opening,
            notice: None,
            tile_side: TILE_SIDES[1],
            grid: GridSize {
                columns: 1,
                rows: 1,
            },
        }
    }
}

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
    scored: usize,
    failed: usize,
    /// Whether `order` is out of date.
    unordered: bool,
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

    /// How many photos there are.
    pub fn len(&self) -> usize {
        self.photos.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.photos.is_empty()
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
            .filter(|photo| photo.outcome.is_none())
            .map(|photo| photo.path.clone())
            .collect()
    }

    /// What is known, as rows for an export: best first, failures last.
    pub fn rows(&self) -> Vec<PhotoResult> {
        let mut rows: Vec<PhotoResult> = self
            .photos
            .iter()
            .enumerate()
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
    pub(super) fn next(&self) -> Self {
        Self {
            number: self.number + 1,
            ..Self::default()
        }
    }

    /// The ids of these files, which are added where they are new. Call
    /// [`Shoot::rank`] afterwards.
    pub(super) fn add(&mut self, paths: Vec<PathBuf>) -> Vec<PhotoId> {
        paths
            .into_iter()
            .filter_map(|path| {
                if let Some(&id) = self.by_path.get(&path) {
                    return Some(id);
                }
                let id = PhotoId(u32::try_from(self.photos.len()).ok()?);
                self.by_path.insert(path.clone(), id);
                self.photos.push(Photo {
                    name: name(&path),
                    path,
                    outcome: None,
                });
                self.order.push(id);
                self.unordered = true;
                Some(id)
            })
            .collect()
    }

    /// Sets what became of a photo. Call [`Shoot::rank`] afterwards.
    pub(super) fn set(&mut self, id: PhotoId, outcome: Result<Scored, String>) {
        let Some(photo) = self.photos.get_mut(id.0 as usize) else {
            return;
        };
        match &photo.outcome {
            Some(Ok(_)) => self.scored -= 1,
            Some(Err(_)) => self.failed -= 1,
            None => {}
        }
        match outcome {
            Ok(_) => self.scored += 1,
            Err(_) => self.failed += 1,
        }
        photo.outcome = Some(outcome);
        self.unordered = true;
    }

    /// Puts the photos in order, if any has changed.
    pub(super) fn rank(&mut self) {
        if !std::mem::take(&mut self.unordered) {
            return;
        }
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
pub(super) fn name(path: &Path) -> String {
    let name = path.file_name().map_or(path, Path::new);
    paths::shown(name)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::Score;

    pub(in super::super) fn scored(probability: f64) -> Scored {
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
}
