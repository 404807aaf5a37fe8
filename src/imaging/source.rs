//! A photo's file: what is opened and what is refused, and reading it whole,
//! by ranges, or as a stream, within the limits.

use std::fs::{File, Metadata};
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::error::Reason;
use super::limits::{Deadline, Limits, Watched};
use crate::regular;

/// How much a decoder that reads a stream is given at once.
const BUFFER: usize = 1 << 16;
/// How many of its first bytes tell what a file is.
const HEAD: u64 = 4096;

/// An open photo.
#[derive(Debug)]
pub(super) struct Source {
    file: File,
    /// Length in bytes.
    pub length: u64,
    /// The first bytes.
    pub head: Vec<u8>,
    pub limits: Limits,
    pub deadline: Deadline,
}

impl Source {
    /// Opens a regular file. Anything else is refused before it is opened, as
    /// opening a pipe would wait for somebody to write.
    pub(super) fn open(path: &Path, limits: &Limits) -> Result<Self, Reason> {
        let deadline = Deadline::start(limits.time);
        refuse_special(path, &std::fs::metadata(path)?)?;
        let (mut file, metadata) = regular::open(path)?;
        let mut head = Vec::new();
        file.by_ref().take(HEAD).read_to_end(&mut head)?;
        if head.is_empty() {
            return Err(Reason::Empty);
        }
        Ok(Self {
            file,
            length: metadata.len(),
            head,
            limits: limits.clone(),
            deadline,
        })
    }

    /// The whole file, within the limits.
    pub(super) fn read_all(&mut self) -> Result<Vec<u8>, Reason> {
        self.read_range(0, self.length)
    }

    /// A part of the file, within the limits; shorter where the file ends.
    pub(super) fn read_range(&mut self, start: u64, length: u64) -> Result<Vec<u8>, Reason> {
        let length = length.min(self.length.saturating_sub(start));
        self.limits.check_file(length)?;
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        self.file.seek(SeekFrom::Start(start))?;
        Watched::new(&mut self.file, self.deadline)
            .take(length)
            .read_to_end(&mut bytes)
            .map_err(|error| self.deadline.check().err().unwrap_or(error.into()))?;
        Ok(bytes)
    }

    /// The file as a stream that fails once the time is over.
    pub(super) fn stream(&mut self) -> Result<BufReader<Watched<&mut File>>, Reason> {
        self.file.rewind()?;
        Ok(self.ranges(BUFFER))
    }

    /// The file for reading small parts of it here and there.
    pub(super) fn parts(&mut self) -> BufReader<Watched<&mut File>> {
        self.ranges(1 << 12)
    }

    fn ranges(&mut self, buffer: usize) -> BufReader<Watched<&mut File>> {
        BufReader::with_capacity(buffer, Watched::new(&mut self.file, self.deadline))
    }
}

/// Refuses what is not a regular file.
fn refuse_special(path: &Path, metadata: &Metadata) -> Result<(), Reason> {
    let what = if metadata.is_dir() {
        "a folder"
    } else if let Some(what) = special(path, metadata) {
        what
    } else if !metadata.is_file() {
        "not a regular file"
    } else {
        return Ok(());
    };
    Err(Reason::Unsupported(format!("{what}, not a photo")))
}

/// The name of what is neither a file nor a folder.
#[cfg(unix)]
fn special(_path: &Path, metadata: &Metadata) -> Option<&'static str> {
    use std::os::unix::fs::FileTypeExt;

    let kind = metadata.file_type();
    if kind.is_fifo() {
        Some("a named pipe")
    } else if kind.is_socket() {
        Some("a socket")
    } else if kind.is_char_device() || kind.is_block_device() {
        Some("a device")
    } else {
        None
    }
}

/// The name of what is neither a file nor a folder: on Windows devices pass for
/// files and are known by their names, whatever folder and extension are put
/// around them.
#[cfg(not(unix))]
fn special(path: &Path, _metadata: &Metadata) -> Option<&'static str> {
    let name = path.file_name()?.to_str()?;
    let stem = name.split('.').next()?.trim_end().to_ascii_uppercase();
    let device = match stem.as_str() {
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" => true,
        _ => stem
            .strip_prefix("COM")
            .or_else(|| stem.strip_prefix("LPT"))
            .is_some_and(|number| matches!(number.as_bytes(), [b'0'..=b'9'])),
    };
    device.then_some("a device")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(path: &Path) -> String {
        Source::open(path, &Limits::default())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn folders_empty_and_missing_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(refusal(folder.path()), "a folder, not a photo");
        let empty = folder.path().join("empty.jpg");
        std::fs::write(&empty, []).unwrap();
        assert_eq!(refusal(&empty), "the file is empty");
        assert!(refusal(&folder.path().join("none.jpg")).starts_with("cannot be read"));
    }

    #[cfg(unix)]
    #[test]
    fn pipes_and_devices_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.jpg");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        assert_eq!(refusal(&pipe), "a named pipe, not a photo");
        assert_eq!(refusal(Path::new("/dev/zero")), "a device, not a photo");
    }

    #[test]
    fn parts_are_read_within_the_limits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        std::fs::write(&path, (0..=255).collect::<Vec<u8>>()).unwrap();
        let limits = Limits {
            file_bytes: 100,
            ..Limits::default()
        };
        let mut source = Source::open(&path, &limits).unwrap();
        assert_eq!(
            source.read_range(250, 100).unwrap(),
            [250, 251, 252, 253, 254, 255]
        );
        assert!(source.read_range(1000, 10).unwrap().is_empty());
        assert!(matches!(source.read_all(), Err(Reason::Limit(_))));
    }
}
