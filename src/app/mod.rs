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
mod histogram;
mod icons;
mod keys;
mod overlay;
mod pictures;
mod saved;
mod settings;
mod state;
mod theme;
mod views;

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Receiver;

use apply::{
    Effect, FileNews, LearnErrand, LearnNews, Message, ModelErrand, ModelNews, RatingErrand,
    RatingNews, apply, receive, settle, wishes,
};
use backstage::{Mail, Mailbox, RatingDesk, SceneTeller, ScoringDesk, Setup, Shelf, Tutor, aside};
use pictures::Pictures;

pub use backstage::{Dialogs, Reply, SystemDialogs};
pub use command::{Command, Step};
pub use settings::Settings;
pub use state::{Panel, State, View};

use saved::{SAVED_EVERY, Saved};
use settings::Look;
use state::Notice;

use crate::engine::Cancel;
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
    /// The taste profile that it scores with, by name.
    pub profile: Option<String>,
    /// Where it runs.
    pub device: Device,
    /// What is remembered from the last time.
    pub settings: Settings,
    /// What was wrong with that, if anything was.
    pub trouble: Option<String>,
    /// The user's folders, where there are any.
    pub home: Option<Home>,
    /// The catalog's file; `None` for the user's own.
    pub catalog: Option<PathBuf>,
    /// Address of the hub that models are downloaded from; `None` for the one
    /// that the environment names. Nothing is asked of it unless the user says
    /// so.
    pub hub: Option<String>,
    /// What asks the user for files.
    pub dialogs: Box<dyn Dialogs>,
}

/// The window as eframe runs it.
pub struct App {
    state: State,
    pictures: Pictures,
    // Gone before the desks, so that none of them waits for a reader that is no
    // more: fields go in this order.
    inbox: Receiver<Message>,
    desk: ScoringDesk,
    ratings: RatingDesk,
    tutor: Tutor,
    mail: Mail,
    dialogs: Box<dyn Dialogs>,
    home: Option<Home>,
    shelf: Shelf,
    teller: SceneTeller,
    download: Cancel,
    memory: views::Memory,
    saved: Saved,
}

impl App {
    /// Makes the window's insides and starts the threads behind it.
    pub fn new(ctx: &egui::Context, options: Options) -> Self {
        theme::install(ctx);
        let (mail, inbox) = Mailbox::new(ctx);
        let mail = Arc::new(mail);
        let setup = Setup {
            model: options.model,
            profile: options.profile,
            device: options.device,
            home: options.home.clone(),
            catalog: options.catalog,
        };
        let shelf = Shelf {
            home: options.home.clone(),
            hub: options.hub,
        };
        let teller = SceneTeller::default();
        let mut state = State::default();
        let keys = options.settings.give(&mut state);
        if let Some(text) = options.trouble.or(keys) {
            state.notice = Some(Notice {
                text,
                problem: true,
            });
        }
        let saved = Saved::new(options.home.as_ref(), options.settings);
        state.models.in_use = setup.model.clone();
        state.models.profile.clone_from(&setup.profile);
        let mut app = Self {
            state,
            pictures: Pictures::new(ctx),
            tutor: Tutor::open(setup.clone(), Arc::clone(&mail)),
            ratings: RatingDesk::open(setup.clone(), Arc::clone(&mail)),
            desk: ScoringDesk::open(setup, teller.clone(), Arc::clone(&mail)),
            teller,
            mail,
            inbox,
            dialogs: options.dialogs,
            home: options.home,
            shelf,
            download: Cancel::default(),
            memory: views::Memory::default(),
            saved,
        };
        app.run_errand(ModelErrand::ListProfiles);
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

    /// Whether the focused photo was shown large in the last frame, not its small
    /// picture in its place.
    pub fn has_large(&self) -> bool {
        self.pictures.large_was_there()
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
            Effect::AskTarget { copy } => self.dialogs.folders(Box::new(move |paths| {
                let folder = paths.into_iter().next();
                mail.send(Message::TargetChosen { copy, folder });
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
            Effect::Models(errand) => self.run_errand(errand),
            Effect::Ratings(errand) => self.order_rating(errand),
            Effect::Learn(errand) => self.order_lesson(errand),
            Effect::TellScene { shoot, photo, path } => {
                let teller = self.teller.clone();
                aside_or_say("scene", &mail, move |mail| {
                    let scene = teller.scene(path);
                    mail.send(Message::Scene {
                        shoot,
                        photo,
                        scene,
                    });
                });
            }
            Effect::Copy(text) => ctx.copy_text(text),
            Effect::KeepThumbnail(photo, picture) => self.pictures.keep(photo, picture),
            Effect::ForgetPictures => self.pictures.forget(),
            Effect::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
        }
    }

    fn order_rating(&mut self, errand: RatingErrand) {
        let files = matches!(
            errand,
            RatingErrand::Plan { .. } | RatingErrand::CarryOut { .. }
        );
        let rate = match &errand {
            RatingErrand::Rate { shoot, number, .. } => Some((*shoot, *number)),
            _ => None,
        };
        if let Err(reason) = self.ratings.order(errand) {
            if files {
                let news = FileNews::Carried {
                    result: Err(reason),
                    photos: Vec::new(),
                };
                receive(&mut self.state, Message::Files(news));
                return;
            }
            let news = match rate {
                Some((shoot, number)) => RatingNews::Rated {
                    shoot,
                    number,
                    result: Err(reason),
                },
                None => RatingNews::Trouble(format!("Ratings were not read: {reason}")),
            };
            receive(&mut self.state, Message::Ratings(news));
        }
    }

    /// Looks as the user wants it, and has that remembered now and then.
    fn follow_habits(&mut self, ctx: &egui::Context) {
        let habits = &self.state.habits;
        let theme = match habits.look {
            Look::Dark => egui::ThemePreference::Dark,
            Look::Light => egui::ThemePreference::Light,
            Look::System => egui::ThemePreference::System,
        };
        ctx.set_theme(theme);
        if (ctx.zoom_factor() - habits.scale).abs() > 1e-3 {
            ctx.set_zoom_factor(habits.scale);
        }
        let now = ctx.input(|input| input.time);
        if now - self.saved.looked < SAVED_EVERY {
            return;
        }
        self.saved.looked = now;
        if let Some((settings, file)) = self.saved.changed(&self.state) {
            let mail = Arc::clone(&self.mail);
            let turn = Arc::clone(&self.saved.turn);
            aside_or_say("settings", &mail, move |_| turn.save(&settings, &file));
        }
    }

    fn order_lesson(&mut self, errand: LearnErrand) {
        let number = match &errand {
            LearnErrand::Begin { number, .. } | LearnErrand::Teach { number, .. } => *number,
            LearnErrand::Keep { .. } | LearnErrand::Stop => self.state.learning.number,
        };
        if let Err(reason) = self.tutor.order(errand) {
            let result = Err(reason);
            let news = LearnNews::Described { number, result };
            receive(&mut self.state, Message::Learn(news));
        }
    }

    fn run_errand(&mut self, errand: ModelErrand) {
        let (mail, shelf) = (Arc::clone(&self.mail), self.shelf.clone());
        let send = |mail: &Mail, news| mail.send(Message::Models(news));
        match errand {
            ModelErrand::List { in_use } => aside_or_say("models", &mail, move |mail| {
                send(mail, ModelNews::Installed(shelf.installed(&in_use)));
                send(mail, ModelNews::Named(Shelf::offered()));
                send(mail, ModelNews::Profiles(shelf.profiles()));
            }),
            ModelErrand::ListProfiles => aside_or_say("profiles", &mail, move |mail| {
                send(mail, ModelNews::Profiles(shelf.profiles()));
            }),
            ModelErrand::Use(source, profile) => {
                let ordered = self.desk.use_model(source.clone(), profile.clone());
                if let Err(reason) = ordered {
                    let model = Err(reason);
                    let scenes = false;
                    let news = ModelNews::Opened {
                        source,
                        profile,
                        model,
                        scenes,
                    };
                    receive(&mut self.state, Message::Models(news));
                }
            }
            ModelErrand::LookUp => aside_or_say("look-up", &mail, move |mail| {
                let (offered, reasons) = shelf.look_up(&Cancel::default());
                send(mail, ModelNews::LookedUp(offered, reasons));
            }),
            ModelErrand::Download(name) => {
                self.download = Cancel::default();
                let cancel = self.download.clone();
                aside_or_say("download", &mail, move |mail| {
                    let result = shelf.download(&name, &cancel, mail);
                    send(mail, ModelNews::Downloaded { name, result });
                });
            }
            ModelErrand::StopDownload => self.download.cancel(),
            ModelErrand::AskFile => self.dialogs.weights(Box::new(move |paths| {
                send(&mail, ModelNews::FileChosen(paths.into_iter().next()));
            })),
            ModelErrand::Import(path) => aside_or_say("import", &mail, move |mail| {
                send(mail, ModelNews::Imported(shelf.import(&path)));
            }),
            ModelErrand::RemoveProfile(name) => aside_or_say("remove", &mail, move |mail| {
                let result = shelf.remove_profile(&name);
                send(mail, ModelNews::Profiles(shelf.profiles()));
                if let Err(reason) = result {
                    mail.send(Message::Problem(reason));
                }
            }),
            ModelErrand::Remove(name) => aside_or_say("remove", &mail, move |mail| {
                let result = shelf.remove(&name);
                send(mail, ModelNews::Removed { name, result });
            }),
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // The window is gone: nobody waits for the disk.
        if let Some((settings, file)) = self.saved.changed(&self.state) {
            self.saved.turn.save(&settings, &file);
        }
    }
}

/// Runs `work` aside, which sends its own messages.
fn aside_or_say(name: &str, mail: &Mail, work: impl FnOnce(&Mail) + Send + 'static) {
    let (post, refused) = (Arc::clone(mail), Arc::clone(mail));
    aside(
        name,
        move || work(&post),
        move |reason| {
            refused.send(Message::Problem(reason));
        },
    );
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
        for effect in wishes(&mut self.state) {
            self.carry_out(ctx, effect);
        }
        self.pictures.collect(ctx, self.state.shoot.number);
        self.follow_habits(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let commands = views::show(ui, &self.state, &mut self.pictures, &mut self.memory);
        self.pictures.order();
        let ctx = ui.ctx().clone();
        for command in commands {
            self.run(&ctx, command);
            settle(&mut self.state);
            ctx.request_repaint();
        }
    }

    fn clear_color(&self, _visuals: &egui::Visuals) -> [f32; 4] {
        theme::canvas().to_normalized_gamma_f32()
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
