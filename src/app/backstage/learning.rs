//! The tutor: asks the network about photos once, and learns from ratings as
//! they come.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::{Mail, Setup, spawn};
use crate::app::apply::{LearnErrand, LearnNews, Message};
use crate::app::state::{Expected, Lesson, Mover, PhotoId};
use crate::catalog::Catalog;
use crate::engine::calibration::Calibration;
use crate::engine::models::{self, Device, Source};
use crate::engine::profiles::{self, ProfilesError};
use crate::engine::{Cancel, Descriptors, Known, Progress, Seen};
use crate::guard::guarded;
use crate::home::Home;
use crate::learning::calibrate::check::Report;
use crate::learning::calibrate::taste::Taste;
use crate::model::QualityModel;
use crate::model::compact::CompactModel;
use crate::report::dates;

/// Photos that move up, and that move down, which are shown.
const MOVERS: usize = 4;

/// The way to the thread that learns.
#[derive(Debug)]
pub struct Tutor {
    orders: Sender<Order>,
    current: Cancel,
}

#[derive(Debug)]
enum Order {
    Begin {
        number: u64,
        source: Source,
        photos: Vec<(PhotoId, PathBuf)>,
        cancel: Cancel,
    },
    Teach {
        number: u64,
        labels: BTreeMap<PhotoId, f64>,
        count: usize,
    },
    Keep {
        name: String,
        replace: bool,
    },
}

impl Tutor {
    /// Starts the thread.
    pub fn open(setup: Setup, mail: Mail) -> Self {
        let (orders, incoming) = bounded(64);
        let post = Arc::clone(&mail);
        if let Err(error) = spawn("keepers-tutor", move || run(&setup, &incoming, &mail)) {
            post.send(Message::Problem(format!(
                "Nothing can be learned: the system gave no thread for it: {error}"
            )));
        }
        Self {
            orders,
            current: Cancel::default(),
        }
    }

    /// Orders something.
    ///
    /// # Errors
    /// A reason when the thread takes no orders.
    pub fn order(&mut self, errand: LearnErrand) -> Result<(), String> {
        let order = match errand {
            LearnErrand::Begin {
                number,
                source,
                photos,
            } => {
                self.current.cancel();
                self.current = Cancel::default();
                Order::Begin {
                    number,
                    source,
                    photos,
                    cancel: self.current.clone(),
                }
            }
            LearnErrand::Teach {
                number,
                labels,
                count,
            } => Order::Teach {
                number,
                labels,
                count,
            },
            LearnErrand::Keep { name, replace } => Order::Keep { name, replace },
            LearnErrand::Stop => {
                self.current.cancel();
                return Ok(());
            }
        };
        let busy = "learning is still busy with what was closed; try again in a moment";
        self.orders.try_send(order).map_err(|_| busy.to_owned())
    }
}

impl Drop for Tutor {
    fn drop(&mut self) {
        self.current.cancel();
    }
}

/// Photos that were looked at, and what was learned last.
struct Class {
    number: u64,
    calibration: Calibration,
    /// The photos by their places in the calibration.
    photos: Vec<PhotoId>,
    places: BTreeMap<PhotoId, usize>,
    learned: Option<(Taste, Report)>,
}

fn run(setup: &Setup, orders: &Receiver<Order>, mail: &Mail) {
    let mut class: Option<Class> = None;
    for order in orders {
        let sent = match order {
            Order::Begin {
                number,
                source,
                photos,
                cancel,
            } => {
                // The one before is not needed while the next is made.
                class = None;
                let begun = guarded(|| begin(setup, number, &source, photos, &cancel, mail))
                    .unwrap_or_else(|panic| Err(format!("looking at photos broke down: {panic}")));
                let result = match begun {
                    Ok(None) => continue,
                    Ok(Some((begun, failed))) => {
                        class = Some(begun);
                        Ok(failed)
                    }
                    Err(reason) => Err(reason),
                };
                mail.send(Message::Learn(LearnNews::Described { number, result }))
            }
            Order::Teach {
                number,
                labels,
                count,
            } => match class.as_mut().filter(|class| class.number == number) {
                Some(class) => mail.send(Message::Learn(class.teach(&labels, count))),
                None => true,
            },
            Order::Keep { name, replace } => {
                let result = match (&class, &setup.home) {
                    (Some(class), Some(home)) => class.keep(&name, replace, home),
                    (None, _) => Err(("nothing was learned yet".to_owned(), false)),
                    (_, None) => {
                        let reason = "the system names no folder to keep profiles in";
                        Err((reason.to_owned(), false))
                    }
                };
                mail.send(Message::Learn(LearnNews::Kept { name, result }))
            }
        };
        if !sent {
            return;
        }
    }
}

/// Asks the network about photos; `None` when it was cancelled. The number is
/// how many could not be looked at.
fn begin(
    setup: &Setup,
    number: u64,
    source: &Source,
    photos: Vec<(PhotoId, PathBuf)>,
    cancel: &Cancel,
    mail: &Mail,
) -> Result<Option<(Class, usize)>, String> {
    let model = models::open_compact(source, Device::Cpu).map_err(|error| error.to_string())?;
    let by_path: BTreeMap<PathBuf, PhotoId> = photos
        .iter()
        .map(|(id, path)| (path.clone(), *id))
        .collect();
    let paths: Vec<PathBuf> = photos.into_iter().map(|(_, path)| path).collect();
    let mut progress = |progress: &Progress| {
        let progress = *progress;
        mail.send(Message::Learn(LearnNews::Progress { number, progress }));
    };
    // What was scored with this network was looked at then.
    let known = seen(setup, &model);
    let known = known.as_ref().map(|known| known as &dyn Known);
    let described = Calibration::describe_knowing(&model, &paths, known, cancel, &mut progress);
    let Some((calibration, failed)) = described else {
        return Ok(None);
    };
    let photos: Vec<PhotoId> = calibration
        .paths()
        .iter()
        .filter_map(|path| by_path.get(path).copied())
        .collect();
    let places = photos.iter().enumerate().map(|(place, id)| (*id, place));
    let class = Class {
        number,
        places: places.collect(),
        calibration,
        photos,
        learned: None,
    };
    Ok(Some((class, failed.len())))
}

/// What is known of photos that were looked at before.
fn seen(setup: &Setup, model: &CompactModel) -> Option<Seen> {
    let home = setup.home.as_ref()?;
    let descriptors = Descriptors::of_user(home, model.describing()?);
    // Where it cannot be used, that is said when scoring.
    let file = setup.catalog_file();
    let catalog = file.and_then(|file| Catalog::open_existing(&file).ok().flatten());
    Some(Seen::new(descriptors, catalog))
}

impl Class {
    fn teach(&mut self, labels: &BTreeMap<PhotoId, f64>, count: usize) -> LearnNews {
        for (id, place) in &self.places {
            self.calibration.rate(*place, labels.get(id).copied());
        }
        let calibration = &self.calibration;
        let learned = calibration
            .taste()
            .and_then(|taste| Ok((taste, calibration.judge()?)));
        let mut expected = Vec::new();
        let (movers, report) = match learned {
            Ok((taste, (report, judged))) => {
                let movers = self.movers(&taste);
                expected = self.expected(&judged);
                self.learned = Some((taste, report));
                (movers, Ok(report))
            }
            Err(reason) => {
                self.learned = None;
                (Vec::new(), Err(reason.to_string()))
            }
        };
        let proposal = self.calibration.propose(&[], count);
        let photo = |place: &usize| self.photos.get(*place).copied();
        LearnNews::Learned {
            number: self.number,
            helps: proposal.helps(),
            proposals: proposal.photos.iter().filter_map(photo).collect(),
            lesson: Lesson {
                labels: self.calibration.labels().len(),
                report,
                movers,
                expected,
            },
        }
    }

    fn expected(&self, judged: &[(usize, f64)]) -> Vec<Expected> {
        let labels = self.calibration.labels();
        let of = |&(place, expected): &(usize, f64)| {
            Some(Expected {
                photo: *self.photos.get(place)?,
                label: *labels.get(&place)?,
                expected,
            })
        };
        judged.iter().filter_map(of).collect()
    }

    /// The photos whose place changes most.
    fn movers(&self, taste: &Taste) -> Vec<Mover> {
        let Ok(after) = self.calibration.scores(taste) else {
            return Vec::new();
        };
        let after: Vec<f64> = after.iter().map(|score| score.value()).collect();
        let before: Vec<f64> = self
            .calibration
            .photos()
            .iter()
            .map(|it| it.margin)
            .collect();
        let (before, after) = (ranks(&before), ranks(&after));
        let mut movers: Vec<Mover> = self
            .photos
            .iter()
            .zip(before.into_iter().zip(after))
            .map(|(photo, (before, after))| Mover {
                photo: *photo,
                before,
                after,
            })
            .collect();
        movers.sort_by_key(|mover| mover.after as i64 - mover.before as i64);
        movers.retain(|mover| mover.after != mover.before);
        let rising = movers.iter().filter(|it| it.after < it.before).take(MOVERS);
        let falling = movers.iter().rev().filter(|it| it.after > it.before);
        rising.chain(falling.take(MOVERS)).copied().collect()
    }

    fn keep(&self, name: &str, replace: bool, home: &Home) -> Result<(), (String, bool)> {
        let Some((taste, report)) = &self.learned else {
            return Err(("nothing was learned yet".to_owned(), false));
        };
        let date = dates::today();
        let kept = self
            .calibration
            .profile(name, date, taste.clone(), *report)
            .and_then(|profile| profiles::keep(&profile, replace, home));
        match kept {
            Ok(_) => Ok(()),
            Err(error @ ProfilesError::Exists(_)) => {
                let reason = format!("There is already a profile \"{name}\".");
                tracing::debug!("{error}");
                Err((reason, true))
            }
            Err(error) => Err((error.to_string(), false)),
        }
    }
}

/// The places of values, the highest first, from 1.
fn ranks(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    let mut ranks = vec![0; values.len()];
    for (rank, index) in order.into_iter().enumerate() {
        ranks[index] = rank + 1;
    }
    ranks
}
