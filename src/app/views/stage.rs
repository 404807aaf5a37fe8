//! A large photo in a part of the window: whole, or as close as its pixels.

use egui::{
    Align2, Color32, CursorIcon, Painter, Pos2, Rect, Response, Role, Sense, Ui, Vec2, WidgetInfo,
    pos2, vec2,
};

use super::Memory;
use super::controls;
use super::tile::fitted;
use crate::app::command::Command;
use crate::app::icons;
use crate::app::pictures::{PIECE, Pictures};
use crate::app::state::{Backdrop, Photo, PhotoId, State, Zoom};
use crate::app::theme::{self, UNIT};
use crate::report::paths;

/// How much a turn of the wheel enlarges: twice for so many points.
const WHEEL: f32 = 180.0;

/// A large photo and where it is.
pub struct Stage<'a> {
    pub id: PhotoId,
    pub photo: &'a Photo,
    pub area: Rect,
    /// Its accessible name.
    pub name: String,
}

/// Where a photo lies on the screen.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Placing {
    /// The whole of it, in points; more than the area where it is enlarged.
    rect: Rect,
    /// Screen pixels for one of its own.
    scale: f32,
    /// Those with which all of it is seen.
    fit: f32,
}

impl Placing {
    /// Places a photo of `size` pixels in an area.
    fn new(size: Vec2, area: Rect, zoom: Zoom, pixels_per_point: f32) -> Self {
        let size = size.max(Vec2::splat(1.0));
        let points = size / pixels_per_point;
        // No larger than it is: an enlarged photo looks soft and is not.
        let whole = match points.x <= area.width() && points.y <= area.height() {
            true => Rect::from_center_size(area.center(), points),
            false => fitted(points, area),
        };
        let fit = whole.width() / points.x;
        let Some(scale) = zoom.scale else {
            return Self {
                rect: whole,
                scale: fit,
                fit,
            };
        };
        let shown = points * scale;
        let corner = |middle: f32, length: f32, share: f32, low: f32, high: f32| {
            let room = high - low;
            match length <= room {
                // All of it is in sight: in the middle.
                true => middle - length / 2.0,
                false => (middle - share * length).clamp(high - length, low),
            }
        };
        let [x, y] = zoom.centre;
        let middle = area.center();
        let left = corner(middle.x, shown.x, x, area.left(), area.right());
        let top = corner(middle.y, shown.y, y, area.top(), area.bottom());
        // On whole pixels, so that one of the photo is one of the screen.
        let grid = |at: f32| (at * pixels_per_point).round() / pixels_per_point;
        Self {
            rect: Rect::from_min_size(pos2(grid(left), grid(top)), shown),
            scale,
            fit,
        }
    }

    /// The place of the photo at a point of the screen, as shares of its width
    /// and height; `None` beside it.
    fn place_at(self, pos: Pos2) -> Option<[f32; 2]> {
        let inside = self.rect.contains(pos);
        let share = (pos - self.rect.min) / self.rect.size();
        inside.then_some([share.x, share.y])
    }

    /// The zoom after which the place under `pos` stays where it is.
    fn zoomed(self, factor: f32, pos: Pos2, area: Rect) -> Zoom {
        let scale = self.scale * factor;
        if scale <= self.fit {
            return Zoom::FIT;
        }
        let place = (pos - self.rect.min) / self.rect.size();
        let size = self.rect.size() * (scale / self.scale);
        let centre = place + (area.center() - pos) / size;
        Zoom {
            scale: Some(scale),
            centre: [centre.x, centre.y],
        }
        .sound()
    }

    /// The zoom after the photo was drawn by so many points.
    fn dragged(self, by: Vec2, area: Rect) -> Zoom {
        let centre = (area.center() - by - self.rect.min) / self.rect.size();
        Zoom {
            scale: Some(self.scale),
            centre: [centre.x, centre.y],
        }
        .sound()
    }
}

impl Stage<'_> {
    /// Draws the photo, and lets pointer and wheel move it. What a click means
    /// is the caller's.
    pub fn show(
        &self,
        ui: &mut Ui,
        state: &State,
        pictures: &mut Pictures,
        memory: &mut Memory,
        commands: &mut Vec<Command>,
    ) -> Response {
        let id = ui.scope_id().with(("large", self.id));
        let response = ui.interact(self.area, id, Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &self.name));
        let painter = ui.painter().with_clip_rect(self.area);
        painter.rect_filled(self.area, 0.0, backdrop(state.looking.backdrop));
        if let Some(reason) = self.photo.problem() {
            let text = format!("{} has no score: {}", self.photo.name, paths::clean(reason));
            controls::message(&painter, self.area, icons::IMAGE_BROKEN, &text);
            return response;
        }
        let Some(placing) = self.paint(ui, &painter, state, pictures) else {
            return response;
        };
        self.move_about(ui, &response, placing, state, memory, commands);
        response
    }

    /// Draws what there is of it; where, if it is known.
    fn paint(
        &self,
        ui: &Ui,
        painter: &Painter,
        state: &State,
        pictures: &mut Pictures,
    ) -> Option<Placing> {
        let density = ui.pixels_per_point();
        let zoom = state.looking.zoom;
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        let enlarged = zoom.scale.is_some();
        // In the order in which it is to be decoded: what is looked at first.
        let large = pictures.large(
            &state.shoot,
            self.id,
            self.area.size() * density,
            state.looking.overlay,
        );
        let full = enlarged
            .then(|| pictures.full(&state.shoot, self.id))
            .flatten();
        if let Some(Err(reason)) = &large {
            let text = format!(
                "{} cannot be shown: {}",
                self.photo.name,
                paths::clean(reason)
            );
            controls::message(painter, self.area, icons::IMAGE_BROKEN, &text);
            return None;
        }
        let large = large.and_then(Result::ok);
        // Until it is there: the small one, in the same place.
        let texture = large.or_else(|| pictures.tile(ui.ctx(), &state.shoot, self.id));
        let size = match (&full, self.photo.scored(), &texture) {
            (Some(Ok(image)), ..) => vec2(image.width() as f32, image.height() as f32),
            (_, Some(scored), _) => vec2(scored.size.0 as f32, scored.size.1 as f32),
            (_, None, Some(texture)) => texture.size_vec2(),
            (_, None, None) => return None,
        };
        let placing = Placing::new(size, self.area, zoom, density);
        if let Some(texture) = texture {
            painter.image(texture.id(), placing.rect, whole, Color32::WHITE);
        }
        let note = match &full {
            Some(Ok(image)) => {
                self.pieces(ui, painter, state, pictures, image, placing);
                format!("{:.0} %", placing.scale * 100.0)
            }
            Some(Err(reason)) => format!("Preview only: {}", paths::clean(reason)),
            None if enlarged => format!("{:.0} % · preview", placing.scale * 100.0),
            None => return Some(placing),
        };
        corner_note(painter, self.area, &note);
        Some(placing)
    }

    /// Draws the pieces of the original that are in sight.
    fn pieces(
        &self,
        ui: &Ui,
        painter: &Painter,
        state: &State,
        pictures: &mut Pictures,
        image: &image::RgbImage,
        placing: Placing,
    ) {
        let seen = placing.rect.intersect(self.area);
        if !seen.is_positive() {
            return;
        }
        let point = placing.rect.width() / image.width().max(1) as f32;
        let piece = PIECE as f32 * point;
        let first = (seen.min - placing.rect.min) / piece;
        let last = (seen.max - placing.rect.min) / piece;
        for row in first.y as u32..=last.y as u32 {
            for column in first.x as u32..=last.x as u32 {
                let at = (column, row);
                let Some(texture) = pictures.piece(
                    ui.ctx(),
                    &state.shoot,
                    self.id,
                    image,
                    at,
                    state.looking.overlay,
                ) else {
                    continue;
                };
                let corner = placing.rect.min + vec2(column as f32, row as f32) * piece;
                let rect = Rect::from_min_size(corner, texture.size_vec2() * point);
                let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
                painter.image(texture.id(), rect, whole, Color32::WHITE);
            }
        }
    }

    fn move_about(
        &self,
        ui: &Ui,
        response: &Response,
        placing: Placing,
        state: &State,
        memory: &mut Memory,
        commands: &mut Vec<Command>,
    ) {
        let pointer = ui.input(|input| input.pointer.latest_pos());
        let Some(pos) = pointer.filter(|pos| self.area.contains(*pos)) else {
            return;
        };
        memory.pointed_at = placing.place_at(pos);
        let enlarged = state.looking.zoom.scale.is_some();
        if enlarged && response.dragged() {
            ui.set_cursor_icon(CursorIcon::Grabbing);
            let zoom = placing.dragged(response.drag_delta(), self.area);
            commands.push(Command::ZoomTo(zoom));
        } else if enlarged && response.hovered() {
            ui.set_cursor_icon(CursorIcon::Grab);
        } else if response.hovered() {
            ui.set_cursor_icon(CursorIcon::ZoomIn);
        }
        if !response.hovered() {
            return;
        }
        let (wheel, pinch) = ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta()));
        let factor = pinch * (wheel / WHEEL).exp2();
        if (factor - 1.0).abs() > 1e-4 {
            commands.push(Command::ZoomTo(placing.zoomed(factor, pos, self.area)));
        }
    }
}

/// A short text in the corner of a photo.
fn corner_note(painter: &Painter, area: Rect, text: &str) {
    let at = area.right_bottom() - Vec2::splat(2.0 * UNIT);
    let galley = painter.layout_no_wrap(text.to_owned(), theme::small(), theme::ON_OVER);
    let rect = Align2::RIGHT_BOTTOM.anchor_size(at, galley.size());
    let back = rect.expand2(vec2(1.5 * UNIT, 0.5 * UNIT));
    painter.rect_filled(back, 4.0, theme::OVER.gamma_multiply(0.85));
    painter.galley(rect.min, galley, theme::ON_OVER);
}

/// The colour behind large photos.
pub fn backdrop(backdrop: Backdrop) -> Color32 {
    match backdrop {
        Backdrop::Black => Color32::BLACK,
        Backdrop::Dark => theme::OVER,
        Backdrop::Grey => Color32::from_gray(118),
        Backdrop::White => Color32::WHITE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Rect = Rect::from_min_max(pos2(100.0, 50.0), pos2(1100.0, 650.0));

    #[test]
    fn a_photo_fits_and_is_never_enlarged_by_itself() {
        let fits = Placing::new(vec2(6000.0, 4000.0), AREA, Zoom::FIT, 1.0);
        assert_eq!(fits.rect.size(), vec2(900.0, 600.0));
        assert!((fits.scale - 0.15).abs() < 1e-6);
        let small = Placing::new(vec2(300.0, 200.0), AREA, Zoom::FIT, 2.0);
        assert_eq!(small.rect.size(), vec2(150.0, 100.0));
        assert_eq!(small.rect.center(), AREA.center());
    }

    #[test]
    fn the_chosen_place_is_in_the_middle_and_no_edge_leaves_the_area() {
        let size = vec2(6000.0, 4000.0);
        let middle = Placing::new(size, AREA, Zoom::pixels([0.5, 0.5]), 1.0);
        assert_eq!(middle.place_at(AREA.center()), Some([0.5, 0.5]));
        let corner = Placing::new(size, AREA, Zoom::pixels([0.0, 1.0]), 1.0);
        assert_eq!(corner.rect.left(), AREA.left());
        assert_eq!(corner.rect.bottom(), AREA.bottom());
    }

    #[test]
    fn the_wheel_keeps_what_is_under_the_pointer() {
        let size = vec2(6000.0, 4000.0);
        let before = Placing::new(size, AREA, Zoom::pixels([0.4, 0.6]), 1.0);
        let pos = pos2(300.0, 500.0);
        let zoom = before.zoomed(1.5, pos, AREA);
        let after = Placing::new(size, AREA, zoom, 1.0);
        let (a, b) = (before.place_at(pos).unwrap(), after.place_at(pos).unwrap());
        assert!((a[0] - b[0]).abs() < 1e-3 && (a[1] - b[1]).abs() < 1e-3);
        assert_eq!(before.zoomed(0.01, pos, AREA), Zoom::FIT);
        let dragged = Placing::new(size, AREA, before.dragged(vec2(30.0, -20.0), AREA), 1.0);
        assert_eq!(dragged.rect.min, before.rect.min + vec2(30.0, -20.0));
    }
}
