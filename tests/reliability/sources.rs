//! Files that do not stay as they are while they are read, or do not answer.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keepers::catalog::{ContentHash, FileState, StoredScore};
use keepers::engine::{Event, Fresh, Job, Known, Options, Recall, Request, start_knowing};

use crate::support::luminance::Luminance;
use crate::support::photos::{grey, greys, sized};

/// What became of each photo, in their order.
fn outcomes(job: &Job) -> Vec<(PathBuf, Result<f64, String>)> {
    let mut photos = Vec::new();
    loop {
        match job.events.recv_timeout(Duration::from_secs(60)) {
            Ok(Event::Photo(photo)) => photos.push(photo),
            Ok(Event::Finished(_)) => break,
            Ok(_) => {}
            Err(error) => panic!("a job that does not go on: {error}"),
        }
    }
    photos.sort_by_key(|photo| photo.index);
    let outcome = |result: Result<keepers::engine::Scored, String>| result.map(|s| s.score.value());
    photos
        .into_iter()
        .map(|photo| (photo.path, outcome(photo.outcome)))
        .collect()
}

fn job(folder: &Path, options: Options, known: Arc<dyn Known>) -> Job {
    let request = Request {
        paths: vec![folder.to_owned()],
        recursive: false,
        thumbnail: None,
    };
    start_knowing(
        request,
        Arc::new(Luminance::default()),
        options,
        Some(known),
    )
}

/// What happens when a photo's content is asked for, just before it is decoded.
struct Before<F>(F);

impl<F> std::fmt::Debug for Before<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Before")
    }
}

impl<F: Fn(&FileState) + Send + Sync> Known for Before<F> {
    fn recall(&self, photos: &[PathBuf]) -> Vec<Recall> {
        vec![Recall::Maybe; photos.len()]
    }

    fn recall_content(&self, state: &FileState) -> Option<StoredScore> {
        (self.0)(state);
        None
    }

    fn remember(&self, _photos: &[Fresh]) {}
}

/// A pipe that nobody writes to stands for a drive that does not answer.
#[cfg(unix)]
#[test]
fn a_file_that_does_not_answer_is_given_up_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: no mkfifo on this machine");
        return;
    }
    let paths = greys(folder.path(), 30);
    let content = |i: usize| FileState::read(&paths[i]).unwrap().content;
    for (stuck, decoders) in [(vec![3], 1), (vec![0, 1, 2, 29], 2), ((0..30).collect(), 3)] {
        let hashes: Vec<ContentHash> = stuck.iter().map(|&i| content(i)).collect();
        let pipe = pipe.clone();
        let wait = move |state: &FileState| {
            if hashes.contains(&state.content) {
                let _ = fs::read(&pipe);
            }
        };
        let options = Options {
            decoders,
            decoded: 2,
            patience: Duration::from_millis(300),
            ..Options::default()
        };
        let outcomes = outcomes(&job(folder.path(), options, Arc::new(Before(wait))));
        assert_eq!(outcomes.len(), 30);
        for (i, (path, outcome)) in outcomes.iter().enumerate() {
            assert_eq!(*path, paths[i]);
            match outcome {
                Ok(_) => assert!(!stuck.contains(&i), "{i}"),
                Err(reason) => {
                    assert!(stuck.contains(&i), "{i}: {reason}");
                    let gone = reason.contains("no answer within 0.3 s");
                    assert!(gone || stuck.len() > 16, "{reason}");
                }
            }
        }
        let asked = outcomes.iter().filter(
            |(_, outcome)| matches!(outcome, Err(reason) if reason.contains("no answer within")),
        );
        // A drive that is gone is not asked for every photo.
        assert!(asked.count() <= 18);
    }
}

#[test]
fn files_that_vanish_or_turn_into_something_else_are_failures_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let paths = greys(folder.path(), 12);
    let content = |i: usize| FileState::read(&paths[i]).unwrap().content;
    let (gone, cut, folder_now) = (content(2), content(5), content(7));
    let changing = paths.clone();
    let change = move |state: &FileState| {
        if state.content == gone {
            fs::remove_file(&changing[2]).unwrap();
        } else if state.content == cut {
            let bytes = fs::read(&changing[5]).unwrap();
            fs::write(&changing[5], &bytes[..bytes.len() / 2]).unwrap();
        } else if state.content == folder_now {
            fs::remove_file(&changing[7]).unwrap();
            fs::create_dir(&changing[7]).unwrap();
        }
    };
    let outcomes = outcomes(&job(
        folder.path(),
        Options::default(),
        Arc::new(Before(change)),
    ));
    let reason = |i: usize| outcomes[i].1.clone().unwrap_err();
    assert!(reason(2).starts_with("cannot be read:"), "{}", reason(2));
    assert!(reason(5).contains("cut off") || reason(5).contains("damaged"));
    assert_eq!(reason(7), "a folder, not a photo");
    assert_eq!(outcomes.iter().filter(|(_, o)| o.is_ok()).count(), 9);
}

/// Remembers what it is told.
#[derive(Debug, Default)]
struct Notebook(Mutex<Vec<Fresh>>);

impl Known for Notebook {
    fn recall(&self, photos: &[PathBuf]) -> Vec<Recall> {
        let kinds = [Recall::Maybe, Recall::Unknown];
        kinds.into_iter().cycle().take(photos.len()).collect()
    }

    fn recall_content(&self, _state: &FileState) -> Option<StoredScore> {
        None
    }

    fn remember(&self, photos: &[Fresh]) {
        self.0.lock().unwrap().extend(photos.iter().cloned());
    }
}

/// A photo that another program writes again and again, growing and shrinking,
/// while it is scored: whatever is remembered is true of the content it is
/// remembered for.
#[test]
fn a_score_is_kept_only_for_the_content_that_was_scored() {
    let folder = tempfile::tempdir().unwrap();
    let source = tempfile::tempdir().unwrap();
    let mut contents = Vec::new();
    for (level, size) in [(10, 40), (90, 40), (170, 40), (250, 90)] {
        let path = source.path().join(format!("{level}.bmp"));
        sized(&path, level, size, size);
        let hash = FileState::read(&path).unwrap().content;
        contents.push((fs::read(&path).unwrap(), hash, f64::from(level) / 2.55));
    }
    let paths: Vec<PathBuf> = (0..6)
        .map(|i| folder.path().join(format!("{i}.bmp")))
        .collect();
    let place = |path: &Path, turn: usize| fs::write(path, &contents[turn % 4].0).unwrap();
    paths.iter().for_each(|path| place(path, 0));
    let notebook = Arc::new(Notebook::default());
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut turn = 0;
            while !over.load(Ordering::SeqCst) {
                for path in &paths {
                    turn += 1;
                    place(path, turn);
                }
                // Sometimes a photo stays long enough to be kept.
                std::thread::sleep(Duration::from_micros(turn as u64 * 37 % 3000));
            }
        });
        for _ in 0..40 {
            let photos = outcomes(&job(folder.path(), Options::default(), notebook.clone()));
            assert_eq!(photos.len(), 6);
        }
        over.store(true, Ordering::SeqCst);
    });
    let kept = notebook.0.lock().unwrap();
    println!("{} of 240 scores were kept", kept.len());
    for fresh in kept.iter() {
        let (_, _, level) = contents
            .iter()
            .find(|(_, hash, _)| *hash == fresh.state.content)
            .expect("a content that was there");
        let score = fresh.score.score.value();
        assert!((score - level).abs() < 1e-9, "{score} for {level}");
    }
}

/// Photos from a camera whose clock is ahead, or a computer whose clock was set
/// back, have stamps of the future: an edit that keeps stamp and size is seen.
#[test]
fn an_edit_shows_although_the_clock_went_back() {
    use keepers::catalog::Catalog;
    use keepers::engine::Memory;
    use std::time::SystemTime;

    let (folder, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = folder.path().join("a.bmp");
    let future = SystemTime::now() + Duration::from_secs(86_400);
    let write = |level: u8| {
        grey(&path, level);
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(future).unwrap();
    };
    let score = || {
        let catalog = Catalog::open(&home.path().join("keepers.db")).unwrap();
        let memory = Arc::new(Memory::new(catalog.catalog, "a"));
        let outcome = outcomes(&job(folder.path(), Options::default(), memory));
        outcome[0].1.clone().unwrap()
    };
    write(51);
    assert!((score() - 20.0).abs() < 1e-9);
    write(204);
    assert!((score() - 80.0).abs() < 1e-9);
    assert!((score() - 80.0).abs() < 1e-9);
}
