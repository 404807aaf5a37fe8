//! The one place where commands and messages change the state. Nothing here
//! waits, reads or writes: what takes time is asked for as [`Effect`]s.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::RgbImage;

use super::command::{Command, Step};
use super::state::{ModelState, Notice, Panel, PhotoId, Scoring, State, TILE_SIDES, View, name};
use crate::engine::{Event, PhotoResult};
use crate::model::ModelInfo;
use crate::report::{self, paths, wording};

/// What has to be done outside the state.
#[derive(Debug)]
pub enum Effect {
    /// Score these files and folders, for the shoot of this number.
    Score {
        /// [`Shoot::number`](super::state::Shoot::number).
        shoot: u64,
        /// Files and folders, entered to any depth.
        paths: Vec<PathBuf>,
    },
    /// Stop scoring.
    StopScoring,
    /// Ask the user for folders.
    AskFolder,
    /// Ask the user for photos.
    AskPhotos,
    /// Ask the user for a file to export to.
    AskExport {
        /// The name to propose, without extension.
        name: String,
    },
    /// Write results to a file.
    Export {
        /// The file.
        path: PathBuf,
        /// The results, best first.
        rows: Vec<PhotoResult>,
    },
    /// Put the sample photos on disk and open them.
    UnpackSamples,
    /// Put a text on the clipboard.
    Copy(String),
    /// Keep this small picture of a photo.
    KeepThumbnail(PhotoId, Arc<RgbImage>),
    /// Forget the pictures of the shoot that was open.
    ForgetPictures,
    /// Close the window.
    Quit,
}

/// What the threads in the background have to say.
#[derive(Debug)]
pub enum Message {
    /// The model is open, or cannot be used.
    Model(Result<ModelInfo, String>),
    /// A scoring job's event.
    Scoring {
        /// The shoot it is for.
        shoot: u64,
        /// What happened.
        event: Event,
    },
    /// A scoring job that could not start or broke off.
    ScoringFailed {
        /// The shoot it was for.
        shoot: u64,
        /// Why.
        reason: String,
    },
    /// Something went wrong that stops nothing.
    Problem(String),
    /// What the user chose to open; empty when they chose nothing.
    Chosen(Vec<PathBuf>),
    /// Where the user wants the results.
    ExportChosen(Option<PathBuf>),
    /// How an export ended: what to say.
    Exported(Result<String, String>),
    /// The sample photos on disk.
    Samples(Result<Vec<PathBuf>, String>),
}

/// Changes the state as the user asks.
pub fn apply(state: &mut State, command: Command) -> Vec<Effect> {
    match command {
        Command::OpenFolder => return vec![Effect::AskFolder],
        Command::OpenPhotos => return vec![Effect::AskPhotos],
        Command::OpenSamples => return vec![Effect::UnpackSamples],
        Command::Open(paths) => return open(state, paths),
        Command::Resume => {
            let waiting = state.shoot.waiting();
            return score(state, waiting);
        }
        Command::Close => return close(state),
        Command::Stop => return stop(state),
        Command::ShowGrid if state.view == View::Loupe => {
            state.view = View::Grid;
            state.reveal += 1;
        }
        Command::ShowLoupe if state.view == View::Grid && !state.shoot.is_empty() => {
            state.view = View::Loupe;
            state.focus_on_best = false;
        }
        Command::ShowGrid | Command::ShowLoupe => {}
        Command::Back => match (state.panel.take(), state.view) {
            (None, View::Loupe) => return apply(state, Command::ShowGrid),
            (None, _) => state.notice = None,
            (Some(_), _) => {}
        },
        Command::Focus(id) => {
            state.focus = Some(id);
            state.focus_on_best = false;
        }
        Command::Go(step) => go(state, step),
        Command::Toggle(panel) => {
            state.panel = (state.panel != Some(panel)).then_some(panel);
        }
        Command::LargerTiles => tile_side(state, state.tile_side * 1.2),
        Command::SmallerTiles => tile_side(state, state.tile_side / 1.2),
        Command::TileSide(side) => tile_side(state, side),
        Command::GridSize(size) => state.grid = size,
        Command::CopyTable => return copy(state),
        Command::Export => {
            if nothing_yet(state) {
                return Vec::new();
            }
            let name = export_name(&state.shoot.title);
            return vec![Effect::AskExport { name }];
        }
        Command::ExportTo(path) => {
            let rows = state.shoot.rows();
            return vec![Effect::Export { path, rows }];
        }
        Command::DismissNotice => state.notice = None,
        Command::Quit => return vec![Effect::StopScoring, Effect::Quit],
    }
    Vec::new()
}

/// Takes in what happened in the background.
pub fn receive(state: &mut State, message: Message) -> Vec<Effect> {
    match message {
        Message::Model(Ok(info)) => state.model = ModelState::Ready(info),
        Message::Model(Err(reason)) => state.model = ModelState::Failed(reason),
        Message::Scoring { shoot, event } if shoot == state.shoot.number => {
            return scoring(state, event);
        }
        Message::ScoringFailed { shoot, reason } if shoot == state.shoot.number => {
            state.scoring = None;
            state.queue.clear();
            problem(state, reason);
        }
        // Left over from a shoot that was closed.
        Message::Scoring { .. } | Message::ScoringFailed { .. } => {}
        Message::Problem(text) => problem(state, text),
        Message::Chosen(paths) if paths.is_empty() => {}
        Message::Chosen(paths) => return open(state, paths),
        Message::ExportChosen(None) => {}
        Message::ExportChosen(Some(path)) => return apply(state, Command::ExportTo(path)),
        Message::Exported(Ok(text)) => say(state, text),
        Message::Exported(Err(reason)) => problem(state, reason),
        Message::Samples(Ok(paths)) => {
            let effects = open(state, paths);
            state.shoot.title = "Sample photos".to_owned();
            return effects;
        }
        Message::Samples(Err(reason)) => problem(state, reason),
    }
    Vec::new()
}

/// Puts the photos in order after messages have changed some; once for all of
/// them, as there may be many.
pub fn settle(state: &mut State) {
    state.shoot.rank();
    if state.focus_on_best {
        state.focus = state.shoot.order().first().copied();
    }
}

fn say(state: &mut State, text: String) {
    state.notice = Some(Notice {
        text,
        problem: false,
    });
}

fn problem(state: &mut State, text: String) {
    state.notice = Some(Notice {
        text,
        problem: true,
    });
}

fn open(state: &mut State, paths: Vec<PathBuf>) -> Vec<Effect> {
    if paths.is_empty() {
        return Vec::new();
    }
    if state.view == View::Welcome {
        state.view = View::Grid;
        state.shoot.title = title(&paths);
    } else if state.shoot.title != title(&paths) && !state.shoot.title.ends_with(" and more") {
        state.shoot.title += " and more";
    }
    score(state, paths)
}

/// What a shoot of these is called.
fn title(paths: &[PathBuf]) -> String {
    match paths {
        [one] => name(one),
        [first, rest @ ..] => {
            let folder = first.parent();
            let together = rest.iter().all(|path| path.parent() == folder);
            match folder.and_then(Path::file_name).filter(|_| together) {
                Some(folder) => paths::shown(Path::new(folder)),
                None => wording::counted(paths.len(), "place"),
            }
        }
        [] => String::new(),
    }
}

/// Scores `paths` now, or once what is being scored is done.
fn score(state: &mut State, paths: Vec<PathBuf>) -> Vec<Effect> {
    if paths.is_empty() {
        return Vec::new();
    }
    if let ModelState::Failed(reason) = &state.model {
        let text = format!("Nothing can be scored: {reason}");
        problem(state, text);
        return Vec::new();
    }
    state.queue.push_back(paths);
    if state.scoring.is_some() {
        return Vec::new();
    }
    next_job(state)
}

fn next_job(state: &mut State) -> Vec<Effect> {
    let Some(paths) = state.queue.pop_front() else {
        return Vec::new();
    };
    state.stopped = false;
    state.scoring = Some(Scoring {
        photos: Vec::new(),
        progress: None,
        stopping: false,
    });
    vec![Effect::Score {
        shoot: state.shoot.number,
        paths,
    }]
}

fn stop(state: &mut State) -> Vec<Effect> {
    state.queue.clear();
    match &mut state.scoring {
        Some(scoring) => {
            scoring.stopping = true;
            vec![Effect::StopScoring]
        }
        None => Vec::new(),
    }
}

fn close(state: &mut State) -> Vec<Effect> {
    state.shoot = state.shoot.next();
    state.queue.clear();
    state.view = View::Welcome;
    (state.focus, state.focus_on_best) = (None, true);
    (state.panel, state.notice) = (None, None);
    (state.scoring, state.stopped) = (None, false);
    vec![Effect::StopScoring, Effect::ForgetPictures]
}

fn scoring(state: &mut State, event: Event) -> Vec<Effect> {
    let Some(scoring) = &mut state.scoring else {
        return Vec::new();
    };
    match event {
        Event::Scanned(scan) => {
            let nothing = scan.photos.is_empty();
            scoring.photos = state.shoot.add(scan.photos);
            if nothing && state.shoot.is_empty() {
                problem(state, "No photos were found there".to_owned());
            }
        }
        Event::Photo(photo) => {
            let Some(&id) = scoring.photos.get(photo.index) else {
                return Vec::new();
            };
            let mut outcome = photo.outcome;
            // Pictures are kept where they can be let go again.
            let thumbnail = outcome.as_mut().ok().and_then(|s| s.thumbnail.take());
            state.shoot.set(id, outcome);
            return thumbnail
                .map(|thumbnail| Effect::KeepThumbnail(id, thumbnail))
                .into_iter()
                .collect();
        }
        Event::Progress(progress) => scoring.progress = Some(progress),
        Event::Finished(summary) => {
            state.scoring = None;
            state.stopped = summary.cancelled;
            return next_job(state);
        }
    }
    Vec::new()
}

impl State {
    /// The focused photo's place in the order, from 0.
    pub fn place_of_focus(&self) -> Option<usize> {
        self.shoot.place(self.focus?)
    }
}

fn go(state: &mut State, step: Step) {
    let last = match state.shoot.len() {
        0 => return,
        photos => photos - 1,
    };
    let columns = state.grid.columns.max(1);
    let page = match state.view {
        View::Grid => columns * state.grid.rows.max(1),
        View::Welcome | View::Loupe => 10,
    };
    let from = state.place_of_focus();
    let place = from.unwrap_or(0);
    let to = match step {
        // The first key press finds the first photo.
        _ if from.is_none() => 0,
        Step::Previous => place.saturating_sub(1),
        Step::Next => place + 1,
        Step::Up if place < columns => place,
        Step::Up => place - columns,
        Step::Down if place / columns == last / columns => place,
        // From the last row but one into a gap: the last photo.
        Step::Down => place + columns,
        Step::PageUp => place.saturating_sub(page),
        Step::PageDown => place + page,
        Step::First => 0,
        Step::Last => last,
    };
    state.focus = state.shoot.order().get(to.min(last)).copied();
    state.focus_on_best = false;
    state.reveal += 1;
}

fn tile_side(state: &mut State, side: f32) {
    let [least, _, most] = TILE_SIDES;
    state.tile_side = side.clamp(least, most);
    state.reveal += 1;
}

/// Whether there are no results yet, which is then said.
fn nothing_yet(state: &mut State) -> bool {
    let nothing = state.shoot.scored() + state.shoot.failed() == 0;
    if nothing {
        say(state, "No photo has a score yet".to_owned());
    }
    nothing
}

fn copy(state: &mut State) -> Vec<Effect> {
    if nothing_yet(state) {
        return Vec::new();
    }
    let rows = state.shoot.rows();
    let mut text = Vec::new();
    if let Err(error) = report::tab_separated(&rows, &mut text) {
        problem(state, format!("The table could not be copied: {error}"));
        return Vec::new();
    }
    say(
        state,
        format!("Copied {}", wording::counted(rows.len(), "row")),
    );
    vec![Effect::Copy(String::from_utf8_lossy(&text).into_owned())]
}

/// A name for the results of a shoot of this title.
fn export_name(title: &str) -> String {
    let kept: String = title
        .chars()
        .map(|c| match c {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '-',
            c => c,
        })
        .collect();
    match kept.trim() {
        "" => "scores".to_owned(),
        kept => format!("{kept} scores"),
    }
}

/// What the keys panel and buttons need to know: whether a command makes sense
/// now.
pub fn possible(state: &State, command: &Command) -> bool {
    let photos = !state.shoot.is_empty();
    match command {
        Command::CopyTable | Command::Export => state.shoot.scored() + state.shoot.failed() > 0,
        Command::ShowLoupe => photos && state.view != View::Welcome,
        Command::ShowGrid | Command::Close => state.view != View::Welcome,
        Command::Go(Step::Previous) => state.place_of_focus().is_some_and(|place| place > 0),
        Command::Go(Step::Next) => state
            .place_of_focus()
            .is_some_and(|place| place + 1 < state.shoot.len()),
        Command::Toggle(Panel::Problems) => state.shoot.failed() > 0,
        Command::Stop => state.scoring.is_some(),
        _ => true,
    }
}
