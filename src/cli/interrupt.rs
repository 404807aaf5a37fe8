//! Ctrl-C (and the system's request to end): the first one ends the work
//! cleanly, the second ends the program.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::exit::Exit;
use crate::engine::Cancel;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// What an interrupt cancels; without it an interrupt ends the program.
static WORK: Mutex<Option<Cancel>> = Mutex::new(None);

/// Lets Ctrl-C cancel this work instead of ending the program.
pub fn cancels(cancel: &Cancel) {
    let previous = WORK
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .replace(cancel.clone());
    if previous.is_some() {
        return;
    }
    if let Err(error) = ctrlc::set_handler(on_interrupt) {
        // The system's way of ending a program stays in place.
        tracing::debug!("Ctrl-C ends at once: {error}");
    }
}

/// Whether there was an interrupt.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

fn on_interrupt() {
    let again = INTERRUPTED.swap(true, Ordering::SeqCst);
    // The lock is held for moments only, never while waiting.
    let work = WORK
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    match &*work {
        Some(cancel) if !again => cancel.cancel(),
        _ => std::process::exit(i32::from(Exit::Interrupted.code())),
    }
}
