//! Photos that are known are not scored again.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use keepers::catalog::Catalog;
use keepers::engine::{
    Cancel, Descriptors, Known, Memory, Options, Pictures, Request, Seen, describe_knowing,
    start_knowing,
};
use keepers::model::efficientnet::DESCRIPTOR;
use keepers::model::{DescribingModel, ModelError, ModelInfo, QualityModel, Score};

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

/// Luminance by way of a descriptor, times a factor that stands for a taste.
#[derive(Debug)]
struct Describing(Luminance, f64);

impl QualityModel for Describing {
    fn info(&self) -> &ModelInfo {
        self.0.info()
    }

    fn input_side(&self) -> u32 {
        self.0.input_side()
    }

    fn score(&self, batch: &[&[u8]]) -> Result<Vec<Score>, ModelError> {
        let descriptors = self.describe(batch)?;
        descriptors
            .iter()
            .map(|d| self.score_described(d))
            .collect()
    }

    fn describing(&self) -> Option<&dyn DescribingModel> {
        Some(self)
    }
}

impl DescribingModel for Describing {
    fn backbone_key(&self) -> String {
        "luminance".to_owned()
    }

    fn describe(&self, batch: &[&[u8]]) -> Result<Vec<Vec<f32>>, ModelError> {
        let scores = self.0.score(batch)?.into_iter();
        Ok(scores
            .map(|score| vec![score.value() as f32; DESCRIPTOR])
            .collect())
    }

    fn score_described(&self, descriptor: &[f32]) -> Result<Score, ModelError> {
        let mean = f64::from(descriptor[0]) / 100.0;
        Score::from_probability(mean * self.1).ok_or(ModelError::NotFinite)
    }

    fn standardised(&self, descriptor: &[f32]) -> Vec<f32> {
        descriptor.to_owned()
    }
}

/// What the backbone made of a photo is kept with its score: another profile, and
/// whatever else works on descriptors, decodes nothing.
#[test]
fn descriptors_of_scored_photos_are_used_without_decoding() {
    let (folder, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (folder, home) = (folder.path(), home.path());
    let paths = greys(folder, 6);
    // Old enough for time stamps to count.
    std::thread::sleep(Duration::from_millis(2700));
    let kept = || Descriptors::new(&home.join("descriptors"), 1 << 20, "luminance");
    let score = |taste: f64, profile: Option<&str>| {
        let catalog = Catalog::open(&home.join("keepers.db")).unwrap().catalog;
        let memory = Memory::new(catalog, "a")
            .with_profile(profile.map(str::to_owned))
            .with_descriptors(Some(kept()));
        let model = Arc::new(Describing(Luminance::default(), taste));
        let known: Arc<dyn Known> = Arc::new(memory);
        let job = start_knowing(
            request(&[folder], false),
            model.clone(),
            Options::default(),
            Some(known),
        );
        let done = Done::read(&job);
        (done, model.0.photos.load(Ordering::SeqCst))
    };
    let (first, seen) = score(1.0, None);
    assert_eq!((first.summary.scored, seen), (6, 6));
    let (other, seen) = score(0.5, Some("taste"));
    assert_eq!((other.summary.scored, other.summary.known, seen), (6, 0, 0));
    assert_eq!(other.summary.timings.decode, Duration::ZERO);
    let anew = {
        let model = Arc::new(Describing(Luminance::default(), 0.5));
        let job = start_knowing(request(&[folder], false), model, Options::default(), None);
        Done::read(&job)
    };
    assert_eq!(other.scores(), anew.scores());
    for photo in &other.photos {
        assert_eq!(photo.outcome.as_ref().unwrap().size, (40, 30));
    }
    // It was recorded, too.
    assert_eq!(score(0.5, Some("taste")).0.summary.known, 6);

    // Describing finds them, with the catalog or by content alone.
    for catalog in [true, false] {
        let catalog = catalog.then(|| Catalog::open(&home.join("keepers.db")).unwrap().catalog);
        let model = Describing(Luminance::default(), 1.0);
        let known = Seen::new(kept(), catalog);
        let described = describe_knowing(
            &model,
            &paths,
            Some(&known),
            &Cancel::default(),
            &mut |_| {},
        );
        assert_eq!(described.unwrap().len(), 6);
        assert_eq!(model.0.photos.load(Ordering::SeqCst), 0);
    }
    // Damage is as good as absence.
    for group in fs::read_dir(home.join("descriptors")).unwrap() {
        for file in fs::read_dir(group.unwrap().path()).unwrap() {
            fs::write(file.unwrap().path(), b"KprsDsc1 and nothing else").unwrap();
        }
    }
    let (damaged, seen) = score(0.25, Some("other"));
    assert_eq!((damaged.summary.scored, seen), (6, 6));
}
