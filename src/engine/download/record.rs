//! What a file was when it was first downloaded, kept beside the model that came
//! of it, so that the same file is known again.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::DownloadError;
use super::transfer::Content;
use crate::home::Home;

/// A downloaded file as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) repository: String,
    pub(super) file: String,
    pub(super) commit: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl Record {
    pub(super) fn new(repository: &str, file: &str, commit: &str, content: &Content) -> Self {
        Self {
            repository: repository.to_owned(),
            file: file.to_owned(),
            commit: commit.to_owned(),
            bytes: content.bytes,
            sha256: content.sha256.clone(),
        }
    }

    /// What is known of the model's download; `None` where there was none.
    ///
    /// # Errors
    /// [`DownloadError::File`] when it cannot be read: what cannot be compared
    /// is not taken for the same.
    pub(super) fn read(name: &str, home: &Home) -> Result<Option<Self>, DownloadError> {
        let path = path(name, home);
        let failed = |source| DownloadError::File {
            path: path.clone(),
            source,
        };
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| failed(error.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// [`DownloadError::File`].
    pub(super) fn write(&self, name: &str, home: &Home) -> Result<(), DownloadError> {
        let path = path(name, home);
        let write = |path: &Path| -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&home.models)?;
            serde_json::to_writer_pretty(&mut file, self)?;
            file.write_all(b"\n")?;
            file.persist(path)?;
            Ok(())
        };
        write(&path).map_err(|source| DownloadError::File { path, source })
    }
}

fn path(name: &str, home: &Home) -> PathBuf {
    home.models.join(format!("{name}.download.json"))
}
