//! Putting a sidecar in place whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::error::Reason;

/// Puts `bytes` in the place of the file at `path`, or of none, so that anybody
/// sees either the old content or the new, whatever happens on the way.
///
/// `expected` is what the file holds as far as the caller knows, `None` for no
/// file; where it holds something else by now, nothing is done and the answer
/// is `false`. `part` is the name of the temporary file beside it; what is
/// there under that name is taken for the rest of a run that was killed.
///
/// The new content is on disk on return; its place in the folder is after
/// [`sync_folder`].
///
/// # Errors
/// [`Reason::Write`] and [`Reason::Refused`], with nothing changed.
pub fn replace(
    path: &Path,
    expected: Option<&[u8]>,
    bytes: &[u8],
    part: &str,
) -> Result<bool, Reason> {
    // A link stays one: what it leads to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let permissions = match fs::metadata(&path) {
        Ok(metadata) if !metadata.is_file() => {
            return Err(Reason::Refused("is not a regular file"));
        }
        Ok(metadata) if metadata.permissions().readonly() => {
            return Err(Reason::Refused("is write-protected"));
        }
        Ok(metadata) => Some(metadata.permissions()),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(Reason::Read(error)),
    };
    let part = path.with_file_name(part);
    let written = write_new(&part, bytes, permissions).and_then(|()| {
        let unchanged = holds(&path, expected)?;
        if unchanged {
            fs::rename(&part, &path)?;
        }
        Ok(unchanged)
    });
    if !matches!(written, Ok(true)) {
        // The reason why it was not put in place is the one to tell.
        let _ = fs::remove_file(&part);
    }
    written.map_err(Reason::Write)
}

/// Removes the file at `path` if it holds `expected`; otherwise the answer is
/// `false`.
///
/// # Errors
/// [`Reason::Write`] and [`Reason::Refused`], with nothing changed.
pub fn remove(path: &Path, expected: &[u8]) -> Result<bool, Reason> {
    let metadata = fs::symlink_metadata(path).map_err(Reason::Read)?;
    if !metadata.is_file() || metadata.permissions().readonly() {
        return Err(Reason::Refused("is write-protected"));
    }
    let unchanged = holds(path, Some(expected)).map_err(Reason::Read)?;
    if unchanged {
        fs::remove_file(path).map_err(Reason::Write)?;
    }
    Ok(unchanged)
}

/// Whether a file holds these bytes, or is absent.
fn holds(path: &Path, expected: Option<&[u8]>) -> io::Result<bool> {
    match (fs::read(path), expected) {
        (Ok(now), Some(expected)) => Ok(now == expected),
        (Ok(_), None) => Ok(false),
        (Err(error), expected) if error.kind() == ErrorKind::NotFound => Ok(expected.is_none()),
        (Err(error), _) => Err(error),
    }
}

fn write_new(part: &Path, bytes: &[u8], permissions: Option<fs::Permissions>) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let mut file = match options.open(part) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(part)?;
            options.open(part)
        }
        opened => opened,
    }?;
    file.write_all(bytes)?;
    if let Some(permissions) = permissions {
        file.set_permissions(permissions)?;
    }
    file.sync_all()
}

/// Removes the temporary file that a killed run left beside `path`.
///
/// # Errors
/// Where there is one that cannot be removed.
pub fn remove_part(path: &Path, part: &str) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match fs::remove_file(path.with_file_name(part)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The folder that a file lies in.
pub(super) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Makes sure that what was renamed in the folder of `path` stays renamed when
/// the power fails.
///
/// # Errors
/// Where the folder cannot be opened or synchronised.
#[cfg(unix)]
pub fn sync_folder(path: &Path) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    fs::File::open(folder_of(&path))?.sync_all()
}

/// Makes sure that what was renamed in the folder of `path` stays renamed when
/// the power fails: nothing to do, as NTFS journals a rename by itself and
/// Windows has no call for a folder.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn sync_folder(path: &Path) -> io::Result<()> {
    let _ = folder_of(path);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: &str = ".keepers-test.part";

    fn entries(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn a_file_is_replaced_only_if_it_is_the_expected_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xmp");
        assert!(replace(&path, None, b"one", PART).unwrap());
        assert!(!replace(&path, None, b"two", PART).unwrap());
        assert!(!replace(&path, Some(b"zero"), b"two", PART).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert!(replace(&path, Some(b"one"), b"two", PART).unwrap());
        sync_folder(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(entries(folder.path()), 1);
    }

    #[test]
    fn the_rest_of_a_killed_run_is_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xmp");
        fs::write(folder.path().join(PART), b"half").unwrap();
        assert!(replace(&path, None, b"whole", PART).unwrap());
        fs::write(folder.path().join(PART), b"half").unwrap();
        remove_part(&path, PART).unwrap();
        remove_part(&path, PART).unwrap();
        assert_eq!(entries(folder.path()), 1);
    }

    #[test]
    fn a_protected_file_and_a_missing_folder_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xmp");
        fs::write(&path, b"one").unwrap();
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
        assert!(replace(&path, Some(b"one"), b"two", PART).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        let missing = folder.path().join("none/a.xmp");
        assert!(replace(&missing, None, b"one", PART).is_err());
        assert_eq!(entries(folder.path()), 1);
    }

    #[cfg(unix)]
    #[test]
    fn links_and_permissions_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("a.xmp"));
        fs::write(&real, b"one").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&real, &link).unwrap();
        assert!(replace(&link, Some(b"one"), b"two", PART).unwrap());
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"two");
        let mode = fs::metadata(&real).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
    }
}
