//! Networks and weights.

mod clip;
mod clip_files;
mod clip_peer;
mod clip_training;
mod clip_tuning;

use std::collections::HashMap;
use std::path::PathBuf;

use candle_core::{Device, Tensor};
use keepers::model::compact::{self, CompactModel};
use keepers::model::efficientnet::{Classifier, Fused, Reference, SIDE, Weights};
use keepers::model::simd::Level;

use crate::support;

/// Golden inputs and outputs of the compact backbone.
struct Golden(HashMap<String, Tensor>);

impl Golden {
    fn read() -> Option<Self> {
        let file = support::golden()?.join("efficientnet_lite2_480.safetensors");
        Some(Self(
            candle_core::safetensors::load(file, &Device::Cpu).expect("golden values"),
        ))
    }

    fn count(&self) -> usize {
        self.0.keys().filter(|k| k.starts_with("input")).count()
    }

    fn photo(&self, i: usize) -> Vec<u8> {
        self.0[&format!("input{i}")]
            .flatten_all()
            .unwrap()
            .to_vec1()
            .unwrap()
    }

    fn values(&self, name: &str, i: usize) -> Vec<f32> {
        self.0[&format!("{name}{i}")].to_vec1().unwrap()
    }
}

/// The original float32 weights, fetched by the recipe in CONTRIBUTING.md.
fn original() -> Option<Weights> {
    let Some(path) = std::env::var_os("KEEPERS_EFFNET")
        .map(PathBuf::from)
        .filter(|p| p.is_file())
    else {
        println!(
            "skipped: golden test: no original weights (set KEEPERS_EFFNET, see CONTRIBUTING.md)"
        );
        return None;
    };
    Some(Weights::read_original(&path).expect("original weights"))
}

/// |a - b| / |b|.
fn distance(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    norm(&mut a.iter().zip(b).map(|(a, b)| f64::from(a - b)))
        / norm(&mut b.iter().map(|&b| f64::from(b)))
}

#[test]
fn golden_descriptor_of_the_original_weights() {
    let (Some(golden), Some(weights)) = (Golden::read(), original()) else {
        return;
    };
    for level in Level::available() {
        let network = Fused::new(&weights, level).unwrap();
        for i in 0..golden.count() {
            let descriptor = network.describe(&[&golden.photo(i)]).unwrap().remove(0);
            let distance = distance(&descriptor, &golden.values("descriptor", i));
            assert!(
                distance <= 1e-4,
                "{}: photo {i}: {distance:e}",
                level.name()
            );
        }
    }
}

#[test]
fn golden_logits_of_the_original_weights() {
    let (Some(golden), Some(weights)) = (Golden::read(), original()) else {
        return;
    };
    for level in Level::available() {
        let network = Fused::new(&weights, level).unwrap();
        let classifier = Classifier::new(&weights, level).unwrap();
        for i in 0..golden.count() {
            let classified = network.classify(&[&golden.photo(i)], &classifier);
            let classified = classified.unwrap().remove(0);
            for (name, values) in [
                ("descriptor", classified.descriptor),
                ("logits", classified.logits),
            ] {
                let distance = distance(&values, &golden.values(name, i));
                assert!(
                    distance <= 1e-4,
                    "{}: {name} {i}: {distance:e}",
                    level.name()
                );
            }
        }
    }
}

#[test]
fn golden_reference_of_the_original_weights() {
    let (Some(golden), Some(weights)) = (Golden::read(), original()) else {
        return;
    };
    let network = Reference::new(&weights, &Device::Cpu).unwrap();
    for i in 0..golden.count() {
        let output = network.run(&[&golden.photo(i)]).unwrap();
        for (name, tensor) in [
            ("descriptor", output.descriptor),
            ("pooled", output.pooled),
            ("logits", output.logits),
        ] {
            let values: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
            let distance = distance(&values, &golden.values(name, i));
            assert!(distance <= 1e-4, "{name} of photo {i}: {distance:e}");
        }
    }
}

#[test]
fn golden_descriptor_of_the_shipped_model() {
    let Some(golden) = Golden::read() else { return };
    let model = CompactModel::embedded().unwrap();
    for i in 0..golden.count() {
        let descriptor = model.describe(&[&golden.photo(i)]).unwrap().remove(0);
        let distance = distance(&descriptor, &golden.values("descriptor", i));
        assert!(distance <= 5e-3, "photo {i}: {distance:e}");
    }
}

/// Photos of noise and gradients.
fn photos(n: usize) -> Vec<Vec<u8>> {
    let pixel = |n: usize, i: usize| (i * (31 + 7 * n) / 8 + (i / 1440) * n) as u8;
    (0..n)
        .map(|n| (0..SIDE * SIDE * 3).map(|i| pixel(n, i)).collect())
        .collect()
}

#[test]
fn every_level_equals_the_plain_candle_path() {
    let weights = Weights::random(5).unwrap();
    let photo = &photos(3)[2];
    let reference = Reference::new(&weights, &Device::Cpu)
        .unwrap()
        .run(&[photo])
        .unwrap();
    let expected: Vec<f32> = reference
        .descriptor
        .flatten_all()
        .unwrap()
        .to_vec1()
        .unwrap();
    for level in Level::available() {
        let descriptor = Fused::new(&weights, level)
            .unwrap()
            .describe(&[photo])
            .unwrap()
            .remove(0);
        let distance = distance(&descriptor, &expected);
        assert!(distance <= 1e-4, "{}: {distance:e}", level.name());
    }
}

#[test]
fn a_descriptor_depends_on_neither_batch_nor_threads() {
    let network = Fused::new(&Weights::random(5).unwrap(), Level::best()).unwrap();
    let photos = photos(3);
    let batch: Vec<&[u8]> = photos.iter().map(Vec::as_slice).collect();
    let together = network.describe(&batch).unwrap();
    for threads in [1, 2, 7] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        for (photo, expected) in photos.iter().zip(&together) {
            let alone = pool.install(|| network.describe(&[photo]).unwrap().remove(0));
            assert_eq!(&alone, expected, "{threads} threads");
        }
    }
}

#[test]
fn foreign_and_damaged_model_files_are_refused() {
    let shipped = compact::embedded_bytes();
    let refusal = |bytes: &[u8]| CompactModel::from_bytes(bytes, "some.safetensors").unwrap_err();
    let header = 8 + u64::from_le_bytes(shipped[..8].try_into().unwrap()) as usize;
    let mut renamed = shipped.to_vec();
    let name = renamed[..header]
        .windows(13)
        .position(|w| w == b"backbone.stem")
        .unwrap();
    renamed[name] = b'B';
    for bytes in [
        &b""[..],
        b"not a model",
        &[0xff; 64],
        &shipped[..shipped.len() / 2],
        &shipped[..100],
        &renamed,
    ] {
        let error = refusal(bytes).to_string();
        assert!(error.starts_with("some.safetensors: "), "{error}");
    }
    assert!(refusal(&renamed).to_string().contains("backbone.stem"));

    let mut flipped = shipped.to_vec();
    flipped[header + 1000] ^= 0x10;
    let error = compact::verify(&flipped, "flipped.safetensors")
        .unwrap_err()
        .to_string();
    assert!(error.contains("damaged"), "{error}");
    compact::verify(shipped, "the built-in model").unwrap();
}
