//! Paths as the catalog keeps them: real ones, byte for byte.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

/// Where a photo is: its folder's real path and its name there. A link to a
/// photo is a photo of its own, as its sidecar lies beside it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub folder: PathBuf,
    pub name: OsString,
}

impl Place {
    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }
}

/// Finds places; a folder's real path is asked for once.
#[derive(Debug, Default)]
pub(super) struct Places(HashMap<PathBuf, PathBuf>);

impl Places {
    /// The place of `path`; `None` where it names no file (`..`, `/`).
    pub(super) fn of(&mut self, path: &Path) -> Option<Place> {
        let name = path.file_name()?.to_owned();
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if let Some(real) = self.0.get(folder) {
            let folder = real.clone();
            return Some(Place { folder, name });
        }
        let real = fs::canonicalize(folder)
            .or_else(|_| std::path::absolute(folder))
            .ok()?;
        self.0.insert(folder.to_owned(), real.clone());
        Some(Place { folder: real, name })
    }
}

/// The bytes that stand for a path in the catalog.
#[cfg(unix)]
pub(super) fn to_bytes(text: &OsStr) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    text.as_bytes().to_owned()
}

/// The path that bytes of the catalog stand for.
#[cfg(unix)]
pub(super) fn of_bytes(bytes: Vec<u8>) -> OsString {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(bytes)
}

/// The bytes that stand for a path in the catalog.
#[cfg(windows)]
pub(super) fn to_bytes(text: &OsStr) -> Vec<u8> {
    use std::os::windows::ffi::OsStrExt;
    text.encode_wide().flat_map(u16::to_le_bytes).collect()
}

/// The path that bytes of the catalog stand for.
#[cfg(windows)]
pub(super) fn of_bytes(bytes: Vec<u8>) -> OsString {
    use std::os::windows::ffi::OsStringExt;
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .filter_map(|pair| Some(u16::from_le_bytes(*pair.first_chunk()?)))
        .collect();
    OsString::from_wide(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        for text in ["", "a b", "é 写\n"] {
            assert_eq!(of_bytes(to_bytes(OsStr::new(text))), OsStr::new(text));
        }
    }

    #[test]
    fn a_folder_has_one_name() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        fs::create_dir(folder.join("sub")).unwrap();
        let mut places = Places::default();
        let plain = places.of(&folder.join("a.jpg")).unwrap();
        let detour = places.of(&folder.join("sub/../a.jpg")).unwrap();
        assert_eq!(plain, detour);
        assert_eq!(places.of(Path::new("/")), None);
    }
}
