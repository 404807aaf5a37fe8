//! EXIF's fields, typed.

use std::fmt;
use std::io::{Cursor, Read, Seek};

use super::Orientation;
use super::ifd::{Directory, Tiff};

/// What a camera wrote about a photo. Every field can lack.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Exif {
    /// What has to be done to the stored picture to see it upright.
    pub orientation: Option<Orientation>,
    /// When the photo was taken.
    pub captured: Option<Moment>,
    /// Who made the camera, as the camera spells it.
    pub make: Option<String>,
    /// The camera.
    pub model: Option<String>,
    /// The lens.
    pub lens: Option<String>,
    /// How long the shutter was open, in seconds.
    pub exposure_seconds: Option<f64>,
    /// The aperture as an f-number.
    pub f_number: Option<f64>,
    /// Sensitivity as an ISO number.
    pub iso: Option<u32>,
    /// Focal length in millimetres.
    pub focal_length_mm: Option<f64>,
    /// Focal length that shows as much on 35 mm film, in millimetres.
    pub focal_length_35mm: Option<f64>,
    /// Exposure compensation in stops.
    pub exposure_bias: Option<f64>,
    /// Whether the flash fired.
    pub flash: Option<bool>,
    /// The colours that the samples stand for.
    pub colours: Option<Colours>,
    /// What tells two cameras of one kind apart.
    pub serial: Option<String>,
    /// Whether the camera says that it is bracketing exposures.
    pub auto_bracket: Option<bool>,
    /// How far away it was focused, in metres.
    pub subject_distance_m: Option<f64>,
    /// Where the camera looked, in degrees clockwise from north.
    pub direction_degrees: Option<f64>,
}

impl Exif {
    /// The camera as photographers call it: its model, with the maker's name where
    /// the model does not begin with it.
    pub fn camera(&self) -> Option<String> {
        match (&self.make, &self.model) {
            (Some(make), Some(model)) => {
                let first = make.split(' ').next().unwrap_or(make).to_lowercase();
                Some(match model.to_lowercase().starts_with(&first) {
                    true => model.clone(),
                    false => format!("{make} {model}"),
                })
            }
            (make, model) => model.clone().or_else(|| make.clone()),
        }
    }
}

/// The two colour spaces that EXIF can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Colours {
    /// sRGB.
    Srgb,
    /// Adobe RGB (1998).
    AdobeRgb,
}

/// A camera's date and time, as its clock showed it.
///
/// Moments compare as the clock showed them; where cameras stood in different
/// time zones that is not the order of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// Year.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 60.
    pub second: u8,
    /// Thousandths of a second, 0 to 999; 0 where the camera tells none.
    pub millisecond: u16,
    /// Minutes ahead of UTC, where the camera knows.
    pub offset_minutes: Option<i16>,
}

impl Moment {
    /// Reads EXIF's `2026:07:31 18:05:09`, with its texts for the parts of a
    /// second and the time zone. Cameras that do not know the time write
    /// zeros or spaces, which is `None`.
    fn parse(text: &str, fraction: Option<&str>, zone: Option<&str>) -> Option<Self> {
        let mut numbers = text
            .split([':', ' ', '-', 'T', '/'])
            .filter(|part| !part.is_empty());
        let mut next = |from: u16, to: u16| -> Option<u16> {
            let number: u16 = numbers.next()?.parse().ok()?;
            (from..=to).contains(&number).then_some(number)
        };
        let year = next(1, 9999)?;
        let mut small = |from, to| next(from, to).and_then(|n| u8::try_from(n).ok());
        Some(Self {
            year,
            month: small(1, 12)?,
            day: small(1, 31)?,
            hour: small(0, 23)?,
            minute: small(0, 59)?,
            second: small(0, 60)?,
            millisecond: fraction.and_then(milliseconds).unwrap_or(0),
            offset_minutes: zone.and_then(offset),
        })
    }
}

impl Moment {
    /// Milliseconds since the beginning of 1970, as if the clock showed UTC; they
    /// compare as moments do, and tell how far two of one clock are apart.
    pub fn milliseconds(self) -> i64 {
        // Days in the Gregorian calendar, in years that begin with March.
        let (year, month) = (i64::from(self.year), i64::from(self.month));
        let year = if month <= 2 { year - 1 } else { year };
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(self.day) - 1;
        let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
        let seconds =
            i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        (days * 86_400 + seconds) * 1000 + i64::from(self.millisecond)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
            ..
        } = self;
        write!(
            f,
            "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
        )
    }
}

/// The digits behind a decimal point as thousandths.
fn milliseconds(digits: &str) -> Option<u16> {
    let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
    let three: String = digits.chars().chain("000".chars()).take(3).collect();
    (!digits.is_empty()).then(|| three.parse().ok()).flatten()
}

/// `+02:00` as minutes.
fn offset(zone: &str) -> Option<i16> {
    if zone == "Z" {
        return Some(0);
    }
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let (hours, minutes): (i16, i16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let minutes = (0..=14)
        .contains(&hours)
        .then(|| hours * 60 + minutes)
        .filter(|_| (0..60).contains(&minutes))?;
    match zone.chars().next()? {
        '+' => Some(minutes),
        '-' => Some(-minutes),
        _ => None,
    }
}

mod tag {
    pub const MAKE: u16 = 0x010F;
    pub const MODEL: u16 = 0x0110;
    pub const ORIENTATION: u16 = 0x0112;
    pub const DATE: u16 = 0x0132;
    pub const EXPOSURE: u16 = 0x829A;
    pub const F_NUMBER: u16 = 0x829D;
    pub const EXIF: u16 = 0x8769;
    pub const ISO: u16 = 0x8827;
    pub const ISO_LONG: u16 = 0x8832;
    pub const TAKEN: u16 = 0x9003;
    pub const DIGITISED: u16 = 0x9004;
    pub const OFFSET: u16 = 0x9010;
    pub const OFFSET_TAKEN: u16 = 0x9011;
    pub const SHUTTER: u16 = 0x9201;
    pub const APERTURE: u16 = 0x9202;
    pub const BIAS: u16 = 0x9204;
    pub const FLASH: u16 = 0x9209;
    pub const FOCAL: u16 = 0x920A;
    pub const FRACTION_TAKEN: u16 = 0x9291;
    pub const COLOURS: u16 = 0xA001;
    pub const INTEROPERABILITY: u16 = 0xA005;
    pub const FOCAL_35: u16 = 0xA405;
    pub const GPS: u16 = 0x8825;
    pub const DIRECTION: u16 = 0x0011;
    pub const DISTANCE: u16 = 0x9206;
    pub const EXPOSURE_MODE: u16 = 0xA402;
    pub const SERIAL: u16 = 0xA431;
    pub const LENS: u16 = 0xA434;
    pub const LENS_RANGE: u16 = 0xA432;
    pub const DNG_LENS: u16 = 0xC630;
}

impl Exif {
    /// The fields of a TIFF structure held in memory, as EXIF segments are.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        Tiff::open(Cursor::new(bytes), 0)
            .map(|mut tiff| Self::from_tiff(&mut tiff))
            .unwrap_or_default()
    }

    /// The fields of a TIFF structure: of its first directory and the EXIF
    /// directory that this leads to.
    pub(crate) fn from_tiff<R: Read + Seek>(tiff: &mut Tiff<R>) -> Self {
        let Some(first) = tiff.chain(1).into_iter().next() else {
            return Self::default();
        };
        let exif = tiff
            .number(&first, tag::EXIF)
            .and_then(|at| tiff.directory(at).ok())
            .unwrap_or_default();
        Self::from_directories(tiff, &first, &exif)
    }

    /// The fields of a main and an EXIF directory.
    pub(crate) fn from_directories<R: Read + Seek>(
        tiff: &mut Tiff<R>,
        main: &Directory,
        exif: &Directory,
    ) -> Self {
        let positive = |value: f64| (value.is_finite() && value > 0.0).then_some(value);
        let mut real = |tag| {
            let values = tiff.reals(exif, tag);
            values.first().copied().filter(|value| value.is_finite())
        };
        let exposure = real(tag::EXPOSURE).and_then(positive).or_else(|| {
            // Stored as the logarithm to base 2, negated.
            real(tag::SHUTTER).and_then(|log| positive((-log).exp2()).filter(|s| *s < 1e6))
        });
        let f_number = real(tag::F_NUMBER).and_then(positive).or_else(|| {
            real(tag::APERTURE)
                .and_then(positive)
                .map(|log| (log / 2.0).exp2())
        });
        let bias = real(tag::BIAS);
        let focal = real(tag::FOCAL).and_then(positive);
        // Its numerator of all ones is infinity, which is no distance to step from.
        let distance = real(tag::DISTANCE).and_then(positive).filter(|&d| d < 1e5);
        let focal_35 = real(tag::FOCAL_35).and_then(positive);
        let iso = tiff
            .number(exif, tag::ISO)
            // The 16-bit field is at its stop: the other one says the rest.
            .filter(|&iso| iso > 0 && iso < 0xFFFF)
            .or_else(|| tiff.number(exif, tag::ISO_LONG))
            .filter(|&iso| iso > 0);
        Self {
            orientation: tiff
                .number(main, tag::ORIENTATION)
                .and_then(Orientation::from_exif),
            captured: captured(tiff, main, exif),
            make: tiff.text(main, tag::MAKE),
            model: tiff.text(main, tag::MODEL),
            lens: tiff.text(exif, tag::LENS).or_else(|| {
                let mut range = tiff.reals(exif, tag::LENS_RANGE);
                if range.is_empty() {
                    range = tiff.reals(main, tag::DNG_LENS);
                }
                lens_name(&range)
            }),
            exposure_seconds: exposure,
            f_number,
            iso: iso.and_then(|iso| u32::try_from(iso).ok()),
            focal_length_mm: focal,
            focal_length_35mm: focal_35,
            exposure_bias: bias,
            flash: tiff.number(exif, tag::FLASH).map(|bits| bits & 1 == 1),
            colours: colours(tiff, exif),
            serial: tiff.text(exif, tag::SERIAL),
            auto_bracket: tiff.number(exif, tag::EXPOSURE_MODE).map(|mode| mode == 2),
            subject_distance_m: distance,
            direction_degrees: direction(tiff, main),
        }
    }

    /// The fields of `self`, where they lack those of `other`.
    #[must_use]
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            orientation: self.orientation.or(other.orientation),
            captured: self.captured.or(other.captured),
            make: self.make.or(other.make),
            model: self.model.or(other.model),
            lens: self.lens.or(other.lens),
            exposure_seconds: self.exposure_seconds.or(other.exposure_seconds),
            f_number: self.f_number.or(other.f_number),
            iso: self.iso.or(other.iso),
            focal_length_mm: self.focal_length_mm.or(other.focal_length_mm),
            focal_length_35mm: self.focal_length_35mm.or(other.focal_length_35mm),
            exposure_bias: self.exposure_bias.or(other.exposure_bias),
            flash: self.flash.or(other.flash),
            colours: self.colours.or(other.colours),
            serial: self.serial.or(other.serial),
            auto_bracket: self.auto_bracket.or(other.auto_bracket),
            subject_distance_m: self.subject_distance_m.or(other.subject_distance_m),
            direction_degrees: self.direction_degrees.or(other.direction_degrees),
        }
    }
}

/// When the photo was taken, else digitised, else written.
fn captured<R: Read + Seek>(
    tiff: &mut Tiff<R>,
    main: &Directory,
    exif: &Directory,
) -> Option<Moment> {
    let fraction = tiff.text(exif, tag::FRACTION_TAKEN);
    let zone = tiff
        .text(exif, tag::OFFSET_TAKEN)
        .or_else(|| tiff.text(exif, tag::OFFSET));
    let taken = tiff
        .text(exif, tag::TAKEN)
        .and_then(|text| Moment::parse(&text, fraction.as_deref(), zone.as_deref()));
    taken.or_else(|| {
        [(exif, tag::DIGITISED), (main, tag::DATE)]
            .into_iter()
            .find_map(|(directory, tag)| {
                let text = tiff.text(directory, tag)?;
                Moment::parse(&text, None, None)
            })
    })
}

/// Where the camera looked, which phones and some cameras note with the place.
fn direction<R: Read + Seek>(tiff: &mut Tiff<R>, main: &Directory) -> Option<f64> {
    let at = tiff.number(main, tag::GPS)?;
    let gps = tiff.directory(at).ok()?;
    let degrees = tiff.reals(&gps, tag::DIRECTION).first().copied()?;
    (0.0..=360.0).contains(&degrees).then_some(degrees)
}

/// The colour space: EXIF itself has a number for sRGB alone, and Adobe RGB is
/// known by the name of the interoperability rule. Some cameras have a number
/// of their own for it.
fn colours<R: Read + Seek>(tiff: &mut Tiff<R>, exif: &Directory) -> Option<Colours> {
    match tiff.number(exif, tag::COLOURS)? {
        1 => return Some(Colours::Srgb),
        2 => return Some(Colours::AdobeRgb),
        _ => {}
    }
    let rules = tiff.number(exif, tag::INTEROPERABILITY)?;
    let rules = tiff.directory(rules).ok()?;
    let name = tiff.text(&rules, 1)?;
    (name == "R03").then_some(Colours::AdobeRgb)
}

/// A lens without a name, by its shortest and longest focal length and the
/// f-numbers there: `24-105mm f/4`.
fn lens_name(range: &[f64]) -> Option<String> {
    let &[short, long, wide, ..] = range else {
        return None;
    };
    if !(short.is_finite() && long.is_finite() && short > 0.0 && long >= short) {
        return None;
    }
    let round = |value: f64| (value * 10.0).round() / 10.0;
    let mut name = if long > short {
        format!("{}-{}mm", round(short), round(long))
    } else {
        format!("{}mm", round(short))
    };
    if wide.is_finite() && wide > 0.0 {
        name.push_str(&format!(" f/{}", round(wide)));
    }
    Some(name)
}

#[cfg(test)]
mod tests;
