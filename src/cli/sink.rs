//! Where results go: standard output, or a file that appears whole or not at
//! all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tempfile::NamedTempFile;

use super::paths;
use crate::imaging::known_format;

/// A place for results.
#[derive(Debug)]
pub enum Sink {
    /// Standard output.
    Stdout(BufWriter<io::Stdout>),
    /// A file that will be at this path when all is written.
    File(BufWriter<NamedTempFile>, PathBuf),
    /// Something that cannot be replaced, such as a pipe or a device.
    Stream(BufWriter<File>, PathBuf),
}

/// Whether there is still somebody to write for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It was written.
    Yes,
    /// The reader of standard output has left.
    ReaderGone,
}

impl Sink {
    /// Opens `path`, or standard output; a file's folder has to exist.
    /// Opening early shows that writing works before the work is done.
    ///
    /// # Errors
    /// When the file cannot be written, or is a photo.
    pub fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self::Stdout(BufWriter::new(io::stdout())));
        };
        let name = paths::shown(path);
        if known_format(path).is_some() {
            bail!("{name}: has the name of a photo, and Keepers never writes to photos");
        }
        let failed = || format!("{name}: cannot be written");
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => bail!("{name}: cannot be written: it is a folder"),
            Ok(meta) if !meta.is_file() => {
                let stream = OpenOptions::new().write(true).open(path);
                let stream = stream.with_context(failed)?;
                return Ok(Self::Stream(BufWriter::new(stream), path.to_owned()));
            }
            _ => {}
        }
        // In the same folder, because a rename works within a file system only.
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let file = builder().tempfile_in(folder).with_context(failed)?;
        Ok(Self::File(BufWriter::new(file), path.to_owned()))
    }

    /// The file that holds what is written until it is finished.
    pub fn unfinished(&self) -> Option<&Path> {
        match self {
            Self::File(out, _) => Some(out.get_ref().path()),
            Self::Stdout(_) | Self::Stream(..) => None,
        }
    }

    /// Writes with `write`.
    ///
    /// # Errors
    /// When it cannot be written; a reader of standard output that has left is
    /// no error.
    pub fn write(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> anyhow::Result<Written> {
        match self {
            Self::Stdout(out) => checked(write(out).and_then(|()| out.flush())),
            Self::File(out, path) => named(write(out), path),
            Self::Stream(out, path) => named(write(out).and_then(|()| out.flush()), path),
        }
    }

    /// Puts a file in its place.
    ///
    /// # Errors
    /// When that fails; what was at the path before is still there then.
    pub fn finish(self) -> anyhow::Result<()> {
        let Self::File(out, path) = self else {
            return Ok(());
        };
        let name = paths::shown(&path);
        let failed = || format!("{name}: cannot be written");
        let file = out.into_inner().map_err(io::IntoInnerError::into_error);
        let file = file.with_context(failed)?;
        file.as_file().sync_all().with_context(failed)?;
        file.persist(&path)
            .map_err(|e| e.error)
            .with_context(failed)?;
        Ok(())
    }
}

fn named(result: io::Result<()>, path: &Path) -> anyhow::Result<Written> {
    result.with_context(|| format!("{}: cannot be written", paths::shown(path)))?;
    Ok(Written::Yes)
}

/// Sorts out what happened to standard output.
///
/// # Errors
/// Any but that its reader has left.
pub fn checked(result: io::Result<()>) -> anyhow::Result<Written> {
    match result {
        Ok(()) => Ok(Written::Yes),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Written::ReaderGone),
        Err(error) => Err(error).context("standard output cannot be written"),
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
        let mut sink = Sink::open(Some(&path)).unwrap();
        sink.write(|out| out.write_all(b"after")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        sink.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "after");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_unfinished_file_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut sink = Sink::open(Some(&folder.path().join("scores.csv"))).unwrap();
        sink.write(|out| out.write_all(b"half")).unwrap();
        drop(sink);
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
            let error = format!("{:#}", Sink::open(Some(&path)).unwrap_err());
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
        Sink::open(Some(&ours)).unwrap().finish().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&usual));
    }
}
