//! Moving and copying photos: what would happen, first; then how far it is, and
//! what came of it.

use std::path::Path;

use egui::{Frame, Label, Margin, Panel as Side, RichText, ScrollArea, Ui};

use super::controls;
use crate::app::apply::flagged;
use crate::app::command::Command;
use crate::app::state::{Choice, Outcome, Panel, State, Working};
use crate::app::theme::{self, UNIT};
use crate::catalog::moves::{Act, OnConflict, Plan};
use crate::metadata::xmp::Flag;
use crate::report::{paths, wording};

/// Files that are listed, at most.
const LISTED: usize = 200;

pub fn show(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let frame = Frame::new()
        .fill(theme::panel())
        .inner_margin(Margin::same(12));
    Side::right("files")
        .default_size(96.0 * UNIT)
        .size_range(80.0 * UNIT..=160.0 * UNIT)
        .frame(frame)
        .show(ui, |ui| {
            controls::heading(
                ui,
                "Move or copy",
                "Close this panel",
                Panel::Files,
                commands,
            );
            ui.spacing_mut().item_spacing.y = 1.5 * UNIT;
            choices(ui, state, commands);
            ui.add_space(2.0 * UNIT);
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                let acts = &state.acts;
                if let Some(working) = &acts.working {
                    under_way(ui, state, working, commands);
                } else if let Some(choice) = &acts.choice {
                    match &acts.plan {
                        Some(Ok(plan)) => planned(ui, state, choice, plan, commands),
                        Some(Err(reason)) => controls::trouble(ui, reason),
                        None => controls::small(ui, "Looking at the files…"),
                    }
                } else if let Some(outcome) = &acts.outcome {
                    over(ui, state, outcome, commands);
                }
            });
        });
}

fn choices(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let count = |flag| wording::counted(flagged(state, flag).count(), "photo");
    controls::small(ui, &format!("Picked: {}", count(Flag::Pick)));
    ui.horizontal_wrapped(|ui| {
        for copy in [true, false] {
            controls::button(ui, state, Command::AskTarget { copy }, commands);
        }
    });
    controls::small(ui, &format!("Rejected: {}", count(Flag::Reject)));
    ui.horizontal_wrapped(|ui| {
        for choice in [Choice::RejectsAside, Choice::RejectsToBin] {
            controls::button(ui, state, Command::PlanFiles(choice), commands);
        }
    });
    controls::small(
        ui,
        "Sidecars and the other file of a RAW+JPEG pair go with a photo. No file is ever \
         replaced, and undo brings all back.",
    );
}

fn planned(ui: &mut Ui, state: &State, choice: &Choice, plan: &Plan, commands: &mut Vec<Command>) {
    let photos = wording::counted(plan.photos(), "photo");
    let files: usize = plan.groups.iter().map(|group| group.files.len()).sum();
    let verb = match plan.act {
        Act::Copy => "Copy",
        Act::Move | Act::Bin => "Move",
    };
    let to = match choice {
        Choice::CopyPicks(folder) | Choice::MovePicks(folder) => paths::shown(folder),
        Choice::RejectsAside => "_rejected beside them".to_owned(),
        Choice::RejectsToBin => "the system's bin".to_owned(),
    };
    let title = format!("{verb} {photos} to {to}");
    ui.add(Label::new(RichText::new(title).family(theme::strong())).wrap());
    let files = wording::counted(files, "file");
    controls::small(ui, &format!("{files}, {}", wording::bytes(plan.bytes)));
    if !plan.conflicts.is_empty() {
        conflicts(ui, plan, commands);
    }
    for refused in plan.refused.iter().take(LISTED) {
        let reason = paths::clean(&refused.reason);
        controls::trouble(ui, &format!("{}: {reason}", paths::shown(&refused.path)));
    }
    if state.scoring.is_some() {
        controls::small(ui, "Files can go once scoring is done.");
    }
    ui.horizontal(|ui| {
        controls::button(ui, state, Command::CarryOut, commands);
        let stay = ui.button("Cancel");
        let close = Command::Toggle(Panel::Files);
        controls::finish_as(stay, "Cancel moving or copying", close, commands);
    });
    ui.add_space(UNIT);
    let all = plan.groups.iter().flat_map(|group| &group.files);
    let listed: Vec<_> = all.clone().take(LISTED).collect();
    let more = all.count() - listed.len();
    for step in listed {
        let from = step.from.file_name().map(Path::new);
        let from = paths::shown(from.unwrap_or(&step.from));
        let text = match &step.to {
            Some(to) => format!("{from} → {}", paths::shown(to)),
            None => from,
        };
        let text = RichText::new(text).font(theme::small());
        ui.add(Label::new(text).truncate());
    }
    if more > 0 {
        controls::small(ui, &format!("… and {} more", wording::count(more)));
    }
}

/// What is in the way, and what to do about it.
fn conflicts(ui: &mut Ui, plan: &Plan, commands: &mut Vec<Command>) {
    let names = wording::counted(plan.conflicts.len(), "name");
    controls::trouble(ui, &format!("{names} taken there already:"));
    for conflict in plan.conflicts.iter().take(4) {
        controls::small(ui, &paths::clean(&conflict.taken.words(&conflict.to)));
    }
    ui.horizontal_wrapped(|ui| {
        for policy in [OnConflict::Skip, OnConflict::Rename] {
            let command = Command::OnConflict(policy);
            let chosen = plan.on_conflict == policy;
            let response = ui.add(egui::Button::selectable(chosen, command.label()));
            let label = command.label();
            controls::finish_as(response, label, command, commands);
        }
    });
}

fn under_way(ui: &mut Ui, state: &State, working: &Working, commands: &mut Vec<Command>) {
    let text = match (&working.progress, working.stopping) {
        (_, true) => "Stopping…".to_owned(),
        (Some(progress), _) => wording::transfer("Going", progress),
        (None, _) => "Going…".to_owned(),
    };
    ui.label(text);
    if let Some(progress) = &working.progress {
        controls::progress_bar(ui, 60.0 * UNIT, progress);
    }
    controls::button(ui, state, Command::StopFiles, commands);
}

fn over(ui: &mut Ui, state: &State, outcome: &Outcome, commands: &mut Vec<Command>) {
    ui.label(RichText::new(&outcome.text).family(theme::strong()));
    controls::button(ui, state, Command::Undo, commands);
    for reason in outcome.failed.iter().take(LISTED) {
        controls::trouble(ui, reason);
    }
}
