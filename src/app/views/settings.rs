//! How the window looks and behaves.

use egui::{Frame, Margin, Panel as Side, RichText, ScrollArea, Slider, Ui, WidgetInfo};

use super::controls;
use crate::app::command::Command;
use crate::app::settings::{Look, SCALES, Sidecars};
use crate::app::state::{Backdrop, Panel, State};
use crate::app::theme::{self, UNIT};

pub fn show(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let frame = Frame::new()
        .fill(theme::panel())
        .inner_margin(Margin::same(12));
    Side::right("settings")
        .default_size(80.0 * UNIT)
        .size_range(70.0 * UNIT..=120.0 * UNIT)
        .frame(frame)
        .show(ui, |ui| {
            controls::heading(
                ui,
                "Settings",
                "Close the settings",
                Panel::Settings,
                commands,
            );
            ui.add_space(UNIT);
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 1.5 * UNIT;
                looks(ui, state, commands);
                culling(ui, state, commands);
                rest(ui, state, commands);
            });
        });
}

fn looks(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let habits = &state.habits;
    heading(ui, "Theme");
    ui.horizontal(|ui| {
        for look in Look::ALL {
            let command = Command::SetLook(look);
            choice(ui, habits.look == look, look.label(), command, commands);
        }
    });
    heading(ui, "Size of text and controls");
    let mut scale = habits.scale;
    let [least, most] = SCALES;
    let slider = Slider::new(&mut scale, least..=most)
        .step_by(0.05)
        .custom_formatter(|scale, _| format!("{:.0} %", scale * 100.0));
    let response = ui.add(slider);
    let value = f64::from(scale);
    response.widget_info(|| WidgetInfo::slider(true, value, "Size of text and controls"));
    // While it is drawn the slider would run away under the pointer.
    let settled = response.drag_stopped() || (response.changed() && !response.dragged());
    let id = response.id.with("drawn");
    if response.dragged() {
        ui.data_mut(|data| data.insert_temp(id, scale));
    } else if settled {
        let drawn = ui.data_mut(|data| data.remove_temp::<f32>(id));
        commands.push(Command::SetScale(drawn.unwrap_or(scale)));
    }
    heading(ui, "Background of large photos");
    ui.horizontal_wrapped(|ui| {
        for backdrop in Backdrop::ALL {
            let chosen = state.looking.backdrop == backdrop;
            let command = Command::SetBackdrop(backdrop);
            choice(ui, chosen, backdrop.label(), command, commands);
        }
    });
}

fn culling(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    heading(ui, "Culling");
    let mut advance = state.culling.auto_advance;
    if ui
        .checkbox(&mut advance, "Rating goes on to the next photo")
        .changed()
    {
        commands.push(Command::ToggleAutoAdvance);
    }
    let mut filmstrip = state.looking.filmstrip;
    if ui
        .checkbox(&mut filmstrip, "Filmstrip below large photos")
        .changed()
    {
        commands.push(Command::ToggleFilmstrip);
    }
    heading(ui, "Names of new sidecars");
    let namings = [
        (
            Sidecars::Stem,
            "IMG.xmp",
            "As Lightroom, Bridge and Capture One have them",
        ),
        (
            Sidecars::Full,
            "IMG.CR2.xmp",
            "As darktable and digiKam have them",
        ),
    ];
    ui.horizontal(|ui| {
        for (naming, name, hint) in namings {
            let chosen = state.habits.sidecars == naming;
            let command = Command::SetSidecars(naming);
            choice(ui, chosen, name, command, commands).on_hover_text(hint);
        }
    });
    controls::second(ui, "A sidecar that is there already keeps its name.");
}

fn rest(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    heading(ui, "More");
    for panel in [Panel::Models, Panel::Keys] {
        controls::button(ui, state, Command::Toggle(panel), commands);
    }
}

fn heading(ui: &mut Ui, text: &str) {
    ui.add_space(2.0 * UNIT);
    ui.label(RichText::new(text).family(theme::strong()));
}

/// One of several that exclude each other.
fn choice(
    ui: &mut Ui,
    chosen: bool,
    label: &str,
    command: Command,
    commands: &mut Vec<Command>,
) -> egui::Response {
    let text = RichText::new(label);
    let (text, fill) = match chosen {
        true => (text.color(theme::ON_ACCENT), theme::ACCENT),
        false => (text, theme::raised()),
    };
    let response = ui.add(egui::Button::new(text).fill(fill));
    response.widget_info(|| WidgetInfo::selected(egui::Role::RadioButton, true, chosen, label));
    if response.clicked() {
        commands.push(command);
    }
    response
}
