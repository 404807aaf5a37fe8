//! The engine: scanning, the pipeline's promises, cancelling.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use keepers::engine::{Event, Job, Options, PhotoResult, Progress, Request, Scan, Summary, start};

use crate::support::luminance::Luminance;
use crate::support::photos::{grey, greys, sized};

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
