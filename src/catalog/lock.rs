//! The lock for writing sidecars: one process at a time reads, merges and
//! writes them. It lies beside the catalog, never beside photos, and the
//! system lets it go when its process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
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
        let at = with_suffix(path, "-lock");
        let failed = io_error(&at, "cannot be locked");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&at)
            .map_err(&failed)?;
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
