//! Which keys mean what, as one table. The list of keys in the window is made
//! from the same table, so the two cannot disagree.

use egui::{Key, Modifiers};

use super::command::{Command, Rate, Step};
use super::state::{Panel, State, View};
use crate::metadata::xmp::{Flag, Label};

/// A key that means a command.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The key.
    pub key: Key,
    /// Exactly these modifiers; `COMMAND` is Cmd on macOS and Ctrl elsewhere.
    pub modifiers: Modifiers,
    /// Where it works.
    pub place: Place,
    /// What it does.
    pub command: Command,
}

/// Where a key works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Everywhere.
    Anywhere,
    /// Where photos are open.
    Shoot,
    /// In the grid.
    Grid,
    /// In the loupe.
    Loupe,
    /// In Compare.
    Compare,
    /// In Survey.
    Survey,
    /// Where photos are large.
    Large,
}

impl Place {
    fn covers(self, view: View) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Shoot => view != View::Welcome,
            Self::Grid => view == View::Grid,
            Self::Loupe => view == View::Loupe,
            Self::Compare => view == View::Compare,
            Self::Survey => view == View::Survey,
            Self::Large => matches!(view, View::Loupe | View::Compare | View::Survey),
        }
    }
}

/// All keys, in the order in which the window lists them. Where a command has
/// several keys the first is the one that buttons show.
pub fn bindings() -> Vec<Binding> {
    use Command as C;
    use Place::{Anywhere, Compare, Grid, Large, Loupe, Shoot, Survey};
    let plain = Modifiers::NONE;
    let command = Modifiers::COMMAND;
    let shift = Modifiers::SHIFT;
    let both = command | shift;
    let rows = [
        (Key::ArrowLeft, plain, Shoot, C::Go(Step::Previous)),
        (Key::ArrowRight, plain, Shoot, C::Go(Step::Next)),
        (Key::ArrowUp, plain, Grid, C::Go(Step::Up)),
        (Key::ArrowDown, plain, Grid, C::Go(Step::Down)),
        (Key::ArrowUp, plain, Loupe, C::Go(Step::Previous)),
        (Key::ArrowDown, plain, Loupe, C::Go(Step::Next)),
        (Key::ArrowUp, plain, Survey, C::Go(Step::Previous)),
        (Key::ArrowDown, plain, Survey, C::Go(Step::Next)),
        (Key::ArrowUp, plain, Compare, C::Select),
        (Key::S, plain, Compare, C::Swap),
        (Key::P, plain, Shoot, C::Rate(Rate::Flag(Flag::Pick))),
        (Key::X, plain, Shoot, C::Rate(Rate::Flag(Flag::Reject))),
        (Key::U, plain, Shoot, C::Rate(Rate::Flag(Flag::None))),
        (Key::Num1, plain, Shoot, C::Rate(Rate::Stars(1))),
        (Key::Num2, plain, Shoot, C::Rate(Rate::Stars(2))),
        (Key::Num3, plain, Shoot, C::Rate(Rate::Stars(3))),
        (Key::Num4, plain, Shoot, C::Rate(Rate::Stars(4))),
        (Key::Num5, plain, Shoot, C::Rate(Rate::Stars(5))),
        (Key::Num0, plain, Shoot, C::Rate(Rate::Stars(0))),
        (Key::Num6, plain, Shoot, C::Rate(Rate::Label(Label::Red))),
        (Key::Num7, plain, Shoot, C::Rate(Rate::Label(Label::Yellow))),
        (Key::Num8, plain, Shoot, C::Rate(Rate::Label(Label::Green))),
        (Key::Num9, plain, Shoot, C::Rate(Rate::Label(Label::Blue))),
        (Key::Z, command, Shoot, C::Undo),
        (Key::Z, both, Shoot, C::Redo),
        (Key::Y, command, Shoot, C::Redo),
        (Key::A, plain, Shoot, C::ToggleAutoAdvance),
        (Key::PageUp, plain, Shoot, C::Go(Step::PageUp)),
        (Key::PageDown, plain, Shoot, C::Go(Step::PageDown)),
        (Key::Home, plain, Shoot, C::Go(Step::First)),
        (Key::End, plain, Shoot, C::Go(Step::Last)),
        (Key::A, command, Grid, C::SelectAll),
        (Key::ArrowLeft, shift, Grid, C::Extend(Step::Previous)),
        (Key::ArrowRight, shift, Grid, C::Extend(Step::Next)),
        (Key::ArrowUp, shift, Grid, C::Extend(Step::Up)),
        (Key::ArrowDown, shift, Grid, C::Extend(Step::Down)),
        (Key::I, plain, Shoot, C::ToggleInspector),
        (Key::F, plain, Shoot, C::ToggleFind),
        (Key::F, command, Shoot, C::ToggleFind),
        (Key::E, plain, Shoot, C::ShowLoupe),
        (Key::Enter, plain, Grid, C::ShowLoupe),
        (Key::G, plain, Shoot, C::ShowGrid),
        (Key::Enter, plain, Loupe, C::ShowGrid),
        (Key::Enter, plain, Compare, C::ShowGrid),
        (Key::Enter, plain, Survey, C::ShowGrid),
        (Key::C, plain, Shoot, C::ShowCompare),
        (Key::N, plain, Shoot, C::ShowSurvey),
        (Key::Z, plain, Large, C::ToggleZoom(None)),
        (Key::Space, plain, Large, C::ToggleZoom(None)),
        (Key::Space, plain, Grid, C::ShowLoupe),
        (Key::T, plain, Shoot, C::ToggleFilmstrip),
        (Key::B, plain, Large, C::NextBackdrop),
        (Key::Escape, plain, Anywhere, C::Back),
        (Key::Plus, plain, Grid, C::LargerTiles),
        (Key::Equals, plain, Grid, C::LargerTiles),
        (Key::Minus, plain, Grid, C::SmallerTiles),
        (Key::O, command, Anywhere, C::OpenFolder),
        (Key::C, command, Shoot, C::CopyTable),
        (Key::S, command, Shoot, C::Export),
        (Key::W, command, Shoot, C::Close),
        (Key::M, plain, Anywhere, C::Toggle(Panel::Models)),
        (Key::Questionmark, plain, Anywhere, C::Toggle(Panel::Keys)),
        (Key::F1, plain, Anywhere, C::Toggle(Panel::Keys)),
        (Key::Q, command, Anywhere, C::Quit),
    ];
    rows.into_iter()
        .map(|(key, modifiers, place, command)| Binding {
            key,
            modifiers,
            place,
            command,
        })
        .collect()
}

/// Takes the commands out of this frame's keys. While a control other than a
/// photo has the keyboard, the keys that controls use themselves are left to it.
pub fn pressed(ctx: &egui::Context, state: &State, control_focused: bool) -> Vec<Command> {
    if ctx.text_edit_focused() {
        return Vec::new();
    }
    let mut commands = Vec::new();
    for binding in bindings() {
        if !binding.place.covers(state.view) || (control_focused && of_controls(binding.key)) {
            continue;
        }
        if ctx.input_mut(|input| taken(input, &binding)) {
            commands.push(binding.command);
        }
    }
    commands
}

/// Whether a key of a binding was pressed, which it then is no more.
fn taken(input: &mut egui::InputState, binding: &Binding) -> bool {
    // The system turns these into events of their own.
    if binding.modifiers == Modifiers::COMMAND && binding.key == Key::C {
        let before = input.events.len();
        input.events.retain(|event| *event != egui::Event::Copy);
        if input.events.len() != before {
            return true;
        }
    }
    let mut pressed = false;
    input.events.retain(|event| {
        let hit = matches!(
            event,
            egui::Event::Key { key, modifiers, pressed: true, .. }
                if *key == binding.key && fits(*modifiers, binding)
        );
        pressed |= hit;
        !hit
    });
    pressed
}

/// Shift is part of how some characters are typed, and says nothing there.
fn fits(modifiers: Modifiers, binding: &Binding) -> bool {
    let typed = matches!(binding.key, Key::Questionmark | Key::Plus | Key::Equals);
    let modifiers = if typed {
        Modifiers {
            shift: false,
            ..modifiers
        }
    } else {
        modifiers
    };
    modifiers.matches_exact(binding.modifiers)
}

/// Keys that buttons and sliders use.
fn of_controls(key: Key) -> bool {
    matches!(
        key,
        Key::Enter
            | Key::Space
            | Key::ArrowLeft
            | Key::ArrowRight
            | Key::ArrowUp
            | Key::ArrowDown
            | Key::PageUp
            | Key::PageDown
            | Key::Home
            | Key::End
    )
}

/// The key of a command as text, for tooltips: `Ctrl+O`.
pub fn shortcut(ctx: &egui::Context, command: &Command) -> Option<String> {
    bindings()
        .iter()
        .find(|binding| binding.command == *command)
        .map(|binding| text(ctx, binding))
}

/// A binding's key as text.
pub fn text(ctx: &egui::Context, binding: &Binding) -> String {
    // Where the toolkit's name is not what is printed on the key.
    let printed = match binding.key {
        Key::Questionmark => "?",
        Key::Plus => "+",
        Key::Equals => "=",
        Key::Minus => "−",
        Key::PageUp => "Page up",
        Key::PageDown => "Page down",
        Key::Escape => "Esc",
        Key::ArrowLeft => "←",
        Key::ArrowRight => "→",
        Key::ArrowUp => "↑",
        Key::ArrowDown => "↓",
        _ => "",
    };
    if binding.modifiers.is_none() && !printed.is_empty() {
        return printed.to_owned();
    }
    ctx.format_shortcut(&egui::KeyboardShortcut::new(binding.modifiers, binding.key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clash(a: &Binding, b: &Binding) -> bool {
        let views = [
            View::Welcome,
            View::Grid,
            View::Loupe,
            View::Compare,
            View::Survey,
            View::Calibrate,
        ];
        let both = |view: &View| a.place.covers(*view) && b.place.covers(*view);
        a.key == b.key && a.modifiers == b.modifiers && views.iter().any(both)
    }

    #[test]
    fn no_key_means_two_things() {
        let all = bindings();
        for (i, a) in all.iter().enumerate() {
            for b in &all[i + 1..] {
                assert!(!clash(a, b), "{a:?} {b:?}");
            }
        }
    }
}
