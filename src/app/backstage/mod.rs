//! What happens behind the window: threads that carry out effects and send back
//! messages, so that the thread that draws never decodes, infers or touches the
//! disk.

mod dialogs;
mod files;
mod learning;
mod models;
mod pictures;
mod ratings;
mod scenes;
mod scoring;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::Builder;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::apply::Message;
use crate::catalog::Catalog;
use crate::engine::models::{Device, Source};
use crate::home::Home;

pub use dialogs::{Dialogs, Reply, SystemDialogs};
pub use files::{export, unpack_samples};
pub use learning::Tutor;
pub use models::Shelf;
pub use pictures::{
    Gallery, Measured, PROOF, Picture, PictureKey, PictureRequest, PictureResult, Size,
    colour_image,
};
pub use ratings::RatingDesk;
pub use scenes::SceneTeller;
pub use scoring::ScoringDesk;

/// Messages that wait for the window, at most. Whoever sends more waits, and
/// with it the job it speaks for.
const WAITING: usize = 1024;

/// The way to the window's state. Clones lead to the same place.
#[derive(Debug)]
pub struct Mailbox<T> {
    sender: Sender<T>,
    ctx: egui::Context,
}

// Derived, it would ask that messages can be cloned.
impl<T> Clone for Mailbox<T> {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
            ctx: self.ctx.clone(),
        }
    }
}

impl<T> Mailbox<T> {
    /// A mailbox that wakes the window of `ctx`, and where its mail arrives.
    pub fn new(ctx: &egui::Context) -> (Self, Receiver<T>) {
        let (sender, receiver) = bounded(WAITING);
        let ctx = ctx.clone();
        (Self { sender, ctx }, receiver)
    }

    /// Sends a message and has the window look. `false` when it is gone.
    pub fn send(&self, message: T) -> bool {
        let sent = self.sender.send(message).is_ok();
        self.ctx.request_repaint();
        sent
    }
}

/// What the threads need to know.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The model that scores.
    pub model: Source,
    /// The taste profile that it scores with, by name.
    pub profile: Option<String>,
    /// Where it runs.
    pub device: Device,
    /// The user's folders, where there are any.
    pub home: Option<Home>,
    /// The catalog's file, where it is not the user's usual one.
    pub catalog: Option<PathBuf>,
}

impl Setup {
    /// The catalog's file; `None` where there is no place for one.
    pub fn catalog_file(&self) -> Option<PathBuf> {
        let usual = || Some(Catalog::file_in(&self.home.as_ref()?.catalog));
        self.catalog.clone().or_else(usual)
    }
}

/// Runs `work` on a thread of its own; where there is none to be had it says
/// so through `refused`.
pub fn aside(name: &str, work: impl FnOnce() + Send + 'static, refused: impl FnOnce(String)) {
    let name = format!("keepers-{name}");
    if let Err(error) = spawn(&name, work) {
        refused(format!("The system gave no thread to work on it: {error}"));
    }
}

/// Stack of a thread that may decode, in bytes: that of a main thread.
const STACK: usize = 8 << 20;

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    Builder::new()
        .name(name.to_owned())
        .stack_size(STACK)
        .spawn(work)
        .map(drop)
}

/// The mailbox of the window's state.
pub type Mail = Arc<Mailbox<Message>>;
