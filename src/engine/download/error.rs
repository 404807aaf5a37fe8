//! Why a model was not downloaded.

use std::io;
use std::path::PathBuf;

use crate::engine::models::InstallError;

/// Why a model was not downloaded, or the offer not listed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// No model of that name is offered.
    #[error("no model \"{name}\" is offered; offered are {}", known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The repository has no file that is this model's.
    #[error("{repository} has no file for the model \"{name}\"")]
    NoFile {
        /// The model.
        name: String,
        /// The repository.
        repository: String,
    },
    /// Several files could be this model's.
    #[error("\"{name}\" could be any of {}: download the one you mean by its name", files.join(", "))]
    Ambiguous {
        /// The model.
        name: String,
        /// The files.
        files: Vec<String>,
    },
    /// The network is switched off, and the file is not in the hub's cache.
    #[error("{0} is not in the hub's cache, and HF_HUB_OFFLINE forbids downloading it")]
    Offline(String),
    /// `HF_ENDPOINT` is no address.
    #[error("HF_ENDPOINT: \"{0}\" is no address that begins with https:// or http://")]
    Endpoint(String),
    /// The server cannot be reached.
    #[error("{address}: cannot be reached: {reason}")]
    Unreachable {
        /// What was asked for.
        address: String,
        /// What went wrong.
        reason: String,
    },
    /// The server does not have it.
    #[error("{0}: not found (404)")]
    NotFound(String),
    /// The server refused.
    #[error("{address}: the server answers with status {status}")]
    Status {
        /// What was asked for.
        address: String,
        /// The status of HTTP.
        status: u16,
    },
    /// The server's answer makes no sense.
    #[error("{address}: {reason}")]
    Answer {
        /// What was asked for.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The transfer broke off, several times in a row.
    #[error("{address}: cut off after {got} bytes ({reason}); the same command goes on from there")]
    CutOff {
        /// What was being downloaded.
        address: String,
        /// Bytes that are kept.
        got: u64,
        /// Why it broke off the last time.
        reason: String,
    },
    /// The file is not as long as it is said to be.
    #[error("{file}: has {got} bytes where {expected} were announced; it was thrown away")]
    Size {
        /// The file.
        file: String,
        /// Its announced size in bytes.
        expected: u64,
        /// Its size in bytes.
        got: u64,
    },
    /// The file's content is not what it should be.
    #[error("{file}: its SHA-256 is {got}, not {expected} as {authority}; it was not installed")]
    Sum {
        /// The file.
        file: String,
        /// The sum it should have.
        expected: String,
        /// The sum it has.
        got: String,
        /// Who says so.
        authority: &'static str,
    },
    /// Another program downloads the same file now.
    #[error("{}: is being downloaded by another program", .0.display())]
    Busy(PathBuf),
    /// The disk is full.
    #[error("{}: the disk is full; what was downloaded was thrown away", .0.display())]
    Full(PathBuf),
    /// A file cannot be written or read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It was cancelled; what was downloaded is kept.
    #[error("cancelled; the same command goes on from there")]
    Cancelled,
    /// The list of offers inside the program is damaged.
    #[error("the list of offered models: {0}")]
    Manifest(String),
    /// The file cannot be installed as a model.
    #[error(transparent)]
    Install(#[from] InstallError),
}
