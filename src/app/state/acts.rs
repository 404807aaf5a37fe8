//! Moving and copying files: what is planned, what is under way, what came of it.

use std::path::PathBuf;

use crate::catalog::moves::{Destination, OnConflict, Plan};
use crate::engine::{Cancel, Progress};
use crate::metadata::xmp::Flag;

/// What the window knows of moving and copying.
#[derive(Debug, Default)]
pub struct Acts {
    /// What is to be done; `None` until the user chose.
    pub choice: Option<Choice>,
    /// What is done where a name is taken.
    pub on_conflict: OnConflict,
    /// Counts the plans that were asked for.
    pub asked: u64,
    /// What would happen, or why that cannot be told; `None` while it is found out.
    pub plan: Option<Result<Plan, String>>,
    /// What is under way.
    pub working: Option<Working>,
    /// What the last one came to.
    pub outcome: Option<Outcome>,
}

/// What is to be done with which photos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Copy the picked ones into this folder.
    CopyPicks(PathBuf),
    /// Move the picked ones into this folder.
    MovePicks(PathBuf),
    /// Move the rejected ones into a folder beside them.
    RejectsAside,
    /// Move the rejected ones to the system's bin.
    RejectsToBin,
}

/// Files on their way.
#[derive(Debug)]
pub struct Working {
    /// How far, in bytes; `None` before the first.
    pub progress: Option<Progress>,
    /// Stops it.
    pub cancel: Cancel,
    /// Whether it was told to.
    pub stopping: bool,
}

/// What moving or copying came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// In a sentence.
    pub text: String,
    /// What did not go, with the reasons.
    pub failed: Vec<String>,
}

impl Choice {
    /// Which photos it is about.
    pub fn flag(&self) -> Flag {
        match self {
            Self::CopyPicks(_) | Self::MovePicks(_) => Flag::Pick,
            Self::RejectsAside | Self::RejectsToBin => Flag::Reject,
        }
    }

    /// Whether they stay where they are, too.
    pub fn copies(&self) -> bool {
        matches!(self, Self::CopyPicks(_))
    }

    /// Where they go.
    pub fn destination(&self) -> Destination {
        match self {
            Self::CopyPicks(folder) | Self::MovePicks(folder) => {
                Destination::Folder(folder.clone())
            }
            Self::RejectsAside => Destination::Rejected,
            Self::RejectsToBin => Destination::Bin,
        }
    }
}
