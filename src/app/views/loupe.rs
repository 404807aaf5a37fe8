//! One photo, as large as the window allows.

use egui::{
    Color32, Frame, Margin, Panel, Rect, RichText, Role, Sense, Ui, UiBuilder, Vec2, WidgetInfo,
    pos2,
};

use super::Memory;
use super::controls;
use super::inspector;
use super::rating::{self, Rated};
use super::tile::fitted;
use crate::app::command::{Command, Step};
use crate::app::icons;
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
    let Some((id, photo)) = state
        .focus
        .and_then(|id| Some((id, state.shoot.photo(id)?)))
    else {
        return;
    };
    let frame = Frame::new()
        .fill(theme::PANEL)
        .inner_margin(Margin::symmetric(16, 0));
    Panel::bottom("caption")
        .exact_size(13.0 * UNIT)
        .frame(frame)
        .show(ui, |ui| caption(ui, state, id, photo, commands));
    let area = ui.available_rect_before_wrap();
    picture(ui, state, pictures, id, photo, area, commands);
    ahead(ui, state, pictures, memory, area);
    turn(ui, state, area, commands);
}

fn picture(
    ui: &mut Ui,
    state: &State,
    pictures: &mut Pictures,
    id: PhotoId,
    photo: &Photo,
    area: Rect,
    commands: &mut Vec<Command>,
) {
    let response = ui.interact(area, ui.scope_id().with("picture"), Sense::click());
    let name = format!("{}, large", photo.name);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &name));
    if controls::twice_clicked(&response) {
        commands.push(Command::ShowGrid);
    }
    let painter = ui.painter();
    if let Some(reason) = photo.problem() {
        let text = format!("{} has no score: {}", photo.name, paths::clean(reason));
        return controls::message(painter, area, icons::IMAGE_BROKEN, &text);
    }
    let pixels = area.size() * ui.pixels_per_point();
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    match pictures.large(&state.shoot, id, pixels) {
        Some(Ok(texture)) => {
            let place = natural(texture.size_vec2() / ui.pixels_per_point(), area);
            painter.image(texture.id(), place, whole, Color32::WHITE);
        }
        Some(Err(reason)) => {
            let text = format!("{} cannot be shown: {}", photo.name, paths::clean(&reason));
            controls::message(painter, area, icons::IMAGE_BROKEN, &text);
        }
        // Until it is there: the small one, in the same place.
        None => {
            if let Some(texture) = pictures.tile(ui.ctx(), &state.shoot, id) {
                let (width, height) = photo.scored().map_or((0, 0), |scored| scored.size);
                let size = Vec2::new(width as f32, height as f32) / ui.pixels_per_point();
                let size = size.max(texture.size_vec2() / ui.pixels_per_point());
                painter.image(texture.id(), natural(size, area), whole, Color32::WHITE);
            }
        }
    }
}

/// As large as fits, but no larger than it is: an enlarged photo looks soft and
/// is not.
fn natural(size: Vec2, area: Rect) -> Rect {
    if size.x <= area.width() && size.y <= area.height() {
        Rect::from_center_size(area.center(), size)
    } else {
        fitted(size, area)
    }
}

/// Has the photos decoded that the user comes to next.
fn ahead(ui: &Ui, state: &State, pictures: &mut Pictures, memory: &mut Memory, area: Rect) {
    let Some(place) = state.place_of_focus() else {
        return;
    };
    let backwards = memory.large.is_some_and(|before| place < before);
    if memory.large != Some(place) {
        memory.large = Some(place);
    }
    let order = state.shoot.shown();
    let next = (1..=AHEAD).map(|step| place.checked_add(step));
    let previous = (1..=AHEAD).map(|step| place.checked_sub(step));
    let places: Vec<Option<usize>> = if backwards {
        previous.chain(next.take(1)).collect()
    } else {
        next.chain(previous.take(1)).collect()
    };
    let pixels = area.size() * ui.pixels_per_point();
    for id in places
        .into_iter()
        .flatten()
        .filter_map(|place| order.get(place))
    {
        if state
            .shoot
            .photo(*id)
            .is_some_and(|photo| photo.problem().is_none())
        {
            // Only asked for; whether it is there already does not matter.
            let _ = pictures.large(&state.shoot, *id, pixels);
        }
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
    ui.horizontal_centered(|ui| {
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
            ui.label(RichText::new(rank).color(theme::SECOND));
            ui.add_space(2.0 * UNIT);
        } else {
            let text = match photo.problem() {
                Some(_) => "No score",
                None => "Waiting",
            };
            ui.label(
                RichText::new(text)
                    .font(theme::score())
                    .color(theme::SECOND),
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
            ui.label(RichText::new(text).color(theme::SECOND));
        }
    });
}
