//! What the last key did, for a moment over the photos.

use egui::{Align2, Area, Context, Frame, Id, Margin, Order, RichText, Vec2};

use super::Memory;
use crate::app::state::State;
use crate::app::theme::{self, UNIT};

/// How long it is shown, in seconds.
const SHOWN: f64 = 0.6;

pub fn show(ctx: &Context, state: &State, memory: &mut Memory) {
    let flash = &state.culling.flash;
    let now = ctx.input(|input| input.time);
    if memory.flashed != flash.number {
        memory.flashed = flash.number;
        memory.flashed_at = Some(now);
    }
    let Some(since) = memory.flashed_at else {
        return;
    };
    let left = SHOWN - (now - since);
    if left <= 0.0 {
        memory.flashed_at = None;
        return;
    }
    ctx.request_repaint_after(std::time::Duration::from_secs_f64(left));
    let frame = Frame::new()
        .fill(theme::OVER.gamma_multiply(0.85))
        .corner_radius(8)
        .inner_margin(Margin::symmetric(20, 12));
    Area::new(Id::unique("flash"))
        .order(Order::Foreground)
        .anchor(Align2::CENTER_BOTTOM, Vec2::new(0.0, -30.0 * UNIT))
        .interactable(false)
        .fade_in(false)
        .show(ctx, |ui| {
            frame.show(ui, |ui| text(ui, &flash.text));
        });
}

/// Stars as they are drawn elsewhere, the rest as text.
fn text(ui: &mut egui::Ui, text: &str) {
    let rest = text.trim_start_matches('★');
    let stars = text.chars().count() - rest.chars().count();
    ui.horizontal(|ui| {
        if stars > 0 {
            let side = 6.0 * UNIT;
            let size = Vec2::new(stars as f32 * side, side);
            let (rect, response) = ui.allocate_exact_size(size, egui::Sense::hover());
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, text));
            for n in 0..stars {
                let middle = rect.left_center() + Vec2::new((n as f32 + 0.5) * side, 0.0);
                super::rating::star(ui.painter(), middle, 0.42 * side, true);
            }
        }
        if !rest.is_empty() {
            ui.label(
                RichText::new(rest)
                    .font(theme::title())
                    .color(theme::ON_OVER),
            );
        }
    });
}
