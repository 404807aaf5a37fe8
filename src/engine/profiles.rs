//! Which taste profiles there are, and scoring with one.
//!
//! Knows names and folders; what is inside a profile is the learning room's.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::models::{self, Device, Source};
use crate::home::Home;
use crate::learning::calibrate::Photo;
use crate::learning::calibrate::profile::{MOST_BYTES, Profile, ProfileError};
use crate::learning::calibrate::taste::Taste;
use crate::model::compact::CompactModel;
use crate::model::{DescribingModel, ModelError, ModelInfo, QualityModel, Score};

/// Extension of profile files.
const EXTENSION: &str = "safetensors";

/// Why a profile could not be used, kept or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfilesError {
    /// Neither a profile's name nor a file.
    #[error(
        "there is no profile \"{name}\": no file of that name, and {}",
        known_text(known)
    )]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The name would make no good file name.
    #[error(
        "\"{0}\" cannot be a profile's name: letters, digits, \"-\", \"_\" and \".\" can be in it, \
         up to 64, the first a letter or a digit"
    )]
    Name(String),
    /// There is one of that name.
    #[error("there is already a profile \"{0}\"; remove it first, or choose another name")]
    Exists(String),
    /// A file cannot be read or written.
    #[error("{}: cannot be {done}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// `read`, `written` or `removed`.
        done: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is no profile that could be used.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The model cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
}

fn known_text(known: &[String]) -> String {
    match known.is_empty() {
        true => "none has been made yet".to_owned(),
        false => format!("known are {}", known.join(", ")),
    }
}

/// The names of the profiles in the user's folder, in their order.
pub fn list(home: Option<&Home>) -> Vec<String> {
    let entries = home.and_then(|home| fs::read_dir(&home.profiles).ok());
    let mut names: Vec<String> = entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == EXTENSION) && path.is_file())
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

/// The file of what the user means by `name_or_file`. A listed name comes
/// before a file of the same name in the working folder.
///
/// # Errors
/// [`ProfilesError::Unknown`].
pub fn find(name_or_file: &Path, home: Option<&Home>) -> Result<PathBuf, ProfilesError> {
    let known = list(home);
    if let (Some(name), Some(home)) = (name_or_file.to_str(), home)
        && known.iter().any(|known| known == name)
    {
        return Ok(file_of(name, home));
    }
    match name_or_file.exists() {
        true => Ok(name_or_file.to_owned()),
        false => Err(ProfilesError::Unknown {
            name: name_or_file.display().to_string(),
            known,
        }),
    }
}

fn file_of(name: &str, home: &Home) -> PathBuf {
    home.profiles.join(format!("{name}.{EXTENSION}"))
}

/// Reads a profile.
///
/// # Errors
/// [`ProfilesError::File`] or [`ProfilesError::Profile`], which name the file.
pub fn read(path: &Path) -> Result<Profile, ProfilesError> {
    let unreadable = |source| ProfilesError::File {
        path: path.to_owned(),
        done: "read",
        source,
    };
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(ProfilesError::Profile(ProfileError::Damaged {
            profile: path.display().to_string(),
            reason: format!("it is larger than {} MB", MOST_BYTES >> 20),
        }));
    }
    Ok(Profile::from_bytes(&bytes, &path.display().to_string())?)
}

/// Writes a profile to a file, which appears when it is whole.
///
/// # Errors
/// [`ProfilesError::File`].
pub fn write(profile: &Profile, path: &Path) -> Result<(), ProfilesError> {
    let bytes = profile.to_bytes()?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let write = || -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|source| ProfilesError::File {
        path: path.to_owned(),
        done: "written",
        source,
    })
}

/// Keeps a profile in the user's folder under its name; gives the file. One of
/// that name is replaced only where `replace` says so.
///
/// # Errors
/// [`ProfilesError`]; nothing is left behind then.
pub fn keep(profile: &Profile, replace: bool, home: &Home) -> Result<PathBuf, ProfilesError> {
    let name = &profile.about.name;
    models::check_name(name).map_err(|_| ProfilesError::Name(name.clone()))?;
    let taken = list(Some(home))
        .iter()
        .any(|other| other.eq_ignore_ascii_case(name));
    if taken && !replace {
        return Err(ProfilesError::Exists(name.clone()));
    }
    let path = file_of(name, home);
    fs::create_dir_all(&home.profiles).map_err(|source| ProfilesError::File {
        path: home.profiles.clone(),
        done: "written",
        source,
    })?;
    write(profile, &path)?;
    Ok(path)
}

/// Removes a profile from the user's folder; gives its file. A file somewhere
/// else is none of ours to remove.
///
/// # Errors
/// [`ProfilesError`].
pub fn remove(name: &str, home: &Home) -> Result<PathBuf, ProfilesError> {
    let known = list(Some(home));
    if !known.iter().any(|known| known == name) {
        return Err(ProfilesError::Unknown {
            name: name.to_owned(),
            known,
        });
    }
    let path = file_of(name, home);
    match fs::remove_file(&path) {
        Ok(()) => Ok(path),
        Err(source) => Err(ProfilesError::File {
            path,
            done: "removed",
            source,
        }),
    }
}

/// A compact model with a profile on top: scores as one person would.
#[derive(Debug)]
pub struct Calibrated {
    model: CompactModel,
    taste: Taste,
}

impl Calibrated {
    /// Puts a profile on the model it was made for; `name` names the profile in
    /// errors.
    ///
    /// # Errors
    /// [`ProfileError::OtherModel`].
    pub fn new(model: CompactModel, profile: &Profile, name: &str) -> Result<Self, ProfileError> {
        profile.fits(model.info(), name)?;
        Ok(Self {
            model,
            taste: profile.taste.clone(),
        })
    }
}

impl QualityModel for Calibrated {
    fn info(&self) -> &ModelInfo {
        self.model.info()
    }

    fn input_side(&self) -> u32 {
        self.model.input_side()
    }

    fn score(&self, batch: &[&[u8]]) -> Result<Vec<Score>, ModelError> {
        let descriptors = self.model.describe(batch)?;
        descriptors
            .iter()
            .map(|d| self.score_described(d))
            .collect()
    }

    fn describing(&self) -> Option<&dyn DescribingModel> {
        self.model
            .describing()
            .map(|_| self as &dyn DescribingModel)
    }
}

impl DescribingModel for Calibrated {
    fn backbone_key(&self) -> String {
        self.model.backbone_key()
    }

    fn describe(&self, batch: &[&[u8]]) -> Result<Vec<Vec<f32>>, ModelError> {
        self.model.describe(batch)
    }

    fn score_described(&self, descriptor: &[f32]) -> Result<Score, ModelError> {
        let photo = Photo::new(self.model.head(), descriptor)?;
        self.taste.score(&photo).map_err(|_| ModelError::NotFinite)
    }

    fn standardised(&self, descriptor: &[f32]) -> Vec<f32> {
        self.model.standardised(descriptor)
    }
}

/// A model with a profile, ready to score.
#[derive(Clone)]
pub struct Opened {
    /// The model.
    pub model: Arc<dyn QualityModel>,
    /// Identity of the profile, if there is one.
    pub profile: Option<String>,
}

/// Opens a model with the profile that the user means by `profile`, if any.
///
/// # Errors
/// [`ProfilesError`] when either cannot be used, or the profile was made for
/// another model.
pub fn open(
    source: &Source,
    device: Device,
    profile: Option<&Path>,
    home: Option<&Home>,
) -> Result<Opened, ProfilesError> {
    let Some(asked) = profile else {
        return Ok(Opened {
            model: models::open(source, device)?,
            profile: None,
        });
    };
    let path = find(asked, home)?;
    let profile = read(&path)?;
    // Before weights are read: another model is the likelier mistake.
    profile.fits(&models::info(source)?, &path.display().to_string())?;
    let model = models::open_compact(source, device)?;
    let model = Calibrated::new(model, &profile, &path.display().to_string())?;
    Ok(Opened {
        model: Arc::new(model),
        profile: Some(profile.identity()),
    })
}
