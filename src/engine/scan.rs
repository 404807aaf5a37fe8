//! Finds the photos that a request means.
//!
//! Looks at names and kinds of directory entries only; whether a file really
//! is a photo shows when it is decoded.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::{Cancel, Request};
use crate::imaging::known_format;

/// What a scan found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// In path order.
    pub(super) photos: Vec<Photo>,
    /// See [`super::Scan::skipped`].
    pub(super) skipped: usize,
}

/// A path that will be answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Photo {
    pub(super) path: PathBuf,
    /// Why there is no need to open it.
    pub(super) problem: Option<String>,
}

/// The photos that paths mean, in path order, each with the reason why it cannot
/// be opened where there is one. Folders are looked into as for scoring.
pub fn photos_of(paths: &[PathBuf], recursive: bool) -> Vec<(PathBuf, Option<String>)> {
    let request = Request {
        paths: paths.to_vec(),
        recursive,
        thumbnail: None,
    };
    let found = scan(&request, &Cancel::default());
    found
        .photos
        .into_iter()
        .map(|photo| (photo.path, photo.problem))
        .collect()
}

/// Scans the request's paths; a cancelled scan returns what it has.
///
/// - A path that names a file is always taken, whatever its extension; so is a
///   path that names nothing, with its reason.
/// - A folder contributes the files with a photo's extension. Hidden files and
///   all others are skipped and counted; a hidden sub-folder is not entered
///   and counts as one.
/// - Every file of a folder is taken once, by its real name where symbolic
///   links lead to it too; a folder that was seen is not entered again, so
///   links that form a ring end.
/// - A folder that cannot be read is taken as a path with a problem.
pub(super) fn scan(request: &Request, cancel: &Cancel) -> Found {
    let mut scanner = Scanner {
        recursive: request.recursive,
        cancel,
        photos: BTreeMap::new(),
        skipped: 0,
        folders: HashSet::new(),
        files: HashSet::new(),
        links: Vec::new(),
    };
    let mut folders = Vec::new();
    for path in &request.paths {
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => folders.push(path),
            Ok(meta) if meta.is_file() => scanner.named_file(path),
            Ok(_) => scanner.problem(path, "is neither a file nor a folder".to_owned()),
            Err(error) => scanner.problem(path, format!("cannot be read: {error}")),
        }
    }
    for folder in folders {
        scanner.folder(folder);
    }
    scanner.follow_links();
    let photos = scanner
        .photos
        .into_iter()
        .map(|(path, problem)| Photo { path, problem })
        .collect();
    Found {
        photos,
        skipped: scanner.skipped,
    }
}

struct Scanner<'a> {
    recursive: bool,
    cancel: &'a Cancel,
    /// By path, with the problem if there is one.
    photos: BTreeMap<PathBuf, Option<String>>,
    skipped: usize,
    /// Folders that were entered, by their real paths.
    folders: HashSet<PathBuf>,
    /// Files that were taken, by their real paths.
    files: HashSet<PathBuf>,
    /// Symbolic links met on the way, followed when all real files are known.
    links: Vec<PathBuf>,
}

impl Scanner<'_> {
    fn problem(&mut self, path: &Path, reason: String) {
        self.photos
            .entry(path.to_owned())
            .or_insert_with(|| Some(reason));
    }

    fn named_file(&mut self, path: &Path) {
        self.files.insert(real(path));
        self.photos.insert(path.to_owned(), None);
    }

    /// Walks a folder, real entries only.
    fn folder(&mut self, root: &Path) {
        let depth = if self.recursive { usize::MAX } else { 1 };
        // The real path of the folder at each depth of the walk.
        let mut real_folders: Vec<PathBuf> = Vec::new();
        let mut walk = WalkDir::new(root).max_depth(depth).into_iter();
        while let Some(entry) = walk.next() {
            if self.cancel.is_cancelled() {
                return;
            }
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(root).to_owned();
                    let reason = error
                        .io_error()
                        .map_or_else(|| error.to_string(), ToString::to_string);
                    self.problem(&path, format!("cannot be read: {reason}"));
                    continue;
                }
            };
            let depth = entry.depth();
            // The root itself may be a link; it was named, so it is entered.
            let is_folder = depth == 0 || entry.file_type().is_dir();
            if is_folder {
                if depth > 0 && !self.recursive {
                    continue;
                }
                if depth > 0 && is_hidden(&entry) {
                    self.skipped += 1;
                    walk.skip_current_dir();
                    continue;
                }
                let real_folder = real(entry.path());
                if !self.folders.insert(real_folder.clone()) {
                    walk.skip_current_dir();
                    continue;
                }
                real_folders.truncate(depth);
                real_folders.push(real_folder);
            } else if entry.path_is_symlink() {
                if is_hidden(&entry) {
                    self.skipped += 1;
                } else {
                    self.links.push(entry.into_path());
                }
            } else if !entry.file_type().is_file() || is_hidden(&entry) {
                self.skipped += 1;
            } else {
                let real_file = match real_folders.get(depth - 1) {
                    Some(folder) => folder.join(entry.file_name()),
                    None => real(entry.path()),
                };
                self.folder_file(entry.into_path(), real_file);
            }
        }
    }

    /// Takes a folder's file if its name says that it is a photo.
    fn folder_file(&mut self, path: PathBuf, real_file: PathBuf) {
        if known_format(&path).is_none() {
            self.skipped += 1;
        } else if self.files.insert(real_file) {
            self.photos.entry(path).or_insert(None);
        }
    }

    /// Follows the links in path order, and those found behind them.
    fn follow_links(&mut self) {
        while !self.links.is_empty() && !self.cancel.is_cancelled() {
            let mut links = std::mem::take(&mut self.links);
            links.sort();
            for link in links {
                match fs::metadata(&link) {
                    Ok(meta) if meta.is_dir() => {
                        if self.recursive {
                            self.folder(&link);
                        }
                    }
                    Ok(meta) if meta.is_file() => {
                        let real_file = real(&link);
                        self.folder_file(link, real_file);
                    }
                    Ok(_) => self.skipped += 1,
                    // A dangling link with a photo's name is a broken photo.
                    Err(error) if known_format(&link).is_some() => {
                        self.problem(&link, format!("cannot be read: {error}"));
                    }
                    Err(_) => self.skipped += 1,
                }
            }
        }
    }
}

/// The path without links and detours, as far as the system can say.
fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Whether the system's file managers hide the entry.
fn is_hidden(entry: &DirEntry) -> bool {
    starts_with_dot(entry.file_name()) || has_hidden_attribute(entry)
}

fn starts_with_dot(name: &OsStr) -> bool {
    name.as_encoded_bytes().first() == Some(&b'.')
}

#[cfg(windows)]
fn has_hidden_attribute(entry: &DirEntry) -> bool {
    use std::os::windows::fs::MetadataExt;
    const FILE_ATTRIBUTE_HIDDEN: u32 = 2;
    entry
        .metadata()
        .is_ok_and(|meta| meta.file_attributes() & FILE_ATTRIBUTE_HIDDEN != 0)
}

#[cfg(not(windows))]
fn has_hidden_attribute(_entry: &DirEntry) -> bool {
    false
}
