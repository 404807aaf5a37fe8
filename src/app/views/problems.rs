//! The photos that could not be scored, each with its reason.

use egui::{Frame, Label, Margin, Panel as Side, RichText, ScrollArea, Ui};

use super::controls;
use crate::app::command::Command;
use crate::app::state::{Panel, State};
use crate::app::theme::{self, UNIT};
use crate::report::paths;

pub fn show(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let frame = Frame::new()
        .fill(theme::panel())
        .inner_margin(Margin::same(12));
    Side::right("problems")
        .default_size(90.0 * UNIT)
        .size_range(60.0 * UNIT..=160.0 * UNIT)
        .frame(frame)
        .show(ui, |ui| {
            let title = Command::Toggle(Panel::Problems).label();
            controls::heading(ui, title, "Close this list", Panel::Problems, commands);
            ui.add_space(UNIT);
            list(ui, state);
        });
}

fn list(ui: &mut Ui, state: &State) {
    // Two lines and the space below each.
    let height = 11.0 * UNIT;
    ScrollArea::vertical().auto_shrink(false).show_rows(
        ui,
        height,
        state.shoot.failed(),
        |ui, rows| {
            let photos = state.shoot.failures().skip(rows.start).take(rows.len());
            for photo in photos {
                let reason = paths::clean(photo.problem().unwrap_or_default());
                ui.vertical(|ui| {
                    ui.set_height(height);
                    ui.spacing_mut().item_spacing.y = UNIT / 2.0;
                    ui.add(Label::new(&photo.name).truncate())
                        .on_hover_text(paths::shown(&photo.path));
                    let text = RichText::new(&reason)
                        .font(theme::small())
                        .color(theme::second());
                    ui.add(Label::new(text).truncate()).on_hover_text(&reason);
                });
            }
        },
    );
}
