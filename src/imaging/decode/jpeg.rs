//! JPEG, whole or scaled down while decoding; also the previews inside RAW
//! files.
//!
//! Two decoders share the work. zune-jpeg is the faster one for every pixel.
//! jpeg-decoder can stop its inverse transform at 1/2, 1/4 or 1/8 of the size,
//! which takes about half the time of every pixel and saves most of the resize
//! after it; it knows CMYK, and it reads as it goes, so that progressive photos
//! can be held to their time. What one of them rejects the other is asked.

use std::io::{self, Cursor, Read};

use jpeg_decoder::{ColorTransform, Decoder, PixelFormat};
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::super::error::Reason;
use super::super::limits::{Deadline, Limits};
use super::super::raster::{Channels, Picture, Raster, Samples, Space};
use super::super::source::Source;
use super::{Want, failure};
use crate::metadata::jpeg::{self, Frame, Segments};
use crate::metadata::{Colours, Exif};

/// Scales that a decoder can stop at: one pixel for this many.
const SCALES: [u16; 3] = [8, 4, 2];

pub(super) fn decode(source: &mut Source, want: Want) -> Result<Picture, Reason> {
    let bytes = source.read_all()?;
    from_bytes(&bytes, want, &source.limits, source.deadline)
}

/// Decodes the JPEG in `bytes`.
pub(super) fn from_bytes(
    bytes: &[u8],
    want: Want,
    limits: &Limits,
    deadline: Deadline,
) -> Result<Picture, Reason> {
    let segments =
        jpeg::read(&mut Cursor::new(bytes), 0).map_err(|error| failure::of_io(&error))?;
    let (Some(frame), Some(scan)) = (segments.frame, segments.scan) else {
        return Err(failure::cut_off());
    };
    let jpeg = Jpeg {
        bytes,
        end: jpeg::end_marker(bytes, scan),
        segments: &segments,
        frame,
        limits,
        deadline,
    };
    let mut raster = jpeg.decode(want)?;
    let exif = segments.exif.as_deref().map(Exif::from_bytes);
    let exif = exif.unwrap_or_default();
    raster.space = match &segments.icc {
        Some(profile) => Space::Icc(profile.clone()),
        None if exif.colours == Some(Colours::AdobeRgb) => {
            Space::Profile(Box::new(moxcms::ColorProfile::new_adobe_rgb()))
        }
        None => Space::Unknown,
    };
    Ok(Picture {
        raster,
        size: (u32::from(frame.width), u32::from(frame.height)),
        orientation: exif.orientation.unwrap_or_default(),
        preview: false,
    })
}

/// One JPEG on its way through the decoders.
struct Jpeg<'a> {
    bytes: &'a [u8],
    /// Where its end marker is.
    end: Option<usize>,
    segments: &'a Segments,
    frame: Frame,
    limits: &'a Limits,
    deadline: Deadline,
}

impl Jpeg<'_> {
    fn decode(&self, want: Want) -> Result<Raster, Reason> {
        let Frame {
            width,
            height,
            components,
            precision,
            ..
        } = self.frame;
        let scale = self.scale(want);
        // The components, the picture put together from them, the same in
        // sRGB, and once more turned upright; all coefficients where the
        // scans refine each other.
        let components = u64::from(components);
        let coefficients = if self.frame.progressive() {
            2 * components
        } else {
            0
        };
        let pixels = (2 * components + 6).div_ceil(u64::from(scale).pow(2));
        self.limits
            .check(width.into(), height.into(), pixels + coefficients)?;
        if self.frame.progressive() && self.end.is_none() {
            // Whatever its scans show by now, the ones that refine it lack.
            return Err(failure::cut_off());
        }
        if precision != 8 || self.frame.lossless() {
            return Err(failure::unsupported(format!(
                "JPEG with {precision} bits, {}",
                if self.frame.lossless() {
                    "lossless"
                } else {
                    "lossy"
                }
            )));
        }
        if scale > 1 || self.frame.progressive() || components == 4 || self.is_rgb() {
            either(|| self.scaled(scale), || self.every_pixel())
        } else {
            either(|| self.every_pixel(), || self.scaled(1))
        }
    }

    /// The largest scale that leaves enough pixels.
    fn scale(&self, want: Want) -> u16 {
        let Want::AtLeast(needed) = want else {
            return 1;
        };
        let shorter = self.frame.width.min(self.frame.height);
        SCALES
            .into_iter()
            .find(|scale| u32::from(shorter.div_ceil(*scale)) >= needed)
            .unwrap_or(1)
    }

    /// Whether three components are RGB, by libjpeg's rules: JFIF means YCbCr,
    /// then Adobe's segment counts, then the components' names.
    fn is_rgb(&self) -> bool {
        if self.frame.components != 3 || self.segments.jfif {
            return false;
        }
        match self.segments.adobe {
            Some(transform) => transform == 0,
            None => self.frame.names == *b"RGB",
        }
    }

    /// The data without its end marker.
    fn unmarked(&self) -> &[u8] {
        let end = self.end.unwrap_or(self.bytes.len());
        self.bytes.get(..end).unwrap_or(self.bytes)
    }

    /// By the decoder that can scale.
    fn scaled(&self, scale: u16) -> Result<Raster, Reason> {
        let mut decoder = Decoder::new(Feed::new(self.unmarked(), self.deadline));
        let most = usize::try_from(self.limits.bytes).unwrap_or(usize::MAX);
        decoder.set_max_decoding_buffer_size(most);
        if self.frame.components == 3 {
            decoder.set_color_transform(if self.is_rgb() {
                ColorTransform::RGB
            } else {
                ColorTransform::YCbCr
            });
        }
        let Frame { width, height, .. } = self.frame;
        if scale > 1 {
            let (width, height) = (width.div_ceil(scale), height.div_ceil(scale));
            decoder.scale(width, height).map_err(reason)?;
        }
        let mut samples = decoder.decode().map_err(reason)?;
        let info = decoder
            .info()
            .ok_or_else(|| failure::damaged("no frame header"))?;
        let channels = match info.pixel_format {
            PixelFormat::L8 => Channels::Grey,
            PixelFormat::RGB24 => Channels::Rgb,
            PixelFormat::CMYK32 => {
                // The decoder takes all ink for inverted, as Adobe's is.
                if self.segments.adobe.is_none() {
                    samples.iter_mut().for_each(|sample| *sample = !*sample);
                }
                Channels::Cmyk
            }
            PixelFormat::L16 => return Err(failure::unsupported("JPEG with 16 bits")),
        };
        let (width, height) = (info.width.into(), info.height.into());
        Ok(Raster::plain(width, height, channels, samples))
    }

    /// By the decoder that is faster for all pixels.
    fn every_pixel(&self) -> Result<Raster, Reason> {
        let (width, height) = (u32::from(self.frame.width), u32::from(self.frame.height));
        let (channels, space) = match self.frame.components {
            1 => (Channels::Grey, ColorSpace::Luma),
            _ => (Channels::Rgb, ColorSpace::RGB),
        };
        let options = DecoderOptions::default()
            // Missing data would be made up in grey otherwise.
            .set_strict_mode(true)
            .set_max_width(usize::from(u16::MAX))
            .set_max_height(usize::from(u16::MAX))
            .jpeg_set_out_colorspace(space);
        // At an end marker it would take what lacks for grey, but not at the
        // end of the data.
        let data = ZCursor::new(self.unmarked());
        let mut decoder = JpegDecoder::new_with_options(data, options);
        let samples = decoder.decode().map_err(|error| match error {
            DecodeErrors::Unsupported(what) => failure::unsupported(format!("{what:?}")),
            DecodeErrors::ExhaustedData => failure::cut_off(),
            error => failure::damaged(one_line(&format!("{error:?}"))),
        })?;
        let expected = width as usize * height as usize * channels.count();
        if samples.len() != expected {
            return Err(failure::damaged("not all pixels are there"));
        }
        Ok(Raster {
            samples: Samples::U8(samples),
            ..Raster::plain(width, height, channels, Vec::new())
        })
    }
}

/// The first decoder's picture, else the second's; where both fail the first
/// one's reason, unless the second one's is about the data and the first one's
/// about itself.
fn either(
    first: impl FnOnce() -> Result<Raster, Reason>,
    second: impl FnOnce() -> Result<Raster, Reason>,
) -> Result<Raster, Reason> {
    first().or_else(|reason| {
        tracing::debug!("the first JPEG decoder: {reason}");
        second().map_err(|other| match (&reason, &other) {
            (Reason::Unsupported(_), Reason::Damaged(_)) => other,
            _ => reason,
        })
    })
}

fn reason(error: jpeg_decoder::Error) -> Reason {
    use jpeg_decoder::Error;
    match error {
        Error::Format(what) if what == Feed::CUT_OFF => failure::cut_off(),
        Error::Format(what) => failure::damaged(what),
        Error::Unsupported(what) => failure::unsupported(format!("{what:?}")),
        Error::Io(error) => failure::of_io(&error),
        Error::Internal(error) => failure::damaged(error),
    }
}

fn one_line(text: &str) -> String {
    let text = text.trim_matches('"');
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The data of a JPEG for jpeg-decoder, without its end marker, and behind it
/// what tells a complete picture from one that is cut off.
///
/// A decoder that meets the end marker before the picture is complete takes the
/// rest for zeros and says nothing. So the marker comes later: first zeros, as
/// many as a decoder reads ahead, then `FF FF 00`, then the marker. Behind a
/// complete picture all that is padding between segments. In the middle of a
/// picture `FF FF 00` is a fill byte before a stuffed byte, which cannot be,
/// and the decoder says so.
struct Feed<'a> {
    /// What is to be read, the part at hand first.
    parts: [&'a [u8]; 2],
    rest: &'a [u8],
    deadline: Deadline,
}

impl<'a> Feed<'a> {
    /// jpeg-decoder's words for it.
    const CUT_OFF: &'static str = "FF 00 found where marker was expected";
    const TAIL: [u8; 21] = [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0x00, 0xFF, 0xD9,
    ];
    /// How much is read between two looks at the clock.
    const PART: usize = 1 << 14;

    fn new(data: &'a [u8], deadline: Deadline) -> Self {
        Self {
            parts: [&[], &Self::TAIL],
            rest: data,
            deadline,
        }
    }

    #[cold]
    fn refill(&mut self) -> io::Result<()> {
        self.deadline
            .check()
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
        let [part, tail] = &mut self.parts;
        if self.rest.is_empty() {
            *part = std::mem::take(tail);
        } else {
            (*part, self.rest) = self.rest.split_at(self.rest.len().min(Self::PART));
        }
        Ok(())
    }
}

impl Read for Feed<'_> {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.parts[0].is_empty() {
            self.refill()?;
        }
        self.parts[0].read(buffer)
    }
}
