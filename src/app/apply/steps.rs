//! Going from photo to photo, and selecting some.

use super::{learning, looking, settle_focus};
use crate::app::command::Step;
use crate::app::state::{Photo, PhotoId, State, View};

/// Goes to another photo; with `extend` all on the way are selected.
pub(super) fn go(state: &mut State, step: Step, extend: bool) {
    let last = match state.shoot.shown().len() {
        0 => return,
        photos => photos - 1,
    };
    if state.view == View::Calibrate {
        return learning::go(state, step);
    }
    if !extend && looking::go(state, step) {
        return;
    }
    let columns = state.grid.columns.max(1);
    let page = match state.view {
        View::Grid => columns * state.grid.rows.max(1),
        _ => 10,
    };
    let from = state.place_of_focus();
    let place = from.unwrap_or(0);
    let to = match step {
        // The first key press finds the first photo.
        _ if from.is_none() => 0,
        Step::Previous => place.saturating_sub(1),
        Step::Next => place + 1,
        Step::Up if place < columns => place,
        Step::Up => place - columns,
        Step::Down if place / columns == last / columns => place,
        // From the last row but one into a gap: the last photo.
        Step::Down => place + columns,
        Step::PageUp => place.saturating_sub(page),
        Step::PageDown => place + page,
        Step::First => 0,
        Step::Last => last,
    };
    let Some(&id) = state.shoot.shown().get(to.min(last)) else {
        return;
    };
    match extend {
        true => range(state, id),
        false => focus(state, id),
    }
    state.reveal += 1;
}

/// Makes this the one photo that keys act on.
pub(super) fn focus(state: &mut State, id: PhotoId) {
    if state.view == View::Compare {
        return looking::challenge(state, id);
    }
    state.culling.chosen.clear();
    state.culling.anchor = None;
    state.focus = Some(id);
    state.focus_on_best = false;
}

/// Selects everything between where the selection began and this photo.
pub(super) fn range(state: &mut State, id: PhotoId) {
    settle_focus(state);
    let anchor = state.culling.anchor.or(state.focus).unwrap_or(id);
    let place = |id| state.shoot.place_shown(id);
    let (Some(from), Some(to)) = (place(anchor), place(id)) else {
        return focus(state, id);
    };
    let between = from.min(to)..=from.max(to);
    let chosen = state.shoot.shown().get(between).unwrap_or_default();
    state.culling.chosen = chosen.iter().copied().collect();
    state.culling.anchor = Some(anchor);
    state.focus = Some(id);
    state.focus_on_best = false;
}

/// Adds a photo to the selection, or takes it out.
pub(super) fn toggle(state: &mut State, id: PhotoId) {
    let chosen = &mut state.culling.chosen;
    if chosen.is_empty() {
        chosen.extend(state.focus);
    }
    if !chosen.remove(&id) {
        chosen.insert(id);
        state.focus = Some(id);
    } else if state.focus == Some(id) {
        // The focus is always one of the selected.
        match chosen.last() {
            Some(other) => state.focus = Some(*other),
            None => state.focus = Some(id),
        }
    }
    state.culling.anchor = state.focus;
    state.focus_on_best = false;
}

/// Selects all photos that are shown.
pub(super) fn all(state: &mut State) {
    state.culling.chosen = state.shoot.shown().iter().copied().collect();
    state.culling.anchor = state.shoot.shown().first().copied();
    state.focus_on_best = false;
}

impl State {
    /// The photo that keys act on, and what is known of it.
    pub fn focused(&self) -> Option<(PhotoId, &Photo)> {
        let id = self.focus?;
        Some((id, self.shoot.photo(id)?))
    }

    /// The focused photo's place among those shown, from 0.
    pub fn place_of_focus(&self) -> Option<usize> {
        self.shoot.place_shown(self.focus?)
    }

    /// The photos that a command means, in the order in which they are shown:
    /// in the grid the selected ones, otherwise the focused one, which is the
    /// one to be seen.
    pub fn targets(&self) -> Vec<PhotoId> {
        let chosen = &self.culling.chosen;
        if self.view == View::Grid && !chosen.is_empty() {
            let shown = self.shoot.shown().iter();
            return shown.filter(|id| chosen.contains(id)).copied().collect();
        }
        self.focus.into_iter().collect()
    }

    /// Whether a photo is selected, alone or with others.
    pub fn is_selected(&self, id: PhotoId) -> bool {
        match self.culling.chosen.is_empty() {
            true => self.focus == Some(id),
            false => self.culling.chosen.contains(&id),
        }
    }
}
