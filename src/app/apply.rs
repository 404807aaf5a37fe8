//! The one place where commands and messages change the state. Nothing here
//! waits, reads or writes: what takes time is asked for as [`Effect`]s.

mod acts;
mod jobs;
mod learning;
#[cfg(test)]
mod learning_tests;
mod looking;
#[cfg(test)]
mod looking_tests;
mod models;
mod possible;
mod rating;
#[cfg(test)]
mod rating_tests;
mod results;
mod steps;

use std::path::PathBuf;
use std::sync::Arc;

use image::RgbImage;

use super::command::Command;
use super::keys::Keymap;
use super::settings::SCALES;
use super::state::{Choice, Filter, Notice, Palette, Panel, PhotoId, State, TILE_SIDES, View};
use crate::engine::{Event, PhotoResult};
use crate::model::Scene;

pub use acts::{FileNews, flagged};
pub use learning::{LearnErrand, LearnNews};
pub use models::{ModelErrand, ModelNews};
pub use possible::possible;
pub use rating::{RatingErrand, RatingNews, Turned};

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
    /// Ask the user for the folder that picked photos go to.
    AskTarget {
        /// Whether they stay where they are, too.
        copy: bool,
    },
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
    /// Something about models.
    Models(ModelErrand),
    /// Something about ratings.
    Ratings(RatingErrand),
    /// Something about learning the user's eye.
    Learn(LearnErrand),
    /// Ask the model what a photo shows.
    TellScene {
        /// The shoot it is of.
        shoot: u64,
        /// The photo.
        photo: PhotoId,
        /// Its file.
        path: PathBuf,
    },
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
    /// Something about models.
    Models(ModelNews),
    /// Something about ratings.
    Ratings(RatingNews),
    /// Something about learning the user's eye.
    Learn(LearnNews),
    /// What a photo shows.
    Scene {
        /// The shoot it is of.
        shoot: u64,
        /// The photo.
        photo: PhotoId,
        /// What it shows; `None` where nobody can tell.
        scene: Option<Scene>,
    },
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
    /// Something about files on their way.
    Files(FileNews),
    /// Where picked photos go; `None` when the user chose nothing.
    TargetChosen {
        /// Whether they stay where they are, too.
        copy: bool,
        /// The folder.
        folder: Option<PathBuf>,
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
        Command::Open(paths) => return jobs::open(state, paths),
        Command::Resume => {
            let waiting = state.shoot.waiting();
            return jobs::score(state, waiting);
        }
        Command::Close => return jobs::close(state),
        Command::Stop => return jobs::stop(state),
        Command::ShowGrid => looking::show(state, View::Grid),
        Command::ShowLoupe => looking::show(state, View::Loupe),
        Command::ShowCompare => looking::show(state, View::Compare),
        Command::ShowSurvey => looking::show(state, View::Survey),
        Command::ShowCalibrate => return learning::begin(state),
        Command::LearnAnew => {
            let mut effects = learning::end(state);
            effects.extend(learning::begin(state));
            return effects;
        }
        Command::NameProfile(name) => {
            state.learning.name = name;
            (state.learning.replace, state.learning.problem) = (false, None);
        }
        Command::KeepProfile => return learning::keep(state),
        Command::UseProfile(name) => return models::use_profile(state, name),
        Command::RemoveProfile(name) => return models::remove_profile(state, name),
        Command::Select => looking::select(state),
        Command::Swap => looking::swap(state),
        Command::Drop(id) => looking::drop_one(state, id),
        Command::FocusBeside(id) => state.focus = Some(id),
        Command::ToggleZoom(_)
        | Command::ZoomTo(_)
        | Command::ToggleFilmstrip
        | Command::NextBackdrop
        | Command::ToggleOverlay(_)
        | Command::SetBackdrop(_) => looking::look(state, command),
        Command::Back => match (state.panel.take(), state.view) {
            (None, View::Loupe | View::Compare | View::Survey | View::Calibrate)
                if state.looking.zoom.scale.is_some() =>
            {
                state.looking.zoom.scale = None;
            }
            (None, View::Loupe | View::Compare | View::Survey | View::Calibrate) => {
                looking::show(state, View::Grid);
            }
            (None, _) if state.culling.chosen.len() > 1 => state.culling.chosen.clear(),
            (None, _) => state.notice = None,
            (Some(_), _) => {}
        },
        Command::Focus(id) => steps::focus(state, id),
        Command::Go(step) => steps::go(state, step, false),
        Command::Extend(step) => steps::go(state, step, true),
        Command::SelectTo(id) => steps::range(state, id),
        Command::SelectToo(id) => steps::toggle(state, id),
        Command::SelectAll => steps::all(state),
        Command::Rate(rate) => return rating::rate(state, rate),
        Command::RatePhoto(id, rate) => return rating::rate_photo(state, id, rate),
        Command::Undo => return vec![Effect::Ratings(RatingErrand::Turn { undo: true })],
        Command::Redo => return vec![Effect::Ratings(RatingErrand::Turn { undo: false })],
        Command::ToggleAutoAdvance => auto_advance(state),
        Command::Resolve(id, ours) => return rating::resolve(state, id, ours),
        Command::ToggleInspector => state.inspecting = !state.inspecting,
        Command::ToggleFind => state.finding = !state.finding,
        Command::SortBy(sort) => {
            state.find.sort = sort;
            rearrange(state);
        }
        Command::ReverseSort => {
            state.find.reversed = !state.find.reversed;
            rearrange(state);
        }
        Command::SetFilter(filter) => {
            state.find.filter = filter;
            rearrange(state);
        }
        Command::ClearFilter => {
            state.find.filter = Filter::default();
            rearrange(state);
        }
        Command::Toggle(panel) => {
            state.panel = (state.panel != Some(panel)).then_some(panel);
            (state.rebinding, state.palette) = (None, Palette::default());
            if state.panel != Some(Panel::Files) {
                // What was planned then may not be true any more.
                (state.acts.choice, state.acts.plan) = (None, None);
            }
            if state.panel == Some(Panel::Models) {
                return models::list(state);
            }
        }
        Command::LargerTiles => tile_side(state, state.tile_side * 1.2),
        Command::SmallerTiles => tile_side(state, state.tile_side / 1.2),
        Command::TileSide(side) => tile_side(state, side),
        Command::GridSize(size) => state.grid = size,
        Command::CopyTable => return results::copy(state),
        Command::Export => {
            if results::nothing_yet(state) {
                return Vec::new();
            }
            let name = results::export_name(&state.shoot.title);
            return vec![Effect::AskExport { name }];
        }
        Command::ExportTo(path) => {
            let rows = state.shoot.rows();
            return vec![Effect::Export { path, rows }];
        }
        Command::UseModel(name) => return models::use_model(state, &name),
        Command::ImportModel => return vec![Effect::Models(ModelErrand::AskFile)],
        Command::ImportModelFrom(path) => return models::import(state, path),
        Command::DownloadModel(name) => return models::download(state, name),
        Command::CancelDownload(name) => return models::cancel_download(state, &name),
        Command::LookUpModels => return models::look_up(state),
        Command::DoubtModel(name) => state.models.doubted = Some(name),
        Command::KeepModel => state.models.doubted = None,
        Command::RemoveModel(name) => return models::remove(state, name),
        Command::AskTarget { copy } => return vec![Effect::AskTarget { copy }],
        Command::PlanFiles(choice) => return acts::choose(state, choice),
        Command::OnConflict(policy) => return acts::on_conflict(state, policy),
        Command::CarryOut => return acts::carry_out(state),
        Command::StopFiles => acts::stop(state),
        Command::SetLook(look) => state.habits.look = look,
        Command::SetScale(scale) => resize(state, scale),
        Command::LargerWindow => resize(state, state.habits.scale * 1.1),
        Command::SmallerWindow => resize(state, state.habits.scale / 1.1),
        Command::SetSidecars(sidecars) => state.habits.sidecars = sidecars,
        Command::Rebind(command) => state.rebinding = command,
        Command::Bind(command, key) => {
            state.rebinding = None;
            if let Err(reason) = state.keys.bind(&command, &[key]) {
                problem(state, reason);
            }
        }
        Command::UsualKeys => state.keys = Keymap::default(),
        Command::SearchCommands(text) => state.palette = Palette { text, line: 0 },
        Command::ChooseCommand(line) => state.palette.line = line,
        Command::Do(command) => {
            (state.panel, state.palette) = (None, Palette::default());
            return apply(state, *command);
        }
        Command::DismissNotice => state.notice = None,
        Command::Quit => return vec![Effect::StopScoring, Effect::Quit],
    }
    Vec::new()
}

/// Takes in what happened in the background.
pub fn receive(state: &mut State, message: Message) -> Vec<Effect> {
    match message {
        Message::Models(news) => return models::receive(state, news),
        Message::Ratings(news) => rating::receive(state, news),
        Message::Files(news) => acts::receive(state, news),
        Message::TargetChosen { folder: None, .. } => {}
        Message::TargetChosen {
            copy,
            folder: Some(folder),
        } => {
            let choice = match copy {
                true => Choice::CopyPicks(folder),
                false => Choice::MovePicks(folder),
            };
            return acts::choose(state, choice);
        }
        Message::Learn(news) => return learning::receive(state, news),
        Message::Scene {
            shoot,
            photo,
            scene,
        } => {
            state.scene_of = None;
            if let Some(scene) = scene.filter(|_| shoot == state.shoot.number) {
                state.shoot.set_scene(photo, scene);
            }
        }
        Message::Scoring { shoot, event } if shoot == state.shoot.number => {
            return jobs::receive(state, event);
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
        Message::Chosen(paths) => return jobs::open(state, paths),
        Message::ExportChosen(None) => {}
        Message::ExportChosen(Some(path)) => return apply(state, Command::ExportTo(path)),
        Message::Exported(Ok(text)) => say(state, text),
        Message::Exported(Err(reason)) => problem(state, reason),
        Message::Samples(Ok(paths)) => {
            let effects = jobs::open(state, paths);
            state.shoot.title = "Sample photos".to_owned();
            return effects;
        }
        Message::Samples(Err(reason)) => problem(state, reason),
    }
    Vec::new()
}

/// Puts the photos in order after commands and messages have changed some; once
/// for all of them, as there may be many.
pub fn settle(state: &mut State) {
    state.shoot.rank();
    if state.shoot.take_unarranged() {
        state.shoot.arrange(&state.find);
        let shoot = &state.shoot;
        let chosen = &mut state.culling.chosen;
        chosen.retain(|id| shoot.place_shown(*id).is_some());
    }
    looking::settle(state);
    settle_focus(state);
}

/// What the photo that is looked at should be asked for: its scene, where the
/// model tells scenes, one photo at a time; and what the tutor should learn.
pub fn wishes(state: &mut State) -> Vec<Effect> {
    let lesson = learning::wish(state);
    if !lesson.is_empty() {
        return lesson;
    }
    let looked_at = state.view == View::Loupe || state.inspecting;
    if !looked_at || !state.models.tells_scenes || state.scene_of.is_some() {
        return Vec::new();
    }
    let Some((id, photo)) = state.focused() else {
        return Vec::new();
    };
    let untold = photo.scored().is_some_and(|it| it.scene.is_none());
    if photo.scene_asked || !untold {
        return Vec::new();
    }
    let effect = Effect::TellScene {
        shoot: state.shoot.number,
        photo: id,
        path: photo.path.clone(),
    };
    state.shoot.ask_scene(id);
    state.scene_of = Some(id);
    vec![effect]
}

/// Keeps the focus on a photo that is shown.
fn settle_focus(state: &mut State) {
    // What is proposed there is looked at whether a filter hides it or not.
    if state.view == View::Calibrate {
        return;
    }
    let shown = state.shoot.shown();
    if state.focus_on_best {
        state.focus = shown.first().copied();
    }
    match state.focus.map(|id| state.shoot.place_shown(id)) {
        Some(Some(place)) => state.last_place = place,
        // It was hidden: the next takes its place.
        Some(None) => {
            let last = shown.len().saturating_sub(1);
            state.focus = shown.get(state.last_place.min(last)).copied();
            state.reveal += 1;
        }
        None => {}
    }
}

/// Sorts and filters anew; the focus stays in sight.
fn rearrange(state: &mut State) {
    state.shoot.arrange(&state.find);
    settle(state);
    state.reveal += 1;
}

fn auto_advance(state: &mut State) {
    let on = &mut state.culling.auto_advance;
    *on = !*on;
    let text = match on {
        true => "Rating goes on to the next photo",
        false => "Rating stays at the photo",
    };
    say(state, text.to_owned());
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

fn resize(state: &mut State, scale: f32) {
    let [least, most] = SCALES;
    // Back at what is usual rather than nearly so.
    let scale = if (scale - 1.0).abs() < 0.02 {
        1.0
    } else {
        scale
    };
    state.habits.scale = scale.clamp(least, most);
}

fn tile_side(state: &mut State, side: f32) {
    let [least, _, most] = TILE_SIDES;
    state.tile_side = side.clamp(least, most);
    state.reveal += 1;
}
