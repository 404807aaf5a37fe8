//! Small pictures of photos on disk, so that a photo that is known need not be
//! decoded to be shown. They can be made again at any time: whatever is wrong
//! with one makes it absent, and none of it stops anything.

use std::io;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, RgbImage};

use super::shelf::Shelf;
use crate::catalog::ContentHash;

/// JPEG's quality, of 100; of a small picture nothing is lost that shows.
const QUALITY: u8 = 90;

/// A folder of small pictures within a limit, by the photos' content. The ones
/// that were not used for longest go first.
#[derive(Debug)]
pub struct Pictures(Shelf);

impl Pictures {
    /// Pictures in `folder`, which need not exist, of `limit` bytes together.
    pub fn new(folder: &Path, limit: u64) -> Self {
        Self(Shelf::new(folder, limit))
    }

    /// The picture of a photo with this content, whose longest side is `longest`
    /// pixels or, of a small photo, less.
    pub fn get(&self, content: ContentHash, longest: u32) -> Option<RgbImage> {
        self.0.get(&name(content, longest), |bytes| {
            image::load_from_memory_with_format(bytes, ImageFormat::Jpeg)
                .ok()
                .map(|image| image.into_rgb8())
                .filter(|image| image.width().max(image.height()) <= longest)
        })
    }

    /// Keeps a photo's picture.
    pub fn keep(&self, content: ContentHash, longest: u32, image: &RgbImage) {
        self.0.keep(&name(content, longest), |out| {
            JpegEncoder::new_with_quality(out, QUALITY)
                .encode_image(image)
                .map_err(io::Error::other)
        });
    }
}

fn name(content: ContentHash, longest: u32) -> String {
    format!("{}-{longest}.jpg", content.to_hex())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::{Duration, SystemTime};

    use image::Rgb;

    use super::*;
    use crate::catalog::FileState;

    /// The content of a photo of this number.
    fn content(folder: &Path, number: u32) -> ContentHash {
        let path = folder.join("photo");
        fs::write(&path, number.to_le_bytes()).unwrap();
        FileState::read(&path).unwrap().content
    }

    fn picture(level: u8) -> RgbImage {
        RgbImage::from_pixel(40, 30, Rgb([level; 3]))
    }

    #[test]
    fn pictures_are_kept_by_content_and_size() {
        let folder = tempfile::tempdir().unwrap();
        let pictures = Pictures::new(&folder.path().join("pictures"), 1 << 20);
        let (one, other) = (content(folder.path(), 1), content(folder.path(), 2));
        assert!(pictures.get(one, 40).is_none());
        pictures.keep(one, 40, &picture(200));
        let kept = pictures.get(one, 40).unwrap();
        assert_eq!(kept.dimensions(), (40, 30));
        assert!(kept.get_pixel(5, 5).0[0].abs_diff(200) <= 1);
        assert!(pictures.get(one, 50).is_none());
        assert!(pictures.get(other, 40).is_none());
        // It stays for the next one who opens the folder.
        let again = Pictures::new(&folder.path().join("pictures"), 1 << 20);
        assert_eq!(again.get(one, 40), Some(kept));
    }

    #[test]
    fn what_is_damaged_is_absent_and_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let pictures = Pictures::new(folder.path(), 1 << 20);
        let one = content(folder.path(), 1);
        pictures.keep(one, 40, &picture(90));
        let path = pictures.0.path(&name(one, 40));
        let whole = fs::read(&path).unwrap();
        for bytes in [&b""[..], b"no picture", &whole[..whole.len() / 3]] {
            fs::write(&path, bytes).unwrap();
            assert!(pictures.get(one, 40).is_none());
        }
        pictures.keep(one, 40, &picture(90));
        assert!(pictures.get(one, 40).is_some());
        // A folder that cannot be made keeps nothing and stops nothing.
        let file = folder.path().join("file");
        fs::write(&file, b"").unwrap();
        let nowhere = Pictures::new(&file, 1 << 20);
        nowhere.keep(one, 40, &picture(90));
        assert!(nowhere.get(one, 40).is_none());
    }

    #[test]
    fn the_limit_holds_and_the_unused_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = folder.path().join("pictures");
        let photos: Vec<ContentHash> = (0..30).map(|n| content(folder.path(), n)).collect();
        let roomy = Pictures::new(&shelf, 1 << 20);
        roomy.keep(photos[0], 40, &picture(0));
        let each = roomy.0.bytes();
        let limit = each * 10 + each / 2;
        let age = |photo: ContentHash, hours: u64| {
            let path = roomy.0.path(&name(photo, 40));
            let file = File::options().write(true).open(path).unwrap();
            let then = SystemTime::now() - Duration::from_secs(hours * 3600);
            file.set_modified(then).unwrap();
        };
        let pictures = Pictures::new(&shelf, limit);
        for (hours, &photo) in (1..).zip(&photos[..10]) {
            pictures.keep(photo, 40, &picture(0));
            age(photo, hours);
        }
        // The oldest is used again, which saves it.
        assert!(pictures.get(photos[9], 40).is_some());
        for &photo in &photos[10..] {
            pictures.keep(photo, 40, &picture(0));
            let all = pictures.0.bytes();
            assert!(all <= limit, "{all} of {limit}");
            if photo == photos[12] {
                assert!(pictures.get(photos[9], 40).is_some());
                assert!(pictures.get(photos[8], 40).is_none());
            }
        }
    }
}
