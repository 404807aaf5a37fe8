//! What the window remembers from one time to the next, as a plain file.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::keys::Keymap;
use super::state::{Backdrop, Habits, State, TILE_SIDES};
use crate::engine::models::{self, Source};
use crate::home::Home;
use crate::metadata::xmp::Naming;

/// Shoots that are remembered, at most.
const RECENT: usize = 8;

/// Least and most of the window's scale.
pub const SCALES: [f32; 2] = [0.75, 2.0];

/// Largest file that is read, in bytes.
const MOST_BYTES: u64 = 1 << 20;

/// What is remembered. What a file does not say is as usual; what it says too
/// much is ignored, so that an older and a newer program can share it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Dark, light, or as the system has it.
    pub theme: Look,
    /// Size of everything, 1 being usual.
    pub scale: f32,
    /// Width of the grid's tiles in points.
    pub tile_side: f32,
    /// What lies behind large photos.
    pub background: Backdrop,
    /// Whether the filmstrip is shown.
    pub filmstrip: bool,
    /// Whether the controls for finding photos are shown.
    pub find: bool,
    /// Whether the inspector is shown.
    pub inspector: bool,
    /// Whether rating goes on to the next photo.
    pub auto_advance: bool,
    /// How new sidecars are named.
    pub sidecars: Sidecars,
    /// Name of the model; `None` for the built-in one.
    pub model: Option<String>,
    /// Name of the taste profile.
    pub profile: Option<String>,
    /// What was open when the window was closed; empty where nothing was.
    pub last: Vec<PathBuf>,
    /// What was opened before, the last first.
    pub recent: Vec<Recent>,
    /// Keys that are not the usual ones, by the name of what they do.
    pub keys: BTreeMap<String, Vec<String>>,
}

/// Dark or light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Look {
    /// Dark.
    #[default]
    Dark,
    /// Light.
    Light,
    /// As the system has it.
    System,
}

impl Look {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Dark, Self::Light, Self::System];

    /// What it is called.
    pub fn label(self) -> &'static str {
        match self {
            Self::Dark => "Dark",
            Self::Light => "Light",
            Self::System => "As the system",
        }
    }
}

/// How new sidecars are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sidecars {
    /// `IMG.xmp`.
    #[default]
    Stem,
    /// `IMG.CR2.xmp`.
    Full,
}

impl From<Sidecars> for Naming {
    fn from(sidecars: Sidecars) -> Self {
        match sidecars {
            Sidecars::Stem => Self::Stem,
            Sidecars::Full => Self::Full,
        }
    }
}

/// A shoot that was open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// What it was called.
    pub title: String,
    /// What was opened.
    pub paths: Vec<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Look::default(),
            scale: 1.0,
            tile_side: TILE_SIDES[1],
            background: Backdrop::default(),
            filmstrip: true,
            find: false,
            inspector: false,
            auto_advance: false,
            sidecars: Sidecars::default(),
            model: None,
            profile: None,
            last: Vec::new(),
            recent: Vec::new(),
            keys: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// The file of a user's settings.
    pub fn file(home: &Home) -> PathBuf {
        home.settings.join("window.json")
    }

    /// Reads a file. The text says what was wrong with it, if anything was; the
    /// rest is as usual then, and the file is kept beside under another name.
    pub fn read(path: &Path) -> (Self, Option<String>) {
        let read = || -> io::Result<Vec<u8>> {
            let length = fs::metadata(path)?.len();
            if length > MOST_BYTES {
                let reason = format!("it has {length} bytes, which no settings have");
                return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
            }
            fs::read(path)
        };
        let parsed = read().and_then(|bytes| {
            serde_json::from_slice::<Self>(&bytes)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
        });
        match parsed {
            Ok(settings) => (settings.sound(), None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (Self::default(), None),
            Err(error) => {
                let mut text = format!(
                    "{}: the settings cannot be used ({error}), so they are as usual",
                    path.display()
                );
                let aside = path.with_extension("damaged.json");
                if error.kind() == io::ErrorKind::InvalidData && fs::rename(path, &aside).is_ok() {
                    text += &format!("; the file is now {}", aside.display());
                }
                (Self::default(), Some(text))
            }
        }
    }

    /// Writes the file, which is whole or as it was.
    ///
    /// # Errors
    /// The operating system's.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.write_all(b"\n")?;
        file.persist(path)?;
        Ok(())
    }

    /// The same within what makes sense.
    fn sound(mut self) -> Self {
        let [least, _, most] = TILE_SIDES;
        let usual = Self::default();
        let within = |value: f32, low: f32, high: f32, usual: f32| match value.is_finite() {
            true => value.clamp(low, high),
            false => usual,
        };
        self.scale = within(self.scale, SCALES[0], SCALES[1], usual.scale);
        self.tile_side = within(self.tile_side, least, most, usual.tile_side);
        self.recent.truncate(RECENT);
        self
    }

    /// The model that is remembered; the built-in one where it is not there any
    /// more.
    pub fn source(&self, home: Option<&Home>) -> Source {
        let name = self.model.as_deref().map(Path::new);
        name.and_then(|name| models::find(Some(name), home).ok())
            .unwrap_or(Source::BuiltIn)
    }

    /// What a state has that is remembered.
    pub fn of(state: &State) -> Self {
        let name = match &state.models.in_use {
            Source::BuiltIn => None,
            Source::File(path) => Some(models::name_of(path)),
        };
        Self {
            theme: state.habits.look,
            scale: state.habits.scale,
            tile_side: state.tile_side,
            background: state.looking.backdrop,
            filmstrip: state.looking.filmstrip,
            find: state.finding,
            inspector: state.inspecting,
            auto_advance: state.culling.auto_advance,
            sidecars: state.habits.sidecars,
            model: name,
            profile: state.models.profile.clone(),
            last: state.habits.opened.clone(),
            recent: state.habits.recent.clone(),
            keys: state.keys.changed(),
        }
    }

    /// Gives a new state what is remembered. The text says which keys could not
    /// be understood.
    pub fn give(&self, state: &mut State) -> Option<String> {
        state.habits = Habits {
            look: self.theme,
            scale: self.scale,
            sidecars: self.sidecars,
            opened: Vec::new(),
            recent: self.recent.clone(),
        };
        state.tile_side = self.tile_side;
        state.looking.backdrop = self.background;
        state.looking.filmstrip = self.filmstrip;
        (state.finding, state.inspecting) = (self.find, self.inspector);
        state.culling.auto_advance = self.auto_advance;
        let (keys, trouble) = Keymap::with(&self.keys);
        state.keys = keys;
        trouble
    }
}

/// Notes that a shoot was opened.
pub fn remember(recent: &mut Vec<Recent>, title: &str, paths: &[PathBuf]) {
    recent.retain(|other| other.paths != paths);
    let entry = Recent {
        title: title.to_owned(),
        paths: paths.to_vec(),
    };
    recent.insert(0, entry);
    recent.truncate(RECENT);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings/window.json");
        assert_eq!(Settings::read(&path), (Settings::default(), None));
        let mut settings = Settings {
            theme: Look::Light,
            scale: 1.25,
            profile: Some("weddings".to_owned()),
            last: vec!["/photos/2026".into()],
            ..Settings::default()
        };
        remember(&mut settings.recent, "2026", &["/photos/2026".into()]);
        settings.write(&path).unwrap();
        assert_eq!(Settings::read(&path), (settings, None));
    }

    #[test]
    fn what_makes_no_sense_is_as_usual_and_a_damaged_file_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("window.json");
        fs::write(&path, r#"{"scale": 900, "unheard_of": 1}"#).unwrap();
        let (settings, trouble) = Settings::read(&path);
        assert_eq!((settings.scale, trouble), (SCALES[1], None));
        fs::write(&path, "{ not json").unwrap();
        let (settings, trouble) = Settings::read(&path);
        assert_eq!(settings, Settings::default());
        assert!(trouble.unwrap().contains("window.damaged.json"));
        assert!(folder.path().join("window.damaged.json").exists());
    }

    #[test]
    fn the_last_shoot_comes_first_and_once() {
        let mut recent = Vec::new();
        for n in 0..12 {
            remember(&mut recent, "a", &[PathBuf::from(format!("/{n}"))]);
        }
        remember(&mut recent, "again", &["/7".into()]);
        assert_eq!(recent.len(), RECENT);
        assert_eq!(recent[0].title, "again");
        let sevens = recent.iter().filter(|it| it.paths == [PathBuf::from("/7")]);
        assert_eq!(sevens.count(), 1);
    }
}
