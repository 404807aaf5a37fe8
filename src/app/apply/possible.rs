//! Which commands make sense now.

use super::flagged;
use crate::app::command::{Command, Step};
use crate::app::state::{Installed, LookUp, Panel, State, View};
use crate::metadata::xmp::Flag;

/// What the keys panel and buttons need to know: whether a command makes sense
/// now.
pub fn possible(state: &State, command: &Command) -> bool {
    let photos = !state.shoot.is_empty();
    match command {
        Command::CopyTable | Command::Export => state.shoot.scored() + state.shoot.failed() > 0,
        Command::ShowLoupe => photos && state.view != View::Welcome,
        Command::ShowCompare => photos && state.shoot.shown().len() > 1,
        Command::ShowSurvey => state.view == View::Survey || state.culling.chosen.len() > 1,
        Command::AskTarget { .. } => {
            state.acts.working.is_none() && flagged(state, Flag::Pick).next().is_some()
        }
        Command::PlanFiles(choice) => {
            state.acts.working.is_none() && flagged(state, choice.flag()).next().is_some()
        }
        Command::CarryOut => match &state.acts.plan {
            Some(Ok(plan)) => {
                let clear = !plan.is_blocked() && !plan.groups.is_empty();
                clear && state.scoring.is_none()
            }
            _ => false,
        },
        Command::ShowCalibrate => photos,
        Command::KeepProfile => {
            let lesson = state.learning.lesson.as_ref();
            let learned = lesson.is_some_and(|lesson| lesson.report.is_ok());
            learned && !state.learning.studying && !state.learning.name.trim().is_empty()
        }
        Command::ShowGrid | Command::Close => state.view != View::Welcome,
        Command::Go(Step::Previous) => state.place_of_focus().is_some_and(|place| place > 0),
        Command::Go(Step::Next) => state
            .place_of_focus()
            .is_some_and(|place| place + 1 < state.shoot.shown().len()),
        Command::Toggle(Panel::Problems) => state.shoot.failed() > 0,
        Command::Stop => state.scoring.is_some(),
        Command::UseModel(name) => {
            let models = &state.models;
            let usable = models.installed(name).is_some_and(|it| it.info.is_ok());
            usable && models.opening.is_none()
        }
        Command::DoubtModel(name) => {
            let models = &state.models;
            let removable = |it: &Installed| it.removable && it.source != models.in_use;
            models.installed(name).is_some_and(removable)
        }
        Command::ImportModel => !state.models.importing,
        Command::LookUpModels => state.models.look_up != LookUp::Running,
        _ => true,
    }
}
