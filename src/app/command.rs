//! What the user can do, as values. Keys, buttons and tests all emit these;
//! [`apply`](super::apply) is the one place that handles them.

use std::path::PathBuf;

use egui::KeyboardShortcut;

use super::icons;
use super::overlay::Overlay;
use super::settings::{Look, Sidecars};
use super::state::{Backdrop, Filter, GridSize, Panel, PhotoId, Sort, Zoom};
use crate::metadata::xmp::{Flag, Label};

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
    /// Show two to four photos beside each other.
    ShowCompare,
    /// Show all selected photos beside each other.
    ShowSurvey,
    /// Rate photos for the model to learn from.
    ShowCalibrate,
    /// Look at all photos once more, to learn from ratings of them.
    LearnAnew,
    /// Call the profile so.
    NameProfile(String),
    /// Keep what was learned as a profile, and score with it.
    KeepProfile,
    /// Score with the taste profile of this name, or with none.
    UseProfile(Option<String>),
    /// Remove the taste profile of this name.
    RemoveProfile(String),
    /// Every pixel of the photo as one of the screen, with this place (shares of
    /// its width and height) in the middle; or the whole photo again.
    ToggleZoom(Option<[f32; 2]>),
    /// Show photos this large.
    ZoomTo(Zoom),
    /// Make the focused photo the one to beat.
    Select,
    /// Let the one to beat and the focused photo change places.
    Swap,
    /// Make one of the photos beside each other the one that keys act on.
    FocusBeside(PhotoId),
    /// Take this photo out of the comparison or survey.
    Drop(PhotoId),
    /// Show or hide the strip of all photos.
    ToggleFilmstrip,
    /// Another background for large photos.
    NextBackdrop,
    /// Show this over large photos, or nothing any more.
    ToggleOverlay(Overlay),
    /// This background for large photos.
    SetBackdrop(Backdrop),
    /// Leave whatever is on top: a panel, then the large photo.
    Back,
    /// Make this the photo that keys act on.
    Focus(PhotoId),
    /// Go to another photo.
    Go(Step),
    /// Go to another photo and select all on the way.
    Extend(Step),
    /// Select everything up to this photo.
    SelectTo(PhotoId),
    /// Add this photo to the selection, or take it out.
    SelectToo(PhotoId),
    /// Select all photos that are shown.
    SelectAll,
    /// Rate the selected photos.
    Rate(Rate),
    /// Rate this photo; all selected ones if it is one of them.
    RatePhoto(PhotoId, Rate),
    /// Take back the last command that changed ratings.
    Undo,
    /// Do again what was taken back.
    Redo,
    /// Whether rating a photo goes on to the next.
    ToggleAutoAdvance,
    /// Keep what the user said of a photo (`true`), or take what another
    /// program said.
    Resolve(PhotoId, bool),
    /// Show or hide what is known about the focused photo.
    ToggleInspector,
    /// Show or hide the controls for sorting and filtering.
    ToggleFind,
    /// Sort by this.
    SortBy(Sort),
    /// Turn the order round.
    ReverseSort,
    /// Show these photos only.
    SetFilter(Filter),
    /// Show all photos.
    ClearFilter,
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
    /// Score with the installed model of this name.
    UseModel(String),
    /// Ask for a file of weights to install.
    ImportModel,
    /// Install the model in this file.
    ImportModelFrom(PathBuf),
    /// Download and install the offered model of this name.
    DownloadModel(String),
    /// Stop downloading the model of this name; what is there is kept.
    CancelDownload(String),
    /// Ask the hub for everything that is offered.
    LookUpModels,
    /// Ask whether to remove the model of this name.
    DoubtModel(String),
    /// Keep the model that was asked about.
    KeepModel,
    /// Remove the model of this name.
    RemoveModel(String),
    /// Look so.
    SetLook(Look),
    /// Draw everything so large, 1 being usual.
    SetScale(f32),
    /// Draw everything larger.
    LargerWindow,
    /// Draw everything smaller.
    SmallerWindow,
    /// Name new sidecars so.
    SetSidecars(Sidecars),
    /// Let the next key mean the command of this name; `None` changes nothing.
    Rebind(Option<String>),
    /// Let this key mean the command of this name.
    Bind(String, KeyboardShortcut),
    /// Let all keys mean what they usually do.
    UsualKeys,
    /// Look for a command with this in its name.
    SearchCommands(String),
    /// Choose this line among the commands that were found.
    ChooseCommand(usize),
    /// Do this one, from the list of commands.
    Do(Box<Command>),
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

/// A rating that one key gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// So many stars, 0 to 5.
    Stars(u8),
    /// A flag.
    Flag(Flag),
    /// A colour label; photos that all have it lose it.
    Label(Label),
}

impl Rate {
    /// What it is called in the list of keys.
    pub fn label(self) -> &'static str {
        match self {
            Self::Stars(0) => "No stars",
            Self::Stars(1) => "1 star",
            Self::Stars(2) => "2 stars",
            Self::Stars(3) => "3 stars",
            Self::Stars(4) => "4 stars",
            Self::Stars(_) => "5 stars",
            Self::Flag(Flag::Pick) => "Pick",
            Self::Flag(Flag::Reject) => "Reject",
            Self::Flag(Flag::None) => "No flag",
            Self::Label(Label::None | Label::Other) => "No label",
            Self::Label(Label::Red) => "Red label",
            Self::Label(Label::Yellow) => "Yellow label",
            Self::Label(Label::Green) => "Green label",
            Self::Label(Label::Blue) => "Blue label",
            Self::Label(Label::Purple) => "Purple label",
        }
    }
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
            Self::ShowCompare => "Compare",
            Self::ShowSurvey => "Survey",
            Self::ShowCalibrate => "Calibrate",
            Self::LearnAnew => "Look at all photos again",
            Self::NameProfile(_) => "Name of the profile",
            Self::KeepProfile => "Keep and use",
            Self::UseProfile(_) => "Use profile",
            Self::RemoveProfile(_) => "Remove profile",
            Self::ToggleZoom(_) | Self::ZoomTo(_) => "100 %, or the whole photo",
            Self::Select => "Make this the photo to beat",
            Self::Swap => "Swap the two",
            Self::Drop(_) => "Take out",
            Self::ToggleFilmstrip => "Filmstrip",
            Self::ToggleOverlay(Overlay::Clipping) => "Show what is clipped",
            Self::ToggleOverlay(_) => "Show what is sharp",
            Self::NextBackdrop | Self::SetBackdrop(_) => "Background",
            Self::Back => "Back",
            Self::Focus(_) | Self::FocusBeside(_) => "Go to photo",
            Self::Go(step) => step.label(),
            Self::Extend(Step::Previous) => "Select the photo before, too",
            Self::Extend(Step::Next) => "Select the photo after, too",
            Self::Extend(Step::Up) => "Select the row above, too",
            Self::Extend(Step::Down) => "Select the row below, too",
            Self::Extend(_) => "Select all up to there",
            Self::SelectTo(_) => "Select up to this photo",
            Self::SelectToo(_) => "Select this photo, too",
            Self::SelectAll => "Select all",
            Self::Rate(rate) | Self::RatePhoto(_, rate) => rate.label(),
            Self::Undo => "Undo rating",
            Self::Redo => "Redo rating",
            Self::ToggleAutoAdvance => "Go on to the next photo after rating",
            Self::Resolve(_, true) => "Keep mine",
            Self::Resolve(_, false) => "Take the other",
            Self::ToggleInspector => "Inspector",
            Self::ToggleFind => "Find",
            Self::SortBy(_) => "Sort",
            Self::ReverseSort => "Turn the order round",
            Self::SetFilter(_) => "Filter",
            Self::ClearFilter => "Show all photos",
            Self::Toggle(Panel::Problems) => "Photos without a score",
            Self::Toggle(Panel::Keys) => "Keys",
            Self::Toggle(Panel::Models) => "Models",
            Self::Toggle(Panel::Conflicts) => "Rated twice",
            Self::Toggle(Panel::Settings) => "Settings",
            Self::Toggle(Panel::Palette) => "All commands…",
            Self::LargerTiles => "Larger thumbnails",
            Self::SmallerTiles => "Smaller thumbnails",
            Self::TileSide(_) | Self::GridSize(_) => "Thumbnail size",
            Self::CopyTable => "Copy table",
            Self::Export | Self::ExportTo(_) => "Export…",
            Self::UseModel(_) => "Use",
            Self::ImportModel | Self::ImportModelFrom(_) => "Import model…",
            Self::DownloadModel(_) => "Download",
            Self::CancelDownload(_) => "Cancel",
            Self::LookUpModels => "Look up all models",
            Self::DoubtModel(_) => "Remove…",
            Self::KeepModel => "Keep",
            Self::RemoveModel(_) => "Remove",
            Self::SetLook(_) => "Theme",
            Self::SetScale(_) => "Size of the window's text",
            Self::LargerWindow => "Larger text and controls",
            Self::SmallerWindow => "Smaller text and controls",
            Self::SetSidecars(_) => "Names of sidecars",
            Self::Rebind(_) | Self::Bind(..) => "Change key",
            Self::UsualKeys => "Usual keys",
            Self::SearchCommands(_) | Self::ChooseCommand(_) => "Find a command",
            Self::Do(command) => command.label(),
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
            Self::ToggleInspector => "Score, camera and tones of the focused photo",
            Self::ToggleFind => "Sort and filter",
            Self::UseModel(_) => "Score with this model; open photos are scored again",
            Self::ImportModel => {
                "Install a checkpoint of GRMP-IQA, a CLIP network, or a model of Keepers"
            }
            Self::CancelDownload(_) => "Stop downloading; what is there is kept for the next time",
            Self::LookUpModels => "Ask huggingface.co which models and checkpoints it has",
            Self::Toggle(Panel::Models) => "The models that score",
            Self::ShowGrid => "All photos, best first",
            Self::ShowLoupe => "The focused photo, large",
            Self::ShowCalibrate => "Rate two dozen photos, and Keepers learns your eye",
            Self::KeepProfile => "Score with what was learned from your ratings",
            Self::ShowCompare => "Two to four photos beside each other",
            Self::ShowSurvey => "All selected photos beside each other",
            Self::Drop(_) => "Take this photo out; its rating stays",
            _ => return None,
        })
    }

    /// Its picture on buttons.
    pub fn icon(&self) -> Option<&'static str> {
        Some(match self {
            Self::OpenFolder => icons::FOLDER_OPEN,
            Self::OpenPhotos => icons::IMAGES,
            Self::OpenSamples => icons::SPARKLE,
            Self::Close | Self::DismissNotice | Self::Drop(_) => icons::X,
            Self::Stop => icons::STOP,
            Self::ShowGrid => icons::GRID,
            Self::ShowLoupe => icons::LOUPE,
            Self::ShowCalibrate => icons::LEARN,
            Self::ShowCompare => icons::COMPARE,
            Self::ShowSurvey => icons::SURVEY,
            Self::Select => icons::CROWN,
            Self::Swap => icons::SWAP,
            Self::Go(Step::Previous) => icons::PREVIOUS,
            Self::Go(Step::Next) => icons::NEXT,
            Self::Toggle(Panel::Problems) => icons::WARNING,
            Self::Toggle(Panel::Keys) => icons::KEYBOARD,
            Self::Toggle(Panel::Models) => icons::MODEL,
            Self::Toggle(Panel::Settings) => icons::GEAR,
            Self::Toggle(Panel::Palette) => icons::PALETTE,
            Self::ToggleInspector => icons::INFO,
            Self::ToggleFind => icons::FUNNEL,
            Self::ClearFilter => icons::X,
            Self::Undo => icons::UNDO,
            Self::UseModel(_) => icons::CHECK,
            Self::ImportModel => icons::FILE_PLUS,
            Self::DownloadModel(_) => icons::DOWNLOAD,
            Self::LookUpModels => icons::SEARCH,
            Self::DoubtModel(_) | Self::RemoveModel(_) => icons::TRASH,
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
