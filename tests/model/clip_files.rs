//! Files of CLIP networks: every layout that they come in, and what is no
//! network.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use image::RgbImage;
use keepers::imaging::model_input;
use keepers::model::clip::{self, ClipModel, FusedImageTower, Origin, Weights};
use keepers::model::device::Device as ModelDevice;
use keepers::model::simd::Level;
use keepers::model::{self, QualityModel};

use super::clip::{Golden, numbers};
use crate::support;

/// The checkpoint in its authors' layout, and what a photo gives with it.
fn official() -> Option<(PathBuf, HashMap<String, Tensor>)> {
    let folder = support::golden()?;
    let values =
        candle_core::safetensors::load(folder.join("preprocess.safetensors"), &Device::Cpu)
            .expect("preprocess.safetensors");
    Some((folder.join("checkpoint_official_layout.pt"), values))
}

fn bytes(tensor: &Tensor) -> Vec<u8> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn photo(values: &HashMap<String, Tensor>) -> RgbImage {
    let (height, width, _) = values["photo"].dims3().unwrap();
    RgbImage::from_raw(width as u32, height as u32, bytes(&values["photo"])).expect("a photo")
}

#[test]
fn golden_clip_preprocessing() {
    let Some((path, values)) = official() else {
        return;
    };
    let weights = Weights::open(&path).unwrap();
    let photo = photo(&values);
    for (name, golden) in &values {
        let Some(side) = name.strip_prefix("resized") else {
            continue;
        };
        // The resizing differs from PIL's by a little; what comes after does not.
        let side: usize = side.parse().expect("a side");
        let mut config = weights.config().clone();
        (config.patch, config.grid) = (1, side);
        assert_eq!(golden.dims()[0], config.resize_side());
        let resized = model_input(&photo, config.resize_side() as u32).into_raw();
        let golden = bytes(golden);
        let differences = resized.iter().zip(&golden).map(|(&a, &b)| a.abs_diff(b));
        let most = differences.clone().max().unwrap();
        let mean = differences.map(f64::from).sum::<f64>() / golden.len() as f64;
        assert!(
            most <= 3 && mean <= 0.2,
            "{name}: {most} at most, {mean} on average"
        );

        let input = clip::input(&config, &golden).unwrap();
        let expected = numbers(&values[&format!("input{side}")]);
        for (a, b) in input.iter().zip(&expected) {
            assert!((a - b).abs() <= 1e-5, "input{side}: {a} for {b}");
        }
    }
}

#[test]
fn golden_clip_checkpoint_score() {
    let Some((path, values)) = official() else {
        return;
    };
    let golden = f64::from(numbers(&values["checkpoint_score"])[0]);
    let model = model::load(&path, ModelDevice::Auto).unwrap();
    let side = model.input_side();
    // Nothing but the network between PIL's pixels and the score.
    let resized = values
        .iter()
        .find(|(name, tensor)| name.starts_with("resized") && tensor.dims()[0] == side as usize)
        .expect("a photo of the network's size");
    let score = model.score(&[&bytes(resized.1)]).unwrap()[0].value() / 100.0;
    assert!((score - golden).abs() <= 1e-4, "{score} for {golden}");
    // The whole way.
    let input = model_input(&photo(&values), side).into_raw();
    let score = model.score(&[&input]).unwrap()[0].value() / 100.0;
    assert!((score - golden).abs() <= 0.02, "{score} for {golden}");
    let assessed = model.assess(&[&input]).unwrap()[0];
    assert_eq!(assessed.score.value(), 100.0 * score);
    assert!(assessed.scene.is_some());
}

#[test]
fn golden_clip_checkpoint_is_the_formulas() {
    let Some((path, _)) = official() else { return };
    let Some(golden) = Golden::all().pop() else {
        return;
    };
    let weights = Weights::open(&path).unwrap();
    assert_eq!(weights.config(), golden.weights.config());
    for name in golden.weights.names() {
        let (ours, theirs) = (
            golden.weights.get(name).unwrap(),
            weights.get(name).unwrap(),
        );
        assert_eq!(numbers(&ours), numbers(&theirs), "{name}");
    }
}

pub fn small() -> HashMap<String, Tensor> {
    let golden = Golden::all().remove(0);
    let weights = &golden.weights;
    let tensor = |name: &str| (name.to_owned(), weights.get(name).unwrap());
    weights.names().map(tensor).collect()
}

fn saved(folder: &Path, name: &str, tensors: &HashMap<String, Tensor>) -> PathBuf {
    let path = folder.join(name);
    candle_core::safetensors::save(tensors, &path).expect("a file");
    path
}

/// Hugging Face's layout of OpenAI's tensors, without learned prompts.
pub fn hugging_face(tensors: &HashMap<String, Tensor>) -> HashMap<String, Tensor> {
    let mut theirs = HashMap::new();
    let mut add = |name: String, tensor: Tensor| drop(theirs.insert(name, tensor));
    for (name, tensor) in tensors {
        let tensor = tensor.clone();
        if name.contains("prompt") {
            continue;
        }
        let (tower, part) = match name.strip_prefix("visual.") {
            Some(part) => ("vision_model", part),
            None => ("text_model", name.as_str()),
        };
        let block = part.strip_prefix("transformer.resblocks.");
        let Some((block, inner)) = block.and_then(|rest| rest.split_once('.')) else {
            let transposed = || tensor.t().unwrap().contiguous().unwrap();
            match (tower, part) {
                (_, "logit_scale") => add(name.clone(), tensor),
                (_, "proj") => add("visual_projection.weight".into(), transposed()),
                (_, "text_projection") => add("text_projection.weight".into(), transposed()),
                (_, "class_embedding") => add(format!("{tower}.embeddings.{part}"), tensor),
                (_, "conv1.weight") => {
                    add(format!("{tower}.embeddings.patch_embedding.weight"), tensor);
                }
                (_, "positional_embedding") => {
                    add(
                        format!("{tower}.embeddings.position_embedding.weight"),
                        tensor,
                    );
                }
                (_, "token_embedding.weight") => {
                    add(format!("{tower}.embeddings.{part}"), tensor);
                }
                _ => {
                    let part = part
                        .replace("ln_pre", "pre_layrnorm")
                        .replace("ln_post", "post_layernorm")
                        .replace("ln_final", "final_layer_norm");
                    add(format!("{tower}.{part}"), tensor);
                }
            }
            continue;
        };
        let at = |part: &str| format!("{tower}.encoder.layers.{block}.{part}");
        if let Some(end) = inner.strip_prefix("attn.in_proj_") {
            let rows = tensor.dims()[0] / 3;
            for (i, part) in ["q", "k", "v"].iter().enumerate() {
                let third = tensor
                    .narrow(0, i * rows, rows)
                    .unwrap()
                    .contiguous()
                    .unwrap();
                add(at(&format!("self_attn.{part}_proj.{end}")), third);
            }
            continue;
        }
        let inner = inner
            .replace("attn.", "self_attn.")
            .replace("ln_1", "layer_norm1")
            .replace("ln_2", "layer_norm2")
            .replace("c_fc", "fc1")
            .replace("c_proj", "fc2");
        add(at(&inner), tensor);
    }
    let ids = Tensor::arange(0i64, 77, &Device::Cpu).unwrap();
    add("text_model.embeddings.position_ids".into(), ids);
    theirs
}

#[test]
fn every_layout_gives_the_same_network() {
    let folder = tempfile::tempdir().unwrap();
    let ours = small();
    let plain: HashMap<String, Tensor> = ours
        .iter()
        .filter(|(name, _)| !name.contains("prompt"))
        .map(|(name, tensor)| (name.clone(), tensor.clone()))
        .collect();
    let renamed = |rename: &dyn Fn(&str) -> String| -> HashMap<String, Tensor> {
        let tensors = plain.iter();
        tensors
            .map(|(name, tensor)| (rename(name), tensor.clone()))
            .collect()
    };
    let layouts = [
        ("openai", plain.clone()),
        (
            "module",
            renamed(&|name| format!("state_dict.module.{name}")),
        ),
        ("hugging-face", hugging_face(&plain)),
        (
            "open-clip",
            renamed(&|name| match name {
                "logit_scale" => name.to_owned(),
                name if name.starts_with("visual.") => name.to_owned(),
                name => format!("text.{name}"),
            }),
        ),
    ];
    let golden = Golden::all().remove(0);
    let image = numbers(&golden.images.get(0).unwrap());
    let model = |path: &Path| ClipModel::new(&Weights::open(path).unwrap(), ModelDevice::Cpu);
    let mut seen: Vec<(String, Vec<f64>)> = Vec::new();
    for (layout, tensors) in layouts {
        let path = saved(folder.path(), &format!("{layout}.safetensors"), &tensors);
        let model = model(&path).unwrap();
        let about = model.info();
        assert_eq!(about.name, layout);
        assert!(about.training_data.contains("zero-shot"), "{about:?}");
        let features = model.features(&[&image], true).unwrap().remove(0);
        seen.push((about.identity.clone(), features));
    }
    for other in &seen[1..] {
        assert_eq!(other, &seen[0]);
    }

    // Half the size, nearly the same.
    for dtype in [DType::F16, DType::BF16] {
        let half = ours.iter();
        let half = half.map(|(name, tensor)| (name.clone(), tensor.to_dtype(dtype).unwrap()));
        let path = saved(folder.path(), "half.safetensors", &half.collect());
        let half = model(&path)
            .unwrap()
            .features(&[&image], true)
            .unwrap()
            .remove(0);
        let whole = numbers(&golden.tensors["image_features"].get(0).unwrap());
        let cosine: f64 = half.iter().zip(whole).map(|(a, b)| a * f64::from(b)).sum();
        assert!(cosine > 0.995, "{dtype:?}: {cosine}");
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let refusal = |change: &dyn Fn(&mut HashMap<String, Tensor>)| {
        let mut tensors = small();
        change(&mut tensors);
        let error = Weights::from_tensors(tensors, "some.pt").and_then(|weights| {
            FusedImageTower::new(&weights, Level::best())?;
            ClipModel::new(&weights, ModelDevice::Cpu)
        });
        error.expect_err("a refusal").to_string()
    };
    let zeros = |dims: &[usize]| Tensor::zeros(dims, DType::F32, &Device::Cpu).unwrap();
    let replaced = |name: &'static str, dims: &'static [usize]| {
        refusal(&|tensors| drop(tensors.insert(name.to_owned(), zeros(dims))))
    };
    for (error, name) in [
        (
            replaced("visual.conv1.weight", &[100, 3, 16, 16]),
            "visual.conv1.weight",
        ),
        (
            replaced("visual.conv1.weight", &[128, 3, 16, 8]),
            "visual.conv1.weight",
        ),
        (
            replaced("visual.positional_embedding", &[18, 128]),
            "visual.positional_embedding",
        ),
        (replaced("visual.proj", &[64, 128]), "visual.proj"),
        (
            replaced("visual.prompt_embeddings", &[1, 5, 64]),
            "visual.prompt_embeddings",
        ),
        (
            replaced("visual.deep_prompt_embeddings", &[2, 5, 128]),
            "visual.deep_prompt_embeddings",
        ),
        (
            replaced("prompt_learner2.ctx", &[4, 128]),
            "prompt_learner2.ctx",
        ),
        (
            replaced("prompt_learner2.ctx", &[80, 64]),
            "positional_embedding",
        ),
        (
            replaced("token_embedding.weight", &[100, 64]),
            "token_embedding.weight",
        ),
        (replaced("ln_final.bias", &[65]), "ln_final.bias"),
        (replaced("logit_scale", &[2]), "logit_scale"),
        (
            replaced("visual.transformer.resblocks.7.ln_1.weight", &[128]),
            "visual.transformer.resblocks.4.ln_1.weight",
        ),
        (
            refusal(&|tensors| drop(tensors.remove("visual.prompt_norm.bias"))),
            "visual.prompt_norm.bias",
        ),
        (
            refusal(&|tensors| {
                let nan = Tensor::full(f32::NAN, 128, &Device::Cpu).unwrap();
                tensors.insert("visual.ln_post.bias".to_owned(), nan);
            }),
            "visual.ln_post.bias",
        ),
    ] {
        assert!(error.starts_with("some.pt: "), "{error}");
        assert!(
            error.contains(&format!("tensor {name} ")),
            "{name}: {error}"
        );
    }
}

#[test]
fn converted_networks_say_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let from = saved(folder.path(), "from.safetensors", &small());
    let to = folder.path().join("to.safetensors");
    let origin = Origin {
        name: "mine".to_owned(),
        licence: Some("MIT".to_owned()),
        source: Some("from.safetensors".to_owned()),
        date: Some("2026-01-02".to_owned()),
        training_data: None,
    };
    let weights = Weights::open(&from).unwrap();
    let about = clip::import(&weights, &origin, &to).unwrap();
    assert_eq!(
        (about.name.as_str(), about.licence.as_str()),
        ("mine", "MIT")
    );
    assert_eq!(about.backbone, "clip-vit-128x4-16");

    let again = Weights::open(&to).unwrap();
    assert_eq!(model::verify(&to).unwrap(), about);
    assert_eq!(model::info(&to).unwrap(), about);
    let metadata = again.metadata().unwrap().expect("metadata");
    assert_eq!(metadata.source.as_deref(), Some("from.safetensors"));
    assert_eq!(metadata.info, about);
    for name in weights.names() {
        assert_eq!(
            numbers(&weights.get(name).unwrap()),
            numbers(&again.get(name).unwrap())
        );
    }
    // The same bytes every time.
    let twice = folder.path().join("twice.safetensors");
    clip::import(&again, &origin, &twice).unwrap();
    assert_eq!(std::fs::read(&to).unwrap(), std::fs::read(&twice).unwrap());

    let mut bytes = std::fs::read(&to).unwrap();
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    std::fs::write(&to, bytes).unwrap();
    let error = model::verify(&to).unwrap_err().to_string();
    assert!(error.contains("is damaged"), "{error}");
}

#[test]
fn devices_that_are_not_there_are_refused() {
    let weights = Weights::from_tensors(small(), "small").unwrap();
    let error = ClipModel::new(&weights, ModelDevice::Wgpu)
        .unwrap_err()
        .to_string();
    assert!(error.contains("compact models only"), "{error}");
}
