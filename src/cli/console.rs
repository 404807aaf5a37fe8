//! What goes to standard error: notes, errors, and the live line of progress.
//!
//! Standard output belongs to results. Failing to write a note is no reason to
//! stop, so nothing here returns an error.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

use super::wording;
use crate::engine::Progress;

/// How often a log (no terminal) gets a line of progress.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// The way to standard error for one command.
#[derive(Debug)]
pub struct Console {
    quiet: bool,
    terminal: bool,
    /// Characters of the live line that is on the terminal now.
    shown: usize,
    logged: Instant,
}

impl Console {
    /// `quiet` keeps notes and progress back, but no errors.
    pub fn new(quiet: bool) -> Self {
        Self {
            quiet,
            terminal: stderr().is_terminal(),
            shown: 0,
            logged: Instant::now(),
        }
    }

    /// A line the user may want to know.
    pub fn note(&mut self, text: &str) {
        if !self.quiet {
            self.clear();
            let _ = writeln!(stderr(), "{text}");
        }
    }

    /// A line that the user has to know, even in silence.
    pub fn warn(&mut self, text: &str) {
        self.clear();
        let _ = writeln!(stderr(), "keepers: {text}");
    }

    /// Shows how far the work is: on a terminal as a line that changes, in a
    /// log as a line from time to time.
    pub fn progress(&mut self, doing: &str, progress: &Progress) {
        self.live(|| wording::progress(doing, progress));
    }

    /// As [`Console::progress`], of a download.
    pub fn transfer(&mut self, doing: &str, progress: &Progress) {
        self.live(|| wording::transfer(doing, progress));
    }

    fn live(&mut self, text: impl FnOnce() -> String) {
        if self.quiet {
            return;
        }
        let text = text();
        if self.terminal {
            // Spaces instead of an escape sequence: some consoles show those.
            let length = text.chars().count();
            let rest = self.shown.saturating_sub(length);
            let _ = write!(stderr(), "\r{text}{:rest$}", "");
            let _ = stderr().flush();
            self.shown = length;
        } else if self.logged.elapsed() >= LOG_INTERVAL {
            self.logged = Instant::now();
            let _ = writeln!(stderr(), "{text}");
        }
    }

    /// Takes the live line away.
    pub fn clear(&mut self) {
        if self.shown > 0 {
            let _ = write!(stderr(), "\r{:width$}\r", "", width = self.shown);
            let _ = stderr().flush();
            self.shown = 0;
        }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Says why a command failed.
pub fn error(error: &anyhow::Error) {
    let _ = writeln!(stderr(), "keepers: {error:#}");
}
