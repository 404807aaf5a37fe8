//! What it costs to learn from one more rating: 24 labels among 3,000 photos, as
//! while someone rates in the window. Descriptors are made up; the time does not
//! depend on what they hold.

use criterion::{Criterion, criterion_group, criterion_main};
use keepers::engine::calibration::Calibration;
use keepers::engine::models::{self, Source};
use keepers::learning::calibrate::Photo;
use keepers::model::efficientnet::DESCRIPTOR;

const PHOTOS: usize = 3000;
const LABELS: usize = 24;

/// Numbers that are alike in every run.
fn numbers(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64 * 2.0 - 1.0
    })
}

fn calibration() -> Calibration {
    let info = models::info(&Source::BuiltIn).expect("the built-in model");
    let mut margins = numbers(7);
    let photos = (0..PHOTOS as u64).map(|photo| Photo {
        z: numbers(photo + 11)
            .take(DESCRIPTOR)
            .map(|value| value as f32)
            .collect(),
        margin: margins.next().unwrap_or(0.0),
    });
    let paths = (0..PHOTOS).map(|n| format!("{n}.jpg").into());
    let mut calibration = Calibration::new(info, paths.collect(), photos.collect());
    for (n, value) in numbers(3).take(LABELS).enumerate() {
        calibration.rate(n * PHOTOS / LABELS, Some(value));
    }
    calibration
}

fn bench(criterion: &mut Criterion) {
    let calibration = calibration();
    let mut group = criterion.benchmark_group("calibration");
    group.sample_size(10);
    group.bench_function("a rating to the new ranking", |bencher| {
        bencher.iter(|| {
            let taste = calibration.taste().expect("a taste");
            calibration.scores(&taste).expect("scores")
        });
    });
    group.bench_function("the check on ratings held out", |bencher| {
        bencher.iter(|| calibration.check().expect("a report"));
    });
    group.bench_function("which photos to rate next", |bencher| {
        bencher.iter(|| calibration.propose(&[], 6));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
