//! The items of a HEIF or AVIF file: pictures, their properties, how they
//! belong together, and where their data lies. Nothing is decoded here.

use std::io::{Read, Seek, SeekFrom};

use super::Orientation;
use super::isobmff::{Numbers, boxes, child, children, content};

/// Most bytes of a `meta` box; real ones have some kilobytes, with embedded
/// profiles some more.
const META: u64 = 16 << 20;

/// An item of a HEIF file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Item {
    pub id: u32,
    pub kind: [u8; 4],
    /// Where its data lies in the file: offset and length, in order.
    pub extents: Vec<(u64, u64)>,
    pub properties: Vec<Property>,
}

/// A property of an item, as far as photos need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Property {
    /// Width and height in pixels.
    Size(u32, u32),
    /// An ICC profile.
    Icc(Vec<u8>),
    /// Coded colour space: primaries, transfer, matrix, full range.
    Cicp(u16, u16, u16, bool),
    /// What has to be done to the picture; the order of these counts.
    Turn(Orientation),
    /// Set-up data of its coding (`av1C`, `hvcC`).
    Config([u8; 4], Vec<u8>),
    /// Which auxiliary picture it is.
    Auxiliary(String),
    /// One that is not known here.
    Other([u8; 4]),
}

/// The items of a HEIF file and how they belong together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Items {
    pub primary: u32,
    pub items: Vec<Item>,
    /// Kind, from, to.
    pub references: Vec<([u8; 4], u32, Vec<u32>)>,
}

impl Items {
    pub(crate) fn get(&self, id: u32) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    /// The items that `kind` leads to from `from`.
    pub(crate) fn led_to(&self, kind: [u8; 4], from: u32) -> &[u32] {
        self.references
            .iter()
            .find(|reference| reference.0 == kind && reference.1 == from)
            .map_or(&[], |reference| &reference.2)
    }

    /// The items that point at `to` by `kind`.
    pub(crate) fn pointing_at(&self, kind: [u8; 4], to: u32) -> impl Iterator<Item = &Item> {
        self.references
            .iter()
            .filter(move |reference| reference.0 == kind && reference.2.contains(&to))
            .filter_map(|reference| self.get(reference.1))
    }
}

impl Item {
    /// How the picture has to be turned, all its turns in one.
    pub(crate) fn orientation(&self) -> Orientation {
        self.properties
            .iter()
            .filter_map(|property| match property {
                Property::Turn(turn) => Some(*turn),
                _ => None,
            })
            .fold(Orientation::Upright, Orientation::then)
    }

    pub(crate) fn size(&self) -> Option<(u32, u32)> {
        self.properties.iter().find_map(|property| match property {
            Property::Size(width, height) => Some((*width, *height)),
            _ => None,
        })
    }

    /// Its data, `None` where it is longer than `most` or not all there.
    pub(crate) fn data<R: Read + Seek>(&self, reader: &mut R, most: u64) -> Option<Vec<u8>> {
        let mut data = Vec::new();
        for &(offset, length) in &self.extents {
            if data.len() as u64 + length > most {
                return None;
            }
            reader.seek(SeekFrom::Start(offset)).ok()?;
            let before = data.len() as u64;
            reader.by_ref().take(length).read_to_end(&mut data).ok()?;
            if data.len() as u64 - before != length {
                return None;
            }
        }
        (!data.is_empty()).then_some(data)
    }
}

/// The items of the HEIF file of `length` bytes in `reader`; `None` where it
/// has no intelligible `meta` box.
pub(crate) fn items<R: Read + Seek>(reader: &mut R, length: u64) -> Option<Items> {
    let meta = boxes(reader, 0, length)
        .into_iter()
        .find(|found| found.kind == *b"meta")?;
    let bytes = content(reader, meta, META).ok()?;
    // A full box: version and flags come first.
    let inside = |kind: &[u8; 4]| child(bytes.get(4..)?, kind);
    let mut items = Items {
        primary: primary(inside(b"pitm")?)?,
        ..Items::default()
    };
    item_kinds(inside(b"iinf")?, &mut items);
    let data = inside(b"idat").map(|idat| meta.start + offset_in(&bytes, idat));
    locations(inside(b"iloc")?, data, &mut items);
    if let Some(bytes) = inside(b"iref") {
        references(bytes, &mut items);
    }
    if let Some(bytes) = inside(b"iprp") {
        properties(bytes, &mut items);
    }
    Some(items)
}

fn offset_in(whole: &[u8], part: &[u8]) -> u64 {
    (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize) as u64
}

fn primary(bytes: &[u8]) -> Option<u32> {
    let mut numbers = Numbers(bytes);
    let size = if numbers.version()? == 0 { 2 } else { 4 };
    numbers.small(size)
}

fn item_kinds(bytes: &[u8], items: &mut Items) {
    let mut numbers = Numbers(bytes);
    let size = if numbers.version() == Some(0) { 2 } else { 4 };
    numbers.take(size);
    for (kind, bytes) in children(numbers.0) {
        let parsed = (|| {
            let mut numbers = Numbers(bytes);
            // Versions 0 and 1 have no four-letter kinds; no photo has them.
            let size = match numbers.version()? {
                2 => 2,
                3 => 4,
                _ => return None,
            };
            let id = numbers.small(size)?;
            numbers.take(2)?;
            Some((id, numbers.kind()?))
        })();
        if let (b"infe", Some((id, kind))) = (&kind, parsed) {
            items.items.push(Item {
                id,
                kind,
                ..Item::default()
            });
        }
    }
}

fn locations(bytes: &[u8], data: Option<u64>, items: &mut Items) -> Option<()> {
    let mut numbers = Numbers(bytes);
    let version = numbers.version()?;
    let sizes = numbers.take(2)?;
    let nibble = |shift: u32| (sizes >> shift & 15) as usize;
    let (offset_size, length_size, base_size) = (nibble(12), nibble(8), nibble(4));
    let index_size = if version == 0 { 0 } else { nibble(0) };
    let id_size = if version < 2 { 2 } else { 4 };
    let count = numbers.take(id_size)?;
    for _ in 0..count {
        let id = numbers.small(id_size)?;
        let method = if version == 0 {
            0
        } else {
            numbers.take(2)? & 15
        };
        numbers.take(2)?;
        let base = numbers.take(base_size)?;
        let extents = numbers.take(2)?;
        let mut found = Vec::new();
        for _ in 0..extents {
            numbers.take(index_size)?;
            let offset = base.checked_add(numbers.take(offset_size)?)?;
            let length = numbers.take(length_size)?;
            let start = match method {
                0 => Some(offset),
                1 => data.and_then(|data| data.checked_add(offset)),
                // Made of another item: nothing that photos do.
                _ => None,
            };
            found.extend(start.map(|start| (start, length)));
        }
        if let Some(item) = items.items.iter_mut().find(|item| item.id == id) {
            item.extents = found;
        }
    }
    Some(())
}

fn references(bytes: &[u8], items: &mut Items) {
    let mut numbers = Numbers(bytes);
    let size = if numbers.version() == Some(0) { 2 } else { 4 };
    for (kind, bytes) in children(numbers.0) {
        let mut numbers = Numbers(bytes);
        let from = numbers.small(size);
        let count = numbers.take(2).unwrap_or(0);
        let to = (0..count).map_while(|_| numbers.small(size)).collect();
        if let Some(from) = from {
            items.references.push((kind, from, to));
        }
    }
}

fn properties(bytes: &[u8], items: &mut Items) -> Option<()> {
    let all: Vec<Property> = children(child(bytes, b"ipco")?)
        .map(|(kind, bytes)| property(kind, bytes).unwrap_or(Property::Other(kind)))
        .collect();
    for (_, bytes) in children(bytes).filter(|found| found.0 == *b"ipma") {
        let mut numbers = Numbers(bytes);
        let word = numbers.small(4)?;
        let id_size = if word >> 24 == 0 { 2 } else { 4 };
        let wide = word & 1 == 1;
        let count = numbers.take(4)?;
        for _ in 0..count {
            let id = numbers.small(id_size)?;
            let associations = numbers.take(1)?;
            let mut found = Vec::new();
            for _ in 0..associations {
                let index = if wide {
                    numbers.take(2)? & 0x7FFF
                } else {
                    numbers.take(1)? & 0x7F
                };
                // Counted from 1; 0 is none.
                let index = usize::try_from(index).ok()?.checked_sub(1);
                found.extend(index.and_then(|index| all.get(index)).cloned());
            }
            if let Some(item) = items.items.iter_mut().find(|item| item.id == id) {
                item.properties.extend(found);
            }
        }
    }
    Some(())
}

fn property(kind: [u8; 4], bytes: &[u8]) -> Option<Property> {
    let mut numbers = Numbers(bytes);
    Some(match &kind {
        b"ispe" => {
            numbers.version()?;
            Property::Size(numbers.small(4)?, numbers.small(4)?)
        }
        b"colr" => match &numbers.kind()? {
            b"prof" | b"rICC" => Property::Icc(numbers.0.to_vec()),
            b"nclx" => {
                let mut code = || numbers.take(2).map(|n| n as u16);
                let (primaries, transfer, matrix) = (code()?, code()?, code()?);
                let full = numbers.take(1)? & 0x80 != 0;
                Property::Cicp(primaries, transfer, matrix, full)
            }
            _ => return None,
        },
        // Quarter turns anticlockwise.
        b"irot" => Property::Turn(match numbers.take(1)? & 3 {
            1 => Orientation::Rotated270,
            2 => Orientation::Rotated180,
            3 => Orientation::Rotated90,
            _ => Orientation::Upright,
        }),
        // 0: top and bottom change places; 1: left and right.
        b"imir" => Property::Turn(match numbers.take(1)? & 1 {
            0 => Orientation::Flipped,
            _ => Orientation::Mirrored,
        }),
        b"av1C" | b"hvcC" => Property::Config(kind, bytes.to_vec()),
        b"auxC" => {
            numbers.version()?;
            let name = numbers.0.split(|&byte| byte == 0).next()?;
            Property::Auxiliary(String::from_utf8_lossy(name).into_owned())
        }
        _ => return None,
    })
}
