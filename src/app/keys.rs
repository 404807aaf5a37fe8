//! Which keys mean what, as one table. The list of keys in the window is made
//! from the same table, so the two cannot disagree.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{Key, KeyboardShortcut, Modifiers};

use super::command::{Command, Rate, Step};
use super::overlay::Overlay;
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
    /// Whether it works in this view.
    pub fn covers(self, view: View) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Shoot => view != View::Welcome,
            Self::Grid => view == View::Grid,
            Self::Loupe => view == View::Loupe,
            Self::Compare => view == View::Compare,
            Self::Survey => view == View::Survey,
            Self::Large => !matches!(view, View::Welcome | View::Grid),
        }
    }
}

/// Which keys mean what: the usual ones, and what the user changed.
#[derive(Debug, Clone)]
pub struct Keymap {
    bindings: Arc<Vec<Binding>>,
    changed: BTreeMap<String, Vec<String>>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self {
            bindings: Arc::new(usual()),
            changed: BTreeMap::new(),
        }
    }
}

impl Keymap {
    /// The usual keys, with these changes: names of commands ([`name`]) and the
    /// keys that mean them, as `Ctrl+Shift+Z`. The text says what of it could
    /// not be understood, which is left out.
    pub fn with(changes: &BTreeMap<String, Vec<String>>) -> (Self, Option<String>) {
        let mut keymap = Self::default();
        let mut trouble = Vec::new();
        for (command, keys) in changes {
            let parsed: Vec<KeyboardShortcut> = keys.iter().filter_map(|key| parse(key)).collect();
            if parsed.len() != keys.len() {
                trouble.push(format!("\"{}\" names no key", keys.join("\", \"")));
            } else if let Err(reason) = keymap.bind(command, &parsed) {
                trouble.push(reason);
            }
        }
        let trouble = (!trouble.is_empty()).then(|| {
            let reasons = trouble.join("; ");
            format!("Some keys of the settings were left out: {reasons}")
        });
        (keymap, trouble)
    }

    /// The bindings, in the order in which the window lists them.
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// What differs from the usual keys.
    pub fn changed(&self) -> BTreeMap<String, Vec<String>> {
        self.changed.clone()
    }

    /// Lets these keys mean the command of this name, and no others.
    ///
    /// # Errors
    /// A sentence, for a command that has no key, or a key that is taken where
    /// the command works.
    pub fn bind(&mut self, command: &str, keys: &[KeyboardShortcut]) -> Result<(), String> {
        let mut bindings = self.bindings.as_ref().clone();
        let ours = |binding: &Binding| name(&binding.command) == command;
        let Some(first) = bindings.iter().position(ours) else {
            return Err(format!("there is no command \"{command}\""));
        };
        // Where it works it goes on working, in every place.
        let mut places: Vec<Binding> = Vec::new();
        for binding in bindings.iter().filter(|binding| ours(binding)) {
            if places.iter().all(|other| other.place != binding.place) {
                places.push(binding.clone());
            }
        }
        bindings.retain(|binding| !ours(binding));
        let new: Vec<Binding> = places
            .iter()
            .flat_map(|binding| {
                keys.iter().map(|key| Binding {
                    key: key.logical_key,
                    modifiers: key.modifiers,
                    ..binding.clone()
                })
            })
            .collect();
        for binding in &new {
            if let Some(other) = bindings.iter().find(|other| clash(binding, other)) {
                let key = spelled(binding);
                return Err(format!("{key} means \"{}\" already", other.command.label()));
            }
        }
        let first = first.min(bindings.len());
        bindings.splice(first..first, new);
        self.bindings = Arc::new(bindings);
        let spelled = keys
            .iter()
            .map(|key| spelled_as(key.modifiers, key.logical_key));
        self.changed.insert(command.to_owned(), spelled.collect());
        Ok(())
    }

    /// Lets tooltips of this frame know the keys.
    pub fn publish(&self, ctx: &egui::Context) {
        let bindings = Arc::clone(&self.bindings);
        ctx.data_mut(|data| data.insert_temp(egui::Id::NULL, Published(bindings)));
    }
}

/// The keys of a frame. Tooltips have no state to ask.
#[derive(Clone)]
struct Published(Arc<Vec<Binding>>);

/// A command's name in the file of settings: its label in small letters, with
/// `-` for what is neither letter nor digit.
pub fn name(command: &Command) -> String {
    let label = command.label().to_lowercase();
    let words = label.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}

/// A key as the file of settings has it, on every system alike.
fn spelled(binding: &Binding) -> String {
    spelled_as(binding.modifiers, binding.key)
}

fn spelled_as(modifiers: Modifiers, key: Key) -> String {
    let parts = [
        (modifiers.command || modifiers.ctrl).then_some("Ctrl"),
        modifiers.alt.then_some("Alt"),
        modifiers.shift.then_some("Shift"),
        Some(key.name()),
    ];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    parts.join("+")
}

/// A key from the file of settings.
fn parse(text: &str) -> Option<KeyboardShortcut> {
    let mut modifiers = Modifiers::NONE;
    let mut rest = text.trim();
    while let Some((first, others)) = rest.split_once('+').filter(|(_, rest)| !rest.is_empty()) {
        modifiers |= match first.trim().to_lowercase().as_str() {
            "ctrl" | "cmd" | "command" => Modifiers::COMMAND,
            "alt" | "option" => Modifiers::ALT,
            "shift" => Modifiers::SHIFT,
            _ => return None,
        };
        rest = others;
    }
    let key = Key::from_name(rest.trim())?;
    Some(KeyboardShortcut::new(modifiers, key))
}

/// Whether one key press could mean either.
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

/// The key that was pressed in this frame, which then means nothing else.
pub fn next_pressed(ctx: &egui::Context) -> Option<KeyboardShortcut> {
    ctx.input_mut(|input| {
        let place = input
            .events
            .iter()
            .position(|event| matches!(event, egui::Event::Key { pressed: true, .. }))?;
        let egui::Event::Key { key, modifiers, .. } = input.events.remove(place) else {
            return None;
        };
        // The character that came with it is not to be typed anywhere.
        input
            .events
            .retain(|event| !matches!(event, egui::Event::Text(_)));
        let modifiers = Modifiers {
            // As bindings have it, on every system.
            ctrl: false,
            mac_cmd: false,
            command: modifiers.command || modifiers.ctrl,
            ..modifiers
        };
        Some(KeyboardShortcut::new(modifiers, key))
    })
}

/// The usual keys, in the order in which the window lists them. Where a command
/// has several keys the first is the one that buttons show.
fn usual() -> Vec<Binding> {
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
        (Key::J, plain, Large, C::ToggleOverlay(Overlay::Clipping)),
        (Key::K, plain, Large, C::ToggleOverlay(Overlay::Peaking)),
        (Key::Escape, plain, Anywhere, C::Back),
        (Key::Plus, plain, Grid, C::LargerTiles),
        (Key::Equals, plain, Grid, C::LargerTiles),
        (Key::Minus, plain, Grid, C::SmallerTiles),
        (Key::O, command, Anywhere, C::OpenFolder),
        (Key::C, command, Shoot, C::CopyTable),
        (Key::S, command, Shoot, C::Export),
        (Key::W, command, Shoot, C::Close),
        (Key::M, plain, Anywhere, C::Toggle(Panel::Models)),
        (Key::L, plain, Shoot, C::ShowCalibrate),
        (Key::M, command, Shoot, C::Toggle(Panel::Files)),
        (Key::K, command, Anywhere, C::Toggle(Panel::Palette)),
        (Key::Comma, command, Anywhere, C::Toggle(Panel::Settings)),
        (Key::Plus, command, Anywhere, C::LargerWindow),
        (Key::Equals, command, Anywhere, C::LargerWindow),
        (Key::Minus, command, Anywhere, C::SmallerWindow),
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
    for binding in state.keys.bindings() {
        if !binding.place.covers(state.view) || (control_focused && of_controls(binding.key)) {
            continue;
        }
        if ctx.input_mut(|input| taken(input, binding)) {
            commands.push(binding.command.clone());
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
    let published = ctx.data(|data| data.get_temp::<Published>(egui::Id::NULL))?;
    published
        .0
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

    #[test]
    fn no_key_means_two_things() {
        let all = usual();
        for (i, a) in all.iter().enumerate() {
            for b in &all[i + 1..] {
                assert!(!clash(a, b), "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn every_command_with_a_key_has_a_name_of_its_own() {
        let mut names: BTreeMap<String, Command> = BTreeMap::new();
        for binding in usual() {
            let before = names.insert(name(&binding.command), binding.command.clone());
            assert!(before.is_none_or(|before| before == binding.command));
        }
        assert!(names.contains_key("pick") && names.contains_key("undo"));
    }

    #[test]
    fn keys_can_be_changed_but_not_taken_from_others() {
        let changes = |command: &str, keys: &[&str]| {
            let keys = keys.iter().map(|key| (*key).to_owned()).collect();
            BTreeMap::from([(command.to_owned(), keys)])
        };
        let pick = |keymap: &Keymap| -> Vec<String> {
            let picks = keymap.bindings().iter();
            picks
                .filter(|it| name(&it.command) == "pick")
                .map(spelled)
                .collect()
        };
        let (keymap, trouble) = Keymap::with(&changes("pick", &["Q", "ctrl+shift+P"]));
        assert_eq!(trouble, None);
        assert_eq!(pick(&keymap), ["Q", "Ctrl+Shift+P"]);
        assert_eq!(keymap.changed()["pick"], ["Q", "Ctrl+Shift+P"]);
        // It is read back as it was written.
        assert_eq!(pick(&Keymap::with(&keymap.changed()).0), pick(&keymap));
        for (command, key, said) in [
            ("pick", "X", "\"Reject\""),
            ("pick", "Hyper+Q", "names no key"),
            ("no-such-thing", "Q", "no command"),
        ] {
            let (keymap, trouble) = Keymap::with(&changes(command, &[key]));
            assert!(trouble.unwrap().contains(said));
            assert_eq!(pick(&keymap), ["P"]);
        }
    }
}
