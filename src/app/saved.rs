//! Having settings written when they change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::settings::Settings;
use super::state::State;
use crate::home::Home;

/// Seconds between two looks at whether there is something to remember.
pub const SAVED_EVERY: f64 = 1.0;

/// What is remembered, as it was written last.
pub struct Saved {
    file: Option<PathBuf>,
    settings: Settings,
    /// When it was looked at, in the window's time.
    pub looked: f64,
    /// How often they were to be written.
    orders: u64,
    /// Who writes them.
    pub turn: Arc<Turn>,
}

impl Saved {
    /// Settings as they were read.
    pub fn new(home: Option<&Home>, settings: Settings) -> Self {
        Self {
            file: home.map(Settings::file),
            settings,
            looked: 0.0,
            orders: 0,
            turn: Arc::default(),
        }
    }

    /// What has to be written, and where.
    pub fn changed(&mut self, state: &State) -> Option<(Numbered, PathBuf)> {
        let file = self.file.clone()?;
        let settings = Settings::of(state);
        if settings == self.settings {
            return None;
        }
        self.settings.clone_from(&settings);
        self.orders += 1;
        Some((Numbered(self.orders, settings), file))
    }
}

/// Settings, and the how manieth they are.
pub struct Numbered(u64, Settings);

/// Keeps a thread that is late from replacing newer settings by older ones.
#[derive(Default)]
pub struct Turn(Mutex<u64>);

impl Turn {
    /// Writes settings, unless newer ones were.
    pub fn save(&self, Numbered(number, settings): &Numbered, file: &Path) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *number < *last {
            return;
        }
        *last = *number;
        if let Err(error) = settings.write(file) {
            tracing::warn!("{}: settings are not remembered: {error}", file.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_thread_replaces_no_newer_settings() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("window.json");
        let numbered = |number, scale| {
            Numbered(
                number,
                Settings {
                    scale,
                    ..Settings::default()
                },
            )
        };
        let turn = Turn::default();
        turn.save(&numbered(2, 1.5), &file);
        turn.save(&numbered(1, 1.25), &file);
        assert_eq!(Settings::read(&file).0.scale, 1.5);
    }
}
