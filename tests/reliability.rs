//! Faults: files that are damaged, vanish, grow or do not answer, disks that are
//! full, names and folders beyond the usual, and what must never happen.
//!
//! What is slow has a short form for every run and a full one with
//! `KEEPERS_SOAK=1`; `docs/reliability.md` has the figures of the last full run.

#[cfg(unix)]
mod disk;
mod hostile;
mod many;
mod mutations;
#[cfg(target_os = "linux")]
mod network;
mod sources;

/// The short figure, or the full one.
fn soak(short: usize, full: usize) -> usize {
    if std::env::var_os("KEEPERS_SOAK").is_some() {
        full
    } else {
        short
    }
}
