//! The bar at the top: what is open, how it is shown, what can be done with it.

use egui::{Align, Frame, Layout, Margin, Panel as Bar, RichText, Slider, Ui, WidgetInfo};

use super::controls;
use crate::app::command::Command;
use crate::app::state::{Panel, State, TILE_SIDES, View};
use crate::app::theme::{self, UNIT};
use crate::report::wording;

/// Width of the window in points below which the less needed is left out.
const ROOMY: f32 = 1000.0;

pub fn show(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let frame = Frame::new()
        .fill(theme::PANEL)
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
                    controls::icon_button(ui, state, Command::Toggle(Panel::Keys), commands);
                    controls::icon_button(ui, state, Command::ToggleInspector, commands);
                    controls::button(ui, state, Command::OpenFolder, commands);
                    controls::button(ui, state, Command::Export, commands);
                    controls::button(ui, state, Command::CopyTable, commands);
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
    ui.label(RichText::new(photos).color(theme::SECOND));
}

fn views(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.x = UNIT;
    let view = state.view;
    controls::choice(ui, state, view == View::Grid, Command::ShowGrid, commands);
    controls::choice(ui, state, view == View::Loupe, Command::ShowLoupe, commands);
    controls::choice(
        ui,
        state,
        view == View::Compare,
        Command::ShowCompare,
        commands,
    );
    controls::choice(
        ui,
        state,
        view == View::Survey,
        Command::ShowSurvey,
        commands,
    );
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
