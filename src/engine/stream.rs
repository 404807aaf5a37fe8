//! Scoring a list of photos that may be longer than memory and need not be at its
//! end yet.
//!
//! The list is cut into parts as it comes, each of which is a job. The next part
//! begins while the last photos of the one before are on their way through the
//! network, so that no core waits where the parts meet.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Select, Sender, TryRecvError, bounded};

use super::job::{WAITING, spawn};
use super::meter::Meter;
use super::{
    Cancel, Event, Job, Known, Options, PhotoResult, Request, Scan, Scored, Summary, start_knowing,
};
use crate::model::QualityModel;

/// Photos of a part, at most. Long enough that its beginning and end do not count.
const PART: usize = 512;

/// Parts that run at the same time: one that ends and one that begins.
const PARTS: usize = 2;

/// Files of one list that may give no answer. After so many the drive is gone, and
/// the rest is not opened.
const LEFT_BEHIND: usize = 64;

/// How often the stream looks up when nothing happens.
const TICK: Duration = Duration::from_millis(50);

/// Starts a job that scores the photos that `paths` gives, until its sender is gone.
/// It begins with the first one, and takes more only as it gets on.
///
/// Every path is answered as often as it comes, with a [`PhotoResult::index`] that
/// counts them from 0; a folder is answered with a reason and not entered. The job's
/// [`Event::Scanned`] is empty, and a [`Progress::total`](super::Progress) of 0 means
/// that the list has not ended. Where two parts of the list meet, up to twice
/// [`Options::decoded`] photos are alive.
///
/// # Errors
/// When the system gives no thread.
pub fn start_stream(
    paths: Receiver<PathBuf>,
    model: Arc<dyn QualityModel>,
    options: Options,
    known: Option<Arc<dyn Known>>,
) -> io::Result<Job> {
    let (send, events) = bounded(WAITING);
    let cancel = Cancel::default();
    let stream = Stream {
        paths,
        model,
        options,
        known,
        cancel: cancel.clone(),
        events: send,
        parts: Vec::with_capacity(PARTS),
        held: None,
        read: 0,
        ended: false,
        meter: Meter::new(0, Instant::now()),
        summary: Summary::default(),
    };
    spawn("keepers-stream", move || stream.conduct())?;
    Ok(Job { events, cancel })
}

/// The job's reader is gone: nothing is left to do.
struct ReaderGone;

struct Stream {
    paths: Receiver<PathBuf>,
    model: Arc<dyn QualityModel>,
    options: Options,
    known: Option<Arc<dyn Known>>,
    cancel: Cancel,
    events: Sender<Event>,
    /// Oldest first. Dropping one cancels it.
    parts: Vec<Part>,
    /// A path that was taken from the list and is in no part yet, because the one
    /// that is being gathered has it already.
    held: Option<PathBuf>,
    /// How many paths were taken from the list and given a number.
    read: usize,
    /// Whether the list is at its end.
    ended: bool,
    meter: Meter,
    summary: Summary,
}

struct Part {
    job: Job,
    /// The photos without an answer, and their places in the list.
    waiting: HashMap<PathBuf, usize>,
}

impl Stream {
    fn conduct(mut self) {
        let start = Instant::now();
        if self.run().is_err() {
            return;
        }
        self.summary.timings.wall = start.elapsed();
        tracing::debug!(summary = ?self.summary, "finished");
        // A reader that left before the end has no use for it.
        let _ = self.events.send(Event::Finished(self.summary));
    }

    fn run(&mut self) -> Result<(), ReaderGone> {
        self.send(Event::Scanned(Scan::default()))?;
        loop {
            if self.cancel.is_cancelled() {
                for part in &self.parts {
                    part.job.cancel.cancel();
                }
                if self.parts.is_empty() {
                    self.summary.cancelled |= !self.is_through();
                    return Ok(());
                }
            } else {
                self.admit()?;
                if self.is_through() && self.parts.is_empty() {
                    return Ok(());
                }
            }
            self.follow()?;
            if let Some(mut progress) = self.meter.report(Instant::now()) {
                if !self.is_through() {
                    (progress.total, progress.left) = (0, None);
                }
                self.send(Event::Progress(progress))?;
            }
        }
    }

    /// Whether all of the list is in parts or answered.
    fn is_through(&self) -> bool {
        self.ended && self.held.is_none()
    }

    /// Whether another part may begin.
    fn has_room(&self) -> bool {
        self.parts.len() < PARTS
            && self
                .parts
                .last()
                .is_none_or(|part| part.waiting.len() <= self.options.decoded)
    }

    /// Begins the next part with what the list has by now.
    fn admit(&mut self) -> Result<(), ReaderGone> {
        if !self.has_room() {
            return Ok(());
        }
        let waiting = self.gather()?;
        if self.is_through() {
            self.meter.expect(self.read);
        }
        if waiting.is_empty() {
            return Ok(());
        }
        let request = Request {
            paths: waiting.keys().cloned().collect(),
            recursive: false,
            thumbnail: None,
        };
        let (model, options) = (Arc::clone(&self.model), self.options.clone());
        let job = start_knowing(request, model, options, self.known.clone());
        self.parts.push(Part { job, waiting });
        Ok(())
    }

    /// Takes paths from the list, as many as there are without waiting and a part
    /// holds; what needs no part is answered.
    fn gather(&mut self) -> Result<HashMap<PathBuf, usize>, ReaderGone> {
        let mut part = HashMap::new();
        for _ in 0..PART {
            let path = match self.held.take().map_or_else(|| self.paths.try_recv(), Ok) {
                Ok(path) => path,
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    self.ended = true;
                    break;
                }
            };
            let refused = if self.summary.left_behind >= LEFT_BEHIND {
                Some("was not opened: too many files before it gave no answer")
            } else if fs::metadata(&path).is_ok_and(|meta| meta.is_dir()) {
                Some("is a folder; a list of files names photos only")
            } else {
                None
            };
            if let Some(reason) = refused {
                let index = self.number();
                self.answer(index, path, Err(reason.to_owned()))?;
                continue;
            }
            match part.entry(path) {
                Entry::Vacant(place) => {
                    place.insert(self.read);
                    self.read += 1;
                }
                // A job answers a photo once, so it comes again in the next part.
                Entry::Occupied(place) => {
                    self.held = Some(place.key().clone());
                    break;
                }
            }
        }
        Ok(part)
    }

    /// The next path's place in the list.
    fn number(&mut self) -> usize {
        self.read += 1;
        self.read - 1
    }

    /// Waits for something to happen, and passes on what a part has to say.
    fn follow(&mut self) -> Result<(), ReaderGone> {
        let ready = {
            let mut select = Select::new();
            for part in &self.parts {
                select.recv(&part.job.events);
            }
            let wanted = !self.ended && !self.cancel.is_cancelled();
            if wanted && self.has_room() {
                select.recv(&self.paths);
            }
            select.ready_timeout(TICK)
        };
        let Ok(at) = ready else {
            return Ok(());
        };
        let Some(part) = self.parts.get_mut(at) else {
            // The list has more.
            return Ok(());
        };
        match part.job.events.try_recv() {
            Ok(Event::Photo(photo)) => match part.waiting.remove(&photo.path) {
                Some(index) => self.answer(index, photo.path, photo.outcome),
                None => Ok(()),
            },
            Ok(Event::Finished(summary)) => {
                let part = self.parts.remove(at);
                self.end(part.waiting, &summary)
            }
            Ok(Event::Scanned(_) | Event::Progress(_)) | Err(TryRecvError::Empty) => Ok(()),
            Err(TryRecvError::Disconnected) => {
                let part = self.parts.remove(at);
                self.end(part.waiting, &Summary::default())
            }
        }
    }

    /// Closes a part: the photos that it left waiting are answered, unless it was
    /// cancelled.
    fn end(
        &mut self,
        waiting: HashMap<PathBuf, usize>,
        summary: &Summary,
    ) -> Result<(), ReaderGone> {
        let (all, of_part) = (&mut self.summary.timings, summary.timings);
        all.decode += of_part.decode;
        all.resize += of_part.resize;
        all.inference += of_part.inference;
        self.summary.known += summary.known;
        self.summary.left_behind += summary.left_behind;
        self.summary.peak_decoded = self.summary.peak_decoded.max(summary.peak_decoded);
        if self.cancel.is_cancelled() {
            self.summary.cancelled |= !waiting.is_empty();
            return Ok(());
        }
        for (path, index) in waiting {
            let reason = "a worker thread of Keepers stopped before its time";
            self.answer(index, path, Err(reason.to_owned()))?;
        }
        Ok(())
    }

    fn answer(
        &mut self,
        index: usize,
        path: PathBuf,
        outcome: Result<Scored, String>,
    ) -> Result<(), ReaderGone> {
        match &outcome {
            Ok(_) => self.summary.scored += 1,
            Err(_) => self.summary.failed += 1,
        }
        self.meter.count(outcome.is_err(), Instant::now());
        self.send(Event::Photo(PhotoResult {
            index,
            path,
            outcome,
        }))
    }

    fn send(&self, event: Event) -> Result<(), ReaderGone> {
        self.events.send(event).map_err(|_| ReaderGone)
    }
}
