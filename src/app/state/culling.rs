//! Which photos are selected, and ratings on their way to the catalog.

use std::collections::{BTreeSet, VecDeque};

use super::PhotoId;
use crate::metadata::xmp::{Fields, Rating};

/// What culling needs besides the photos.
#[derive(Debug, Default)]
pub struct Culling {
    /// The selected photos; where there are none, the focused one is.
    pub chosen: BTreeSet<PhotoId>,
    /// Where a range begins that is being selected.
    pub anchor: Option<PhotoId>,
    /// Ratings that the catalog has not taken yet, in their order.
    pub pending: VecDeque<Pending>,
    /// Counts the ratings that were ordered.
    pub orders: u64,
    /// Whether rating a photo goes on to the next.
    pub auto_advance: bool,
    /// What the last key did.
    pub flash: Flash,
    /// Where the user and another program said different things.
    pub conflicts: Vec<Conflict>,
}

/// A rating on its way.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Its place among the orders.
    pub number: u64,
    /// The photos.
    pub photos: Vec<PhotoId>,
    /// What they get; what it does not say stays.
    pub rating: Rating,
}

/// A word on what a key did, shown for a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flash {
    /// Counts them, so that the same word can come twice.
    pub number: u64,
    /// What to show.
    pub text: String,
}

/// A photo that another program rated otherwise than the window had it, just
/// before the user rated it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict {
    /// The photo.
    pub photo: PhotoId,
    /// The fields that both set.
    pub fields: Fields,
    /// What the user said, which holds.
    pub ours: Rating,
    /// What the other program said.
    pub theirs: Rating,
}
