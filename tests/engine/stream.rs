//! Lists that are scored while they come.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Sender, bounded};
use keepers::engine::{Event, Job, Options, PhotoResult, Summary, start_stream};

use crate::support::luminance::Luminance;
use crate::support::photos::{grey, greys};

const LONG: Duration = Duration::from_secs(60);

fn stream(waiting: usize, model: Luminance) -> (Sender<PathBuf>, Job) {
    let (send, paths) = bounded(waiting);
    let job = start_stream(paths, Arc::new(model), Options::default(), None);
    (send, job.expect("a thread"))
}

/// The next photo.
fn photo(job: &Job) -> PhotoResult {
    loop {
        match job.events.recv_timeout(LONG).expect("a job that goes on") {
            Event::Photo(photo) => return photo,
            Event::Finished(summary) => panic!("the end: {summary:?}"),
            Event::Scanned(_) | Event::Progress(_) => {}
        }
    }
}

/// The rest of a job.
fn rest(job: &Job) -> (Vec<PhotoResult>, Summary) {
    let mut photos = Vec::new();
    loop {
        match job.events.recv_timeout(LONG).expect("a job that goes on") {
            Event::Photo(photo) => photos.push(photo),
            Event::Finished(summary) => return (photos, summary),
            Event::Scanned(_) | Event::Progress(_) => {}
        }
    }
}

#[test]
fn the_first_result_does_not_wait_for_the_end_of_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let photos = greys(folder.path(), 3);
    let (send, job) = stream(0, Luminance::default());
    for (i, path) in photos.iter().enumerate() {
        send.send_timeout(path.clone(), LONG).unwrap();
        let result = photo(&job);
        assert_eq!((result.index, &result.path), (i, path));
    }
    drop(send);
    let (more, summary) = rest(&job);
    assert!(more.is_empty());
    assert_eq!((summary.scored, summary.failed), (3, 0));
    assert!(!summary.cancelled);
}

#[test]
fn every_line_is_answered_once_whatever_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let grey_photo = folder.path().join("grey.png");
    grey(&grey_photo, 100);
    fs::write(folder.path().join("broken.jpg"), b"no").unwrap();
    // More than two parts, with one name again and again.
    let mut list = vec![folder.path().to_owned()];
    for i in 0..1300 {
        let name = match i % 100 {
            0 => "grey.png".to_owned(),
            1 => "broken.jpg".to_owned(),
            _ => format!("missing-{i}.jpg"),
        };
        list.push(folder.path().join(name));
    }
    let (send, job) = stream(list.len(), Luminance::default());
    for path in &list {
        send.send(path.clone()).unwrap();
    }
    drop(send);
    let (photos, summary) = rest(&job);
    let indices: BTreeSet<usize> = photos.iter().map(|photo| photo.index).collect();
    assert_eq!((photos.len(), indices.len()), (list.len(), list.len()));
    for photo in &photos {
        assert_eq!(photo.path, list[photo.index]);
        assert_eq!(photo.outcome.is_ok(), photo.path == grey_photo);
    }
    let of_folder = photos.iter().find(|photo| photo.index == 0).unwrap();
    let reason = of_folder.outcome.as_ref().unwrap_err();
    assert!(reason.contains("is a folder"), "{reason}");
    assert_eq!((summary.scored, summary.failed), (13, list.len() - 13));
}

#[test]
fn a_list_without_end_is_taken_only_as_the_job_gets_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = greys(folder.path(), 1).remove(0);
    let (send, job) = stream(0, Luminance::default());
    // Nobody reads the results, so soon nothing is taken any more.
    let mut taken = 0;
    while send
        .send_timeout(
            path.with_file_name(format!("{taken}")),
            Duration::from_secs(2),
        )
        .is_ok()
    {
        taken += 1;
        assert!(taken < 5000, "the list piles up");
    }
    job.cancel.cancel();
    let (photos, summary) = rest(&job);
    assert!(photos.len() <= taken);
    assert!(summary.cancelled);
    assert!(send.send(path).is_err(), "nobody takes the list any more");
}

#[test]
fn a_dropped_job_lets_go_of_its_list() {
    let folder = tempfile::tempdir().unwrap();
    let path = greys(folder.path(), 1).remove(0);
    let (send, job) = stream(0, Luminance::default());
    drop(job);
    let begin = std::time::Instant::now();
    while send.send_timeout(path.clone(), LONG).is_ok() {
        assert!(begin.elapsed() < LONG);
    }
}
