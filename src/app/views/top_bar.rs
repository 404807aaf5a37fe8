//! The bar at the top: what is open, how it is shown, what can be done with it.

use egui::{Align, Frame, Layout, Margin, Panel as Bar, RichText, Slider, Ui, WidgetInfo};

use super::controls;
use crate::app::command::Command;
use crate::app::icons;
use crate::app::state::{ModelState, Panel, State, TILE_SIDES, View};
use crate::app::theme::{self, UNIT};
use crate::report::{paths, wording};

/// Width of the window in points below which the less needed is left out.
const ROOMY: f32 = 1150.0;

pub fn show(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let frame = Frame::new()
        .fill(theme::panel())
        .inner_margin(Margin::symmetric(12, 0));
    Bar::top("top bar")
        .exact_size(11.0 * UNIT)
        .frame(frame)
        .show(ui, |ui| {
            ui.horizontal_centered(|ui| {
                let roomy = ui.available_width() >= ROOMY;
                controls::icon_button(ui, state, Command::ToggleFind, commands);
                title(ui, state);
                ui.add_space(2.0 * UNIT);
                views(ui, state, commands);
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    controls::icon_button(ui, state, Command::Close, commands);
                    controls::icon_button(ui, state, Command::Toggle(Panel::Settings), commands);
                    controls::icon_button(ui, state, Command::Toggle(Panel::Keys), commands);
                    controls::icon_button(ui, state, Command::ToggleInspector, commands);
                    controls::icon_button(ui, state, Command::OpenFolder, commands);
                    controls::icon_button(ui, state, Command::Export, commands);
                    controls::icon_button(ui, state, Command::CopyTable, commands);
                    profile(ui, state, commands);
                    if roomy && state.view == View::Grid {
                        ui.add_space(UNIT);
                        tile_side(ui, state, commands);
                    }
                });
            });
        });
}

fn title(ui: &mut Ui, state: &State) {
    let title = RichText::new(&state.shoot.title).font(theme::score());
    let width = (ui.available_width() * 0.25).max(80.0);
    ui.scope(|ui| {
        ui.set_max_width(width);
        ui.add(egui::Label::new(title).truncate());
    });
    let photos = wording::counted(state.shoot.len(), "photo");
    ui.label(RichText::new(photos).color(theme::second()));
}

fn views(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.x = UNIT;
    let views = [
        (View::Grid, Command::ShowGrid),
        (View::Loupe, Command::ShowLoupe),
        (View::Compare, Command::ShowCompare),
        (View::Survey, Command::ShowSurvey),
        (View::Calibrate, Command::ShowCalibrate),
    ];
    for (view, command) in views {
        controls::choice(ui, state, state.view == view, command, commands);
    }
}

/// Which taste profile scores, and the others.
fn profile(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let models = &state.models;
    let chosen = models.profile.as_deref().unwrap_or("Default");
    let text = format!("{}  {chosen}  {}", icons::PROFILE, icons::CARET_DOWN);
    let menu = ui.menu_button(text, |ui| {
        let model = match &state.model {
            ModelState::Ready(info) => Some(info),
            ModelState::Opening | ModelState::Failed(_) => None,
        };
        let default = ui.selectable_label(models.profile.is_none(), "Default");
        if default.clicked() {
            commands.push(Command::UseProfile(None));
            ui.close();
        }
        for profile in &models.profiles {
            let fits = model.is_some_and(|model| profile.fits(model));
            let used = models.profile.as_ref() == Some(&profile.name);
            let label = egui::Button::selectable(used, &profile.name);
            let hint = match &profile.about {
                Ok(about) if fits => format!(
                    "Learned from {} on {}",
                    wording::counted(about.labels.len(), "rating"),
                    about.date
                ),
                Ok(about) => format!("Made for the model {}", about.model),
                Err(reason) => paths::clean(reason),
            };
            let response = ui.add_enabled(fits, label);
            let response = response.on_hover_text(&hint).on_disabled_hover_text(&hint);
            if response.clicked() {
                commands.push(Command::UseProfile(Some(profile.name.clone())));
                ui.close();
            }
        }
        ui.separator();
        if ui.button("Learn your eye…").clicked() {
            commands.push(Command::ShowCalibrate);
            ui.close();
        }
    });
    let name = format!("Profile: {chosen}");
    let response = menu.response.on_hover_text("Whose eye scores");
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &name));
}

fn tile_side(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let [least, _, most] = TILE_SIDES;
    let mut side = state.tile_side;
    ui.spacing_mut().slider_width = 100.0;
    let response = ui.add(Slider::new(&mut side, least..=most).show_value(false));
    let value = f64::from(side);
    response.widget_info(|| WidgetInfo::slider(true, value, "Thumbnail size"));
    if response.changed() {
        commands.push(Command::TileSide(side));
    }
    response.on_hover_text("Thumbnail size (+ and −)");
}
