//! Ctrl-C (and the system's request to end): the first one ends the work
//! cleanly, the second ends the program.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use super::exit::Exit;
use crate::engine::Cancel;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// What an interrupt cancels; without it an interrupt ends the program.
static WORK: Mutex<Option<Cancel>> = Mutex::new(None);

/// What an unfinished command leaves behind, to be removed where the program
/// ends without finishing it.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Names a file that is of no use unless the command finishes.
pub fn removes(unfinished: &Path) {
    listen();
    *lock(&UNFINISHED) = Some(unfinished.to_owned());
}

/// Lets Ctrl-C cancel this work instead of ending the program.
pub fn cancels(cancel: &Cancel) {
    listen();
    *lock(&WORK) = Some(cancel.clone());
}

/// Takes Ctrl-C over from the system.
fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        if let Err(error) = ctrlc::set_handler(on_interrupt) {
            // The system's way of ending a program stays in place.
            tracing::debug!("Ctrl-C ends at once: {error}");
        }
    });
}

/// Whether there was an interrupt.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

fn on_interrupt() {
    let again = INTERRUPTED.swap(true, Ordering::SeqCst);
    match &*lock(&WORK) {
        Some(cancel) if !again => cancel.cancel(),
        _ => {
            if let Some(path) = lock(&UNFINISHED).take() {
                // The program ends now; there is nobody left to tell.
                let _ = std::fs::remove_file(path);
            }
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
    }
}

/// The locks are held for moments only, never while waiting.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
