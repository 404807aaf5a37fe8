//! What is known of photos, without scoring or decoding any: for lists that
//! leave the program, and choosing among them.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegEncoder;
use rayon::prelude::*;

use super::Cancel;
use crate::catalog::{Catalog, CatalogError, FileState, Known, ModelKey, StoredScore};
use crate::imaging::{Limits, Want, decode, thumbnail};
use crate::metadata::xmp::{Flag, Rating, Stars};

/// JPEG's quality of small pictures, of 100.
const QUALITY: u8 = 85;

/// Pictures that are made before any is handed over, so that their number in
/// memory is limited.
const AT_ONCE: usize = 64;

/// A photo with what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its file.
    pub path: PathBuf,
    /// Its rating, as catalog, sidecars and the photo itself have it now.
    pub rating: Rating,
    /// Its score by the model asked about, where it was scored before.
    pub score: Option<StoredScore>,
}

/// Which photos are wanted; `None` leaves the choice open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Choice {
    /// Those with this flag.
    pub flag: Option<Flag>,
    /// Those with so many stars or more that are not rejected.
    pub min_stars: Option<Stars>,
}

impl Choice {
    /// Whether a photo with this rating is wanted.
    pub fn takes(self, rating: Rating) -> bool {
        let flag = rating.flag.unwrap_or(Flag::None);
        let stars = rating.stars.map_or(0, Stars::count);
        self.flag.is_none_or(|wanted| wanted == flag)
            && self
                .min_stars
                .is_none_or(|least| stars >= least.count() && flag != Flag::Reject)
    }
}

/// What is known of the photos that are wanted, those with the best scores first
/// and those without any last, in path order.
///
/// # Errors
/// Those of the catalog.
pub fn entries(
    catalog: Option<&Catalog>,
    photos: &[PathBuf],
    model: Option<&ModelKey<'_>>,
    choice: Choice,
) -> Result<Vec<Entry>, CatalogError> {
    let ratings = Catalog::standing(catalog, photos)?;
    let chosen = photos.iter().zip(ratings);
    let (paths, ratings): (Vec<PathBuf>, Vec<Rating>) = chosen
        .filter(|(_, rating)| choice.takes(*rating))
        .map(|(path, rating)| (path.clone(), rating))
        .unzip();
    let scores = match (catalog, model) {
        (Some(catalog), Some(model)) => scores(catalog, &paths, model)?,
        _ => vec![None; paths.len()],
    };
    let mut entries: Vec<Entry> = paths
        .into_iter()
        .zip(ratings)
        .zip(scores)
        .map(|((path, rating), score)| Entry {
            path,
            rating,
            score,
        })
        .collect();
    let value = |entry: &Entry| entry.score.map_or(-1.0, |score| score.score.value());
    entries.sort_by(|a, b| {
        let order = value(b).total_cmp(&value(a));
        order.then_with(|| a.path.cmp(&b.path))
    });
    Ok(entries)
}

fn scores(
    catalog: &Catalog,
    photos: &[PathBuf],
    model: &ModelKey<'_>,
) -> Result<Vec<Option<StoredScore>>, CatalogError> {
    let known = catalog.look_up(photos, model)?;
    photos
        .iter()
        .zip(known)
        .map(|(photo, known)| match known {
            Known::Current { score, .. } => Ok(score),
            // Its content tells; a photo that cannot be read has no score.
            Known::Maybe => match FileState::read(photo) {
                Ok(state) => catalog.score_of(state.content, model),
                Err(_) => Ok(None),
            },
            Known::Unknown => Ok(None),
        })
        .collect()
}

/// Makes small JPEGs of photos, whose longest side is `longest` pixels at most,
/// and hands each over in order, with the photo's place in the list; or the
/// reason why there is none. Ends early when cancelled, or when `each` fails.
///
/// # Errors
/// Those of `each`.
pub fn small_jpegs<E>(
    photos: &[Entry],
    longest: u32,
    cancel: &Cancel,
    mut each: impl FnMut(usize, Result<Vec<u8>, String>) -> Result<(), E>,
) -> Result<(), E> {
    for (part, photos) in photos.chunks(AT_ONCE).enumerate() {
        let pictures: Vec<Option<Result<Vec<u8>, String>>> = photos
            .par_iter()
            .map(|photo| {
                let wanted = !cancel.is_cancelled();
                wanted.then(|| small_jpeg(&photo.path, longest))
            })
            .collect();
        for (i, picture) in pictures.into_iter().enumerate() {
            match picture {
                Some(picture) => each(part * AT_ONCE + i, picture)?,
                None => return Ok(()),
            }
        }
    }
    Ok(())
}

fn small_jpeg(path: &Path, longest: u32) -> Result<Vec<u8>, String> {
    let decoded = decode(path, Want::AtLeast(longest), &Limits::default());
    let decoded = decoded.map_err(|error| error.reason.to_string())?;
    let mut bytes = Cursor::new(Vec::new());
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .encode_image(&thumbnail(&decoded.image, longest))
        .map_err(|error| error.to_string())?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_takes_what_was_asked_for() {
        let rated = |stars, flag| Rating {
            stars: Stars::new(stars),
            flag,
            label: None,
        };
        let picked = Choice {
            flag: Some(Flag::Pick),
            min_stars: None,
        };
        assert!(picked.takes(rated(0, Some(Flag::Pick))));
        assert!(!picked.takes(rated(5, None)));
        let good = Choice {
            flag: None,
            min_stars: Stars::new(3),
        };
        assert!(good.takes(rated(3, None)));
        assert!(!good.takes(rated(2, Some(Flag::Pick))));
        assert!(!good.takes(rated(5, Some(Flag::Reject))));
        assert!(!good.takes(Rating::default()));
        assert!(Choice::default().takes(Rating::default()));
    }

    #[test]
    fn pictures_come_in_order_until_it_is_cancelled() {
        let folder = tempfile::tempdir().unwrap();
        let entries: Vec<Entry> = (0..70)
            .map(|i| {
                let path = folder.path().join(format!("{i:02}.png"));
                if i != 3 {
                    image::RgbImage::new(40, 20 + i).save(&path).unwrap();
                }
                Entry {
                    path,
                    rating: Rating::default(),
                    score: None,
                }
            })
            .collect();
        let (cancel, mut seen) = (Cancel::default(), 0);
        let each = |i: usize, picture: Result<Vec<u8>, String>| {
            assert_eq!(i, seen);
            assert_eq!(picture.is_err(), i == 3);
            if let Ok(bytes) = picture {
                let picture = image::load_from_memory(&bytes).unwrap();
                assert!(picture.width().max(picture.height()) <= 30);
            }
            seen += 1;
            if seen == 64 {
                cancel.cancel();
            }
            Ok::<(), ()>(())
        };
        small_jpegs(&entries, 30, &cancel, each).unwrap();
        assert_eq!(seen, 64);
    }
}
