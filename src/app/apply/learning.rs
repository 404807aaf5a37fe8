//! Learning the user's eye: ratings go to the tutor, what it learned comes back.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Effect, looking, models, problem, say};
use crate::app::command::Step;
use crate::app::state::{Learning, Lesson, Phase, PhotoId, Point, State, TARGET, View};
use crate::engine::Progress;
use crate::engine::models::Source;

/// What has to be done to learn.
#[derive(Debug)]
pub enum LearnErrand {
    /// Have the network look at photos.
    Begin {
        /// [`Learning::number`].
        number: u64,
        /// The model that is to learn.
        source: Source,
        /// The photos and their files.
        photos: Vec<(PhotoId, PathBuf)>,
    },
    /// Learn from these ratings, and say which photos to rate next.
    Teach {
        /// [`Learning::number`].
        number: u64,
        /// The ratings, higher being better.
        labels: BTreeMap<PhotoId, f64>,
        /// So many photos are to be proposed.
        count: usize,
    },
    /// Keep what was learned last as a profile.
    Keep {
        /// Its name.
        name: String,
        /// Whether one of that name is replaced.
        replace: bool,
    },
    /// Stop looking at photos.
    Stop,
}

/// What the tutor has to say.
#[derive(Debug)]
pub enum LearnNews {
    /// How far looking at photos is.
    Progress {
        /// [`Learning::number`].
        number: u64,
        /// Photos.
        progress: Progress,
    },
    /// All photos were looked at: how many could not be, or why none could.
    Described {
        /// [`Learning::number`].
        number: u64,
        /// What came of it.
        result: Result<usize, String>,
    },
    /// A lesson was learned.
    Learned {
        /// [`Learning::number`].
        number: u64,
        /// Photos to rate next, the most useful first.
        proposals: Vec<PhotoId>,
        /// Whether rating those still helps.
        helps: bool,
        /// What came of it.
        lesson: Lesson,
    },
    /// What became of keeping a profile: its name, or why it was not kept.
    Kept {
        /// Its name.
        name: String,
        /// The reason where it was not kept, and whether that is one of its name.
        result: Result<(), (String, bool)>,
    },
}

fn errand(errand: LearnErrand) -> Vec<Effect> {
    vec![Effect::Learn(errand)]
}

/// Opens the view, and has the network look at the photos where it has not.
pub(super) fn begin(state: &mut State) -> Vec<Effect> {
    looking::show(state, View::Calibrate);
    if state.view != View::Calibrate {
        return Vec::new();
    }
    match state.learning.phase {
        Phase::Off | Phase::Failed(_) => start(state),
        Phase::Describing(_) | Phase::Ready { .. } => Vec::new(),
    }
}

fn start(state: &mut State) -> Vec<Effect> {
    let photos: Vec<(PhotoId, PathBuf)> = state
        .shoot
        .order()
        .iter()
        .filter_map(|id| {
            let photo = state.shoot.photo(*id)?;
            let usable = photo.problem().is_none();
            usable.then(|| (*id, photo.path.clone()))
        })
        .collect();
    let number = state.learning.number + 1;
    state.learning = Learning {
        number,
        phase: Phase::Describing(None),
        name: match state.learning.name.is_empty() {
            true => "mine".to_owned(),
            false => state.learning.name.clone(),
        },
        ..Learning::default()
    };
    errand(LearnErrand::Begin {
        number,
        source: state.models.in_use.clone(),
        photos,
    })
}

/// Ends it; what was begun is for nobody.
pub(super) fn end(state: &mut State) -> Vec<Effect> {
    let running = state.learning.phase != Phase::Off;
    state.learning = Learning {
        number: state.learning.number + 1,
        name: std::mem::take(&mut state.learning.name),
        ..Learning::default()
    };
    match running {
        true => errand(LearnErrand::Stop),
        false => Vec::new(),
    }
}

/// The ratings there are to learn from.
pub(super) fn labels(state: &State) -> BTreeMap<PhotoId, f64> {
    let photos = state.shoot.order().iter();
    photos
        .filter_map(|id| Some((*id, state.shoot.photo(*id)?.taste()?)))
        .collect()
}

/// Has the tutor learn where ratings have changed since the last lesson.
pub(super) fn wish(state: &mut State) -> Vec<Effect> {
    let learning = &state.learning;
    let ready = matches!(learning.phase, Phase::Ready { .. });
    if state.view != View::Calibrate || !ready || learning.studying {
        return Vec::new();
    }
    let labels = labels(state);
    if learning.lesson.is_some() && labels == learning.told {
        return Vec::new();
    }
    let learning = &mut state.learning;
    learning.told.clone_from(&labels);
    learning.studying = true;
    // Past the target a few at a time.
    let count = TARGET.saturating_sub(labels.len()).max(6);
    errand(LearnErrand::Teach {
        number: learning.number,
        labels,
        count,
    })
}

/// Goes to the photo proposed after or before the focused one.
pub(super) fn go(state: &mut State, step: Step) {
    let proposals = &state.learning.proposals;
    let place = state
        .focus
        .and_then(|focus| proposals.iter().position(|id| *id == focus));
    let last = proposals.len().saturating_sub(1);
    let to = match (step, place) {
        (_, None) | (Step::First, _) => 0,
        (Step::Last, _) => last,
        (Step::Next | Step::Down | Step::PageDown, Some(place)) => (place + 1).min(last),
        (Step::Previous | Step::Up | Step::PageUp, Some(place)) => place.saturating_sub(1),
    };
    state.focus = proposals.get(to).copied().or(state.focus);
}

/// After a rating: the next proposed photo that has none.
pub(super) fn advance(state: &mut State) {
    let unrated = |id: &PhotoId| {
        let photo = state.shoot.photo(*id);
        photo.is_some_and(|photo| photo.taste().is_none())
    };
    let rated = state.focus.is_some_and(|id| !unrated(&id));
    if rated && let Some(next) = state.learning.proposals.iter().copied().find(unrated) {
        state.focus = Some(next);
    }
}

/// Keeps what was learned under the name that was typed.
pub(super) fn keep(state: &mut State) -> Vec<Effect> {
    let learning = &mut state.learning;
    learning.problem = None;
    errand(LearnErrand::Keep {
        name: learning.name.trim().to_owned(),
        replace: std::mem::take(&mut learning.replace),
    })
}

/// Takes in what the tutor says.
pub(super) fn receive(state: &mut State, news: LearnNews) -> Vec<Effect> {
    let learning = &mut state.learning;
    match news {
        LearnNews::Progress { number, progress } if number == learning.number => {
            learning.phase = Phase::Describing(Some(progress));
        }
        LearnNews::Described { number, result } if number == learning.number => {
            learning.phase = match result {
                Ok(failed) => Phase::Ready { failed },
                Err(reason) => Phase::Failed(reason),
            };
        }
        LearnNews::Learned {
            number,
            proposals,
            helps,
            lesson,
        } if number == learning.number => learned(state, proposals, helps, lesson),
        // Of a shoot or model that is no longer open.
        LearnNews::Progress { .. } | LearnNews::Described { .. } | LearnNews::Learned { .. } => {}
        LearnNews::Kept {
            name,
            result: Ok(()),
        } => {
            say(state, format!("Kept your eye as \"{name}\""));
            // One of that name may be in use, with what was learned before.
            if state.models.profile.as_ref() == Some(&name) {
                state.models.profile = None;
            }
            let mut effects = models::list(state);
            effects.extend(models::use_profile(state, Some(name)));
            return effects;
        }
        LearnNews::Kept {
            result: Err((reason, taken)),
            ..
        } => {
            learning.replace = taken;
            match state.view {
                View::Calibrate => learning.problem = Some(reason),
                _ => problem(state, reason),
            }
        }
    }
    Vec::new()
}

fn learned(state: &mut State, proposals: Vec<PhotoId>, helps: bool, lesson: Lesson) {
    let learning = &mut state.learning;
    learning.studying = false;
    learning.helps = helps;
    if let Ok(report) = &lesson.report {
        learning.curve.retain(|point| point.labels < lesson.labels);
        learning.curve.push(Point {
            labels: lesson.labels,
            before: report.uncalibrated.srcc,
            after: report.calibrated.srcc,
        });
    }
    learning.lesson = Some(lesson);
    // The photo that is being looked at stays, unless it is rated.
    let looked_at = state.focus.filter(|id| {
        let photo = state.shoot.photo(*id);
        learning.proposals.contains(id) && photo.is_some_and(|photo| photo.taste().is_none())
    });
    let others = proposals.into_iter().filter(|id| Some(*id) != looked_at);
    learning.proposals = looked_at.into_iter().chain(others).collect();
    if state.view == View::Calibrate && looked_at.is_none() {
        state.focus = learning.proposals.first().copied().or(state.focus);
    }
}
