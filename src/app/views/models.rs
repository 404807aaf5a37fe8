//! The models: what is installed and which of them scores, what could be
//! downloaded, and how far that is.

use egui::{Frame, Label, Margin, Panel as Side, RichText, ScrollArea, Ui};

use super::controls;
use crate::app::command::Command;
use crate::app::icons;
use crate::app::state::{Download, Installed, LookUp, Offered, Panel, State};
use crate::app::theme::{self, UNIT};
use crate::engine::models::Source;
use crate::report::{paths, wording};

pub fn show(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let frame = Frame::new()
        .fill(theme::panel())
        .inner_margin(Margin::same(12));
    Side::right("models")
        .default_size(96.0 * UNIT)
        .size_range(80.0 * UNIT..=160.0 * UNIT)
        .frame(frame)
        .show(ui, |ui| {
            controls::heading(ui, "Models", "Close the models", Panel::Models, commands);
            ui.add_space(UNIT);
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = UNIT;
                installed(ui, state, commands);
                ui.add_space(3.0 * UNIT);
                offered(ui, state, commands);
            });
        });
}

fn installed(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let Some(installed) = &state.models.installed else {
        return controls::small(ui, "Looking at what is installed…");
    };
    for model in installed {
        card(ui, |ui| installed_model(ui, state, model, commands));
    }
    ui.horizontal(|ui| {
        controls::button(ui, state, Command::ImportModel, commands);
        if state.models.importing {
            controls::small(ui, "Importing…");
        }
    });
}

fn installed_model(ui: &mut Ui, state: &State, model: &Installed, commands: &mut Vec<Command>) {
    let models = &state.models;
    title(ui, &model.name);
    match &model.info {
        Ok(info) => {
            let size = model.bytes.map(wording::bytes);
            let facts = [Some(info.backbone.clone()), size, some(&info.licence)];
            controls::small(ui, &joined(facts));
            if let Some(data) = some(&info.training_data) {
                controls::small(ui, &format!("Fitted to {data}"));
            }
        }
        Err(reason) => trouble(ui, &paths::clean(reason)),
    }
    controls::small(
        ui,
        &match &model.source {
            Source::BuiltIn => "Comes with Keepers".to_owned(),
            Source::File(path) => paths::shown(path),
        },
    );
    problem(ui, state, &model.name);
    if models.doubted.as_deref() == Some(&model.name) {
        return doubt(ui, model, commands);
    }
    ui.horizontal(|ui| {
        if model.source == models.in_use {
            let text = format!("{}  In use", icons::CHECK);
            ui.label(RichText::new(text).family(theme::strong()));
        } else if models
            .opening
            .as_ref()
            .is_some_and(|(source, _)| *source == model.source)
        {
            controls::small(ui, "Opening…");
        } else {
            named(
                ui,
                state,
                Command::UseModel(model.name.clone()),
                &model.name,
                commands,
            );
        }
        if model.removable {
            let remove = Command::DoubtModel(model.name.clone());
            named(ui, state, remove, &model.name, commands);
        }
    });
}

/// Asks before a model goes.
fn doubt(ui: &mut Ui, model: &Installed, commands: &mut Vec<Command>) {
    ui.label("Remove this model's file from the folder of models?");
    ui.horizontal(|ui| {
        for command in [Command::RemoveModel(model.name.clone()), Command::KeepModel] {
            let name = format!("{} {}", command.label(), model.name);
            let response = ui.button(command.label());
            controls::finish_as(response, &name, command, commands);
        }
    });
}

fn offered(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let models = &state.models;
    ui.label(RichText::new("To download").font(theme::score()));
    controls::small(
        ui,
        "From huggingface.co. Keepers asks there only when you press Download or Look up.",
    );
    for offer in models.missing() {
        card(ui, |ui| offered_model(ui, state, offer, commands));
    }
    if models.missing().next().is_none() && models.installed.is_some() {
        controls::small(ui, "All that is known here is installed.");
    }
    ui.horizontal(|ui| {
        controls::button(ui, state, Command::LookUpModels, commands);
        if models.look_up == LookUp::Running {
            controls::small(ui, "Asking…");
        }
    });
    problem(ui, state, "");
}

fn offered_model(ui: &mut Ui, state: &State, offer: &Offered, commands: &mut Vec<Command>) {
    title(ui, &offer.name);
    let size = offer.bytes.map(wording::bytes);
    let facts = [Some(offer.repository.clone()), size, offer.licence.clone()];
    controls::small(ui, &joined(facts));
    problem(ui, state, &offer.name);
    match state.models.download(&offer.name) {
        Some(download) => transfer(ui, state, download, commands),
        None => {
            let download = Command::DownloadModel(offer.name.clone());
            named(ui, state, download, &offer.name, commands);
        }
    }
}

fn transfer(ui: &mut Ui, state: &State, download: &Download, commands: &mut Vec<Command>) {
    let running = state.models.downloads.front() == Some(download);
    let text = match &download.progress {
        _ if download.stopping => "Stopping…".to_owned(),
        Some(progress) => {
            controls::progress_bar(ui, ui.available_width(), progress);
            wording::transfer("Downloading", progress)
        }
        None if running => "Asking the hub…".to_owned(),
        None => "Waits for the download before it".to_owned(),
    };
    controls::small(ui, &text);
    if !download.stopping {
        let cancel = Command::CancelDownload(download.name.clone());
        named(ui, state, cancel, &download.name, commands);
    }
}

/// A button for a command that stands there once for each model.
fn named(ui: &mut Ui, state: &State, command: Command, model: &str, commands: &mut Vec<Command>) {
    let label = command.label();
    let name = format!("{} {model}", label.trim_end_matches('…'));
    let text = match command.icon() {
        Some(icon) => format!("{icon}  {label}"),
        None => label.to_owned(),
    };
    let possible = crate::app::apply::possible(state, &command);
    let response = ui.add_enabled(possible, egui::Button::new(text));
    controls::finish_as(response, &name, command, commands);
}

fn card(ui: &mut Ui, show: impl FnOnce(&mut Ui)) {
    let frame = Frame::new()
        .fill(theme::canvas())
        .corner_radius(6)
        .inner_margin(Margin::same(12));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = UNIT;
        show(ui);
    });
}

fn title(ui: &mut Ui, text: &str) {
    let text = RichText::new(paths::clean(text)).font(theme::score());
    ui.add(Label::new(text).truncate());
}

fn problem(ui: &mut Ui, state: &State, name: &str) {
    if let Some(reason) = state.models.problems.get(name) {
        trouble(ui, &paths::clean(reason));
    }
}

fn trouble(ui: &mut Ui, reason: &str) {
    let text = format!("{}  {reason}", icons::WARNING);
    ui.add(Label::new(RichText::new(text).color(theme::problem())).wrap());
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| paths::clean(text))
}

fn joined<const N: usize>(facts: [Option<String>; N]) -> String {
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    facts.join(" · ")
}
