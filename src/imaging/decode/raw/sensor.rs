//! Sensor data of DNG files, at half its size: each square of 2 x 2 sensor
//! pixels becomes one of the picture.
//!
//! This is for files without a preview that is large enough, and only as good as
//! a score needs: black and white level, white balance as shot, the camera's
//! matrix to sRGB (DNG Specification 1.7, chapters 4 and 6). A camera's own curve
//! of tones is not known, so the picture is plainer than the camera's JPEG.

use super::super::super::error::Reason;
use super::super::super::raster::{Channels, Raster};
use super::super::super::source::Source;
use super::super::failure::{cut_off, damaged};
use super::colour::Colour;
use super::places::directories;
use super::{SMALLEST, lossless, tag as common};
use crate::metadata::ifd::{Directory, Tiff};

mod tag {
    pub const ROWS_PER_STRIP: u16 = 0x116;
    pub const TILE_WIDTH: u16 = 0x142;
    pub const TILE_HEIGHT: u16 = 0x143;
    pub const TILES: u16 = 0x144;
    pub const TILE_BYTES: u16 = 0x145;
    pub const PATTERN_SIZE: u16 = 0x828D;
    pub const PATTERN: u16 = 0x828E;
    pub const LAYOUT: u16 = 0xC617;
    pub const LINEAR: u16 = 0xC618;
    pub const BLACK_SIZE: u16 = 0xC619;
    pub const BLACK: u16 = 0xC61A;
    pub const WHITE: u16 = 0xC61D;
    pub const CROP_ORIGIN: u16 = 0xC61F;
    pub const CROP_SIZE: u16 = 0xC620;
    pub const ACTIVE: u16 = 0xC68D;
}

/// Sensor data in a colour filter array.
const FILTERED: u64 = 32803;

/// The picture, and the size of the original.
pub(super) struct Developed {
    pub raster: Raster,
    pub size: (u32, u32),
}

/// Where the data are and how they are coded.
#[derive(Debug)]
struct Layout {
    width: usize,
    height: usize,
    bits: u32,
    lossless: bool,
    big_endian: bool,
    /// Strips or tiles: their size in pixels, and where they are.
    part: (usize, usize),
    places: Vec<(u64, u64)>,
}

/// What the numbers mean.
#[derive(Debug)]
struct Meaning {
    /// The part of the sensor that is the picture: its first pixel, its size.
    origin: (usize, usize),
    size: (usize, usize),
    /// The colour of each pixel of a square (0 red, 1 green, 2 blue), its black
    /// level, and what makes the rest 1 at the white level; by row and column.
    filters: [[Filter; 2]; 2],
    /// What the numbers stand for; empty where they are it.
    linear: Vec<u64>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Filter {
    colour: usize,
    black: f32,
    scale: f32,
}

/// Develops the file's largest sensor data; `None` where they are of a kind that
/// is not understood here.
pub(super) fn develop(source: &mut Source) -> Result<Option<Developed>, Reason> {
    let length = source.length;
    let Ok(mut tiff) = Tiff::open(source.parts(), 0) else {
        return Ok(None);
    };
    let all = directories(&mut tiff);
    if !all
        .iter()
        .any(|directory| directory.get(common::DNG_VERSION).is_some())
    {
        return Ok(None);
    }
    let mut best: Option<(Layout, Meaning)> = None;
    for directory in &all {
        let Some(layout) = Layout::of(&mut tiff, directory) else {
            continue;
        };
        let pixels = |layout: &Layout| layout.width * layout.height;
        if best
            .as_ref()
            .is_some_and(|(other, _)| pixels(other) >= pixels(&layout))
        {
            continue;
        }
        if let Some(meaning) = Meaning::of(&mut tiff, directory, &layout) {
            best = Some((layout, meaning));
        }
    }
    let Some((layout, meaning)) = best else {
        return Ok(None);
    };
    let colour = Colour::of(&mut tiff, &all);
    drop(tiff);
    let size = (meaning.size.0 as u32, meaning.size.1 as u32);
    if size.0.max(size.1) / 2 < SMALLEST || size.0 < 2 || size.1 < 2 {
        return Ok(None);
    }
    let data = layout.read(source, length)?;
    let raster = picture(source, &layout, &meaning, &colour, &data)?;
    Ok(Some(Developed { raster, size }))
}

impl Layout {
    fn of<R: std::io::Read + std::io::Seek>(
        tiff: &mut Tiff<R>,
        directory: &Directory,
    ) -> Option<Self> {
        let mut number = |tag| tiff.number(directory, tag);
        let compression = number(common::COMPRESSION).unwrap_or(1);
        let plain = number(common::PHOTOMETRIC) == Some(FILTERED)
            && number(common::SAMPLES).unwrap_or(1) == 1
            && matches!(compression, 1 | 7);
        let side = |value: Option<u64>| value.filter(|v| (1..=1 << 20).contains(v));
        let (width, height) = (side(number(common::WIDTH))?, side(number(common::HEIGHT))?);
        let bits = number(common::BITS).filter(|bits| (8..=16).contains(bits))?;
        if !plain {
            return None;
        }
        let tiled = directory.get(tag::TILES).is_some();
        let (part, places, lengths) = if tiled {
            let part = (
                side(number(tag::TILE_WIDTH))?,
                side(number(tag::TILE_HEIGHT))?,
            );
            (part, tag::TILES, tag::TILE_BYTES)
        } else {
            let rows = side(number(tag::ROWS_PER_STRIP)).unwrap_or(height);
            (
                (width, rows.min(height)),
                common::STRIPS,
                common::STRIP_BYTES,
            )
        };
        let mut values = |tag| {
            let entry = directory.get(tag).cloned();
            entry.map_or(Vec::new(), |entry| tiff.unsigned(&entry))
        };
        let places = values(places).into_iter().zip(values(lengths)).collect();
        Some(Self {
            width: width as usize,
            height: height as usize,
            bits: bits as u32,
            lossless: compression == 7,
            big_endian: tiff.head.big_endian,
            part: (part.0 as usize, part.1 as usize),
            places,
        })
    }

    /// All numbers, row by row.
    fn read(&self, source: &mut Source, length: u64) -> Result<Vec<u16>, Reason> {
        let (width, height) = (self.width as u32, self.height as u32);
        let (part_width, part_height) = self.part;
        // The numbers, once more in a single part; then the picture, which has a
        // quarter of the pixels, and is once more turned upright.
        source.limits.check(width, height, 2 + 2)?;
        source
            .limits
            .check(part_width as u32, part_height as u32, 2)?;
        let across = self.width.div_ceil(part_width);
        let mut data = vec![0; self.width * self.height];
        for (i, rows) in data.chunks_mut(self.width * part_height).enumerate() {
            let rows_here = rows.len() / self.width;
            for column in 0..across {
                source.deadline.check()?;
                let place = self.places.get(i * across + column);
                let &(offset, bytes) = place.ok_or_else(cut_off)?;
                let most = bytes.min(length.saturating_sub(offset));
                let bytes = source.read_range(offset, most)?;
                // Tiles are always whole, the last strip is not.
                let tiled = across > 1 || part_width != self.width;
                let coded = if tiled { part_height } else { rows_here };
                let part = self.decode(source, &bytes, part_width * coded.max(1))?;
                let left = column * part_width;
                let lines = rows.chunks_mut(self.width).zip(part.chunks(part_width));
                for (line, from) in lines {
                    let line = line.get_mut(left..).unwrap_or_default();
                    for (to, &from) in line.iter_mut().zip(from) {
                        *to = from;
                    }
                }
            }
        }
        Ok(data)
    }

    fn decode(&self, source: &Source, bytes: &[u8], count: usize) -> Result<Vec<u16>, Reason> {
        if self.lossless {
            return lossless::decode(bytes, count, source.deadline);
        }
        // Each row begins with a byte of its own.
        let row = (self.part.0 * self.bits as usize).div_ceil(8);
        let rows = count / self.part.0;
        let bytes = bytes.get(..row * rows).ok_or_else(cut_off)?;
        let mut numbers = Vec::with_capacity(count);
        for row in bytes.chunks_exact(row) {
            match self.bits {
                8 => numbers.extend(row.iter().map(|&byte| u16::from(byte))),
                16 => numbers.extend(row.chunks_exact(2).filter_map(|two| {
                    let two = *two.first_chunk()?;
                    Some(match self.big_endian {
                        true => u16::from_be_bytes(two),
                        false => u16::from_le_bytes(two),
                    })
                })),
                bits => unpack(row, bits, self.part.0, &mut numbers),
            }
        }
        Ok(numbers)
    }
}

/// Numbers of so many bits, the high ones first whatever the file's byte order.
fn unpack(row: &[u8], bits: u32, count: usize, numbers: &mut Vec<u16>) {
    let (mut hold, mut have) = (0_u32, 0);
    let before = numbers.len();
    for &byte in row {
        hold = hold << 8 | u32::from(byte);
        have += 8;
        if have >= bits && numbers.len() - before < count {
            have -= bits;
            numbers.push((hold >> have) as u16);
            hold &= (1 << have) - 1;
        }
    }
}

impl Meaning {
    fn of<R: std::io::Read + std::io::Seek>(
        tiff: &mut Tiff<R>,
        directory: &Directory,
        layout: &Layout,
    ) -> Option<Self> {
        let mut values = |tag| {
            let entry = directory.get(tag).cloned();
            entry.map_or(Vec::new(), |entry| tiff.unsigned(&entry))
        };
        let square = values(tag::PATTERN_SIZE) == [2, 2];
        let pattern = values(tag::PATTERN);
        let rectangular = matches!(values(tag::LAYOUT).first(), None | Some(1));
        let all = [0, 1, 2].iter().all(|colour| pattern.contains(colour));
        if !square || pattern.len() != 4 || !all || !rectangular {
            return None;
        }
        let linear = values(tag::LINEAR);
        let black_size = values(tag::BLACK_SIZE);
        let size_of = |i: usize| black_size.get(i).copied().unwrap_or(1).clamp(1, 64) as usize;
        let black_size = (size_of(0), size_of(1));
        let blacks = tiff.reals(directory, tag::BLACK);
        let most = (1_u64 << layout.bits) - 1;
        let most = linear.iter().max().copied().unwrap_or(most) as f64;
        let white = tiff.reals(directory, tag::WHITE).first().copied();
        let white = white.filter(|white| *white > 0.0).unwrap_or(most);
        let mut filters = [[Filter::default(); 2]; 2];
        for (row, line) in filters.iter_mut().enumerate() {
            for (column, filter) in line.iter_mut().enumerate() {
                let black = black_level(&blacks, black_size, (row, column));
                let colour = pattern.get(row * 2 + column).copied()?;
                *filter = Filter {
                    colour: colour as usize,
                    black: black as f32,
                    scale: (1.0 / (white - black)) as f32,
                };
                if !(filter.scale > 0.0 && filter.scale.is_finite()) {
                    return None;
                }
            }
        }
        let ((origin, size), active) = area(tiff, directory, layout);
        Some(Self {
            origin,
            size,
            // The pattern begins where the active area does.
            filters: shifted(filters, active),
            linear,
        })
    }
}

/// The mean of the black levels of the pixels that have this place in a square.
fn black_level(blacks: &[f64], (rows, columns): (usize, usize), place: (usize, usize)) -> f64 {
    let belongs = |i: usize, count: usize, at: usize| count < 2 || i % 2 == at;
    let mut sum = (0.0, 0.0);
    for row in (0..rows).filter(|&row| belongs(row, rows, place.0)) {
        for column in (0..columns).filter(|&column| belongs(column, columns, place.1)) {
            if let Some(black) = blacks.get(row * columns + column) {
                sum = (sum.0 + black, sum.1 + 1.0);
            }
        }
    }
    if sum.1 > 0.0 { sum.0 / sum.1 } else { 0.0 }
}

/// The filters as they are by the sensor's own rows and columns.
fn shifted(filters: [[Filter; 2]; 2], (row, column): (usize, usize)) -> [[Filter; 2]; 2] {
    let mut shifted = filters;
    if row % 2 == 1 {
        shifted.swap(0, 1);
    }
    if column % 2 == 1 {
        for line in &mut shifted {
            line.swap(0, 1);
        }
    }
    shifted
}

type Pair = (usize, usize);

/// The picture's first pixel and its size (column and row, width and height), and
/// the active area's first row and column. What makes no sense is left out.
fn area<R: std::io::Read + std::io::Seek>(
    tiff: &mut Tiff<R>,
    directory: &Directory,
    layout: &Layout,
) -> ((Pair, Pair), Pair) {
    let mut whole = |tag| -> Vec<usize> {
        let reals = tiff.reals(directory, tag);
        reals
            .into_iter()
            .map(|real| real.round() as usize)
            .collect()
    };
    let (mut left, mut top) = (0, 0);
    let (mut right, mut bottom) = (layout.width, layout.height);
    if let [t, l, b, r] = whole(tag::ACTIVE)[..]
        && t < b
        && l < r
        && b <= layout.height
        && r <= layout.width
    {
        (top, left, bottom, right) = (t, l, b, r);
    }
    let active = (top, left);
    if let ([x, y], [width, height]) = (&whole(tag::CROP_ORIGIN)[..], &whole(tag::CROP_SIZE)[..])
        && let (Some(r), Some(b)) = (x.checked_add(*width), y.checked_add(*height))
        && *width > 0
        && *height > 0
        && r <= right - left
        && b <= bottom - top
    {
        (left, right) = (left + x, left + r);
        (top, bottom) = (top + y, top + b);
    }
    (((left, top), (right - left, bottom - top)), active)
}

/// One pixel for each square.
fn picture(
    source: &Source,
    layout: &Layout,
    meaning: &Meaning,
    colour: &Colour,
    data: &[u16],
) -> Result<Raster, Reason> {
    let (width, height) = (meaning.size.0 / 2, meaning.size.1 / 2);
    let (left, top) = meaning.origin;
    let mut counts = [0.0_f32; 3];
    for filter in meaning.filters.iter().flatten() {
        *counts
            .get_mut(filter.colour)
            .ok_or_else(|| damaged("a filter of no colour"))? += 1.0;
    }
    let shares = counts.map(|count| if count > 0.0 { 1.0 / count } else { 0.0 });
    let last = meaning.linear.len().saturating_sub(1);
    let value = |number: u16| match meaning.linear.get(usize::from(number).min(last)) {
        Some(&linear) => linear as f32,
        None => f32::from(number),
    };
    let mut samples = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        source.deadline.check()?;
        let row = top + 2 * y;
        let line = |row: usize| {
            let start = row * layout.width + left;
            data.get(start..start + 2 * width).unwrap_or_default()
        };
        let filters = shifted(meaning.filters, (row, left));
        let (upper, lower) = (line(row), line(row + 1));
        for (upper, lower) in upper.chunks_exact(2).zip(lower.chunks_exact(2)) {
            let mut camera = [0.0; 3];
            let square = upper.iter().chain(lower);
            for (&number, filter) in square.zip(filters.iter().flatten()) {
                let level = (value(number) - filter.black) * filter.scale;
                if let Some(sum) = camera.get_mut(filter.colour) {
                    *sum += level;
                }
            }
            for (sum, share) in camera.iter_mut().zip(shares) {
                *sum *= share;
            }
            samples.extend(colour.srgb(camera));
        }
    }
    if samples.len() != width * height * 3 {
        return Err(damaged("sensor data that do not fill their picture"));
    }
    Ok(Raster::plain(
        width as u32,
        height as u32,
        Channels::Rgb,
        samples,
    ))
}
