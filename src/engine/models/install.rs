//! Putting models into the user's folder of models, and taking them out.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{BUILT_IN, EXTENSION, OpenError, Source, list};
use crate::home::Home;
use crate::model::clip::Origin;
use crate::model::{self, ModelError, ModelInfo};

/// Bytes of a name, at most.
const LONGEST: usize = 64;

/// Names that Windows keeps for devices, whatever their extension.
const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Why a model could not be installed or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// The name would make no good file name.
    #[error(
        "\"{0}\" cannot be a model's name: letters, digits, \"-\", \"_\" and \".\" can be in it, \
         up to {LONGEST}, the first a letter or a digit"
    )]
    Name(String),
    /// There is one of that name.
    #[error("there is already a model \"{0}\"; remove it first, or choose another name")]
    Exists(String),
    /// The built-in model was to be removed.
    #[error("the model \"{0}\" is built into Keepers")]
    BuiltIn(String),
    /// The folder of models cannot be used.
    #[error("{}: cannot be written: {source}", path.display())]
    Folder {
        /// The folder or the file in it.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// There is no such model.
    #[error(transparent)]
    Unknown(#[from] OpenError),
    /// The file holds no model that could be used.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// The name that a file's model gets where none is given: that of the file,
/// with what a name cannot hold replaced.
pub fn name_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let name: String = stem
        .chars()
        .map(|c| if fits(c) { c } else { '-' })
        .collect();
    let name = name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    name.chars().take(LONGEST).collect()
}

pub(in crate::engine) fn check_name(name: &str) -> Result<(), InstallError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let stem = name
        .split('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let numbered = ["com", "lpt"].iter().any(|port| {
        let number = stem.strip_prefix(port);
        number.is_some_and(|n| n.len() == 1 && n.chars().all(|c| c.is_ascii_digit()))
    });
    let reserved = RESERVED.contains(&stem.as_str()) || numbered;
    let sound = starts && name.len() <= LONGEST && name.chars().all(fits) && !name.ends_with('.');
    if sound && !reserved {
        Ok(())
    } else {
        Err(InstallError::Name(name.to_owned()))
    }
}

/// Whether a model of this name could be installed.
///
/// # Errors
/// [`InstallError::Name`] or [`InstallError::Exists`].
pub(in crate::engine) fn check_free(name: &str, home: &Home) -> Result<(), InstallError> {
    check_name(name)?;
    let taken = |other: &str| other.eq_ignore_ascii_case(name);
    match list(Some(home)).iter().any(|entry| taken(&entry.name)) {
        true => Err(InstallError::Exists(name.to_owned())),
        false => Ok(()),
    }
}

/// Checks the model in a file, converts it to a file of Keepers' own in the
/// user's folder of models, and gives what is known about it there. The file
/// itself is only read.
///
/// # Errors
/// [`InstallError`]; nothing is left behind then.
pub fn import(path: &Path, origin: &Origin, home: &Home) -> Result<ModelInfo, InstallError> {
    check_free(&origin.name, home)?;
    let failed = |source| InstallError::Folder {
        path: home.models.clone(),
        source,
    };
    fs::create_dir_all(&home.models).map_err(failed)?;
    let to = home.models.join(format!("{}.{EXTENSION}", origin.name));
    Ok(model::import(path, origin, &to)?)
}

/// Removes a model from the user's folder of models; gives its file.
///
/// # Errors
/// [`InstallError`] when there is no such model, or it cannot be removed.
pub fn remove(name: &str, home: &Home) -> Result<PathBuf, InstallError> {
    if name == BUILT_IN {
        return Err(InstallError::BuiltIn(name.to_owned()));
    }
    let entries = list(Some(home));
    match entries.into_iter().find(|entry| entry.name == name) {
        Some(entry) => match entry.source {
            Source::File(path) => match fs::remove_file(&path) {
                Ok(()) => Ok(path),
                Err(source) => Err(InstallError::Folder { path, source }),
            },
            Source::BuiltIn => Err(InstallError::BuiltIn(entry.name)),
        },
        // A file somewhere else is none of ours to remove.
        None => {
            let known = list(Some(home)).into_iter().map(|entry| entry.name);
            Err(InstallError::Unknown(OpenError::Unknown {
                name: name.to_owned(),
                known: known.collect(),
            }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_files_on_every_system() {
        for name in ["grmp-iqa-livec", "clip.v2", "2024_birds"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        let long = "a".repeat(LONGEST + 1);
        for name in [
            "", ".hidden", "a/b", "..", "a\\b", "nul", "Com1.x", "é", "a.", &long,
        ] {
            assert!(check_name(name).is_err(), "{name}");
        }
        let name = |path: &str| name_of(Path::new(path));
        assert_eq!(
            name("x/clive_50_prompt_lda_5.0.pt"),
            "clive_50_prompt_lda_5.0"
        );
        assert_eq!(name(".my été (1).bin"), "my--t---1-");
        assert!(check_name(&name("my model.pt")).is_ok());
    }

    #[test]
    fn a_model_is_installed_once_and_removed_once() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::under(&folder.path().join("home"));
        let file = folder.path().join("copy.safetensors");
        fs::write(&file, model::compact::embedded_bytes()).unwrap();
        let origin = |name: &str| Origin {
            name: name.to_owned(),
            ..Origin::default()
        };
        import(&file, &origin("mine"), &home).unwrap();
        let again = import(&file, &origin("Mine"), &home).unwrap_err();
        assert!(matches!(again, InstallError::Exists(_)), "{again}");
        let built_in = import(&file, &origin(BUILT_IN), &home).unwrap_err();
        assert!(matches!(built_in, InstallError::Exists(_)), "{built_in}");
        let names: Vec<_> = list(Some(&home)).into_iter().map(|e| e.name).collect();
        assert_eq!(names, [BUILT_IN, "mine"]);

        assert!(matches!(
            remove(BUILT_IN, &home),
            Err(InstallError::BuiltIn(_))
        ));
        let path = remove("mine", &home).unwrap();
        assert!(!path.exists() && file.exists());
        assert!(matches!(
            remove("mine", &home),
            Err(InstallError::Unknown(_))
        ));

        fs::write(&file, b"no model").unwrap();
        let error = import(&file, &origin("bad"), &home)
            .unwrap_err()
            .to_string();
        assert!(error.contains("copy.safetensors"), "{error}");
        assert_eq!(fs::read_dir(&home.models).unwrap().count(), 0);
    }
}
