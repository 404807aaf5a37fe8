//! From a camera's colours to sRGB, by what a DNG file says of the camera.

use std::io::{Read, Seek};

use crate::metadata::ifd::{Directory, Tiff};

mod tag {
    pub const MATRIX_1: u16 = 0xC621;
    pub const MATRIX_2: u16 = 0xC622;
    pub const NEUTRAL: u16 = 0xC628;
    pub const EXPOSURE: u16 = 0xC62A;
    pub const ILLUMINANT_1: u16 = 0xC65A;
    pub const ILLUMINANT_2: u16 = 0xC65B;
}

/// EXIF's number of daylight at 6500 K.
const D65: u64 = 21;

/// From linear sRGB to XYZ (IEC 61966-2-1), whose white is D65.
const XYZ_OF_SRGB: Matrix = [
    [0.412_391, 0.357_584, 0.180_481],
    [0.212_639, 0.715_169, 0.072_192],
    [0.019_331, 0.119_195, 0.950_532],
];

/// Steps of the curve from light to sRGB: finer than 8 bits at its steepest.
const STEPS: usize = 1 << 14;

type Matrix = [[f64; 3]; 3];

/// A camera's colours, for one photo.
#[derive(Debug)]
pub(super) struct Colour {
    /// What makes grey of what was grey in the photo's light.
    balance: [f32; 3],
    /// From balanced camera colours to linear sRGB, exposure included.
    matrix: [[f32; 3]; 3],
    /// From light, 0 to 1 in [`STEPS`] steps, to sRGB.
    curve: Vec<u8>,
}

impl Colour {
    /// What the directories say; where they are silent, the camera's colours are
    /// taken for sRGB's.
    pub(super) fn of<R: Read + Seek>(tiff: &mut Tiff<R>, directories: &[Directory]) -> Self {
        let mut reals = |tag| {
            let mut found = directories
                .iter()
                .map(|directory| tiff.reals(directory, tag));
            found.find(|reals| !reals.is_empty()).unwrap_or_default()
        };
        let (first, second) = (matrix(&reals(tag::MATRIX_1)), matrix(&reals(tag::MATRIX_2)));
        let lights = [tag::ILLUMINANT_1, tag::ILLUMINANT_2].map(|tag| reals(tag).first().copied());
        // That of daylight, where there is a choice.
        let camera = match lights.map(|light| light == Some(D65 as f64)) {
            [true, false] => first.or(second),
            _ => second.or(first),
        };
        let neutral = reals(tag::NEUTRAL);
        let exposure = reals(tag::EXPOSURE).first().copied().unwrap_or(0.0);
        Self::new(camera, &neutral, exposure)
    }

    fn new(camera: Option<Matrix>, neutral: &[f64], exposure: f64) -> Self {
        // From linear sRGB to the camera's colours.
        let camera = camera.map(|camera| product(&camera, &XYZ_OF_SRGB));
        let neutral = match *neutral {
            [r, g, b] if [r, g, b].iter().all(|n| n.is_finite() && *n > 0.0) => [r, g, b],
            // What the camera makes of daylight.
            _ => match camera {
                Some(camera) => camera.map(|row| row.iter().sum()),
                None => [1.0; 3],
            },
        };
        let most = neutral.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        // None is made darker: what is white in all three colours stays so.
        let balance = neutral.map(|n| if n > 0.0 { most / n } else { 1.0 });
        let matrix = camera.and_then(|camera| {
            // Balanced, what is grey is as much of each.
            let mut balanced = camera;
            for row in &mut balanced {
                let sum: f64 = row.iter().sum();
                row.iter_mut().for_each(|value| *value /= sum);
            }
            inverse(&balanced)
        });
        let identity = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let gain = match exposure.is_finite() {
            true => exposure.clamp(-3.0, 3.0).exp2(),
            false => 1.0,
        };
        Self {
            balance: balance.map(|value| value as f32),
            matrix: matrix
                .unwrap_or(identity)
                .map(|row| row.map(|value| (value * gain) as f32)),
            curve: (0..=STEPS)
                .map(|i| encoded(i as f64 / STEPS as f64))
                .collect(),
        }
    }

    /// sRGB of what the sensor measured, 1 at its white level.
    pub(super) fn srgb(&self, camera: [f32; 3]) -> [u8; 3] {
        let [r, g, b] = camera;
        let [of_r, of_g, of_b] = self.balance;
        // Beyond its white level a sensor tells no colour.
        let [r, g, b] = [r * of_r, g * of_g, b * of_b].map(|value| value.clamp(0.0, 1.0));
        self.matrix.map(|[x, y, z]| {
            let light = (x * r + y * g + z * b).clamp(0.0, 1.0);
            let step = (light * STEPS as f32).round() as usize;
            self.curve.get(step).copied().unwrap_or(u8::MAX)
        })
    }
}

/// The curve of sRGB.
fn encoded(light: f64) -> u8 {
    let value = match light {
        ..=0.003_130_8 => 12.92 * light,
        _ => 1.055 * light.powf(1.0 / 2.4) - 0.055,
    };
    (value * 255.0).round() as u8
}

fn matrix(reals: &[f64]) -> Option<Matrix> {
    let rows: Vec<[f64; 3]> = reals
        .chunks_exact(3)
        .filter_map(|row| row.first_chunk().copied())
        .collect();
    let matrix: Matrix = rows.try_into().ok()?;
    let usable = matrix.iter().flatten().all(|value| value.is_finite());
    (usable && inverse(&matrix).is_some()).then_some(matrix)
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    let [x, y, z] = b;
    a.map(|[p, q, r]| {
        let mut row = [0.0; 3];
        for (value, ((x, y), z)) in row.iter_mut().zip(x.iter().zip(y).zip(z)) {
            *value = p * x + q * y + r * z;
        }
        row
    })
}

fn inverse(m: &Matrix) -> Option<Matrix> {
    let [[a, b, c], [d, e, f], [g, h, i]] = *m;
    let cofactors = [
        [e * i - f * h, c * h - b * i, b * f - c * e],
        [f * g - d * i, a * i - c * g, c * d - a * f],
        [d * h - e * g, b * g - a * h, a * e - b * d],
    ];
    let [[p, ..], [q, ..], [r, ..]] = cofactors;
    let determinant = a * p + b * q + c * r;
    let usable = determinant.is_finite() && determinant.abs() > 1e-9;
    usable.then(|| cofactors.map(|row| row.map(|value| value / determinant)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some camera's matrix for daylight.
    const CAMERA: Matrix = [
        [0.7034, -0.0804, -0.1014],
        [-0.4420, 1.2564, 0.2058],
        [-0.0851, 0.1994, 0.5758],
    ];

    #[test]
    fn grey_stays_grey_and_white_white() {
        for camera in [None, Some(CAMERA)] {
            let neutral = [0.48, 1.0, 0.62];
            let colour = Colour::new(camera, &neutral, 0.0);
            for light in [0.1, 0.5, 0.9] {
                let [r, g, b] = colour.srgb(neutral.map(|n| (n * light) as f32));
                assert!(r.abs_diff(g) <= 1 && g.abs_diff(b) <= 1, "{r} {g} {b}");
                assert!(g.abs_diff(encoded(light)) <= 1, "{g}");
            }
            assert_eq!(colour.srgb([1.0; 3]), [255; 3]);
            assert_eq!(colour.srgb([-0.1; 3]), [0; 3]);
        }
    }

    #[test]
    fn colours_come_back_from_the_camera() {
        let to_camera = product(&CAMERA, &XYZ_OF_SRGB);
        let neutral = to_camera.map(|row| row.iter().sum::<f64>());
        let colour = Colour::new(Some(CAMERA), &neutral, 0.0);
        let most = neutral.iter().copied().fold(0.0, f64::max);
        for light in [[0.4, 0.1, 0.1], [0.1, 0.4, 0.2], [0.2, 0.2, 0.5]] {
            let camera = to_camera.map(|row| {
                let sum: f64 = row.iter().zip(light).map(|(a, b)| a * b).sum();
                (sum / most) as f32
            });
            for (got, expected) in colour.srgb(camera).into_iter().zip(light.map(encoded)) {
                assert!(got.abs_diff(expected) <= 1, "{got} {expected}");
            }
        }
    }

    #[test]
    fn exposure_is_stops_and_nonsense_is_left_out() {
        let plain = Colour::new(None, &[], 0.0).srgb([0.2; 3]);
        let brighter = Colour::new(None, &[], 1.0).srgb([0.2; 3]);
        assert_eq!(plain, [encoded(0.2); 3]);
        assert_eq!(brighter, [encoded(0.4); 3]);
        for neutral in [&[0.0, 1.0, 1.0][..], &[f64::NAN, 1.0, 1.0], &[1.0]] {
            let colour = Colour::new(None, neutral, f64::NAN);
            assert_eq!(colour.srgb([0.2; 3]), plain);
        }
        assert_eq!(matrix(&[1.0; 9]), None);
        assert_eq!(matrix(&[1.0; 8]), None);
    }
}
