//! One photo, as large as the window allows.

use egui::{Rect, RichText, Sense, Ui, UiBuilder, Vec2};

use super::Memory;
use super::controls;
use super::filmstrip;
use super::inspector;
use super::rating::{self, Rated};
use super::stage::Stage;
use crate::app::command::{Command, Step};
use crate::app::pictures::Pictures;
use crate::app::state::{Photo, PhotoId, State};
use crate::app::theme::{self, UNIT};
use crate::report::{paths, wording};

/// Photos that are decoded ahead in the direction of travel.
const AHEAD: usize = 2;

pub fn show(
    ui: &mut Ui,
    state: &State,
    pictures: &mut Pictures,
    memory: &mut Memory,
    commands: &mut Vec<Command>,
) {
    let Some((id, photo)) = state.focused() else {
        return;
    };
    controls::bottom_bar(ui, "caption", 13.0 * UNIT, |ui| {
        caption(ui, state, id, photo, commands);
    });
    filmstrip::show(ui, state, pictures, memory, commands);
    let stage = Stage {
        id,
        photo,
        area: ui.available_rect_before_wrap(),
        name: format!("{}, large", photo.name),
    };
    let response = stage.show(ui, state, pictures, memory, commands);
    if response.clicked() {
        commands.push(Command::ToggleZoom(memory.pointed_at));
    }
    ahead(ui, state, pictures, memory, stage.area);
    turn(ui, state, stage.area, commands);
}

/// Has the photos decoded that the user comes to next.
fn ahead(ui: &Ui, state: &State, pictures: &mut Pictures, memory: &mut Memory, area: Rect) {
    let (Some(place), Some(shown)) = (state.place_of_focus(), state.focus) else {
        return;
    };
    if let Some(before) = memory.large.filter(|before| *before != place) {
        memory.backwards = place < before;
    }
    memory.large = Some(place);
    let next = (1..=AHEAD).map(|step| place.checked_add(step));
    let previous = (1..=AHEAD).map(|step| place.checked_sub(step));
    let places: Vec<Option<usize>> = if memory.backwards {
        previous.chain(next.take(1)).collect()
    } else {
        next.chain(previous.take(1)).collect()
    };
    let order = state.shoot.shown();
    let readable = |id: &PhotoId| {
        let photo = state.shoot.photo(*id);
        photo.is_some_and(|photo| photo.problem().is_none())
    };
    let ids = places.into_iter().flatten();
    let ids = ids.filter_map(|place| order.get(place).copied());
    let ids: Vec<PhotoId> = ids.filter(readable).collect();
    let pixels = area.size() * ui.pixels_per_point();
    for id in &ids {
        // Only asked for; whether it is there already does not matter.
        let _ = pictures.large(&state.shoot, *id, pixels, state.looking.overlay);
    }
    // Its pixels, where those are looked at: they take longest.
    if let (Some(next), Some(_)) = (ids.first(), state.looking.zoom.scale) {
        pictures.full_ahead(&state.shoot, shown, *next);
    }
}

/// The buttons at the sides.
fn turn(ui: &mut Ui, state: &State, area: Rect, commands: &mut Vec<Command>) {
    let size = Vec2::new(11.0 * UNIT, 20.0 * UNIT);
    let sides = [
        (
            Step::Previous,
            area.left_center() + Vec2::new(size.x / 2.0, 0.0),
        ),
        (
            Step::Next,
            area.right_center() - Vec2::new(size.x / 2.0, 0.0),
        ),
    ];
    for (step, middle) in sides {
        let rect = Rect::from_center_size(middle, size);
        ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
            ui.centered_and_justified(|ui| {
                controls::icon_button(ui, state, Command::Go(step), commands);
            });
        });
    }
}

fn caption(ui: &mut Ui, state: &State, id: PhotoId, photo: &Photo, commands: &mut Vec<Command>) {
    rating::row(ui, Rated { id, photo }, commands);
    ui.add_space(2.0 * UNIT);
    if let Some(scored) = photo.scored() {
        ui.label(RichText::new(scored.score.to_string()).font(theme::title()));
        let (bar, _) = ui.allocate_exact_size(Vec2::new(25.0 * UNIT, 3.0), Sense::hover());
        controls::score_bar(ui.painter(), bar, scored.score);
        let place = state.shoot.place(id).unwrap_or(0) + 1;
        let rank = format!(
            "{} of {}",
            wording::count(place),
            wording::count(state.shoot.scored())
        );
        ui.label(RichText::new(rank).color(theme::second()));
        ui.add_space(2.0 * UNIT);
    } else {
        let text = match photo.problem() {
            Some(_) => "No score",
            None => "Waiting",
        };
        ui.label(
            RichText::new(text)
                .font(theme::score())
                .color(theme::second()),
        );
    }
    ui.add(egui::Label::new(RichText::new(&photo.name).font(theme::score())).truncate())
        .on_hover_text(paths::shown(&photo.path));
    if let Some(scored) = photo.scored() {
        let (width, height) = scored.size;
        let mut text = format!("{width} × {height}");
        if let Some(scene) = scored.scene {
            text += &format!(" · {}", inspector::scene_name(scene));
        }
        ui.label(RichText::new(text).color(theme::second()));
    }
}
