//! Tuning a head to photos made on the spot.

use super::*;
use crate::learning::metrics::srcc;

fn head(random: &mut Random) -> Head {
    let mut normal = |count: usize, scale: f64| -> Vec<f32> {
        (0..count)
            .map(|_| (scale * random.normal()) as f32)
            .collect()
    };
    Head {
        mean: vec![0.0; DESCRIPTOR],
        deviation: vec![1.0; DESCRIPTOR],
        linear: normal(8 * DESCRIPTOR, 0.02),
        bias: normal(8, 0.5),
        hidden: normal(4 * DESCRIPTOR, 0.02),
        hidden_bias: normal(4, 0.1),
        output: normal(8 * 4, 0.1),
        prompts: normal(2 * 8, 1.0),
        logit_scale: 1.0,
    }
}

/// A descriptor and the teacher's logits.
type Known = (Vec<f32>, Vec<f32>);

/// Photos and their labels.
fn photos(random: &mut Random, count: usize) -> (Vec<Known>, Vec<f64>) {
    let photo = |random: &mut Random| {
        let d: Vec<f32> = (0..DESCRIPTOR).map(|_| random.normal() as f32).collect();
        let logits = (0..CLASSES).map(|c| d[c % 50] + d[50 + c % 20]).collect();
        (d, logits)
    };
    let photos: Vec<_> = (0..count).map(|_| photo(random)).collect();
    let labels = photos
        .iter()
        .map(|(d, _)| f64::from(d[..30].iter().sum::<f32>()))
        .collect();
    (photos, labels)
}

fn slices(photos: &[Known]) -> Vec<(&[f32], &[f32])> {
    photos
        .iter()
        .map(|(d, l)| (d.as_slice(), l.as_slice()))
        .collect()
}

#[test]
fn learns_the_labels_and_lambda_counts() {
    let mut random = Random::new(4);
    let head = head(&mut random);
    let (photos, labels) = photos(&mut random, 30);
    let photos = slices(&photos);
    let classes = Classes::fit(&head, photos.iter().copied()).unwrap();
    let tuned = |lambda: f64| {
        let options = Options {
            lambda,
            rate: 3e-3,
            ..Options::default()
        };
        tune(&head, &classes, &photos, &labels, &options, &mut || true).unwrap()
    };
    let (regulated, free) = (tuned(5.0), tuned(0.0));
    let scores = |head: &Head| -> Vec<f64> {
        photos
            .iter()
            .map(|(d, _)| head.score(d).unwrap().value())
            .collect()
    };
    let before = srcc(&scores(&head), &labels).unwrap();
    let after = srcc(&scores(&free.head), &labels).unwrap();
    assert!(after > 0.9 && after > before, "{before} {after}");
    assert_eq!(free.drift.0, regulated.drift.0);
    let measured = drift(&free.head, &classes, &photos).unwrap();
    assert!((measured - free.drift.1).abs() < 1e-4);
    assert_ne!(free.head, regulated.head);
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let mut random = Random::new(5);
    let head = head(&mut random);
    let (photos, labels) = photos(&mut random, 12);
    let photos = slices(&photos);
    let labels = scaled(&labels).unwrap();
    let classes = Classes::fit(&head, photos.iter().copied()).unwrap();
    let order: Vec<usize> = (0..12).collect();
    let batch = Batch::new(&head, &photos, &labels, &order).unwrap();
    let network = Network::new(&head).unwrap();
    let losses = || {
        let embedding = network.embedding(&batch.inputs).unwrap();
        let quality = network.quality_of(&embedding, &batch.targets).unwrap();
        (
            quality,
            network.semantic(&embedding, &batch, &classes).unwrap(),
        )
    };
    let (quality, semantic) = losses();
    let (of_quality, of_semantic) = (quality.backward().unwrap(), semantic.backward().unwrap());
    let prompts = &network.variables[5];
    assert!(of_quality.get(prompts).is_some() && of_semantic.get(prompts).is_none());
    for variable in &network.variables[..5] {
        for (which, gradients) in [&of_quality, &of_semantic].into_iter().enumerate() {
            let gradient = gradients.get(variable).unwrap();
            let length = gradient
                .sqr()
                .unwrap()
                .sum_all()
                .unwrap()
                .to_scalar::<f32>()
                .unwrap();
            let length = f64::from(length).sqrt();
            let start = variable.as_tensor().copy().unwrap();
            let at = |step: f64| {
                let moved = (&start + (gradient * (step / length)).unwrap()).unwrap();
                variable.set(&moved).unwrap();
                let (quality, semantic) = losses();
                let loss = [quality, semantic][which].to_scalar::<f32>().unwrap();
                variable.set(&start).unwrap();
                f64::from(loss)
            };
            let step = 1e-2;
            let slope = (at(step) - at(-step)) / (2.0 * step);
            assert!(
                (slope - length).abs() <= 3e-2 * length + 1e-4,
                "{slope} {length}"
            );
        }
    }
}

#[test]
fn stops_when_asked() {
    let mut random = Random::new(6);
    let head = head(&mut random);
    let (photos, labels) = photos(&mut random, 9);
    let photos = slices(&photos);
    let classes = Classes::fit(&head, photos.iter().copied()).unwrap();
    let stopped = tune(
        &head,
        &classes,
        &photos,
        &labels,
        &Options::default(),
        &mut || false,
    );
    assert!(matches!(stopped, Err(CalibrateError::Interrupted)));
}
