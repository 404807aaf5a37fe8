//! Why a photo could not be decoded.

use std::path::{Path, PathBuf};

/// An error of the imaging room: a file and the reason.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct ImagingError {
    /// The photo's file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub reason: Reason,
}

impl ImagingError {
    /// An error for `path`.
    pub fn new(path: &Path, reason: Reason) -> Self {
        Self {
            path: path.to_owned(),
            reason,
        }
    }
}

/// What is wrong with a photo's file, without its name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The file could not be read.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// The file holds nothing.
    #[error("the file is empty")]
    Empty,
    /// Not a photo, or a format that is not supported; the text says which.
    #[error("{0}")]
    Unsupported(String),
    /// The photo's data is damaged or cut off.
    #[error("{0}")]
    Damaged(String),
    /// More pixels, memory or time than the limits allow.
    #[error("{0}")]
    Limit(String),
}
