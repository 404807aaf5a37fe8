//! Large photos: one, some beside each other, and how large.

use super::{say, settle_focus, steps};
use crate::app::command::{Command, Step};
use crate::app::overlay::Overlay;
use crate::app::state::{COMPARED, PhotoId, SURVEYED, State, View, Zoom};

/// Changes how photos are looked at.
pub(super) fn look(state: &mut State, command: Command) {
    let looking = &mut state.looking;
    match command {
        Command::ToggleZoom(place) => {
            looking.zoom = match (looking.zoom.scale, place) {
                (Some(_), _) => Zoom {
                    scale: None,
                    ..looking.zoom
                },
                (None, Some(place)) => Zoom::pixels(place).sound(),
                (None, None) => Zoom::pixels(looking.zoom.centre),
            };
        }
        Command::ZoomTo(zoom) => looking.zoom = zoom.sound(),
        Command::ToggleFilmstrip => looking.filmstrip = !looking.filmstrip,
        Command::NextBackdrop => {
            looking.backdrop = looking.backdrop.next();
            let text = format!("Background: {}", looking.backdrop.label().to_lowercase());
            say(state, text);
        }
        Command::ToggleOverlay(overlay) => {
            looking.overlay = match looking.overlay == overlay {
                true => Overlay::None,
                false => overlay,
            };
        }
        Command::SetBackdrop(backdrop) => looking.backdrop = backdrop,
        _ => {}
    }
}

/// Shows another view of the open shoot.
pub(super) fn show(state: &mut State, view: View) {
    if state.view == View::Welcome || state.shoot.is_empty() || state.view == view {
        return;
    }
    settle_focus(state);
    match view {
        View::Compare => {
            let beside = contenders(state);
            if beside.len() < 2 {
                return say(state, "There is only one photo to compare".to_owned());
            }
            // The first is the one to beat; keys act on the other.
            state.focus = beside.get(1).copied();
            state.looking.beside = beside;
        }
        View::Survey => {
            let beside: Vec<PhotoId> = chosen(state);
            if beside.len() < 2 {
                let text = "Select two or more photos in the grid to survey them";
                return say(state, text.to_owned());
            }
            if beside.len() > SURVEYED {
                let text = format!("A survey holds {SURVEYED} photos at most; these are the first");
                say(state, text);
            }
            state.looking.beside = beside.into_iter().take(SURVEYED).collect();
            if !state
                .focus
                .is_some_and(|id| state.looking.beside.contains(&id))
            {
                state.focus = state.looking.beside.first().copied();
            }
        }
        View::Grid => state.reveal += 1,
        View::Welcome | View::Loupe | View::Calibrate => {}
    }
    if view != View::Grid {
        state.focus_on_best = false;
    }
    state.view = view;
}

/// The selected photos, in the order in which they are shown.
fn chosen(state: &State) -> Vec<PhotoId> {
    let chosen = &state.culling.chosen;
    let shown = state.shoot.shown().iter();
    shown.filter(|id| chosen.contains(id)).copied().collect()
}

/// The photos to compare: two to four that are selected, or the focused one and
/// the next.
fn contenders(state: &State) -> Vec<PhotoId> {
    let chosen = chosen(state);
    if (2..=COMPARED).contains(&chosen.len()) {
        return chosen;
    }
    let shown = state.shoot.shown();
    let place = state.place_of_focus().unwrap_or(0);
    let from = place.min(shown.len().saturating_sub(2));
    shown.iter().skip(from).take(2).copied().collect()
}

/// Goes to another photo among those beside each other; `false` where this is
/// not the view for it.
pub(super) fn go(state: &mut State, step: Step) -> bool {
    let forwards = match step {
        Step::Next | Step::Down | Step::PageDown => true,
        Step::Previous | Step::Up | Step::PageUp => false,
        Step::First | Step::Last => return matches!(state.view, View::Compare | View::Survey),
    };
    match state.view {
        View::Compare if state.looking.beside.len() == 2 => candidate(state, forwards),
        View::Compare | View::Survey => neighbour(state, forwards),
        View::Welcome | View::Grid | View::Loupe | View::Calibrate => return false,
    }
    true
}

/// Another candidate against the one to beat.
fn candidate(state: &mut State, forwards: bool) {
    let &[select, candidate] = state.looking.beside.as_slice() else {
        return;
    };
    let shown = state.shoot.shown();
    let Some(mut place) = state.shoot.place_shown(candidate) else {
        return;
    };
    loop {
        let next = match forwards {
            true => place.checked_add(1).filter(|next| *next < shown.len()),
            false => place.checked_sub(1),
        };
        let Some(next) = next else {
            return;
        };
        place = next;
        if shown[place] != select {
            break;
        }
    }
    let next = shown[place];
    state.looking.beside = vec![select, next];
    state.focus = Some(next);
}

/// The photo beside the focused one.
fn neighbour(state: &mut State, forwards: bool) {
    let beside = &state.looking.beside;
    let last = beside.len().saturating_sub(1);
    let focused = |id| beside.iter().position(|other| *other == id);
    let place = state.focus.and_then(focused).unwrap_or(0);
    let place = match forwards {
        true => (place + 1).min(last),
        false => place.saturating_sub(1),
    };
    state.focus = beside.get(place).copied().or(state.focus);
}

/// The focused photo becomes the one to beat. Where there are two the next
/// candidate takes its place.
pub(super) fn select(state: &mut State) {
    if state.view != View::Compare {
        return;
    }
    let Some(focus) = state.focus else {
        return;
    };
    let beside = &mut state.looking.beside;
    let Some(place) = beside.iter().position(|id| *id == focus) else {
        return;
    };
    if place == 0 {
        return;
    }
    let two = beside.len() == 2;
    beside.swap(0, place);
    state.focus = beside.get(1).copied();
    if two {
        let before = state.looking.beside.clone();
        // The beaten one is not asked again, unless there is no other.
        state.looking.beside = vec![focus, focus];
        candidate(state, true);
        if state.looking.beside[0] == state.looking.beside[1] {
            candidate(state, false);
        }
        if state.looking.beside[0] == state.looking.beside[1] {
            state.looking.beside = before;
        }
        state.focus = state.looking.beside.get(1).copied();
    }
}

/// The one to beat and the focused candidate change places.
pub(super) fn swap(state: &mut State) {
    let beside = &mut state.looking.beside;
    let focused = |id| beside.iter().position(|other| *other == id);
    let place = state.focus.and_then(focused).unwrap_or(1).max(1);
    if state.view == View::Compare && place < beside.len() {
        beside.swap(0, place);
        state.focus = beside.get(place).copied();
    }
}

/// Takes a photo out of the survey or the comparison; its rating stays.
pub(super) fn drop_one(state: &mut State, id: PhotoId) {
    let beside = &mut state.looking.beside;
    let Some(place) = beside.iter().position(|other| *other == id) else {
        return;
    };
    beside.remove(place);
    state.culling.chosen.remove(&id);
    if state.focus == Some(id) {
        let last = beside.len().saturating_sub(1);
        state.focus = beside.get(place.min(last)).copied();
    }
    settle(state);
}

/// Photos that a filter hides, or that were rejected in a survey, leave it.
pub(super) fn settle(state: &mut State) {
    if !matches!(state.view, View::Compare | View::Survey) {
        return;
    }
    let shoot = &state.shoot;
    let beside = &mut state.looking.beside;
    let before = beside.len();
    beside.retain(|id| shoot.place_shown(*id).is_some());
    let least = match state.view {
        View::Compare => 2,
        _ => 1,
    };
    if beside.len() >= least {
        if beside.len() != before && !state.focus.is_some_and(|id| beside.contains(&id)) {
            state.focus = beside.last().copied();
        }
        return;
    }
    let left = beside.first().copied();
    beside.clear();
    state.view = View::Grid;
    state.reveal += 1;
    if let Some(left) = left {
        steps::focus(state, left);
    }
}

/// Compares this photo with the one to beat.
pub(super) fn challenge(state: &mut State, id: PhotoId) {
    let beside = &mut state.looking.beside;
    let focused = |id| beside.iter().position(|other| *other == id);
    if !beside.contains(&id) {
        let place = state.focus.and_then(focused).unwrap_or(1).max(1);
        if let Some(candidate) = beside.get_mut(place) {
            *candidate = id;
        }
    }
    state.focus = Some(id);
}

/// Leaves the view for learning, which has no more to learn for.
pub(super) fn leave(state: &mut State) {
    if state.view == View::Calibrate {
        show(state, View::Grid);
    }
}
