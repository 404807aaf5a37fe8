//! Moving and copying files: planned first, shown, then done, and undone as
//! ratings are.

use std::path::PathBuf;

use super::{Effect, RatingErrand, say};
use crate::app::state::{Choice, Outcome, Panel, Photo, PhotoId, State, Working};
use crate::catalog::moves::{Carried, Kind, OnConflict, Plan, REJECTED, Request};
use crate::engine::{Cancel, Progress};
use crate::metadata::xmp::Flag;
use crate::report::{paths, wording};

/// What there is to say about files on their way.
#[derive(Debug)]
pub enum FileNews {
    /// What would happen.
    Planned {
        /// [`Acts::asked`](crate::app::state::Acts::asked).
        number: u64,
        /// The plan, or why there is none.
        plan: Result<Plan, String>,
    },
    /// How far it is.
    Progress(Progress),
    /// It is over.
    Carried {
        /// What came of it.
        result: Result<Carried, String>,
        /// Photos of the open shoot, and where they are now; `None` in the bin.
        photos: Vec<(PhotoId, Option<PathBuf>)>,
    },
}

/// The photos of the open shoot with this flag.
pub fn flagged(state: &State, flag: Flag) -> impl Iterator<Item = &Photo> {
    let photos = state.shoot.order().iter();
    photos
        .filter_map(|id| state.shoot.photo(*id))
        .filter(move |photo| photo.rating.flag == Some(flag))
}

/// Finds out what would happen.
pub(super) fn choose(state: &mut State, choice: Choice) -> Vec<Effect> {
    state.panel = Some(Panel::Files);
    state.acts.choice = Some(choice);
    state.acts.on_conflict = OnConflict::default();
    plan(state)
}

pub(super) fn on_conflict(state: &mut State, on_conflict: OnConflict) -> Vec<Effect> {
    state.acts.on_conflict = on_conflict;
    plan(state)
}

fn plan(state: &mut State) -> Vec<Effect> {
    let Some(choice) = &state.acts.choice else {
        return Vec::new();
    };
    let request = Request {
        photos: flagged(state, choice.flag())
            .map(|photo| photo.path.clone())
            .collect(),
        destination: choice.destination(),
        copy: choice.copies(),
        on_conflict: state.acts.on_conflict,
    };
    let acts = &mut state.acts;
    acts.asked += 1;
    (acts.plan, acts.outcome) = (None, None);
    let number = acts.asked;
    vec![Effect::Ratings(RatingErrand::Plan { number, request })]
}

/// Does what was planned.
pub(super) fn carry_out(state: &mut State) -> Vec<Effect> {
    let acts = &mut state.acts;
    let ready = matches!(&acts.plan, Some(Ok(plan)) if !plan.is_blocked());
    // What is being scored would not be found.
    if acts.working.is_some() || !ready || state.scoring.is_some() {
        return Vec::new();
    }
    let (Some(choice), Some(Ok(plan))) = (acts.choice.take(), acts.plan.take()) else {
        return Vec::new();
    };
    let cancel = Cancel::default();
    acts.working = Some(Working {
        progress: None,
        cancel: cancel.clone(),
        stopping: false,
    });
    let command = command(&choice, plan.photos());
    vec![Effect::Ratings(RatingErrand::CarryOut {
        plan: Box::new(plan),
        command,
        cancel,
    })]
}

/// In words, as the journal has it.
fn command(choice: &Choice, photos: usize) -> String {
    let photos = wording::counted(photos, "photo");
    match choice {
        Choice::CopyPicks(folder) => {
            format!("copied {photos} (picked) to {}", paths::shown(folder))
        }
        Choice::MovePicks(folder) => format!("moved {photos} (picked) to {}", paths::shown(folder)),
        Choice::RejectsAside => format!("moved {photos} (rejected) to {REJECTED}"),
        Choice::RejectsToBin => format!("moved {photos} (rejected) to the bin"),
    }
}

/// Stops what is under way.
pub(super) fn stop(state: &mut State) {
    if let Some(working) = &mut state.acts.working {
        working.stopping = true;
        working.cancel.cancel();
    }
}

/// Takes in what happened to files.
pub(super) fn receive(state: &mut State, news: FileNews) {
    match news {
        FileNews::Planned { number, plan } => {
            if number == state.acts.asked && state.acts.choice.is_some() {
                state.acts.plan = Some(plan);
            }
        }
        FileNews::Progress(progress) => {
            if let Some(working) = &mut state.acts.working {
                working.progress = Some(progress);
            }
        }
        FileNews::Carried { result, photos } => {
            state.acts.working = None;
            follow(state, photos);
            let outcome = match result {
                Ok(carried) => outcome(&carried),
                Err(reason) => Outcome {
                    text: "Nothing went".to_owned(),
                    failed: vec![reason],
                },
            };
            say(state, outcome.text.clone());
            state.acts.outcome = Some(outcome);
        }
    }
}

/// The shoot's photos are where they went.
pub(super) fn follow(state: &mut State, photos: Vec<(PhotoId, Option<PathBuf>)>) {
    for (id, to) in photos {
        state.shoot.relocate(id, to);
    }
}

fn outcome(carried: &Carried) -> Outcome {
    let went = carried.went.iter();
    let photos = went.filter(|went| went.kind == Kind::Photo).count();
    let others = carried.went.len() - photos;
    let mut text = format!("{} went", wording::counted(photos, "photo"));
    if others > 0 {
        text += &format!(", with {}", wording::counted(others, "sidecar"));
    }
    if carried.cancelled {
        text += "; then it was stopped";
    }
    if !carried.failed.is_empty() {
        text += &format!(
            "; {} did not",
            wording::counted(carried.failed.len(), "file")
        );
    }
    Outcome {
        text,
        failed: carried
            .failed
            .iter()
            .map(|it| format!("{}: {}", paths::shown(&it.path), paths::clean(&it.reason)))
            .collect(),
    }
}
