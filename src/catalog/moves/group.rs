//! What belongs together: the files of a pair, and their sidecars.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use super::{Kind, Refused, Step};
use crate::catalog::Stamp;
use crate::imaging::{Format, known_format};
use crate::metadata::xmp::{Folders, Naming, Sidecars};

/// Names in folders, each listed once.
#[derive(Debug, Default)]
pub(super) struct Listings(HashMap<PathBuf, HashSet<OsString>>);

impl Listings {
    /// The names in a folder; none where there is no such folder.
    ///
    /// # Errors
    /// Where it cannot be listed.
    pub(super) fn of(&mut self, folder: &Path) -> Result<&mut HashSet<OsString>, String> {
        if !self.0.contains_key(folder) {
            let names = match fs::read_dir(folder) {
                Ok(entries) => entries
                    .map(|entry| entry.map(|entry| entry.file_name()))
                    .collect::<Result<_, _>>(),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(HashSet::new()),
                Err(error) => Err(error),
            };
            let names =
                names.map_err(|error| format!("{}: cannot be read: {error}", folder.display()))?;
            self.0.insert(folder.to_owned(), names);
        }
        Ok(self.0.entry(folder.to_owned()).or_default())
    }
}

/// How a file's name is made of that of its group.
#[derive(Debug, Clone)]
pub(super) enum Name {
    /// The common name and this extension.
    Stem(Option<OsString>),
    /// The whole name of the photo with this extension, and one more.
    Full(Option<OsString>, OsString),
}

impl Name {
    /// The name with this common part.
    pub(super) fn with(&self, stem: &OsStr) -> OsString {
        let mut name = stem.to_owned();
        let mut add = |extension: &OsStr| {
            name.push(".");
            name.push(extension);
        };
        match self {
            Self::Stem(extension) => extension.iter().for_each(|e| add(e)),
            Self::Full(photo, extension) => {
                photo.iter().for_each(|e| add(e));
                add(extension);
            }
        }
        name
    }
}

/// Files that belong together, all of one folder.
#[derive(Debug)]
pub(super) struct Found {
    pub folder: PathBuf,
    /// What their names have in common.
    pub stem: OsString,
    /// With no destination yet.
    pub files: Vec<(Step, Name)>,
}

/// The photos of the pair that `photo` is part of, itself first; a camera
/// writes a RAW file and a JPEG or HEIF of one name.
pub(super) fn pair(photo: &Path, listings: &mut Listings) -> Vec<PathBuf> {
    let mut pair = vec![photo.to_owned()];
    let (Some(folder), Some(stem)) = (photo.parent(), photo.file_stem()) else {
        return pair;
    };
    let is_raw = match known_format(photo) {
        Some(Format::Raw) => true,
        Some(Format::Jpeg | Format::Heif) => false,
        _ => return pair,
    };
    // A folder that cannot be listed shows its other photos to nobody.
    let Ok(names) = listings.of(folder) else {
        return pair;
    };
    let mut others: Vec<(bool, &OsString)> = names
        .iter()
        .filter(|name| Path::new(name).file_stem() == Some(stem))
        .filter(|name| photo.file_name() != Some(name))
        .filter_map(|name| match known_format(Path::new(name)) {
            Some(Format::Raw) => Some((true, name)),
            Some(Format::Jpeg | Format::Heif) => Some((false, name)),
            _ => None,
        })
        .collect();
    if is_raw || others.iter().any(|(raw, _)| *raw) {
        others.sort();
        pair.extend(others.into_iter().map(|(_, name)| folder.join(name)));
    }
    pair
}

/// Photos of one name with their sidecars, each with the state it is in.
///
/// # Errors
/// Where one of them cannot go, which keeps all of them.
pub(super) fn files(photos: &[PathBuf], sidecars: &mut Folders) -> Result<Found, Refused> {
    let first = photos
        .first()
        .map(PathBuf::as_path)
        .unwrap_or(Path::new(""));
    let mut found = Found {
        folder: first.parent().unwrap_or(Path::new("")).to_owned(),
        stem: first.file_stem().unwrap_or_default().to_owned(),
        files: Vec::new(),
    };
    for photo in photos {
        let extension = photo.extension().map(OsStr::to_owned);
        let step = step(photo, Kind::Photo)?;
        found.files.push((step, Name::Stem(extension)));
    }
    for photo in photos {
        let beside = Sidecars::of(photo, Naming::default(), sidecars);
        let used = beside.found.into_iter().map(|sidecar| sidecar.path);
        let unusable = beside.unusable.into_iter().map(|error| error.path);
        for path in used.chain(unusable) {
            let taken = found.files.iter().any(|(file, _)| file.from == path);
            if taken || is_of_another(&path, photos) {
                continue;
            }
            let extension = path.extension().unwrap_or_default().to_owned();
            let name = match path.file_stem() == photo.file_name() {
                true => Name::Full(photo.extension().map(OsStr::to_owned), extension),
                false => Name::Stem(Some(extension)),
            };
            found.files.push((step(&path, Kind::Sidecar)?, name));
        }
    }
    Ok(found)
}

/// Whether a sidecar is by its full name that of a photo that stays: `A.CR2.xmp`
/// beside `A.CR2.jpg` is that of `A.CR2`.
fn is_of_another(sidecar: &Path, photos: &[PathBuf]) -> bool {
    let photo = sidecar.with_extension("");
    !photos.contains(&photo) && known_format(&photo).is_some() && photo.exists()
}

fn step(path: &Path, kind: Kind) -> Result<Step, Refused> {
    let refused = |reason: String| Refused {
        path: path.to_owned(),
        reason,
    };
    let metadata =
        fs::symlink_metadata(path).map_err(|error| refused(format!("cannot be read: {error}")))?;
    if metadata.is_symlink() {
        let reason = "is a link; name the file that it leads to";
        return Err(refused(reason.to_owned()));
    }
    if !metadata.is_file() {
        return Err(refused("is not a regular file".to_owned()));
    }
    Ok(Step {
        from: path.to_owned(),
        to: None,
        kind,
        bytes: metadata.len(),
        stamp: Stamp::of_metadata(&metadata),
    })
}
