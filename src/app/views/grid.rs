//! All photos, best first. Only the rows in sight are drawn, so that a shoot of
//! any size scrolls alike.

use egui::{Id, Rect, ScrollArea, Ui, UiBuilder, Vec2, pos2};

use super::Memory;
use super::controls;
use super::tile::{self, Tile};
use crate::app::command::Command;
use crate::app::icons;
use crate::app::pictures::Pictures;
use crate::app::state::{GridSize, State};
use crate::app::theme::UNIT;

/// Space between tiles in points.
const GAP: f32 = 2.0 * UNIT;

/// Where tiles are.
#[derive(Debug, Clone, Copy)]
struct Layout {
    columns: usize,
    /// Width and height of a tile.
    tile: Vec2,
}

impl Layout {
    fn new(width: f32, side: f32) -> Self {
        let columns = (((width - GAP) / (side + GAP)).floor() as usize).max(1);
        // The rest of the row is shared out.
        let width = (width - GAP) / columns as f32 - GAP;
        let width = width.max(8.0 * UNIT);
        Self {
            columns,
            tile: Vec2::new(width, tile::height(width)),
        }
    }

    fn row_height(self) -> f32 {
        self.tile.y + GAP
    }

    fn rows(self, photos: usize) -> usize {
        photos.div_ceil(self.columns)
    }

    fn rect(self, place: usize) -> Rect {
        let (row, column) = (place / self.columns, place % self.columns);
        let left = GAP + column as f32 * (self.tile.x + GAP);
        let top = GAP + row as f32 * self.row_height();
        Rect::from_min_size(pos2(left, top), self.tile)
    }
}

pub fn show(
    ui: &mut Ui,
    state: &State,
    pictures: &mut Pictures,
    memory: &mut Memory,
    commands: &mut Vec<Command>,
) {
    if state.shoot.shown().is_empty() {
        return nothing(ui, state);
    }
    // Laid out for the width beside the scroll bar whether it shows or not.
    let bar = ui.spacing().scroll.bar_width + ui.spacing().scroll.bar_outer_margin;
    let layout = Layout::new(ui.available_width() - bar, state.tile_side);
    let rows = (ui.available_height() / layout.row_height()).floor() as usize;
    let size = GridSize {
        columns: layout.columns,
        rows: rows.max(1),
    };
    if size != state.grid {
        commands.push(Command::GridSize(size));
    }
    ScrollArea::vertical()
        .auto_shrink(false)
        .show_viewport(ui, |ui, viewport| {
            let height = layout.rows(state.shoot.shown().len()) as f32 * layout.row_height() + GAP;
            ui.set_height(height);
            ui.set_width(ui.available_width());
            let origin = ui.min_rect().min.to_vec2();
            reveal(ui, state, memory, layout, origin);
            tiles(
                ui, state, pictures, memory, layout, viewport, origin, commands,
            );
        });
}

/// Brings the focused photo into sight when that was asked for.
fn reveal(ui: &Ui, state: &State, memory: &mut Memory, layout: Layout, origin: Vec2) {
    if memory.revealed == state.reveal {
        return;
    }
    memory.revealed = state.reveal;
    if let Some(place) = state.place_of_focus() {
        let rect = layout.rect(place).translate(origin).expand(GAP);
        ui.scroll_to_rect_animation(rect, None, egui::style::ScrollAnimation::none());
    }
}

#[expect(clippy::too_many_arguments, reason = "one frame's whole situation")]
fn tiles(
    ui: &mut Ui,
    state: &State,
    pictures: &mut Pictures,
    memory: &mut Memory,
    layout: Layout,
    viewport: Rect,
    origin: Vec2,
    commands: &mut Vec<Command>,
) {
    let ctx = ui.ctx().clone();
    let shoot = &state.shoot;
    let first = (viewport.top().max(0.0) / layout.row_height()) as usize * layout.columns;
    let last = ((viewport.bottom() / layout.row_height()).ceil() as usize).max(1) * layout.columns;
    let mut keyboard = None;
    ui.scope_builder(
        UiBuilder::new().accessibility_role(egui::Role::ListBox),
        |ui| {
            let shown = shoot.shown().iter().enumerate().take(last).skip(first);
            for (place, &id) in shown {
                let Some(photo) = shoot.photo(id) else {
                    continue;
                };
                let focused = state.focus == Some(id);
                let tile = Tile {
                    id,
                    photo,
                    rank: shoot.place(id).unwrap_or(0) + 1,
                    ranked: shoot.scored(),
                    picture: pictures.tile(&ctx, shoot, id),
                    focused,
                    selected: state.is_selected(id),
                };
                let rect = layout.rect(place).translate(origin);
                let response = tile.show(ui, rect, commands);
                if response.has_focus() {
                    keyboard = Some(id);
                }
                let modifiers = ui.input(|input| input.modifiers);
                if response.clicked() && modifiers.command {
                    commands.push(Command::SelectToo(id));
                } else if response.clicked() && modifiers.shift {
                    commands.push(Command::SelectTo(id));
                } else if controls::twice_clicked(&response) {
                    commands.extend([Command::Focus(id), Command::ShowLoupe]);
                } else if response.clicked() || (response.gained_focus() && !focused) {
                    commands.push(Command::Focus(id));
                }
            }
        },
    );
    // The keyboard follows the focused photo from tile to tile.
    if let (Some(had), Some(focus)) = (memory.keyboard, state.focus)
        && had != focus
        && keyboard == Some(had)
    {
        ctx.memory_mut(|memory| memory.request_focus(Id::unique(("photo", focus))));
        keyboard = Some(focus);
    }
    memory.keyboard = keyboard;
}

fn nothing(ui: &Ui, state: &State) {
    let text = if !state.shoot.is_empty() {
        "The filter hides all photos. \"Show all photos\" brings them back."
    } else if state.scoring.is_some() {
        "Looking for photos…"
    } else {
        "No photos were found there. Drop another folder, or open one."
    };
    controls::message(ui.painter(), ui.max_rect(), icons::IMAGES, text);
}
