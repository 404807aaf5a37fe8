//! The bar at the bottom: long work, what there is to say, and what scores.

use egui::{Align, Frame, Layout, Margin, Panel as Bar, RichText, Ui};

use super::controls;
use crate::app::command::Command;
use crate::app::icons;
use crate::app::state::{ModelState, Notice, Panel, Scoring, State};
use crate::app::theme::{self, UNIT};
use crate::report::wording;

pub fn show(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let frame = Frame::new()
        .fill(theme::panel())
        .inner_margin(Margin::symmetric(12, 0));
    Bar::bottom("status bar")
        .exact_size(8.0 * UNIT)
        .frame(frame)
        .show(ui, |ui| {
            ui.spacing_mut().interact_size.y = 6.0 * UNIT;
            ui.spacing_mut().button_padding.y = 0.5 * UNIT;
            ui.horizontal_centered(|ui| {
                work(ui, state, commands);
                download(ui, state);
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    model(ui, state, commands);
                    selection(ui, state);
                    problems(ui, state, commands);
                    if let Some(notice) = &state.notice {
                        say(ui, state, notice, commands);
                    }
                });
            });
        });
}

fn work(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    match &state.scoring {
        Some(scoring) => {
            let mut text = doing(scoring);
            if !state.queue.is_empty() {
                let queue = wording::counted(state.queue.len(), "more drop");
                text += &format!(" · {queue} to follow");
            }
            bar(ui, scoring);
            ui.label(text);
            if !scoring.stopping {
                controls::button(ui, state, Command::Stop, commands);
            }
        }
        None if state.stopped => {
            let left = state.shoot.len() - state.shoot.scored() - state.shoot.failed();
            let left = wording::counted(left, "photo");
            ui.label(format!("Stopped · {left} without a score yet"));
            controls::button(ui, state, Command::Resume, commands);
        }
        None => {
            let scored = wording::counted(state.shoot.scored(), "photo");
            ui.label(RichText::new(format!("{scored} scored")).color(theme::second()));
        }
    }
}

fn doing(scoring: &Scoring) -> String {
    match (&scoring.progress, scoring.stopping) {
        (_, true) => "Stopping…".to_owned(),
        (None, false) if scoring.photos.is_empty() => "Looking for photos…".to_owned(),
        (None, false) => "Scoring…".to_owned(),
        (Some(progress), false) => wording::progress("Scoring", progress),
    }
}

/// How far a job is, as a thin bar.
fn bar(ui: &mut Ui, scoring: &Scoring) {
    let Some(progress) = scoring.progress.filter(|progress| progress.total > 0) else {
        return;
    };
    controls::progress_bar(ui, 30.0 * UNIT, &progress);
}

fn model(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let (text, hint) = match &state.model {
        ModelState::Opening => ("Opening the model…".to_owned(), String::new()),
        ModelState::Ready(info) => (
            format!("{} · CPU", info.name),
            format!(
                "{} {}, trained on {}",
                info.name, info.identity, info.training_data
            ),
        ),
        ModelState::Failed(reason) => ("No model".to_owned(), reason.clone()),
    };
    let text = RichText::new(text).color(theme::second());
    let button = ui.add(egui::Button::new(text).frame_when_inactive(false));
    let button = match hint.is_empty() {
        true => button,
        false => button.on_hover_text(hint),
    };
    controls::finish(button, Command::Toggle(Panel::Models), commands);
}

/// The download that is running.
fn download(ui: &mut Ui, state: &State) {
    let Some(download) = state.models.downloads.front() else {
        return;
    };
    let doing = format!("Downloading {}", download.name);
    let text = match &download.progress {
        Some(progress) => wording::transfer(&doing, progress),
        None => format!("{doing}…"),
    };
    ui.label(RichText::new(text).color(theme::second()));
}

/// How many photos are selected, and whether rating goes on to the next.
fn selection(ui: &mut Ui, state: &State) {
    let mut parts = Vec::new();
    let selected = state.culling.chosen.len();
    if selected > 1 {
        parts.push(format!("{} selected", wording::count(selected)));
    }
    if state.culling.auto_advance {
        parts.push(format!("{} Auto-advance", icons::ADVANCE));
    }
    if !parts.is_empty() {
        ui.label(RichText::new(parts.join(" · ")).color(theme::second()));
    }
}

fn problems(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    if state.shoot.failed() == 0 {
        return;
    }
    let count = wording::count(state.shoot.failed());
    let command = Command::Toggle(Panel::Problems);
    let text = format!("{}  {count} without a score", icons::WARNING);
    controls::finish(ui.button(text), command, commands);
}

fn say(ui: &mut Ui, state: &State, notice: &Notice, commands: &mut Vec<Command>) {
    controls::icon_button(ui, state, Command::DismissNotice, commands);
    let (colour, icon) = if notice.problem {
        (theme::problem(), format!("{}  ", icons::WARNING))
    } else {
        (theme::text(), String::new())
    };
    let text = RichText::new(format!("{icon}{}", notice.text)).color(colour);
    ui.add(egui::Label::new(text).truncate())
        .on_hover_text(&notice.text);
}
