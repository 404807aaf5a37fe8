//! The engine: the pipeline's promises and cancelling; scanning is in `scan`,
//! groups in `groups`, the memory of scored photos in `known`.

mod bench;
mod groups;
mod known;
mod scan;
mod stream;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use keepers::engine::{Event, Job, Options, PhotoResult, Progress, Request, Scan, Summary, start};

use crate::support::luminance::Luminance;
use crate::support::photos::greys;

/// A job that is through.
struct Done {
    scan: Scan,
    photos: Vec<PhotoResult>,
    progress: Vec<Progress>,
    summary: Summary,
}

impl Done {
    /// Reads a job to its end, holding it to the order of its events.
    fn read(job: &Job) -> Self {
        let next = || {
            job.events
                .recv_timeout(Duration::from_secs(60))
                .expect("a job that goes on")
        };
        let Event::Scanned(scan) = next() else {
            panic!("the first event is no scan");
        };
        let (mut photos, mut progress) = (Vec::new(), Vec::new());
        let summary = loop {
            match next() {
                Event::Scanned(_) => panic!("a second scan"),
                Event::Photo(photo) => photos.push(photo),
                Event::Progress(report) => progress.push(report),
                Event::Finished(summary) => break summary,
            }
        };
        assert!(job.events.recv().is_err(), "an event after the last");
        for photo in &photos {
            assert_eq!(scan.photos[photo.index], photo.path);
        }
        Self {
            scan,
            photos,
            progress,
            summary,
        }
    }

    /// Scores by path, as bits; `None` for a failure.
    fn scores(&self) -> BTreeMap<PathBuf, Option<u64>> {
        self.photos
            .iter()
            .map(|photo| {
                let score = photo.outcome.as_ref().ok();
                (photo.path.clone(), score.map(|s| s.score.value().to_bits()))
            })
            .collect()
    }

    fn reason(&self, path: &Path) -> &str {
        let photo = self.photos.iter().find(|photo| photo.path == path);
        let outcome = &photo.expect("an answer").outcome;
        outcome.as_ref().expect_err("a failure")
    }
}

fn request(paths: &[&Path], recursive: bool) -> Request {
    Request {
        paths: paths.iter().map(|path| path.to_path_buf()).collect(),
        recursive,
        thumbnail: None,
    }
}

fn run(paths: &[&Path], recursive: bool) -> Done {
    let job = start(
        request(paths, recursive),
        Arc::new(Luminance::default()),
        Options::default(),
    );
    Done::read(&job)
}

/// Scores `folder` with these options.
fn with(folder: &Path, model: Luminance, options: Options) -> (Done, Arc<Luminance>) {
    let model = Arc::new(model);
    let job = start(request(&[folder], false), model.clone(), options);
    (Done::read(&job), model)
}

fn options(batch: usize, decoders: usize, decoded: usize) -> Options {
    Options {
        batch,
        decoders,
        decoded,
        ..Options::default()
    }
}

#[test]
fn every_photo_is_answered_with_its_score() {
    let folder = tempfile::tempdir().unwrap();
    let paths = greys(folder.path(), 20);
    let done = run(&[folder.path()], false);
    assert_eq!(done.scan.photos, paths);
    assert_eq!((done.summary.scored, done.summary.failed), (20, 0));
    assert!(!done.summary.cancelled);
    for photo in &done.photos {
        let scored = photo.outcome.as_ref().unwrap();
        assert_eq!(scored.size, (40, 30));
        assert!(scored.thumbnail.is_none());
        let level = (photo.index * 255 / 20) as f64;
        assert!((scored.score.value() - level / 2.55).abs() < 1e-9);
    }
    assert!(!done.progress.is_empty());
    assert!(done.summary.timings.wall > Duration::ZERO);
}

#[test]
fn scores_do_not_depend_on_batches_threads_or_thumbnails() {
    let folder = tempfile::tempdir().unwrap();
    greys(folder.path(), 25);
    fs::write(folder.path().join("broken.jpg"), b"no photo").unwrap();
    let expected = run(&[folder.path()], false).scores();
    assert_eq!(expected.len(), 26);
    for (batch, decoders, decoded) in [(1, 1, 1), (1, 4, 2), (3, 2, 3), (8, 3, 5), (64, 8, 100)] {
        let options = options(batch, decoders, decoded);
        let (done, model) = with(folder.path(), Luminance::default(), options.clone());
        assert_eq!(done.scores(), expected, "{options:?}");
        assert!(model.largest.load(Ordering::SeqCst) <= batch.min(decoded));
    }
    let job = start(
        Request {
            thumbnail: Some(8),
            ..request(&[folder.path()], false)
        },
        Arc::new(Luminance::default()),
        Options::default(),
    );
    let done = Done::read(&job);
    assert_eq!(done.scores(), expected);
    for photo in done.photos.iter().filter_map(|p| p.outcome.as_ref().ok()) {
        let thumbnail = photo.thumbnail.as_ref().unwrap();
        assert_eq!(thumbnail.dimensions(), (8, 6));
    }
}

#[test]
fn options_of_zero_still_score() {
    let folder = tempfile::tempdir().unwrap();
    greys(folder.path(), 3);
    let (done, _) = with(folder.path(), Luminance::default(), options(0, 0, 0));
    assert_eq!(done.summary.scored, 3);
}

#[test]
fn decoded_photos_alive_stay_within_the_bound() {
    let folder = tempfile::tempdir().unwrap();
    greys(folder.path(), 40);
    for decoded in [1, 3, 7] {
        // A slow network: without the bound everything would pile up before it.
        let model = Luminance {
            pause: Duration::from_millis(15),
            ..Luminance::default()
        };
        let (done, _) = with(folder.path(), model, options(4, 6, decoded));
        assert_eq!(done.summary.scored, 40);
        assert_eq!(done.summary.peak_decoded, decoded);
    }
}

#[test]
fn a_reader_that_stops_reading_stops_the_job() {
    let folder = tempfile::tempdir().unwrap();
    greys(folder.path(), 300);
    let model = Arc::new(Luminance::default());
    let job = start(
        request(&[folder.path()], false),
        model.clone(),
        options(4, 2, 4),
    );
    let seen = || model.photos.load(Ordering::SeqCst);
    let mut before = seen();
    loop {
        std::thread::sleep(Duration::from_millis(300));
        if seen() == before && before > 0 {
            break;
        }
        before = seen();
    }
    assert!(before < 250, "{before} photos went through unread channels");
    assert_eq!(Done::read(&job).summary.scored, 300);
}

#[test]
fn a_cancelled_job_ends_soon_with_what_is_done() {
    let folder = tempfile::tempdir().unwrap();
    greys(folder.path(), 200);
    let model = Luminance {
        pause: Duration::from_millis(20),
        ..Luminance::default()
    };
    let job = start(
        request(&[folder.path()], false),
        Arc::new(model),
        options(2, 2, 8),
    );
    let (mut photos, mut cancelled) = (0, None);
    let summary = loop {
        match job.events.recv_timeout(Duration::from_secs(20)).unwrap() {
            Event::Photo(photo) => {
                photos += 1;
                assert!(photo.outcome.is_ok(), "a cancel is no failure: {photo:?}");
                if photos == 5 {
                    job.cancel.cancel();
                    cancelled = Some(Instant::now());
                }
            }
            Event::Finished(summary) => break summary,
            Event::Scanned(_) | Event::Progress(_) => {}
        }
    };
    assert!(summary.cancelled);
    assert_eq!((summary.scored, summary.failed), (photos, 0));
    assert!(photos < 40, "{photos}");
    let took = cancelled.unwrap().elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[test]
fn a_cancel_after_the_end_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    greys(folder.path(), 1);
    let job = start(
        request(&[folder.path()], false),
        Arc::new(Luminance::default()),
        Options::default(),
    );
    let done = Done::read(&job);
    job.cancel.cancel();
    assert!(!done.summary.cancelled);
}

#[test]
fn a_dropped_job_ends_its_threads() {
    let folder = tempfile::tempdir().unwrap();
    greys(folder.path(), 100);
    let model = Arc::new(Luminance {
        pause: Duration::from_millis(5),
        ..Luminance::default()
    });
    drop(start(
        request(&[folder.path()], false),
        model.clone(),
        Options::default(),
    ));
    let deadline = Instant::now() + Duration::from_secs(20);
    // The threads hold the model; when they are gone only this one is left.
    while Arc::strong_count(&model) > 1 {
        assert!(Instant::now() < deadline, "threads of a dropped job go on");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(model.photos.load(Ordering::SeqCst) < 100);
}

#[test]
fn a_panic_in_the_network_is_one_photos_error() {
    let folder = tempfile::tempdir().unwrap();
    let paths = greys(folder.path(), 24);
    let guilty = 255 * 10 / 24;
    let model = Luminance {
        panics_at: Some(guilty as u8),
        ..Luminance::default()
    };
    let (done, _) = with(folder.path(), model, options(8, 2, 16));
    assert_eq!((done.summary.scored, done.summary.failed), (23, 1));
    let reason = done.reason(&paths[10]);
    assert!(
        reason.contains("a photo that makes the network panic"),
        "{reason}"
    );
}

#[test]
fn progress_counts_up_and_is_not_too_frequent() {
    let folder = tempfile::tempdir().unwrap();
    greys(folder.path(), 60);
    fs::write(folder.path().join("000-empty.jpg"), b"").unwrap();
    let model = Luminance {
        pause: Duration::from_millis(20),
        ..Luminance::default()
    };
    let begin = Instant::now();
    let (done, _) = with(folder.path(), model, options(1, 2, 4));
    let tenths = begin.elapsed().as_millis() / 100;
    assert!(
        done.progress.len() as u128 <= tenths + 1,
        "{}",
        done.progress.len()
    );
    assert!(done.progress.len() >= 5);
    assert!(done.progress.is_sorted_by_key(|p| p.done));
    let last = done.progress.last().unwrap();
    assert_eq!((last.total, last.failed), (61, 1));
    assert!(last.rate > 10.0 && last.rate < 60.0, "{last:?}");
    assert!(last.left.is_some());
}

#[test]
fn sharp_photos_rank_above_their_blurred_siblings() {
    let Some(data) = crate::support::data() else {
        return;
    };
    let request = Request {
        paths: vec![data.join("shoot/focus")],
        recursive: false,
        thumbnail: None,
    };
    let model = keepers::model::embedded().expect("the built-in model");
    let done = Done::read(&start(request, model, Options::default()));
    let scores: BTreeMap<String, f64> = done
        .photos
        .iter()
        .map(|photo| {
            let name = photo.path.file_stem().expect("a name").to_string_lossy();
            let scored = photo.outcome.as_ref().expect("a score");
            (name.into_owned(), scored.score.value())
        })
        .collect();
    let sharp: Vec<&String> = scores.keys().filter(|name| name.ends_with("_S")).collect();
    assert_eq!(sharp.len(), 3);
    for name in sharp {
        for blurred in ["_F", "_M"] {
            let sibling = name.replace("_S", blurred);
            assert!(scores[name] > scores[&sibling], "{sibling}: {scores:?}");
        }
    }
}
