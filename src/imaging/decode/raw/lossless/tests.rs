use std::time::Duration;

use super::*;

fn deadline() -> Deadline {
    Deadline::start(Duration::from_secs(60))
}

/// A lossless JPEG of these samples, as annex H has it.
fn encoded(
    samples: &[u16],
    (width, height, n): (usize, usize, usize),
    (precision, predictor): (u32, u8),
    interval: usize,
) -> Vec<u8> {
    let mut out = vec![0xFF, 0xD8, 0xFF, 0xC3];
    out.extend((8 + 3 * n as u16).to_be_bytes());
    out.push(precision as u8);
    out.extend((height as u16).to_be_bytes());
    out.extend((width as u16).to_be_bytes());
    out.push(n as u8);
    for id in 1..=n as u8 {
        out.extend([id, 0x11, 0]);
    }
    // 17 codes of 5 bits.
    out.extend([0xFF, 0xC4, 0, 2 + 17 + 17, 0]);
    out.extend([0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    out.extend(0..17);
    if interval > 0 {
        out.extend([0xFF, 0xDD, 0, 4]);
        out.extend(((interval * width) as u16).to_be_bytes());
    }
    out.extend([0xFF, 0xDA]);
    out.extend((6 + 2 * n as u16).to_be_bytes());
    out.push(n as u8);
    for id in 1..=n as u8 {
        out.extend([id, 0]);
    }
    out.extend([predictor, 0, 0]);
    let (mut hold, mut count) = (0_u64, 0);
    let mut put = |out: &mut Vec<u8>, value: u64, bits: u32, end: bool| {
        hold = hold << bits | value;
        count += bits;
        while count >= 8 || (end && count > 0) {
            let byte = match count >= 8 {
                true => (hold >> (count - 8)) as u8,
                false => (hold << (8 - count)) as u8 | (0xFF >> count),
            };
            count = count.saturating_sub(8);
            hold &= (1 << count) - 1;
            out.push(byte);
            if byte == 0xFF {
                out.push(0);
            }
        }
    };
    let at = |x: usize, y: usize, c: usize| i32::from(samples[(y * width + x) * n + c]);
    for y in 0..height {
        let restarts = interval > 0 && y % interval == 0;
        if restarts && y > 0 {
            put(&mut out, 0, 0, true);
            out.extend([0xFF, 0xD0 + ((y / interval - 1) % 8) as u8]);
        }
        for x in 0..width {
            for c in 0..n {
                let prediction = match (x, y == 0 || restarts) {
                    (0, true) => 1 << (precision - 1),
                    (_, true) => at(x - 1, y, c),
                    (0, false) => at(x, y - 1, c),
                    _ => predict(
                        predictor,
                        at(x - 1, y, c),
                        at(x, y - 1, c),
                        at(x - 1, y - 1, c),
                    ),
                };
                let wrapped = (at(x, y, c) - prediction) as u16;
                let difference = match wrapped {
                    0x8000 => 32768,
                    wrapped => i32::from(wrapped.cast_signed()),
                };
                let size = 32 - difference.unsigned_abs().leading_zeros();
                put(&mut out, u64::from(size), 5, false);
                if (1..16).contains(&size) {
                    let low = if difference < 0 {
                        difference - 1
                    } else {
                        difference
                    };
                    let mask = (1_u64 << size) - 1;
                    put(&mut out, low as u64 & mask, size, false);
                }
            }
        }
    }
    put(&mut out, 0, 0, true);
    out.extend([0xFF, 0xD9]);
    out
}

/// Noise on a slope, the same every time.
fn noise(count: usize, precision: u32) -> Vec<u16> {
    let mut state = 12345_u32;
    (0..count)
        .map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let mask = (1_u32 << precision) - 1;
            ((i as u32 * 7 + (state >> 20) % 97 + if i % 50 == 0 { state >> 16 } else { 0 }) & mask)
                as u16
        })
        .collect()
}

#[test]
fn every_predictor_and_number_of_components_comes_back() {
    for n in 1..=4 {
        for predictor in 1..=7 {
            for (precision, interval) in [(8, 0), (12, 0), (14, 3), (16, 0)] {
                let size = (23, 17, n);
                let samples = noise(23 * 17 * n, precision);
                let bytes = encoded(&samples, size, (precision, predictor), interval);
                let decoded = decode(&bytes, samples.len(), deadline()).unwrap();
                assert!(decoded == samples, "{n} {predictor} {precision} {interval}");
            }
        }
    }
}

#[test]
fn another_decoder_reads_the_same() {
    // It takes no two components.
    for (n, predictor) in [(1, 1), (3, 1), (4, 1), (1, 4), (3, 7)] {
        let samples = noise(31 * 13 * n, 12);
        let bytes = encoded(&samples, (31, 13, n), (12, predictor), 0);
        let other = jpeg_decoder::Decoder::new(&bytes[..]).decode().unwrap();
        let other: Vec<u16> = other
            .chunks_exact(2)
            .map(|two| u16::from_ne_bytes([two[0], two[1]]))
            .collect();
        assert!(other == decode(&bytes, samples.len(), deadline()).unwrap());
    }
}

#[test]
fn what_is_cut_off_or_changed_is_no_picture_and_no_panic() {
    let samples = noise(40 * 30 * 2, 14);
    let bytes = encoded(&samples, (40, 30, 2), (14, 6), 5);
    for length in 0..bytes.len() - 2 {
        assert!(decode(&bytes[..length], samples.len(), deadline()).is_err());
    }
    assert!(decode(&bytes, samples.len() + 1, deadline()).is_err());
    for at in 0..bytes.len() {
        for value in [0, 0x11, 0x7F, 0xFF] {
            let mut changed = bytes.clone();
            changed[at] = value;
            if let Ok(decoded) = decode(&changed, samples.len(), deadline()) {
                assert_eq!(decoded.len(), samples.len());
            }
        }
    }
}
