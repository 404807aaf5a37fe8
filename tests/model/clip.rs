//! The CLIP network against golden values: those in the repository, and those
//! of any other folder of the same layout.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use keepers::model::QualityModel;
use keepers::model::clip::{
    ClipModel, Config, Embedded, FusedImageTower, ImageTower, Pass, TextTower, Weights, logits,
    quality_texts, scene_texts, tokenise, zero_shot_quality_texts,
};
use keepers::model::device::Device as ModelDevice;
use keepers::model::simd::Level;
use serde_json::Value;

use crate::support::{self, formula};

/// Largest difference of a feature, a logit or a score.
const TOLERANCE: f32 = 1e-4;

/// A small network with what it gives.
pub struct Golden {
    pub json: Value,
    pub tensors: HashMap<String, Tensor>,
    pub config: Config,
    pub weights: Weights,
    /// [B, 3, side, side], normalised.
    pub images: Tensor,
}

impl Golden {
    /// The repository's, and the folder's where there is one.
    pub fn all() -> Vec<Self> {
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/clip");
        let theirs = support::golden();
        [Some(ours), theirs]
            .into_iter()
            .flatten()
            .map(|folder| Self::read(&folder))
            .collect()
    }

    fn read(folder: &Path) -> Self {
        let json = std::fs::read_to_string(folder.join("golden.json")).expect("golden.json");
        let json: Value = serde_json::from_str(&json).expect("golden.json");
        let tensors =
            candle_core::safetensors::load(folder.join("golden.safetensors"), &Device::Cpu)
                .expect("golden.safetensors");
        let config = formula::config(&json);
        let seed = json["seed"].as_u64().expect("a seed");
        let count = tensors["image_features"].dims()[0];
        let images = formula::images(count, config.image_size(), seed);
        if let Some(golden) = tensors.get("images") {
            assert_eq!(numbers(golden), numbers(&images), "images of the formula");
        }
        let weights = formula::weights(&config, seed);
        let weights = Weights::from_tensors(weights, "the formula").expect("weights");
        assert_eq!(weights.config(), &config);
        Self {
            json,
            tensors,
            config,
            weights,
            images,
        }
    }

    /// The images apart.
    fn each_image(&self) -> Vec<Vec<f32>> {
        let (count, ..) = self.images.dims4().unwrap();
        (0..count)
            .map(|i| numbers(&self.images.get(i).unwrap()))
            .collect()
    }

    fn expect(&self, name: &str, actual: &Tensor) {
        let golden = &self.tensors[name];
        assert_eq!(golden.dims(), actual.dims(), "{name}");
        close(name, &numbers(actual), &numbers(golden));
    }

    /// Image and patch features, and those of the original CLIP, every way
    /// that Candle computes them.
    fn features(&self, prompted: bool) -> Vec<(Tensor, Tensor)> {
        let tower = ImageTower::new(&self.weights, &Device::Cpu).unwrap();
        [Pass::Infer, Pass::Train]
            .map(|pass| {
                let prompts = tower.prompts(pass).unwrap().filter(|_| prompted);
                let features = tower
                    .features(&self.images, prompts.as_deref(), pass)
                    .unwrap();
                (features.image, features.patches)
            })
            .into()
    }

    pub fn texts(&self, texts: &[String], learned: bool, pass: Pass) -> Tensor {
        let tower = TextTower::new(&self.weights, &Device::Cpu).unwrap();
        let mut texts = Embedded::new(&self.weights, &tokenise(texts), &Device::Cpu).unwrap();
        if learned {
            let context = self.weights.get("prompt_learner2.ctx").unwrap();
            texts = texts.with_context(&context).unwrap();
        }
        tower.features(&texts, pass).unwrap()
    }

    pub fn quality_texts(&self) -> [String; 2] {
        quality_texts(self.config.text_prompts.unwrap_or(0))
    }

    fn scale(&self) -> Tensor {
        self.weights.get("logit_scale").unwrap()
    }
}

pub fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

pub fn close(name: &str, actual: &[f32], golden: &[f32]) {
    assert_eq!(actual.len(), golden.len(), "{name}");
    for (i, (a, b)) in actual.iter().zip(golden).enumerate() {
        assert!((a - b).abs() <= TOLERANCE, "{name}[{i}]: {a} for {b}");
    }
}

fn unit(feature: &[f32]) -> Vec<f32> {
    let length = feature.iter().map(|v| v * v).sum::<f32>().sqrt();
    feature.iter().map(|v| v / length).collect()
}

#[test]
fn golden_clip_token_ids() {
    for golden in Golden::all() {
        for (name, texts) in [
            ("tokens_quality", golden.quality_texts().to_vec()),
            ("tokens_scene", scene_texts()),
        ] {
            let expected: Vec<Vec<i64>> = golden.tensors[name].to_vec2().unwrap();
            for (tokens, expected) in tokenise(&texts).iter().zip(&expected) {
                let (there, filled) = expected.split_at(tokens.len());
                assert!(tokens.iter().zip(there).all(|(&a, &b)| i64::from(a) == b));
                assert!(filled.iter().all(|&token| token == 0));
            }
        }
    }
}

#[test]
fn golden_clip_image_features() {
    for golden in Golden::all() {
        for (image, _) in golden.features(true) {
            golden.expect("image_features", &image);
        }
        let images = golden.each_image();
        let images: Vec<&[f32]> = images.iter().map(Vec::as_slice).collect();
        for level in Level::available() {
            let tower = FusedImageTower::new(&golden.weights, level).unwrap();
            let features = tower.features(&images, true).unwrap();
            let features: Vec<f32> = features.iter().flat_map(|f| unit(f)).collect();
            close(
                level.name(),
                &features,
                &numbers(&golden.tensors["image_features"]),
            );
        }
    }
}

#[test]
fn golden_clip_patch_features() {
    for golden in Golden::all() {
        for (_, patches) in golden.features(true) {
            golden.expect("patch_features", &patches);
        }
    }
}

#[test]
fn golden_clip_text_features() {
    for golden in Golden::all() {
        for pass in [Pass::Infer, Pass::Train] {
            let features = golden.texts(&golden.quality_texts(), true, pass);
            golden.expect("text_features", &features);
        }
    }
}

#[test]
fn golden_clip_scene_text_features() {
    for golden in Golden::all() {
        for pass in [Pass::Infer, Pass::Train] {
            let features = golden.texts(&scene_texts(), false, pass);
            golden.expect("scene_text_features", &features);
        }
    }
}

#[test]
fn golden_clip_logits_and_scores() {
    for golden in Golden::all() {
        let texts = golden.texts(&golden.quality_texts(), true, Pass::Infer);
        let (image, _) = golden.features(true).remove(0);
        let logits = logits(&image, &texts, &golden.scale()).unwrap();
        golden.expect("logits", &logits);
        let scores = candle_nn::ops::softmax(&logits, 1).unwrap();
        golden.expect(
            "scores",
            &scores.narrow(1, 0, 1).unwrap().squeeze(1).unwrap(),
        );
    }
}

#[test]
fn golden_clip_zero_shot_scene() {
    for golden in Golden::all() {
        let texts = golden.texts(&scene_texts(), false, Pass::Infer);
        let (image, _) = golden.features(false).remove(0);
        let logits = logits(&image, &texts, &golden.scale()).unwrap();
        golden.expect("zero_shot_scene_logits", &logits);
    }
}

#[test]
fn golden_clip_zero_shot_quality() {
    for golden in Golden::all() {
        let texts = golden.texts(&zero_shot_quality_texts(), false, Pass::Infer);
        let (image, _) = golden.features(false).remove(0);
        let logits = logits(&image, &texts, &golden.scale()).unwrap();
        golden.expect("zero_shot_quality_logits", &logits);
        // The fused path without prompts is the original CLIP, too.
        let tower = FusedImageTower::new(&golden.weights, Level::best()).unwrap();
        let images = golden.each_image();
        let images: Vec<&[f32]> = images.iter().map(Vec::as_slice).collect();
        let features = tower.features(&images, false).unwrap();
        let features: Vec<f32> = features.iter().flat_map(|f| unit(f)).collect();
        close("zero-shot", &features, &numbers(&image));
    }
}

#[test]
fn golden_clip_full_size() {
    let Some(folder) = support::golden() else {
        return;
    };
    let json = std::fs::read_to_string(folder.join("full_size.json")).expect("full_size.json");
    let json: Value = serde_json::from_str(&json).expect("full_size.json");
    let config = formula::config(&json);
    let seed = json["seed"].as_u64().expect("a seed");
    let weights = formula::weights(&config, seed);
    let model = Weights::from_tensors(weights, "the formula").unwrap();
    let golden = |name: &str| -> Vec<f32> {
        let values = json[name].as_array().expect(name).iter();
        values
            .map(|v| v.as_f64().expect("a number") as f32)
            .collect()
    };

    let count = golden("image_features").len() / config.embedding;
    let images = formula::images(count, config.image_size(), seed);
    let images: Vec<Vec<f32>> = (0..count)
        .map(|i| numbers(&images.get(i).unwrap()))
        .collect();
    let images: Vec<&[f32]> = images.iter().map(Vec::as_slice).collect();
    let tower = FusedImageTower::new(&model, Level::best()).unwrap();
    let features = |prompted| -> Tensor {
        let features = tower.features(&images, prompted).unwrap();
        let features: Vec<f32> = features.iter().flat_map(|f| unit(f)).collect();
        Tensor::from_vec(features, (count, config.embedding), &Device::Cpu).unwrap()
    };
    let (learned, plain) = (features(true), features(false));
    close(
        "image_features",
        &numbers(&learned),
        &golden("image_features"),
    );

    let text = TextTower::new(&model, &Device::Cpu).unwrap();
    let context = model.get("prompt_learner2.ctx").unwrap();
    let encode = |texts: &[String], context: Option<&Tensor>| {
        let mut texts = Embedded::new(&model, &tokenise(texts), &Device::Cpu).unwrap();
        if let Some(context) = context {
            texts = texts.with_context(context).unwrap();
        }
        text.features(&texts, Pass::Infer).unwrap()
    };
    let quality = encode(&quality_texts(context.dims()[0]), Some(&context));
    close(
        "text_features",
        &numbers(&quality),
        &golden("text_features"),
    );
    let scale = model.get("logit_scale").unwrap();
    let against = |image: &Tensor, texts: &Tensor| numbers(&logits(image, texts, &scale).unwrap());
    close("logits", &against(&learned, &quality), &golden("logits"));
    close(
        "zero_shot_quality_logits",
        &against(&plain, &encode(&zero_shot_quality_texts(), None)),
        &golden("zero_shot_quality_logits"),
    );
    close(
        "zero_shot_scene_logits",
        &against(&plain, &encode(&scene_texts(), None)),
        &golden("zero_shot_scene_logits"),
    );

    // The same through the model's own door.
    let model = ClipModel::new(&model, ModelDevice::Cpu).unwrap();
    assert_eq!(model.info().backbone, "clip-vit-b-16");
    let features = model.features(&images, true).unwrap();
    let features: Vec<f32> = features.iter().flatten().map(|&v| v as f32).collect();
    close("features", &features, &golden("image_features"));
}

#[test]
fn a_clip_feature_depends_on_neither_batch_nor_threads() {
    let golden = Golden::all().remove(0);
    let images = golden.each_image();
    let images: Vec<&[f32]> = images.iter().map(Vec::as_slice).collect();
    for level in Level::available() {
        let tower = FusedImageTower::new(&golden.weights, level).unwrap();
        let together = tower.features(&images, true).unwrap();
        for threads in [1, 2, 7] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            for (image, expected) in images.iter().zip(&together) {
                let alone = pool.install(|| tower.features(&[image], true).unwrap().remove(0));
                assert_eq!(&alone, expected, "{}, {threads} threads", level.name());
            }
        }
    }
}
