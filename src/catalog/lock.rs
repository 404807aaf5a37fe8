//! The locks. That for writing sidecars: one process at a time reads, merges and
//! writes them. It lies beside the catalog, never beside photos, and the
//! system lets it go when its process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::CatalogError;
use super::store::{io_error, with_suffix};

/// How long to wait for another process; it may be rating thousands of photos.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often to look.
const LOOK: Duration = Duration::from_millis(5);

/// The lock, held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock of the catalog at `path`.
    ///
    /// # Errors
    /// [`CatalogError::Busy`] after two minutes.
    pub(super) fn take(path: &Path) -> Result<Self, CatalogError> {
        let (file, failed) = open(path, "-lock")?;
        let begin = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if begin.elapsed() < PATIENCE => {
                    std::thread::sleep(LOOK);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(CatalogError::Busy {
                        path: path.to_owned(),
                    });
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }
}

/// The lock for acts on files, which may take hours and during which others may
/// rate photos. Whoever has it takes the other one for moments only.
#[derive(Debug)]
pub(super) struct MovesLock {
    _file: File,
}

impl MovesLock {
    /// The lock of the catalog at `path`; `None` where another process has it.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn take(path: &Path) -> Result<Option<Self>, CatalogError> {
        let (file, failed) = open(path, "-moves-lock")?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

/// Opens a lock's file; the second is what its errors become.
fn open(
    path: &Path,
    suffix: &str,
) -> Result<(File, impl Fn(io::Error) -> CatalogError + use<>), CatalogError> {
    let at = with_suffix(path, suffix);
    let failed = io_error(&at, "cannot be locked");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&at)
        .map_err(&failed)?;
    Ok((file, failed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_one_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let first = Lock::take(&path).unwrap();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| Lock::take(&path).is_ok());
            std::thread::sleep(10 * LOOK);
            assert!(!second.is_finished());
            drop(first);
            assert!(second.join().unwrap());
        });
    }
}
