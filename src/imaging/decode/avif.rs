//! AV1 pictures: alone, as the cells of a grid, with transparency.

use heifer::Image;
use heifer::color::{ColorParams, frame_to_rgba_sized};
use heifer::heifer_hevc_dec::recon::Frame;
use re_rav1d::dav1d::{Decoder, PixelLayout, PlanarImageComponent, Settings};
use re_rav1d::dav1d::{Picture as Decoded, pixel};

use super::super::error::Reason;
use super::super::raster::Picture;
use super::super::source::Source;
use super::{failure, heif};
use crate::metadata::items::{Item, Items, Property};

/// Most cells of a grid, for a camera's photo has some dozens.
const CELLS: usize = 4096;

pub(super) fn decode(
    source: &mut Source,
    items: &Items,
    primary: &Item,
) -> Result<Picture, Reason> {
    let (width, height) = primary
        .size()
        .ok_or_else(|| failure::damaged("the main picture has no size"))?;
    // The decoder's planes, the same as a frame, RGBA of 16 bits, the same once
    // more for a grid, and sRGB.
    source.limits.check(width, height, 34)?;
    let mut image = colours(source, items, primary)?;
    let alpha = items
        .pointing_at(*b"auxl", primary.id)
        .find(|item| is_alpha(item))
        .map(|item| frame(source, item));
    if let Some(alpha) = alpha.transpose()? {
        add_alpha(&mut image, &alpha);
    }
    let mut raster = heif::raster(image, heif::samples_u16);
    raster.premultiplied = !items.led_to(*b"prem", primary.id).is_empty();
    let picture = heif::picture(raster, items, primary);
    Ok(Picture {
        orientation: primary.orientation(),
        ..picture
    })
}

fn is_alpha(item: &Item) -> bool {
    item.properties.iter().any(|property| {
        matches!(property, Property::Auxiliary(name) if name.ends_with(":alpha")
            || name.ends_with(":auxid:1"))
    })
}

/// The picture of an item without its transparency.
fn colours(source: &mut Source, items: &Items, item: &Item) -> Result<Image, Reason> {
    if item.kind != *b"grid" {
        let frame = frame(source, item)?;
        let params = parameters(&frame, item);
        return Ok(frame.into_rgba(params));
    }
    let data = item
        .data(&mut source.parts(), 64)
        .ok_or_else(failure::cut_off)?;
    let grid = Grid::parse(&data).ok_or_else(|| failure::damaged("an unintelligible grid"))?;
    let cells = items.led_to(*b"dimg", item.id);
    if cells.len() != grid.columns * grid.rows || cells.len() > CELLS {
        return Err(failure::damaged("a grid without all its cells"));
    }
    source.limits.check(grid.width, grid.height, 34)?;
    let mut whole: Option<Image> = None;
    for (i, id) in cells.iter().enumerate() {
        source.deadline.check()?;
        let cell = items
            .get(*id)
            .ok_or_else(|| failure::damaged("a grid without all its cells"))?;
        let frame = frame(source, cell)?;
        let mut params = parameters(&frame, cell);
        if let Some((matrix, full_range)) = matrix(item) {
            params = ColorParams { matrix, full_range };
        }
        let cell = frame.into_rgba(params);
        let whole = whole
            .get_or_insert_with(|| Image::filled(grid.width, grid.height, cell.bit_depth, [0; 4]));
        place(whole, &cell, i % grid.columns, i / grid.columns)?;
    }
    whole.ok_or_else(|| failure::damaged("a grid without cells"))
}

/// Puts a cell into its column and row of the whole picture. Cells are of one
/// size and may reach over the edge.
fn place(whole: &mut Image, cell: &Image, column: usize, row: usize) -> Result<(), Reason> {
    if cell.bit_depth != whole.bit_depth {
        return Err(failure::damaged("a grid of unlike cells"));
    }
    let (cell_width, cell_height) = (cell.width as usize, cell.height as usize);
    let (width, height) = (whole.width as usize, whole.height as usize);
    let (left, top) = (column * cell_width, row * cell_height);
    let length = cell_width.min(width.saturating_sub(left)) * 4;
    let lines = cell_height.min(height.saturating_sub(top));
    for y in 0..lines {
        let to = ((top + y) * width + left) * 4;
        let from = y * cell_width * 4;
        let (Some(to), Some(from)) = (
            whole.data.get_mut(to..to + length),
            cell.data.get(from..from + length),
        ) else {
            return Err(failure::damaged("a grid of unlike cells"));
        };
        to.copy_from_slice(from);
    }
    Ok(())
}

/// How the cells of a grid lie.
#[derive(Debug, PartialEq, Eq)]
struct Grid {
    rows: usize,
    columns: usize,
    width: u32,
    height: u32,
}

impl Grid {
    fn parse(data: &[u8]) -> Option<Self> {
        let &[0, flags, rows, columns, ref sizes @ ..] = data else {
            return None;
        };
        let (width, height) = if flags & 1 == 0 {
            let &[a, b, c, d] = sizes.first_chunk()?;
            (
                u32::from(u16::from_be_bytes([a, b])),
                u32::from(u16::from_be_bytes([c, d])),
            )
        } else {
            let (width, height) = sizes.first_chunk::<8>()?.split_at(4);
            (
                u32::from_be_bytes(*width.first_chunk()?),
                u32::from_be_bytes(*height.first_chunk()?),
            )
        };
        Some(Self {
            rows: usize::from(rows) + 1,
            columns: usize::from(columns) + 1,
            width,
            height,
        })
    }
}

/// Sets the transparency from a grey picture of the same size; one of another
/// size is left out.
fn add_alpha(image: &mut Image, alpha: &Coded) {
    if (alpha.width, alpha.height) != (image.width, image.height) {
        tracing::debug!("transparency of another size: left out");
        return;
    }
    let whole = (1_u32 << image.bit_depth) - 1;
    let stretch = alpha.stretch(alpha.frame.full_range, whole);
    let [plane, ..] = &alpha.frame.planes;
    let stride = alpha.frame.widths[0] as usize;
    let rows = image.data.chunks_exact_mut(4 * image.width.max(1) as usize);
    for (row, plane) in rows.zip(plane.chunks_exact(stride.max(1))) {
        for (pixel, &sample) in row.chunks_exact_mut(4).zip(plane) {
            if let [.., alpha] = pixel {
                *alpha = stretch(sample);
            }
        }
    }
    image.has_alpha = true;
}

/// A decoded AV1 picture.
struct Coded {
    /// Its planes; brightness is filled up to whole samples of colour.
    frame: Frame,
    width: u32,
    height: u32,
}

impl Coded {
    fn into_rgba(mut self, params: ColorParams) -> Image {
        if self.frame.chroma_format == 0 {
            // The conversion takes grey for full range.
            let [bits, _] = self.frame.bit_depth;
            let stretch = self.stretch(params.full_range, (1 << bits) - 1);
            let [plane, ..] = &mut self.frame.planes;
            plane
                .iter_mut()
                .for_each(|sample| *sample = stretch(*sample));
        }
        frame_to_rgba_sized(&self.frame, params, self.width, self.height)
    }

    /// From the range of brightness samples to 0 to `whole`.
    fn stretch(&self, full_range: bool, whole: u32) -> impl Fn(u16) -> u16 + use<> {
        let [bits, _] = self.frame.bit_depth;
        // Video's range is 16 to 235 of 255.
        let (low, range) = if full_range {
            (0, (1 << bits) - 1)
        } else {
            (16 << (bits - 8), 219_u32 << (bits - 8))
        };
        move |sample| {
            let above = u32::from(sample).saturating_sub(low).min(range);
            ((above * whole + range / 2) / range) as u16
        }
    }
}

/// The matrix from brightness and colour differences to RGB: the file's word
/// counts more than the bit stream's.
fn parameters(coded: &Coded, item: &Item) -> ColorParams {
    match matrix(item) {
        Some((matrix, full_range)) => ColorParams { matrix, full_range },
        None => ColorParams::from_frame(&coded.frame),
    }
}

fn matrix(item: &Item) -> Option<(u16, bool)> {
    item.properties.iter().find_map(|property| match *property {
        Property::Cicp(_, _, matrix, full_range) => Some((matrix, full_range)),
        _ => None,
    })
}

/// Decodes the AV1 data of an item.
fn frame(source: &mut Source, item: &Item) -> Result<Coded, Reason> {
    let most = source.limits.file_bytes;
    let data = item
        .data(&mut source.parts(), most)
        .ok_or_else(failure::cut_off)?;
    let mut settings = Settings::new();
    // Photos are decoded side by side already.
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_all_layers(false);
    let limit = u64::from(source.limits.megapixels) * 1_000_000;
    settings.set_frame_size_limit(u32::try_from(limit).unwrap_or(u32::MAX));
    let reason = |error| failure::damaged(format!("AV1: {error}"));
    let mut decoder = Decoder::with_settings(&settings).map_err(reason)?;
    let mut sent = decoder.send_data(data, None, None, None);
    loop {
        source.deadline.check()?;
        match decoder.get_picture() {
            Ok(picture) => return planes(&picture),
            Err(error) if error.is_again() => {}
            Err(error) => return Err(reason(error)),
        }
        match sent {
            // All is sent, and no picture came of it.
            Ok(()) => return Err(failure::cut_off()),
            Err(error) if error.is_again() => sent = decoder.send_pending_data(),
            Err(error) => return Err(reason(error)),
        }
    }
}

/// The decoder's planes as a frame of 16-bit samples.
fn planes(picture: &Decoded) -> Result<Coded, Reason> {
    let (width, height) = (picture.width(), picture.height());
    let (chroma_format, across, down) = match picture.pixel_layout() {
        PixelLayout::I400 => (0, 1, 1),
        PixelLayout::I420 => (1, 2, 2),
        PixelLayout::I422 => (2, 2, 1),
        PixelLayout::I444 => (3, 1, 1),
    };
    let bits = picture
        .bits_per_component()
        .map_or(8, |bits| bits.0.clamp(8, 16) as u8);
    // The conversion to RGB wants all pixels of a sample of colour.
    let colour = (width.div_ceil(across), height.div_ceil(down));
    let luma = (colour.0 * across, colour.1 * down);
    let sizes = match chroma_format {
        0 => [luma, (0, 0), (0, 0)],
        _ => [luma, colour, colour],
    };
    let mut frame = Frame {
        widths: sizes.map(|size| size.0),
        heights: sizes.map(|size| size.1),
        planes: Default::default(),
        bit_depth: [bits; 2],
        chroma_format,
        full_range: picture.color_range() == pixel::YUVRange::Full,
        matrix_coeffs: picture.matrix_coefficients() as u8,
    };
    let components = [
        (PlanarImageComponent::Y, (width, height)),
        (PlanarImageComponent::U, colour),
        (PlanarImageComponent::V, colour),
    ];
    let count = if chroma_format == 0 { 1 } else { 3 };
    for ((plane, filled), (component, size)) in frame
        .planes
        .iter_mut()
        .zip(sizes)
        .zip(components)
        .take(count)
    {
        let stride = picture.stride(component) as usize;
        let bytes = picture.plane(component);
        copy(plane, &bytes, stride, bits, size);
        if plane.len() != size.0 as usize * size.1 as usize {
            return Err(failure::damaged("AV1: not all pixels are there"));
        }
        fill(plane, size, filled);
    }
    Ok(Coded {
        frame,
        width,
        height,
    })
}

/// Copies the samples of `size` out of lines of `stride` bytes.
fn copy(plane: &mut Vec<u16>, bytes: &[u8], stride: usize, bits: u8, size: (u32, u32)) {
    let (width, height) = (size.0 as usize, size.1 as usize);
    for row in bytes.chunks(stride.max(1)).take(height) {
        if bits == 8 {
            plane.extend(row.iter().take(width).map(|&sample| u16::from(sample)));
        } else {
            let pairs = row.chunks_exact(2).take(width);
            plane.extend(
                pairs.filter_map(|pair| pair.first_chunk().copied().map(u16::from_ne_bytes)),
            );
        }
    }
}

/// Repeats the last column and the last line where `filled` is larger.
fn fill(plane: &mut Vec<u16>, size: (u32, u32), filled: (u32, u32)) {
    let (width, to_width) = (size.0 as usize, filled.0 as usize);
    if to_width > width {
        *plane = plane
            .chunks_exact(width.max(1))
            .flat_map(|row| {
                let last = row.last().copied();
                row.iter().copied().chain(last)
            })
            .collect();
    }
    if filled.1 > size.1 {
        let last = plane.len().saturating_sub(to_width);
        plane.extend_from_within(last..);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_have_short_and_long_sizes() {
        let grid = Grid {
            rows: 2,
            columns: 3,
            width: 800,
            height: 600,
        };
        assert_eq!(Grid::parse(&[0, 0, 1, 2, 3, 32, 2, 88]), Some(grid));
        let long = Grid::parse(&[0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 9]).unwrap();
        assert_eq!((long.width, long.height), (65536, 9));
        assert_eq!(Grid::parse(&[0, 1, 0, 0, 0, 1, 0, 0]), None);
    }

    #[test]
    fn cells_reach_over_the_edge() {
        let mut whole = Image::filled(3, 2, 8, [0; 4]);
        let cell = |value| Image::filled(2, 2, 8, [value; 4]);
        place(&mut whole, &cell(1), 0, 0).unwrap();
        place(&mut whole, &cell(2), 1, 0).unwrap();
        let firsts: Vec<u16> = whole.data.iter().step_by(4).copied().collect();
        assert_eq!(firsts, [1, 1, 2, 1, 1, 2]);
        assert!(place(&mut whole, &Image::filled(2, 2, 10, [0; 4]), 0, 0).is_err());
    }

    #[test]
    fn video_range_alpha_is_stretched() {
        let mut image = Image::filled(3, 1, 8, [9; 4]);
        let alpha = Coded {
            frame: Frame {
                widths: [3, 0, 0],
                heights: [1, 0, 0],
                planes: [vec![16, 235, 0], vec![], vec![]],
                bit_depth: [8, 8],
                chroma_format: 0,
                full_range: false,
                matrix_coeffs: 2,
            },
            width: 3,
            height: 1,
        };
        add_alpha(&mut image, &alpha);
        let alphas: Vec<u16> = image.data.iter().skip(3).step_by(4).copied().collect();
        assert_eq!(alphas, [0, 255, 0]);
    }

    #[test]
    fn odd_sides_are_filled_up() {
        let mut plane = vec![1, 2, 3, 4, 5, 6];
        fill(&mut plane, (3, 2), (4, 2));
        assert_eq!(plane, [1, 2, 3, 3, 4, 5, 6, 6]);
        let mut plane = vec![1, 2, 3];
        fill(&mut plane, (1, 3), (2, 4));
        assert_eq!(plane, [1, 1, 2, 2, 3, 3, 3, 3]);
    }
}
