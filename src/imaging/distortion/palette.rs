//! A photo in few colours.

use image::imageops::{ColorMap, dither};
use image::{Rgb, RgbImage};

/// Bits of a channel that the histogram tells apart.
const BITS: u32 = 5;

/// Some of a photo's colours: for each its mean and how many pixels have it.
#[derive(Debug, Clone, Default)]
struct Box {
    colours: Vec<([f64; 3], f64)>,
}

impl Box {
    fn count(&self) -> f64 {
        self.colours.iter().map(|(_, count)| count).sum()
    }

    fn mean(&self) -> [f64; 3] {
        let count = self.count().max(1.0);
        let sum = |i: usize| self.colours.iter().map(|(c, n)| c[i] * n).sum::<f64>();
        std::array::from_fn(|i| sum(i) / count)
    }

    /// The channel in which the colours differ most, and their squared
    /// distance from the mean in it.
    fn widest(&self) -> (usize, f64) {
        let mean = self.mean();
        let spread = |i: usize| {
            let squares = self
                .colours
                .iter()
                .map(|(c, n)| n * (c[i] - mean[i]).powi(2));
            (i, squares.sum::<f64>())
        };
        let [r, g, b] = [0, 1, 2].map(spread);
        [r, g, b]
            .into_iter()
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or(r)
    }

    /// Cut in two at the mean of the widest channel.
    fn cut(self) -> [Self; 2] {
        let (channel, _) = self.widest();
        let middle = self.mean()[channel];
        let (low, high) = self
            .colours
            .into_iter()
            .partition(|(colour, _)| colour[channel] < middle);
        [Self { colours: low }, Self { colours: high }]
    }
}

/// The colours that a photo is drawn in.
#[derive(Debug)]
struct Palette(Vec<[u8; 3]>);

impl Palette {
    /// At most `most` colours: the box with the largest error is cut until
    /// there are enough.
    fn new(photo: &RgbImage, most: usize) -> Self {
        let mut sums = vec![([0f64; 3], 0f64); 1 << (3 * BITS)];
        for pixel in photo.pixels() {
            let cell = pixel
                .0
                .iter()
                .fold(0, |cell, &v| cell << BITS | usize::from(v) >> (8 - BITS));
            if let Some((sum, count)) = sums.get_mut(cell) {
                for (sum, &value) in sum.iter_mut().zip(&pixel.0) {
                    *sum += f64::from(value);
                }
                *count += 1.0;
            }
        }
        let colours = sums
            .into_iter()
            .filter(|(_, count)| *count > 0.0)
            .map(|(sum, count)| (sum.map(|s| s / count), count))
            .collect();
        let mut boxes = vec![Box { colours }];
        while boxes.len() < most {
            let worst = boxes
                .iter()
                .map(|part| part.widest().1)
                .enumerate()
                .max_by(|a, b| a.1.total_cmp(&b.1));
            match worst {
                Some((worst, error)) if error > 0.0 => {
                    let halves = boxes.swap_remove(worst).cut();
                    boxes.extend(halves.into_iter().filter(|half| !half.colours.is_empty()));
                }
                _ => break,
            }
        }
        let colour = |part: &Box| part.mean().map(|v| v.round() as u8);
        Self(boxes.iter().map(colour).collect())
    }

    fn nearest(&self, colour: &Rgb<u8>) -> (usize, [u8; 3]) {
        let distance = |entry: &[u8; 3]| -> i32 {
            let both = entry.iter().zip(&colour.0);
            both.map(|(&a, &b)| (i32::from(a) - i32::from(b)).pow(2))
                .sum()
        };
        let nearest = self.0.iter().enumerate().min_by_key(|(_, e)| distance(e));
        nearest.map_or((0, colour.0), |(index, entry)| (index, *entry))
    }
}

impl ColorMap for Palette {
    type Color = Rgb<u8>;

    fn index_of(&self, colour: &Rgb<u8>) -> usize {
        self.nearest(colour).0
    }

    fn map_color(&self, colour: &mut Rgb<u8>) {
        colour.0 = self.nearest(colour).1;
    }
}

pub(super) fn reduced(photo: &RgbImage, colours: usize) -> RgbImage {
    let mut reduced = photo.clone();
    let palette = Palette::new(photo, colours);
    match photo.width() {
        // The library's dither looks one pixel to the right.
        0 | 1 => reduced.pixels_mut().for_each(|p| palette.map_color(p)),
        _ => dither(&mut reduced, &palette),
    }
    reduced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colours_are_kept_exactly_and_many_become_few() {
        let few = RgbImage::from_fn(9, 9, |x, y| Rgb([x as u8 / 3 * 80, y as u8 / 3 * 80, 7]));
        assert_eq!(reduced(&few, 16), few);
        let many = RgbImage::from_fn(64, 64, |x, y| Rgb([x as u8 * 4, y as u8 * 4, 99]));
        let reduced = reduced(&many, 8);
        let colours: std::collections::BTreeSet<_> = reduced.pixels().map(|p| p.0).collect();
        assert!((2..=8).contains(&colours.len()), "{}", colours.len());
    }
}
