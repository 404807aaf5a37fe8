//! Photos made worse on purpose, in kinds and degrees that are known: what a
//! quality model is trained and measured with.
//!
//! The first 25 types are those of KADID-10k (Lin, Hosu and Saupe, "KADID-10k:
//! A large-scale artificially distorted IQA database", QoMEX 2019), in its
//! order and with its five levels; the others are what cameras and their users
//! do. The parameters of the levels are this program's own, chosen so that the
//! first level can just be seen and the fifth is bad; each type's documentation
//! gives them.
//!
//! Lengths ("px") are for a photo whose shorter side has 384 pixels, as in
//! KADID-10k, and grow with the photo, so that a level looks alike in all
//! sizes. Noise, compression and numbers of levels are per pixel and do not.
//!
//! The same photo, type, level and seed give the same pixels. The seed decides
//! directions, places and noise; it is the same chance at every level, so that
//! a higher level is the same fault, only stronger.

mod blur;
mod camera;
mod chance;
mod colour;
mod compression;
mod filter;
mod noise;
mod palette;
mod planes;
mod spatial;
mod tone;

use image::RgbImage;

use chance::Chance;

/// The shorter side that lengths are given for.
const REFERENCE_SIDE: f32 = 384.0;

/// How strong a distortion is: 1 (can just be seen) to 5 (bad).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(u8);

impl Level {
    /// All levels, the weakest first.
    pub const ALL: [Self; 5] = [Self(1), Self(2), Self(3), Self(4), Self(5)];

    /// A level from its number; `None` unless that is 1 to 5.
    pub fn new(number: u8) -> Option<Self> {
        (1..=5).contains(&number).then_some(Self(number))
    }

    /// The number, 1 to 5.
    pub fn number(self) -> u8 {
        self.0
    }

    /// This level's entry of a table.
    fn of<T: Copy>(self, table: [T; 5]) -> T {
        let [one, two, three, four, five] = table;
        match self.0 {
            1 => one,
            2 => two,
            3 => three,
            4 => four,
            _ => five,
        }
    }
}

/// Which fault of a photo a distortion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Sharpness lost.
    Blur,
    /// Colours changed.
    Colour,
    /// What a codec leaves.
    Compression,
    /// Grain, and what removing it leaves.
    Noise,
    /// Too bright or too dark.
    Brightness,
    /// Pixels in the wrong place.
    Spatial,
    /// Contrast and sharpening overdone.
    Contrast,
    /// What cameras and their users do, computed in linear light.
    Camera,
}

macro_rules! distortions {
    ($( $(#[$doc:meta])* $variant:ident = $name:literal, $family:ident; )*) => {
        /// A type of distortion. What follows each name are the parameters of
        /// the levels 1 to 5.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Distortion {
            $( $(#[$doc])* $variant, )*
        }

        impl Distortion {
            /// All types: KADID-10k's 25 in its order, then those of cameras.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The type's name in commands and tables.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Which fault it is.
            pub fn family(self) -> Family {
                match self { $(Self::$variant => Family::$family,)* }
            }
        }
    };
}

distortions! {
    /// Gaussian blur: deviation 0.6, 1.1, 1.8, 3, 5 px.
    GaussianBlur = "gaussian-blur", Blur;
    /// Blur by a disc, of the coded values: radius 0.9, 1.6, 2.6, 4.2, 7 px.
    LensBlur = "lens-blur", Blur;
    /// Blur along a straight line of random direction: length 2, 4, 6.5, 10,
    /// 16 px.
    MotionBlur = "motion-blur", Blur;
    /// Gaussian blur of a and b of CIELAB: deviation 1, 3, 6, 8, 12 px.
    ColourDiffusion = "colour-diffusion", Colour;
    /// The green channel moved in a random direction and blended in where the
    /// photo has edges: by 1, 2, 4, 6, 9 px.
    ColourShift = "colour-shift", Colour;
    /// The best 64, 48, 32, 16, 8 colours, with Floyd and Steinberg's dither.
    ColourQuantisation = "colour-quantisation", Colour;
    /// Saturation of HSV times 0.6, 0.4, 0.2, 0, -0.4.
    Desaturation = "desaturation", Colour;
    /// a and b of CIELAB times 1.5, 2, 3, 6, 9.
    Oversaturation = "oversaturation", Colour;
    /// What JPEG 2000 does to a photo: the 9/7 wavelet (Cohen, Daubechies and
    /// Feauveau) in five levels on luma and chroma, coefficients quantised with
    /// a dead zone and steps of 8, 16, 32, 56, 96 levels of 255. There is no
    /// code stream: coding what was quantised would lose nothing more.
    Jpeg2000 = "jpeg-2000", Compression;
    /// Baseline JPEG of quality 43, 28, 16, 8, 4.
    Jpeg = "jpeg", Compression;
    /// Normal noise of every channel: variance 0.001, 0.002, 0.005, 0.01, 0.02
    /// (white is 1).
    WhiteNoise = "white-noise", Noise;
    /// Normal noise of luma and both chroma channels: variance 0.0005, 0.001,
    /// 0.002, 0.004, 0.008.
    ColourNoise = "colour-noise", Noise;
    /// Samples that are black or white: a share of 0.002, 0.006, 0.015, 0.03,
    /// 0.06.
    ImpulseNoise = "impulse-noise", Noise;
    /// Normal noise in proportion to the value: variance 0.005, 0.01, 0.02,
    /// 0.05, 0.1.
    MultiplicativeNoise = "multiplicative-noise", Noise;
    /// Normal noise of variance 0.001, 0.003, 0.007, 0.015, 0.03, taken away
    /// again by a bilateral filter, which takes texture with it.
    Denoise = "denoise", Noise;
    /// Lightness L of CIELAB (0 to 1) to `1 - (1 - L)^(1 + a)`, a = 0.2, 0.4,
    /// 0.7, 1.2, 2.
    Brighten = "brighten", Brightness;
    /// Lightness to `L^(1 + a)`, a = 0.15, 0.35, 0.7, 1.2, 2.
    Darken = "darken", Brightness;
    /// All values moved up or down: by 0.05, 0.09, 0.14, 0.2, 0.28.
    MeanShift = "mean-shift", Brightness;
    /// Every pixel taken from a place nearby: normal displacement of deviation
    /// 0.3, 0.6, 1, 1.6, 2.6 px.
    Jitter = "jitter", Spatial;
    /// Squares of 16 px copied to a place up to 16 px away: 20, 40, 60, 80,
    /// 100 of them.
    PatchShift = "patch-shift", Spatial;
    /// Squares of 1.5, 2.2, 3.2, 5, 8 px replaced by their mean.
    Pixelate = "pixelate", Spatial;
    /// Every channel in 20, 14, 10, 7, 5 even steps.
    Quantisation = "quantisation", Spatial;
    /// Squares of 32 px in random colours: 2, 4, 6, 8, 10 of them.
    ColourBlock = "colour-block", Spatial;
    /// Unsharp masking with deviation 1 px: strength 1, 2, 3, 6, 12.
    Sharpen = "sharpen", Contrast;
    /// Distance of every value from the photo's mean times `1 - a`, or divided
    /// by it, a = 0.15, 0.3, 0.45, 0.6, 0.75.
    ContrastChange = "contrast-change", Contrast;

    /// Missed focus: blur by a disc in linear light, as an open aperture draws
    /// it, radius 0.9, 1.6, 2.6, 4.2, 7 px.
    Defocus = "defocus", Camera;
    /// Focus on the wrong distance: as [`Distortion::Defocus`], but of a radius
    /// that grows from nothing at one edge of the scene to 1.5, 2.7, 4.5, 7.5,
    /// 12 px at the other, along a smooth depth.
    DepthDefocus = "depth-defocus", Camera;
    /// Camera shake: blur in linear light along a smooth random path, 2.5, 4.5,
    /// 7.5, 12, 18 px across.
    CameraShake = "camera-shake", Camera;
    /// High sensitivity: photon noise of variance `g x` and read noise of
    /// deviation g in linear light, then a camera's noise reduction (bilateral,
    /// stronger on chroma): g = 0.002, 0.005, 0.012, 0.025, 0.05.
    HighIso = "high-iso", Camera;
    /// Exposed too long: linear light times 2^0.5, 2^1, 2^1.6, 2^2.3, 2^3.2,
    /// clipped.
    Overexposure = "overexposure", Camera;
    /// Exposed too briefly: linear light divided by 2^0.8, 2^1.6, 2^2.4, 2^3.3,
    /// 2^4.3, with the sensor's read noise of 0.0008 under it.
    Underexposure = "underexposure", Camera;
    /// White balance missed, too warm or too cold: red and blue of linear light
    /// times and divided by 2^0.15, 2^0.3, 2^0.5, 2^0.75, 2^1.1, with luminance
    /// kept.
    WhiteBalance = "white-balance", Camera;
    /// Haze: air light of 0.8 over linear light, `exp(-b d)` of which comes
    /// through, with a depth d that grows towards the top and b = 0.06, 0.15,
    /// 0.35, 0.8, 1.6.
    Haze = "haze", Camera;
    /// A small original enlarged (bicubic): by 1.4, 1.9, 2.7, 4, 6.
    Enlarged = "enlarged", Camera;
}

impl Distortion {
    /// The type of a name; `None` for any other.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// KADID-10k's type of a number, 1 to 25.
    pub fn kadid(number: usize) -> Option<Self> {
        let index = number.checked_sub(1).filter(|&index| index < 25)?;
        Self::ALL.get(index).copied()
    }

    /// The photo made worse; of the same size. A photo without pixels stays
    /// what it is.
    pub fn apply(self, photo: &RgbImage, level: Level, seed: u64) -> RgbImage {
        let (width, height) = photo.dimensions();
        if width == 0 || height == 0 {
            return photo.clone();
        }
        let scale = width.min(height) as f32 / REFERENCE_SIDE;
        let px = |table: [f32; 5]| level.of(table) * scale;
        let mut chance = Chance::new(seed, self as u64);
        let chance = &mut chance;
        match self {
            Self::GaussianBlur => blur::gaussian(photo, px([0.6, 1.1, 1.8, 3.0, 5.0])),
            Self::LensBlur => blur::lens(photo, px([0.9, 1.6, 2.6, 4.2, 7.0])),
            Self::MotionBlur => blur::motion(photo, px([2.0, 4.0, 6.5, 10.0, 16.0]), chance),
            Self::ColourDiffusion => colour::diffusion(photo, px([1.0, 3.0, 6.0, 8.0, 12.0])),
            Self::ColourShift => colour::shift(photo, px([1.0, 2.0, 4.0, 6.0, 9.0]), chance),
            Self::ColourQuantisation => palette::reduced(photo, level.of([64, 48, 32, 16, 8])),
            Self::Desaturation => colour::saturation(photo, level.of([0.6, 0.4, 0.2, 0.0, -0.4])),
            Self::Oversaturation => colour::chroma(photo, level.of([1.5, 2.0, 3.0, 6.0, 9.0])),
            Self::Jpeg2000 => {
                let step = level.of([8.0, 16.0, 32.0, 56.0, 96.0]);
                compression::wavelet(photo, step / 255.0)
            }
            Self::Jpeg => compression::jpeg(photo, level.of([43, 28, 16, 8, 4])),
            Self::WhiteNoise => {
                noise::white(photo, level.of([0.001, 0.002, 0.005, 0.01, 0.02]), chance)
            }
            Self::ColourNoise => {
                let variance = level.of([0.0005, 0.001, 0.002, 0.004, 0.008]);
                noise::of_components(photo, variance, chance)
            }
            Self::ImpulseNoise => {
                noise::impulses(photo, level.of([0.002, 0.006, 0.015, 0.03, 0.06]), chance)
            }
            Self::MultiplicativeNoise => {
                noise::multiplied(photo, level.of([0.005, 0.01, 0.02, 0.05, 0.1]), chance)
            }
            Self::Denoise => {
                noise::removed(photo, level.of([0.001, 0.003, 0.007, 0.015, 0.03]), chance)
            }
            Self::Brighten => tone::brighten(photo, level.of([0.2, 0.4, 0.7, 1.2, 2.0])),
            Self::Darken => tone::darken(photo, level.of([0.15, 0.35, 0.7, 1.2, 2.0])),
            Self::MeanShift => {
                tone::mean_shift(photo, level.of([0.05, 0.09, 0.14, 0.2, 0.28]), chance)
            }
            Self::Jitter => spatial::jitter(photo, px([0.3, 0.6, 1.0, 1.6, 2.6]), chance),
            Self::PatchShift => {
                spatial::patches(photo, level.of([20, 40, 60, 80, 100]), 16.0 * scale, chance)
            }
            Self::Pixelate => spatial::pixelate(photo, px([1.5, 2.2, 3.2, 5.0, 8.0])),
            Self::Quantisation => tone::quantise(photo, level.of([20, 14, 10, 7, 5])),
            Self::ColourBlock => {
                spatial::blocks(photo, level.of([2, 4, 6, 8, 10]), 32.0 * scale, chance)
            }
            Self::Sharpen => blur::sharpen(photo, scale, level.of([1.0, 2.0, 3.0, 6.0, 12.0])),
            Self::ContrastChange => {
                tone::contrast(photo, level.of([0.15, 0.3, 0.45, 0.6, 0.75]), chance)
            }
            Self::Defocus => camera::defocus(photo, px([0.9, 1.6, 2.6, 4.2, 7.0])),
            Self::DepthDefocus => {
                camera::depth_defocus(photo, px([1.5, 2.7, 4.5, 7.5, 12.0]), chance)
            }
            Self::CameraShake => camera::shake(photo, px([2.5, 4.5, 7.5, 12.0, 18.0]), chance),
            Self::HighIso => {
                camera::high_iso(photo, level.of([0.002, 0.005, 0.012, 0.025, 0.05]), chance)
            }
            Self::Overexposure => {
                camera::expose(photo, level.of([0.5, 1.0, 1.6, 2.3, 3.2]), 0.0, chance)
            }
            Self::Underexposure => {
                camera::expose(photo, -level.of([0.8, 1.6, 2.4, 3.3, 4.3]), 0.0008, chance)
            }
            Self::WhiteBalance => {
                camera::white_balance(photo, level.of([0.15, 0.3, 0.5, 0.75, 1.1]), chance)
            }
            Self::Haze => camera::haze(photo, level.of([0.06, 0.15, 0.35, 0.8, 1.6]), chance),
            Self::Enlarged => camera::enlarged(photo, level.of([1.4, 1.9, 2.7, 4.0, 6.0])),
        }
    }
}

#[cfg(test)]
mod tests;
