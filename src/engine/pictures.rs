//! Small pictures of photos on disk, so that a photo that is known need not be
//! decoded to be shown. They can be made again at any time: whatever is wrong
//! with one makes it absent, and none of it stops anything.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, RgbImage};

use crate::catalog::ContentHash;

/// JPEG's quality, of 100; of a small picture nothing is lost that shows.
const QUALITY: u8 = 90;

/// How old a picture's mark of use may be before it is renewed.
const USED: Duration = Duration::from_secs(3600);

/// What is left when pictures are cleared away, of the limit: so that it is not
/// done for each one.
const LEFT: f64 = 0.9;

/// A folder of small pictures within a limit, by the photos' content. The ones
/// that were not used for longest go first.
#[derive(Debug)]
pub struct Pictures {
    folder: PathBuf,
    /// Most bytes of all pictures together.
    limit: u64,
    /// What they have now; `None` until it was counted.
    bytes: Mutex<Option<u64>>,
}

/// A picture's file.
struct Kept {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

impl Pictures {
    /// Pictures in `folder`, which need not exist, of `limit` bytes together.
    pub fn new(folder: &Path, limit: u64) -> Self {
        Self {
            folder: folder.to_owned(),
            limit,
            bytes: Mutex::new(None),
        }
    }

    /// The picture of a photo with this content, whose longest side is `longest`
    /// pixels or, of a small photo, less.
    pub fn get(&self, content: ContentHash, longest: u32) -> Option<RgbImage> {
        let path = self.path(content, longest);
        let bytes = fs::read(&path).ok()?;
        let image = image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg)
            .ok()
            .map(|image| image.into_rgb8())
            .filter(|image| image.width().max(image.height()) <= longest);
        if image.is_none() {
            tracing::debug!("{}: is damaged and made again", path.display());
        }
        renew(&path);
        image
    }

    /// Keeps a photo's picture.
    pub fn keep(&self, content: ContentHash, longest: u32, image: &RgbImage) {
        let path = self.path(content, longest);
        match write(&path, image) {
            Ok(bytes) => self.count(bytes),
            Err(error) => tracing::debug!("{}: cannot be kept: {error}", path.display()),
        }
    }

    fn path(&self, content: ContentHash, longest: u32) -> PathBuf {
        let name = content.to_hex();
        // No folder gets more files than file managers bear.
        let group = name.get(..2).unwrap_or_default().to_owned();
        self.folder
            .join(group)
            .join(format!("{name}-{longest}.jpg"))
    }

    /// Counts a new picture, and makes room where there are too many.
    fn count(&self, new: u64) {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let now = match *bytes {
            Some(before) => before + new,
            None => self.all().iter().map(|kept| kept.bytes).sum(),
        };
        *bytes = Some(if now > self.limit { self.clear() } else { now });
    }

    /// All pictures.
    fn all(&self) -> Vec<Kept> {
        let list = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
        list(&self.folder)
            .flat_map(|group| list(&group.path()).collect::<Vec<_>>())
            .filter_map(|entry| {
                let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
                Some(Kept {
                    path: entry.path(),
                    bytes: metadata.len(),
                    used: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                })
            })
            .collect()
    }

    /// Removes the pictures that were not used for longest; what is left.
    fn clear(&self) -> u64 {
        let mut all = self.all();
        all.sort_by_key(|kept| kept.used);
        let mut left: u64 = all.iter().map(|kept| kept.bytes).sum();
        let aim = (self.limit as f64 * LEFT) as u64;
        for kept in all {
            if left <= aim {
                break;
            }
            // Another program may have been quicker.
            if fs::remove_file(&kept.path).is_ok() {
                left -= kept.bytes;
            }
        }
        left
    }
}

/// Writes a picture so that it is whole or not there; its length.
fn write(path: &Path, image: &RgbImage) -> io::Result<u64> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    JpegEncoder::new_with_quality(&mut file, QUALITY)
        .encode_image(image)
        .map_err(io::Error::other)?;
    let file = file.persist(path)?;
    Ok(file.metadata()?.len())
}

/// Marks a picture as used.
fn renew(path: &Path) {
    let now = SystemTime::now();
    let used = fs::metadata(path).and_then(|metadata| metadata.modified());
    let young = |used| now.duration_since(used).is_ok_and(|age| age < USED);
    if used.is_ok_and(young) {
        return;
    }
    let renewed = File::options()
        .write(true)
        .open(path)
        .and_then(|file| file.set_modified(now));
    if let Err(error) = renewed {
        tracing::debug!("{}: cannot be marked as used: {error}", path.display());
    }
}

#[cfg(test)]
mod tests {
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
        let path = pictures.path(one, 40);
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
        let each = roomy.all()[0].bytes;
        let limit = each * 10 + each / 2;
        let age = |photo: ContentHash, hours: u64| {
            let path = roomy.path(photo, 40);
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
            let all: u64 = pictures.all().iter().map(|kept| kept.bytes).sum();
            assert!(all <= limit, "{all} of {limit}");
            if photo == photos[12] {
                assert!(pictures.get(photos[9], 40).is_some());
                assert!(pictures.get(photos[8], 40).is_none());
            }
        }
    }
}
