//! From the colours of a file to 8-bit sRGB: ICC profiles, ink, grey, deep and
//! float samples, and transparency over white.

use std::sync::Arc;

use image::RgbImage;
use moxcms::{CmsError, ColorProfile, DataColorSpace, Layout, TransformExecutor, TransformOptions};

use super::error::Reason;
use super::limits::Deadline;
use super::raster::{Channels, Raster, Samples, Space};

/// Pixels converted at once: enough to be quick, few enough to stay in the
/// cache and to need little memory.
const CHUNK: usize = 1 << 14;

/// The picture in 8-bit sRGB.
///
/// A profile that cannot be read, or that is for another kind of colours than
/// the samples, is left out: most viewers do the same, and the picture is
/// there.
pub(super) fn to_srgb(raster: Raster, deadline: Deadline) -> Result<RgbImage, Reason> {
    let Raster {
        width,
        height,
        channels,
        samples,
        premultiplied,
        space,
    } = raster;
    let expected = width as usize * height as usize * channels.count();
    if samples.len() != expected {
        return Err(Reason::Damaged(format!(
            "{} samples for {width} x {height} pixels",
            samples.len()
        )));
    }
    let profile = profile(space);
    let job = Job {
        channels,
        premultiplied,
        deadline,
    };
    let pixels = match samples {
        Samples::U8(samples) => {
            let converter = converter::<u8>(profile.as_ref(), channels);
            if converter.is_none() && channels == Channels::Rgb {
                samples
            } else {
                job.run(&samples, converter.as_ref())?
            }
        }
        Samples::U16(samples) => job.run(
            &samples,
            converter::<u16>(profile.as_ref(), channels).as_ref(),
        )?,
        Samples::F32(mut samples) => {
            let converter = converter::<f32>(profile.as_ref(), channels);
            if converter.is_none() {
                normalise(&mut samples);
            }
            job.run(&samples, converter.as_ref())?
        }
    };
    RgbImage::from_raw(width, height, pixels)
        .ok_or_else(|| Reason::Damaged("fewer pixels than the header says".to_owned()))
}

fn profile(space: Space) -> Option<ColorProfile> {
    match space {
        Space::Unknown => None,
        Space::Profile(profile) => Some(*profile),
        Space::Icc(bytes) => ColorProfile::new_from_slice(&bytes)
            .inspect_err(|error| tracing::debug!("unreadable ICC profile: {error}"))
            .ok(),
    }
}

/// Float samples that no profile explains and that reach beyond white are
/// measured against the brightest: measurements come in all units.
fn normalise(samples: &mut [f32]) {
    let brightest = samples
        .iter()
        .copied()
        .filter(|sample| sample.is_finite())
        .fold(0.0, f32::max);
    // A little over white is rounding and highlights, not another unit.
    if brightest > 1.5 {
        for sample in samples {
            *sample /= brightest;
        }
    }
}

/// A type that samples have.
trait Sample: Copy + Default + Send + Sync + 'static {
    const WHITE: Self;
    fn from_fraction(fraction: f32) -> Self;
    /// 0 to 1 for black to white.
    fn fraction(self) -> f32;
    fn to_u8(self) -> u8;
    fn transform(
        profile: &ColorProfile,
        layout: Layout,
    ) -> Result<Arc<dyn TransformExecutor<Self> + Send + Sync>, CmsError>;
}

macro_rules! sample {
    ($type:ty, $white:expr, $transform:ident, $from:expr, $fraction:expr, $to_u8:expr) => {
        impl Sample for $type {
            const WHITE: Self = $white;
            fn from_fraction(fraction: f32) -> Self {
                $from(fraction)
            }
            fn fraction(self) -> f32 {
                $fraction(self)
            }
            fn to_u8(self) -> u8 {
                $to_u8(self)
            }
            fn transform(
                profile: &ColorProfile,
                layout: Layout,
            ) -> Result<Arc<dyn TransformExecutor<Self> + Send + Sync>, CmsError> {
                let srgb = ColorProfile::new_srgb();
                let options = TransformOptions::default();
                profile.$transform(layout, &srgb, Layout::Rgb, options)
            }
        }
    };
}

// Rust's casts from float saturate, and take what is no number for 0.
sample!(
    u8,
    u8::MAX,
    create_transform_8bit,
    |fraction: f32| (fraction * 255.0).round() as u8,
    |sample| f32::from(sample) / 255.0,
    |sample| sample
);
sample!(
    u16,
    u16::MAX,
    create_transform_16bit,
    |fraction: f32| (fraction * 65535.0).round() as u16,
    |sample| f32::from(sample) / 65535.0,
    |sample| ((u32::from(sample) * 255 + 32767) / 65535) as u8
);
sample!(
    f32,
    1.0,
    create_transform_f32,
    |fraction: f32| fraction,
    |sample: f32| if sample.is_nan() {
        0.0
    } else {
        sample.clamp(0.0, 1.0)
    },
    |sample: f32| (sample * 255.0).round() as u8
);

/// A conversion to sRGB by a profile.
struct Converter<T> {
    transform: Arc<dyn TransformExecutor<T> + Send + Sync>,
    /// Samples of a pixel that it takes: 1 grey, 3 RGB, 4 CMYK.
    takes: usize,
}

/// The conversion that samples of these channels need; `None` where they are
/// sRGB already or the profile is not for them.
fn converter<T: Sample>(
    profile: Option<&ColorProfile>,
    channels: Channels,
) -> Option<Converter<T>> {
    let profile = profile?;
    let (layout, takes) = match (profile.color_space, channels) {
        (DataColorSpace::Cmyk, Channels::Cmyk) => (Layout::Rgba, 4),
        (DataColorSpace::Gray, Channels::Grey | Channels::GreyAlpha) => (Layout::Gray, 1),
        // Grey written with the profile of its RGB original is common.
        (DataColorSpace::Rgb, Channels::Grey | Channels::GreyAlpha) => (Layout::Rgb, 3),
        (DataColorSpace::Rgb, Channels::Rgb | Channels::Rgba) => (Layout::Rgb, 3),
        (space, _) => {
            tracing::debug!("a profile for {space:?} on {channels:?}: left out");
            return None;
        }
    };
    let transform = T::transform(profile, layout)
        .inspect_err(|error| tracing::debug!("unusable ICC profile: {error}"))
        .ok()?;
    let converter = Converter { transform, takes };
    (!converter.is_identity()).then_some(converter)
}

impl<T: Sample> Converter<T> {
    /// Whether it changes nothing that shows: most profiles in photos are sRGB,
    /// and converting would only add its rounding.
    fn is_identity(&self) -> bool {
        let steps: Vec<T> = (0_u8..=16)
            .map(|step| T::from_fraction(f32::from(step) / 16.0))
            .collect();
        let mut colours = Vec::new();
        match self.takes {
            1 => colours.extend_from_slice(&steps),
            3 => {
                for &red in &steps {
                    for &green in &steps {
                        for &blue in &steps {
                            colours.extend([red, green, blue]);
                        }
                    }
                }
            }
            _ => return false,
        }
        let mut converted = vec![T::default(); colours.len() / self.takes * 3];
        if self.transform.transform(&colours, &mut converted).is_err() {
            return false;
        }
        let expected = colours
            .chunks_exact(self.takes)
            .flat_map(|colour| (0..3).map(|i| colour[i % self.takes]));
        expected
            .zip(&converted)
            .all(|(a, b)| a.to_u8().abs_diff(b.to_u8()) <= 1)
    }
}

/// The conversion of one picture.
struct Job {
    channels: Channels,
    premultiplied: bool,
    deadline: Deadline,
}

impl Job {
    fn run<T: Sample>(
        &self,
        samples: &[T],
        converter: Option<&Converter<T>>,
    ) -> Result<Vec<u8>, Reason> {
        let count = self.channels.count();
        let mut rgb = vec![0_u8; samples.len() / count * 3];
        let mut colours = Vec::new();
        let mut converted = Vec::new();
        for (pixels, out) in samples.chunks(CHUNK * count).zip(rgb.chunks_mut(CHUNK * 3)) {
            self.deadline.check()?;
            match converter {
                Some(converter) => {
                    self.colours(pixels, converter.takes, &mut colours);
                    converted.clear();
                    converted.resize(pixels.len() / count * 3, T::default());
                    converter
                        .transform
                        .transform(&colours, &mut converted)
                        .map_err(|error| {
                            Reason::Damaged(format!("the colours cannot be converted: {error}"))
                        })?;
                    for (out, sample) in out.iter_mut().zip(&converted) {
                        *out = sample.to_u8();
                    }
                }
                None if self.channels == Channels::Cmyk => ink(pixels, out),
                None => {
                    self.colours(pixels, 3, &mut colours);
                    for (out, sample) in out.iter_mut().zip(&colours) {
                        *out = sample.to_u8();
                    }
                }
            }
            if self.channels.has_alpha() {
                over_white(pixels, count, out);
            }
        }
        Ok(rgb)
    }

    /// The colours alone, `takes` samples a pixel.
    fn colours<T: Sample>(&self, pixels: &[T], takes: usize, colours: &mut Vec<T>) {
        let count = self.channels.count();
        let alone = if self.channels.has_alpha() {
            count - 1
        } else {
            count
        };
        colours.clear();
        for pixel in pixels.chunks_exact(count) {
            // Grey stands for each of three colours.
            let pick = |i: usize| pixel[i % alone];
            if self.premultiplied && self.channels.has_alpha() {
                let alpha = pixel[alone].fraction();
                let divide = |sample: T| {
                    let fraction = if alpha > 0.0 {
                        (sample.fraction() / alpha).min(1.0)
                    } else {
                        1.0
                    };
                    T::from_fraction(fraction)
                };
                colours.extend((0..takes).map(|i| divide(pick(i))));
            } else {
                colours.extend((0..takes).map(pick));
            }
        }
    }
}

/// Ink on white paper where no profile tells more: each ink takes its share of
/// the light.
fn ink<T: Sample>(pixels: &[T], out: &mut [u8]) {
    for (pixel, out) in pixels.chunks_exact(4).zip(out.chunks_exact_mut(3)) {
        let light = |i: usize| T::WHITE.fraction() - pixel[i].fraction();
        for (i, out) in out.iter_mut().enumerate() {
            *out = (light(i) * light(3) * 255.0).round() as u8;
        }
    }
}

/// What transparency lets through of white paper, mixed as viewers mix it: in
/// sRGB's own values.
fn over_white<T: Sample>(pixels: &[T], count: usize, out: &mut [u8]) {
    for (pixel, out) in pixels.chunks_exact(count).zip(out.chunks_exact_mut(3)) {
        let alpha = pixel[count - 1].fraction();
        if alpha < 1.0 {
            for out in out {
                let colour = f32::from(*out);
                *out = (colour * alpha + 255.0 * (1.0 - alpha)).round() as u8;
            }
        }
    }
}
