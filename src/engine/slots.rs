//! The bound on decoded photos: a fixed number of slots, one held by every
//! photo from before it is decoded until its pixels are gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::Cancel;

/// How often a waiting thread looks whether the job was cancelled.
const LOOK: Duration = Duration::from_millis(20);

/// All slots of a job.
#[derive(Debug)]
pub(super) struct Slots {
    give: Sender<()>,
    take: Receiver<()>,
    alive: AtomicUsize,
    peak: AtomicUsize,
}

/// One slot; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Slot(Arc<Slots>);

impl Slots {
    /// `count` free slots, at least one.
    pub(super) fn new(count: usize) -> Arc<Self> {
        let count = count.max(1);
        let (give, take) = bounded(count);
        for _ in 0..count {
            // The channel holds exactly this many.
            let _ = give.try_send(());
        }
        Arc::new(Self {
            give,
            take,
            alive: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
        })
    }

    /// Waits for a free slot; `None` once the job is cancelled.
    pub(super) fn acquire(self: &Arc<Self>, cancel: &Cancel) -> Option<Slot> {
        loop {
            if cancel.is_cancelled() {
                return None;
            }
            match self.take.recv_timeout(LOOK) {
                Ok(()) => {
                    let alive = self.alive.fetch_add(1, Ordering::SeqCst) + 1;
                    self.peak.fetch_max(alive, Ordering::SeqCst);
                    return Some(Slot(Arc::clone(self)));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// The most slots that were held at once.
    pub(super) fn peak(&self) -> usize {
        self.peak.load(Ordering::SeqCst)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, Ordering::SeqCst);
        // Never full: this slot was taken out of it.
        let _ = self.0.give.try_send(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_house_waits_until_a_slot_is_given_back() {
        let (slots, cancel) = (Slots::new(2), Cancel::default());
        let first = slots.acquire(&cancel).unwrap();
        let _second = slots.acquire(&cancel).unwrap();
        std::thread::scope(|scope| {
            let third = scope.spawn(|| slots.acquire(&cancel).is_some());
            std::thread::sleep(3 * LOOK);
            assert!(!third.is_finished());
            drop(first);
            assert!(third.join().unwrap());
        });
        assert_eq!(slots.peak(), 2);
    }

    #[test]
    fn cancelling_ends_the_wait() {
        let (slots, cancel) = (Slots::new(1), Cancel::default());
        let _held = slots.acquire(&cancel).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| slots.acquire(&cancel).is_none());
            cancel.cancel();
            assert!(waiting.join().unwrap());
        });
    }
}
