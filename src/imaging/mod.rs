//! From a photo's file to upright 8-bit sRGB pixels of the size that is
//! needed: decoding, RAW previews, orientation, colour, resizing.
//!
//! This room knows no model, no catalog and no user interface. It never
//! writes to a photo.

mod decode;
mod error;
mod format;
mod resize;

pub use decode::{Decoded, Limits, Want, decode};
pub use error::ImagingError;
pub use format::{Format, known_format};
pub use resize::{model_input, thumbnail};
