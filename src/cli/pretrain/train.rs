//! Opening the model, learning, and writing what came of it.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};

use super::Args;
use super::data::{self, Photo};
use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::sink::{self, Sink};
use crate::cli::{interrupt, paths, run as jobs};
use crate::engine::{Cancel, Form, FormPixels, Progress, describe_forms, models};
use crate::learning::pretrain::{
    self, ClipLearner, CompactLearner, Data, Learner, Options, State, pretrain,
};
use crate::learning::sample::Random;
use crate::model::clip::{self, Origin, with_prompts};
use crate::model::compact::{self, CompactModel};
use crate::model::{ModelInfo, QualityModel};
use crate::report::curve::{self, Curve};

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut console = Console::new(args.quiet);
    let photos = data::photos(args)?;
    // Shows early that the file can be written.
    let out = Sink::open(Some(&args.out))?;
    let kept = args.work.join("descriptors");
    fs::create_dir_all(&kept)
        .with_context(|| format!("{}: cannot be made", paths::shown(&kept)))?;
    let home = jobs::home(&mut console);
    let bytes = match models::find(Some(&args.model), home.as_ref())? {
        models::Source::BuiltIn => compact::embedded_bytes().to_vec(),
        models::Source::File(path) => match clip::Weights::open(&path) {
            Ok(weights) => return of_clip(args, &weights, &photos, out, &mut console),
            Err(_) => fs::read(&path)
                .with_context(|| format!("{}: cannot be read", paths::shown(&path)))?,
        },
    };
    of_compact(args, &bytes, &photos, out, &mut console)
}

/// Name of the model that is written.
fn name(args: &Args) -> anyhow::Result<String> {
    match (&args.name, args.out.file_stem()) {
        (Some(name), _) => Ok(name.clone()),
        (None, Some(stem)) => Ok(stem.to_string_lossy().into_owned()),
        (None, None) => bail!("{}: is no name for a file", paths::shown(&args.out)),
    }
}

/// What the model's metadata says it learned from.
fn learned_from(args: &Args, before: &str) -> String {
    if let Some(data) = &args.data {
        return data.clone();
    }
    let sets = [
        args.tid2013.as_ref().map(|_| "TID2013"),
        args.kadid.as_ref().map(|_| "KADID-10k"),
        args.pristine.as_ref().map(|_| "distorted photos"),
        (!args.scores.is_empty()).then_some("photos with opinions"),
    ];
    let sets: Vec<&str> = sets.into_iter().flatten().collect();
    format!("{before}; meta-prompt pre-training on {}", sets.join(", "))
}

fn of_compact(
    args: &Args,
    bytes: &[u8],
    photos: &[Photo],
    mut out: Sink,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    let label = paths::shown(&args.model);
    let model = CompactModel::from_bytes(bytes, &label)?;
    let backbone = compact::backbone_weights(bytes, &label)?;
    let tensors = backbone.tensors();
    let mut sorted: Vec<_> = tensors.iter().map(|(n, t)| (n.as_str(), t)).collect();
    sorted.sort_by_key(|(name, _)| *name);
    let identity = compact::identity(sorted)?;

    let cancel = Cancel::default();
    interrupt::cancels(&cancel);
    let wanted: Vec<_> = photos
        .iter()
        .map(|p| (p.path.clone(), p.distorted()))
        .collect();
    let kept = args.work.join("descriptors");
    let described = describe_forms(
        &model,
        &identity,
        &kept,
        &wanted,
        args.seed,
        &cancel,
        &mut |progress| console.progress("Describing", progress),
    );
    console.clear();
    let Some(described) = described else {
        return Ok(Exit::Interrupted);
    };
    let (mut usable, mut descriptors) = (Vec::new(), Vec::new());
    for (photo, forms) in photos.iter().zip(described) {
        match forms {
            Ok(forms) => {
                let own = match forms.first() {
                    Some(itself) => model.head().score(itself)?.value() / 100.0,
                    None => continue,
                };
                usable.push((photo, own as f32));
                descriptors.extend(forms);
            }
            Err(reason) => failed(console, &photo.path, &reason),
        }
    }
    let (data, _) = data::arranged(&usable);
    let mut learner = CompactLearner::new(model.head(), &descriptors, &data.examples)?;
    let about = model.info().identity.clone();
    let Some(state) = learn(args, &mut learner, &data, &about, &cancel, console)? else {
        return Ok(Exit::Interrupted);
    };
    let info = ModelInfo {
        name: name(args)?,
        identity: String::new(),
        training_data: learned_from(args, &model.info().training_data),
        date: args.date.clone(),
        ..model.info().clone()
    };
    // The old scale was fitted to the old head.
    let bytes = CompactModel::to_bytes(info, &backbone, &learner.head()?, None)?;
    out.write(|to| to.write_all(&bytes))?;
    out.finish()?;
    report(args, &state)?;
    Ok(Exit::of(usable.len(), photos.len() - usable.len()))
}

fn of_clip(
    args: &Args,
    weights: &clip::Weights,
    photos: &[Photo],
    out: Sink,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    // The model is written by its own room.
    drop(out);
    let cancel = Cancel::default();
    interrupt::cancels(&cancel);
    let mut random = Random::new(args.seed);
    let prompted = with_prompts(weights, &mut || random.uniform())?;
    let usable: Vec<(&Photo, f32)> = photos.iter().map(|photo| (photo, 1.0)).collect();
    let (data, sources) = data::arranged(&usable);
    let sources: Vec<_> = sources
        .iter()
        .filter_map(|&(photo, form): &(usize, Form)| {
            photos.get(photo).map(|photo| (photo.path.clone(), form))
        })
        .collect();
    let pixels = FormPixels::new(prompted.config(), sources, args.seed);
    let labels = data.examples.iter().map(|example| example.label).collect();
    let device = args.device.open()?;
    let mut learner = ClipLearner::new(&prompted, &device, labels, Box::new(pixels))?;
    let info = clip::info(weights)?;
    let state = learn(args, &mut learner, &data, &info.identity, &cancel, console)?;
    let Some(state) = state else {
        return Ok(Exit::Interrupted);
    };
    let origin = Origin {
        name: name(args)?,
        licence: Some(info.licence.clone()),
        training_data: Some(learned_from(args, &info.training_data)),
        source: None,
        date: Some(args.date.clone()),
    };
    clip::import(learner.weights(), &origin, &args.out)?;
    report(args, &state)?;
    Ok(Exit::Done)
}

fn failed(console: &mut Console, path: &Path, reason: &str) {
    console.note(&format!("{}: {}", paths::shown(path), paths::clean(reason)));
}

/// Learns, with the state and the curves kept after every epoch; `None` when
/// it was interrupted.
fn learn(
    args: &Args,
    learner: &mut dyn Learner,
    data: &Data,
    identity: &str,
    cancel: &Cancel,
    console: &mut Console,
) -> anyhow::Result<Option<State>> {
    let options = args.options();
    let names: Vec<String> = learner
        .variables()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let about = about(identity, data, &options);
    let file = args.work.join("state.safetensors");
    let resumed = pretrain::read(&file, &names, &about)?;
    let done = resumed.as_ref().map_or(0, |state| state.rows.len() - 1);
    if done > 0 {
        console.note(&format!("Going on after epoch {done}"));
    }
    let start = Instant::now();
    let mut kept = Ok(());
    let state = pretrain(learner, data, &options, resumed, &mut |state| {
        kept = pretrain::write(&file, state, &names, &about)
            .map_err(anyhow::Error::from)
            .and_then(|()| draw(&args.work, state));
        let epoch = state.rows.len() - 1;
        let each = start.elapsed() / (epoch - done.min(epoch)).max(1) as u32;
        let rest = options.epochs.saturating_sub(epoch) as u32;
        console.progress(
            "Epoch",
            &Progress {
                done: epoch,
                total: options.epochs,
                failed: 0,
                rate: 0.0,
                left: (epoch > done).then(|| each * rest),
            },
        );
        kept.is_ok() && !cancel.is_cancelled()
    })?;
    console.clear();
    kept?;
    Ok((state.rows.len() > options.epochs).then_some(state))
}

/// Stands for all that has to be the same for going on, except for how many
/// epochs there are.
fn about(identity: &str, data: &Data, options: &Options) -> String {
    let options = Options {
        epochs: 0,
        ..*options
    };
    let all = format!("{identity} {options:?} {data:?}");
    blake3::hash(all.as_bytes()).to_hex().to_string()
}

/// Writes the learning curves.
fn draw(folder: &Path, state: &State) -> anyhow::Result<()> {
    let curve = |name, of: fn(&pretrain::Row) -> f64| Curve {
        name,
        values: state.rows.iter().map(of).collect(),
    };
    let losses = vec![
        curve("support_loss", |row| row.support),
        curve("query_loss", |row| row.query),
    ];
    let figures = vec![
        curve("synthetic_srcc", |row| row.synthetic),
        curve("authentic_srcc", |row| row.authentic),
        curve("validation", |row| row.validation),
    ];
    let table = curve::csv(&[losses.clone(), figures.clone()].concat());
    let panels = [
        ("Loss in nats, by epoch", losses),
        ("SRCC on validation photos", figures),
    ];
    let picture = curve::svg(&panels, state.best_epoch);
    for (name, text) in [("curve.csv", table), ("curve.svg", picture)] {
        let mut sink = Sink::open(Some(&folder.join(name)))?;
        sink.write(|to| to.write_all(text.as_bytes()))?;
        sink.finish()?;
    }
    Ok(())
}

fn report(args: &Args, state: &State) -> anyhow::Result<()> {
    let figure = |epoch: usize| {
        let row = state.rows.get(epoch);
        let figures = row.map_or([f64::NAN; 2], |row| [row.synthetic, row.authentic]);
        let words = figures.map(|figure| match figure.is_finite() {
            true => format!("{figure:.4}"),
            false => "not defined".to_owned(),
        });
        format!("SRCC {} synthetic, {} authentic", words[0], words[1])
    };
    let text = format!(
        "Start: {}\nEpoch {} of {}: {}\nWrote {}\n",
        figure(0),
        state.best_epoch,
        state.rows.len() - 1,
        figure(state.best_epoch),
        paths::shown(&args.out)
    );
    sink::checked(io::stdout().write_all(text.as_bytes()))?;
    Ok(())
}
