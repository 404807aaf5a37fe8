//! One photo of the grid.

use egui::{
    Align2, Color32, CornerRadius, EventFilter, Id, Rect, Response, Role, Sense, TextureHandle, Ui,
    Vec2, WidgetInfo, pos2,
};

use super::controls;
use super::rating::{self, Ground, MARK, Rated, STAR};
use crate::app::command::Command;
use crate::app::icons;
use crate::app::state::{Photo, PhotoId};
use crate::app::theme::{self, UNIT};
use crate::report::paths;

/// Space around the picture in points.
const MARGIN: f32 = 2.0 * UNIT;

/// Height of the line below the picture in points.
const FOOT: f32 = 7.0 * UNIT;

/// The height in points of a tile of this width.
pub fn height(width: f32) -> f32 {
    (width - 2.0 * MARGIN) * 0.75 + 2.0 * MARGIN + FOOT
}

/// What a tile shows.
pub struct Tile<'a> {
    pub id: PhotoId,
    pub photo: &'a Photo,
    /// From 1.
    pub rank: usize,
    /// How many photos have a rank.
    pub ranked: usize,
    pub picture: Option<TextureHandle>,
    pub focused: bool,
    pub selected: bool,
}

/// A rejected photo's picture, dimmed to this share.
pub const DIMMED: f32 = 0.45;

impl Tile<'_> {
    /// Draws the tile and returns what happens to it.
    pub fn show(self, ui: &mut Ui, rect: Rect, commands: &mut Vec<Command>) -> Response {
        let id = Id::unique(("photo", self.id));
        let response = ui.interact(rect, id, Sense::click());
        let name = self.accessible_name();
        response
            .widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, self.selected, &name));
        if response.has_focus() {
            // The arrows go from photo to photo, not from widget to widget.
            let ours = EventFilter {
                horizontal_arrows: true,
                vertical_arrows: true,
                escape: true,
                ..EventFilter::default()
            };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(id, ours));
        }
        self.paint(ui, rect, &response, commands);
        let hint = self.hint();
        response.on_hover_text(hint)
    }

    fn accessible_name(&self) -> String {
        let name = &self.photo.name;
        let scored = match &self.photo.outcome {
            Some(Ok(scored)) => format!(
                "{name}, score {}, rank {} of {}",
                scored.score, self.rank, self.ranked
            ),
            Some(Err(_)) => format!("{name}, without a score"),
            None => format!("{name}, waiting"),
        };
        match self.photo.is_unrated() {
            true => scored,
            false => format!("{scored}, {}", rating::spoken(self.photo)),
        }
    }

    fn hint(&self) -> String {
        let path = paths::shown(&self.photo.path);
        match &self.photo.outcome {
            Some(Ok(scored)) => {
                let (width, height) = scored.size;
                format!("{path}\n{width} × {height} pixels")
            }
            Some(Err(reason)) => format!("{path}\n{}", paths::clean(reason)),
            None => path,
        }
    }

    fn paint(&self, ui: &Ui, rect: Rect, response: &Response, commands: &mut Vec<Command>) {
        let painter = ui.painter();
        // The controls on it take the pointer from the tile itself.
        let live = ui.rect_contains_pointer(rect);
        let back = if self.focused || live {
            theme::raised()
        } else {
            theme::panel()
        };
        painter.rect_filled(rect, CornerRadius::same(6), back);
        let area = Rect::from_min_max(
            rect.min + Vec2::splat(MARGIN),
            rect.max - Vec2::new(MARGIN, MARGIN + FOOT),
        );
        self.paint_picture(ui, area);
        self.paint_marks(ui, area, live, commands);
        self.paint_foot(ui, rect, area, live, commands);
        if self.focused {
            controls::ring(painter, rect, 2.0, theme::ACCENT);
        } else if self.selected {
            controls::ring(painter, rect, 1.5, theme::ACCENT);
        } else if response.has_focus() {
            controls::ring(painter, rect, 1.0, theme::second());
        }
    }

    fn paint_picture(&self, ui: &Ui, area: Rect) {
        let painter = ui.painter();
        if let Some(texture) = &self.picture {
            let place = fitted(texture.size_vec2(), area);
            let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            let tint = match self.photo.is_rejected() {
                true => Color32::WHITE.gamma_multiply(DIMMED),
                false => Color32::WHITE,
            };
            painter.image(texture.id(), place, whole, tint);
            if self.photo.is_picked() {
                let frame = egui::Stroke::new(2.0, Color32::WHITE);
                painter.rect_stroke(place, 0.0, frame, egui::StrokeKind::Inside);
            }
            return;
        }
        painter.rect_filled(area, CornerRadius::same(3), theme::raised());
        if self.photo.problem().is_some() {
            painter.text(
                area.center(),
                Align2::CENTER_CENTER,
                icons::IMAGE_BROKEN,
                egui::FontId::proportional(32.0),
                theme::disabled(),
            );
        }
    }

    /// Flag and label; under the pointer those that could be given.
    fn paint_marks(&self, ui: &Ui, area: Rect, live: bool, commands: &mut Vec<Command>) {
        let painter = ui.painter();
        if let Some(label) = self.photo.label() {
            let bar = Rect::from_min_size(
                pos2(area.left(), area.bottom() + 1.0),
                Vec2::new(area.width(), 3.0),
            );
            painter.rect_filled(bar, 1.0, rating::label_colour(label));
        }
        let corner = area.left_top() + Vec2::splat(0.5 * UNIT);
        let first = corner + Vec2::new(0.0, MARK / 2.0);
        if !live {
            let middle = corner + Vec2::splat(MARK / 2.0);
            return rating::flag_mark(painter, middle, self.photo);
        }
        let rated = self.rated();
        rated.flags(ui, first, Ground::Picture, commands);
        let width = 5.0 * STAR;
        let dots = pos2(area.right() - width - UNIT, first.y);
        if dots.x > first.x + 2.0 * MARK {
            let back = Rect::from_min_size(
                dots - Vec2::new(0.5 * UNIT, STAR / 2.0 + 1.0),
                Vec2::new(width + UNIT, STAR + 2.0),
            );
            painter.rect_filled(back, 8.0, theme::OVER.gamma_multiply(0.75));
            rated.labels(ui, dots, commands);
        }
    }

    fn rated(&self) -> Rated<'_> {
        Rated {
            id: self.id,
            photo: self.photo,
        }
    }

    fn paint_foot(&self, ui: &Ui, rect: Rect, area: Rect, live: bool, commands: &mut Vec<Command>) {
        let painter = ui.painter();
        let left = area.left();
        let middle = rect.bottom() - (FOOT + MARGIN) / 2.0;
        let mut right_of_score = left;
        if let Some(scored) = self.photo.scored() {
            let text = painter.text(
                pos2(left, middle),
                Align2::LEFT_CENTER,
                scored.score.to_string(),
                theme::score(),
                theme::text(),
            );
            right_of_score = left + text.width().max(9.0 * UNIT) + 2.0 * UNIT;
            let bar = Rect::from_min_size(
                pos2(left, rect.bottom() - 1.5 * UNIT),
                Vec2::new(area.width(), 3.0),
            );
            controls::score_bar(painter, bar, scored.score);
        }
        if live || self.photo.stars() > 0 {
            let left = pos2(right_of_score, middle - 0.5 * UNIT);
            self.rated().stars(ui, left, live, commands);
            let stars = if live { 5 } else { self.photo.stars() };
            right_of_score += f32::from(stars) * STAR + 2.0 * UNIT;
        }
        // Less than that is no name.
        if area.right() - right_of_score < 6.0 * UNIT {
            return;
        }
        let note = match &self.photo.outcome {
            Some(Ok(_)) => self.photo.name.clone(),
            Some(Err(_)) => format!("No score · {}", self.photo.name),
            None => format!("Waiting · {}", self.photo.name),
        };
        controls::cut_text(
            painter,
            pos2(right_of_score, middle - 2.0 * UNIT),
            area.right() - right_of_score,
            note,
            theme::small(),
            theme::second(),
        );
    }
}

/// Where a picture of this size is as large as fits into `area`, in its middle.
pub fn fitted(size: Vec2, area: Rect) -> Rect {
    let scale = (area.width() / size.x.max(1.0)).min(area.height() / size.y.max(1.0));
    Rect::from_center_size(area.center(), size * scale)
}
