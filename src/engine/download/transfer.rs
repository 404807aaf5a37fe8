//! Getting one file over an unsteady network: going on where a transfer broke
//! off, summing while it comes.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::DownloadError;
use super::hub::{self, Hub, Part};
use crate::engine::meter::Meter;
use crate::engine::{Cancel, Progress};

/// Tries that get nothing, in a row, before giving up.
const TRIES: u32 = 4;

/// The pause before the second try; each later one is twice as long.
const PAUSE: Duration = Duration::from_millis(500);

/// Bytes of a file whose size nobody announces, at most.
const LARGEST: u64 = 16 << 30;

/// A file that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) bytes: u64,
    /// Lower-case hexadecimal.
    pub(super) sha256: String,
}

/// Sums up a file.
///
/// # Errors
/// [`DownloadError::File`] or [`DownloadError::Cancelled`].
pub(super) fn content(path: &Path, cancel: &Cancel) -> Result<Content, DownloadError> {
    let mut file = File::open(path).map_err(|source| failed(path, source))?;
    let mut hash = Sha256::new();
    let bytes = summed(&mut file, &mut hash, cancel).map_err(|source| failed(path, source))?;
    match cancel.is_cancelled() {
        true => Err(DownloadError::Cancelled),
        false => Ok(Content {
            bytes,
            sha256: hex(hash),
        }),
    }
}

fn summed(file: &mut File, hash: &mut Sha256, cancel: &Cancel) -> io::Result<u64> {
    let mut piece = vec![0; 1 << 20];
    let mut bytes = 0;
    while !cancel.is_cancelled() {
        match file.read(&mut piece)? {
            0 => break,
            length => {
                hash.update(piece.get(..length).unwrap_or_default());
                bytes += length as u64;
            }
        }
    }
    Ok(bytes)
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

fn failed(path: &Path, source: io::Error) -> DownloadError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            DownloadError::Full(path.to_owned())
        }
        _ => DownloadError::File {
            path: path.to_owned(),
            source,
        },
    }
}

/// A file that is on its way.
struct Transfer<'a> {
    path: &'a Path,
    address: &'a str,
    file: File,
    hash: Sha256,
    /// Bytes that are there.
    got: u64,
    total: Option<u64>,
    meter: Meter,
    progress: &'a mut dyn FnMut(Progress),
}

/// How a try ended.
enum Try {
    Whole,
    Broken(String),
}

/// Downloads to `part`, going on with what is there already; `expected` is the
/// file's size in bytes where it is known.
///
/// # Errors
/// [`DownloadError`]. What was downloaded stays in `part` where going on later
/// makes sense, and is removed otherwise.
pub(super) fn fetch(
    hub: &Hub,
    address: &str,
    part: &Path,
    expected: Option<u64>,
    cancel: &Cancel,
    progress: &mut dyn FnMut(Progress),
) -> Result<Content, DownloadError> {
    let result = fetch_kept(hub, address, part, expected, cancel, progress);
    let keeps = matches!(
        result,
        Ok(_)
            | Err(DownloadError::Cancelled
                | DownloadError::CutOff { .. }
                | DownloadError::Unreachable { .. }
                | DownloadError::Status { .. }
                | DownloadError::Busy(_))
    );
    // While another program has it, it is not ours to look after.
    let ours = !matches!(result, Err(DownloadError::Busy(_)));
    let empty = fs::metadata(part).is_ok_and(|meta| meta.len() == 0);
    if ours && (!keeps || empty) {
        // What is left then was of no use, and the first error says more.
        let _ = fs::remove_file(part);
    }
    result
}

fn fetch_kept(
    hub: &Hub,
    address: &str,
    part: &Path,
    expected: Option<u64>,
    cancel: &Cancel,
    progress: &mut dyn FnMut(Progress),
) -> Result<Content, DownloadError> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(part)
        .map_err(|source| failed(part, source))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(DownloadError::Busy(part.to_owned())),
        // Not every file system has locks; two programs at once are rare.
        Err(TryLockError::Error(error)) => tracing::debug!("no lock: {error}"),
    }
    let mut hash = Sha256::new();
    let got = summed(&mut file, &mut hash, cancel).map_err(|source| failed(part, source))?;
    let mut transfer = Transfer {
        path: part,
        address,
        file,
        hash,
        got,
        total: expected,
        meter: Meter::new(size(expected.unwrap_or(0)), Instant::now()),
        progress,
    };
    if transfer.total.is_some_and(|total| got > total) {
        transfer.restart()?;
    }
    transfer.meter.advance(size(transfer.got), Instant::now());
    transfer.meter.begin(Instant::now());
    transfer.run(hub, cancel)?;
    let Transfer {
        got, hash, file, ..
    } = transfer;
    file.sync_all().map_err(|source| failed(part, source))?;
    Ok(Content {
        bytes: got,
        sha256: hex(hash),
    })
}

/// Bytes as a count; what does not fit is only shown.
fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

impl Transfer<'_> {
    fn run(&mut self, hub: &Hub, cancel: &Cancel) -> Result<(), DownloadError> {
        let mut fruitless = 0;
        loop {
            if self.total == Some(self.got) {
                self.report();
                return Ok(());
            }
            let before = self.got;
            let reason = match self.attempt(hub, cancel)? {
                Try::Whole => return Ok(()),
                Try::Broken(reason) => reason,
            };
            tracing::debug!(got = self.got, "transfer broke off: {reason}");
            fruitless = if self.got > before { 1 } else { fruitless + 1 };
            if fruitless >= TRIES {
                return Err(if self.got == 0 {
                    DownloadError::Unreachable {
                        address: self.address.to_owned(),
                        reason,
                    }
                } else {
                    DownloadError::CutOff {
                        address: self.address.to_owned(),
                        got: self.got,
                        reason,
                    }
                });
            }
            pause(PAUSE * (1 << (fruitless - 1)), cancel)?;
        }
    }

    /// One request and what comes of it.
    fn attempt(&mut self, hub: &Hub, cancel: &Cancel) -> Result<Try, DownloadError> {
        let parts = hub.parts(self.address, self.got)?;
        loop {
            match hub::next(&parts, cancel, || self.report())? {
                Some(Part::Begin {
                    status,
                    from,
                    total,
                }) => {
                    if let Some(broken) = self.begin(status, from, total)? {
                        return Ok(broken);
                    }
                }
                Some(Part::Bytes(bytes)) => self.write(&bytes)?,
                Some(Part::End(Ok(()))) => {
                    return Ok(match self.total {
                        Some(total) if self.got < total => {
                            Try::Broken("the server closed the connection".to_owned())
                        }
                        _ => Try::Whole,
                    });
                }
                Some(Part::End(Err(reason))) => return Ok(Try::Broken(reason)),
                None => return Ok(Try::Broken("the connection is gone".to_owned())),
            }
        }
    }

    fn begin(
        &mut self,
        status: u16,
        from: u64,
        total: Option<u64>,
    ) -> Result<Option<Try>, DownloadError> {
        match status {
            // Busy or out of order for a while.
            408 | 429 | 500..600 => {
                return Ok(Some(Try::Broken(format!("status {status}"))));
            }
            // What is here is no beginning of what is there.
            416 => {
                self.restart()?;
                return Ok(Some(Try::Broken("the rest cannot be had alone".to_owned())));
            }
            _ => hub::check(self.address, status)?,
        }
        // A server may send the whole file though it was asked for the rest.
        if from == 0 && self.got > 0 {
            self.restart()?;
        } else if from != self.got {
            return Err(DownloadError::Answer {
                address: self.address.to_owned(),
                reason: "the server sends another part than it was asked for".to_owned(),
            });
        }
        if let (Some(expected), Some(got)) = (self.total, total)
            && expected != got
        {
            return Err(self.wrong_size(expected, got));
        }
        if self.total.is_none() && total.is_some() {
            self.total = total;
            self.meter.expect(size(total.unwrap_or(0)));
        }
        Ok(None)
    }

    fn wrong_size(&self, expected: u64, got: u64) -> DownloadError {
        DownloadError::Size {
            file: self.address.to_owned(),
            expected,
            got,
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), DownloadError> {
        let after = self.got + bytes.len() as u64;
        let most = self.total.unwrap_or(LARGEST);
        if after > most {
            return Err(self.wrong_size(most, after));
        }
        self.file
            .write_all(bytes)
            .map_err(|source| failed(self.path, source))?;
        self.hash.update(bytes);
        self.got = after;
        self.meter.advance(bytes.len(), Instant::now());
        self.report();
        Ok(())
    }

    fn report(&mut self) {
        if let Some(report) = self.meter.report(Instant::now()) {
            (self.progress)(report);
        }
    }

    fn restart(&mut self) -> Result<(), DownloadError> {
        let emptied = self.file.set_len(0);
        emptied
            .and_then(|()| self.file.seek(SeekFrom::Start(0)))
            .map_err(|source| failed(self.path, source))?;
        self.hash = Sha256::new();
        self.got = 0;
        self.meter = Meter::new(size(self.total.unwrap_or(0)), Instant::now());
        Ok(())
    }
}

fn pause(time: Duration, cancel: &Cancel) -> Result<(), DownloadError> {
    let end = Instant::now() + time;
    while Instant::now() < end {
        if cancel.is_cancelled() {
            return Err(DownloadError::Cancelled);
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
