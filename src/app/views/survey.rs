//! The selected photos beside each other, as large as they fit. One leaves after
//! the other, and the rest grow.

use egui::{Align2, Rect, Ui, UiBuilder, Vec2, pos2, vec2};

use super::Memory;
use super::controls;
use super::rating::{self, Rated};
use super::stage::{Stage, backdrop};
use crate::app::command::Command;
use crate::app::pictures::Pictures;
use crate::app::state::{PhotoId, State};
use crate::app::theme::{self, UNIT};

/// Space around a photo in points.
const GAP: f32 = 1.5 * UNIT;

/// Height of the line below a photo.
const FOOT: f32 = 7.0 * UNIT;

/// Width of photos by their height that the cells are made for.
const ASPECT: f32 = 1.4;

pub fn show(
    ui: &mut Ui,
    state: &State,
    pictures: &mut Pictures,
    memory: &mut Memory,
    commands: &mut Vec<Command>,
) {
    let area = ui.available_rect_before_wrap();
    ui.painter()
        .rect_filled(area, 0.0, backdrop(state.looking.backdrop));
    let beside = &state.looking.beside;
    let columns = columns(beside.len(), area.size());
    let rows = beside.len().div_ceil(columns).max(1);
    let cell = area.size() / vec2(columns as f32, rows as f32);
    for (place, &id) in beside.iter().enumerate() {
        let corner = vec2((place % columns) as f32, (place / columns) as f32) * cell;
        let rect = Rect::from_min_size(area.min + corner, cell).shrink(GAP);
        candidate(ui, state, pictures, memory, rect, id, commands);
    }
}

/// The number of columns with which photos get largest.
fn columns(photos: usize, area: Vec2) -> usize {
    let height = |columns: usize| {
        let rows = photos.div_ceil(columns).max(1);
        let width = area.x / columns as f32 - 2.0 * GAP;
        let height = area.y / rows as f32 - 2.0 * GAP - FOOT;
        height.min(width / ASPECT)
    };
    (1..=photos.max(1))
        .max_by(|a, b| height(*a).total_cmp(&height(*b)))
        .unwrap_or(1)
}

fn candidate(
    ui: &mut Ui,
    state: &State,
    pictures: &mut Pictures,
    memory: &mut Memory,
    rect: Rect,
    id: PhotoId,
    commands: &mut Vec<Command>,
) {
    let Some(photo) = state.shoot.photo(id) else {
        return;
    };
    let focused = state.focus == Some(id);
    let mut area = rect;
    area.set_bottom(rect.bottom() - FOOT);
    let stage = Stage {
        id,
        photo,
        area: area.shrink(3.0),
        name: format!("{}, surveyed", photo.name),
    };
    let response = stage.show(ui, state, pictures, memory, commands);
    if response.clicked() {
        commands.push(Command::Drop(id));
    }
    if response.hovered() {
        response.on_hover_text("Click to take it out; its rating stays");
    }
    let foot = Rect::from_min_max(area.left_bottom(), rect.max);
    ui.painter().rect_filled(foot, 4.0, theme::panel());
    let score = photo.scored().map(|it| it.score.to_string());
    ui.painter().text(
        pos2(foot.left() + 2.0 * UNIT, foot.center().y),
        Align2::LEFT_CENTER,
        score.unwrap_or_else(|| "–".to_owned()),
        theme::score(),
        theme::text(),
    );
    // Where there is room for it.
    let left = 12.0 * UNIT;
    if foot.width() > left + 62.0 * UNIT {
        let rest = Rect::from_min_max(pos2(foot.left() + left, foot.top()), foot.max);
        ui.scope_builder(UiBuilder::new().max_rect(rest), |ui| {
            ui.horizontal_centered(|ui| {
                rating::row(ui, Rated { id, photo }, commands);
            });
        });
    } else {
        let left = pos2(foot.left() + left, foot.center().y);
        Rated { id, photo }.stars(ui, left, false, commands);
    }
    rating::flag_mark(
        ui.painter(),
        area.left_top() + Vec2::splat(4.0 * UNIT),
        photo,
    );
    if focused {
        controls::ring(ui.painter(), rect, 2.0, theme::ACCENT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_get_as_large_as_they_can() {
        let wide = vec2(1280.0, 640.0);
        assert_eq!([1, 2, 3, 4, 6].map(|n| columns(n, wide)), [1, 2, 3, 3, 3]);
        let tall = vec2(500.0, 1200.0);
        assert_eq!([2, 3].map(|n| columns(n, tall)), [1, 1]);
        assert_eq!(columns(0, wide), 1);
    }
}
