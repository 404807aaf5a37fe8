//! Colour spaces that a file names by code points (ITU-T H.273), as HEIF, AVIF
//! and PNG do; brightness beyond paper white among them.

use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorProfile, MatrixCoefficients, TransferCharacteristics,
};

use super::super::raster::{Channels, Samples, Space};

/// Code point of PQ (SMPTE ST 2084).
const PQ: u16 = 16;
/// Code point of HLG (ARIB STD-B67).
const HLG: u16 = 18;
/// Luminance of paper white in HDR pictures, in candela a square metre (ITU-R
/// BT.2408). What is brighter is clipped, as on a display without HDR.
const WHITE: f32 = 203.0;

/// The code points that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cicp {
    pub primaries: u16,
    pub transfer: u16,
}

impl Cicp {
    /// Whether values tell brightness beyond paper white.
    pub(super) fn is_hdr(self) -> bool {
        matches!(self.transfer, PQ | HLG)
    }

    /// The samples, and the colour space that they are in. HDR samples become
    /// linear, with 1 for paper white.
    pub(super) fn apply(self, samples: Samples, channels: Channels) -> (Samples, Space) {
        if self.is_hdr() {
            return (self.to_linear(samples, channels), self.space(8));
        }
        (samples, self.space(self.transfer))
    }

    /// The colour space with a transfer of choice.
    fn space(self, transfer: u16) -> Space {
        // Video's curves (1, 6, 14, 15) tell how a camera records; what they
        // are shown with is near sRGB's, and all viewers take that.
        let transfer = match transfer {
            0..=2 | 6 | 14 | 15 => 13,
            other => other,
        };
        let primaries = match self.primaries {
            0 | 2 | 3 => 1,
            other => other,
        };
        if (primaries, transfer) == (1, 13) {
            return Space::Unknown;
        }
        let known = u8::try_from(primaries)
            .ok()
            .and_then(|code| CicpColorPrimaries::try_from(code).ok())
            .zip(
                u8::try_from(transfer)
                    .ok()
                    .and_then(|code| TransferCharacteristics::try_from(code).ok()),
            );
        let Some((color_primaries, transfer_characteristics)) = known else {
            return Space::Unknown;
        };
        Space::Profile(Box::new(ColorProfile::new_from_cicp(CicpProfile {
            color_primaries,
            transfer_characteristics,
            matrix_coefficients: MatrixCoefficients::Identity,
            full_range: true,
        })))
    }

    fn to_linear(self, samples: Samples, channels: Channels) -> Samples {
        let mut values: Vec<f32> = match samples {
            Samples::U8(samples) => samples.iter().map(|&s| f32::from(s) / 255.0).collect(),
            Samples::U16(samples) => samples.iter().map(|&s| f32::from(s) / 65535.0).collect(),
            Samples::F32(samples) => samples,
        };
        let count = channels.count();
        let colours = count - usize::from(channels.has_alpha());
        for pixel in values.chunks_exact_mut(count) {
            let colour = pixel.get_mut(..colours).unwrap_or_default();
            if self.transfer == PQ {
                colour
                    .iter_mut()
                    .for_each(|value| *value = pq(*value) / WHITE);
            } else {
                hlg(colour);
            }
        }
        Samples::F32(values)
    }
}

/// Luminance by PQ's curve, in candela a square metre (SMPTE ST 2084).
fn pq(signal: f32) -> f32 {
    const M1: f32 = 2610.0 / 16384.0;
    const M2: f32 = 2523.0 / 4096.0 * 128.0;
    const C1: f32 = 3424.0 / 4096.0;
    const C2: f32 = 2413.0 / 4096.0 * 32.0;
    const C3: f32 = 2392.0 / 4096.0 * 32.0;
    let power = signal.clamp(0.0, 1.0).powf(1.0 / M2);
    10_000.0 * ((power - C1).max(0.0) / (C2 - C3 * power)).powf(1.0 / M1)
}

/// Light relative to paper white by HLG's curve, on a display of 1000 candela a
/// square metre (ITU-R BT.2100).
fn hlg(colour: &mut [f32]) {
    const A: f32 = 0.178_832_77;
    const B: f32 = 1.0 - 4.0 * A;
    const C: f32 = 0.559_910_7;
    const PEAK: f32 = 1000.0;
    /// Shares of red, green and blue in luminance.
    const SHARES: [f32; 3] = [0.2627, 0.6780, 0.0593];
    for value in colour.iter_mut() {
        let signal = value.clamp(0.0, 1.0);
        *value = if signal <= 0.5 {
            signal * signal / 3.0
        } else {
            (((signal - C) / A).exp() + B) / 12.0
        };
    }
    let luminance: f32 = match &*colour {
        [grey] => *grey,
        _ => colour.iter().zip(SHARES).map(|(c, share)| *c * share).sum(),
    };
    let gain = luminance.powf(0.2) * PEAK / WHITE;
    colour.iter_mut().for_each(|value| *value *= gain);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_pass_through_their_known_points() {
        // BT.2408: paper white is 58 % of PQ's range and 75 % of HLG's.
        assert!((pq(0.58) / WHITE - 1.0).abs() < 0.02, "{}", pq(0.58));
        assert!((pq(1.0) - 10_000.0).abs() < 1.0);
        assert!(pq(0.0) < 1e-4);
        let mut white = [0.75; 3];
        hlg(&mut white);
        assert!(white.iter().all(|v| (v - 1.0).abs() < 0.02), "{white:?}");
        let mut peak = [1.0];
        hlg(&mut peak);
        assert!((peak[0] * WHITE - 1000.0).abs() < 2.0, "{peak:?}");
    }

    #[test]
    fn srgb_in_any_words_needs_no_conversion() {
        for (primaries, transfer) in [(1, 13), (2, 2), (1, 1), (1, 6), (999, 13)] {
            let cicp = Cicp {
                primaries,
                transfer,
            };
            let (_, space) = cicp.apply(Samples::U8(vec![1, 2, 3]), Channels::Rgb);
            assert!(matches!(space, Space::Unknown), "{cicp:?}");
        }
    }

    #[test]
    fn alpha_stays_as_it_is() {
        let cicp = Cicp {
            primaries: 9,
            transfer: PQ,
        };
        let samples = Samples::U16(vec![38_000, 38_000, 38_000, 32_768]);
        let (samples, space) = cicp.apply(samples, Channels::Rgba);
        assert!(matches!(space, Space::Profile(_)));
        let Samples::F32(values) = samples else {
            panic!("{samples:?}")
        };
        assert!(
            (values[0] - 1.0).abs() < 0.05 && (values[3] - 0.5).abs() < 1e-3,
            "{values:?}"
        );
    }
}
