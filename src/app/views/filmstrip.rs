//! All photos that are shown, as a strip below large ones.

use egui::{
    Align, Color32, Frame, Id, Panel, Rect, Role, ScrollArea, Sense, Ui, Vec2, WidgetInfo, pos2,
    vec2,
};

use super::Memory;
use super::controls;
use super::rating;
use super::tile::{DIMMED, fitted};
use crate::app::command::Command;
use crate::app::icons;
use crate::app::pictures::Pictures;
use crate::app::state::{PhotoId, State};
use crate::app::theme::{self, UNIT};

/// Height of the strip in points.
const HEIGHT: f32 = 23.0 * UNIT;

/// Width of a photo's cell in points.
const CELL: f32 = 26.0 * UNIT;

/// Draws the strip, where it is wanted. A click goes to the photo.
pub fn show(
    ui: &mut Ui,
    state: &State,
    pictures: &mut Pictures,
    memory: &mut Memory,
    commands: &mut Vec<Command>,
) {
    if !state.looking.filmstrip {
        memory.stripped = None;
        return;
    }
    Panel::bottom("filmstrip")
        .exact_size(HEIGHT)
        .frame(Frame::new().fill(theme::panel()))
        .show(ui, |ui| {
            ScrollArea::horizontal()
                .auto_shrink(false)
                .show_viewport(ui, |ui, viewport| {
                    strip(ui, state, pictures, memory, viewport, commands);
                });
        });
}

fn strip(
    ui: &mut Ui,
    state: &State,
    pictures: &mut Pictures,
    memory: &mut Memory,
    viewport: Rect,
    commands: &mut Vec<Command>,
) {
    let shown = state.shoot.shown();
    let height = ui.available_height();
    ui.set_width(shown.len() as f32 * CELL);
    ui.set_height(height);
    let origin = ui.min_rect().min;
    let cell = |place: usize| {
        let corner = origin + vec2(place as f32 * CELL, 0.0);
        Rect::from_min_size(corner, vec2(CELL, height))
    };
    if memory.stripped != state.focus {
        memory.stripped = state.focus;
        if let Some(place) = state.place_of_focus() {
            let none = egui::style::ScrollAnimation::none();
            ui.scroll_to_rect_animation(cell(place), Some(Align::Center), none);
        }
    }
    let first = (viewport.left().max(0.0) / CELL) as usize;
    let last = (viewport.right().max(0.0) / CELL).ceil() as usize;
    for (place, &id) in shown.iter().enumerate().take(last).skip(first) {
        frame(ui, state, pictures, id, cell(place), commands);
    }
}

/// One photo of the strip.
fn frame(
    ui: &Ui,
    state: &State,
    pictures: &mut Pictures,
    id: PhotoId,
    rect: Rect,
    commands: &mut Vec<Command>,
) {
    let Some(photo) = state.shoot.photo(id) else {
        return;
    };
    let focused = state.focus == Some(id);
    let response = ui.interact(rect, Id::unique(("strip", id)), Sense::CLICK);
    let name = format!("{}, in the filmstrip", photo.name);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, focused, &name));
    if response.clicked() {
        commands.push(Command::Focus(id));
    }
    let painter = ui.painter();
    let area = rect.shrink2(vec2(UNIT, 1.5 * UNIT));
    if focused || response.hovered() {
        painter.rect_filled(rect.shrink(1.0), 5.0, theme::raised());
    }
    match pictures.tile(ui.ctx(), &state.shoot, id) {
        Some(texture) => {
            let place = fitted(texture.size_vec2(), area);
            let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            let tint = match photo.is_rejected() {
                true => Color32::WHITE.gamma_multiply(DIMMED),
                false => Color32::WHITE,
            };
            painter.image(texture.id(), place, whole, tint);
        }
        None => {
            painter.rect_filled(area, 3.0, theme::raised());
            if photo.problem().is_some() {
                let font = egui::FontId::proportional(20.0);
                let middle = egui::Align2::CENTER_CENTER;
                painter.text(
                    area.center(),
                    middle,
                    icons::IMAGE_BROKEN,
                    font,
                    theme::disabled(),
                );
            }
        }
    }
    rating::flag_mark(painter, area.left_top() + Vec2::splat(2.0 * UNIT), photo);
    if let Some(label) = photo.label() {
        let bar = Rect::from_min_size(area.left_bottom(), vec2(area.width(), 3.0));
        painter.rect_filled(bar, 1.0, rating::label_colour(label));
    }
    if focused {
        controls::ring(painter, rect.shrink(1.0), 2.0, theme::ACCENT);
    } else if state.looking.beside.contains(&id) {
        controls::ring(painter, rect.shrink(1.0), 1.0, theme::second());
    }
}
