//! Filters over one plane. What lies beyond an edge is as the edge.

use rayon::prelude::*;

/// A plane filtered row by row: `row` gets the number of a row and its place.
fn by_rows(width: usize, height: usize, row: impl Fn(usize, &mut [f32]) + Sync) -> Vec<f32> {
    let mut out = vec![0f32; width * height];
    out.par_chunks_mut(width.max(1))
        .enumerate()
        .for_each(|(y, out)| row(y, out));
    out
}

/// A row of a plane; rows beyond the edges are the first and the last.
fn row_of(plane: &[f32], width: usize, height: usize, y: isize) -> &[f32] {
    let y = y.clamp(0, height as isize - 1) as usize;
    &plane[y * width..(y + 1) * width]
}

/// Gaussian blur of a deviation in pixels.
pub(super) fn gaussian(plane: &[f32], width: usize, height: usize, deviation: f32) -> Vec<f32> {
    let reach = (3.0 * deviation).ceil() as isize;
    if reach == 0 || deviation < 0.05 {
        return plane.to_vec();
    }
    let mut weights: Vec<f32> = (-reach..=reach)
        .map(|i| (-0.5 * (i as f32 / deviation).powi(2)).exp())
        .collect();
    let sum: f32 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    let across = by_rows(width, height, |y, out| {
        let row = row_of(plane, width, height, y as isize);
        for (x, out) in out.iter_mut().enumerate() {
            let at = |i: usize| {
                let x = x as isize + i as isize - reach;
                row[x.clamp(0, width as isize - 1) as usize]
            };
            *out = weights.iter().enumerate().map(|(i, w)| w * at(i)).sum();
        }
    });
    by_rows(width, height, |y, out| {
        for (i, weight) in weights.iter().enumerate() {
            let row = row_of(&across, width, height, y as isize + i as isize - reach);
            for (out, value) in out.iter_mut().zip(row) {
                *out += weight * value;
            }
        }
    })
}

/// Mean over a disc of a radius in pixels, its rim cut exactly along rows.
///
/// Every row of the disc is a difference of two running sums, so the cost
/// grows with the radius and not with the area.
pub(super) fn disc(plane: &[f32], width: usize, height: usize, radius: f32) -> Vec<f32> {
    if radius < 0.3 {
        return plane.to_vec();
    }
    // Half the mean chord of each row of pixels that the disc meets.
    const PARTS: usize = 8;
    let reach = (radius + 0.5).floor() as isize;
    let chord = |dy: isize| {
        let half = |part: usize| {
            let y = dy as f32 - 0.5 + (part as f32 + 0.5) / PARTS as f32;
            (radius * radius - y * y).max(0.0).sqrt()
        };
        (0..PARTS).map(half).sum::<f32>() / PARTS as f32
    };
    let chords: Vec<(isize, f64)> = (-reach..=reach)
        .map(|dy| (dy, f64::from(chord(dy))))
        .filter(|(_, half)| *half > 0.0)
        .collect();
    let area: f64 = chords.iter().map(|(_, half)| 2.0 * half).sum();
    let sums: Vec<Vec<f64>> = plane
        .par_chunks(width.max(1))
        .map(|row| {
            let mut sum = 0.0;
            let running = row.iter().map(|&value| {
                sum += f64::from(value);
                sum
            });
            std::iter::once(0.0).chain(running).collect()
        })
        .collect();
    by_rows(width, height, |y, out| {
        let mut totals = vec![0f64; out.len()];
        for &(dy, half) in &chords {
            let y = (y as isize + dy).clamp(0, height as isize - 1) as usize;
            let row = &plane[y * width..(y + 1) * width];
            let sums = &sums[y];
            for (x, total) in totals.iter_mut().enumerate() {
                let middle = x as f64 + 0.5;
                *total += up_to(row, sums, middle + half) - up_to(row, sums, middle - half);
            }
        }
        for (out, total) in out.iter_mut().zip(totals) {
            *out = (total / area) as f32;
        }
    })
}

/// Sum of a row from its start to a place between pixels, beyond its ends too.
fn up_to(row: &[f32], sums: &[f64], place: f64) -> f64 {
    let width = row.len();
    if place <= 0.0 {
        return place * f64::from(row[0]);
    }
    if place >= width as f64 {
        return sums[width] + (place - width as f64) * f64::from(row[width - 1]);
    }
    let whole = place as usize;
    sums[whole] + (place - whole as f64) * f64::from(row[whole])
}

/// A kernel of few points: offsets (x, y) and weights that sum to 1.
#[derive(Debug, Clone)]
pub(super) struct Sparse(Vec<(isize, isize, f32)>);

impl Sparse {
    /// A path's kernel: every place of it counts the same, shared among the
    /// four pixels around it. The path is moved so that its mean is 0.
    pub(super) fn path(places: &[(f32, f32)]) -> Self {
        let count = places.len().max(1) as f32;
        let middle = places
            .iter()
            .fold((0.0, 0.0), |m, p| (m.0 + p.0 / count, m.1 + p.1 / count));
        let mut cells = std::collections::BTreeMap::<(isize, isize), f32>::new();
        for place in places {
            let (x, y) = (place.0 - middle.0, place.1 - middle.1);
            let (left, top) = (x.floor(), y.floor());
            let (u, v) = (x - left, y - top);
            let (left, top) = (left as isize, top as isize);
            let corners = [
                (0, 0, (1.0 - u) * (1.0 - v)),
                (1, 0, u * (1.0 - v)),
                (0, 1, (1.0 - u) * v),
                (1, 1, u * v),
            ];
            for (dx, dy, weight) in corners {
                *cells.entry((top + dy, left + dx)).or_default() += weight / count;
            }
        }
        let cells = cells.into_iter().filter(|(_, weight)| *weight > 1e-5);
        Self(cells.map(|((y, x), weight)| (x, y, weight)).collect())
    }

    /// A plane under the kernel.
    pub(super) fn apply(&self, plane: &[f32], width: usize, height: usize) -> Vec<f32> {
        let last = width as isize - 1;
        by_rows(width, height, |y, out| {
            for &(dx, dy, weight) in &self.0 {
                let row = row_of(plane, width, height, y as isize + dy);
                for (x, out) in out.iter_mut().enumerate() {
                    *out += weight * row[(x as isize + dx).clamp(0, last) as usize];
                }
            }
        })
    }
}

/// Means over a window of 2 `reach` + 1 pixels a side, in which a pixel counts
/// less the further its `guide` is from the middle's (Tomasi and Manduchi,
/// "Bilateral filtering for gray and color images", ICCV 1998).
pub(super) fn bilateral(
    plane: &[f32],
    guide: &[f32],
    (width, height): (usize, usize),
    reach: usize,
    deviation: f32,
) -> Vec<f32> {
    let reach = reach as isize;
    let last = width as isize - 1;
    let spread = -0.5 / (reach as f32 * 0.6).max(0.5).powi(2);
    let fall = 1.0 / (2.0 * deviation * deviation).max(1e-9);
    by_rows(width, height, |y, out| {
        let y = y as isize;
        let own = row_of(guide, width, height, y);
        let mut weights = vec![0f32; width];
        for dy in -reach..=reach {
            let row = row_of(plane, width, height, y + dy);
            let guides = row_of(guide, width, height, y + dy);
            for dx in -reach..=reach {
                let near = ((dx * dx + dy * dy) as f32 * spread).exp();
                for x in 0..width {
                    let there = (x as isize + dx).clamp(0, last) as usize;
                    let apart = guides[there] - own[x];
                    // A rational bell in place of the exponential one: nearly
                    // its shape, at a fraction of its cost.
                    let alike = 1.0 + apart * apart * fall;
                    let weight = near / (alike * alike);
                    weights[x] += weight;
                    out[x] += weight * row[there];
                }
            }
        }
        for (out, weight) in out.iter_mut().zip(weights) {
            *out /= weight;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_keep_even_planes_and_mass() {
        let even = vec![0.4f32; 30 * 20];
        let mut point = vec![0f32; 31 * 31];
        point[15 * 31 + 15] = 1.0;
        let path = Sparse::path(&[(0.0, 0.0), (3.3, 1.0), (5.0, 2.0)]);
        type Filter<'a> = &'a dyn Fn(&[f32], usize, usize) -> Vec<f32>;
        let filters: [Filter<'_>; 4] = [
            &|plane, w, h| gaussian(plane, w, h, 1.7),
            &|plane, w, h| disc(plane, w, h, 4.4),
            &|plane, w, h| path.apply(plane, w, h),
            &|plane, w, h| bilateral(plane, plane, (w, h), 2, 10.0),
        ];
        for filter in filters {
            assert!(filter(&even, 30, 20).iter().all(|v| (v - 0.4).abs() < 1e-5));
            let mass: f32 = filter(&point, 31, 31).iter().sum();
            assert!((mass - 1.0).abs() < 0.02, "{mass}");
        }
    }

    #[test]
    fn a_disc_is_round() {
        let mut point = vec![0f32; 31 * 31];
        point[15 * 31 + 15] = 1.0;
        let blurred = disc(&point, 31, 31, 6.0);
        let at = |x: usize, y: usize| blurred[y * 31 + x];
        for (a, b) in [(at(15 + 5, 15), at(15, 15 + 5)), (at(11, 11), at(19, 19))] {
            assert!((a - b).abs() < 1e-6 && a > 0.008, "{a} {b}");
        }
        assert_eq!(
            (at(15 + 7, 15), at(15, 15 + 7), at(20, 20)),
            (0.0, 0.0, 0.0)
        );
    }
}
