//! Files that are broken, cut, changed at random or too large: each ends with a
//! reason, none with a panic, and none without bound.

use std::path::{Path, PathBuf};
use std::time::Duration;

use keepers::imaging::{Limits, Reason, Want, decode};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/photos");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension != "py"))
        .filter(|path| {
            !path
                .file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("expected")
        })
        .collect();
    paths.sort();
    assert!(paths.len() > 30);
    paths
}

fn few_limits() -> Limits {
    Limits {
        megapixels: 4,
        bytes: 64 << 20,
        time: Duration::from_secs(5),
        ..Limits::default()
    }
}

/// Formats that say how long they are, or whose every bit is needed, notice a
/// cut wherever it is. A RAW's preview may lie before the cut.
#[test]
fn half_a_file_is_damaged_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    for path in fixtures() {
        let bytes = std::fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let cut = folder.path().join(name);
        std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
        let reason = match decode(&cut, Want::Full, &Limits::default()) {
            Ok(_) => panic!("half of {name} was taken for a photo"),
            Err(error) => error.reason,
        };
        let raw = ["dng", "raf", "cr3"].iter().any(|raw| name.ends_with(raw));
        assert!(
            matches!(reason, Reason::Damaged(_)) || raw && matches!(reason, Reason::Unsupported(_)),
            "{name}: {reason:?}"
        );
    }
}

#[test]
fn bytes_changed_at_random_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let changed = folder.path().join("changed");
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut decoded = 0;
    let mut refused = 0;
    for path in fixtures() {
        let original = std::fs::read(&path).unwrap();
        for _ in 0..24 {
            let mut bytes = original.clone();
            for _ in 0..=random.next_u32() % 8 {
                // Heads hold what decides; half of the changes go there.
                let most = if random.next_u32() % 2 == 0 {
                    256
                } else {
                    usize::MAX
                };
                let at = random.next_u32() as usize % bytes.len().min(most);
                bytes[at] = random.next_u32() as u8;
            }
            std::fs::write(&changed, &bytes).unwrap();
            match decode(&changed, Want::Full, &few_limits()) {
                Ok(_) => decoded += 1,
                Err(error) => {
                    refused += 1;
                    let reason = error.reason.to_string();
                    assert!(!reason.is_empty() && !reason.contains('\n'), "{reason}");
                }
            }
        }
    }
    println!("{decoded} decoded, {refused} refused");
    assert!(decoded > 100 && refused > 100, "{decoded} {refused}");
}

#[test]
fn too_many_pixels_are_refused_in_every_format() {
    let limits = Limits {
        megapixels: 0,
        ..Limits::default()
    };
    for path in fixtures() {
        if path.ends_with("thumbnail.dng") {
            continue;
        }
        let reason = decode(&path, Want::Full, &limits).unwrap_err().reason;
        assert!(
            matches!(reason, Reason::Limit(_)),
            "{}: {reason:?}",
            path.display()
        );
        assert!(reason.to_string().contains("megapixels"), "{reason}");
    }
}

#[test]
fn a_time_that_is_over_ends_the_work() {
    let limits = Limits {
        time: Duration::ZERO,
        ..Limits::default()
    };
    for path in fixtures() {
        let reason = decode(&path, Want::Full, &limits).unwrap_err().reason;
        assert!(
            matches!(reason, Reason::Limit(_)),
            "{}: {reason:?}",
            path.display()
        );
        assert!(reason.to_string().contains("took longer"), "{reason}");
    }
}

#[test]
fn what_is_no_photo_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (content, word) in [
        (&b"hello"[..], "not a photo"),
        (b"%PDF-1.7 and so on", "PDF"),
        (b"PK\x03\x04 and so on", "ZIP"),
        (b"8BPS and so on", "Photoshop"),
        (b"\0\0\0\x18ftypisom\0\0\0\0mp42", "video"),
        (&[0; 500], "zeros"),
    ] {
        let path = folder.path().join("a.jpg");
        std::fs::write(&path, content).unwrap();
        let error = decode(&path, Want::Full, &Limits::default()).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
}
