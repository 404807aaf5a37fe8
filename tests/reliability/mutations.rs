//! Real photos damaged in every way a disk, a cable or a programmer can think
//! of: each is answered, soon, and in bounded memory.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use keepers::imaging::{Limits, Want, decode};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::soak;
use crate::support::program::Program;

/// Longest that one file may take, as the thread that decodes it spends time at
/// work.
const LONGEST: Duration = Duration::from_secs(10);

/// Longest that it may take on a machine that has other things to do.
const LONGEST_BUSY: Duration = Duration::from_secs(180);

/// Numbers for damage.
pub struct Random(ChaCha8Rng);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number below `end`, or 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.0.next_u64() % end.max(1) as u64) as usize
    }

    /// A stretch of `length` bytes, often near the head, where what decides is.
    fn stretch(&mut self, length: usize, longest: usize) -> Range<usize> {
        let end = match self.below(3) {
            0 => length.min(64),
            1 => length.min(4096),
            _ => length,
        };
        let start = self.below(end);
        start..(start + 1 + self.below(longest)).min(length)
    }
}

/// Damages a file in one to four ways; `other` lends its bytes.
pub fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    for _ in 0..=random.below(4) {
        let length = bytes.len();
        if length == 0 {
            return;
        }
        match random.below(9) {
            0 => bytes.truncate(random.below(length)),
            1 => {
                let at = random.stretch(length, 1).start;
                bytes[at] ^= 1 << random.below(8);
            }
            2 => {
                for at in random.stretch(length, 64) {
                    bytes[at] = random.below(256) as u8;
                }
            }
            // Lengths and counts at their ends.
            3 => {
                let value: &[u8] = match random.below(5) {
                    0 => &[0; 4],
                    1 => &[0xFF; 4],
                    2 => &[0x7F, 0xFF, 0xFF, 0xFF],
                    3 => &[0xFF, 0xFF, 0xFF, 0x7F],
                    _ => &[0xFF, 0xFF],
                };
                let at = random.stretch(length, 1).start;
                for (byte, value) in bytes.iter_mut().skip(at).zip(value) {
                    *byte = *value;
                }
            }
            4 => drop(bytes.drain(random.stretch(length, 1000))),
            5 => {
                let part = bytes[random.stretch(length, 1000)].to_vec();
                let at = random.stretch(length, 1).start;
                bytes.splice(at..at, part);
            }
            6 => {
                let from = random.stretch(other.len().max(1), 2000);
                let part = other.get(from).unwrap_or_default().to_vec();
                let at = random.stretch(length, 1).start;
                let end = (at + part.len()).min(length);
                bytes.splice(at..end, part);
            }
            // What a disk gives that lost a block.
            7 => {
                let at = random.below(length) / 512 * 512;
                let end = (at + 512 * (1 + random.below(16))).min(length);
                bytes[at..end].fill(0);
            }
            _ => {
                let half = length / 2;
                bytes.rotate_left(random.below(half).min(512));
            }
        }
    }
}

/// The photos of the shoot, all formats.
fn originals(shoot: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in fs::read_dir(shoot)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        if folder.is_dir() {
            let inside = fs::read_dir(folder).unwrap();
            files.extend(inside.map(|entry| entry.unwrap().path()));
        }
    }
    files.sort();
    assert!(files.len() > 50);
    files
}

/// Writes the damaged photo of this number into `folder`; the same every time.
fn damaged(originals: &[PathBuf], folder: &Path, number: usize) -> PathBuf {
    let original = &originals[number % originals.len()];
    let other = fs::read(&originals[number * 7 % originals.len()]).unwrap();
    let mut bytes = fs::read(original).unwrap();
    mutate(&mut bytes, &other, &mut Random::new(number as u64));
    let extension = original.extension().unwrap().to_str().unwrap();
    let path = folder.join(format!("{number:05}.{extension}"));
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn damaged_photos_are_answered_in_time_and_without_a_panic() {
    let Some(data) = crate::support::data() else {
        return;
    };
    let originals = originals(&data.join("shoot"));
    let folder = tempfile::tempdir().unwrap();
    let count = soak(300, 5000);
    let (next, decoded, panics) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    let slowest = Mutex::new((Duration::ZERO, PathBuf::new()));
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number >= count {
                return;
            }
            let path = damaged(&originals, folder.path(), number);
            let (begin, worked) = (Instant::now(), at_work());
            let result = decode(&path, Want::AtLeast(480), &Limits::default());
            let busy = begin.elapsed();
            let took = match (worked, at_work()) {
                (Some(before), Some(after)) => after.saturating_sub(before),
                _ => busy,
            };
            assert!(busy < LONGEST_BUSY, "{}: {busy:?}", path.display());
            match result {
                Ok(_) => drop(decoded.fetch_add(1, Ordering::SeqCst)),
                Err(error) => {
                    let reason = error.reason.to_string();
                    assert!(!reason.trim().is_empty(), "{}", path.display());
                    if reason.contains("broke the decoder") {
                        println!("caught: {error}");
                        panics.fetch_add(1, Ordering::SeqCst);
                    }
                }
            }
            assert!(took < LONGEST, "{}: {took:?}", path.display());
            let mut slowest = slowest.lock().unwrap();
            if took > slowest.0 {
                *slowest = (took, path.clone());
            }
            fs::remove_file(path).unwrap();
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
    let (decoded, panics) = (decoded.into_inner(), panics.into_inner());
    let (took, slowest) = slowest.into_inner().unwrap();
    println!(
        "{count} damaged photos: {decoded} decoded, {panics} broke a decoder and were caught; \
         the slowest took {:.1} s ({})",
        took.as_secs_f64(),
        slowest.display()
    );
    assert!(decoded > count / 20 && decoded < count, "{decoded}");
}

/// The same through the program: every file has its row, nothing of a panic is
/// printed, and memory stays within what the limits allow.
#[test]
fn the_program_scores_a_folder_of_damaged_photos() {
    let Some(data) = crate::support::data() else {
        return;
    };
    let originals = originals(&data.join("shoot"));
    let program = Program::new();
    let count = soak(60, 600);
    for number in 0..count {
        damaged(&originals, program.folder.path(), 10_000 + number);
    }
    let rows = fs::File::create(program.home().join("rows")).unwrap();
    let words = fs::File::create(program.home().join("words")).unwrap();
    let mut child = program
        .command(["score", ".", "--format", "jsonl"])
        .stdout(Stdio::from(rows))
        .stderr(Stdio::from(words))
        .spawn()
        .unwrap();
    let mut peak = 0;
    let status = loop {
        peak = peak.max(peak_memory(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let rows = fs::read_to_string(program.home().join("rows")).unwrap();
    let words = fs::read_to_string(program.home().join("words")).unwrap();
    assert!(matches!(status.code(), Some(0 | 3)), "{status}: {words}");
    assert_eq!(rows.lines().count(), count);
    assert!(!words.contains("panicked"), "{words}");
    println!("{count} damaged photos, peak memory {} MB", peak >> 20);
    let decoders = std::thread::available_parallelism().map_or(2, usize::from);
    let allowed = (decoders.min(16) as u64 + 1) * Limits::default().bytes;
    assert!(peak < allowed, "{peak} bytes");
}

/// How long this thread has been on a processor, where the system says.
fn at_work() -> Option<Duration> {
    let times = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = times.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// The most memory that a process has held, in bytes, where the system says.
fn peak_memory(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes << 10)
}
