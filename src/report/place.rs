//! A file that appears whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::paths;
use crate::imaging::known_format;

/// Why a file cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// Photos are never written to.
    #[error(
        "{}: has the name of a photo, and Keepers never writes to photos",
        paths::shown(path)
    )]
    Photo {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// A folder stands there.
    #[error("{}: cannot be written: it is a folder", paths::shown(path))]
    Folder {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("{}: cannot be written: {source}", paths::shown(path))]
    Write {
        /// The path that was asked for.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
}

/// A file on its way to its place, or something that cannot be replaced, such
/// as a pipe, which is written to as it is.
#[derive(Debug)]
pub struct Place {
    path: PathBuf,
    out: Out,
}

#[derive(Debug)]
enum Out {
    File(BufWriter<NamedTempFile>),
    Stream(BufWriter<File>),
}

impl Place {
    /// Opens `path`, whose folder has to exist. Opening early shows that
    /// writing works before the work is done.
    ///
    /// # Errors
    /// When the file cannot be written, or is a photo.
    pub fn open(path: &Path) -> Result<Self, PlaceError> {
        let at = || path.to_owned();
        if known_format(path).is_some() {
            return Err(PlaceError::Photo { path: at() });
        }
        let failed = |source| PlaceError::Write { path: at(), source };
        let out = match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => return Err(PlaceError::Folder { path: at() }),
            Ok(meta) if !meta.is_file() => {
                let stream = OpenOptions::new().write(true).open(path);
                Out::Stream(BufWriter::new(stream.map_err(failed)?))
            }
            _ => {
                // In the same folder, because a rename works within a file
                // system only.
                let folder = match path.parent() {
                    Some(folder) if !folder.as_os_str().is_empty() => folder,
                    _ => Path::new("."),
                };
                let file = builder().tempfile_in(folder).map_err(failed)?;
                Out::File(BufWriter::new(file))
            }
        };
        Ok(Self { path: at(), out })
    }

    /// The file that holds what is written until it is finished.
    pub fn unfinished(&self) -> Option<&Path> {
        match &self.out {
            Out::File(out) => Some(out.get_ref().path()),
            Out::Stream(_) => None,
        }
    }

    /// Writes with `write`.
    ///
    /// # Errors
    /// [`PlaceError::Write`] when that fails.
    pub fn write(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), PlaceError> {
        let written = match &mut self.out {
            Out::File(out) => write(out),
            Out::Stream(out) => write(out).and_then(|()| out.flush()),
        };
        written.map_err(|source| PlaceError::Write {
            path: self.path.clone(),
            source,
        })
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// [`PlaceError::Write`] when that fails; what was at the path before is
    /// still there then.
    pub fn finish(self) -> Result<(), PlaceError> {
        let Self { path, out } = self;
        let finished = || {
            let Out::File(out) = out else {
                return Ok(());
            };
            let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            Ok(())
        };
        finished().map_err(|source| PlaceError::Write {
            path: path.clone(),
            source,
        })
    }
}

/// Temporary files beside their goal; hidden, and not taken for anything else.
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".keepers-").suffix(".part");
    usual_permissions(&mut builder);
    builder
}

/// Those of any new file, less what the user's umask takes away; temporary
/// files are otherwise for their owner alone.
#[cfg(unix)]
fn usual_permissions(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn usual_permissions(_builder: &mut tempfile::Builder<'_, '_>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_when_it_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.csv");
        fs::write(&path, "before").unwrap();
        let mut place = Place::open(&path).unwrap();
        place.write(|out| out.write_all(b"after")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        place.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "after");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_unfinished_file_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut place = Place::open(&folder.path().join("scores.csv")).unwrap();
        place.write(|out| out.write_all(b"half")).unwrap();
        drop(place);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn photos_folders_and_missing_folders_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for path in [
            folder.path().join("photo.JPG"),
            folder.path().to_owned(),
            folder.path().join("missing/scores.csv"),
        ] {
            let error = Place::open(&path).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("{}: ", path.display())),
                "{error}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_the_file_as_any_other() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (ours, usual) = (folder.path().join("ours"), folder.path().join("usual"));
        fs::write(&usual, b"").unwrap();
        Place::open(&ours).unwrap().finish().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&usual));
    }
}
