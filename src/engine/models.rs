//! Which models there are, and opening one by what the user calls it.
//!
//! Knows names and folders; what is inside a model file is the model room's.

mod install;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::home::Home;
pub use install::{InstallError, import, name_of, remove};
pub(in crate::engine) use install::{check_free, check_name};

pub use crate::model::device::{Device, DeviceError};

use crate::model::compact::{self, CompactModel};
use crate::model::{self, ModelError, ModelInfo, QualityModel};

/// Name of the model that is built into the program, the default.
pub const BUILT_IN: &str = "keepers-compact";

/// Extension of model files.
const EXTENSION: &str = "safetensors";

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Built into the program.
    BuiltIn,
    /// A file.
    File(PathBuf),
}

/// Why there is no such model to open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Neither a model's name nor a file.
    #[error("there is no model \"{name}\": no file of that name, and known are {}", known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The model is there but cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// A model that can be opened by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is called after `--model`.
    pub name: String,
    /// Where it comes from.
    pub source: Source,
}

/// The models there are: the built-in one first, then those in the user's
/// folder of models in the order of their names.
pub fn list(home: Option<&Home>) -> Vec<Entry> {
    let built_in = Entry {
        name: BUILT_IN.to_owned(),
        source: Source::BuiltIn,
    };
    let mut added: Vec<Entry> = home
        .and_then(|home| fs::read_dir(&home.models).ok())
        .into_iter()
        .flatten()
        .filter_map(|entry| entry_of(entry.ok()?.path()))
        .filter(|entry| entry.name != BUILT_IN)
        .collect();
    added.sort_by(|a, b| a.name.cmp(&b.name));
    std::iter::once(built_in).chain(added).collect()
}

fn entry_of(path: PathBuf) -> Option<Entry> {
    let is_model = path.extension()? == EXTENSION && path.is_file();
    let name = path.file_stem()?.to_str()?.to_owned();
    is_model.then_some(Entry {
        name,
        source: Source::File(path),
    })
}

/// What the user means by `name_or_file`; `None` means the default model.
///
/// A listed name comes before a file of the same name in the working folder;
/// `./name` always means the file.
///
/// # Errors
/// [`OpenError::Unknown`] when it is neither.
pub fn find(name_or_file: Option<&Path>, home: Option<&Home>) -> Result<Source, OpenError> {
    let Some(asked) = name_or_file else {
        return Ok(Source::BuiltIn);
    };
    let entries = list(home);
    match entries.iter().find(|entry| Path::new(&entry.name) == asked) {
        Some(entry) => Ok(entry.source.clone()),
        // A path to nothing is left to the reader, who gives the reason.
        None if asked.exists() || looks_like_file(asked) => Ok(Source::File(asked.to_owned())),
        None => Err(OpenError::Unknown {
            name: asked.display().to_string(),
            known: entries.into_iter().map(|entry| entry.name).collect(),
        }),
    }
}

fn looks_like_file(path: &Path) -> bool {
    let is_model = |extension| {
        [EXTENSION, "pt", "pth", "bin"]
            .iter()
            .any(|e| *e == extension)
    };
    path.components().count() > 1 || path.extension().is_some_and(is_model)
}

/// Opens a model to score with.
///
/// # Errors
/// [`ModelError`] when it cannot be read, is no model, or does not run on the
/// device.
pub fn open(source: &Source, device: Device) -> Result<Arc<dyn QualityModel>, ModelError> {
    Ok(match source {
        Source::BuiltIn => Arc::new(CompactModel::embedded_on(device)?),
        Source::File(path) => model::load(path, device)?,
    })
}

/// Opens a compact model as such: to calibrate it, or to score with a profile.
///
/// # Errors
/// [`ModelError`] when it cannot be read, is no compact model, or does not run on the
/// device.
pub fn open_compact(source: &Source, device: Device) -> Result<CompactModel, ModelError> {
    match source {
        Source::BuiltIn => CompactModel::embedded_on(device),
        Source::File(path) => {
            let info = model::info(path)?;
            if info.backbone.starts_with("clip") {
                return Err(ModelError::Weights {
                    weights: path.display().to_string(),
                    reason: "is a CLIP network; profiles are for compact models".to_owned(),
                });
            }
            CompactModel::load_on(path, device)
        }
    }
}

/// What is known about a model, without making it ready to score.
///
/// # Errors
/// As [`open`].
pub fn info(source: &Source) -> Result<ModelInfo, ModelError> {
    match source {
        Source::BuiltIn => Ok(CompactModel::embedded()?.info().clone()),
        Source::File(path) => model::info(path),
    }
}

/// The size of a model's file in bytes, if it can be read.
pub fn size(source: &Source) -> Option<u64> {
    match source {
        Source::BuiltIn => Some(compact::embedded_bytes().len() as u64),
        Source::File(path) => fs::metadata(path).ok().map(|meta| meta.len()),
    }
}

/// Checks a model: that its file is whole and its weights are those its
/// identity stands for, and that it scores soundly, which is to say finitely,
/// the same twice, and the same whatever else is in the batch.
///
/// # Errors
/// [`ModelError`] that says what is wrong.
pub fn verify(source: &Source) -> Result<ModelInfo, ModelError> {
    let (info, name) = match source {
        Source::BuiltIn => {
            let name = "the built-in model".to_owned();
            (compact::verify(compact::embedded_bytes(), &name)?, name)
        }
        Source::File(path) => (model::verify(path)?, path.display().to_string()),
    };
    let model = open(source, Device::Cpu)?;
    self_test(&*model).and_then(|sound| match sound {
        true => Ok(info),
        false => Err(ModelError::Weights {
            weights: name,
            reason: "gives the same photo different scores".to_owned(),
        }),
    })
}

/// Whether a photo's score is the same twice and in every batch.
fn self_test(model: &dyn QualityModel) -> Result<bool, ModelError> {
    let side = model.input_side() as usize;
    // A flat grey, a gradient, and fine stripes.
    let patterns: [fn(usize) -> u8; 3] = [|_| 118, |i| (i / 3) as u8, |i| (i * 97 % 251) as u8];
    let photos = patterns.map(|pattern| (0..side * side * 3).map(pattern).collect::<Vec<u8>>());
    let batch: Vec<&[u8]> = photos.iter().map(Vec::as_slice).collect();
    let together = model.score(&batch)?;
    let mut sound = together.len() == batch.len();
    for (photo, &expected) in batch.iter().zip(&together) {
        for _ in 0..2 {
            sound &= model.score(&[photo])? == [expected];
        }
    }
    Ok(sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_folder_of_models() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::under(folder.path());
        assert_eq!(list(Some(&home)), list(None));
        fs::create_dir(&home.models).unwrap();
        for name in [
            "wild.safetensors",
            "birds.safetensors",
            "notes.txt",
            "keepers-compact.safetensors",
        ] {
            fs::write(home.models.join(name), b"").unwrap();
        }
        let names: Vec<String> = list(Some(&home)).into_iter().map(|e| e.name).collect();
        assert_eq!(names, [BUILT_IN, "birds", "wild"]);

        let find = |name: &str| find(Some(Path::new(name)), Some(&home));
        let birds = home.models.join("birds.safetensors");
        assert_eq!(find("birds").unwrap(), Source::File(birds.clone()));
        assert_eq!(find(birds.to_str().unwrap()).unwrap(), Source::File(birds));
        assert_eq!(find(BUILT_IN).unwrap(), Source::BuiltIn);
        let error = find("bird").unwrap_err().to_string();
        assert!(
            error.contains("\"bird\"") && error.contains("birds, wild"),
            "{error}"
        );
        assert!(matches!(find("missing.safetensors"), Ok(Source::File(_))));
    }
}
