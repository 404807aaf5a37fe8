//! The real window, without a screen: driven by role and name, as a screen
//! reader would.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use keepers::app::{App, Dialogs, Options, Reply, Settings};
use keepers::engine::models::{Device, Source};
use keepers::home::Home;
use tempfile::TempDir;

use crate::support::photos;

/// How long a test waits for what must happen; no measure of speed.
const PATIENCE: Duration = Duration::from_secs(180);

/// Dialogs that answer what the test has prepared.
#[derive(Debug, Clone, Default)]
pub struct Prepared {
    answers: Arc<Mutex<VecDeque<Vec<PathBuf>>>>,
    pub proposed: Arc<Mutex<Vec<String>>>,
}

impl Prepared {
    pub fn answer(&self, paths: Vec<PathBuf>) {
        self.answers.lock().expect("answers").push_back(paths);
    }

    fn reply(&self, reply: Reply) {
        reply(
            self.answers
                .lock()
                .expect("answers")
                .pop_front()
                .unwrap_or_default(),
        );
    }
}

impl Dialogs for Prepared {
    fn folders(&self, reply: Reply) {
        self.reply(reply);
    }

    fn photos(&self, reply: Reply) {
        self.reply(reply);
    }

    fn weights(&self, reply: Reply) {
        self.reply(reply);
    }

    fn table(&self, name: &str, reply: Reply) {
        self.proposed.lock().expect("names").push(name.to_owned());
        self.reply(reply);
    }
}

/// The window with a home of its own.
pub struct Window {
    pub harness: Harness<'static, App>,
    pub dialogs: Prepared,
    pub folder: TempDir,
    pub home: Arc<TempDir>,
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("the window reads files by their path".to_owned())
    }
}

impl Window {
    pub fn new() -> Self {
        Self::with(Source::BuiltIn, 1.0)
    }

    /// With this model, on a screen with so many pixels per point.
    pub fn with(model: Source, pixels_per_point: f32) -> Self {
        let home = Arc::new(tempfile::tempdir().expect("a home"));
        Self::opened(model, pixels_per_point, home, None)
    }

    /// For the user with this home.
    pub fn in_home(home: TempDir) -> Self {
        Self::opened(Source::BuiltIn, 1.0, Arc::new(home), None)
    }

    /// With the hub at this address.
    pub fn with_hub(hub: &str) -> Self {
        let home = Arc::new(tempfile::tempdir().expect("a home"));
        Self::opened(Source::BuiltIn, 1.0, home, Some(hub.to_owned()))
    }

    fn opened(
        model: Source,
        pixels_per_point: f32,
        home: Arc<TempDir>,
        hub: Option<String>,
    ) -> Self {
        let dialogs = Prepared::default();
        let settings = Settings::read(&Settings::file(&Home::under(home.path()))).0;
        let options = Options {
            paths: Vec::new(),
            model,
            profile: settings.profile.clone(),
            settings,
            trouble: None,
            device: Device::Cpu,
            home: Some(Home::under(home.path())),
            catalog: None,
            // Where nobody listens.
            hub: hub.or(Some("http://127.0.0.1:9".to_owned())),
            dialogs: Box::new(dialogs.clone()),
        };
        let harness = Harness::builder()
            .with_size([1280.0, 720.0])
            .with_pixels_per_point(pixels_per_point)
            .with_render_cursor(false)
            .with_step_dt(1.0 / 60.0)
            .build_eframe(|cc| App::new(&cc.egui_ctx, options));
        Self {
            harness,
            dialogs,
            folder: tempfile::tempdir().expect("a folder"),
            home,
        }
    }

    /// With so many greys in it, scored, whose ratings were read.
    pub fn with_greys(count: usize) -> Self {
        let mut window = Self::new();
        photos::greys(window.folder.path(), count);
        window.open_folder();
        window
    }

    /// Opens its folder, until all is scored and read.
    pub fn open_folder(&mut self) {
        let folder = self.folder.path().to_owned();
        self.drop(&[&folder]);
        self.until_scored();
        self.until_rated();
    }

    /// Goes on until `ready`.
    #[track_caller]
    pub fn until(&mut self, what: &str, ready: impl Fn(&Harness<'static, App>) -> bool) {
        let start = Instant::now();
        loop {
            self.harness.step();
            if ready(&self.harness) {
                // What came of it is on the screen in the next frame.
                self.harness.run_steps(2);
                return;
            }
            assert!(start.elapsed() < PATIENCE, "no end of waiting: {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Goes on until nothing is being scored any more.
    #[track_caller]
    pub fn until_scored(&mut self) {
        self.until("scoring", |harness| {
            let state = harness.state().state();
            state.scoring.is_none() && !state.shoot.is_empty()
        });
    }

    /// Goes on until all ratings are read and written.
    #[track_caller]
    pub fn until_rated(&mut self) {
        self.until("ratings", |harness| {
            let state = harness.state().state();
            let mut photos = state.shoot.shown().iter();
            state.culling.pending.is_empty()
                && photos.all(|id| state.shoot.photo(*id).is_some_and(|it| it.exif.is_some()))
        });
    }

    /// Goes on until something with a name that contains this is on the screen.
    #[track_caller]
    pub fn until_shown(&mut self, text: &str) {
        self.until(text, |harness| {
            harness.query_all_by_label_contains(text).next().is_some()
        });
    }

    /// Closes it and opens another one for the same user.
    pub fn reopened(self) -> Self {
        let Self {
            harness,
            home,
            folder,
            ..
        } = self;
        drop(harness);
        let mut window = Self::opened(Source::BuiltIn, 1.0, home, None);
        window.folder = folder;
        window
    }

    /// Drops files or folders on it.
    pub fn drop(&mut self, paths: &[&Path]) {
        for path in paths {
            let file: egui::DroppedFileHandle = Arc::new(Dropped(path.to_path_buf()));
            self.harness.input_mut().dropped_files.push(file);
        }
        self.harness.step();
    }

    #[track_caller]
    pub fn click(&mut self, label: &str) {
        self.harness
            .get_by_role_and_label(egui::Role::Button, label)
            .click();
        self.harness.run_steps(2);
    }

    /// Chooses one of several things that exclude each other.
    #[track_caller]
    pub fn choose(&mut self, label: &str) {
        self.harness
            .get_by_role_and_label(egui::Role::RadioButton, label)
            .click();
        self.harness.run_steps(2);
    }

    pub fn press(&mut self, key: egui::Key) {
        self.harness.key_press(key);
        self.harness.run_steps(2);
    }

    pub fn press_with_ctrl(&mut self, key: egui::Key) {
        self.harness
            .key_press_modifiers(egui::Modifiers::COMMAND, key);
        self.harness.run_steps(2);
    }

    pub fn press_with(&mut self, modifiers: egui::Modifiers, key: egui::Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.harness.run_steps(2);
    }

    /// Whether something with a name that contains this is on the screen.
    pub fn shows(&self, text: &str) -> bool {
        self.harness
            .query_all_by_label_contains(text)
            .next()
            .is_some()
    }

    /// The names of the photos in the grid, in their order.
    pub fn tiles(&self) -> Vec<String> {
        self.harness
            .query_all_by_role(egui::Role::ListBoxOption)
            .filter_map(|tile| tile.accesskit_node().label())
            .collect()
    }
}

/// Copies the sample photos into `folder`.
pub fn samples(folder: &Path) {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/samples");
    for entry in std::fs::read_dir(assets).expect("the samples") {
        let path = entry.expect("a sample").path();
        if path.extension().is_some_and(|extension| extension == "jpg") {
            std::fs::copy(&path, folder.join(path.file_name().expect("a name"))).expect("a copy");
        }
    }
}
