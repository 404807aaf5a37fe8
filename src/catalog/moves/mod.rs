//! Acts on files: moving or copying photos to a folder, rejected ones out of
//! the way, and into the system's bin. Everything that belongs to a photo goes
//! with it: sidecars of both namings, and the other file of a RAW+JPEG pair.
//!
//! An act has two steps. [`plan`] looks at the disk and says what would happen,
//! what is in the way and what cannot be done; [`Catalog::carry_out`] does what
//! a plan says and nothing else. It is one command of the journal, so that
//! [`Catalog::undo`] takes it back.
//!
//! No file is ever replaced, and what belongs together goes together or not at
//! all. A command that was killed ends as a cancelled one does: the files that
//! were on their way arrive or go back, and the rest stays where it is. The
//! next command, whichever it is, sees to that.

mod bin;
mod carry;
mod files;
mod group;
mod plan;
mod record;
mod settle;

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Catalog, CatalogError, Stamp};
use crate::engine::{Cancel, Progress};
use crate::metadata::xmp::Flag;

pub use plan::plan;

/// The folder that rejected photos go to, beside them.
pub const REJECTED: &str = "_rejected";

/// Where photos go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Into this folder, which is made if there is none.
    Folder(PathBuf),
    /// Into the folder [`REJECTED`] beside each of them.
    Rejected,
    /// Into the system's bin.
    Bin,
}

/// What to do where a name is taken at the destination. Nothing is ever
/// replaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// Do nothing at all, for no photo.
    #[default]
    Refuse,
    /// Leave the photo where it is, and all that belongs to it.
    Skip,
    /// Put " (2)" after the name, the same for all that belongs together.
    Rename,
}

/// What is to be done with which photos.
#[derive(Debug, Clone)]
pub struct Request {
    /// The photos. What belongs to them comes by itself.
    pub photos: Vec<PathBuf>,
    /// Where they go.
    pub destination: Destination,
    /// Whether they stay where they are as well; the bin takes no copies.
    pub copy: bool,
    /// What to do where a name is taken.
    pub on_conflict: OnConflict,
}

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// It is somewhere else afterwards.
    Move,
    /// There is a second one afterwards.
    Copy,
    /// It is in the system's bin afterwards.
    Bin,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A photo.
    Photo,
    /// A photo's sidecar.
    Sidecar,
}

/// What is to happen, before anything does.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is done.
    pub act: Act,
    /// Files that go, by what belongs together.
    pub groups: Vec<Group>,
    /// Names that are taken, whatever is done about it.
    pub conflicts: Vec<Conflict>,
    /// What is done about them.
    pub on_conflict: OnConflict,
    /// Photos that cannot go, with the reasons.
    pub refused: Vec<Refused>,
    /// Folders that have to be made, outer ones first.
    pub folders: Vec<PathBuf>,
    /// The length of all files that go, in bytes.
    pub bytes: u64,
}

/// Files that go together: a photo or a pair, and their sidecars.
#[derive(Debug, Clone)]
pub struct Group {
    /// The files, photos first.
    pub files: Vec<Step>,
}

/// A file that goes.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where it is.
    pub from: PathBuf,
    /// Where it goes; `None` for the bin.
    pub to: Option<PathBuf>,
    /// What it is.
    pub kind: Kind,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its state when the plan was made: another one is not touched.
    stamp: Stamp,
}

/// A name that is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The file that was to go there.
    pub from: PathBuf,
    /// The name.
    pub to: PathBuf,
    /// What takes it.
    pub taken: Taken,
}

/// What takes a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Taken {
    /// A file with the same content.
    Same,
    /// Something else.
    Different,
    /// Another file of the same plan.
    Planned,
    /// Nothing, but photos and sidecars would be mixed up: a sidecar that lies
    /// there would become this photo's, or this photo's would become that of
    /// one that lies there.
    Sidecar,
}

/// Something that cannot be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// A file that went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Went {
    /// Where it was.
    pub from: PathBuf,
    /// Where it is; `None` for the bin, or for a copy that was taken back.
    pub to: Option<PathBuf>,
    /// What it is.
    pub kind: Kind,
}

/// What carrying out a plan, or taking it back, came to.
#[derive(Debug, Clone, Default)]
pub struct Carried {
    /// Files that went.
    pub went: Vec<Went>,
    /// Files that did not, with the reasons.
    pub failed: Vec<Refused>,
    /// Whether it was cancelled before it was through.
    pub cancelled: bool,
}

/// Who looks on while files go.
pub struct Watch<'a> {
    /// Stops the work: after what is on its way, or, where that is a long
    /// copy, in the middle, with nothing left of it.
    pub cancel: &'a Cancel,
    /// Told how far the work is, counted in bytes; at most ten times a second.
    pub progress: &'a mut dyn FnMut(&Progress),
}

impl Plan {
    /// Whether nothing can be done, because names are taken and that is to be
    /// refused.
    pub fn is_blocked(&self) -> bool {
        self.on_conflict == OnConflict::Refuse && !self.conflicts.is_empty()
    }

    /// The photos that go.
    pub fn photos(&self) -> usize {
        let files = self.groups.iter().flat_map(|group| &group.files);
        files.filter(|file| file.kind == Kind::Photo).count()
    }
}

impl Taken {
    /// In words, as the end of a sentence about the file that was to go there.
    pub fn words(self, to: &Path) -> String {
        let to = to.display();
        match self {
            Self::Same => format!("{to} is there already, with the same content"),
            Self::Different => format!("{to} is there already and is another file"),
            Self::Planned => format!("{to} is taken by another file that goes there"),
            Self::Sidecar => format!("its sidecar and another photo's would be mixed up by {to}"),
        }
    }
}

/// Those of `photos` that have this flag now, as [`Catalog::standing`] has it.
///
/// # Errors
/// Those of the catalog.
pub fn flagged(
    catalog: Option<&Catalog>,
    photos: &[PathBuf],
    flag: Flag,
) -> Result<Vec<PathBuf>, CatalogError> {
    let standing = Catalog::standing(catalog, photos)?;
    let photos = photos.iter().zip(standing);
    Ok(photos
        .filter(|(_, rating)| rating.flag == Some(flag))
        .map(|(photo, _)| photo.clone())
        .collect())
}

#[cfg(test)]
mod tests;
