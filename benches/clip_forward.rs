//! The image tower of ViT-B/16 with GRMP-IQA's 100 prompts in every block, 297
//! tokens: the fused path at every level of this processor against Candle's
//! own operations, side by side in one run.
//!
//! Weights are random: the time does not depend on them.

use std::collections::HashMap;
use std::time::Duration;

use candle_core::{DType, Device, Tensor};
use criterion::{BenchmarkId, Criterion, Throughput};
use keepers::model::clip::{Config, FusedImageTower, ImageTower, Pass, TowerConfig, Weights};
use keepers::model::simd::Level;

/// As the program itself, so that the ratios are those of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 4;

fn config() -> Config {
    Config {
        patch: 16,
        grid: 14,
        image: TowerConfig {
            width: 768,
            layers: 12,
        },
        // The text tower takes no part, so it is as small as there is.
        text: TowerConfig {
            width: 64,
            layers: 1,
        },
        embedding: 512,
        vocabulary: 1,
        context: 1,
        visual_prompts: Some(100),
        text_prompts: None,
    }
}

fn weights() -> Weights {
    let tensors = config().tensors().into_iter().map(|(name, dims)| {
        let columns = dims.iter().skip(1).product::<usize>().max(1) as f32;
        let tensor = match name.ends_with("weight") && dims.len() == 1 {
            true => Tensor::ones(dims, DType::F32, &Device::Cpu),
            false => Tensor::randn(0f32, columns.sqrt().recip(), dims, &Device::Cpu),
        };
        (name, tensor.expect("a tensor"))
    });
    Weights::from_tensors(tensors.collect::<HashMap<_, _>>(), "random").expect("weights")
}

fn clip_forward(c: &mut Criterion) {
    let weights = weights();
    let side = config().image_size();
    let pixels = Tensor::randn(0f32, 1f32, (BATCH, 3, side, side), &Device::Cpu).expect("images");
    let images: Vec<Vec<f32>> = (0..BATCH)
        .map(|i| {
            pixels
                .get(i)
                .and_then(|image| image.flatten_all()?.to_vec1())
        })
        .collect::<Result<_, _>>()
        .expect("images");
    let images: Vec<&[f32]> = images.iter().map(Vec::as_slice).collect();

    let mut group = c.benchmark_group("clip_forward");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(12));
    for count in [1, BATCH] {
        group.throughput(Throughput::Elements(count as u64));
        for level in Level::available() {
            let tower = FusedImageTower::new(&weights, level).expect("packed weights");
            let name = format!("fused {}", level.name());
            group.bench_function(BenchmarkId::new(name, count), |b| {
                b.iter(|| tower.features(&images[..count], true).expect("features"));
            });
        }
        let tower = ImageTower::new(&weights, &Device::Cpu).expect("a tower");
        let prompts = tower.prompts(Pass::Infer).expect("prompts");
        let pixels = pixels.narrow(0, 0, count).expect("images");
        group.bench_function(BenchmarkId::new("candle", count), |b| {
            b.iter(|| {
                tower
                    .features(&pixels, prompts.as_deref(), Pass::Infer)
                    .expect("features")
            });
        });
    }
    group.finish();
}

criterion::criterion_group!(benches, clip_forward);
criterion::criterion_main!(benches);
