//! What tells one state of a file from another: its time stamps, which are
//! quick to ask for, and its content.

use std::fs::{self, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Files up to this size in bytes are hashed whole.
const WHOLE: u64 = 16 << 20;

/// What is hashed of the head and the tail of larger ones.
const END: u64 = 1 << 20;

/// How many samples are taken between them, and their length in bytes.
const SAMPLES: u64 = 64;
const SAMPLE: u64 = 64 << 10;

/// How old a file has to be before its time stamps tell every later change, in
/// nanoseconds: the coarsest clock of a file system (FAT) has two seconds.
const SETTLED: i64 = 2_500_000_000;

/// What the file system says about a file's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Length in bytes.
    pub size: i64,
    /// When the content was last written, in nanoseconds since 1970.
    pub modified: i64,
    /// When anything about the file last changed (Unix; elsewhere 0), which
    /// also shows a change that set `modified` back.
    pub changed: i64,
}

/// A hash that stands for a photo's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash(pub(super) [u8; 32]);

impl ContentHash {
    /// The hash in hexadecimal.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A file's state: what it is called by the file system, and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileState {
    /// The stamp.
    pub stamp: Stamp,
    /// The content.
    pub content: ContentHash,
    /// Whether a later change is sure to show in the stamp.
    pub settled: bool,
}

impl Stamp {
    /// The stamp of a regular file.
    ///
    /// # Errors
    /// Where there is none.
    pub fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        if !metadata.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        Ok(Self::of_metadata(&metadata))
    }

    /// The stamp that is in a file's metadata.
    pub(super) fn of_metadata(metadata: &Metadata) -> Self {
        Self {
            size: i64::try_from(metadata.len()).unwrap_or(i64::MAX),
            modified: metadata.modified().map_or(0, nanoseconds),
            changed: changed(metadata),
        }
    }

    /// Whether, by the clock as it is now, a later change is sure to give the
    /// file another stamp. A stamp of the future never is.
    pub(crate) fn is_settled(self) -> bool {
        let now = nanoseconds(SystemTime::now());
        now.saturating_sub(self.modified.max(self.changed)) > SETTLED
    }
}

impl FileState {
    /// The state of the file at `path`, read to the end.
    ///
    /// # Errors
    /// Where it cannot be read, or changes meanwhile.
    pub fn read(path: &Path) -> io::Result<Self> {
        Self::since(path, Stamp::of(path)?)
    }

    /// The state of the file at `path`, which had this stamp before: what was
    /// read in between belongs to this state.
    ///
    /// # Errors
    /// Where it cannot be read, or has changed since.
    pub fn since(path: &Path, before: Stamp) -> io::Result<Self> {
        let settled = before.is_settled();
        let content = hash(path, before)?;
        if Stamp::of(path)? != before {
            return Err(io::Error::other("it changes while it is read"));
        }
        Ok(Self {
            stamp: before,
            content,
            settled,
        })
    }
}

/// The hash of a file's content. Of a large one, so that a RAW file of which
/// only the preview counts need not be read whole, it is that of many samples
/// and of the time it was written; touching such a file makes it another.
fn hash(path: &Path, stamp: Stamp) -> io::Result<ContentHash> {
    let (mut file, _) = crate::regular::open(path)?;
    let mut hasher = blake3::Hasher::new();
    let size = stamp.size.unsigned_abs();
    if size <= WHOLE {
        io::copy(&mut (&file).take(size), &mut hasher)?;
    } else {
        hasher.update(&stamp.size.to_le_bytes());
        hasher.update(&stamp.modified.to_le_bytes());
        let step = (size - 2 * END) / (SAMPLES + 1);
        let middle = (1..=SAMPLES).map(|i| (END + i * step, SAMPLE));
        for (start, length) in [(0, END), (size - END, END)].into_iter().chain(middle) {
            file.seek(SeekFrom::Start(start))?;
            io::copy(&mut (&file).take(length), &mut hasher)?;
        }
    }
    Ok(ContentHash(*hasher.finalize().as_bytes()))
}

fn nanoseconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |n| -n),
    }
}

#[cfg(unix)]
fn changed(metadata: &Metadata) -> i64 {
    use std::os::unix::fs::MetadataExt;
    metadata
        .ctime()
        .saturating_mul(1_000_000_000)
        .saturating_add(metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn changed(_metadata: &Metadata) -> i64 {
    0
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::Duration;

    use super::*;

    #[test]
    fn content_decides_and_not_the_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            FileState::read(&path).unwrap()
        };
        let (a, b, c) = (file("a", b"one"), file("b", b"one"), file("c", b"two"));
        assert_eq!(a.content, b.content);
        assert_ne!(a.content, c.content);
        assert!(!a.settled, "a file made a moment ago");
    }

    #[test]
    fn stamps_settle_with_time_and_never_in_the_future() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, b"one").unwrap();
        let before = Stamp::of(&path).unwrap();
        let old = Stamp {
            modified: before.modified - 10_000_000_000,
            changed: before.changed - 10_000_000_000,
            ..before
        };
        assert!(old.is_settled());
        let file = File::options().write(true).open(&path).unwrap();
        let future = SystemTime::now() + Duration::from_secs(3600);
        file.set_modified(future).unwrap();
        assert!(!Stamp::of(&path).unwrap().is_settled());
        assert!(FileState::since(&path, before).is_err(), "it was touched");
    }

    #[test]
    fn large_files_are_sampled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.raw");
        let mut bytes = vec![7; (WHOLE + 5) as usize];
        fs::write(&path, &bytes).unwrap();
        let time = SystemTime::now() - Duration::from_secs(60);
        let state = |path: &Path| {
            let file = File::options().write(true).open(path).unwrap();
            file.set_modified(time).unwrap();
            FileState::read(path).unwrap().content
        };
        let before = state(&path);
        let copy = folder.path().join("b.raw");
        fs::write(&copy, &bytes).unwrap();
        assert_eq!(state(&copy), before);
        *bytes.last_mut().unwrap() = 8;
        fs::write(&path, &bytes).unwrap();
        assert_ne!(state(&path), before);
    }
}
