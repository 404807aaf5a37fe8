//! What is on the screen. Views read the state and emit commands; the only
//! thing they keep for themselves is where they scrolled to.

mod calibrate;
mod compare;
mod conflicts;
mod controls;
mod drop;
mod files;
mod filmstrip;
mod find;
mod grid;
mod hud;
mod inspector;
mod key_sheet;
mod loupe;
mod models;
mod palette;
mod problems;
mod rating;
mod settings;
mod stage;
mod status_bar;
mod survey;
mod tile;
mod top_bar;
mod up_close;
mod welcome;

use egui::{CentralPanel, Frame, Ui};

use super::command::Command;
use super::keys;
use super::pictures::Pictures;
use super::state::{Panel, PhotoId, State, View};
use super::theme;

/// What views remember from frame to frame, none of which is the state's.
#[derive(Debug, Default)]
pub struct Memory {
    /// The last [`State::reveal`] that was followed.
    revealed: u64,
    /// The tile that has the keyboard.
    keyboard: Option<PhotoId>,
    /// The photo that was large before, to tell which way the user goes.
    large: Option<usize>,
    /// Whether the user last went back.
    backwards: bool,
    /// The place of a large photo that the pointer is at.
    pointed_at: Option<[f32; 2]>,
    /// The photo that the filmstrip was scrolled to.
    stripped: Option<PhotoId>,
    /// The last word that flashed up, and when.
    flashed: u64,
    flashed_at: Option<f64>,
}

/// Draws everything and returns what the user asked for, in order.
pub fn show(
    ui: &mut Ui,
    state: &State,
    pictures: &mut Pictures,
    memory: &mut Memory,
) -> Vec<Command> {
    let ctx = ui.ctx().clone();
    theme::begin(&ctx);
    // Before the widgets, so that what the keys mean here is not lost to them.
    let focused = ctx.memory(|memory| memory.focused()).is_some();
    let on_control = focused && memory.keyboard.is_none();
    state.keys.publish(&ctx);
    let mut commands = match &state.rebinding {
        Some(command) => rebound(&ctx, command),
        None => keys::pressed(&ctx, state, on_control),
    };
    for command in &mut commands {
        // Keys know no pointer.
        if let Command::ToggleZoom(place @ None) = command {
            *place = memory.pointed_at;
        }
    }
    memory.pointed_at = None;
    commands.extend(drop::dropped(&ctx));

    if state.view != View::Welcome {
        top_bar::show(ui, state, &mut commands);
        status_bar::show(ui, state, &mut commands);
    }
    if state.panel == Some(Panel::Problems) {
        problems::show(ui, state, &mut commands);
    }
    if state.panel == Some(Panel::Conflicts) {
        conflicts::show(ui, state, &mut commands);
    }
    if state.panel == Some(Panel::Files) {
        files::show(ui, state, &mut commands);
    }
    if state.panel == Some(Panel::Settings) {
        settings::show(ui, state, &mut commands);
    }
    if state.panel == Some(Panel::Models) {
        models::show(ui, state, &mut commands);
    }
    if state.view != View::Welcome {
        if state.finding {
            find::show(ui, state, &mut commands);
        }
        if state.inspecting {
            inspector::show(ui, state, pictures, &mut commands);
        }
        find::chips(ui, state, &mut commands);
    }
    CentralPanel::default()
        .frame(Frame::new().fill(theme::canvas()))
        .show(ui, |ui| match state.view {
            View::Welcome => welcome::show(ui, state, &mut commands),
            View::Grid => grid::show(ui, state, pictures, memory, &mut commands),
            View::Loupe => loupe::show(ui, state, pictures, memory, &mut commands),
            View::Compare => compare::show(ui, state, pictures, memory, &mut commands),
            View::Survey => survey::show(ui, state, pictures, memory, &mut commands),
            View::Calibrate => calibrate::show(ui, state, pictures, memory, &mut commands),
        });
    if state.view != View::Grid {
        memory.keyboard = None;
    }
    if state.panel == Some(Panel::Keys) {
        key_sheet::show(&ctx, state, &mut commands);
    }
    if state.panel == Some(Panel::Palette) {
        palette::show(&ctx, state, &mut commands);
    }
    hud::show(&ctx, state, memory);
    drop::overlay(&ctx);
    commands
}

/// The key that a command is to have from now on, once it is pressed.
fn rebound(ctx: &egui::Context, command: &str) -> Vec<Command> {
    match keys::next_pressed(ctx) {
        None => Vec::new(),
        Some(key) if key.logical_key == egui::Key::Escape => vec![Command::Rebind(None)],
        Some(key) => vec![Command::Bind(command.to_owned(), key)],
    }
}
