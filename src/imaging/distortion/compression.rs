//! What codecs leave of a photo.

use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;

use super::planes::Planes;

/// Through a JPEG file of a quality, 1 to 100.
pub(super) fn jpeg(photo: &RgbImage, quality: u8) -> RgbImage {
    let mut file = Vec::new();
    let written = JpegEncoder::new_with_quality(&mut file, quality).encode_image(photo);
    let read =
        written.and_then(|()| image::load_from_memory_with_format(&file, image::ImageFormat::Jpeg));
    match read {
        Ok(read) => read.into_rgb8(),
        Err(error) => {
            // JPEG ends at 65,535 pixels a side; such a photo is left alone.
            tracing::debug!("no JPEG of this photo: {error}");
            photo.clone()
        }
    }
}

/// Levels of the wavelet transform, JPEG 2000's usual number.
const DEPTH: usize = 5;

/// The lifting steps of the 9/7 wavelet (Daubechies and Sweldens, "Factoring
/// wavelet transforms into lifting steps", 1998).
const LIFT: [f32; 4] = [-1.586_134_3, -0.052_980_12, 0.882_911_1, 0.443_506_85];

/// What low-pass coefficients are multiplied by, and high-pass ones divided:
/// so all bands are nearly orthonormal, and one step is right for all.
const GAIN: f32 = 1.149_604_4;

/// Wavelet coefficients quantised with a dead zone and a step (white is 1).
pub(super) fn wavelet(photo: &RgbImage, step: f32) -> RgbImage {
    let mut planes = Planes::luma_chroma(photo);
    let (width, height) = (planes.width, planes.height);
    let quantise = |value: f32| {
        let steps = (value.abs() / step).floor();
        match steps > 0.0 {
            true => (steps + 0.5) * step * value.signum(),
            false => 0.0,
        }
    };
    for channel in &mut planes.channels {
        let mut bands = vec![(width, height)];
        for _ in 1..DEPTH {
            let &(w, h) = bands.last().unwrap_or(&(1, 1));
            bands.push((w.div_ceil(2), h.div_ceil(2)));
        }
        for &(w, h) in &bands {
            transform(channel, width, w, h, forward);
        }
        channel
            .iter_mut()
            .for_each(|value| *value = quantise(*value));
        for &(w, h) in bands.iter().rev() {
            transform(channel, width, w, h, inverse);
        }
    }
    planes.luma_chroma_photo()
}

/// Transforms the corner of `w` x `h` along both sides.
fn transform(plane: &mut [f32], width: usize, w: usize, h: usize, of: fn(&mut [f32])) {
    for row in plane.chunks_exact_mut(width).take(h) {
        if let Some(row) = row.get_mut(..w) {
            of(row);
        }
    }
    let mut column = vec![0f32; h];
    for x in 0..w {
        let places = || (0..h).map(|y| y * width + x);
        for (value, at) in column.iter_mut().zip(places()) {
            *value = plane[at];
        }
        of(&mut column);
        for (value, at) in column.iter().zip(places()) {
            plane[at] = *value;
        }
    }
}

/// Adds to every second value, from `first` on, its neighbours' sum times
/// `factor`; beyond an end the signal is mirrored.
fn lift(signal: &mut [f32], first: usize, factor: f32) {
    let last = signal.len() - 1;
    for i in (first..signal.len()).step_by(2) {
        let before = if i == 0 { 1 } else { i - 1 };
        let after = if i == last { last - 1 } else { i + 1 };
        signal[i] += factor * (signal[before] + signal[after]);
    }
}

/// A signal's low-pass half, then its high-pass half.
fn forward(signal: &mut [f32]) {
    if signal.len() < 2 {
        return;
    }
    for (i, factor) in LIFT.into_iter().enumerate() {
        lift(signal, 1 - i % 2, factor);
    }
    let low = signal.iter().step_by(2).map(|v| v * GAIN);
    let high = signal.iter().skip(1).step_by(2).map(|v| v / GAIN);
    let sorted: Vec<f32> = low.chain(high).collect();
    signal.copy_from_slice(&sorted);
}

fn inverse(signal: &mut [f32]) {
    if signal.len() < 2 {
        return;
    }
    let (low, high) = signal.split_at(signal.len().div_ceil(2));
    let mut mixed = vec![0f32; signal.len()];
    for (i, value) in mixed.iter_mut().enumerate() {
        *value = match i % 2 {
            0 => low[i / 2] / GAIN,
            _ => high[i / 2] * GAIN,
        };
    }
    for (i, factor) in LIFT.into_iter().enumerate().rev() {
        lift(&mut mixed, 1 - i % 2, -factor);
    }
    signal.copy_from_slice(&mixed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transform_is_undone_exactly_and_nearly_keeps_energy() {
        for length in [1, 2, 3, 8, 37, 512] {
            let signal: Vec<f32> = (0..length).map(|i| ((i * i) as f32 * 0.7).sin()).collect();
            let mut there = signal.clone();
            forward(&mut there);
            let energy = |s: &[f32]| s.iter().map(|v| v * v).sum::<f32>();
            if length > 8 {
                let ratio = energy(&there) / energy(&signal);
                assert!((0.85..1.15).contains(&ratio), "{length}: {ratio}");
            }
            inverse(&mut there);
            for (a, b) in signal.iter().zip(&there) {
                assert!((a - b).abs() < 1e-5, "{length}: {a} {b}");
            }
        }
    }

    #[test]
    fn an_even_signal_has_no_details() {
        let mut even = vec![0.5f32; 64];
        forward(&mut even);
        assert!(even[32..].iter().all(|v| v.abs() < 1e-5));
        assert!((even[3] - 0.5 * 2f32.sqrt()).abs() < 1e-3, "{}", even[3]);
    }
}
