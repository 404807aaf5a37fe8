//! Why a sidecar or a packet cannot be read or written.

use std::io;
use std::path::PathBuf;

/// A failure with the file it is about.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct XmpError {
    /// The sidecar.
    pub path: PathBuf,
    /// What is wrong.
    pub reason: Reason,
}

/// What is wrong with XMP.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The operating system would not read it.
    #[error("cannot be read: {0}")]
    Read(#[source] io::Error),
    /// The operating system would not write it.
    #[error("cannot be written: {0}")]
    Write(#[source] io::Error),
    /// It is no file, or may not be written.
    #[error("{0}")]
    Refused(&'static str),
    /// It is larger or more convoluted than any sidecar.
    #[error("is left alone: {0}")]
    Limit(String),
    /// It is no XMP.
    #[error("is no XMP that Keepers understands, so it is left alone: {0}")]
    Malformed(String),
}
