//! Commands and news about models.

use std::path::PathBuf;

use super::jobs::score;
use super::{Effect, learning, looking, problem, say};
use crate::app::state::{Download, Installed, LookUp, ModelState, Offered, State, TasteProfile};
use crate::engine::Progress;
use crate::engine::models::Source;
use crate::model::ModelInfo;

/// What has to be done about models outside the state.
#[derive(Debug)]
pub enum ModelErrand {
    /// Look at what is installed, and at what the program itself can offer.
    List {
        /// The model in use.
        in_use: Source,
    },
    /// Look at the taste profiles alone.
    ListProfiles,
    /// Open a model to score with from now on, with a taste profile if one is
    /// named.
    Use(Source, Option<String>),
    /// Ask the hub for everything that is offered.
    LookUp,
    /// Download and install a model.
    Download(String),
    /// Stop the running download.
    StopDownload,
    /// Ask the user for a file.
    AskFile,
    /// Install the model in a file.
    Import(PathBuf),
    /// Remove a model.
    Remove(String),
    /// Remove a taste profile.
    RemoveProfile(String),
}

/// What threads in the background have to say about models.
#[derive(Debug)]
pub enum ModelNews {
    /// A model is open, or cannot be used.
    Opened {
        /// Which.
        source: Source,
        /// With which profile.
        profile: Option<String>,
        /// What is known about it, or the reason.
        model: Result<ModelInfo, String>,
        /// Whether it tells what photos show.
        scenes: bool,
    },
    /// What is installed.
    Installed(Vec<Installed>),
    /// The taste profiles there are.
    Profiles(Vec<TasteProfile>),
    /// What the program can offer without asking anybody.
    Named(Result<Vec<Offered>, String>),
    /// What the hub offers, and why something could not be looked up.
    LookedUp(Vec<Offered>, Vec<String>),
    /// How far a download is.
    Progress {
        /// The model.
        name: String,
        /// Bytes of its file.
        progress: Progress,
    },
    /// How a download ended: what to say, or the reason; no reason where the
    /// user cancelled it.
    Downloaded {
        /// The model.
        name: String,
        /// How it ended.
        result: Result<String, Option<String>>,
    },
    /// The file that the user chose to import.
    FileChosen(Option<PathBuf>),
    /// How an import ended: the model's name, or the reason.
    Imported(Result<String, String>),
    /// How a removal ended.
    Removed {
        /// The model.
        name: String,
        /// The reason where it failed.
        result: Result<(), String>,
    },
}

/// Where problems are kept that belong to no model.
const GENERAL: &str = "";

fn errand(errand: ModelErrand) -> Vec<Effect> {
    vec![Effect::Models(errand)]
}

/// Looks at what is installed, as it may have changed.
pub(super) fn list(state: &State) -> Vec<Effect> {
    let in_use = state.models.in_use.clone();
    errand(ModelErrand::List { in_use })
}

/// Opens the model of this name; until it is open the old one stays.
pub(super) fn use_model(state: &mut State, name: &str) -> Vec<Effect> {
    let models = &mut state.models;
    let Some(source) = models.installed(name).map(|model| model.source.clone()) else {
        return Vec::new();
    };
    if source == models.in_use {
        return Vec::new();
    }
    models.problems.remove(name);
    // A profile belongs to its model.
    open(state, source, None)
}

/// Scores with this profile, or with none, from now on.
pub(super) fn use_profile(state: &mut State, name: Option<String>) -> Vec<Effect> {
    if state.models.profile == name {
        return Vec::new();
    }
    open(state, state.models.in_use.clone(), name)
}

fn open(state: &mut State, source: Source, profile: Option<String>) -> Vec<Effect> {
    let models = &mut state.models;
    if models.opening.is_some() {
        return Vec::new();
    }
    models.opening = Some((source.clone(), profile.clone()));
    let mut effects = errand(ModelErrand::Use(source, profile));
    if let Some(scoring) = &mut state.scoring {
        // What it would score has to be scored again.
        scoring.stopping = true;
        effects.insert(0, Effect::StopScoring);
    }
    effects
}

pub(super) fn download(state: &mut State, name: String) -> Vec<Effect> {
    let models = &mut state.models;
    if models.has(&name) || models.download(&name).is_some() {
        return Vec::new();
    }
    models.problems.remove(&name);
    models.downloads.push_back(Download {
        name,
        progress: None,
        stopping: false,
    });
    match models.downloads.len() {
        1 => next_download(state),
        _ => Vec::new(),
    }
}

fn next_download(state: &State) -> Vec<Effect> {
    match state.models.downloads.front() {
        Some(next) => errand(ModelErrand::Download(next.name.clone())),
        None => Vec::new(),
    }
}

pub(super) fn cancel_download(state: &mut State, name: &str) -> Vec<Effect> {
    let downloads = &mut state.models.downloads;
    match downloads.front_mut() {
        Some(running) if running.name == name => {
            running.stopping = true;
            errand(ModelErrand::StopDownload)
        }
        _ => {
            downloads.retain(|waiting| waiting.name != name);
            Vec::new()
        }
    }
}

pub(super) fn look_up(state: &mut State) -> Vec<Effect> {
    if state.models.look_up == LookUp::Running {
        return Vec::new();
    }
    state.models.problems.remove(GENERAL);
    state.models.look_up = LookUp::Running;
    errand(ModelErrand::LookUp)
}

pub(super) fn import(state: &mut State, path: PathBuf) -> Vec<Effect> {
    state.models.problems.remove(GENERAL);
    state.models.importing = true;
    errand(ModelErrand::Import(path))
}

pub(super) fn remove(state: &mut State, name: String) -> Vec<Effect> {
    state.models.doubted = None;
    let removable = |model: &Installed| model.removable && model.source != state.models.in_use;
    match state.models.installed(&name).is_some_and(removable) {
        true => errand(ModelErrand::Remove(name)),
        false => Vec::new(),
    }
}

/// Removes a taste profile; not the one in use.
pub(super) fn remove_profile(state: &mut State, name: String) -> Vec<Effect> {
    if state.models.profile.as_ref() == Some(&name) {
        say(
            state,
            format!("\"{name}\" is in use; choose another profile first"),
        );
        return Vec::new();
    }
    errand(ModelErrand::RemoveProfile(name))
}

/// Takes in what happened to models.
pub(super) fn receive(state: &mut State, news: ModelNews) -> Vec<Effect> {
    let models = &mut state.models;
    match news {
        ModelNews::Opened {
            source,
            profile,
            model,
            scenes,
        } => {
            if model.is_ok() {
                models.tells_scenes = scenes;
            }
            return opened(state, source, profile, model);
        }
        ModelNews::Installed(installed) => models.installed = Some(installed),
        ModelNews::Profiles(profiles) => models.profiles = profiles,
        ModelNews::Named(Ok(named)) => {
            if models.look_up != LookUp::Done {
                models.offered = named;
            }
        }
        ModelNews::Named(Err(reason)) => {
            models.problems.insert(GENERAL.to_owned(), reason);
        }
        ModelNews::LookedUp(offered, reasons) => {
            models.look_up = LookUp::Not;
            if !offered.is_empty() {
                models.look_up = LookUp::Done;
                models.offered = offered;
            }
            if !reasons.is_empty() {
                models
                    .problems
                    .insert(GENERAL.to_owned(), reasons.join("\n"));
            }
        }
        ModelNews::Progress { name, progress } => {
            let download = models.downloads.iter_mut().find(|it| it.name == name);
            if let Some(download) = download {
                download.progress = Some(progress);
            }
        }
        ModelNews::Downloaded { name, result } => {
            models.downloads.retain(|download| download.name != name);
            let mut effects = next_download(state);
            match result {
                Ok(text) => {
                    say(state, text);
                    effects.extend(list(state));
                }
                Err(Some(reason)) => {
                    state.models.problems.insert(name, reason);
                }
                Err(None) => {}
            }
            return effects;
        }
        ModelNews::FileChosen(None) => {}
        ModelNews::FileChosen(Some(path)) => return import(state, path),
        ModelNews::Imported(result) => {
            models.importing = false;
            match result {
                Ok(name) => {
                    say(state, format!("Installed {name}"));
                    return list(state);
                }
                Err(reason) => {
                    models.problems.insert(GENERAL.to_owned(), reason);
                }
            }
        }
        ModelNews::Removed { name, result } => {
            match result {
                Ok(()) => say(state, format!("Removed {name}")),
                Err(reason) => {
                    models.problems.insert(name, reason);
                }
            }
            return list(state);
        }
    }
    Vec::new()
}

fn opened(
    state: &mut State,
    source: Source,
    profile: Option<String>,
    model: Result<ModelInfo, String>,
) -> Vec<Effect> {
    let switched = state.models.opening.take().is_some();
    match model {
        Ok(info) => {
            state.model = ModelState::Ready(info);
            let other = state.models.in_use != source;
            (state.models.in_use, state.models.profile) = (source, profile);
            if switched {
                let mut effects = score_again(state);
                if other {
                    // What was learned belongs to the model before.
                    effects.extend(learning::end(state));
                    looking::leave(state);
                }
                return effects;
            }
        }
        // The old one is still there.
        Err(reason) if switched => problem(state, reason),
        Err(reason) => state.model = ModelState::Failed(reason),
    }
    Vec::new()
}

/// Scores all open photos anew, with the model that is now in use.
fn score_again(state: &mut State) -> Vec<Effect> {
    state.shoot.forget_scores();
    state.stopped = false;
    let photos = state.shoot.waiting();
    score(state, photos)
}
