//! A folder of small files within a limit, for what can be made again at any
//! time: whatever is wrong with a file makes it absent, and none of it stops
//! anything.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// How old a file's mark of use may be before it is renewed.
const USED: Duration = Duration::from_secs(3600);

/// What is left when files are cleared away, of the limit: so that it is not
/// done for each one.
const LEFT: f64 = 0.9;

/// The folder. The files that were not used for longest go first.
#[derive(Debug)]
pub(super) struct Shelf {
    folder: PathBuf,
    /// Most bytes of all files together.
    limit: u64,
    /// What they have now; `None` until it was counted.
    bytes: Mutex<Option<u64>>,
}

/// A file on the shelf.
struct Kept {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

impl Shelf {
    /// Files in `folder`, which need not exist, of `limit` bytes together.
    pub(super) fn new(folder: &Path, limit: u64) -> Self {
        Self {
            folder: folder.to_owned(),
            limit,
            bytes: Mutex::new(None),
        }
    }

    /// What `understood` makes of the file of this name, where there is one and
    /// it makes anything of it.
    pub(super) fn get<T>(
        &self,
        name: &str,
        understood: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Option<T> {
        let path = self.path(name);
        let bytes = fs::read(&path).ok()?;
        let found = understood(&bytes);
        if found.is_none() {
            tracing::debug!("{}: is damaged and made again", path.display());
        }
        renew(&path);
        found
    }

    /// Keeps what `write` writes, or not.
    pub(super) fn keep(&self, name: &str, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        let path = self.path(name);
        match whole(&path, write) {
            Ok(bytes) => self.count(bytes),
            Err(error) => tracing::debug!("{}: cannot be kept: {error}", path.display()),
        }
    }

    /// Names begin with hexadecimal digits of a hash.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        // No folder gets more files than file managers bear.
        self.folder
            .join(name.get(..2).unwrap_or_default())
            .join(name)
    }

    /// Bytes of all files together, counted anew.
    pub(super) fn bytes(&self) -> u64 {
        self.all().iter().map(|kept| kept.bytes).sum()
    }

    /// Counts a new file, and makes room where there are too many.
    fn count(&self, new: u64) {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let now = match *bytes {
            Some(before) => before + new,
            None => self.bytes(),
        };
        *bytes = Some(if now > self.limit { self.clear() } else { now });
    }

    /// All files.
    fn all(&self) -> Vec<Kept> {
        let list = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
        list(&self.folder)
            .flat_map(|group| list(&group.path()).collect::<Vec<_>>())
            .filter_map(|entry| {
                let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
                Some(Kept {
                    path: entry.path(),
                    bytes: metadata.len(),
                    used: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                })
            })
            .collect()
    }

    /// Removes the files that were not used for longest; what is left.
    fn clear(&self) -> u64 {
        let mut all = self.all();
        all.sort_by_key(|kept| kept.used);
        let mut left: u64 = all.iter().map(|kept| kept.bytes).sum();
        let aim = (self.limit as f64 * LEFT) as u64;
        for kept in all {
            if left <= aim {
                break;
            }
            // Another program may have been quicker.
            if fs::remove_file(&kept.path).is_ok() {
                left -= kept.bytes;
            }
        }
        left
    }
}

/// Writes a file so that it is whole or not there; its length.
fn whole(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<u64> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    write(&mut file)?;
    let file = file.persist(path)?;
    Ok(file.metadata()?.len())
}

/// Marks a file as used.
fn renew(path: &Path) {
    let now = SystemTime::now();
    let used = fs::metadata(path).and_then(|metadata| metadata.modified());
    let young = |used| now.duration_since(used).is_ok_and(|age| age < USED);
    if used.is_ok_and(young) {
        return;
    }
    let renewed = File::options()
        .write(true)
        .open(path)
        .and_then(|file| file.set_modified(now));
    if let Err(error) = renewed {
        tracing::debug!("{}: cannot be marked as used: {error}", path.display());
    }
}
