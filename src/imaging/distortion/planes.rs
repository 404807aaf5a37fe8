//! Pixels as numbers, and the spaces that distortions are computed in.

use image::{Rgb, RgbImage};

/// Three planes of numbers, row-major; what they stand for is its user's.
#[derive(Debug, Clone)]
pub(super) struct Planes {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) channels: [Vec<f32>; 3],
}

impl Planes {
    /// A photo's pixels, each turned into three numbers.
    pub(super) fn new(photo: &RgbImage, of: impl Fn([u8; 3]) -> [f32; 3]) -> Self {
        let (width, height) = photo.dimensions();
        let mut channels = [(); 3].map(|()| Vec::with_capacity((width * height) as usize));
        for pixel in photo.pixels() {
            for (channel, value) in channels.iter_mut().zip(of(pixel.0)) {
                channel.push(value);
            }
        }
        Self {
            width: width as usize,
            height: height as usize,
            channels,
        }
    }

    /// The coded values as they are, 0 to 1.
    pub(super) fn coded(photo: &RgbImage) -> Self {
        Self::new(photo, |pixel| pixel.map(|byte| f32::from(byte) / 255.0))
    }

    /// Linear light, 0 to 1.
    pub(super) fn linear(photo: &RgbImage) -> Self {
        let table = light();
        Self::new(photo, |pixel| pixel.map(|byte| table[usize::from(byte)]))
    }

    /// CIELAB under D65: L 0 to 100.
    pub(super) fn lab(photo: &RgbImage) -> Self {
        let table = light();
        Self::new(photo, |pixel| {
            lab(pixel.map(|byte| table[usize::from(byte)]))
        })
    }

    /// Luma and chroma of BT.601, as in JPEG: 0 to 1, and -0.5 to 0.5.
    pub(super) fn luma_chroma(photo: &RgbImage) -> Self {
        Self::new(photo, |pixel| {
            let [r, g, b] = pixel.map(|byte| f32::from(byte) / 255.0);
            let y = 0.299 * r + 0.587 * g + 0.114 * b;
            [y, (b - y) / 1.772, (r - y) / 1.402]
        })
    }

    /// The photo whose pixels `to` makes of the numbers, in coded values.
    pub(super) fn photo(&self, to: impl Fn([f32; 3]) -> [f32; 3]) -> RgbImage {
        let [a, b, c] = &self.channels;
        let mut values = a.iter().zip(b).zip(c);
        RgbImage::from_fn(self.width as u32, self.height as u32, |_, _| {
            let pixel = values.next().map_or([0.0; 3], |((&a, &b), &c)| [a, b, c]);
            Rgb(to(pixel).map(byte))
        })
    }

    pub(super) fn coded_photo(&self) -> RgbImage {
        self.photo(|pixel| pixel)
    }

    pub(super) fn linear_photo(&self) -> RgbImage {
        self.photo(|pixel| pixel.map(code))
    }

    pub(super) fn lab_photo(&self) -> RgbImage {
        self.photo(|pixel| of_lab(pixel).map(code))
    }

    pub(super) fn luma_chroma_photo(&self) -> RgbImage {
        self.photo(|[y, cb, cr]| {
            let (r, b) = (y + 1.402 * cr, y + 1.772 * cb);
            [r, (y - 0.299 * r - 0.114 * b) / 0.587, b]
        })
    }

    /// Every number changed.
    pub(super) fn map(mut self, change: impl Fn(f32) -> f32) -> Self {
        for channel in &mut self.channels {
            channel.iter_mut().for_each(|value| *value = change(*value));
        }
        self
    }
}

/// A coded value as a byte.
fn byte(value: f32) -> u8 {
    (value * 255.0).round().clamp(0.0, 255.0) as u8
}

/// Linear light of every byte (IEC 61966-2-1).
fn light() -> [f32; 256] {
    std::array::from_fn(|byte| {
        let value = byte as f32 / 255.0;
        match value <= 0.040_45 {
            true => value / 12.92,
            false => ((value + 0.055) / 1.055).powf(2.4),
        }
    })
}

/// Linear light as a coded value.
pub(super) fn code(light: f32) -> f32 {
    let light = light.clamp(0.0, 1.0);
    match light <= 0.003_130_8 {
        true => light * 12.92,
        false => 1.055 * light.powf(1.0 / 2.4) - 0.055,
    }
}

/// Luminance of linear light.
pub(super) fn luminance([r, g, b]: [f32; 3]) -> f32 {
    0.212_6 * r + 0.715_2 * g + 0.072_2 * b
}

/// D65.
const WHITE: [f32; 3] = [0.950_47, 1.0, 1.088_83];

fn lab([r, g, b]: [f32; 3]) -> [f32; 3] {
    let xyz = [
        0.412_4 * r + 0.357_6 * g + 0.180_5 * b,
        luminance([r, g, b]),
        0.019_3 * r + 0.119_2 * g + 0.950_5 * b,
    ];
    let root = |value: f32| match value > 0.008_856 {
        true => value.cbrt(),
        false => 7.787 * value + 16.0 / 116.0,
    };
    let [x, y, z] = std::array::from_fn(|i| root(xyz[i] / WHITE[i]));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn of_lab([l, a, b]: [f32; 3]) -> [f32; 3] {
    let y = (l + 16.0) / 116.0;
    let cube = |value: f32| match value > 0.206_893 {
        true => value.powi(3),
        false => (value - 16.0 / 116.0) / 7.787,
    };
    let [wx, wy, wz] = WHITE;
    let (x, y, z) = (
        wx * cube(y + a / 500.0),
        wy * cube(y),
        wz * cube(y - b / 200.0),
    );
    [
        3.240_6 * x - 1.537_2 * y - 0.498_6 * z,
        -0.968_9 * x + 1.875_8 * y + 0.041_5 * z,
        0.055_7 * x - 0.204 * y + 1.057 * z,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_space_gives_the_photo_back() {
        let photo = RgbImage::from_fn(16, 16, |x, y| Rgb([x as u8 * 17, y as u8 * 17, 90]));
        let near = |back: RgbImage| {
            let both = photo.as_raw().iter().zip(back.as_raw());
            both.map(|(a, b)| a.abs_diff(*b)).max()
        };
        assert_eq!(near(Planes::coded(&photo).coded_photo()), Some(0));
        assert_eq!(near(Planes::linear(&photo).linear_photo()), Some(0));
        assert!(near(Planes::lab(&photo).lab_photo()) <= Some(1));
        assert!(near(Planes::luma_chroma(&photo).luma_chroma_photo()) <= Some(1));
    }

    #[test]
    fn white_is_white_in_lab() {
        let white = RgbImage::from_pixel(1, 1, Rgb([255; 3]));
        let [l, a, b] = Planes::lab(&white).channels.map(|channel| channel[0]);
        assert!(
            (l - 100.0).abs() < 0.1 && a.abs() < 0.1 && b.abs() < 0.1,
            "{l} {a} {b}"
        );
    }
}
