//! What can be measured of a photo at its own pixels, without a model: how sharp
//! its sharpest area is, whether it was moved, noise, and what is clipped.
//!
//! Sharpness is the width of edges. Across an edge the brightness rises by its
//! height; blurred by a Gaussian of deviation s it rises by `height / (s √(2π))`
//! per pixel at most. Every steep place gives such an s, whatever the photo shows,
//! and the sharpest area is where the steepest fifth of them is narrowest.

use image::RgbImage;
use rayon::prelude::*;

/// Side in pixels of the areas that are looked at one by one.
const AREA: u32 = 128;

/// Levels that brightness rises by per pixel where an edge is taken for one, at
/// least, and how far above the noise that has to be.
const STEEP: f32 = 6.0;
const ABOVE_NOISE: f32 = 4.0;

/// Levels between both sides of an edge, at least.
const HEIGHT: f32 = 30.0;

/// What taking the rise over two pixels adds to the square of an edge's width.
const DIFFERENCE: f32 = 0.6;

/// How far an edge is followed to either side, in pixels.
const FOLLOWED: i32 = 14;

/// Edges that an area needs to be judged, and a photo to be called moved.
const ENOUGH: usize = 24;
const ENOUGH_MOVED: usize = 120;

/// Share of an area's edges that is at most as wide as its sharpness says.
const SHARPEST: f64 = 0.2;

/// Directions that movement is looked for in.
const DIRECTIONS: usize = 8;

/// How much wider edges across the movement are than those along it, at least,
/// and how wide, in pixels.
const MOVED: f32 = 2.0;
const MOVED_WIDTH: f32 = 2.2;

/// Value of 255 from which a channel counts as clipped.
pub const LIGHT: u8 = 254;

/// Value of 255 up to which all channels of a black pixel are.
pub const BLACK: u8 = 1;

/// A rectangle of a photo in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// Its left edge.
    pub left: u32,
    /// Its top edge.
    pub top: u32,
    /// Its width.
    pub width: u32,
    /// Its height.
    pub height: u32,
}

/// How wide edges are somewhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sharpness {
    /// Deviation of the Gaussian blur that would make such edges, in pixels: below 0.8
    /// for a photo that is sharp to the pixel.
    pub width: f32,
    /// Where.
    pub area: Area,
}

/// Blur in one direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Motion {
    /// Degrees from the horizontal, 0 to 180, anticlockwise.
    pub angle: f32,
    /// Edges across it, as [`Sharpness::width`].
    pub width: f32,
    /// Edges along it.
    pub least: f32,
}

/// Pixels that hold nothing any more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clipped {
    /// Share of all pixels, 0 to 1.
    pub share: f64,
    /// The area that has most of them; `None` where there is none.
    pub area: Option<Area>,
}

/// What was measured of a photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measures {
    /// The sharpest area; `None` where no area has edges enough.
    pub sharpest: Option<Sharpness>,
    /// Blur in one direction, where there is any.
    pub motion: Option<Motion>,
    /// Deviation of the noise in levels of 255, in what is even.
    pub noise: f32,
    /// Pixels with a channel at its upper end.
    pub lights: Clipped,
    /// Pixels that are black.
    pub darks: Clipped,
}

/// One edge: how wide, and the direction across it.
#[derive(Debug, Clone, Copy)]
struct Edge {
    width: f32,
    direction: usize,
}

/// What one area has.
struct Looked {
    area: Area,
    edges: Vec<Edge>,
    light: u32,
    dark: u32,
}

/// Measures a photo, upright 8-bit sRGB, at its own pixels: takes time in
/// proportion to its pixels.
pub fn measure(image: &RgbImage) -> Measures {
    let luma = Luma::of(image);
    let noise = luma.noise();
    let areas: Vec<Area> = areas(image.width(), image.height());
    let looked: Vec<Looked> = areas
        .into_par_iter()
        .map(|area| {
            let (light, dark) = clipped(image, area);
            Looked {
                edges: luma.edges(area, STEEP.max(ABOVE_NOISE * noise)),
                area,
                light,
                dark,
            }
        })
        .collect();
    let sharpest = looked
        .iter()
        .filter(|it| it.edges.len() >= ENOUGH)
        .map(|it| Sharpness {
            width: quantile(it.edges.iter().map(|edge| edge.width).collect(), SHARPEST),
            area: it.area,
        })
        .min_by(|a, b| a.width.total_cmp(&b.width));
    let pixels = f64::from(image.width()) * f64::from(image.height());
    let of = |count: fn(&Looked) -> u32| {
        let all: f64 = looked.iter().map(|it| f64::from(count(it))).sum();
        let most = looked.iter().max_by_key(|it| count(it));
        Clipped {
            share: all / pixels.max(1.0),
            area: most.filter(|it| count(it) > 0).map(|it| it.area),
        }
    };
    Measures {
        sharpest,
        motion: motion(looked.iter().flat_map(|it| &it.edges)),
        noise,
        lights: of(|it| it.light),
        darks: of(|it| it.dark),
    }
}

/// The areas of a photo of this size.
fn areas(width: u32, height: u32) -> Vec<Area> {
    let starts = |length: u32| (0..length).step_by(AREA as usize);
    starts(height)
        .flat_map(|top| starts(width).map(move |left| (left, top)))
        .map(|(left, top)| Area {
            left,
            top,
            width: AREA.min(width - left),
            height: AREA.min(height - top),
        })
        .collect()
}

/// Pixels of an area with a channel at its end, and black ones.
fn clipped(image: &RgbImage, area: Area) -> (u32, u32) {
    let stride = image.width() as usize * 3;
    let (mut light, mut dark) = (0, 0);
    for y in area.top..area.top + area.height {
        let from = y as usize * stride + area.left as usize * 3;
        let row = image.as_raw().get(from..from + area.width as usize * 3);
        for pixel in row.unwrap_or_default().chunks_exact(3) {
            light += u32::from(pixel.iter().any(|value| *value >= LIGHT));
            dark += u32::from(pixel.iter().all(|value| *value <= BLACK));
        }
    }
    (light, dark)
}

/// The direction across which edges are much wider than across the others.
fn motion<'a>(edges: impl Iterator<Item = &'a Edge>) -> Option<Motion> {
    let mut widths: [Vec<f32>; DIRECTIONS] = Default::default();
    for edge in edges {
        widths[edge.direction].push(edge.width);
    }
    let judged: Vec<(usize, f32)> = widths
        .into_iter()
        .enumerate()
        .filter(|(_, widths)| widths.len() >= ENOUGH_MOVED)
        .map(|(direction, widths)| (direction, quantile(widths, SHARPEST)))
        .collect();
    let widest = judged.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let least = judged.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let moved = widest.1 >= MOVED_WIDTH && widest.1 >= MOVED * least.1;
    moved.then(|| Motion {
        angle: widest.0 as f32 * 180.0 / DIRECTIONS as f32,
        width: widest.1,
        least: least.1,
    })
}

/// The value below which this share of all lies.
fn quantile(mut values: Vec<f32>, share: f64) -> f32 {
    let place = ((values.len().saturating_sub(1)) as f64 * share) as usize;
    match place < values.len() {
        true => *values.select_nth_unstable_by(place, f32::total_cmp).1,
        false => 0.0,
    }
}

/// The brightness of a photo.
struct Luma {
    values: Vec<u8>,
    width: i32,
    height: i32,
}

impl Luma {
    fn of(image: &RgbImage) -> Self {
        let grey = |pixel: &[u8]| match *pixel {
            [r, g, b] => {
                let sum = 2126 * u32::from(r) + 7152 * u32::from(g) + 722 * u32::from(b);
                u8::try_from((sum + 5000) / 10_000).unwrap_or(u8::MAX)
            }
            _ => 0,
        };
        Self {
            values: image.as_raw().par_chunks_exact(3).map(grey).collect(),
            // Sides are bounded far below by what can be decoded.
            width: i32::try_from(image.width()).unwrap_or(0),
            height: i32::try_from(image.height()).unwrap_or(0),
        }
    }

    fn at(&self, x: i32, y: i32) -> f32 {
        let (x, y) = (x.clamp(0, self.width - 1), y.clamp(0, self.height - 1));
        let place = y as usize * self.width as usize + x as usize;
        f32::from(self.values.get(place).copied().unwrap_or(0))
    }

    /// Rise of brightness per pixel, to the right and downwards.
    fn gradient(&self, x: i32, y: i32) -> (f32, f32) {
        let dx = (self.at(x + 1, y) - self.at(x - 1, y)) / 2.0;
        let dy = (self.at(x, y + 1) - self.at(x, y - 1)) / 2.0;
        (dx, dy)
    }

    /// Deviation of the noise (Immerkær, "Fast noise variance estimation", 1996,
    /// which leaves out what is smooth), from the tenth of blocks that have least of
    /// everything else.
    fn noise(&self) -> f32 {
        const BLOCK: i32 = 16;
        let rows: Vec<i32> = (1..self.height - BLOCK).step_by(BLOCK as usize).collect();
        let blocks: Vec<f32> = rows
            .into_par_iter()
            .flat_map_iter(|top| {
                (1..self.width - BLOCK)
                    .step_by(BLOCK as usize)
                    .filter_map(move |left| self.block_noise(left, top, BLOCK))
            })
            .collect();
        quantile(blocks, 0.1)
    }

    /// As [`Luma::noise`], of one block; `None` where it is clipped, which looks
    /// free of noise and is not.
    fn block_noise(&self, left: i32, top: i32, side: i32) -> Option<f32> {
        let mut sum = 0.0;
        for y in top..top + side {
            for x in left..left + side {
                let middle = self.at(x, y);
                if !(4.0..=251.0).contains(&middle) {
                    return None;
                }
                let corners = self.at(x - 1, y - 1)
                    + self.at(x + 1, y - 1)
                    + self.at(x - 1, y + 1)
                    + self.at(x + 1, y + 1);
                let sides =
                    self.at(x, y - 1) + self.at(x, y + 1) + self.at(x - 1, y) + self.at(x + 1, y);
                sum += (corners - 2.0 * sides + 4.0 * middle).abs();
            }
        }
        let mean = sum / (side * side) as f32;
        Some(mean * (std::f32::consts::PI / 2.0).sqrt() / 6.0)
    }

    /// The edges of an area.
    fn edges(&self, area: Area, steep: f32) -> Vec<Edge> {
        let mut edges = Vec::new();
        let (left, top) = (area.left as i32, area.top as i32);
        for y in top.max(1)..(top + area.height as i32).min(self.height - 1) {
            for x in left.max(1)..(left + area.width as i32).min(self.width - 1) {
                let (dx, dy) = self.gradient(x, y);
                let rise = dx.hypot(dy);
                if rise < steep {
                    continue;
                }
                let across = (dx / rise, dy / rise);
                // Only where it is steepest across the edge.
                let beside = |sign: f32| {
                    let (bx, by) = self.gradient(
                        x + (sign * across.0).round() as i32,
                        y + (sign * across.1).round() as i32,
                    );
                    bx.hypot(by)
                };
                if beside(1.0) > rise || beside(-1.0) >= rise {
                    continue;
                }
                let height = self.follow(x, y, across, 1.0) - self.follow(x, y, across, -1.0);
                if height < HEIGHT {
                    continue;
                }
                let angle = f32::atan2(-across.1, across.0)
                    .to_degrees()
                    .rem_euclid(180.0);
                let direction = (angle * DIRECTIONS as f32 / 180.0).round() as usize % DIRECTIONS;
                let seen = height / rise / (2.0 * std::f32::consts::PI).sqrt();
                edges.push(Edge {
                    width: (seen * seen - DIFFERENCE).max(0.0).sqrt(),
                    direction,
                });
            }
        }
        edges
    }

    /// The brightness where an edge ends, up (`sign` 1) or down (-1).
    fn follow(&self, x: i32, y: i32, across: (f32, f32), sign: f32) -> f32 {
        let mut last = self.at(x, y);
        for step in 1..=FOLLOWED {
            let along = sign * step as f32;
            let value = self.between(x as f32 + along * across.0, y as f32 + along * across.1);
            // A little back is noise and not the other side.
            if (value - last) * sign < -1.0 {
                break;
            }
            last = match sign > 0.0 {
                true => last.max(value),
                false => last.min(value),
            };
        }
        last
    }

    /// The brightness between pixels.
    fn between(&self, x: f32, y: f32) -> f32 {
        let (left, top) = (x.floor(), y.floor());
        let (fx, fy) = (x - left, y - top);
        let (left, top) = (left as i32, top as i32);
        let above = self.at(left, top) * (1.0 - fx) + self.at(left + 1, top) * fx;
        let below = self.at(left, top + 1) * (1.0 - fx) + self.at(left + 1, top + 1) * fx;
        above * (1.0 - fy) + below * fy
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    /// Dark and light squares, blurred by a Gaussian of these deviations.
    fn squares(across: f32, down: f32) -> RgbImage {
        let side = 384;
        let shade = |at: u32, blur: f32| -> f32 {
            // A square wave of 48 pixels, its edges blurred: at one edge the value
            // of the normal distribution.
            let phase = (at as f32 + 0.5) % 96.0;
            let edge = |place: f32| {
                let t = (phase - place) / blur;
                1.0 / (1.0 + (-1.702 * t).exp())
            };
            edge(24.0) - edge(72.0)
        };
        RgbImage::from_fn(side, side, |x, y| {
            let value = shade(x, across) * shade(y, down);
            Rgb([(40.0 + 170.0 * value).round() as u8; 3])
        })
    }

    #[test]
    fn edges_are_as_wide_as_they_were_made() {
        for blur in [0.8_f32, 1.5, 3.0] {
            let found = measure(&squares(blur, blur)).sharpest.unwrap().width;
            let ratio = found / blur;
            assert!((0.75..1.3).contains(&ratio), "{blur}: {found}");
        }
    }

    #[test]
    fn the_sharpest_area_is_found() {
        let mut image = squares(4.0, 4.0);
        let sharp = squares(0.7, 0.7);
        for y in 128..256 {
            for x in 256..384 {
                image.put_pixel(x, y, *sharp.get_pixel(x, y));
            }
        }
        let found = measure(&image).sharpest.unwrap();
        assert_eq!((found.area.left, found.area.top), (256, 128));
        assert!(found.width < 1.0, "{found:?}");
    }

    #[test]
    fn movement_has_its_direction() {
        let still = measure(&squares(1.0, 1.0));
        assert_eq!(still.motion, None);
        let sideways = measure(&squares(5.0, 0.8)).motion.unwrap();
        assert_eq!(sideways.angle, 0.0);
        let up = measure(&squares(0.8, 5.0)).motion.unwrap();
        assert_eq!(up.angle, 90.0);
        // Out of focus is not moved.
        assert_eq!(measure(&squares(4.0, 4.0)).motion, None);
    }

    #[test]
    fn noise_is_found_and_not_taken_for_edges() {
        for deviation in [2.0_f32, 6.0] {
            let mut state = 7_u32;
            let mut uniform = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 24) as f32
            };
            let image = RgbImage::from_fn(256, 256, |_, _| {
                // The sum of twelve is all but normal.
                let normal: f32 = (0..12).map(|_| uniform()).sum::<f32>() - 6.0;
                let value = 128.0 + deviation * normal;
                Rgb([value.round().clamp(0.0, 255.0) as u8; 3])
            });
            let measures = measure(&image);
            let ratio = measures.noise / deviation;
            // Of the blocks' spread the lower end is taken.
            assert!((0.8..1.1).contains(&ratio), "{}", measures.noise);
            assert_eq!(measures.sharpest, None);
        }
    }

    #[test]
    fn what_is_clipped_is_counted() {
        let image = RgbImage::from_fn(200, 100, |x, y| match (x, y) {
            (150.., 0..20) => Rgb([255, 180, 90]),
            (..10, _) => Rgb([0, 1, 0]),
            _ => Rgb([90; 3]),
        });
        let measures = measure(&image);
        assert_eq!(measures.lights.share, 50.0 * 20.0 / 20_000.0);
        assert_eq!(measures.darks.share, 10.0 * 100.0 / 20_000.0);
        assert_eq!(measures.lights.area.map(|it| it.left), Some(128));
        assert_eq!(measures.darks.area.map(|it| it.left), Some(0));
    }

    #[test]
    fn the_smallest_photos_can_be_measured() {
        for side in [1, 2, 17] {
            let measures = measure(&RgbImage::new(side, side));
            assert_eq!((measures.sharpest, measures.darks.share), (None, 1.0));
        }
    }
}
