//! Scores for the window: opens the model and runs one job after the other.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::{Mail, SceneTeller, Setup, spawn};
use crate::app::apply::{Message, ModelNews};
use crate::catalog::Catalog;
use crate::engine::models::Source;
use crate::engine::profiles;
use crate::engine::{self, Cancel, Descriptors, Event, Known, Memory, Options, Pictures, Request};
use crate::model::QualityModel;
use crate::report::paths;

/// Longest side in pixels of the small pictures that come with scores: a tile
/// of the usual size on a screen of high density.
pub const THUMBNAIL: u32 = 400;

/// Most bytes of small pictures on disk: those of some twenty thousand photos.
const PICTURES: u64 = 1 << 30;

/// How often a job looks whether it was told to stop.
const TICK: Duration = Duration::from_millis(50);

/// The way to the thread that scores.
#[derive(Debug)]
pub struct ScoringDesk {
    orders: Sender<Order>,
    current: Cancel,
}

#[derive(Debug)]
enum Order {
    /// Score these for the shoot of this number.
    Score {
        shoot: u64,
        paths: Vec<PathBuf>,
        cancel: Cancel,
    },
    /// Score with this model from now on, with a profile if one is named.
    Use(Source, Option<String>),
}

impl ScoringDesk {
    /// Starts the thread, which opens the model first.
    pub fn open(setup: Setup, teller: SceneTeller, mail: Mail) -> Self {
        // The state sends an order when the last is done; one more may follow a
        // shoot that was closed.
        let (orders, incoming) = bounded(8);
        let desk = Self {
            orders,
            current: Cancel::default(),
        };
        let (post, source) = (Arc::clone(&mail), setup.model.clone());
        if let Err(error) = spawn("keepers-desk", move || {
            run(&setup, &teller, &incoming, &post)
        }) {
            let reason = format!("the system gave no thread to score on: {error}");
            mail.send(Message::Models(ModelNews::Opened {
                source,
                profile: None,
                model: Err(reason),
                scenes: false,
            }));
        }
        desk
    }

    /// Scores `paths` for the shoot of this number.
    ///
    /// # Errors
    /// A reason when the thread takes no orders.
    pub fn score(&mut self, shoot: u64, paths: Vec<PathBuf>) -> Result<(), String> {
        self.current = Cancel::default();
        let cancel = self.current.clone();
        self.order(Order::Score {
            shoot,
            paths,
            cancel,
        })
    }

    /// Opens another model to score with from now on, with a profile if one is
    /// named.
    ///
    /// # Errors
    /// A reason when the thread takes no orders.
    pub fn use_model(&self, source: Source, profile: Option<String>) -> Result<(), String> {
        self.order(Order::Use(source, profile))
    }

    fn order(&self, order: Order) -> Result<(), String> {
        let busy = "Scoring is still busy with what was closed; try again";
        self.orders.try_send(order).map_err(|_| busy.to_owned())
    }

    /// Stops the order that came last.
    pub fn stop(&self) {
        self.current.cancel();
    }
}

impl Drop for ScoringDesk {
    fn drop(&mut self) {
        self.stop();
    }
}

/// An open model and its memory.
struct Opened {
    model: Arc<dyn QualityModel>,
    known: Option<Arc<dyn Known>>,
}

fn run(setup: &Setup, teller: &SceneTeller, orders: &Receiver<Order>, mail: &Mail) {
    let mut opened = Err("no model is open yet".to_owned());
    let (model, profile) = (setup.model.clone(), setup.profile.clone());
    if !use_model(setup, teller, model, profile, &mut opened, mail) {
        return;
    }
    for order in orders {
        let sent = match order {
            Order::Use(source, profile) => {
                use_model(setup, teller, source, profile, &mut opened, mail)
            }
            Order::Score {
                shoot,
                paths,
                cancel,
            } => match &opened {
                Ok(opened) => score(shoot, paths, &cancel, opened, mail),
                Err(reason) => mail.send(Message::ScoringFailed {
                    shoot,
                    reason: format!("Nothing can be scored: {reason}"),
                }),
            },
        };
        if !sent {
            return;
        }
    }
}

/// Opens a model; the one before stays where that fails. `false` when the
/// window is gone.
fn use_model(
    setup: &Setup,
    teller: &SceneTeller,
    source: Source,
    mut profile: Option<String>,
    opened: &mut Result<Opened, String>,
    mail: &Mail,
) -> bool {
    let mut scenes = false;
    let open = |profile: Option<&String>| {
        let named = profile.map(Path::new);
        profiles::open(&source, setup.device, named, setup.home.as_ref())
    };
    let mut tried = open(profile.as_ref());
    // Nothing is open yet: a remembered profile that cannot be used any more must
    // not keep the window from scoring.
    if let (Err(error), Some(_), Err(_)) = (&tried, &profile, &*opened) {
        mail.send(Message::Problem(format!(
            "The profile is left out: {error}"
        )));
        profile = None;
        tried = open(None);
    }
    let model = match tried {
        Ok(profiles::Opened { model, profile }) => {
            let info = model.info().clone();
            let known = memory(setup, &*model, profile, mail);
            scenes = teller.set(&model);
            *opened = Ok(Opened { model, known });
            Ok(info)
        }
        Err(error) => {
            let reason = error.to_string();
            if let Err(before) = opened {
                before.clone_from(&reason);
            }
            Err(reason)
        }
    };
    mail.send(Message::Models(ModelNews::Opened {
        source,
        profile,
        model,
        scenes,
    }))
}

/// What was scored before. Where the catalog cannot be used that is said, and
/// scoring does without.
fn memory(
    setup: &Setup,
    model: &dyn QualityModel,
    profile: Option<String>,
    mail: &Mail,
) -> Option<Arc<dyn Known>> {
    let file = setup.catalog_file()?;
    let problem = |text: String| {
        mail.send(Message::Problem(text));
    };
    match Catalog::open(&file) {
        Ok(opened) => {
            if let Some(aside) = opened.set_aside {
                problem(format!(
                    "The catalog was damaged; it is now {}, and a new one is begun",
                    paths::shown(&aside)
                ));
            }
            let home = setup.home.as_ref()?;
            let describing = model.describing();
            let memory = Memory::new(opened.catalog, &model.info().identity)
                .with_profile(profile)
                .with_descriptors(describing.map(|it| Descriptors::of_user(home, it)));
            let folder = home.cache.join("pictures");
            Some(Arc::new(
                memory.with_pictures(Pictures::new(&folder, PICTURES)),
            ))
        }
        Err(error) => {
            problem(format!(
                "{error}; scores are neither taken from it nor kept"
            ));
            None
        }
    }
}

/// Runs one job to its end. `false` when the window is gone.
fn score(shoot: u64, paths: Vec<PathBuf>, cancel: &Cancel, opened: &Opened, mail: &Mail) -> bool {
    let Opened { model, known } = opened;
    let request = Request {
        paths,
        recursive: true,
        thumbnail: Some(THUMBNAIL),
    };
    let job = engine::start_knowing(
        request,
        Arc::clone(model),
        Options::default(),
        known.clone(),
    );
    loop {
        if cancel.is_cancelled() {
            job.cancel.cancel();
        }
        match job.events.recv_timeout(TICK) {
            Ok(event) => {
                let last = matches!(event, Event::Finished(_));
                if !mail.send(Message::Scoring { shoot, event }) {
                    return false;
                }
                if last {
                    return true;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                let reason = "Scoring stopped before its end; please report this".to_owned();
                return mail.send(Message::ScoringFailed { shoot, reason });
            }
        }
    }
}
