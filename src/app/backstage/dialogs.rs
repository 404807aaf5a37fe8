//! Asking for files and folders, with the system's own dialogs.

use std::fmt::Debug;
use std::path::PathBuf;

use super::aside;

/// Takes what the user chose; nothing when they chose nothing.
pub type Reply = Box<dyn FnOnce(Vec<PathBuf>) + Send>;

/// Something that asks the user. It must return at once and answer later.
pub trait Dialogs: Debug {
    /// Asks for folders to open.
    fn folders(&self, reply: Reply);
    /// Asks for photos to open.
    fn photos(&self, reply: Reply);
    /// Asks for a file of weights.
    fn weights(&self, reply: Reply);
    /// Asks for a file to write a table to; `name` has no extension.
    fn table(&self, name: &str, reply: Reply);
}

/// The system's dialogs.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemDialogs;

impl Dialogs for SystemDialogs {
    fn folders(&self, reply: Reply) {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("Open folder")
            .pick_folders();
        answer(dialog, paths, reply);
    }

    fn photos(&self, reply: Reply) {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("Open photos")
            .pick_files();
        answer(dialog, paths, reply);
    }

    fn weights(&self, reply: Reply) {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("Import model")
            .add_filter("Weights", &["safetensors", "pt", "pth", "bin"])
            .pick_file();
        answer(dialog, path, reply);
    }

    fn table(&self, name: &str, reply: Reply) {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("Export scores")
            .set_file_name(format!("{name}.csv"))
            .add_filter("CSV", &["csv"])
            .add_filter("JSON", &["json"])
            .add_filter("JSON lines", &["jsonl"])
            .save_file();
        answer(dialog, path, reply);
    }
}

fn paths(files: Option<Vec<rfd::FileHandle>>) -> Vec<PathBuf> {
    let files = files.unwrap_or_default();
    files.iter().map(|file| file.path().to_owned()).collect()
}

fn path(file: Option<rfd::FileHandle>) -> Vec<PathBuf> {
    let file = file.map(|file| file.path().to_owned());
    file.into_iter().collect()
}

/// Waits for the dialog on a thread of its own. The dialog itself was made on
/// the thread that draws, where macOS wants it.
fn answer<T: 'static>(
    dialog: impl Future<Output = T> + Send + 'static,
    paths: impl FnOnce(T) -> Vec<PathBuf> + Send + 'static,
    reply: Reply,
) {
    aside(
        "dialog",
        move || reply(paths(pollster::block_on(dialog))),
        |reason| tracing::error!("{reason}"),
    );
}
