//! Files seen as memory, so that weights are read from where they lie and only
//! what is needed is ever copied.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

/// A file's content.
#[derive(Debug)]
pub(super) struct Mapped(Option<memmap2::Mmap>);

impl Mapped {
    /// Maps a regular file; the content is read when it is looked at.
    ///
    /// # Errors
    /// The system's, or that it is no regular file.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is no regular file",
            ));
        }
        if meta.len() == 0 {
            // Nothing to map, which some systems refuse.
            return Ok(Self(None));
        }
        // SAFETY: the map is private to this value, read only, and handed out
        // as bytes alone: any content is a valid `[u8]`, and whoever reads it
        // checks it as foreign data. What the language cannot rule out is
        // another program that changes the file while it is mapped; then
        // weights come out wrong or, where it was cut short, the system ends
        // the program. Maps live only while a model is loaded, and Keepers
        // itself never writes into a model file: it replaces it whole.
        let map = unsafe { memmap2::Mmap::map(&file)? };
        Ok(Self(Some(map)))
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_as_they_are_and_folders_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, b"").unwrap();
        assert!(Mapped::open(&path).unwrap().is_empty());
        std::fs::write(&path, b"abc").unwrap();
        assert_eq!(&*Mapped::open(&path).unwrap(), b"abc");
        assert!(Mapped::open(folder.path()).is_err());
        assert!(Mapped::open(&folder.path().join("none")).is_err());
    }
}
