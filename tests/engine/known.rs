//! Photos that are known are not scored again.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use keepers::catalog::Catalog;
use keepers::engine::{Memory, Options, Pictures, Request, start_knowing};

use super::{Done, request};
use crate::support::luminance::Luminance;
use crate::support::photos::{grey, greys};

/// Scores a folder with the catalog in `home`; also how many photos the network
/// saw.
fn score(folder: &Path, home: &Path, identity: &str, thumbnail: Option<u32>) -> (Done, usize) {
    let catalog = Catalog::open(&home.join("keepers.db")).unwrap().catalog;
    let model = Arc::new(Luminance::default());
    let job = start_knowing(
        Request {
            thumbnail,
            ..request(&[folder], false)
        },
        model.clone(),
        Options::default(),
        Some(Arc::new(Memory::new(catalog, identity))),
    );
    let done = Done::read(&job);
    (done, model.photos.load(Ordering::SeqCst))
}

#[test]
fn known_photos_keep_their_scores_and_skip_the_network() {
    let (folder, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (folder, home) = (folder.path(), home.path());
    greys(folder, 20);
    fs::write(folder.join("broken.jpg"), b"no photo").unwrap();
    let (first, seen) = score(folder, home, "a", None);
    assert_eq!((first.summary.known, seen), (0, 20));

    let (second, seen) = score(folder, home, "a", None);
    assert_eq!((second.summary.known, seen), (20, 0));
    assert_eq!(second.scores(), first.scores());
    assert_eq!((second.summary.scored, second.summary.failed), (20, 1));

    // Thumbnails are made, the network still rests.
    let (third, seen) = score(folder, home, "a", Some(8));
    assert_eq!((third.summary.known, seen), (20, 0));
    assert_eq!(third.scores(), first.scores());
    for scored in third.photos.iter().filter_map(|p| p.outcome.as_ref().ok()) {
        assert_eq!(scored.thumbnail.as_ref().unwrap().dimensions(), (8, 6));
        assert_eq!(scored.size, (40, 30));
    }

    // Another model knows nothing.
    assert_eq!(score(folder, home, "b", None).1, 20);

    // An edit in the same moment with the same length of file.
    let (one, other) = (folder.join("000.png"), folder.join("019.png"));
    fs::copy(&other, &one).unwrap();
    grey(&folder.join("new.png"), 33);
    let (last, seen) = score(folder, home, "a", None);
    assert_eq!(seen, 1, "only the new one");
    let scores = last.scores();
    assert_eq!(scores[&one], scores[&other]);
}

/// A photo that is known and has its picture is not opened at all.
#[test]
fn known_photos_are_shown_without_being_decoded() {
    let (folder, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (folder, home) = (folder.path(), home.path());
    greys(folder, 6);
    let score = |thumbnail: u32| {
        let catalog = Catalog::open(&home.join("keepers.db")).unwrap().catalog;
        let pictures = Pictures::new(&home.join("pictures"), 1 << 20);
        let memory = Memory::new(catalog, "a").with_pictures(pictures);
        let request = Request {
            thumbnail: Some(thumbnail),
            ..request(&[folder], false)
        };
        let model = Arc::new(Luminance::default());
        let options = Options::default();
        Done::read(&start_knowing(
            request,
            model,
            options,
            Some(Arc::new(memory)),
        ))
    };
    let first = score(8);
    assert_eq!(first.summary.scored, 6);
    let second = score(8);
    assert_eq!((second.summary.known, second.scores()), (6, first.scores()));
    let decoded = |done: &Done| done.summary.timings.decode;
    assert!(decoded(&first) > Duration::ZERO);
    assert_eq!(decoded(&second), Duration::ZERO, "nothing was decoded");
    for (first, second) in [(&first, &second)] {
        let picture = |done: &Done, i: usize| {
            let photo = done.photos.iter().find(|photo| photo.index == i).unwrap();
            photo.outcome.as_ref().unwrap().thumbnail.clone().unwrap()
        };
        for i in 0..6 {
            let (made, kept) = (picture(first, i), picture(second, i));
            assert_eq!(kept.dimensions(), made.dimensions());
            let difference = made.get_pixel(3, 3).0[0].abs_diff(kept.get_pixel(3, 3).0[0]);
            assert!(difference <= 2, "{difference}");
        }
    }
    // Another size is made anew, and an edited photo has no old picture.
    assert!(decoded(&score(6)) > Duration::ZERO);
    fs::copy(folder.join("005.png"), folder.join("000.png")).unwrap();
    let edited = score(8);
    let photo = edited.photos.iter().find(|photo| photo.index == 0).unwrap();
    let picture = photo.outcome.as_ref().unwrap().thumbnail.clone().unwrap();
    assert!(picture.get_pixel(3, 3).0[0] > 150);
}

#[test]
fn a_catalog_that_breaks_stops_nothing() {
    let (folder, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    greys(folder.path(), 5);
    let path = home.path().join("keepers.db");
    let catalog = Catalog::open(&path).unwrap().catalog;
    // Another program ruins it while it is open.
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("DROP TABLE scores").unwrap();
    let memory = Arc::new(Memory::new(catalog, "a"));
    let job = start_knowing(
        request(&[folder.path()], false),
        Arc::new(Luminance::default()),
        Options::default(),
        Some(memory.clone()),
    );
    assert_eq!(Done::read(&job).summary.scored, 5);
    let trouble = memory.trouble().unwrap().to_string();
    assert!(trouble.contains("keepers.db"), "{trouble}");
    assert!(memory.trouble().is_none(), "it is told once");
}
