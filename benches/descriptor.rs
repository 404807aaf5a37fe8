//! The compact backbone's descriptor: the fused path at every level of this
//! processor against the plain Candle path, side by side in one run.
//!
//! Weights are random: the time does not depend on them.

use std::time::Duration;

use candle_core::Device;
use criterion::{BenchmarkId, Criterion, Throughput};
use keepers::model::efficientnet::{Fused, Reference, SIDE, Weights};
use keepers::model::simd::Level;

const BATCH: usize = 8;

fn descriptor(c: &mut Criterion) {
    let weights = Weights::random(7).expect("random weights");
    let photos: Vec<Vec<u8>> = (0..BATCH)
        .map(|n| {
            (0..SIDE * SIDE * 3)
                .map(|i| ((i * (31 + n)) >> 3) as u8)
                .collect()
        })
        .collect();
    let batch: Vec<&[u8]> = photos.iter().map(Vec::as_slice).collect();

    let mut group = c.benchmark_group("descriptor");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(5));
    group.throughput(Throughput::Elements(BATCH as u64));
    for level in Level::available() {
        let network = Fused::new(&weights, level).expect("packed weights");
        group.bench_function(BenchmarkId::new("fused", level.name()), |b| {
            b.iter(|| network.describe(&batch).expect("descriptors"));
        });
    }
    let reference = Reference::new(&weights, &Device::Cpu).expect("reference");
    group.bench_function("candle", |b| {
        b.iter(|| reference.run(&batch).expect("descriptors"));
    });
    group.finish();
}

criterion::criterion_group!(benches, descriptor);
criterion::criterion_main!(benches);
