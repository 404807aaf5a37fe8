//! What there is to see before anything is open.

use egui::{Align, Label, Layout, Rect, RichText, Shape, Stroke, Ui, UiBuilder, Vec2};

use super::controls;
use crate::app::command::Command;
use crate::app::icons;
use crate::app::state::{ModelState, Panel, State};
use crate::app::theme::{self, UNIT};
use crate::report::paths;

/// Width and height of the drop target in points, at most.
/// Recent shoots that are shown.
const SHOWN: usize = 4;

const TARGET: Vec2 = Vec2::new(640.0, 340.0);

pub fn show(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let area = ui.max_rect();
    let size = TARGET.min(area.size() - Vec2::splat(16.0 * UNIT));
    let target = Rect::from_center_size(area.center(), size);
    dashed(ui, target);
    let inside = Rect::from_center_size(
        target.center(),
        Vec2::new(target.width() - 32.0 * UNIT, 60.0 * UNIT),
    );
    let builder = UiBuilder::new()
        .max_rect(inside)
        .layout(Layout::top_down(Align::Center));
    ui.scope_builder(builder, |ui| {
        ui.spacing_mut().item_spacing.y = 3.0 * UNIT;
        let icon = RichText::new(icons::DROP).size(56.0).color(theme::second());
        ui.label(icon);
        ui.label(RichText::new("Drop a folder of photos here").font(theme::title()));
        ui.add(Label::new(
            RichText::new(
                "Every photo gets a quality score and a rank, best first. \
                 Your photos are only read, and nothing leaves this computer.",
            )
            .color(theme::second()),
        ));
        ui.add_space(UNIT);
        buttons(ui, state, commands);
        ui.add_space(UNIT);
        ui.label(
            RichText::new(
                "JPEG, PNG, TIFF, WebP, HEIC, AVIF, JPEG XL, and the previews of RAW files",
            )
            .font(theme::small())
            .color(theme::second()),
        );
        recent(ui, state, commands);
        problem(ui, state);
    });
    corner(ui, area, state, commands);
}

fn buttons(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    // Side by side and centred: the row is as wide as its content was last time.
    let id = ui.scope_id().with("buttons");
    let width = ui.data(|data| data.get_temp::<f32>(id)).unwrap_or(0.0);
    let row = ui.horizontal(|ui| {
        ui.add_space(((ui.available_width() - width) / 2.0).max(0.0));
        let before = ui.cursor().left();
        controls::main_button(ui, Command::OpenFolder, commands);
        ui.spacing_mut().interact_size.y = 9.0 * UNIT;
        controls::button(ui, state, Command::OpenPhotos, commands);
        controls::button(ui, state, Command::OpenSamples, commands);
        ui.min_rect().right() - before
    });
    if (row.inner - width).abs() > 0.5 {
        ui.data_mut(|data| data.insert_temp(id, row.inner));
        ui.ctx()
            .request_discard("the width of the buttons was not known");
    }
}

/// What was open before.
fn recent(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let recent = &state.habits.recent;
    if recent.is_empty() {
        return;
    }
    ui.add_space(UNIT);
    let text = RichText::new("Open again").font(theme::small());
    ui.label(text.color(theme::second()));
    for shoot in recent.iter().take(SHOWN) {
        let button = egui::Button::new(&shoot.title)
            .frame_when_inactive(false)
            .truncate();
        let response = ui.add(button);
        let place = shoot.paths.iter().map(|path| paths::shown(path));
        let place: Vec<String> = place.take(4).collect();
        let response = response.on_hover_text(place.join("\n"));
        let name = format!("Open {} again", shoot.title);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
        if response.clicked() {
            commands.push(Command::Open(shoot.paths.clone()));
        }
    }
}

fn problem(ui: &mut Ui, state: &State) {
    let text = match (&state.notice, &state.model) {
        (_, ModelState::Failed(reason)) => format!("Nothing can be scored: {reason}"),
        (Some(notice), _) if notice.problem => notice.text.clone(),
        _ => return,
    };
    let text = format!("{}  {text}", icons::WARNING);
    ui.label(RichText::new(text).color(theme::problem()));
}

/// Version and keys, where they disturb nobody.
fn corner(ui: &mut Ui, area: Rect, state: &State, commands: &mut Vec<Command>) {
    let line = Rect::from_min_max(
        egui::pos2(area.left() + 4.0 * UNIT, area.bottom() - 11.0 * UNIT),
        area.right_bottom() - Vec2::splat(4.0 * UNIT),
    );
    ui.scope_builder(UiBuilder::new().max_rect(line), |ui| {
        ui.horizontal_centered(|ui| {
            let name = format!("Keepers {}", env!("CARGO_PKG_VERSION"));
            ui.label(
                RichText::new(name)
                    .font(theme::small())
                    .color(theme::second()),
            );
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                controls::icon_button(ui, state, Command::Toggle(Panel::Keys), commands);
                controls::icon_button(ui, state, Command::Toggle(Panel::Models), commands);
                controls::icon_button(ui, state, Command::Toggle(Panel::Settings), commands);
            });
        });
    });
}

/// The outline of the drop target.
fn dashed(ui: &Ui, rect: Rect) {
    let corners = [
        rect.left_top(),
        rect.right_top(),
        rect.right_bottom(),
        rect.left_bottom(),
        rect.left_top(),
    ];
    let stroke = Stroke::new(1.5, theme::hovered());
    let lines = Shape::dashed_line(&corners, stroke, 2.0 * UNIT, 1.5 * UNIT);
    ui.painter().extend(lines);
}
