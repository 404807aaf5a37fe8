//! Descriptors of photos on disk, so that a photo that was looked at once need
//! not be decoded to be grouped, calibrated on, or scored by another profile.
//! They can be made again at any time: a damaged one is absent.

use std::path::Path;

use super::known::PIPELINE;
use super::shelf::Shelf;
use crate::catalog::ContentHash;
use crate::home::Home;
use crate::model::DescribingModel;
use crate::model::efficientnet::DESCRIPTOR;

/// Most bytes of descriptors on disk: those of some fifty thousand photos.
const LIMIT: u64 = 256 << 20;

/// What a file begins with; the last is the version of its form.
const MARK: [u8; 8] = *b"KprsDsc1";

/// Bytes of the hash at a file's end.
const HASH: usize = 32;

/// What a network saw in a photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// Width and height of the original in pixels, upright.
    pub size: (u32, u32),
    /// The descriptor [1120], as the network gave it.
    pub descriptor: Vec<f32>,
}

/// A folder of descriptors within a limit, by the photos' content, of one
/// backbone. The ones that were not used for longest go first.
///
/// Numbers are kept in f32, bit by bit, though f16 would take half the space: a
/// score from a kept descriptor is then the one that the photo would get anew.
#[derive(Debug)]
pub struct Descriptors {
    shelf: Shelf,
    /// Tells apart what other weights, other instructions of the processor and
    /// other versions of decoding made.
    key: String,
}

impl Descriptors {
    /// Descriptors by the backbone of this key (see
    /// [`DescribingModel::backbone_key`]) in `folder`, which need not exist, of
    /// `limit` bytes together.
    pub fn new(folder: &Path, limit: u64, backbone: &str) -> Self {
        let key = blake3::hash(format!("{backbone} {PIPELINE}").as_bytes());
        Self {
            shelf: Shelf::new(folder, limit),
            key: key.to_hex().chars().take(16).collect(),
        }
    }

    /// The user's, by a model's backbone.
    pub fn of_user(home: &Home, model: &dyn DescribingModel) -> Self {
        Self::new(&folder(home), LIMIT, &model.backbone_key())
    }

    /// What was seen in a photo of this content.
    pub fn get(&self, content: ContentHash) -> Option<Description> {
        self.shelf.get(&self.name(content), understood)
    }

    /// Keeps what was seen in a photo of this content.
    pub fn keep(&self, content: ContentHash, seen: &Description) {
        // A wrong one would be taken for damaged each time.
        if seen.descriptor.len() == DESCRIPTOR {
            self.shelf
                .keep(&self.name(content), |out| out.write_all(&written(seen)));
        }
    }

    fn name(&self, content: ContentHash) -> String {
        format!("{}-{}", content.to_hex(), self.key)
    }
}

/// Bytes of all descriptors that the user has on disk, of whatever backbone.
pub fn descriptors_on_disk(home: &Home) -> u64 {
    Shelf::new(&folder(home), LIMIT).bytes()
}

/// Bytes of all small pictures that the user has on disk.
pub fn pictures_on_disk(home: &Home) -> u64 {
    Shelf::new(&home.cache.join("pictures"), u64::MAX).bytes()
}

fn folder(home: &Home) -> std::path::PathBuf {
    home.cache.join("descriptors")
}

/// A file's content: mark, size, numbers with the low byte first, and the hash
/// of all before.
fn written(seen: &Description) -> Vec<u8> {
    let mut bytes = MARK.to_vec();
    bytes.extend(seen.size.0.to_le_bytes());
    bytes.extend(seen.size.1.to_le_bytes());
    bytes.extend(seen.descriptor.iter().flat_map(|value| value.to_le_bytes()));
    let hash = blake3::hash(&bytes);
    bytes.extend(hash.as_bytes());
    bytes
}

fn understood(bytes: &[u8]) -> Option<Description> {
    let (content, hash) = bytes.split_at_checked(bytes.len().checked_sub(HASH)?)?;
    if blake3::hash(content).as_bytes().as_slice() != hash {
        return None;
    }
    let (words, []) = content.strip_prefix(&MARK)?.as_chunks::<4>() else {
        return None;
    };
    let (&[width, height], numbers) = words.split_first_chunk::<2>()?;
    let descriptor: Vec<f32> = numbers
        .iter()
        .map(|&four| f32::from_le_bytes(four))
        .collect();
    let whole = descriptor.len() == DESCRIPTOR && descriptor.iter().all(|v| v.is_finite());
    whole.then(|| Description {
        size: (u32::from_le_bytes(width), u32::from_le_bytes(height)),
        descriptor,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::catalog::FileState;

    fn seen(first: f32) -> Description {
        let mut descriptor: Vec<f32> = (0..DESCRIPTOR).map(|i| 1.0 / (i as f32 + 3.0)).collect();
        descriptor[0] = first;
        Description {
            size: (6000, 4000),
            descriptor,
        }
    }

    #[test]
    fn what_is_kept_comes_back_bit_by_bit_for_its_backbone_only() {
        let folder = tempfile::tempdir().unwrap();
        let photo = folder.path().join("photo");
        fs::write(&photo, b"photo").unwrap();
        let content = FileState::read(&photo).unwrap().content;
        let shelf = folder.path().join("kept");
        let one = Descriptors::new(&shelf, 1 << 20, "one");
        assert_eq!(one.get(content), None);
        one.keep(content, &seen(-0.0));
        let kept = Descriptors::new(&shelf, 1 << 20, "one")
            .get(content)
            .unwrap();
        let bits = |d: &Description| d.descriptor.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&kept), bits(&seen(-0.0)));
        assert_eq!(kept.size, (6000, 4000));
        assert_eq!(
            Descriptors::new(&shelf, 1 << 20, "other").get(content),
            None
        );
        // A limit below one file leaves none.
        let none = Descriptors::new(&shelf, 100, "one");
        none.keep(content, &seen(1.0));
        assert_eq!(none.get(content), None);
    }

    #[test]
    fn damage_makes_absent() {
        let whole = written(&seen(0.5));
        assert_eq!(understood(&whole), Some(seen(0.5)));
        for end in [0, 1, 31, 32, 40, 100, whole.len() - 1] {
            assert_eq!(understood(&whole[..end]), None, "{end}");
        }
        for at in (0..whole.len()).step_by(97) {
            let mut bytes = whole.clone();
            bytes[at] ^= 4;
            assert_eq!(understood(&bytes), None, "{at}");
        }
        assert_eq!(understood(&written(&seen(f32::NAN))), None);
    }
}
