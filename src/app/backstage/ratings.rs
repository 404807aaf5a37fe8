//! Ratings for the window: reads those of a shoot and writes those that the
//! user gives, in the order in which they were given.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use super::{Mail, STACK, Setup};
use crate::app::apply::{FileNews, Message, RatingErrand, RatingNews, Turned};
use crate::app::state::{Facts, PhotoId};
use crate::catalog::moves::{self, Carried, Kind, Watch};
use crate::catalog::{Catalog, Options, Rated};
use crate::engine::Progress;
use crate::guard::guarded;
use crate::metadata;
use crate::report::{paths, wording};

/// Orders that wait, at most.
const WAITING: usize = 1024;

/// Photos whose ratings are read between two looks at what else there is to do.
const BATCH: usize = 32;

/// The way to the thread that reads and writes ratings. Dropping it waits until
/// everything that was ordered is on disk.
#[derive(Debug)]
pub struct RatingDesk {
    orders: Option<Sender<RatingErrand>>,
    thread: Option<JoinHandle<()>>,
}

impl RatingDesk {
    /// Starts the thread.
    pub fn open(setup: Setup, mail: Mail) -> Self {
        let (orders, incoming) = bounded(WAITING);
        let post = Arc::clone(&mail);
        let mut desk = Desk {
            file: setup.catalog_file(),
            catalog: None,
            mail,
            shoot: 0,
            places: HashMap::new(),
            folders: HashMap::new(),
            unread: VecDeque::new(),
            troubled: false,
        };
        let spawned = std::thread::Builder::new()
            .name("keepers-ratings".to_owned())
            .stack_size(STACK)
            .spawn(move || desk.run(&incoming));
        let thread = match spawned {
            Ok(thread) => Some(thread),
            Err(error) => {
                post.send(Message::Problem(format!(
                    "Nothing can be rated: the system gave no thread for it: {error}"
                )));
                None
            }
        };
        Self {
            orders: Some(orders),
            thread,
        }
    }

    /// Orders something to be read or written.
    ///
    /// # Errors
    /// A reason when the thread takes no orders.
    pub fn order(&self, errand: RatingErrand) -> Result<(), String> {
        let sent = self.orders.as_ref().map(|orders| orders.try_send(errand));
        match sent {
            Some(Ok(())) => Ok(()),
            _ => Err("the disk does not keep up; try again in a moment".to_owned()),
        }
    }
}

impl Drop for RatingDesk {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread for ratings broke down");
        }
    }
}

struct Desk {
    file: Option<PathBuf>,
    catalog: Option<Catalog>,
    mail: Mail,
    /// The shoot that the rest is about.
    shoot: u64,
    /// Its photos by their real paths, which the catalog keeps.
    places: HashMap<PathBuf, PhotoId>,
    /// Real paths of folders.
    folders: HashMap<PathBuf, PathBuf>,
    /// Photos whose ratings are still to be read.
    unread: VecDeque<(PhotoId, PathBuf)>,
    /// Whether it was said that the catalog cannot be used.
    troubled: bool,
}

impl Desk {
    /// Goes on until the window is gone and all it ordered is written. Whether
    /// anybody reads the answers does not matter for that.
    fn run(&mut self, orders: &Receiver<RatingErrand>) {
        loop {
            let order = match self.unread.is_empty() {
                true => orders.recv().map_err(|_| TryRecvError::Disconnected),
                false => orders.try_recv(),
            };
            match order {
                Ok(errand) => {
                    let done = guarded(|| self.carry_out(errand));
                    if let Err(panic) = done {
                        self.say(RatingNews::Trouble(format!("Rating broke down: {panic}")));
                    }
                }
                // What the user does goes before what is merely read.
                Err(TryRecvError::Empty) => self.read_some(),
                Err(TryRecvError::Disconnected) => return,
            }
        }
    }

    fn say(&self, news: RatingNews) {
        self.mail.send(Message::Ratings(news));
    }

    fn carry_out(&mut self, errand: RatingErrand) {
        match errand {
            RatingErrand::Read { shoot, photos } => {
                if shoot != self.shoot {
                    self.shoot = shoot;
                    self.places.clear();
                    self.unread.clear();
                }
                for (id, path) in &photos {
                    if let Some(place) = self.place(path) {
                        self.places.insert(place, *id);
                    }
                }
                self.unread.extend(photos);
            }
            RatingErrand::Rate {
                shoot,
                number,
                photos,
                rating,
                naming,
            } => {
                let count = wording::counted(photos.len(), "photo");
                let command = format!("{rating} for {count}");
                let result = self.catalog().and_then(|catalog| {
                    let rated = catalog.rate(&photos, rating, &command, Options { naming });
                    rated.map_err(|error| error.to_string())
                });
                self.say(RatingNews::Rated {
                    shoot,
                    number,
                    result,
                });
            }
            RatingErrand::Plan { number, request } => {
                let trouble = self.catalog().err();
                let plan = moves::plan(self.catalog.as_ref(), &request);
                let plan = plan.map_err(|error| error.to_string());
                let plan = trouble.map_or(plan, Err);
                let news = FileNews::Planned { number, plan };
                self.mail.send(Message::Files(news));
            }
            RatingErrand::CarryOut {
                plan,
                command,
                cancel,
            } => {
                let mail = Arc::clone(&self.mail);
                let mut progress = |progress: &Progress| {
                    mail.send(Message::Files(FileNews::Progress(*progress)));
                };
                let mut watch = Watch {
                    cancel: &cancel,
                    progress: &mut progress,
                };
                let result = self.catalog().and_then(|catalog| {
                    let carried = catalog.carry_out(&plan, &command, &mut watch);
                    carried.map_err(|error| error.to_string())
                });
                let photos = match &result {
                    Ok(carried) => self.went(carried),
                    Err(_) => Vec::new(),
                };
                self.mail
                    .send(Message::Files(FileNews::Carried { result, photos }));
            }
            RatingErrand::Turn { undo } => {
                let result = self.turn(undo);
                let shoot = self.shoot;
                self.say(RatingNews::Turned {
                    shoot,
                    undo,
                    result,
                });
            }
        }
    }

    fn turn(&mut self, undo: bool) -> Result<Option<Turned>, String> {
        let catalog = self.catalog()?;
        let applied = match undo {
            true => catalog.undo(Options::default()),
            false => catalog.redo(Options::default()),
        };
        let applied = applied.map_err(|error| error.to_string())?;
        let Some(applied) = applied else {
            return Ok(None);
        };
        let files = applied.files.unwrap_or_default();
        let stayed = files.failed.iter().map(|it| {
            let reason = paths::clean(&it.reason);
            format!("{}: {reason}", paths::shown(&it.path))
        });
        Ok(Some(Turned {
            stayed: stayed.collect(),
            went: self.went(&files),
            command: applied.command,
            photos: applied
                .photos
                .into_iter()
                .map(|rated| (self.places.get(&rated.photo).copied(), rated))
                .collect::<Vec<(Option<PhotoId>, Rated)>>(),
        }))
    }

    /// The shoot's photos among the files that went, and where they are.
    fn went(&mut self, carried: &Carried) -> Vec<(PhotoId, Option<PathBuf>)> {
        let mut photos = Vec::new();
        for went in carried.went.iter().filter(|it| it.kind == Kind::Photo) {
            // A copy leaves the photo where it is.
            if went.from.symlink_metadata().is_ok() {
                continue;
            }
            let Some(from) = self.place(&went.from) else {
                continue;
            };
            let Some(&id) = self.places.get(&from) else {
                continue;
            };
            // What is in the bin is still known by where it was.
            if let Some(to) = went.to.as_deref().and_then(|to| self.place(to)) {
                self.places.remove(&from);
                self.places.insert(to, id);
            }
            photos.push((id, went.to.clone()));
        }
        photos
    }

    /// Reads the next few ratings, and when the photos were taken.
    fn read_some(&mut self) {
        let count = self.unread.len().min(BATCH);
        let batch: Vec<(PhotoId, PathBuf)> = self.unread.drain(..count).collect();
        let photos: Vec<PathBuf> = batch.iter().map(|(_, path)| path.clone()).collect();
        let read = guarded(|| {
            // Where the catalog cannot be used, sidecars can.
            let trouble = self.catalog().err();
            let standing = Catalog::standing(self.catalog.as_ref(), &photos);
            let facts = standing.map_err(|error| error.to_string()).map(|ratings| {
                let facts = batch.iter().zip(ratings).map(|((id, path), rating)| {
                    // A file that cannot be read says so when it is scored.
                    let exif = metadata::read(path).unwrap_or_default();
                    (*id, Facts { rating, exif })
                });
                facts.collect()
            });
            (trouble, facts)
        });
        let shoot = self.shoot;
        match read {
            Ok((trouble, facts)) => {
                if let Some(trouble) = trouble {
                    // Said once; rating will say it again.
                    if !std::mem::replace(&mut self.troubled, true) {
                        self.say(RatingNews::Trouble(trouble));
                    }
                }
                match facts {
                    Ok(facts) => self.say(RatingNews::Read { shoot, facts }),
                    Err(reason) => self.say(RatingNews::Trouble(reason)),
                }
            }
            Err(panic) => self.say(RatingNews::Trouble(format!(
                "Ratings could not be read: {panic}"
            ))),
        }
    }

    /// The catalog, opened when it is first needed.
    fn catalog(&mut self) -> Result<&mut Catalog, String> {
        if self.catalog.is_none() {
            let file = self
                .file
                .as_ref()
                .ok_or("there is no catalog to keep ratings in")?;
            let opened = Catalog::open(file).map_err(|error| error.to_string())?;
            if let Some(aside) = &opened.set_aside {
                self.say(RatingNews::Trouble(format!(
                    "The catalog was damaged; it is now {}, and a new one is begun",
                    paths::shown(aside)
                )));
            }
            self.catalog = Some(opened.catalog);
        }
        let none = || "there is no catalog to keep ratings in".to_owned();
        self.catalog.as_mut().ok_or_else(none)
    }

    /// A photo's path as the catalog keeps it.
    fn place(&mut self, path: &Path) -> Option<PathBuf> {
        let (folder, name) = (path.parent()?, path.file_name()?);
        let real = match self.folders.get(folder) {
            Some(real) => real.clone(),
            None => {
                let real = fs::canonicalize(folder).ok()?;
                self.folders.insert(folder.to_owned(), real.clone());
                real
            }
        };
        Some(real.join(name))
    }
}
