//! The window.
//!
//! [`State`](state::State) is plain data; every user action is one
//! [`Command`](command::Command), handled in [`apply`]; what takes time is an
//! effect that threads behind the window carry out and answer with messages.
//! Views read the state and emit commands.

mod apply;
#[cfg(test)]
mod apply_tests;
mod backstage;
mod command;
mod icons;
mod keys;
mod pictures;
mod state;
mod theme;
mod views;

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Receiver;

use apply::{Effect, Message, apply, receive, settle};
use backstage::{Mail, Mailbox, ScoringDesk, Setup, aside};
use pictures::Pictures;

pub use backstage::{Dialogs, Reply, SystemDialogs};
pub use command::{Command, Step};
pub use state::{Panel, State, View};

use crate::engine::models::{Device, Source};
use crate::home::Home;

/// Messages taken in before a frame is drawn, at most.
const MESSAGES: usize = 2048;

/// What the window is opened with.
#[derive(Debug)]
pub struct Options {
    /// Photos and folders to score right away.
    pub paths: Vec<PathBuf>,
    /// The model that scores.
    pub model: Source,
    /// Where it runs.
    pub device: Device,
    /// The user's folders, where there are any.
    pub home: Option<Home>,
    /// What asks the user for files.
    pub dialogs: Box<dyn Dialogs>,
}

/// The window as eframe runs it.
pub struct App {
    state: State,
    pictures: Pictures,
    desk: ScoringDesk,
    mail: Mail,
    inbox: Receiver<Message>,
    dialogs: Box<dyn Dialogs>,
    home: Option<Home>,
    memory: views::Memory,
}

impl App {
    /// Makes the window's insides and starts the threads behind it.
    pub fn new(ctx: &egui::Context, options: Options) -> Self {
        theme::install(ctx);
        let (mail, inbox) = Mailbox::new(ctx);
        let mail = Arc::new(mail);
        let setup = Setup {
            model: options.model,
            device: options.device,
            home: options.home.clone(),
        };
        let mut app = Self {
            state: State::default(),
            pictures: Pictures::new(ctx),
            desk: ScoringDesk::open(setup, Arc::clone(&mail)),
            mail,
            inbox,
            dialogs: options.dialogs,
            home: options.home,
            memory: views::Memory::default(),
        };
        app.run(ctx, Command::Open(options.paths));
        app
    }

    /// What the window shows.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Whether every picture that the last frame wanted is there.
    pub fn has_pictures(&self) -> bool {
        self.pictures.are_there()
    }

    fn run(&mut self, ctx: &egui::Context, command: Command) {
        tracing::debug!(?command);
        for effect in apply(&mut self.state, command) {
            self.carry_out(ctx, effect);
        }
    }

    fn carry_out(&mut self, ctx: &egui::Context, effect: Effect) {
        let mail = Arc::clone(&self.mail);
        match effect {
            Effect::Score { shoot, paths } => {
                if let Err(reason) = self.desk.score(shoot, paths) {
                    for effect in receive(&mut self.state, Message::ScoringFailed { shoot, reason })
                    {
                        self.carry_out(ctx, effect);
                    }
                }
            }
            Effect::StopScoring => self.desk.stop(),
            Effect::AskFolder => self.dialogs.folders(Box::new(move |paths| {
                mail.send(Message::Chosen(paths));
            })),
            Effect::AskPhotos => self.dialogs.photos(Box::new(move |paths| {
                mail.send(Message::Chosen(paths));
            })),
            Effect::AskExport { name } => self.dialogs.table(
                &name,
                Box::new(move |paths| {
                    mail.send(Message::ExportChosen(paths.into_iter().next()));
                }),
            ),
            Effect::Export { path, rows } => {
                let work = move || backstage::export(path, &rows);
                in_background("export", mail, work, Message::Exported);
            }
            Effect::UnpackSamples => {
                let home = self.home.clone();
                let work = move || backstage::unpack_samples(home.as_ref());
                in_background("samples", mail, work, Message::Samples);
            }
            Effect::Copy(text) => ctx.copy_text(text),
            Effect::KeepThumbnail(photo, picture) => self.pictures.keep(photo, picture),
            Effect::ForgetPictures => self.pictures.forget(),
            Effect::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
        }
    }
}

/// Runs `work` aside and sends what came of it.
fn in_background<T: Send + 'static>(
    name: &str,
    mail: Mail,
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
    message: fn(Result<T, String>) -> Message,
) {
    let refused = Arc::clone(&mail);
    let work = move || {
        mail.send(message(work()));
    };
    aside(name, work, move |reason| {
        // From the thread that draws, which must not wait for itself: the
        // mailbox is far from full.
        refused.send(message(Err(reason)));
    });
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        let messages: Vec<Message> = self.inbox.try_iter().take(MESSAGES).collect();
        if messages.len() == MESSAGES {
            ctx.request_repaint();
        }
        for message in messages {
            for effect in receive(&mut self.state, message) {
                self.carry_out(ctx, effect);
            }
        }
        settle(&mut self.state);
        self.pictures.collect(ctx, self.state.shoot.number);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let commands = views::show(ui, &self.state, &mut self.pictures, &mut self.memory);
        self.pictures.order();
        let ctx = ui.ctx().clone();
        for command in commands {
            self.run(&ctx, command);
            ctx.request_repaint();
        }
    }

    fn clear_color(&self, _visuals: &egui::Visuals) -> [f32; 4] {
        theme::CANVAS.to_normalized_gamma_f32()
    }
}

/// Opens the window and returns when it is closed.
///
/// # Errors
/// When there is no screen or no graphics driver that it can use.
pub fn open(options: Options) -> Result<(), eframe::Error> {
    let mut viewport = egui::ViewportBuilder::default()
        .with_title("Keepers")
        .with_app_id("keepers")
        .with_inner_size([1280.0, 800.0])
        .with_min_inner_size([800.0, 500.0]);
    match eframe::icon_data::from_png_bytes(ICON) {
        Ok(icon) => viewport = viewport.with_icon(icon),
        Err(error) => tracing::warn!("the window has no icon: {error}"),
    }
    let native = eframe::NativeOptions {
        viewport,
        ..eframe::NativeOptions::default()
    };
    let create: eframe::AppCreator<'_> =
        Box::new(|cc| Ok(Box::new(App::new(&cc.egui_ctx, options))));
    eframe::run_native("Keepers", native, create)
}

const ICON: &[u8] = include_bytes!("../../assets/icon/keepers.png");
