//! JPEG XL.

use std::io::Read;

use jxl_oxide::image::BitDepth;
use jxl_oxide::{
    AllocTracker, EnumColourEncoding, ExtraChannelType, InitializeResult, JxlImage, JxlThreadPool,
    PixelFormat, RenderingIntent,
};

use super::super::error::Reason;
use super::super::raster::{Channels, Picture, Raster, Samples, Space};
use super::super::source::Source;
use super::failure;
use crate::metadata::Orientation;

/// How much is read at once.
const PART: u64 = 1 << 16;

pub(super) fn decode(source: &mut Source) -> Result<Picture, Reason> {
    let limits = source.limits.clone();
    let most = usize::try_from(limits.bytes).unwrap_or(usize::MAX);
    let mut start = JxlImage::builder()
        // Photos are decoded side by side already.
        .pool(JxlThreadPool::none())
        .alloc_tracker(AllocTracker::with_limit(most))
        .build_uninit();
    let mut feed = Feed::new(source.stream()?);
    let mut image = loop {
        feed.more(|bytes| start.feed_bytes(bytes))?;
        start = match start.try_init().map_err(failure::damaged)? {
            InitializeResult::NeedMoreData(more) => more,
            InitializeResult::Initialized(image) => break image,
        };
    };
    let (width, height) = (image.width(), image.height());
    let format = image.pixel_format();
    // Three float planes and what filters need, the samples, and sRGB.
    let samples = format.channels() as u64 * 2;
    limits.check(width, height, 24 + samples + 6)?;
    let space = colours(&mut image);
    // Later frames of an animation are no part of the photo.
    while image.num_loaded_keyframes() == 0 && !image.is_loading_done() {
        feed.more(|bytes| image.feed_bytes(bytes))?;
    }
    let premultiplied = image.image_header().metadata.ec_info.iter().any(|extra| {
        matches!(
            extra.ty,
            ExtraChannelType::Alpha {
                alpha_associated: true
            }
        )
    });
    let deep = !matches!(
        image.image_header().metadata.bit_depth,
        BitDepth::IntegerSample {
            bits_per_sample: 0..=8
        }
    );
    let render = image.render_frame(0).map_err(failure::damaged)?;
    let channels = match format {
        PixelFormat::Gray => Channels::Grey,
        PixelFormat::Graya => Channels::GreyAlpha,
        PixelFormat::Rgb => Channels::Rgb,
        PixelFormat::Rgba => Channels::Rgba,
        PixelFormat::Cmyk => Channels::Cmyk,
        PixelFormat::Cmyka => return Err(failure::unsupported("ink with transparency")),
    };
    let mut pixels = render.stream();
    if pixels.channels() as usize != channels.count() {
        return Err(failure::damaged("channels that do not fit the colours"));
    }
    let length = width as usize * height as usize * channels.count();
    let (mut samples, filled) = if deep {
        let mut samples = vec![0_u16; length];
        let filled = pixels.write_to_buffer(&mut samples);
        (Samples::U16(samples), filled)
    } else {
        let mut samples = vec![0_u8; length];
        let filled = pixels.write_to_buffer(&mut samples);
        (Samples::U8(samples), filled)
    };
    if filled != length {
        return Err(failure::damaged("not all pixels are there"));
    }
    if channels == Channels::Cmyk {
        invert(&mut samples);
    }
    let raster = Raster {
        width,
        height,
        channels,
        samples,
        premultiplied,
        space,
    };
    // The decoder has turned it.
    Ok(Picture::full(raster, Orientation::Upright))
}

/// The file in parts; what the decoder leaves of one comes before the next.
struct Feed<R> {
    stream: R,
    part: Vec<u8>,
}

impl<R: Read> Feed<R> {
    fn new(stream: R) -> Self {
        Self {
            stream,
            part: Vec::new(),
        }
    }

    /// Gives the next part to `take`, which tells how much it took.
    fn more<E: std::fmt::Display>(
        &mut self,
        take: impl FnOnce(&[u8]) -> Result<usize, E>,
    ) -> Result<(), Reason> {
        let read = (&mut self.stream)
            .take(PART)
            .read_to_end(&mut self.part)
            .map_err(|error| failure::of_io(&error))?;
        if read == 0 {
            return Err(failure::cut_off());
        }
        let taken = take(&self.part).map_err(failure::damaged)?;
        self.part.drain(..taken.min(self.part.len()));
        Ok(())
    }
}

/// Asks for sRGB where the decoder can convert by itself; else the profile is
/// for us.
fn colours(image: &mut JxlImage) -> Space {
    let own_profile = image.original_icc().map(<[u8]>::to_vec);
    let encoded_freely = image.image_header().metadata.xyb_encoded;
    match own_profile {
        Some(profile) if !encoded_freely => Space::Icc(profile),
        _ if image.pixel_format().has_black() => Space::Unknown,
        _ => {
            let intent = RenderingIntent::Relative;
            image.request_color_encoding(if image.pixel_format().is_grayscale() {
                EnumColourEncoding::gray_srgb(intent)
            } else {
                EnumColourEncoding::srgb(intent)
            });
            Space::Unknown
        }
    }
}

/// JPEG XL counts light, not ink.
fn invert(samples: &mut Samples) {
    match samples {
        Samples::U8(samples) => samples.iter_mut().for_each(|sample| *sample = !*sample),
        Samples::U16(samples) => samples.iter_mut().for_each(|sample| *sample = !*sample),
        Samples::F32(samples) => samples
            .iter_mut()
            .for_each(|sample| *sample = 1.0 - *sample),
    }
}
