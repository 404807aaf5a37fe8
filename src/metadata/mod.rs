//! What a photo's file says about itself: which way is up, when and with which
//! camera, lens and exposure it was taken.
//!
//! This room reads headers, by ranges, and never pixels: a 60 MB RAW costs a
//! few small reads. It also holds the readers of the containers that photos
//! come in, which the imaging room uses to find what it decodes. It never
//! writes to a photo; ratings go into XMP sidecars, see [`xmp`].

mod exif;
mod find;
pub(crate) mod ifd;
pub(crate) mod isobmff;
pub(crate) mod items;
pub(crate) mod jpeg;
mod orientation;
pub mod xmp;

pub use exif::{Colours, Exif, Moment};
pub use find::read;
pub(crate) use find::{is_tiff, read_from};
pub use orientation::Orientation;
