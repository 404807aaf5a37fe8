//! Results on their way out of the window.

use super::{Effect, problem, say};
use crate::app::state::State;
use crate::report::{self, wording};

/// Whether there are no results yet, which is then said.
pub(super) fn nothing_yet(state: &mut State) -> bool {
    let nothing = state.shoot.scored() + state.shoot.failed() == 0;
    if nothing {
        say(state, "No photo has a score yet".to_owned());
    }
    nothing
}

pub(super) fn copy(state: &mut State) -> Vec<Effect> {
    if nothing_yet(state) {
        return Vec::new();
    }
    let rows = state.shoot.rows();
    let mut text = Vec::new();
    if let Err(error) = report::tab_separated(&rows, &mut text) {
        problem(state, format!("The table could not be copied: {error}"));
        return Vec::new();
    }
    say(
        state,
        format!("Copied {}", wording::counted(rows.len(), "row")),
    );
    vec![Effect::Copy(String::from_utf8_lossy(&text).into_owned())]
}

/// A name for the results of a shoot of this title.
pub(super) fn export_name(title: &str) -> String {
    let kept: String = title
        .chars()
        .map(|c| match c {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '-',
            c => c,
        })
        .collect();
    match kept.trim() {
        "" => "scores".to_owned(),
        kept => format!("{kept} scores"),
    }
}
