//! The models that are installed, those that are offered, and what is being
//! done with them.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::Progress;
use crate::engine::models::Source;
use crate::learning::calibrate::profile::About;
use crate::model::ModelInfo;

/// What the window knows of models.
#[derive(Debug)]
pub struct Models {
    /// The installed ones, the built-in one first; `None` until they were
    /// looked at.
    pub installed: Option<Vec<Installed>>,
    /// What could be downloaded.
    pub offered: Vec<Offered>,
    /// Whether the hub was asked what it has.
    pub look_up: LookUp,
    /// What is being downloaded, and what waits for that to end.
    pub downloads: VecDeque<Download>,
    /// The model that scores.
    pub in_use: Source,
    /// The taste profiles there are.
    pub profiles: Vec<TasteProfile>,
    /// The profile that it scores with, if any.
    pub profile: Option<String>,
    /// Whether it tells what photos show.
    pub tells_scenes: bool,
    /// The model, and the profile, that are being opened to take their place.
    pub opening: Option<(Source, Option<String>)>,
    /// The model that the user is asked about before it is removed.
    pub doubted: Option<String>,
    /// Whether a file is being imported.
    pub importing: bool,
    /// What went wrong, by the model it went wrong with.
    pub problems: BTreeMap<String, String>,
}

impl Default for Models {
    fn default() -> Self {
        Self {
            installed: None,
            offered: Vec::new(),
            look_up: LookUp::default(),
            downloads: VecDeque::new(),
            in_use: Source::BuiltIn,
            profiles: Vec::new(),
            profile: None,
            tells_scenes: false,
            opening: None,
            doubted: None,
            importing: false,
            problems: BTreeMap::new(),
        }
    }
}

impl Models {
    /// Whether a model of this name is installed.
    pub fn has(&self, name: &str) -> bool {
        self.installed(name).is_some()
    }

    /// The installed model of this name.
    pub fn installed(&self, name: &str) -> Option<&Installed> {
        let installed = self.installed.as_deref().unwrap_or_default();
        installed.iter().find(|model| model.name == name)
    }

    /// The offered models that are not installed.
    pub fn missing(&self) -> impl Iterator<Item = &Offered> {
        self.offered.iter().filter(|offer| !self.has(&offer.name))
    }

    /// The download of the model of this name.
    pub fn download(&self, name: &str) -> Option<&Download> {
        self.downloads.iter().find(|download| download.name == name)
    }
}

/// A model that is installed.
#[derive(Debug, Clone, PartialEq)]
pub struct Installed {
    /// What it is called.
    pub name: String,
    /// Where it comes from.
    pub source: Source,
    /// What is known about it, or the reason why it cannot be used.
    pub info: Result<ModelInfo, String>,
    /// Size of its file in bytes, if that can be told.
    pub bytes: Option<u64>,
    /// Whether it is in the user's folder of models, which it can be removed
    /// from.
    pub removable: bool,
}

/// A taste profile of the user's.
#[derive(Debug, Clone, PartialEq)]
pub struct TasteProfile {
    /// What it is called.
    pub name: String,
    /// What is known about it, or the reason why it cannot be used.
    pub about: Result<About, String>,
}

impl TasteProfile {
    /// Whether it was made for this model.
    pub fn fits(&self, model: &ModelInfo) -> bool {
        let about = self.about.as_ref();
        about.is_ok_and(|about| about.model_identity == model.identity)
    }
}

/// A model that could be downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// The name that it gets.
    pub name: String,
    /// The repository that it comes from, `owner/name`.
    pub repository: String,
    /// Licence of its weights, if it is known.
    pub licence: Option<String>,
    /// Size of its file in bytes; known only once the hub was asked.
    pub bytes: Option<u64>,
}

/// Whether the hub was asked what it has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LookUp {
    /// It was not.
    #[default]
    Not,
    /// It is being asked.
    Running,
    /// It has answered.
    Done,
}

/// A download, running or waiting.
#[derive(Debug, Clone, PartialEq)]
pub struct Download {
    /// The model.
    pub name: String,
    /// How far it is, in bytes; `None` before the first of them.
    pub progress: Option<Progress>,
    /// Whether it was told to stop.
    pub stopping: bool,
}
