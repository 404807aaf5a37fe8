//! Sidecars, models and RAW files made to break their readers: damaged at random
//! from sound ones, as often as there is time for.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;
use std::time::Duration;

use keepers::imaging::{Limits, Want, decode};
use keepers::metadata::xmp::{Content, Edit, Fields, Flag, Label, Rating, Stars, edited};
use keepers::model;

use super::mutations::{Random, mutate};
use super::soak;
use crate::imaging::raw;

#[test]
fn damaged_sidecars_are_refused_or_say_what_they_were_told() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/xmp");
    let mut sidecars: Vec<Vec<u8>> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| fs::read(entry.unwrap().path()).unwrap())
        .collect();
    sidecars.sort();
    let edit = Edit {
        rating: Rating {
            stars: Stars::new(3),
            flag: Some(Flag::Pick),
            label: Some(Label::Red),
        },
        explicit: Fields::ALL,
    };
    let (executions, mut accepted) = (soak(3000, 300_000), 0);
    for number in 0..executions {
        let mut random = Random::new(number as u64);
        let mut bytes = sidecars[number % sidecars.len()].clone();
        let other = &sidecars[random.below(sidecars.len())];
        mutate(&mut bytes, other, &mut random);
        if let Ok(after) = edited(&bytes, &edit) {
            let meaning = Content::parse(after).unwrap().statements.meaning();
            assert_eq!(meaning, edit.rating, "number {number}");
            accepted += 1;
        }
    }
    println!("{executions} damaged sidecars, {accepted} of them still edited");
    assert!(accepted > 0 && accepted < executions);
}

/// What a pickle of one tensor of six numbers is.
fn pickle() -> Vec<u8> {
    let mut pickle = b"\x80\x02}X\x01\x00\x00\x00actorch._utils\n_rebuild_tensor_v2\n((".to_vec();
    pickle.extend(b"X\x07\x00\x00\x00storagectorch\nFloatStorage\n");
    pickle.extend(b"X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x06tQK\x00");
    pickle.extend(b"K\x03K\x02\x86K\x02K\x01\x86\x89)tRs.");
    pickle
}

/// Checkpoints in both of PyTorch's forms, and a safetensors file.
fn models() -> Vec<(&'static str, Vec<u8>)> {
    let numbers: Vec<u8> = (0..6).flat_map(|n| (n as f32).to_le_bytes()).collect();
    let mut zipped = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in [("a/data.pkl", pickle()), ("a/data/0", numbers.clone())] {
        zipped.start_file(name, stored).unwrap();
        zipped.write_all(&content).unwrap();
    }
    let mut legacy = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.".to_vec();
    legacy.extend(b"\x80\x02M\xe9\x03.\x80\x02}.");
    legacy.extend(pickle());
    legacy.extend(b"\x80\x02]X\x01\x00\x00\x000a.");
    legacy.extend(6_u64.to_le_bytes());
    legacy.extend(&numbers);
    let header = br#"{"__metadata__":{"keepers":"{}"},"a":{"dtype":"F32","shape":[3,2],"data_offsets":[0,24]}}"#;
    let mut safetensors = (header.len() as u64).to_le_bytes().to_vec();
    safetensors.extend(header);
    safetensors.extend(&numbers);
    vec![
        ("zipped.pt", zipped.finish().unwrap().into_inner()),
        ("legacy.pt", legacy),
        ("a.safetensors", safetensors),
    ]
}

#[test]
fn damaged_models_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let models = models();
    let reason = |path: &Path| model::info(path).unwrap_err().to_string();
    // Sound as they are, they are only no models: the readers see all of them.
    for (name, bytes) in &models[..2] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        assert!(
            reason(&path).contains("no model that Keepers knows"),
            "{name}"
        );
    }
    let executions = soak(1500, 100_000);
    for number in 0..executions {
        let mut random = Random::new(number as u64);
        let (name, sound) = &models[number % models.len()];
        let mut bytes = sound.clone();
        mutate(
            &mut bytes,
            &models[random.below(models.len())].1,
            &mut random,
        );
        let path = folder.path().join(name);
        fs::write(&path, &bytes).unwrap();
        let reason = reason(&path);
        assert!(reason.contains(name), "number {number}: {reason}");
    }
    println!("{executions} damaged models");
}

#[test]
fn damaged_raw_files_give_a_preview_or_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let files = raw::built();
    let limits = Limits {
        megapixels: 20,
        bytes: 256 << 20,
        time: Duration::from_secs(10),
        ..Limits::default()
    };
    let (executions, mut shown) = (soak(200, 10_000), 0);
    for number in 0..executions {
        let mut random = Random::new(number as u64);
        let (name, sound) = &files[number % files.len()];
        // The structure, of which nothing but the preview is far from the head.
        let mut head = sound[..0x1400].to_vec();
        let other = &files[random.below(files.len())].1[..0x1400];
        mutate(&mut head, other, &mut random);
        let bytes = [&head, &sound[0x1400..]].concat();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        match decode(&path, Want::AtLeast(400), &limits) {
            Ok(_) => shown += 1,
            Err(error) => {
                let reason = error.reason.to_string();
                assert!(
                    !reason.contains("broke the decoder"),
                    "number {number}: {reason}"
                );
            }
        }
    }
    println!("{executions} damaged RAW files, {shown} of them still shown");
    assert!(shown > 0);
}
