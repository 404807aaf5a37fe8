//! What can go wrong with a network or its weights.

use std::path::PathBuf;

/// An error of the model room.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A weights file could not be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The weights file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// Weights are damaged, foreign, or do not fit the network.
    #[error("{weights}: {reason}")]
    Weights {
        /// The file or built-in model the weights come from.
        weights: String,
        /// What does not fit, naming the tensor where there is one.
        reason: String,
    },
    /// Input pixels of the wrong length.
    #[error("a network input has {actual} bytes where {expected} are needed")]
    Input {
        /// Bytes needed.
        expected: usize,
        /// Bytes given.
        actual: usize,
    },
    /// Normalised pixels of the wrong number.
    #[error("an image has {actual} values where {expected} are needed")]
    Pixels {
        /// Values needed.
        expected: usize,
        /// Values given.
        actual: usize,
    },
    /// The device that was asked for cannot be used.
    #[error(transparent)]
    Device(#[from] super::device::DeviceError),
    /// A model file could not be written.
    #[error("{}: cannot be written: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What was in the way.
        reason: String,
    },
    /// The network gave a value that is no number, for example from damaged weights.
    #[error("the network gave a score that is not a finite number")]
    NotFinite,
    /// A tensor operation failed.
    #[error("the network failed: {0}")]
    Network(#[from] candle_core::Error),
}
