//! What decoders hand over: pixels as their file has them, and what is needed
//! to turn them into upright sRGB.

use crate::metadata::Orientation;

/// Samples by their type, interleaved, rows without padding.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Samples {
    U8(Vec<u8>),
    U16(Vec<u16>),
    /// Black is 0 and white 1.
    F32(Vec<f32>),
}

impl Samples {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::U8(samples) => samples.len(),
            Self::U16(samples) => samples.len(),
            Self::F32(samples) => samples.len(),
        }
    }
}

/// What the samples of a pixel are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channels {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
    /// Ink: 0 is none.
    Cmyk,
}

impl Channels {
    pub(super) fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }

    pub(super) fn has_alpha(self) -> bool {
        matches!(self, Self::GreyAlpha | Self::Rgba)
    }
}

/// Which colours the samples stand for.
#[derive(Debug, Clone, Default)]
pub(super) enum Space {
    /// The file does not say: sRGB, or its grey.
    #[default]
    Unknown,
    /// By the ICC profile in the file.
    Icc(Vec<u8>),
    /// By a profile made from what the file says in other words.
    Profile(Box<moxcms::ColorProfile>),
}

/// Decoded pixels.
#[derive(Debug, Clone)]
pub(super) struct Raster {
    pub width: u32,
    pub height: u32,
    pub channels: Channels,
    pub samples: Samples,
    /// Whether colours are already multiplied by alpha.
    pub premultiplied: bool,
    pub space: Space,
}

impl Raster {
    /// Pixels of 8 bits in an unnamed colour space.
    pub(super) fn plain(width: u32, height: u32, channels: Channels, samples: Vec<u8>) -> Self {
        Self {
            width,
            height,
            channels,
            samples: Samples::U8(samples),
            premultiplied: false,
            space: Space::Unknown,
        }
    }
}

/// A decoded photo before it is turned upright.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    pub raster: Raster,
    /// Size of the original, as it lies in the file.
    pub size: (u32, u32),
    pub orientation: Orientation,
    /// Whether this is a preview in place of the photo itself.
    pub preview: bool,
}

impl Picture {
    /// A photo decoded in its full size.
    pub(super) fn full(raster: Raster, orientation: Orientation) -> Self {
        Self {
            size: (raster.width, raster.height),
            raster,
            orientation,
            preview: false,
        }
    }
}
