//! Files dropped on the window, anywhere and at any time.

use egui::{Align2, Context, Id, LayerId, Order, Vec2};

use super::controls;
use crate::app::command::Command;
use crate::app::icons;
use crate::app::theme;

/// The command that opens what was dropped in this frame.
pub fn dropped(ctx: &Context) -> Option<Command> {
    let paths: Vec<_> = ctx.input(|input| {
        let files = input.raw.dropped_files.iter();
        files.map(|file| file.path().to_owned()).collect()
    });
    (!paths.is_empty()).then_some(Command::Open(paths))
}

/// While something is held over the window: that it can be let go.
pub fn overlay(ctx: &Context) {
    if ctx.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let layer = LayerId::new(Order::Foreground, Id::unique("drop"));
    let painter = ctx.layer_painter(layer);
    let rect = ctx.content_rect();
    painter.rect_filled(rect, 0.0, theme::OVER.gamma_multiply(0.85));
    controls::ring(&painter, rect.shrink(3.0 * theme::UNIT), 2.0, theme::ACCENT);
    painter.text(
        rect.center() - Vec2::new(0.0, 8.0 * theme::UNIT),
        Align2::CENTER_CENTER,
        icons::DROP,
        egui::FontId::proportional(48.0),
        theme::text(),
    );
    painter.text(
        rect.center() + Vec2::new(0.0, 4.0 * theme::UNIT),
        Align2::CENTER_CENTER,
        "Let go to score",
        theme::title(),
        theme::text(),
    );
}
