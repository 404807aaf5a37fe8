//! Ratings as they are drawn, and given by the pointer.

use egui::{
    Align2, Color32, FontId, Mesh, Painter, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, Vec2,
    WidgetInfo, pos2,
};

use crate::app::command::{Command, Rate};
use crate::app::icons;
use crate::app::state::{Photo, PhotoId};
use crate::app::theme::{self, UNIT};
use crate::metadata::xmp::{Flag, Label};

/// Width and height of a star with the space around it, in points.
pub const STAR: f32 = 3.5 * UNIT;

/// Width and height of a flag or a label's dot with the space around it.
pub const MARK: f32 = 5.0 * UNIT;

/// The labels that can be given.
const LABELS: [Label; 5] = [
    Label::Red,
    Label::Yellow,
    Label::Green,
    Label::Blue,
    Label::Purple,
];

/// A photo whose rating is shown, and its name.
#[derive(Clone, Copy)]
pub struct Rated<'a> {
    pub id: PhotoId,
    pub photo: &'a Photo,
}

impl Rated<'_> {
    /// A place to click that gives a rating. It takes no keyboard: keys rate
    /// wherever the keyboard is.
    fn target(
        self,
        ui: &Ui,
        rect: Rect,
        key: (&'static str, u8),
        rate: Rate,
        chosen: bool,
        commands: &mut Vec<Command>,
    ) -> bool {
        let id = ui.scope_id().with((self.id, key));
        let response = ui.interact(rect, id, Sense::CLICK);
        let name = format!("{}: {}", self.photo.name, rate.label());
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, &name));
        if response.clicked() {
            commands.push(Command::RatePhoto(self.id, rate));
        }
        response.hovered()
    }

    /// Five stars from the left middle on. They are all there only where they
    /// can be clicked.
    pub fn stars(self, ui: &Ui, left: Pos2, live: bool, commands: &mut Vec<Command>) {
        let count = self.photo.stars();
        let mut lit = count;
        let rect = |n: u8| {
            let corner = left + Vec2::new(f32::from(n - 1) * STAR, -STAR / 2.0);
            Rect::from_min_size(corner, Vec2::splat(STAR))
        };
        if live {
            for n in 1..=5 {
                // The last one again takes all away.
                let given = Rate::Stars(if n == count { 0 } else { n });
                if self.target(ui, rect(n), ("star", n), given, n <= count, commands) {
                    lit = n;
                }
            }
        }
        for n in 1..=if live { 5 } else { count } {
            star(ui.painter(), rect(n).center(), 0.42 * STAR, n <= lit);
        }
    }

    /// Pick and reject, side by side from the left middle on.
    pub fn flags(self, ui: &Ui, left: Pos2, on: Ground, commands: &mut Vec<Command>) {
        let flags = [
            (Flag::Pick, self.photo.is_picked()),
            (Flag::Reject, self.photo.is_rejected()),
        ];
        for (place, (flag, has)) in (0_u8..).zip(flags) {
            let corner = left + Vec2::new(f32::from(place) * MARK, -MARK / 2.0);
            let rect = Rect::from_min_size(corner, Vec2::splat(MARK));
            let given = Rate::Flag(if has { Flag::None } else { flag });
            let hovered = self.target(ui, rect, ("flag", place), given, has, commands);
            let (icon, mut colour) = look(flag, on);
            if !has && !hovered {
                colour = match on {
                    Ground::Picture => theme::ON_OVER.gamma_multiply(0.7),
                    Ground::Panel => theme::disabled(),
                };
            }
            mark(ui.painter(), rect.center(), icon, colour, on);
        }
    }

    /// The labels' dots, side by side from the left middle on.
    pub fn labels(self, ui: &Ui, left: Pos2, commands: &mut Vec<Command>) {
        for (place, label) in (0_u8..).zip(LABELS) {
            let has = self.photo.label() == Some(label);
            let corner = left + Vec2::new(f32::from(place) * STAR, -STAR / 2.0);
            let rect = Rect::from_min_size(corner, Vec2::splat(STAR));
            let given = Rate::Label(label);
            let hovered = self.target(ui, rect, ("label", place), given, has, commands);
            let radius = if has || hovered { 5.0 } else { 3.5 };
            ui.painter()
                .circle_filled(rect.center(), radius, label_colour(label));
            if has {
                let ring = Stroke::new(1.5, theme::text());
                ui.painter().circle_stroke(rect.center(), 6.0, ring);
            }
        }
    }
}

/// What of a photo's rating is worth saying: `3 stars, picked, red label`.
pub fn spoken(photo: &Photo) -> String {
    let stars = photo.rating.stars.filter(|stars| stars.count() > 0);
    let flag = photo.rating.flag.filter(|flag| *flag != Flag::None);
    let label = photo.label().map(|label| match label {
        Label::Other => label.to_string(),
        label => format!("{label} label"),
    });
    let parts = [
        stars.map(|stars| stars.to_string()),
        flag.map(|flag| flag.to_string()),
        label,
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(", ")
}

/// What a mark is drawn on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// A picture of any colours.
    Picture,
    /// A panel.
    Panel,
}

/// A flag's icon and colour.
fn look(flag: Flag, on: Ground) -> (&'static str, Color32) {
    match (flag, on) {
        (Flag::Reject, Ground::Picture) => (icons::X, theme::REJECTED),
        (Flag::Reject, Ground::Panel) => (icons::X, theme::problem()),
        (_, Ground::Picture) => (icons::FLAG, Color32::WHITE),
        (_, Ground::Panel) => (icons::FLAG, theme::text()),
    }
}

/// An icon that can be seen on what it is drawn on.
fn mark(painter: &Painter, middle: Pos2, icon: &str, colour: Color32, on: Ground) {
    if on == Ground::Picture {
        painter.circle_filled(middle, 9.0, theme::OVER.gamma_multiply(0.75));
    }
    let font = FontId::proportional(14.0);
    painter.text(middle, Align2::CENTER_CENTER, icon, font, colour);
}

/// The flag of a photo that has one, in a corner of its picture.
pub fn flag_mark(painter: &Painter, middle: Pos2, photo: &Photo) {
    let flag = match (photo.is_picked(), photo.is_rejected()) {
        (true, _) => Flag::Pick,
        (_, true) => Flag::Reject,
        _ => return,
    };
    let (icon, colour) = look(flag, Ground::Picture);
    mark(painter, middle, icon, colour, Ground::Picture);
}

/// A colour label's colour.
pub fn label_colour(label: Label) -> Color32 {
    match label {
        Label::Red => theme::LABELS[0],
        Label::Yellow => theme::LABELS[1],
        Label::Green => theme::LABELS[2],
        Label::Blue => theme::LABELS[3],
        Label::Purple => theme::LABELS[4],
        Label::None | Label::Other => theme::second(),
    }
}

/// A star, filled or in outline.
pub fn star(painter: &Painter, middle: Pos2, radius: f32, filled: bool) {
    let point = |i: usize| {
        let angle = std::f32::consts::PI * (i as f32 / 5.0 - 0.5);
        let length = if i.is_multiple_of(2) {
            radius
        } else {
            radius * 0.45
        };
        middle + length * Vec2::angled(angle)
    };
    let outline: Vec<Pos2> = (0..10).map(point).collect();
    if !filled {
        let stroke = Stroke::new(1.0, theme::second());
        painter.add(Shape::closed_line(outline, stroke));
        return;
    }
    // A fan, as the shape is not convex.
    let mut mesh = Mesh::default();
    mesh.colored_vertex(middle, theme::star());
    for corner in outline {
        mesh.colored_vertex(corner, theme::star());
    }
    for i in 0..10 {
        mesh.add_triangle(0, 1 + i, 1 + (i + 1) % 10);
    }
    painter.add(mesh);
}

/// All of a rating in one row, to be clicked; the width it takes.
pub fn row(ui: &mut Ui, rated: Rated<'_>, commands: &mut Vec<Command>) {
    let width = 2.0 * MARK + 10.0 * STAR + 4.0 * UNIT;
    let (rect, _) = ui.allocate_exact_size(Vec2::new(width, MARK), Sense::hover());
    let mut left = rect.left_center();
    rated.flags(ui, left, Ground::Panel, commands);
    left = pos2(left.x + 2.0 * MARK + 2.0 * UNIT, left.y);
    rated.stars(ui, left, true, commands);
    left = pos2(left.x + 5.0 * STAR + 2.0 * UNIT, left.y);
    rated.labels(ui, left, commands);
}
