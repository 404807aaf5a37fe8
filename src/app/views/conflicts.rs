//! Photos that the user and another program rated differently: what to keep is
//! the user's to say.

use egui::{Frame, Label, Margin, Panel as Side, RichText, ScrollArea, Ui};

use super::controls;
use crate::app::command::Command;
use crate::app::state::{Conflict, Panel, State};
use crate::app::theme::{self, UNIT};
use crate::metadata::xmp::{Flag, Label as Colour, Rating, Stars};

pub fn show(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let frame = Frame::new()
        .fill(theme::panel())
        .inner_margin(Margin::same(12));
    Side::right("conflicts")
        .default_size(90.0 * UNIT)
        .size_range(60.0 * UNIT..=160.0 * UNIT)
        .frame(frame)
        .show(ui, |ui| {
            controls::heading(
                ui,
                "Rated twice",
                "Close this list",
                Panel::Conflicts,
                commands,
            );
            let text = "Another program rated these photos since Keepers read their ratings. \
                        Your rating is written; the other can take its place.";
            ui.add(Label::new(RichText::new(text).color(theme::second())).wrap());
            ui.add_space(2.0 * UNIT);
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                for conflict in &state.culling.conflicts {
                    one(ui, state, conflict, commands);
                    ui.add_space(3.0 * UNIT);
                }
            });
        });
}

fn one(ui: &mut Ui, state: &State, conflict: &Conflict, commands: &mut Vec<Command>) {
    let Some(photo) = state.shoot.photo(conflict.photo) else {
        return;
    };
    ui.label(RichText::new(&photo.name).family(theme::strong()));
    let ours = said(conflict, conflict.ours);
    let theirs = said(conflict, conflict.theirs);
    ui.label(format!("You: {ours}. The other program: {theirs}."));
    ui.horizontal(|ui| {
        for ours in [true, false] {
            let command = Command::Resolve(conflict.photo, ours);
            let name = format!("{} for {}", command.label(), photo.name);
            let response = ui.button(command.label());
            controls::finish_as(response, &name, command, commands);
        }
    });
}

/// What somebody said in the fields that both set.
fn said(conflict: &Conflict, rating: Rating) -> Rating {
    let none = Rating {
        stars: Stars::new(0),
        flag: Some(Flag::None),
        label: Some(Colour::None),
    };
    Rating::default().with(rating.or(none), conflict.fields)
}
