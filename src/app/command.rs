//! What the user can do, as values. Keys, buttons and tests all emit these;
//! [`apply`](super::apply) is the one place that handles them.

use std::path::PathBuf;

use super::icons;
use super::state::{GridSize, Panel, PhotoId};

/// One action of the user.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Ask for folders to open.
    OpenFolder,
    /// Ask for photos to open.
    OpenPhotos,
    /// Open these files and folders.
    Open(Vec<PathBuf>),
    /// Open the photos that come with the program.
    OpenSamples,
    /// Close the shoot.
    Close,
    /// Stop scoring; what is done is kept.
    Stop,
    /// Score what is left after a stop.
    Resume,
    /// Show all photos.
    ShowGrid,
    /// Show the focused photo large.
    ShowLoupe,
    /// Leave whatever is on top: a panel, then the large photo.
    Back,
    /// Make this the photo that keys act on.
    Focus(PhotoId),
    /// Go to another photo.
    Go(Step),
    /// Open or close a panel.
    Toggle(Panel),
    /// Larger tiles.
    LargerTiles,
    /// Smaller tiles.
    SmallerTiles,
    /// Tiles of this width in points.
    TileSide(f32),
    /// The grid has so many columns and rows now.
    GridSize(GridSize),
    /// Copy the results as a table.
    CopyTable,
    /// Ask where to write the results.
    Export,
    /// Write the results to this file.
    ExportTo(PathBuf),
    /// Take the notice away.
    DismissNotice,
    /// Close the window.
    Quit,
}

/// A way to another photo, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The photo before.
    Previous,
    /// The photo after.
    Next,
    /// A row up.
    Up,
    /// A row down.
    Down,
    /// A screen up.
    PageUp,
    /// A screen down.
    PageDown,
    /// The best photo.
    First,
    /// The last one.
    Last,
}

impl Command {
    /// What it is called on buttons and in the list of keys.
    pub fn label(&self) -> &'static str {
        match self {
            Self::OpenFolder => "Open folder…",
            Self::OpenPhotos => "Open photos…",
            Self::Open(_) => "Open",
            Self::OpenSamples => "Try the sample photos",
            Self::Close => "Close",
            Self::Stop => "Stop",
            Self::Resume => "Score the rest",
            Self::ShowGrid => "Grid",
            Self::ShowLoupe => "Loupe",
            Self::Back => "Back",
            Self::Focus(_) => "Go to photo",
            Self::Go(step) => step.label(),
            Self::Toggle(Panel::Problems) => "Photos without a score",
            Self::Toggle(Panel::Keys) => "Keys",
            Self::LargerTiles => "Larger thumbnails",
            Self::SmallerTiles => "Smaller thumbnails",
            Self::TileSide(_) | Self::GridSize(_) => "Thumbnail size",
            Self::CopyTable => "Copy table",
            Self::Export | Self::ExportTo(_) => "Export…",
            Self::DismissNotice => "Dismiss",
            Self::Quit => "Quit",
        }
    }

    /// What it does, where the label leaves a question.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Close => "Close this shoot; nothing on disk changes",
            Self::Stop => "Stop scoring; what is done is kept",
            Self::CopyTable => "Copy ranks, paths and scores, for a spreadsheet",
            Self::Export => "Write ranks, paths and scores as CSV, JSON or JSON lines",
            Self::ShowGrid => "All photos, best first",
            Self::ShowLoupe => "The focused photo, large",
            _ => return None,
        })
    }

    /// Its picture on buttons.
    pub fn icon(&self) -> Option<&'static str> {
        Some(match self {
            Self::OpenFolder => icons::FOLDER_OPEN,
            Self::OpenPhotos => icons::IMAGES,
            Self::OpenSamples => icons::SPARKLE,
            Self::Close | Self::DismissNotice => icons::X,
            Self::Stop => icons::STOP,
            Self::ShowGrid => icons::GRID,
            Self::ShowLoupe => icons::LOUPE,
            Self::Go(Step::Previous) => icons::PREVIOUS,
            Self::Go(Step::Next) => icons::NEXT,
            Self::Toggle(Panel::Problems) => icons::WARNING,
            Self::Toggle(Panel::Keys) => icons::KEYBOARD,
            Self::CopyTable => icons::COPY,
            Self::Export => icons::EXPORT,
            _ => return None,
        })
    }
}

impl Step {
    fn label(self) -> &'static str {
        match self {
            Self::Previous => "Previous photo",
            Self::Next => "Next photo",
            Self::Up => "A row up",
            Self::Down => "A row down",
            Self::PageUp => "A screen up",
            Self::PageDown => "A screen down",
            Self::First => "Best photo",
            Self::Last => "Last photo",
        }
    }
}
