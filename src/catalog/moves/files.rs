//! Moving and copying one file, never onto another.

use std::fs::{self, File, FileTimes, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Watch;
use crate::catalog::Stamp;
use crate::engine::Progress;
use crate::metadata::xmp;
use crate::regular;

/// How much of a file is copied between two looks at whether to go on.
const PART: usize = 1 << 20;

/// How often progress is told.
const TELL: Duration = Duration::from_millis(100);

/// Why a file does not go.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It was cancelled.
    Cancelled,
    /// For this reason.
    Reason(String),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Reason(error.to_string())
    }
}

/// How far the work is.
pub(super) struct Flow<'a, 'b> {
    watch: &'a mut Watch<'b>,
    begun: Instant,
    told: Option<Instant>,
    done: u64,
    total: u64,
    failed: usize,
}

impl<'a, 'b> Flow<'a, 'b> {
    pub(super) fn new(watch: &'a mut Watch<'b>, total: u64) -> Self {
        Self {
            watch,
            begun: Instant::now(),
            told: None,
            done: 0,
            total,
            failed: 0,
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.watch.cancel.is_cancelled()
    }

    /// So many more files have failed.
    pub(super) fn failed(&mut self, files: usize) {
        self.failed += files;
    }

    /// So many bytes are where they belong, counted from the beginning.
    pub(super) fn reached(&mut self, done: u64) {
        self.done = done;
        if self.told.is_some_and(|told| told.elapsed() < TELL) && done < self.total {
            return;
        }
        self.told = Some(Instant::now());
        let seconds = self.begun.elapsed().as_secs_f64();
        let rate = if seconds > 0.0 {
            done as f64 / seconds
        } else {
            0.0
        };
        let left = self.total.saturating_sub(done);
        (self.watch.progress)(&Progress {
            done: usize::try_from(done).unwrap_or(usize::MAX),
            total: usize::try_from(self.total).unwrap_or(usize::MAX),
            failed: self.failed,
            rate,
            left: (rate > 0.0).then(|| Duration::from_secs_f64(left as f64 / rate)),
        });
    }

    pub(super) fn done(&self) -> u64 {
        self.done
    }
}

/// The stamp of a regular file, which no link stands for.
///
/// # Errors
/// Where there is none.
pub(super) fn stamp(path: &Path) -> io::Result<Stamp> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        return Err(io::Error::other("is a link now"));
    }
    if !metadata.is_file() {
        return Err(io::Error::other("is not a regular file"));
    }
    Ok(Stamp::of_metadata(&metadata))
}

/// Whether something has this name, if only a link that leads nowhere.
pub(super) fn is_there(path: &Path) -> bool {
    !matches!(fs::symlink_metadata(path), Err(error) if error.kind() == ErrorKind::NotFound)
}

/// Moves a file to a name that nothing has. Within a file system it is renamed;
/// otherwise it is copied, the copy is compared and on disk, and then the
/// original goes.
pub(super) fn relocate(
    from: &Path,
    to: &Path,
    part: &Path,
    flow: &mut Flow<'_, '_>,
) -> Result<(), Trouble> {
    match rename_only(from, to) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {}
        Err(error) => return Err(in_the_way(error, to)),
        Ok(()) => return Ok(()),
    }
    let before = copy(from, to, part, flow)?;
    checkpoint();
    remove_original(from, to, before)
}

/// Removes the original of a copy that was just made, or, where that cannot be
/// done, the copy.
fn remove_original(from: &Path, to: &Path, before: Stamp) -> Result<(), Trouble> {
    let unchanged = stamp(from).is_ok_and(|now| now == before);
    let removed = match unchanged {
        true => fs::remove_file(from),
        false => Err(io::Error::other("it changed while it was copied")),
    };
    removed.map_err(|error| {
        let rest = match fs::remove_file(to) {
            Ok(()) => String::new(),
            Err(error) => format!("; its copy {} is left: {error}", to.display()),
        };
        Trouble::Reason(format!("cannot be removed after copying: {error}{rest}"))
    })
}

/// Copies a file to a name that nothing has; the answer is the original's state.
/// On return the copy is on disk, with the original's content, permissions and
/// times.
pub(super) fn copy(
    from: &Path,
    to: &Path,
    part: &Path,
    flow: &mut Flow<'_, '_>,
) -> Result<Stamp, Trouble> {
    if is_there(to) {
        return Err(in_the_way(ErrorKind::AlreadyExists.into(), to));
    }
    let copied = copy_to(from, part, flow);
    checkpoint();
    let placed = copied.and_then(|before| match rename_new(part, to) {
        Ok(()) => Ok(before),
        Err(error) => Err(in_the_way(error, to)),
    });
    if placed.is_err() {
        // The reason why the copy is not in place is the one to tell.
        let _ = fs::remove_file(part);
        return placed;
    }
    xmp::sync_folder(to).map_err(|error| {
        Trouble::Reason(format!("{}: cannot be synchronised: {error}", to.display()))
    })?;
    placed
}

fn copy_to(from: &Path, part: &Path, flow: &mut Flow<'_, '_>) -> Result<Stamp, Trouble> {
    let unwritten = |error: io::Error| {
        Trouble::Reason(format!("{}: cannot be written: {error}", part.display()))
    };
    let before = stamp(from)?;
    let (mut source, metadata) = regular::open(from)?;
    remove_part(part).map_err(unwritten)?;
    let mut options = OpenOptions::new();
    let opened = options.read(true).write(true).create_new(true).open(part);
    let mut target = opened.map_err(unwritten)?;
    checkpoint();
    let start = flow.done();
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; PART];
    let mut done = 0_u64;
    loop {
        if flow.is_cancelled() {
            return Err(Trouble::Cancelled);
        }
        let length = source.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..length).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        hasher.update(bytes);
        target.write_all(bytes).map_err(unwritten)?;
        done += length as u64;
        flow.reached(start + done);
    }
    target.set_times(times(&metadata)).map_err(unwritten)?;
    target.sync_all().map_err(unwritten)?;
    target
        .set_permissions(metadata.permissions())
        .map_err(unwritten)?;
    drop(target);
    // What the disk gives back is compared, not what was given to it.
    let written = hash(part).map_err(unwritten)?;
    if written != hasher.finalize() {
        let reason = "its copy does not hold the same; the disk may be failing";
        return Err(Trouble::Reason(reason.to_owned()));
    }
    match stamp(from)? == before {
        true => Ok(before),
        false => Err(Trouble::Reason("changes while it is copied".to_owned())),
    }
}

fn hash(path: &Path) -> io::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize())
}

fn times(metadata: &Metadata) -> FileTimes {
    let mut times = FileTimes::new();
    if let Ok(modified) = metadata.modified() {
        times = times.set_modified(modified);
    }
    created(times, metadata)
}

#[cfg(any(windows, target_os = "macos"))]
fn created(times: FileTimes, metadata: &Metadata) -> FileTimes {
    #[cfg(target_os = "macos")]
    use std::os::macos::fs::FileTimesExt;
    #[cfg(windows)]
    use std::os::windows::fs::FileTimesExt;
    match metadata.created() {
        Ok(created) => times.set_created(created),
        Err(_) => times,
    }
}

/// Elsewhere the time of creation is the system's own.
#[cfg(not(any(windows, target_os = "macos")))]
fn created(times: FileTimes, _metadata: &Metadata) -> FileTimes {
    times
}

/// Removes what a killed command may have left of a copy.
///
/// # Errors
/// Where there is something that cannot be removed.
pub(super) fn remove_part(part: &Path) -> io::Result<()> {
    match fs::remove_file(part) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn in_the_way(error: io::Error, to: &Path) -> Trouble {
    let to = to.display();
    Trouble::Reason(match error.kind() {
        ErrorKind::AlreadyExists => format!("{to} is there already"),
        _ => format!("cannot be put at {to}: {error}"),
    })
}

/// [`rename_new`], where tests choose the disks.
fn rename_only(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(test)]
    match (super::tests::two_disks(), super::tests::old_disk()) {
        (true, _) => return Err(ErrorKind::CrossesDevices.into()),
        (_, true) => return rename_reserved(from, to),
        _ => {}
    }
    rename_new(from, to)
}

/// Renames a file to a name that nothing has, in one step.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // File systems that know no such thing: NFS, some in user space.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => rename_reserved(from, to),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(()),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    rename_reserved(from, to)
}

/// Renames a file to a name that an empty file of ours is given first, which
/// only succeeds where nothing has it.
fn rename_reserved(from: &Path, to: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(to)?;
    checkpoint();
    let renamed = match fs::symlink_metadata(to) {
        Ok(metadata) if metadata.is_file() && metadata.len() == 0 => fs::rename(from, to),
        Ok(_) => return Err(ErrorKind::AlreadyExists.into()),
        Err(error) => return Err(error),
    };
    if renamed.is_err() {
        // The reason of the rename is the one to tell.
        let _ = remove_reserved(to);
    }
    renamed
}

/// Removes the empty file that reserves a name.
pub(super) fn remove_reserved(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() && metadata.len() == 0 => fs::remove_file(path),
        _ => Ok(()),
    }
}

/// Whether two regular files hold the same.
///
/// # Errors
/// Where one cannot be read.
pub(super) fn same(one: &Path, other: &Path) -> io::Result<bool> {
    if stamp(one)?.size != stamp(other)?.size {
        return Ok(false);
    }
    let (one, _) = regular::open(one)?;
    let (other, _) = regular::open(other)?;
    let mut one = io::BufReader::with_capacity(PART, one);
    let mut other = io::BufReader::with_capacity(PART, other);
    loop {
        use io::BufRead;
        let (a, b) = (one.fill_buf()?, other.fill_buf()?);
        let length = a.len().min(b.len());
        if length == 0 {
            return Ok(a.len() == b.len());
        }
        if a.get(..length) != b.get(..length) {
            return Ok(false);
        }
        one.consume(length);
        other.consume(length);
    }
}

/// Makes renames in these folders last.
pub(super) fn sync(folders: impl IntoIterator<Item = PathBuf>) {
    for folder in folders {
        if let Err(error) = xmp::sync_folder(&folder.join(".")) {
            tracing::warn!("{}: cannot be synchronised: {error}", folder.display());
        }
    }
}

/// A moment between two steps, at which tests end the work as if it were killed.
pub(super) fn checkpoint() {
    #[cfg(test)]
    super::tests::count_down();
}
