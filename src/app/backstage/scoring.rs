//! Scores for the window: opens the model once and runs one job after the
//! other.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::{Mail, Setup, spawn};
use crate::app::apply::Message;
use crate::catalog::Catalog;
use crate::engine::{self, Cancel, Event, Known, Memory, Options, Pictures, Request, models};
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
struct Order {
    shoot: u64,
    paths: Vec<PathBuf>,
    cancel: Cancel,
}

impl ScoringDesk {
    /// Starts the thread, which opens the model first.
    pub fn open(setup: Setup, mail: Mail) -> Self {
        // The state sends an order when the last is done; one more may follow a
        // shoot that was closed.
        let (orders, incoming) = bounded(8);
        let desk = Self {
            orders,
            current: Cancel::default(),
        };
        let post = Arc::clone(&mail);
        if let Err(error) = spawn("keepers-desk", move || run(&setup, &incoming, &post)) {
            let reason = format!("the system gave no thread to score on: {error}");
            mail.send(Message::Model(Err(reason)));
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
        self.orders
            .try_send(Order {
                shoot,
                paths,
                cancel,
            })
            .map_err(|_| "Scoring is still busy with what was closed; try again".to_owned())
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

fn run(setup: &Setup, orders: &Receiver<Order>, mail: &Mail) {
    let model = models::open(&setup.model, setup.device).map_err(|error| error.to_string());
    let info = model.as_ref().map(|model| model.info().clone());
    if !mail.send(Message::Model(info.map_err(Clone::clone))) {
        return;
    }
    let known = match &model {
        Ok(model) => memory(setup, &model.info().identity, mail),
        Err(_) => None,
    };
    for order in orders {
        let sent = match &model {
            Ok(model) => score(order, model, known.clone(), mail),
            Err(reason) => mail.send(Message::ScoringFailed {
                shoot: order.shoot,
                reason: format!("Nothing can be scored: {reason}"),
            }),
        };
        if !sent {
            return;
        }
    }
}

/// What was scored before. Where the catalog cannot be used that is said, and
/// scoring does without.
fn memory(setup: &Setup, model: &str, mail: &Mail) -> Option<Arc<dyn Known>> {
    let file = Catalog::file_in(&setup.home.as_ref()?.catalog);
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
            let memory = Memory::new(opened.catalog, model);
            let folder = setup.home.as_ref()?.cache.join("pictures");
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
fn score(
    order: Order,
    model: &Arc<dyn QualityModel>,
    known: Option<Arc<dyn Known>>,
    mail: &Mail,
) -> bool {
    let shoot = order.shoot;
    let request = Request {
        paths: order.paths,
        recursive: true,
        thumbnail: Some(THUMBNAIL),
    };
    let job = engine::start_knowing(request, Arc::clone(model), Options::default(), known);
    loop {
        if order.cancel.is_cancelled() {
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
