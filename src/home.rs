//! The folders that belong to this user: catalog, models, profiles, cache and
//! settings. Nothing else in the program knows where they are.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

/// Environment variable that names one folder for all of them.
pub const VARIABLE: &str = "KEEPERS_HOME";

/// Why the user's folders cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HomeError {
    /// The system knows no folder for this user.
    #[error("the system names no folder for this user's data (set {VARIABLE} to one)")]
    Unknown,
    /// A folder cannot be made or written to.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        /// The folder.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
}

/// This user's folders. They need not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// What is known about scored photos.
    pub catalog: PathBuf,
    /// Models the user added.
    pub models: PathBuf,
    /// Taste profiles.
    pub profiles: PathBuf,
    /// What can be made again, such as thumbnails.
    pub cache: PathBuf,
    /// Settings.
    pub settings: PathBuf,
    /// The folder that stands for all of them when it is asked whether they
    /// can be written.
    root: PathBuf,
}

impl Home {
    /// The folders below `KEEPERS_HOME` where that is set, otherwise those the
    /// system means for the purpose.
    ///
    /// # Errors
    /// [`HomeError::Unknown`] when neither says.
    pub fn find() -> Result<Self, HomeError> {
        Self::choose(std::env::var_os(VARIABLE))
    }

    fn choose(variable: Option<OsString>) -> Result<Self, HomeError> {
        match variable.filter(|value| !value.is_empty()) {
            Some(root) => Ok(Self::under(Path::new(&root))),
            None => ProjectDirs::from("", "", "Keepers")
                .map(|folders| Self::of_system(&folders))
                .ok_or(HomeError::Unknown),
        }
    }

    /// All folders below `root`.
    pub fn under(root: &Path) -> Self {
        // Absolute, so that a later change of the working folder moves nothing.
        let root = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        Self {
            catalog: root.join("catalog"),
            models: root.join("models"),
            profiles: root.join("profiles"),
            cache: root.join("cache"),
            settings: root.join("settings"),
            root,
        }
    }

    fn of_system(folders: &ProjectDirs) -> Self {
        // Not the roaming folder: catalogs and models are too large for that.
        let data = folders.data_local_dir();
        Self {
            catalog: data.join("catalog"),
            models: data.join("models"),
            profiles: data.join("profiles"),
            cache: folders.cache_dir().to_owned(),
            settings: folders.config_dir().to_owned(),
            root: data.to_owned(),
        }
    }

    /// Makes the folder that holds the others and tries to write there.
    ///
    /// # Errors
    /// [`HomeError::Write`] when that fails.
    pub fn check_writable(&self) -> Result<(), HomeError> {
        let failed = |source| HomeError::Write {
            path: self.root.clone(),
            source,
        };
        fs::create_dir_all(&self.root).map_err(failed)?;
        // Gone again when dropped.
        tempfile::tempfile_in(&self.root).map_err(failed)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_replaces_every_folder() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::choose(Some(folder.path().into())).unwrap();
        for (path, name) in [
            (&home.catalog, "catalog"),
            (&home.models, "models"),
            (&home.profiles, "profiles"),
            (&home.cache, "cache"),
            (&home.settings, "settings"),
        ] {
            assert_eq!(path, &folder.path().join(name));
        }
        home.check_writable().unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_empty_variable_counts_as_none() {
        let (empty, none) = (Home::choose(Some(OsString::new())), Home::choose(None));
        assert_eq!(empty.ok(), none.ok());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, b"").unwrap();
        let home = Home::under(&file.join("home"));
        let error = home.check_writable().unwrap_err().to_string();
        assert!(error.contains("home: cannot be written:"), "{error}");
        assert_eq!(fs::read(&file).unwrap(), b"");
    }
}
