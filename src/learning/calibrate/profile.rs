//! What a calibration leaves behind: one small safetensors file with what
//! changed, what it was learned from, and how well it agrees.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::check::Report;
use super::taste::Taste;
use crate::model::ModelInfo;
use crate::model::efficientnet::DESCRIPTOR;

/// Version of the layout that this program writes, and the newest it reads.
const FORMAT_VERSION: u32 = 1;

/// The metadata entry that holds [`About`] as JSON.
const ENTRY: &str = "keepers_profile";

const WEIGHTS: &str = "taste.weights";
const LINE: &str = "taste.line";

/// Largest profile that is read; a calibration of the compact model has a few
/// thousand bytes and a label's line more for every photo.
pub const MOST_BYTES: u64 = 16 << 20;

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// The file is none, or a damaged one.
    #[error("{profile}: is no Keepers profile, or a damaged one: {reason}")]
    Damaged {
        /// What it is called in errors.
        profile: String,
        /// What is wrong.
        reason: String,
    },
    /// It was written by a newer program.
    #[error(
        "{profile}: was written by a newer Keepers (format {version}; this one reads up to \
         {FORMAT_VERSION})"
    )]
    Newer {
        /// What it is called in errors.
        profile: String,
        /// Its version.
        version: u32,
    },
    /// It was made for another model.
    #[error(
        "{profile}: was made for the model \"{made_for}\" ({made_for_identity}) and does not fit \
         \"{model}\" ({identity}); calibrate again"
    )]
    OtherModel {
        /// What it is called in errors.
        profile: String,
        /// Name of the model it was made for.
        made_for: String,
        /// That model's identity.
        made_for_identity: String,
        /// Name of the model it was to be used with.
        model: String,
        /// That model's identity.
        identity: String,
    },
}

/// A label that a profile was learned from. The photo is known by its content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// Hash of the photo's content, hexadecimal.
    pub photo: String,
    /// The label, as it was given.
    pub value: f64,
}

/// What is known about a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Version of the file's layout.
    pub format_version: u32,
    /// What the user calls it.
    pub name: String,
    /// Name of the model it belongs to.
    pub model: String,
    /// Identity of that model.
    pub model_identity: String,
    /// Day it was made, `YYYY-MM-DD`.
    pub date: String,
    /// What the agreement was on photos that were not learned from.
    pub report: Report,
    /// What it was learned from.
    pub labels: Vec<Label>,
}

impl About {
    /// About a profile in the layout of this program.
    pub fn new(name: &str, model: &ModelInfo, date: String, report: Report) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            name: name.to_owned(),
            model: model.name.clone(),
            model_identity: model.identity.clone(),
            date,
            report,
            labels: Vec::new(),
        }
    }
}

/// A calibration that can be kept and used again.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// What is known about it.
    pub about: About,
    /// What was learned.
    pub taste: Taste,
}

/// The part of [`About`] that every version has.
#[derive(Deserialize)]
struct Version {
    format_version: u32,
}

impl Profile {
    /// The file's content.
    ///
    /// # Errors
    /// [`ProfileError::Damaged`] when it cannot be written as such.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ProfileError> {
        let failed = |reason: String| ProfileError::Damaged {
            profile: self.about.name.clone(),
            reason,
        };
        let about = serde_json::to_string(&self.about).map_err(|e| failed(e.to_string()))?;
        let taste = &self.taste;
        let tensor = |values: Result<Tensor, _>| {
            values.map_err(|e: candle_core::Error| failed(e.to_string()))
        };
        let line = [taste.intercept, taste.slope];
        let tensors = vec![
            (LINE, tensor(Tensor::new(&line, &Device::Cpu))?),
            (
                WEIGHTS,
                tensor(Tensor::new(taste.weights.as_slice(), &Device::Cpu))?,
            ),
        ];
        let entries = HashMap::from([(ENTRY.to_owned(), about)]);
        safetensors::serialize(tensors, Some(entries)).map_err(|e| failed(e.to_string()))
    }

    /// Takes a file's content; `profile` names it in errors.
    ///
    /// # Errors
    /// [`ProfileError`].
    pub fn from_bytes(bytes: &[u8], profile: &str) -> Result<Self, ProfileError> {
        let damaged = |reason: String| ProfileError::Damaged {
            profile: profile.to_owned(),
            reason,
        };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| damaged(e.to_string()))?;
        let entry = header
            .metadata()
            .as_ref()
            .and_then(|entries| entries.get(ENTRY))
            .ok_or_else(|| damaged(format!("it has no entry \"{ENTRY}\"")))?;
        let version: Version = serde_json::from_str(entry)
            .map_err(|e| damaged(format!("its entry cannot be read: {e}")))?;
        if version.format_version > FORMAT_VERSION {
            return Err(ProfileError::Newer {
                profile: profile.to_owned(),
                version: version.format_version,
            });
        }
        let about: About = serde_json::from_str(entry)
            .map_err(|e| damaged(format!("its entry cannot be read: {e}")))?;
        // Shapes are looked at before anything is copied.
        let file = SafeTensors::deserialize(bytes).map_err(|e| damaged(e.to_string()))?;
        let tensor = |name: &str, length: usize, dtype: safetensors::Dtype| {
            let view = file
                .tensor(name)
                .map_err(|_| damaged(format!("tensor {name} is missing")))?;
            if view.shape() != [length] || view.dtype() != dtype {
                return Err(damaged(format!(
                    "tensor {name} has shape {:?} of {:?} where [{length}] of {dtype:?} is needed",
                    view.shape(),
                    view.dtype()
                )));
            }
            let dtype = DType::try_from(dtype).map_err(|e| damaged(e.to_string()))?;
            Tensor::from_raw_buffer(view.data(), dtype, &[length], &Device::Cpu)
                .map_err(|e| damaged(e.to_string()))
        };
        let unreadable = |e: candle_core::Error| damaged(e.to_string());
        let line = tensor(LINE, 2, safetensors::Dtype::F64)?;
        let line = line.to_vec1::<f64>().map_err(unreadable)?;
        let weights = tensor(WEIGHTS, DESCRIPTOR, safetensors::Dtype::F32)?;
        let weights = weights.to_vec1::<f32>().map_err(unreadable)?;
        let [intercept, slope] = line[..] else {
            return Err(damaged(format!("tensor {LINE} has the wrong length")));
        };
        let sound = line.iter().all(|v| v.is_finite()) && weights.iter().all(|v| v.is_finite());
        if !sound {
            return Err(damaged(
                "it holds values that are no finite numbers".to_owned(),
            ));
        }
        Ok(Self {
            about,
            taste: Taste {
                intercept,
                slope,
                weights,
            },
        })
    }

    /// Refuses a profile that was made for another model; `profile` names it in
    /// errors.
    ///
    /// # Errors
    /// [`ProfileError::OtherModel`].
    pub fn fits(&self, model: &ModelInfo, profile: &str) -> Result<(), ProfileError> {
        match self.about.model_identity == model.identity {
            true => Ok(()),
            false => Err(ProfileError::OtherModel {
                profile: profile.to_owned(),
                made_for: self.about.model.clone(),
                made_for_identity: self.about.model_identity.clone(),
                model: model.name.clone(),
                identity: model.identity.clone(),
            }),
        }
    }

    /// Identity of what was learned: scores of two profiles with one identity
    /// are the same, whatever they are called.
    pub fn identity(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.about.model_identity.as_bytes());
        hash.update(self.taste.intercept.to_le_bytes());
        hash.update(self.taste.slope.to_le_bytes());
        for weight in &self.taste.weights {
            hash.update(weight.to_le_bytes());
        }
        hash.finalize()
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::Agreement;
    use super::*;

    fn profile() -> Profile {
        let agreement = Agreement {
            srcc: 0.5,
            low: 0.1,
            high: 0.9,
        };
        let info = ModelInfo {
            name: "some".to_owned(),
            identity: "0011".to_owned(),
            backbone: String::new(),
            licence: String::new(),
            training_data: String::new(),
            date: String::new(),
        };
        let report = Report {
            labels: 9,
            uncalibrated: agreement,
            calibrated: agreement,
            ridge: agreement,
            gain: agreement,
        };
        let mut about = About::new("mine", &info, "2026-11-25".to_owned(), report);
        about.labels.push(Label {
            photo: "ab".to_owned(),
            value: 4.0,
        });
        Profile {
            about,
            taste: Taste {
                intercept: 0.25,
                slope: -1.5,
                weights: (0..DESCRIPTOR).map(|i| i as f32 / 7.0).collect(),
            },
        }
    }

    #[test]
    fn comes_back_as_it_was_and_small() {
        let profile = profile();
        let bytes = profile.to_bytes().unwrap();
        assert!(bytes.len() < 8192, "{}", bytes.len());
        assert_eq!(Profile::from_bytes(&bytes, "p").unwrap(), profile);
    }

    #[test]
    fn hostile_files_are_errors_that_name_them() {
        let bytes = profile().to_bytes().unwrap();
        let error = |bytes: &[u8]| {
            Profile::from_bytes(bytes, "p.safetensors")
                .unwrap_err()
                .to_string()
        };
        for cut in 0..bytes.len().min(600) {
            assert!(error(&bytes[..cut]).starts_with("p.safetensors: "), "{cut}");
        }
        assert!(error(&bytes[..bytes.len() - 1]).starts_with("p.safetensors: "));
        assert!(error(&[0xFF; 64]).starts_with("p.safetensors: "));
        let mut newer = profile();
        newer.about.format_version = 2;
        assert!(error(&newer.to_bytes().unwrap()).contains("newer Keepers"));
        let mut short = profile();
        short.taste.weights.pop();
        assert!(error(&short.to_bytes().unwrap()).contains("taste.weights has shape [1119]"));
        let mut endless = profile();
        endless.taste.weights[7] = f32::NAN;
        assert!(error(&endless.to_bytes().unwrap()).contains("no finite numbers"));
        let model = crate::model::compact::embedded_bytes();
        assert!(error(model).contains("no entry"));
    }

    #[test]
    fn another_model_is_refused_by_name() {
        let info = ModelInfo {
            name: "other".to_owned(),
            identity: "0012".to_owned(),
            backbone: String::new(),
            licence: String::new(),
            training_data: String::new(),
            date: String::new(),
        };
        let error = profile().fits(&info, "mine").unwrap_err().to_string();
        assert!(
            error.contains("\"some\"") && error.contains("\"other\""),
            "{error}"
        );
    }
}
