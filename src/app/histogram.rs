//! How the tones of a picture are spread.

use image::RgbImage;

/// Bins from black to white.
pub const BINS: usize = 64;

/// How many pixels there are of each tone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    /// Of the luminance (Rec. 709, of the values as they are stored).
    pub luminance: [u32; BINS],
    /// Of red, green and blue.
    pub channels: [[u32; BINS]; 3],
}

impl Histogram {
    /// Of all pixels of a picture.
    pub fn of(picture: &RgbImage) -> Self {
        Self::of_pixels(picture.pixels().map(|pixel| pixel.0))
    }

    /// Of these pixels.
    pub fn of_pixels(pixels: impl Iterator<Item = [u8; 3]>) -> Self {
        let mut histogram = Self {
            luminance: [0; BINS],
            channels: [[0; BINS]; 3],
        };
        let count = |bins: &mut [u32; BINS], value: u8| {
            // Four tones to a bin: no value is beyond the last.
            if let Some(bin) = bins.get_mut(usize::from(value) * BINS / 256) {
                *bin += 1;
            }
        };
        for [red, green, blue] in pixels {
            let weighted = 2126 * u32::from(red) + 7152 * u32::from(green) + 722 * u32::from(blue);
            let luminance = u8::try_from(weighted / 10_000).unwrap_or(u8::MAX);
            count(&mut histogram.luminance, luminance);
            let [reds, greens, blues] = &mut histogram.channels;
            count(reds, red);
            count(greens, green);
            count(blues, blue);
        }
        histogram
    }

    /// The height that curves are drawn up to: that of the highest bin between
    /// black and white, which often stand far above all others.
    pub fn height(&self) -> u32 {
        let curves = self.channels.iter().chain([&self.luminance]);
        let inner = curves.flat_map(|bins| bins.iter().skip(1).take(BINS - 2));
        let highest = inner.copied().max().unwrap_or(0);
        let all = self.channels.iter().chain([&self.luminance]).flatten();
        match highest {
            0 => all.copied().max().unwrap_or(0).max(1),
            highest => highest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_is_counted_in_its_bin() {
        let pixels = [[0, 0, 0], [255, 255, 255], [255, 0, 0], [3, 4, 252]];
        let histogram = Histogram::of_pixels(pixels.into_iter());
        let [red, green, blue] = histogram.channels;
        assert_eq!((red[0], red[63]), (2, 2));
        assert_eq!((green[0], green[1], green[63]), (2, 1, 1));
        assert_eq!((blue[0], blue[63]), (2, 2));
        // 0.2126 of white is 54.
        assert_eq!(histogram.luminance[13], 1);
        assert_eq!(histogram.luminance.iter().sum::<u32>(), 4);
    }

    #[test]
    fn black_and_white_do_not_press_the_rest_down() {
        let grey = |level: u8, count: usize| std::iter::repeat_n([level; 3], count);
        let histogram = Histogram::of_pixels(grey(0, 900).chain(grey(100, 10)));
        assert_eq!(histogram.height(), 10);
        assert_eq!(Histogram::of_pixels(grey(0, 7)).height(), 7);
    }
}
