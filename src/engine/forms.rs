//! Photos as pre-training wants them: as they are, or made worse in every way;
//! as descriptors that are kept on disk, or as pixels.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use image::RgbImage;
use rayon::prelude::*;

use super::decoder::{decoded, network_input};
use super::distorted::pristine;
use super::known::PIPELINE;
use super::meter::Meter;
use super::{Cancel, Progress};
use crate::imaging::distortion::{Distortion, Level};
use crate::imaging::{Want, model_input, resized};
use crate::learning::pretrain::{Pixels, PretrainError};
use crate::learning::sample::Random;
use crate::model::QualityModel;
use crate::model::clip::{Config, Crop, input, piece};
use crate::model::compact::CompactModel;
use crate::model::efficientnet::DESCRIPTOR;

/// One form of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it is, as for scoring.
    AsIs,
    /// Reduced as for distorting, and not distorted.
    Pristine,
    /// Reduced, then made worse.
    Distorted(Distortion, Level),
}

impl Form {
    /// All forms of a photo that is made worse in every way: first itself,
    /// then type by type the levels.
    pub fn all() -> Vec<Self> {
        let kinds = Distortion::ALL.into_iter();
        let worse = kinds.flat_map(|kind| Level::ALL.map(|level| Self::Distorted(kind, level)));
        std::iter::once(Self::Pristine).chain(worse).collect()
    }
}

/// The forms that a photo is wanted in.
fn forms(distorted: bool) -> Vec<Form> {
    match distorted {
        true => Form::all(),
        false => vec![Form::AsIs],
    }
}

/// A photo's descriptors in all its forms, or the reason why it has none.
pub type Forms = Result<Vec<Vec<f32>>, String>;

/// Descriptors of photos, each as it is or, where `distorted`, in the forms of
/// [`Form::all`]. What was computed once, for the same content, network and
/// seed, is read from the folder `kept`. `None` when it was cancelled.
pub fn describe_forms(
    model: &CompactModel,
    backbone: &str,
    kept: &Path,
    photos: &[(PathBuf, bool)],
    seed: u64,
    cancel: &Cancel,
    progress: &mut dyn FnMut(&Progress),
) -> Option<Vec<Forms>> {
    let mut meter = Meter::new(photos.len(), Instant::now());
    let mut described = Vec::with_capacity(photos.len());
    for (path, distorted) in photos {
        if cancel.is_cancelled() {
            return None;
        }
        let forms = forms(*distorted);
        let done = content(path).and_then(|content| {
            let name = blake3::hash(
                format!(
                    "{content} {backbone} {PIPELINE} {distorted} {seed} {}",
                    forms.len()
                )
                .as_bytes(),
            );
            let file = kept.join(name.to_hex().as_str());
            match recalled(&file, forms.len()) {
                Some(descriptors) => Ok(descriptors),
                None => {
                    let descriptors = describe(model, path, &forms, seed)?;
                    keep(&file, &descriptors);
                    Ok(descriptors)
                }
            }
        });
        meter.count(done.is_err(), Instant::now());
        described.push(done);
        if let Some(report) = meter.report(Instant::now()) {
            progress(&report);
        }
    }
    Some(described)
}

/// The hash of a photo's file.
fn content(path: &Path) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|error| format!("cannot be read: {error}"))?;
    Ok(blake3::hash(&bytes).to_hex().to_string())
}

fn describe(model: &CompactModel, path: &Path, forms: &[Form], seed: u64) -> Forms {
    let side = model.input_side();
    let original = match forms {
        [Form::AsIs] => {
            let input = network_input(path, side)?;
            return model.describe(&[&input]).map_err(|e| e.to_string());
        }
        _ => pristine(path)?,
    };
    let mut descriptors = Vec::with_capacity(forms.len());
    for forms in forms.chunks(32) {
        let inputs: Vec<RgbImage> = forms
            .par_iter()
            .map(|form| model_input(&in_form(&original, *form, seed), side))
            .collect();
        let batch: Vec<&[u8]> = inputs
            .iter()
            .map(|input| input.as_raw().as_slice())
            .collect();
        descriptors.extend(model.describe(&batch).map_err(|e| e.to_string())?);
    }
    Ok(descriptors)
}

fn in_form(photo: &RgbImage, form: Form, seed: u64) -> RgbImage {
    match form {
        Form::AsIs | Form::Pristine => photo.clone(),
        Form::Distorted(kind, level) => kind.apply(photo, level, seed),
    }
}

/// What is in a file of so many descriptors; `None` where it is not.
fn recalled(file: &Path, count: usize) -> Option<Vec<Vec<f32>>> {
    let bytes = fs::read(file).ok()?;
    if bytes.len() != count * DESCRIPTOR * 4 {
        return None;
    }
    let (numbers, _) = bytes.as_chunks::<4>();
    let numbers: Vec<f32> = numbers
        .iter()
        .map(|&four| f32::from_le_bytes(four))
        .collect();
    let finite = numbers.iter().all(|number| number.is_finite());
    finite.then(|| {
        numbers
            .chunks_exact(DESCRIPTOR)
            .map(<[f32]>::to_vec)
            .collect()
    })
}

/// Writes descriptors for the next time; not being able to costs that only.
fn keep(file: &Path, descriptors: &[Vec<f32>]) {
    let bytes: Vec<u8> = descriptors
        .iter()
        .flatten()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let part = file.with_extension("part");
    let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, file));
    if let Err(error) = written {
        tracing::warn!("{}: cannot be written: {error}", file.display());
    }
}

/// Pixels of photos in their forms, decoded whenever they are asked for.
#[derive(Debug)]
pub struct FormPixels {
    config: Config,
    photos: Vec<(PathBuf, Form)>,
    seed: u64,
}

impl FormPixels {
    /// For a network of this configuration.
    pub fn new(config: &Config, photos: Vec<(PathBuf, Form)>, seed: u64) -> Self {
        Self {
            config: config.clone(),
            photos,
            seed,
        }
    }
}

impl Pixels for FormPixels {
    /// In training, as the method has it: the shorter side to 8/7 of the
    /// network's (256 for 224), mirrored or not, a random crop. Otherwise as
    /// for scoring.
    fn pixels(
        &mut self,
        example: usize,
        random: Option<&mut Random>,
    ) -> Result<Vec<f32>, PretrainError> {
        let missing = || PretrainError::Photo("there is no such photo".to_owned());
        let (path, form) = self.photos.get(example).ok_or_else(missing)?;
        let wrong = |reason: String| PretrainError::Photo(format!("{}: {reason}", path.display()));
        let photo = match form {
            Form::AsIs => decoded(path, Want::AtLeast(2 * self.config.resize_side() as u32)),
            form => pristine(path).map(|photo| in_form(&photo, *form, self.seed)),
        };
        let photo = photo.map_err(wrong)?;
        let side = self.config.image_size();
        let Some(random) = random else {
            let resized = model_input(&photo, self.config.resize_side() as u32);
            return Ok(input(&self.config, resized.as_raw())?);
        };
        let shorter = (side * 8).div_ceil(7) as f64;
        let scale = shorter / f64::from(photo.width().min(photo.height()).max(1));
        let to = |length: u32| (f64::from(length) * scale).round().max(side as f64) as u32;
        let (width, height) = (to(photo.width()), to(photo.height()));
        let resized = resized(&photo, width, height);
        let mut within = |length: u32| {
            let room = (length as usize).saturating_sub(side) + 1;
            (random.uniform() * room as f64) as usize
        };
        let crop = Crop {
            left: within(width),
            top: within(height),
            mirrored: random.chance(0.5),
        };
        Ok(piece(resized.as_raw(), width as usize, side, crop))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_are_kept_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kept");
        assert_eq!(recalled(&file, 1), None);
        let descriptors = vec![vec![0.5f32; DESCRIPTOR], vec![-2.0; DESCRIPTOR]];
        keep(&file, &descriptors);
        assert_eq!(recalled(&file, 2), Some(descriptors));
        assert_eq!(recalled(&file, 1), None);
        keep(&file, &[vec![f32::NAN; DESCRIPTOR]]);
        assert_eq!(recalled(&file, 1), None);
    }

    #[test]
    fn all_forms_begin_with_the_photo_itself() {
        let forms = Form::all();
        assert_eq!(forms.len(), 1 + 5 * Distortion::ALL.len());
        assert_eq!(forms[0], Form::Pristine);
        let fifth = Form::Distorted(Distortion::ALL[0], Level::ALL[4]);
        assert_eq!(forms[5], fifth);
    }
}
