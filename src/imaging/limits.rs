//! What one photo may cost, and holding decoders to it.

use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::time::{Duration, Instant};

use super::error::Reason;

/// What a single photo may cost.
///
/// Pixels and memory are reckoned from the file's header and checked before
/// anything is decoded. Time is checked whenever a decoder reads on and between
/// the steps from file to pixels; a step that reads nothing is not stopped, so
/// that no decoder goes on unseen in a thread of its own, but the limit on
/// pixels bounds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Largest photo, in millions of pixels.
    pub megapixels: u32,
    /// Most memory that decoding one photo may take, in bytes.
    pub bytes: u64,
    /// Longest time that decoding one photo may take.
    pub time: Duration,
    /// Largest file, in bytes, of the formats that are decoded from memory
    /// (JPEG, HEIF, AVIF, JPEG XL) and largest preview in a RAW file. The
    /// others are read bit by bit and can be of any size.
    pub file_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            megapixels: 500,
            bytes: 2 << 30,
            time: Duration::from_secs(30),
            file_bytes: 512 << 20,
        }
    }
}

impl Limits {
    /// Refuses a picture that is too large, before it is decoded.
    ///
    /// `pixel_bytes` is what the decoder holds at once for one pixel of the
    /// picture, all its buffers together.
    pub(super) fn check(&self, width: u32, height: u32, pixel_bytes: u64) -> Result<(), Reason> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 {
            return Err(Reason::Damaged(format!(
                "the picture has no pixels ({width} x {height})"
            )));
        }
        if pixels > u64::from(self.megapixels) * 1_000_000 {
            return Err(Reason::Limit(format!(
                "{} megapixels ({width} x {height}); the limit is {}",
                pixels.div_ceil(1_000_000),
                self.megapixels
            )));
        }
        let needed = pixels.saturating_mul(pixel_bytes);
        if needed > self.bytes {
            return Err(Reason::Limit(format!(
                "decoding {width} x {height} pixels would take {} MB of memory; the limit is {}",
                needed.div_ceil(1_000_000),
                self.bytes / 1_000_000
            )));
        }
        Ok(())
    }

    /// Refuses to read more than may be read at once.
    pub(super) fn check_file(&self, length: u64) -> Result<(), Reason> {
        if length > self.file_bytes {
            return Err(Reason::Limit(format!(
                "{} MB of coded data; the limit is {}",
                length.div_ceil(1_000_000),
                self.file_bytes / 1_000_000
            )));
        }
        Ok(())
    }
}

/// When decoding has to be done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    start: Instant,
    limit: Duration,
}

impl Deadline {
    pub(super) fn start(limit: Duration) -> Self {
        Self {
            start: Instant::now(),
            limit,
        }
    }

    /// An error once the time is over.
    pub(super) fn check(self) -> Result<(), Reason> {
        if self.start.elapsed() > self.limit {
            return Err(Reason::Limit(format!(
                "decoding took longer than {} s",
                self.limit.as_secs_f32()
            )));
        }
        Ok(())
    }
}

/// A reader that fails once the time is over, so that the decoder above it
/// stops.
#[derive(Debug)]
pub(super) struct Watched<R> {
    inner: R,
    deadline: Deadline,
}

impl<R> Watched<R> {
    pub(super) fn new(inner: R, deadline: Deadline) -> Self {
        Self { inner, deadline }
    }

    fn check(&self) -> io::Result<()> {
        // Which error it is does not matter: a failed decoder's deadline is
        // asked first.
        self.deadline
            .check()
            .map_err(|_| io::ErrorKind::TimedOut.into())
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        self.inner.read(buffer)
    }
}

impl<R: Seek> Seek for Watched<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.check()?;
        self.inner.seek(to)
    }
}

impl<R: BufRead> BufRead for Watched<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.check()?;
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.inner.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(result: Result<(), Reason>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn sizes_are_refused_with_figures() {
        let limits = Limits {
            megapixels: 10,
            bytes: 30_000_000,
            file_bytes: 1_000_000,
            ..Limits::default()
        };
        assert!(limits.check(2000, 2000, 6).is_ok());
        assert_eq!(
            message(limits.check(5000, 4000, 1)),
            "20 megapixels (5000 x 4000); the limit is 10"
        );
        assert!(message(limits.check(3000, 3000, 6)).contains("54 MB of memory"));
        assert!(message(limits.check(u32::MAX, u32::MAX, u64::MAX)).contains("megapixels"));
        assert!(message(limits.check(0, 10, 3)).contains("no pixels"));
        assert!(limits.check_file(1_000_000).is_ok());
        assert!(message(limits.check_file(1_500_000)).starts_with("2 MB"));
    }

    #[test]
    fn a_reader_fails_when_the_time_is_over() {
        let bytes = [7; 100];
        let mut buffer = [0; 10];
        let mut reader = Watched::new(&bytes[..], Deadline::start(Duration::from_secs(60)));
        assert_eq!(reader.read(&mut buffer).unwrap(), 10);
        let mut reader = Watched::new(&bytes[..], Deadline::start(Duration::ZERO));
        std::thread::sleep(Duration::from_millis(2));
        assert!(reader.read(&mut buffer).is_err());
        assert!(reader.fill_buf().is_err());
    }
}
