//! Networks and weights.

use std::collections::HashMap;
use std::path::PathBuf;

use candle_core::{Device, Tensor};
use keepers::model::efficientnet::{Fused, Reference, Weights};
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
