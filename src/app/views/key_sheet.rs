//! All keys, made from the table that the keyboard itself goes by.

use egui::{Context, Frame, Grid, Id, Modal, RichText, ScrollArea};

use super::controls;
use crate::app::command::Command;
use crate::app::keys::{self, Place};
use crate::app::state::{Panel, State};
use crate::app::theme::{self, UNIT};

pub fn show(ctx: &Context, state: &State, commands: &mut Vec<Command>) {
    let frame = Frame::popup(&ctx.style_of(ctx.theme())).inner_margin(5.0 * UNIT);
    let modal = Modal::new(Id::unique("keys")).frame(frame).show(ctx, |ui| {
        ui.set_width(100.0 * UNIT);
        ui.label(RichText::new("Keys").font(theme::title()));
        ui.add_space(UNIT);
        // As high as it will be from the first frame on.
        let height = ctx.content_rect().height() - 44.0 * UNIT;
        ScrollArea::vertical()
            .max_height(height)
            .min_scrolled_height(height)
            .show(ui, |ui| list(ui, state, commands));
        ui.add_space(2.0 * UNIT);
        ui.horizontal(|ui| {
            let hint = "Click a key to change it";
            ui.label(RichText::new(hint).color(theme::second()));
            if !state.keys.changed().is_empty() {
                controls::button(ui, state, Command::UsualKeys, commands);
            }
        });
        let close = ui.button("Close");
        controls::finish_as(
            close,
            "Close the list of keys",
            Command::Toggle(Panel::Keys),
            commands,
        );
    });
    // A click beside it closes it. Escape is a key like the others.
    if modal.backdrop_response.clicked() {
        commands.push(Command::Toggle(Panel::Keys));
    }
}

fn list(ui: &mut egui::Ui, state: &State, commands: &mut Vec<Command>) {
    let mut rows: Vec<(Command, Place, Vec<String>)> = Vec::new();
    for binding in state.keys.bindings() {
        let key = keys::text(ui.ctx(), binding);
        match rows.iter_mut().find(|row| row.0 == binding.command) {
            Some(row) if !row.2.contains(&key) => row.2.push(key),
            Some(_) => {}
            None => rows.push((binding.command.clone(), binding.place, vec![key])),
        }
    }
    ui.spacing_mut().interact_size.y = 0.0;
    Grid::new("keys")
        .num_columns(3)
        .spacing([6.0 * UNIT, 1.5 * UNIT])
        .show(ui, |ui| {
            for (command, place, keys) in rows {
                let name = keys::name(&command);
                let text = match state.rebinding.as_ref() == Some(&name) {
                    true => "Press a key".to_owned(),
                    false => keys.join("  or  "),
                };
                let text = RichText::new(text).family(theme::strong());
                let response = ui.add(egui::Button::new(text).frame_when_inactive(false));
                let said = format!("Change the key of {}", command.label());
                controls::finish_as(response, &said, Command::Rebind(Some(name)), commands);
                ui.label(command.label());
                let place = match place {
                    Place::Grid => "in the grid",
                    Place::Loupe => "in the loupe",
                    Place::Compare => "in Compare",
                    Place::Survey => "in Survey",
                    Place::Large => "where photos are large",
                    Place::Anywhere | Place::Shoot => "",
                };
                ui.label(RichText::new(place).color(theme::second()));
                ui.end_row();
            }
        });
}
