//! Lossless JPEG (ITU-T T.81, annex H), as it holds sensor data in DNG files:
//! Huffman coding, 2 to 16 bits, up to four components that are coded together.
//!
//! jpeg-decoder reads one, three and four components; most cameras and
//! converters write two.

use super::super::super::error::Reason;
use super::super::super::limits::Deadline;
use super::super::failure::{cut_off, damaged, unsupported};

/// Components of a pixel at most.
const MOST: usize = 4;

mod marker {
    pub const START: u8 = 0xD8;
    pub const END: u8 = 0xD9;
    pub const FRAME: u8 = 0xC3;
    pub const TABLES: u8 = 0xC4;
    pub const SCAN: u8 = 0xDA;
    pub const INTERVAL: u8 = 0xDD;
}

/// What the head of the picture says.
#[derive(Debug, Clone, Default)]
struct Frame {
    precision: u32,
    width: usize,
    height: usize,
    components: Vec<u8>,
}

/// What the head of the scan says.
#[derive(Debug)]
struct Scan {
    /// Of each component the number of its table.
    tables: Vec<usize>,
    predictor: u8,
    shift: u32,
}

/// A Huffman table, by the next 16 bits: the code's length times 256, and its
/// value; 0 where there is no such code.
type Table = Vec<u16>;

/// The first `count` samples of a lossless JPEG in their order, components
/// side by side. `bytes` may go on behind it.
///
/// # Errors
/// Where it is damaged, cut off, of a kind that no camera writes, or has fewer
/// samples.
pub(super) fn decode(bytes: &[u8], count: usize, deadline: Deadline) -> Result<Vec<u16>, Reason> {
    let mut tables: [Option<Table>; MOST] = Default::default();
    let (mut frame, mut interval) = (None, 0);
    let mut at = 2;
    if bytes.get(..2) != Some(&[0xFF, marker::START]) {
        return Err(damaged("no lossless JPEG where there should be one"));
    }
    loop {
        let kind = match bytes.get(at..at + 2) {
            // Any number of them may come before a marker.
            Some([0xFF, 0xFF]) => {
                at += 1;
                continue;
            }
            Some([0xFF, kind]) => *kind,
            Some(_) => return Err(damaged("a lossless JPEG without a marker")),
            None => return Err(cut_off()),
        };
        let length = bytes.get(at + 2..at + 4).ok_or_else(cut_off)?;
        let length = usize::from(u16_of(length));
        let start = at + 4;
        at += 2 + length.max(2);
        let content = bytes.get(start..at).ok_or_else(cut_off)?;
        match kind {
            marker::FRAME => frame = Some(Frame::parse(content)?),
            marker::TABLES => read_tables(content, &mut tables)?,
            marker::INTERVAL => interval = usize::from(u16_of(content)),
            marker::SCAN => {
                let frame = frame.ok_or_else(|| damaged("a lossless JPEG without a frame"))?;
                let scan = Scan::parse(content, &frame)?;
                let bits = Bits::new(bytes.get(at..).unwrap_or_default());
                return samples(bits, &frame, &scan, &tables, interval, count, deadline);
            }
            marker::END => return Err(damaged("a lossless JPEG without a picture")),
            // Other ways of coding are other frames.
            0xC0..=0xCF if kind != 0xC8 && kind != 0xCC => {
                return Err(unsupported("sensor data as a JPEG with loss"));
            }
            _ => {}
        }
    }
}

fn u16_of(bytes: &[u8]) -> u16 {
    bytes
        .first_chunk()
        .map_or(0, |two| u16::from_be_bytes(*two))
}

impl Frame {
    fn parse(content: &[u8]) -> Result<Self, Reason> {
        let [precision, h1, h0, w1, w0, count, rest @ ..] = content else {
            return Err(damaged("a lossless JPEG's frame is too short"));
        };
        let (height, width) = (u16_of(&[*h1, *h0]), u16_of(&[*w1, *w0]));
        let components: Vec<(u8, u8)> = rest
            .chunks_exact(3)
            .take(usize::from(*count))
            .filter_map(|one| one.first().copied().zip(one.get(1).copied()))
            .collect();
        let known = (1..=MOST).contains(&components.len())
            && components.len() == usize::from(*count)
            && (2..=16).contains(precision)
            && width > 0
            && height > 0;
        // Sensor data has no colour of a lower resolution.
        if !known || components.iter().any(|(_, sampling)| *sampling != 0x11) {
            return Err(unsupported("sensor data as a lossless JPEG of this kind"));
        }
        Ok(Self {
            precision: u32::from(*precision),
            width: usize::from(width),
            height: usize::from(height),
            components: components.into_iter().map(|(id, _)| id).collect(),
        })
    }
}

impl Scan {
    fn parse(content: &[u8], frame: &Frame) -> Result<Self, Reason> {
        let count = frame.components.len();
        let damage = || damaged("a lossless JPEG's scan makes no sense");
        let (listed, rest) = match content.split_first() {
            Some((&n, rest)) if usize::from(n) == count && rest.len() >= 2 * count => {
                rest.split_at(2 * count)
            }
            _ => return Err(unsupported("a lossless JPEG whose components come apart")),
        };
        let mut tables = Vec::with_capacity(count);
        for (pair, component) in listed.chunks_exact(2).zip(&frame.components) {
            let [id, selectors] = pair else {
                return Err(damage());
            };
            let table = usize::from(selectors >> 4);
            if id != component || table >= MOST {
                return Err(damage());
            }
            tables.push(table);
        }
        let [predictor, _, shift, ..] = rest else {
            return Err(damage());
        };
        let shift = u32::from(shift & 15);
        if !(1..=7).contains(predictor) || shift >= frame.precision {
            return Err(damage());
        }
        Ok(Self {
            tables,
            predictor: *predictor,
            shift,
        })
    }
}

/// Reads a segment of Huffman tables.
fn read_tables(mut content: &[u8], tables: &mut [Option<Table>; MOST]) -> Result<(), Reason> {
    let damage = || damaged("a lossless JPEG's table makes no sense");
    while let [place, rest @ ..] = content {
        let (lengths, rest) = rest.split_first_chunk::<16>().ok_or_else(damage)?;
        let count = lengths.iter().map(|&n| usize::from(n)).sum();
        let (values, rest) = rest.split_at_checked(count).ok_or_else(damage)?;
        content = rest;
        let mut table = vec![0; 1 << 16];
        let (mut code, mut values) = (0_usize, values.iter());
        for (length, &count) in (1..).zip(lengths) {
            for &value in values.by_ref().take(usize::from(count)) {
                // All that begin with this code.
                let reach = 1 << (16 - length);
                let entries = table.get_mut(code..code + reach).ok_or_else(damage)?;
                entries.fill((length as u16) << 8 | u16::from(value));
                code += reach;
            }
        }
        if let Some(slot) = tables.get_mut(usize::from(place & 15)) {
            *slot = Some(table);
        }
    }
    Ok(())
}

/// The coded bits, to the next marker.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The next bits, at the top.
    hold: u64,
    count: u32,
    /// Of these, those that are no longer in the file.
    padding: u32,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            hold: 0,
            count: 0,
            padding: 0,
        }
    }

    fn fill(&mut self) {
        while self.count <= 56 {
            let byte = match self.bytes.get(self.at..) {
                Some([0xFF, 0, ..]) => {
                    self.at += 2;
                    0xFF
                }
                Some([byte, ..]) if *byte != 0xFF => {
                    self.at += 1;
                    *byte
                }
                _ => {
                    self.padding += 8;
                    0
                }
            };
            self.hold |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    fn take(&mut self, bits: u32) -> u32 {
        let taken = self.hold.checked_shr(64 - bits).unwrap_or(0) as u32;
        self.hold <<= bits;
        self.count -= bits;
        taken
    }

    /// The next difference; 32 bits at most are taken, and 57 are there.
    fn difference(&mut self, table: &[u16]) -> Result<i32, Reason> {
        self.fill();
        let entry = table.get((self.hold >> 48) as usize).copied();
        let entry = entry.filter(|&entry| entry != 0);
        let entry = entry.ok_or_else(|| damaged("sensor data without sense"))?;
        self.take(u32::from(entry >> 8));
        match u32::from(entry & 0xFF) {
            0 => Ok(0),
            size @ 1..=15 => {
                let value = self.take(size) as i32;
                let half = 1 << (size - 1);
                Ok(if value < half {
                    value - 2 * half + 1
                } else {
                    value
                })
            }
            16 => Ok(32768),
            _ => Err(damaged("sensor data without sense")),
        }
    }

    /// Whether bits were taken that are not in the file.
    fn is_spent(&self) -> bool {
        self.padding > self.count
    }

    /// Goes behind the marker that divides intervals.
    fn restart(&mut self) -> Result<(), Reason> {
        let rest = self.count.saturating_sub(self.padding);
        match self.bytes.get(self.at..) {
            Some([0xFF, 0xD0..=0xD7, ..]) if rest < 8 => {
                *self = Self {
                    at: self.at + 2,
                    ..Self::new(self.bytes)
                };
                Ok(())
            }
            _ => Err(damaged("sensor data without a mark where one should be")),
        }
    }
}

fn samples(
    mut bits: Bits<'_>,
    frame: &Frame,
    scan: &Scan,
    tables: &[Option<Table>; MOST],
    interval: usize,
    count: usize,
    deadline: Deadline,
) -> Result<Vec<u16>, Reason> {
    let n = frame.components.len();
    let row = frame.width * n;
    if row * frame.height < count {
        return Err(damaged("fewer sensor data than there should be"));
    }
    if !interval.is_multiple_of(frame.width) {
        return Err(unsupported("a lossless JPEG that is divided within rows"));
    }
    let tables: Vec<&[u16]> = scan
        .tables
        .iter()
        .filter_map(|&place| tables.get(place)?.as_deref())
        .collect();
    if tables.len() != n {
        return Err(damaged("a lossless JPEG without its tables"));
    }
    let interval = interval / frame.width;
    let begin = 1 << (frame.precision - scan.shift - 1);
    let mut samples = Vec::with_capacity(count);
    let (mut above, mut here) = (vec![0_u16; row], vec![0_u16; row]);
    for y in 0..frame.height {
        if samples.len() >= count {
            break;
        }
        deadline.check()?;
        let restarts = interval > 0 && y.is_multiple_of(interval);
        if restarts && y > 0 {
            bits.restart()?;
        }
        let first = y == 0 || restarts;
        let (mut left, mut corner) = ([begin; MOST], [0; MOST]);
        let pixels = here.chunks_exact_mut(n).zip(above.chunks_exact(n));
        for (x, (pixel, above)) in pixels.enumerate() {
            let sides = left.iter_mut().zip(&mut corner);
            for (((sample, &above), (left, corner)), table) in
                pixel.iter_mut().zip(above).zip(sides).zip(&tables)
            {
                let above = i32::from(above);
                let prediction = match (first, x) {
                    (true, _) => *left,
                    (false, 0) => above,
                    (false, _) => predict(scan.predictor, *left, above, *corner),
                };
                let value = (prediction + bits.difference(table)?) as u16;
                (*sample, *left, *corner) = (value, i32::from(value), above);
            }
        }
        if bits.is_spent() {
            return Err(cut_off());
        }
        let rest = count - samples.len();
        samples.extend(here.iter().take(rest).map(|sample| sample << scan.shift));
        std::mem::swap(&mut above, &mut here);
    }
    Ok(samples)
}

/// Table H.1.
fn predict(predictor: u8, left: i32, above: i32, corner: i32) -> i32 {
    match predictor {
        1 => left,
        2 => above,
        3 => corner,
        4 => left + above - corner,
        5 => left + ((above - corner) >> 1),
        6 => above + ((left - corner) >> 1),
        _ => (left + above) >> 1,
    }
}

#[cfg(test)]
mod tests;
