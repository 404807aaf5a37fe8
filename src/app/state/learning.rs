//! Learning the user's eye: which photos to rate next, and what came of it.

use std::collections::BTreeMap;

use super::{Photo, PhotoId};
use crate::engine::Progress;
use crate::engine::calibration;
use crate::learning::calibrate::check::Report;

/// How many ratings are asked for.
pub const TARGET: usize = 24;

/// What the window knows of learning.
#[derive(Debug, Default)]
pub struct Learning {
    /// Counts the beginnings; what was learned for an earlier one is not for
    /// this one.
    pub number: u64,
    /// How far it is.
    pub phase: Phase,
    /// Photos to rate, the most useful first.
    pub proposals: Vec<PhotoId>,
    /// Whether rating those still helps.
    pub helps: bool,
    /// The ratings that the last lesson was ordered with.
    pub told: BTreeMap<PhotoId, f64>,
    /// Whether a lesson is under way.
    pub studying: bool,
    /// What the last lesson came to.
    pub lesson: Option<Lesson>,
    /// How agreement grew with the number of ratings.
    pub curve: Vec<Point>,
    /// The name that the profile is to get, as it is being typed.
    pub name: String,
    /// Whether a profile of that name is to be replaced, as the user was asked.
    pub replace: bool,
    /// Why the profile was not kept.
    pub problem: Option<String>,
}

/// How far learning is.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Phase {
    /// It was not begun.
    #[default]
    Off,
    /// The network looks at the photos.
    Describing(Option<Progress>),
    /// It learns from ratings.
    Ready {
        /// Photos that could not be looked at.
        failed: usize,
    },
    /// It cannot be done, for this reason.
    Failed(String),
}

/// Agreement at a number of ratings: rank correlations with the user on ratings
/// not learned from, -1 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Ratings.
    pub labels: usize,
    /// The model as it is.
    pub before: f64,
    /// The model with what was learned.
    pub after: f64,
}

/// What was learned from ratings.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesson {
    /// Ratings it was learned from.
    pub labels: usize,
    /// How well it agrees, or why nothing can be learned yet.
    pub report: Result<Report, String>,
    /// The photos whose place changes most, rising ones first.
    pub movers: Vec<Mover>,
    /// Every rated photo's rating beside what was expected of it.
    pub expected: Vec<Expected>,
}

/// A rated photo, and what was expected of it by the other ratings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// The photo.
    pub photo: PhotoId,
    /// Its rating.
    pub label: f64,
    /// What was expected: 0 for the lowest rating given, 1 for the highest.
    pub expected: f64,
}

/// A photo whose place in the shoot changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mover {
    /// The photo.
    pub photo: PhotoId,
    /// Its place as the model has it, from 1.
    pub before: usize,
    /// Its place with what was learned.
    pub after: usize,
}

impl Photo {
    /// Its rating as a label to learn from; `None` where it has none.
    pub fn taste(&self) -> Option<f64> {
        calibration::label(self.rating)
    }
}
