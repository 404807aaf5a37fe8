//! What the window shows, as plain data. It can be built and read without a
//! window; only [`apply`](super::apply) changes it.

mod culling;
mod find;
mod learning;
mod looking;
mod models;
mod shoot;

use std::collections::VecDeque;
use std::path::PathBuf;

use super::keys::Keymap;
use super::settings::{Look, Recent, Sidecars};
use crate::engine::Progress;
use crate::model::ModelInfo;

pub use culling::{Conflict, Culling, Pending};
pub use find::{Filter, Find, Sort};
pub use learning::{Expected, Learning, Lesson, Mover, Phase, Point, TARGET};
pub use looking::{Backdrop, COMPARED, Looking, SURVEYED, Zoom};
pub use models::{Download, Installed, LookUp, Models, Offered, TasteProfile};
pub(super) use shoot::name;
#[cfg(test)]
pub(super) use shoot::tests;
pub use shoot::{Facts, Photo, PhotoId, Shoot};

/// Everything the views read.
#[derive(Debug)]
pub struct State {
    /// What fills the middle of the window.
    pub view: View,
    /// What lies beside or over it.
    pub panel: Option<Panel>,
    /// The open shoot.
    pub shoot: Shoot,
    /// The photo that keys act on.
    pub focus: Option<PhotoId>,
    /// Whether the focus is on the best photo, whichever that is: so until the
    /// user goes elsewhere.
    pub focus_on_best: bool,
    /// Where the focused photo was among those shown, so that where it vanishes
    /// the next takes its place.
    pub last_place: usize,
    /// Selected photos, and ratings on their way.
    pub culling: Culling,
    /// Which photos are shown, in which order.
    pub find: Find,
    /// Learning the user's eye.
    pub learning: Learning,
    /// How large photos are looked at.
    pub looking: Looking,
    /// Whether the controls for finding photos are shown.
    pub finding: bool,
    /// Whether the focused photo's score, camera and tones are shown beside.
    pub inspecting: bool,
    /// The photo about whose scene the model is being asked.
    pub scene_of: Option<PhotoId>,
    /// Counts the times that the focused photo has to be brought into sight.
    pub reveal: u64,
    /// What is being scored.
    pub scoring: Option<Scoring>,
    /// Paths that wait until that is done.
    pub queue: VecDeque<Vec<PathBuf>>,
    /// Whether scoring was stopped before its end.
    pub stopped: bool,
    /// The model that scores.
    pub model: ModelState,
    /// The models there are and those that could be.
    pub models: Models,
    /// What the user is used to.
    pub habits: Habits,
    /// Which keys mean what.
    pub keys: Keymap,
    /// What the next key is to mean, as the user changes it.
    pub rebinding: Option<String>,
    /// What is typed into the palette, and which of its lines is chosen.
    pub palette: Palette,
    /// What there is to say.
    pub notice: Option<Notice>,
    /// Width of a tile of the grid in points, before it is stretched.
    pub tile_side: f32,
    /// How many columns and whole rows of tiles the grid shows.
    pub grid: GridSize,
}

/// What fills the middle of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Nothing is open.
    Welcome,
    /// All photos.
    Grid,
    /// One photo, large.
    Loupe,
    /// One photo to beat, and those that try.
    Compare,
    /// All selected photos, as large as they fit.
    Survey,
    /// Rating photos for the model to learn from.
    Calibrate,
}

/// What lies beside or over the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panel {
    /// The photos that could not be scored.
    Problems,
    /// All keys.
    Keys,
    /// The models there are and those that could be.
    Models,
    /// Where the user and another program said different things.
    Conflicts,
    /// How the window looks and behaves.
    Settings,
    /// All commands, to be found by their names.
    Palette,
}

/// What the user is used to, and did before.
#[derive(Debug, Clone, PartialEq)]
pub struct Habits {
    /// Dark, light, or as the system has it.
    pub look: Look,
    /// Size of everything, 1 being usual.
    pub scale: f32,
    /// How new sidecars are named.
    pub sidecars: Sidecars,
    /// What was opened, for the next time.
    pub opened: Vec<PathBuf>,
    /// What was opened before, the last first.
    pub recent: Vec<Recent>,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            look: Look::default(),
            scale: 1.0,
            sidecars: Sidecars::default(),
            opened: Vec::new(),
            recent: Vec::new(),
        }
    }
}

/// The list of all commands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Palette {
    /// What was typed.
    pub text: String,
    /// The chosen line among those that fit, from 0.
    pub line: usize,
}

/// Columns and whole rows of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GridSize {
    /// Tiles beside each other, at least 1.
    pub columns: usize,
    /// Rows that fit, at least 1.
    pub rows: usize,
}

/// Where the model is.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelState {
    /// It is being opened.
    Opening,
    /// It can score.
    Ready(ModelInfo),
    /// It cannot be used, for this reason.
    Failed(String),
}

/// A running scoring job.
#[derive(Debug)]
pub struct Scoring {
    /// The photos by their place in the job; empty while folders are searched.
    pub photos: Vec<PhotoId>,
    /// How far it is; `None` while folders are searched.
    pub progress: Option<Progress>,
    /// Whether it was told to stop.
    pub stopping: bool,
}

/// A line for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What happened, and what to do about it.
    pub text: String,
    /// Whether something went wrong.
    pub problem: bool,
}

/// Smallest, usual and largest width of a tile in points.
pub const TILE_SIDES: [f32; 3] = [120.0, 216.0, 480.0];

impl Default for State {
    fn default() -> Self {
        Self {
            view: View::Welcome,
            panel: None,
            shoot: Shoot::default(),
            focus: None,
            focus_on_best: true,
            last_place: 0,
            culling: Culling::default(),
            find: Find::default(),
            learning: Learning::default(),
            looking: Looking::default(),
            finding: false,
            inspecting: false,
            scene_of: None,
            reveal: 0,
            scoring: None,
            queue: VecDeque::new(),
            stopped: false,
            model: ModelState::Opening,
            models: Models::default(),
            habits: Habits::default(),
            keys: Keymap::default(),
            rebinding: None,
            palette: Palette::default(),
            notice: None,
            tile_side: TILE_SIDES[1],
            grid: GridSize {
                columns: 1,
                rows: 1,
            },
        }
    }
}
