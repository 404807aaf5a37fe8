//! Which shots there are, and which came after which.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{Photo, Shot};
use crate::imaging::{Format, known_format};

/// When a photo was taken, in milliseconds of its camera's clock.
pub(super) fn time(photo: &Photo) -> Option<i64> {
    photo.exif.captured.map(|moment| moment.milliseconds())
}

/// The shots in sequences: one for each camera, in the order of capture, and one
/// for each folder's photos without a time of capture, in the order of names.
pub(super) fn sequences(photos: &[Photo]) -> Vec<Vec<Shot>> {
    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    enum Sequence<'a> {
        Camera(Option<&'a str>, Option<&'a str>, Option<&'a str>),
        Folder(Option<&'a Path>),
    }
    let of = |photo: &'_ Photo| -> Option<i64> { time(photo) };
    let mut sorted: Vec<(Sequence<'_>, Option<i64>, &Photo, Shot)> = shots(photos)
        .into_iter()
        .filter_map(|shot| {
            let photo = photos.get(shot.lead())?;
            let time = of(photo);
            let exif = &photo.exif;
            let sequence = match time {
                Some(_) => Sequence::Camera(
                    exif.make.as_deref(),
                    exif.model.as_deref(),
                    exif.serial.as_deref(),
                ),
                None => Sequence::Folder(photo.path.parent()),
            };
            Some((sequence, time, photo, shot))
        })
        .collect();
    sorted.sort_by(|a, b| {
        let by_time = a.0.cmp(&b.0).then(a.1.cmp(&b.1));
        by_time
            .then_with(|| by_name(&a.2.path, &b.2.path))
            .then_with(|| a.3.lead().cmp(&b.3.lead()))
    });
    let mut sequences = Vec::new();
    for run in sorted.chunk_by(|a, b| a.0 == b.0) {
        sequences.push(run.iter().map(|(.., shot)| shot.clone()).collect());
    }
    sequences
}

/// A RAW file and its namesakes in the folder are one shot; what was developed
/// comes first, being what people look at.
fn shots(photos: &[Photo]) -> Vec<Shot> {
    let is_raw = |photo: &Photo| known_format(&photo.path) == Some(Format::Raw);
    let mut by_stem: HashMap<PathBuf, Vec<usize>> = HashMap::new();
    for (at, photo) in photos.iter().enumerate() {
        by_stem
            .entry(photo.path.with_extension(""))
            .or_default()
            .push(at);
    }
    let mut shots = Vec::with_capacity(photos.len());
    for files in by_stem.into_values() {
        let (raw, mut developed): (Vec<usize>, Vec<usize>) = files
            .into_iter()
            .partition(|&at| photos.get(at).is_some_and(is_raw));
        match raw.len() {
            1 => {
                // One that could not be read is not what the shot is known by.
                developed.sort_by_key(|&at| photos.get(at).is_none_or(|p| p.look.is_none()));
                let blind = developed
                    .first()
                    .is_none_or(|&at| photos.get(at).is_none_or(|p| p.look.is_none()));
                let files = match blind {
                    true => [raw, developed].concat(),
                    false => [developed, raw].concat(),
                };
                shots.push(Shot { files });
            }
            // Which of them belongs to which is not known.
            _ => shots.extend(
                raw.into_iter()
                    .chain(developed)
                    .map(|at| Shot { files: vec![at] }),
            ),
        }
    }
    shots
}

/// Names as people count them: `IMG_9` before `IMG_10`.
fn by_name(a: &Path, b: &Path) -> Ordering {
    let (a_text, b_text) = (a.to_string_lossy(), b.to_string_lossy());
    let (mut a_rest, mut b_rest) = (a_text.as_ref(), b_text.as_ref());
    loop {
        let ((a_part, a_next), (b_part, b_next)) = (part(a_rest), part(b_rest));
        if a_part.is_empty() && b_part.is_empty() {
            return a.cmp(b);
        }
        let value = |part: &str| part.parse::<u64>().ok();
        let order = match (value(a_part), value(b_part)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a_part.cmp(b_part),
        };
        if order != Ordering::Equal {
            return order;
        }
        (a_rest, b_rest) = (a_next, b_next);
    }
}

/// The digits, or what is none, that a text begins with; and the rest.
fn part(text: &str) -> (&str, &str) {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text
        .find(|c: char| c.is_ascii_digit() != digits)
        .unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted() {
        let mut names = [
            "IMG_10.jpg",
            "IMG_9.jpg",
            "IMG_9-2.jpg",
            "a1.jpg",
            "IMG_.jpg",
        ];
        names.sort_by(|a, b| by_name(Path::new(a), Path::new(b)));
        assert_eq!(
            names,
            [
                "IMG_9-2.jpg",
                "IMG_9.jpg",
                "IMG_10.jpg",
                "IMG_.jpg",
                "a1.jpg"
            ]
        );
    }
}
