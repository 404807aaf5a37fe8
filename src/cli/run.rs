//! Runs one scoring job for a command: progress, notes, Ctrl-C.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;

use super::catalog_args::CatalogArgs;
use super::console::Console;
use super::sink::Written;
use super::{interrupt, wording};
use crate::engine::models::{self, Device};
use crate::engine::profiles;
use crate::engine::{
    self, Descriptors, Event, Job, Known, Options, PhotoResult, Request, Seen, Summary,
};
use crate::home::Home;
use crate::model::QualityModel;

/// What a job came to.
#[derive(Debug)]
pub struct Done {
    /// The finished photos, in the order in which they finished.
    pub photos: Vec<PhotoResult>,
    /// Whether the user interrupted it.
    pub interrupted: bool,
}

/// How a job ended.
#[derive(Debug)]
pub struct Ended {
    /// What it came to.
    pub summary: Summary,
    /// Whether the user interrupted it.
    pub interrupted: bool,
}

/// Which model a command uses.
#[derive(Debug, Clone, clap::Args)]
pub struct ModelArgs {
    /// Name of a model (see "keepers model list") or a model file
    #[arg(long, value_name = "NAME|FILE", default_value = models::BUILT_IN)]
    pub model: PathBuf,
    /// Where the model runs: auto (the best there is that it can use), cpu,
    /// cuda, cuda:N, metal, wgpu
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: Device,
}

impl Default for ModelArgs {
    fn default() -> Self {
        Self {
            model: models::BUILT_IN.into(),
            device: Device::default(),
        }
    }
}

impl ModelArgs {
    /// Where the model comes from.
    ///
    /// # Errors
    /// When there is no such model.
    pub fn source(&self, home: Option<&Home>) -> anyhow::Result<models::Source> {
        Ok(models::find(Some(&self.model), home)?)
    }

    /// Opens the model with a profile, if one is named.
    ///
    /// # Errors
    /// When either cannot be used, or the profile belongs to another model.
    pub fn open_with(
        &self,
        profile: &ProfileArgs,
        home: Option<&Home>,
    ) -> anyhow::Result<profiles::Opened> {
        let source = self.source(home)?;
        Ok(profiles::open(
            &source,
            self.device,
            profile.profile.as_deref(),
            home,
        )?)
    }
}

/// Whose taste a command goes by.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ProfileArgs {
    /// Name of a taste profile (see "keepers profile show") or a profile's file
    #[arg(long, value_name = "NAME|FILE")]
    pub profile: Option<PathBuf>,
}

/// The user's folders; says once where they cannot be used, which stops
/// nothing that can do without.
pub fn home(console: &mut Console) -> Option<Home> {
    usable_home(console).0
}

/// Descriptors that are kept for the user, by a model's backbone; `None` where
/// there is no folder for them, or the model has none. `catalog` tells photos'
/// content without reading them.
pub fn seen(
    home: Option<&Home>,
    model: &dyn QualityModel,
    catalog: &CatalogArgs,
) -> Option<Arc<Seen>> {
    let descriptors = Descriptors::of_user(home?, model.describing()?);
    let catalog = catalog.existing().unwrap_or_else(|error| {
        tracing::debug!("{error:#}; photos are read instead");
        None
    });
    Some(Arc::new(Seen::new(descriptors, catalog)))
}

/// As [`home`], and whether the folders can be written.
pub fn usable_home(console: &mut Console) -> (Option<Home>, bool) {
    let home = Home::find();
    let trouble = match &home {
        Ok(home) => home.check_writable().err(),
        Err(_) => None,
    };
    let trouble = trouble.as_ref().or(home.as_ref().err());
    if let Some(error) = trouble {
        console.note(&format!("keepers: {error}; scoring does without"));
    }
    let writable = trouble.is_none();
    (home.ok(), writable)
}

/// Scores what `request` and `options` ask for.
///
/// # Errors
/// As [`follow`].
pub fn job(
    request: Request,
    options: Options,
    model: Arc<dyn QualityModel>,
    known: Option<Arc<dyn Known>>,
    console: &mut Console,
) -> anyhow::Result<Done> {
    let mut photos = Vec::new();
    let job = engine::start_knowing(request, model, options, known);
    let ended = follow(job, console, |photo, _| {
        photos.push(photo);
        Ok(Written::Yes)
    })?;
    Ok(Done {
        photos,
        interrupted: ended.interrupted,
    })
}

/// Follows a job to its end. Each finished photo is given to `each`; when that says
/// that its reader is gone, the job ends.
///
/// # Errors
/// Those of `each`.
pub fn follow(
    job: Job,
    console: &mut Console,
    mut each: impl FnMut(PhotoResult, &mut Console) -> anyhow::Result<Written>,
) -> anyhow::Result<Ended> {
    interrupt::cancels(&job.cancel);
    for event in &job.events {
        match event {
            Event::Scanned(scan) => {
                if scan.skipped > 0 {
                    let files = wording::counted(scan.skipped, "file");
                    console.note(&format!(
                        "Skipped {files} that Keepers does not take for photos"
                    ));
                }
            }
            Event::Photo(photo) => {
                if each(photo, console)? == Written::ReaderGone {
                    job.cancel.cancel();
                }
            }
            Event::Progress(progress) => console.progress("Scoring", &progress),
            Event::Finished(summary) => {
                console.clear();
                let interrupted = summary.cancelled && interrupt::interrupted();
                conclude(&summary, interrupted, console);
                return Ok(Ended {
                    summary,
                    interrupted,
                });
            }
        }
    }
    bail!("scoring stopped before its end; please report this");
}

/// Says in a line how it went.
fn conclude(summary: &Summary, interrupted: bool, console: &mut Console) {
    let done = summary.scored + summary.failed;
    if done == 0 && !interrupted {
        return console.note("Found no photos");
    }
    let mut text = String::new();
    if interrupted {
        text += "Interrupted: ";
    }
    text += &format!("scored {}", wording::counted(summary.scored, "photo"));
    if summary.failed > 0 {
        text += &format!(", {} failed", wording::count(summary.failed));
    }
    let wall = summary.timings.wall;
    text += &format!(" in {}", wording::took(wall));
    if summary.scored > 0 && !wall.is_zero() {
        text += &format!(" ({})", wording::rate(done as f64 / wall.as_secs_f64()));
    }
    if summary.known > 0 {
        text += &format!(", {} of them known before", wording::count(summary.known));
    }
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    console.note(&text);
}
