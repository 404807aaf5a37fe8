//! One photo of the grid.

use egui::{
    Align2, Color32, CornerRadius, EventFilter, Id, Rect, Response, Role, Sense, TextureHandle, Ui,
    Vec2, WidgetInfo, pos2,
};

use super::controls;
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
}

impl Tile<'_> {
    /// Draws the tile and returns what happens to it.
    pub fn show(self, ui: &mut Ui, rect: Rect) -> Response {
        let id = Id::unique(("photo", self.id));
        let response = ui.interact(rect, id, Sense::click());
        let name = self.accessible_name();
        response
            .widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, self.focused, &name));
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
        self.paint(ui, rect, &response);
        let hint = self.hint();
        response.on_hover_text(hint)
    }

    fn accessible_name(&self) -> String {
        let name = &self.photo.name;
        match &self.photo.outcome {
            Some(Ok(scored)) => format!(
                "{name}, score {}, rank {} of {}",
                scored.score, self.rank, self.ranked
            ),
            Some(Err(_)) => format!("{name}, without a score"),
            None => format!("{name}, waiting"),
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

    fn paint(&self, ui: &Ui, rect: Rect, response: &Response) {
        let painter = ui.painter();
        let back = if self.focused || response.hovered() {
            theme::RAISED
        } else {
            theme::PANEL
        };
        painter.rect_filled(rect, CornerRadius::same(6), back);
        let area = Rect::from_min_max(
            rect.min + Vec2::splat(MARGIN),
            rect.max - Vec2::new(MARGIN, MARGIN + FOOT),
        );
        self.paint_picture(ui, area);
        self.paint_foot(ui, rect, area);
        if self.focused {
            controls::ring(painter, rect, 2.0, theme::ACCENT);
        } else if response.has_focus() {
            controls::ring(painter, rect, 1.0, theme::SECOND);
        }
    }

    fn paint_picture(&self, ui: &Ui, area: Rect) {
        let painter = ui.painter();
        if let Some(texture) = &self.picture {
            let place = fitted(texture.size_vec2(), area);
            let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            painter.image(texture.id(), place, whole, Color32::WHITE);
            return;
        }
        painter.rect_filled(area, CornerRadius::same(3), theme::RAISED);
        if self.photo.problem().is_some() {
            painter.text(
                area.center(),
                Align2::CENTER_CENTER,
                icons::IMAGE_BROKEN,
                egui::FontId::proportional(32.0),
                theme::DISABLED,
            );
        }
    }

    fn paint_foot(&self, ui: &Ui, rect: Rect, area: Rect) {
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
                theme::TEXT,
            );
            right_of_score = left + text.width().max(9.0 * UNIT) + 2.0 * UNIT;
            let bar = Rect::from_min_size(
                pos2(left, rect.bottom() - 1.5 * UNIT),
                Vec2::new(area.width(), 3.0),
            );
            controls::score_bar(painter, bar, scored.score);
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
            theme::SECOND,
        );
    }
}

/// Where a picture of this size is as large as fits into `area`, in its middle.
pub fn fitted(size: Vec2, area: Rect) -> Rect {
    let scale = (area.width() / size.x.max(1.0)).min(area.height() / size.y.max(1.0));
    Rect::from_center_size(area.center(), size * scale)
}
