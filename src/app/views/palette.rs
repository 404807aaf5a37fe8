//! All commands, to be found by their names and done without a key of their own.

use egui::{
    Align2, Area, Context, Frame, Id, Key, Modifiers, Order, RichText, TextEdit, Vec2, WidgetInfo,
};

use crate::app::apply::possible;
use crate::app::command::Command;
use crate::app::keys::{self, Keymap};
use crate::app::settings::Look;
use crate::app::state::{Backdrop, Panel, State};
use crate::app::theme::{self, UNIT};

/// Lines that are shown.
const LINES: usize = 12;

/// Commands that have no key.
fn without_keys() -> Vec<(String, Command)> {
    let mut all = vec![
        named(Command::OpenPhotos),
        named(Command::OpenSamples),
        named(Command::ReverseSort),
        named(Command::ClearFilter),
        named(Command::UsualKeys),
        named(Command::LearnAnew),
    ];
    for look in Look::ALL {
        all.push((format!("Theme: {}", look.label()), Command::SetLook(look)));
    }
    for backdrop in Backdrop::ALL {
        let name = format!("Background: {}", backdrop.label());
        all.push((name, Command::SetBackdrop(backdrop)));
    }
    all
}

fn named(command: Command) -> (String, Command) {
    (command.label().to_owned(), command)
}

/// The commands that make sense now and have all the words in their names.
fn found(state: &State, keymap: &Keymap) -> Vec<(String, Command)> {
    let mut all: Vec<(String, Command)> = Vec::new();
    let bound = keymap.bindings().iter();
    let bound = bound.filter(|binding| binding.place.covers(state.view));
    for binding in bound {
        if all.iter().all(|(_, other)| *other != binding.command) {
            all.push(named(binding.command.clone()));
        }
    }
    all.extend(without_keys());
    let words = state.palette.text.to_lowercase();
    let words: Vec<&str> = words.split_whitespace().collect();
    all.retain(|(name, command)| {
        let name = name.to_lowercase();
        let useful = !matches!(
            command,
            Command::Back | Command::Toggle(Panel::Palette) | Command::Go(_) | Command::Extend(_)
        );
        useful && possible(state, command) && words.iter().all(|word| name.contains(word))
    });
    all
}

pub fn show(ctx: &Context, state: &State, commands: &mut Vec<Command>) {
    let found = found(state, &state.keys);
    let line = state.palette.line.min(found.len().saturating_sub(1));
    let steps = ctx.input_mut(|input| {
        let down = input.count_and_consume_key(Modifiers::NONE, Key::ArrowDown);
        let up = input.count_and_consume_key(Modifiers::NONE, Key::ArrowUp);
        (down, up)
    });
    if steps != (0, 0) {
        let to = (line + steps.0).saturating_sub(steps.1);
        commands.push(Command::ChooseCommand(
            to.min(found.len().saturating_sub(1)),
        ));
    }
    let enter = ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
    if enter && let Some((_, command)) = found.get(line) {
        commands.push(Command::Do(Box::new(command.clone())));
    }
    if ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
        commands.push(Command::Toggle(Panel::Palette));
    }
    let frame = Frame::popup(&ctx.style_of(ctx.theme())).inner_margin(3.0 * UNIT);
    let area = Area::new(Id::unique("palette"))
        .order(Order::Foreground)
        .anchor(Align2::CENTER_TOP, Vec2::new(0.0, 16.0 * UNIT));
    let shown = area.show(ctx, |ui| {
        frame.show(ui, |ui| {
            ui.set_width(110.0 * UNIT);
            search(ui, state, commands);
            ui.add_space(UNIT);
            if found.is_empty() {
                let text = "No command has that in its name";
                ui.label(RichText::new(text).color(theme::second()));
            }
            // The chosen line is always in sight.
            let first = (line + 1).saturating_sub(LINES);
            let lines = found.iter().enumerate().skip(first).take(LINES);
            for (place, (name, command)) in lines {
                row(ui, place == line, name, command, commands);
            }
        });
    });
    if shown.response.clicked_elsewhere() {
        commands.push(Command::Toggle(Panel::Palette));
    }
}

fn search(ui: &mut egui::Ui, state: &State, commands: &mut Vec<Command>) {
    let mut text = state.palette.text.clone();
    let field = TextEdit::singleline(&mut text)
        .hint_text("What do you want to do?")
        .desired_width(f32::INFINITY);
    let response = ui.add(field);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::TextInput, true, "Find a command"));
    if !response.has_focus() {
        response.request_focus();
    }
    if response.changed() {
        commands.push(Command::SearchCommands(text));
    }
}

fn row(
    ui: &mut egui::Ui,
    chosen: bool,
    name: &str,
    command: &Command,
    commands: &mut Vec<Command>,
) {
    let key = keys::shortcut(ui.ctx(), command).unwrap_or_default();
    let fill = match chosen {
        true => theme::hovered(),
        false => egui::Color32::TRANSPARENT,
    };
    let text = RichText::new(name);
    let button = egui::Button::new(text)
        .right_text(RichText::new(key).color(theme::second()))
        .fill(fill)
        .min_size(Vec2::new(ui.available_width(), 7.0 * UNIT));
    let response = ui.add(button);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, name));
    if response.clicked() {
        commands.push(Command::Do(Box::new(command.clone())));
    }
}
