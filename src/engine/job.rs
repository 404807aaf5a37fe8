//! A job's conductor: scans, starts the workers, and reports what they do.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::crew::{Crew, Post};
use super::known::{self, Fresh, Known, Recall};
use super::meter::Meter;
use super::scan::{Photo, scan};
use super::slots::Slots;
use super::{
    Cancel, Event, Job, Options, PhotoResult, Request, Scan, Scored, Summary, Timings, scorer,
};
use crate::catalog::{FileState, StoredScore};
use crate::model::QualityModel;

/// Events and outcomes that wait for their reader, at most.
pub(super) const WAITING: usize = 64;

/// How often the conductor looks up when nothing happens.
const TICK: Duration = Duration::from_millis(50);

/// How long a cancelled job waits for the batch the network is at.
const PATIENCE: Duration = Duration::from_secs(3);

/// What all threads of a job share.
pub(super) struct Work {
    photos: Vec<Photo>,
    /// What is known of each photo.
    recalled: Vec<Recall>,
    /// The places of those that have to be opened.
    queue: Vec<usize>,
    next: AtomicUsize,
    pub(super) model: Arc<dyn QualityModel>,
    pub(super) known: Option<Arc<dyn Known>>,
    pub(super) cancel: Cancel,
    pub(super) slots: Arc<Slots>,
    /// Side of the network's input in pixels.
    pub(super) side: u32,
    pub(super) thumbnail: Option<u32>,
    pub(super) clock: Clock,
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let photos = self.photos.len();
        f.debug_struct("Work")
            .field("photos", &photos)
            .finish_non_exhaustive()
    }
}

impl Work {
    /// The next photo to decode, with its place.
    pub(super) fn next(&self) -> Option<(usize, &Photo)> {
        if self.cancel.is_cancelled() {
            return None;
        }
        let &index = self.queue.get(self.next.fetch_add(1, Ordering::Relaxed))?;
        self.photos.get(index).map(|photo| (index, photo))
    }

    /// What is known of the photo at a place.
    pub(super) fn recalled(&self, index: usize) -> Recall {
        self.recalled.get(index).copied().unwrap_or(Recall::Unknown)
    }
}

/// Time spent in the stages, summed over threads.
#[derive(Debug, Default)]
pub(super) struct Clock {
    pub(super) decode: Stopwatch,
    pub(super) resize: Stopwatch,
    pub(super) inference: Stopwatch,
}

/// A sum of durations that several threads add to.
#[derive(Debug, Default)]
pub(super) struct Stopwatch(AtomicU64);

impl Stopwatch {
    pub(super) fn add(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.0.fetch_add(nanos, Ordering::Relaxed);
    }

    fn total(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

/// What a worker has to say about one photo.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) index: usize,
    pub(super) result: Result<Scored, String>,
    /// What the backbone made of it, where that was computed and is wanted.
    pub(super) descriptor: Option<Vec<f32>>,
    /// The state of the file that has the score, to be remembered with it.
    pub(super) state: Option<FileState>,
    /// Whether the score was known before.
    pub(super) known: bool,
}

impl Outcome {
    /// A photo that cannot be scored.
    pub(super) fn failed(index: usize, reason: String) -> Self {
        Self {
            index,
            result: Err(reason),
            descriptor: None,
            state: None,
            known: false,
        }
    }
}

/// Starts a job; it runs on threads of its own and this returns at once.
///
/// Photos that cannot be scored, for whatever reason, are reported as
/// [`Event::Photo`] with that reason; the job goes on with the others.
pub fn start(request: Request, model: Arc<dyn QualityModel>, options: Options) -> Job {
    start_knowing(request, model, options, None)
}

/// As [`start`]; photos that `known` has a score for are not scored again, and
/// those that are scored are told to it before the job is finished.
pub fn start_knowing(
    request: Request,
    model: Arc<dyn QualityModel>,
    options: Options,
    known: Option<Arc<dyn Known>>,
) -> Job {
    let (send, events) = bounded(WAITING);
    let cancel = Cancel::default();
    let job = Job {
        events,
        cancel: cancel.clone(),
    };
    let paths = request.paths.clone();
    let conductor = move || conduct(&request, model, &options, known, &cancel, &send);
    match spawn("keepers-job", conductor) {
        Ok(_) => job,
        Err(error) => refused(paths, &error),
    }
}

/// Stack of a job's threads in bytes: that of a main thread, which is what
/// decoders are tried with.
const STACK: usize = 8 << 20;

pub(super) fn spawn(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    Builder::new()
        .name(name.to_owned())
        .stack_size(STACK)
        .spawn(work)
}

fn no_thread(error: &io::Error) -> String {
    format!("the system gave no thread to work on it: {error}")
}

/// The job that answers every path with the reason why no job could start.
fn refused(paths: Vec<PathBuf>, error: &io::Error) -> Job {
    let reason = no_thread(error);
    let (send, events) = bounded(paths.len() + 2);
    let summary = Summary {
        failed: paths.len(),
        ..Summary::default()
    };
    let scan = Scan {
        photos: paths.clone(),
        skipped: 0,
    };
    let photos = paths.into_iter().enumerate().map(|(index, path)| {
        Event::Photo(PhotoResult {
            index,
            path,
            outcome: Err(reason.clone()),
        })
    });
    let all = std::iter::once(Event::Scanned(scan))
        .chain(photos)
        .chain(std::iter::once(Event::Finished(summary)));
    for event in all {
        // The channel was made for exactly these.
        let _ = send.try_send(event);
    }
    Job {
        events,
        cancel: Cancel::default(),
    }
}

/// The job's reader is gone: nothing is left to do.
struct ReaderGone;

fn conduct(
    request: &Request,
    model: Arc<dyn QualityModel>,
    options: &Options,
    known: Option<Arc<dyn Known>>,
    cancel: &Cancel,
    events: &Sender<Event>,
) {
    let start = Instant::now();
    let found = scan(request, cancel);
    let scan = Scan {
        photos: found.photos.iter().map(|p| p.path.clone()).collect(),
        skipped: found.skipped,
    };
    tracing::debug!(
        photos = scan.photos.len(),
        skipped = scan.skipped,
        "scanned"
    );
    if events.send(Event::Scanned(scan)).is_err() {
        return;
    }
    let recalled = recall(known.as_deref(), &found.photos);
    // A photo that is known is opened only where its thumbnail is wanted.
    let (at_once, queue): (Vec<usize>, Vec<usize>) = (0..found.photos.len()).partition(|&index| {
        request.thumbnail.is_none() && matches!(recalled.get(index), Some(Recall::Known { .. }))
    });
    let work = Arc::new(Work {
        photos: found.photos,
        recalled,
        queue,
        known,
        model: Arc::clone(&model),
        next: AtomicUsize::new(0),
        cancel: cancel.clone(),
        slots: Slots::new(options.decoded),
        side: model.input_side(),
        thumbnail: request.thumbnail,
        clock: Clock::default(),
    });
    let mut report = Report {
        work: &work,
        events,
        meter: Meter::new(work.photos.len(), Instant::now()),
        answered: vec![false; work.photos.len()],
        summary: Summary::default(),
        recorder: Recorder::start(work.known.clone()),
    };
    let reported =
        report
            .known(&at_once)
            .and_then(|()| match start_workers(&work, model, options) {
                Ok((outcomes, scorer, mut crew)) => {
                    let followed = report.follow(&outcomes, &scorer, &mut crew);
                    report.summary.left_behind = crew.left_behind;
                    followed.and_then(|()| {
                        report.answer_rest(match crew.left_behind {
                            0 => "a worker thread of Keepers stopped before its time",
                            _ => "was not opened: too many files before it gave no answer",
                        })
                    })
                }
                Err(error) => report.answer_rest(&no_thread(&error)),
            });
    // What was scored is remembered even if nobody reads on.
    report.recorder.finish();
    if reported.is_err() {
        // Ends the workers, too.
        cancel.cancel();
        return;
    }
    let summary = Summary {
        cancelled: cancel.is_cancelled() && report.answered.contains(&false),
        peak_decoded: work.slots.peak(),
        timings: Timings {
            wall: start.elapsed(),
            decode: work.clock.decode.total(),
            resize: work.clock.resize.total(),
            inference: work.clock.inference.total(),
        },
        ..report.summary
    };
    tracing::debug!(?summary, "finished");
    // A reader that left before the end has no use for it.
    let _ = events.send(Event::Finished(summary));
}

/// Starts the decoders and the scorer. Their outcomes end when all are done.
fn start_workers(
    work: &Arc<Work>,
    model: Arc<dyn QualityModel>,
    options: &Options,
) -> io::Result<(Receiver<Outcome>, JoinHandle<()>, Crew)> {
    let (send_outcome, outcomes) = bounded(WAITING);
    // Slots bound what waits here; the channel never blocks.
    let (send_ready, ready) = bounded(options.decoded.max(1));

    let (shared, results, settings) = (Arc::clone(work), send_outcome.clone(), options.clone());
    let scorer = spawn("keepers-score", move || {
        scorer::run(&shared, &*model, &settings, &ready, &results);
    })?;

    let post = Post {
        ready: send_ready,
        outcomes: send_outcome,
    };
    let decoders = options.decoders.clamp(1, work.photos.len().max(1));
    let crew = Crew::start(work, decoders, options.patience, &post)?;
    Ok((outcomes, scorer, crew))
}

/// What is known of photos; nothing of those that cannot be opened.
fn recall(known: Option<&dyn Known>, photos: &[Photo]) -> Vec<Recall> {
    let Some(known) = known else {
        return vec![Recall::Unknown; photos.len()];
    };
    let paths: Vec<PathBuf> = photos.iter().map(|photo| photo.path.clone()).collect();
    known.recall(&paths)
}

/// The thread that takes note of scored photos, so that nobody waits for the
/// disk.
struct Recorder {
    send: Option<Sender<Fresh>>,
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    fn start(known: Option<Arc<dyn Known>>) -> Self {
        let nothing = Self {
            send: None,
            thread: None,
        };
        let Some(known) = known else {
            return nothing;
        };
        let (send, fresh) = bounded(WAITING);
        match spawn("keepers-record", move || known::tell(&*known, &fresh)) {
            Ok(thread) => Self {
                send: Some(send),
                thread: Some(thread),
            },
            Err(error) => {
                tracing::warn!("scores are not kept: {}", no_thread(&error));
                nothing
            }
        }
    }

    fn record(&self, path: &Path, scored: &Scored, state: FileState, descriptor: Option<Vec<f32>>) {
        if let Some(send) = &self.send {
            // Without the thread there is nobody to remember.
            let _ = send.send(Fresh {
                path: path.to_owned(),
                state,
                score: StoredScore {
                    score: scored.score,
                    size: scored.size,
                },
                descriptor,
            });
        }
    }

    /// Waits until all is remembered.
    fn finish(&mut self) {
        self.send = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("some scores were not kept");
        }
    }
}

/// Turns outcomes into events.
struct Report<'a> {
    work: &'a Work,
    events: &'a Sender<Event>,
    meter: Meter,
    /// By place; guards against photos that get lost or are answered twice.
    answered: Vec<bool>,
    summary: Summary,
    recorder: Recorder,
}

impl Report<'_> {
    /// Reports the photos that need no work. The rate begins after them.
    fn known(&mut self, places: &[usize]) -> Result<(), ReaderGone> {
        for &index in places {
            if self.work.cancel.is_cancelled() {
                return Ok(());
            }
            if let Recall::Known { score, .. } = self.work.recalled(index) {
                let StoredScore { score, size } = score;
                self.photo(Outcome {
                    index,
                    result: Ok(Scored {
                        scene: None,
                        score,
                        size,
                        thumbnail: None,
                    }),
                    descriptor: None,
                    state: None,
                    known: true,
                })?;
            }
        }
        self.meter.begin(Instant::now());
        Ok(())
    }

    /// Reports outcomes until all workers are done; after a cancel, until the
    /// scorer is. A decoder may be at a large photo for a while, and its work
    /// is not wanted any more.
    fn follow(
        &mut self,
        outcomes: &Receiver<Outcome>,
        scorer: &JoinHandle<()>,
        crew: &mut Crew,
    ) -> Result<(), ReaderGone> {
        let mut cancelled = None;
        loop {
            match outcomes.recv_timeout(TICK) {
                Ok(outcome) => self.photo(outcome)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            if self.work.cancel.is_cancelled() {
                let since = *cancelled.get_or_insert_with(Instant::now);
                if scorer.is_finished() || since.elapsed() > PATIENCE {
                    return outcomes.try_iter().try_for_each(|o| self.photo(o));
                }
                continue;
            }
            for late in crew.relieve() {
                self.photo(late)?;
            }
            if let Some(progress) = self.meter.report(Instant::now()) {
                self.send(Event::Progress(progress))?;
            }
        }
    }

    /// Answers the photos that have no outcome, unless the job was cancelled.
    fn answer_rest(&mut self, reason: &str) -> Result<(), ReaderGone> {
        if self.work.cancel.is_cancelled() {
            return Ok(());
        }
        for index in 0..self.answered.len() {
            self.photo(Outcome::failed(index, reason.to_owned()))?;
        }
        Ok(())
    }

    fn photo(&mut self, outcome: Outcome) -> Result<(), ReaderGone> {
        let Outcome {
            index,
            result,
            descriptor,
            state,
            known,
        } = outcome;
        let (Some(photo), Some(answered)) =
            (self.work.photos.get(index), self.answered.get_mut(index))
        else {
            return Ok(());
        };
        if std::mem::replace(answered, true) {
            return Ok(());
        }
        match &result {
            Ok(scored) => {
                self.summary.scored += 1;
                self.summary.known += usize::from(known);
                if let Some(state) = state {
                    self.recorder.record(&photo.path, scored, state, descriptor);
                }
            }
            Err(_) => self.summary.failed += 1,
        }
        self.meter.count(result.is_err(), Instant::now());
        self.send(Event::Photo(PhotoResult {
            index,
            path: photo.path.clone(),
            outcome: result,
        }))
    }

    fn send(&self, event: Event) -> Result<(), ReaderGone> {
        self.events.send(event).map_err(|_| ReaderGone)
    }
}
