//! Opening, scoring, stopping and closing.

use std::path::{Path, PathBuf};

use super::{Effect, RatingErrand, learning, problem};
use crate::app::settings;
use crate::app::state::{Culling, Filter, ModelState, Scoring, State, View, Zoom, name};
use crate::engine::Event;
use crate::report::{paths, wording};

/// Files and folders that are remembered as one shoot, at most: thousands of
/// single files that were dropped are not.
const REMEMBERED: usize = 64;

pub(super) fn open(state: &mut State, paths: Vec<PathBuf>) -> Vec<Effect> {
    if paths.is_empty() {
        return Vec::new();
    }
    if state.view == View::Welcome {
        state.view = View::Grid;
        state.shoot.title = title(&paths);
        state.habits.opened.clear();
        if paths.len() <= REMEMBERED {
            settings::remember(&mut state.habits.recent, &state.shoot.title, &paths);
        }
    } else if state.shoot.title != title(&paths) && !state.shoot.title.ends_with(" and more") {
        state.shoot.title += " and more";
    }
    let opened = &mut state.habits.opened;
    if opened.len() + paths.len() <= REMEMBERED {
        let new = paths.iter().filter(|path| !opened.contains(path));
        let new: Vec<PathBuf> = new.cloned().collect();
        opened.extend(new);
    }
    score(state, paths)
}

/// What a shoot of these is called.
fn title(paths: &[PathBuf]) -> String {
    match paths {
        [one] => name(one),
        [first, rest @ ..] => {
            let folder = first.parent();
            let together = rest.iter().all(|path| path.parent() == folder);
            match folder.and_then(Path::file_name).filter(|_| together) {
                Some(folder) => paths::shown(Path::new(folder)),
                None => wording::counted(paths.len(), "place"),
            }
        }
        [] => String::new(),
    }
}

/// Scores `paths` now, or once what is being scored is done.
pub(super) fn score(state: &mut State, paths: Vec<PathBuf>) -> Vec<Effect> {
    if paths.is_empty() {
        return Vec::new();
    }
    if let ModelState::Failed(reason) = &state.model {
        let text = format!("Nothing can be scored: {reason}");
        problem(state, text);
        return Vec::new();
    }
    state.queue.push_back(paths);
    if state.scoring.is_some() {
        return Vec::new();
    }
    next_job(state)
}

fn next_job(state: &mut State) -> Vec<Effect> {
    let Some(paths) = state.queue.pop_front() else {
        return Vec::new();
    };
    state.stopped = false;
    state.scoring = Some(Scoring {
        photos: Vec::new(),
        progress: None,
        stopping: false,
    });
    vec![Effect::Score {
        shoot: state.shoot.number,
        paths,
    }]
}

pub(super) fn stop(state: &mut State) -> Vec<Effect> {
    state.queue.clear();
    match &mut state.scoring {
        Some(scoring) => {
            scoring.stopping = true;
            vec![Effect::StopScoring]
        }
        None => Vec::new(),
    }
}

pub(super) fn close(state: &mut State) -> Vec<Effect> {
    state.shoot = state.shoot.next();
    state.queue.clear();
    state.view = View::Welcome;
    (state.focus, state.focus_on_best) = (None, true);
    state.culling = Culling {
        orders: state.culling.orders,
        auto_advance: state.culling.auto_advance,
        flash: state.culling.flash.clone(),
        ..Culling::default()
    };
    state.find.filter = Filter::default();
    state.habits.opened.clear();
    state.looking.beside.clear();
    state.looking.zoom = Zoom::FIT;
    (state.panel, state.notice) = (None, None);
    (state.scoring, state.stopped) = (None, false);
    let mut effects = learning::end(state);
    effects.extend([Effect::StopScoring, Effect::ForgetPictures]);
    effects
}

pub(super) fn receive(state: &mut State, event: Event) -> Vec<Effect> {
    let Some(scoring) = &mut state.scoring else {
        return Vec::new();
    };
    match event {
        Event::Scanned(scan) => {
            let nothing = scan.photos.is_empty();
            let photos = state.shoot.add(scan.photos.clone());
            scoring.photos.clone_from(&photos);
            if nothing && state.shoot.is_empty() {
                problem(state, "No photos were found there".to_owned());
            }
            if !nothing {
                let errand = RatingErrand::Read {
                    shoot: state.shoot.number,
                    photos: photos.into_iter().zip(scan.photos).collect(),
                };
                return vec![Effect::Ratings(errand)];
            }
        }
        Event::Photo(photo) => {
            let Some(&id) = scoring.photos.get(photo.index) else {
                return Vec::new();
            };
            let mut outcome = photo.outcome;
            // Pictures are kept where they can be let go again.
            let thumbnail = outcome.as_mut().ok().and_then(|s| s.thumbnail.take());
            state.shoot.set(id, outcome);
            return thumbnail
                .map(|thumbnail| Effect::KeepThumbnail(id, thumbnail))
                .into_iter()
                .collect();
        }
        Event::Progress(progress) => scoring.progress = Some(progress),
        Event::Finished(summary) => {
            state.scoring = None;
            state.stopped = summary.cancelled;
            return next_job(state);
        }
    }
    Vec::new()
}
