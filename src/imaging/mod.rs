//! From a photo's file to upright 8-bit sRGB pixels of the size that is
//! needed: decoding, RAW previews, orientation, colour, resizing.
//!
//! This room knows no model, no catalog and no user interface. It never
//! writes to a photo.

mod colour;
mod decode;
pub mod distortion;
mod error;
mod format;
mod limits;
pub mod measures;
mod raster;
mod resize;
mod source;
mod turn;

pub use decode::{Decoded, Want, decode};
pub use error::{ImagingError, Reason};
pub use format::{Format, known_format};
pub use limits::Limits;
pub use resize::{model_input, resized, thumbnail};
