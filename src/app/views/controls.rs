//! Buttons and bars that several views use.

use egui::{
    Align, Align2, Button, Color32, CornerRadius, Frame, Label, Layout, Margin, Painter, Pos2,
    Rect, Response, RichText, Role, Stroke, Ui, Vec2, WidgetInfo,
};

use crate::app::apply::possible;
use crate::app::command::Command;
use crate::app::icons;
use crate::app::keys;
use crate::app::state::{Panel, State};
use crate::app::theme;
use crate::engine::Progress;
use crate::model::Score;

/// A button for a command: with its icon and label, greyed where it makes no
/// sense, and with its hint and key as a tooltip.
pub fn button(ui: &mut Ui, state: &State, command: Command, commands: &mut Vec<Command>) {
    let text = match command.icon() {
        Some(icon) => format!("{icon}  {}", command.label()),
        None => command.label().to_owned(),
    };
    let response = ui.add_enabled(possible(state, &command), Button::new(text));
    finish(response, command, commands);
}

/// The one button of a view that most people want.
pub fn main_button(ui: &mut Ui, command: Command, commands: &mut Vec<Command>) {
    let icon = command.icon().unwrap_or_default();
    let text = RichText::new(format!("{icon}  {}", command.label()))
        .color(theme::ON_ACCENT)
        .family(theme::strong());
    let button = Button::new(text)
        .fill(theme::ACCENT)
        .min_size(Vec2::new(0.0, 9.0 * theme::UNIT));
    finish(ui.add(button), command, commands);
}

/// A button that shows an icon alone; its label is its accessible name.
pub fn icon_button(ui: &mut Ui, state: &State, command: Command, commands: &mut Vec<Command>) {
    let icon = RichText::new(command.icon().unwrap_or_default()).size(18.0);
    let button = Button::new(icon)
        .frame_when_inactive(false)
        .min_size(Vec2::splat(7.0 * theme::UNIT));
    let response = ui.add_enabled(possible(state, &command), button);
    finish(response, command, commands);
}

/// An icon button for a command that has another name here.
pub fn icon_button_as(
    ui: &mut Ui,
    icon: &str,
    name: &str,
    command: Command,
    commands: &mut Vec<Command>,
) {
    let icon = RichText::new(icon).size(16.0);
    finish_as(
        ui.add(Button::new(icon).frame(false)),
        name,
        command,
        commands,
    );
}

/// A choice between views.
pub fn choice(
    ui: &mut Ui,
    state: &State,
    chosen: bool,
    command: Command,
    commands: &mut Vec<Command>,
) {
    let icon = command.icon().unwrap_or_default();
    let text = RichText::new(format!("{icon}  {}", command.label()));
    let (text, fill) = if chosen {
        (text.color(theme::ON_ACCENT), theme::ACCENT)
    } else {
        (text, Color32::TRANSPARENT)
    };
    let button = Button::new(text).fill(fill);
    let response = ui.add_enabled(possible(state, &command), button);
    let (enabled, label) = (response.enabled(), command.label());
    let clicked = response.clicked();
    let response = tooltip(response, &command);
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, enabled, chosen, label));
    if clicked {
        commands.push(command);
    }
}

/// Names a control after its command, explains it, and passes its click on.
pub fn finish(response: Response, command: Command, commands: &mut Vec<Command>) {
    let enabled = response.enabled();
    let response = tooltip(response, &command);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, command.label()));
    if response.clicked() {
        commands.push(command);
    }
}

/// As [`finish`], for a command that has another name here.
pub fn finish_as(response: Response, name: &str, command: Command, commands: &mut Vec<Command>) {
    let enabled = response.enabled();
    let response = response.on_hover_text(command.hint().unwrap_or(name));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
    if response.clicked() {
        commands.push(command);
    }
}

fn tooltip(response: Response, command: &Command) -> Response {
    let key = keys::shortcut(&response.ctx, command);
    let hint = command.hint().unwrap_or(command.label());
    let text = match key {
        Some(key) => format!("{hint} ({key})"),
        None => hint.to_owned(),
    };
    response.on_hover_text(text)
}

/// Whether this was clicked twice. A click elsewhere just before makes the
/// second of them the third for the toolkit, which means the same here.
pub fn twice_clicked(response: &Response) -> bool {
    response.double_clicked() || response.triple_clicked()
}

/// A paragraph that matters less.
pub fn second(ui: &mut Ui, text: &str) {
    ui.add(Label::new(RichText::new(text).color(theme::second())).wrap());
}

/// As [`second`], in small letters.
pub fn small(ui: &mut Ui, text: &str) {
    let text = RichText::new(text).font(theme::small());
    ui.add(Label::new(text.color(theme::second())).wrap());
}

/// A paragraph about what went wrong.
pub fn trouble(ui: &mut Ui, text: &str) {
    ui.add(Label::new(RichText::new(text).color(theme::problem())).wrap());
}

/// The title of a panel, and the button that closes it.
pub fn heading(ui: &mut Ui, title: &str, close: &str, panel: Panel, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.label(RichText::new(title).font(theme::score()));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            icon_button_as(ui, icons::X, close, Command::Toggle(panel), commands);
        });
    });
}

/// A bar at the bottom of what is left of the window, with things in a row.
pub fn bottom_bar(ui: &mut Ui, id: &'static str, height: f32, add: impl FnOnce(&mut Ui)) {
    let frame = Frame::new()
        .fill(theme::panel())
        .inner_margin(Margin::symmetric(16, 0));
    egui::Panel::bottom(id)
        .exact_size(height)
        .frame(frame)
        .show(ui, |ui| ui.horizontal_centered(add));
}

/// A thin bar for a score of 0 to 100. Its length says it, never its colour.
pub fn score_bar(painter: &Painter, rect: Rect, score: Score) {
    let radius = CornerRadius::same(1);
    painter.rect_filled(rect, radius, theme::line());
    let mut filled = rect;
    filled.set_width(rect.width() * (score.value() / 100.0) as f32);
    painter.rect_filled(filled, radius, theme::second());
}

/// How far something is, as a thin bar.
pub fn progress_bar(ui: &mut Ui, width: f32, progress: &Progress) {
    let size = Vec2::new(width, theme::UNIT);
    let (rect, _) = ui.allocate_exact_size(size, egui::Sense::hover());
    ui.painter().rect_filled(rect, 2.0, theme::line());
    let mut done = rect;
    let share = progress.done as f32 / progress.total.max(1) as f32;
    done.set_width(rect.width() * share.min(1.0));
    ui.painter().rect_filled(done, 2.0, theme::ACCENT);
}

/// A line of text cut with an ellipsis where it is too long.
pub fn cut_text(
    painter: &Painter,
    position: Pos2,
    width: f32,
    text: String,
    font: egui::FontId,
    colour: Color32,
) {
    let mut job = egui::text::LayoutJob::simple_singleline(text, font, colour);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(0.0));
    let galley = painter.layout_job(job);
    painter.galley(position, galley, colour);
}

/// An icon and a sentence in the middle of an area.
pub fn message(painter: &Painter, rect: Rect, icon: &str, text: &str) {
    let middle = rect.center();
    painter.text(
        middle - Vec2::new(0.0, 6.0 * theme::UNIT),
        Align2::CENTER_CENTER,
        icon,
        egui::FontId::proportional(36.0),
        theme::disabled(),
    );
    let mut job = egui::text::LayoutJob::simple(
        text.to_owned(),
        theme::body(),
        theme::second(),
        (rect.width() - 8.0 * theme::UNIT).max(40.0),
    );
    job.halign = egui::Align::Center;
    let galley = painter.layout_job(job);
    painter.galley(
        middle + Vec2::new(0.0, 2.0 * theme::UNIT),
        galley,
        theme::second(),
    );
}

/// A ring around something.
pub fn ring(painter: &Painter, rect: Rect, width: f32, colour: Color32) {
    painter.rect_stroke(
        rect,
        CornerRadius::same(6),
        Stroke::new(width, colour),
        egui::StrokeKind::Inside,
    );
}
