//! The photo to beat, and those that try, beside each other.

use egui::{Rect, RichText, Ui, UiBuilder, vec2};

use super::Memory;
use super::controls;
use super::filmstrip;
use super::rating::{self, Rated};
use super::stage::Stage;
use crate::app::command::Command;
use crate::app::pictures::Pictures;
use crate::app::state::{PhotoId, Shoot, State};
use crate::app::theme::{self, UNIT};
use crate::engine::groups::MARGIN;

/// Space between the photos in points.
const GAP: f32 = UNIT;

/// Height of the line below a photo.
const FOOT: f32 = 10.0 * UNIT;

pub fn show(
    ui: &mut Ui,
    state: &State,
    pictures: &mut Pictures,
    memory: &mut Memory,
    commands: &mut Vec<Command>,
) {
    bar(ui, state, commands);
    filmstrip::show(ui, state, pictures, memory, commands);
    let area = ui.available_rect_before_wrap();
    let beside = &state.looking.beside;
    let count = beside.len().max(1) as f32;
    let width = (area.width() - GAP * (count - 1.0)) / count;
    for (place, &id) in beside.iter().enumerate() {
        let left = area.left() + place as f32 * (width + GAP);
        let rect = Rect::from_min_size(egui::pos2(left, area.top()), vec2(width, area.height()));
        contender(ui, state, pictures, memory, rect, place, id, commands);
    }
}

/// What can be done, and how the two differ.
fn bar(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    controls::bottom_bar(ui, "difference", 10.0 * UNIT, |ui| {
        let beside = &state.looking.beside;
        let focused = state.focus.filter(|id| beside.contains(id));
        if let (Some(&select), Some(focused)) = (beside.first(), focused) {
            let text = difference(&state.shoot, select, focused);
            ui.label(RichText::new(text).color(theme::second()));
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            controls::button(ui, state, Command::Swap, commands);
            controls::button(ui, state, Command::Select, commands);
        });
    });
}

/// How two photos differ, in words.
fn difference(shoot: &Shoot, select: PhotoId, candidate: PhotoId) -> String {
    if select == candidate {
        return "The photo to beat".to_owned();
    }
    let scored = |id| shoot.photo(id).and_then(|photo| photo.scored());
    let (Some(select), Some(candidate)) = (scored(select), scored(candidate)) else {
        return String::new();
    };
    match candidate.score.value() - select.score.value() {
        by if by.abs() < MARGIN => "Too close to call by score".to_owned(),
        by if by > 0.0 => format!("The candidate is {by:.1} points ahead"),
        by => format!("The photo to beat is {:.1} points ahead", -by),
    }
}

#[expect(clippy::too_many_arguments, reason = "one frame's whole situation")]
fn contender(
    ui: &mut Ui,
    state: &State,
    pictures: &mut Pictures,
    memory: &mut Memory,
    rect: Rect,
    place: usize,
    id: PhotoId,
    commands: &mut Vec<Command>,
) {
    let Some(photo) = state.shoot.photo(id) else {
        return;
    };
    let role = if place == 0 { "to beat" } else { "candidate" };
    let mut area = rect;
    area.set_bottom(rect.bottom() - FOOT);
    let stage = Stage {
        id,
        photo,
        area,
        name: format!("{}, {role}", photo.name),
    };
    let focused = state.focus == Some(id);
    let response = stage.show(ui, state, pictures, memory, commands);
    if response.clicked() {
        // The first click says which photo keys act on.
        commands.push(match focused {
            true => Command::ToggleZoom(memory.pointed_at),
            false => Command::FocusBeside(id),
        });
    }
    let foot = Rect::from_min_max(area.left_bottom(), rect.max).shrink2(vec2(3.0 * UNIT, 0.0));
    ui.painter().rect_filled(
        Rect::from_min_max(area.left_bottom(), rect.max),
        0.0,
        theme::panel(),
    );
    ui.scope_builder(UiBuilder::new().max_rect(foot), |ui| {
        ui.horizontal_centered(|ui| {
            let score = photo.scored().map(|it| it.score.to_string());
            let score = score.unwrap_or_else(|| "No score".to_owned());
            ui.label(RichText::new(score).font(theme::score()));
            rating::row(ui, Rated { id, photo }, commands);
            let name = format!("{} · {role}", photo.name);
            ui.add(egui::Label::new(RichText::new(name).color(theme::second())).truncate());
        });
    });
    if focused {
        controls::ring(ui.painter(), rect, 2.0, theme::ACCENT);
    }
}
