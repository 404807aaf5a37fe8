//! The decoding threads of a job, and what happens when one of them gets stuck:
//! a file on a drive that does not answer cannot be given up from inside.
//!
//! A thread that is at one photo for too long is left behind: its photo is
//! answered, its slot is given back, and another thread takes its place. Should
//! it ever come back, it ends.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::decoder::{self, Ready};
use super::job::{Outcome, Work, spawn};
use super::slots::Slot;

/// Most threads that are left behind in one job. Whatever does not answer that
/// often is not asked again.
const LEFT_BEHIND: usize = 16;

/// The longest time between two looks that counts: a machine that slept does not
/// make its photos late.
const LONGEST_LOOK: Duration = Duration::from_secs(1);

/// Where decoders send what they have.
#[derive(Debug, Clone)]
pub(super) struct Post {
    pub(super) ready: Sender<Ready>,
    pub(super) outcomes: Sender<Outcome>,
}

/// One decoding thread's place. What it needs to answer is kept here, so that it
/// can be taken from it.
#[derive(Debug)]
pub(super) struct Station(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    /// `None` once the thread has ended or is left behind.
    post: Option<Post>,
    task: Option<Task>,
}

#[derive(Debug)]
struct Task {
    index: usize,
    slot: Slot,
    /// How long it has been seen at it.
    seen: Duration,
}

impl Station {
    fn new(post: Post) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Inner {
            post: Some(post),
            task: None,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing that can panic is done under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread begins with a photo, which holds `slot`.
    pub(super) fn begin(&self, index: usize, slot: Slot) {
        self.lock().task = Some(Task {
            index,
            slot,
            seen: Duration::ZERO,
        });
    }

    /// The thread is done with its photo and may answer; `None` where it was
    /// left behind meanwhile.
    pub(super) fn end(&self) -> Option<(Post, Slot)> {
        let mut inner = self.lock();
        let task = inner.task.take()?;
        Some((inner.post.clone()?, task.slot))
    }

    /// The thread ends.
    fn close(&self) {
        *self.lock() = Inner {
            post: None,
            task: None,
        };
    }

    /// Takes note that `passed` went by. Once the thread's photo is late, it is
    /// taken from it, with what it would have answered by.
    fn late(&self, passed: Duration, limit: Duration) -> Option<(usize, Post)> {
        let mut inner = self.lock();
        let task = inner.task.as_mut()?;
        task.seen += passed;
        if task.seen <= limit {
            return None;
        }
        let index = inner.task.take()?.index;
        Some((index, inner.post.take()?))
    }

    fn is_closed(&self) -> bool {
        self.lock().post.is_none()
    }
}

/// All decoding threads of a job.
#[derive(Debug)]
pub(super) struct Crew {
    work: Arc<Work>,
    stations: Vec<Arc<Station>>,
    limit: Duration,
    looked: Instant,
    /// How many threads were started, for their names.
    started: usize,
    pub(super) left_behind: usize,
}

impl Crew {
    /// Starts `count` threads, or as many as the system gives. One that is at a
    /// photo for longer than `limit` will be left behind.
    ///
    /// # Errors
    /// Where the system gives no thread at all.
    pub(super) fn start(
        work: &Arc<Work>,
        count: usize,
        limit: Duration,
        post: &Post,
    ) -> io::Result<Self> {
        let mut crew = Self {
            work: Arc::clone(work),
            stations: Vec::new(),
            limit,
            looked: Instant::now(),
            started: 0,
            left_behind: 0,
        };
        for n in 0..count {
            match crew.add(post.clone()) {
                Ok(()) => {}
                Err(error) if n == 0 => return Err(error),
                Err(error) => {
                    tracing::warn!("decoding on {n} threads instead of {count}: {error}");
                    break;
                }
            }
        }
        Ok(crew)
    }

    fn add(&mut self, post: Post) -> io::Result<()> {
        let station = Station::new(post);
        let (work, own) = (Arc::clone(&self.work), Closing(Arc::clone(&station)));
        spawn(&format!("keepers-decode-{}", self.started), move || {
            decoder::run(&work, &own.0);
        })?;
        self.started += 1;
        self.stations.push(station);
        Ok(())
    }

    /// Looks after the threads; the photos whose threads are left behind now,
    /// with the reason.
    pub(super) fn relieve(&mut self) -> Vec<Outcome> {
        let now = Instant::now();
        let passed = now.duration_since(self.looked).min(LONGEST_LOOK);
        self.looked = now;
        let mut late = Vec::new();
        for at in 0..self.stations.len() {
            let Some(station) = self.stations.get(at) else {
                break;
            };
            let Some((index, post)) = station.late(passed, self.limit) else {
                continue;
            };
            self.left_behind += 1;
            late.push(Outcome::failed(index, too_late(self.limit)));
            if self.left_behind < LEFT_BEHIND
                && let Err(error) = self.add(post)
            {
                tracing::warn!("no thread in the place of one that is stuck: {error}");
            }
        }
        self.stations.retain(|station| !station.is_closed());
        late
    }
}

/// Closes a thread's station however the thread ends.
struct Closing(Arc<Station>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn too_late(limit: Duration) -> String {
    format!(
        "cannot be read: no answer within {} s; the drive it is on may be gone",
        limit.as_secs_f32()
    )
}
