//! Opening users' files: regular ones, for reading, and never waiting.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// Opens the regular file at `path` for reading.
///
/// Anything else is refused before it is opened, as opening a pipe would wait
/// for somebody to write; one that takes the file's place in that very moment
/// is not waited for either.
///
/// # Errors
/// Those of the system, and one for what is no regular file.
pub(crate) fn open(path: &Path) -> io::Result<(File, Metadata)> {
    check(&fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    never_wait(&mut options);
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    check(&metadata)?;
    Ok((file, metadata))
}

fn check(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        Ok(())
    } else {
        Err(io::Error::other("not a regular file"))
    }
}

/// Of a regular file it changes nothing.
#[cfg(unix)]
fn never_wait(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.custom_flags(libc::O_NONBLOCK);
}

/// Pipes have a name space of their own here, and no file is one.
#[cfg(not(unix))]
fn never_wait(_options: &mut OpenOptions) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_opened_and_folders_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, b"abc").unwrap();
        assert_eq!(open(&path).unwrap().1.len(), 3);
        let error = open(folder.path()).unwrap_err().to_string();
        assert_eq!(error, "not a regular file");
        assert!(open(&folder.path().join("none")).is_err());
    }

    /// Whoever puts a pipe in a file's place does so between two calls.
    #[cfg(unix)]
    #[test]
    fn a_pipe_is_never_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        if !made.is_ok_and(|status| status.success()) {
            println!("skipped: no mkfifo on this machine");
            return;
        }
        assert!(open(&pipe).is_err());
        let mut options = OpenOptions::new();
        never_wait(options.read(true));
        let opened = options.open(&pipe).unwrap();
        assert!(check(&opened.metadata().unwrap()).is_err());
    }
}
