//! How photos are looked at: how large, which part, and which beside each other.

use super::PhotoId;
use crate::app::overlay::Overlay;

/// Most photos that are compared.
pub const COMPARED: usize = 4;

/// Most photos of a survey: with more of them each is a thumbnail.
pub const SURVEYED: usize = 24;

/// Most screen pixels for one pixel of a photo.
const LARGEST: f32 = 8.0;

/// How large photos are shown, and which part of them. All photos share it, so
/// that the same place is seen from one to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Zoom {
    /// Screen pixels for one pixel of the photo; `None` shows the whole photo,
    /// as large as it fits.
    pub scale: Option<f32>,
    /// The place in the middle, as shares of the photo's width and height.
    pub centre: [f32; 2],
}

impl Zoom {
    /// The whole photo.
    pub const FIT: Self = Self {
        scale: None,
        centre: [0.5, 0.5],
    };

    /// Every pixel of the photo as one of the screen, with this place in the
    /// middle.
    pub fn pixels(centre: [f32; 2]) -> Self {
        Self {
            scale: Some(1.0),
            centre,
        }
    }

    /// The same within what makes sense.
    #[must_use]
    pub fn sound(self) -> Self {
        let inside = |share: f32| match share.is_finite() {
            true => share.clamp(0.0, 1.0),
            false => 0.5,
        };
        let scale = self.scale.filter(|scale| scale.is_finite() && *scale > 0.0);
        Self {
            scale: scale.map(|scale| scale.clamp(0.01, LARGEST)),
            centre: self.centre.map(inside),
        }
    }
}

/// How photos are looked at.
#[derive(Debug, Clone)]
pub struct Looking {
    /// How large.
    pub zoom: Zoom,
    /// Photos beside each other in Compare and Survey. In Compare the first is
    /// the one to beat.
    pub beside: Vec<PhotoId>,
    /// Whether the strip of all photos is shown below large ones.
    pub filmstrip: bool,
    /// What lies behind large photos.
    pub backdrop: Backdrop,
    /// What is drawn over them.
    pub overlay: Overlay,
}

impl Default for Looking {
    fn default() -> Self {
        Self {
            zoom: Zoom::FIT,
            beside: Vec::new(),
            filmstrip: true,
            backdrop: Backdrop::Dark,
            overlay: Overlay::None,
        }
    }
}

/// What lies behind large photos.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backdrop {
    /// Black.
    Black,
    /// The window's own canvas.
    #[default]
    Dark,
    /// Middle grey, of 118 in sRGB.
    Grey,
    /// White, as paper.
    White,
}

impl Backdrop {
    /// All of them, dark to light.
    pub const ALL: [Self; 4] = [Self::Black, Self::Dark, Self::Grey, Self::White];

    /// The next lighter one; after white black again.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Black => Self::Dark,
            Self::Dark => Self::Grey,
            Self::Grey => Self::White,
            Self::White => Self::Black,
        }
    }

    /// What it is called.
    pub fn label(self) -> &'static str {
        match self {
            Self::Black => "Black",
            Self::Dark => "Dark",
            Self::Grey => "Middle grey",
            Self::White => "White",
        }
    }
}
