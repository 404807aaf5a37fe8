//! Weights and images that are made by a formula, so that a golden value needs
//! no file of weights beside it.

use std::collections::HashMap;

use candle_core::{Device, Tensor};
use keepers::model::clip::{self, Config, TowerConfig, Weights};
use serde_json::Value;

/// The configuration that a golden file describes under `config`.
pub fn config(json: &Value) -> Config {
    let number = |key: &str| json["config"][key].as_u64().expect(key) as usize;
    let some = |key: &str| Some(number(key)).filter(|&count| count > 0);
    Config {
        patch: number("patch"),
        grid: number("image_size") / number("patch"),
        image: TowerConfig {
            width: number("vision_width"),
            layers: number("vision_layers"),
        },
        text: TowerConfig {
            width: number("text_width"),
            layers: number("text_layers"),
        },
        embedding: number("embed_dim"),
        vocabulary: number("vocab"),
        context: number("context"),
        visual_prompts: some("visual_prompt_tokens"),
        text_prompts: some("text_context_tokens"),
    }
}

/// All tensors of a network.
pub fn weights(config: &Config, seed: u64) -> HashMap<String, Tensor> {
    let tensors = config.tensors().into_iter();
    tensors
        .map(|(name, dims)| {
            let tensor = tensor(&name, &dims, seed);
            (name, tensor)
        })
        .collect()
}

fn tensor(name: &str, dims: &[usize], seed: u64) -> Tensor {
    let ends = |end: &str| name.ends_with(end);
    let norm = name.contains("ln_") || name.contains("prompt_norm");
    let value = |v: f64| -> f64 {
        match dims {
            _ if name == "logit_scale" => 4.6052,
            _ if norm && ends("weight") => 1.0 + 0.1 * v,
            _ if ends("bias") => 0.05 * v,
            [_, columns] if ends("weight") => v * (3.0 / *columns as f64).sqrt(),
            _ => 0.1 * v,
        }
    };
    let numbers = uniform(name, seed).map(|u| value(2.0 * u - 1.0) as f32);
    let values: Vec<f32> = numbers.take(dims.iter().product()).collect();
    Tensor::from_vec(values, dims, &Device::Cpu).expect("a tensor of the formula")
}

/// Normalised images [count, 3, side, side].
pub fn images(count: usize, side: usize, seed: u64) -> Tensor {
    let numbers = uniform("images", seed).map(|u| (4.0 * u - 2.0) as f32);
    let values: Vec<f32> = numbers.take(count * 3 * side * side).collect();
    Tensor::from_vec(values, (count, 3, side, side), &Device::Cpu).expect("images")
}

/// Numbers from 0 to below 1: splitmix64 from a state that the name gives.
fn uniform(name: &str, seed: u64) -> impl Iterator<Item = f64> {
    const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
    let fnv = name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    let mut state = fnv.wrapping_add(seed.wrapping_mul(0xD1B5_4A32_D192_ED03));
    std::iter::repeat_with(move || {
        state = state.wrapping_add(STEP);
        let mut x = state;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^= x >> 31;
        (x >> 40) as f64 / f64::from(1 << 24)
    })
}

/// The smallest network that knows CLIP's vocabulary, as the bytes of a
/// safetensors file that does not say what it is.
pub fn small_network(prompts: Option<usize>) -> Vec<u8> {
    let tower = TowerConfig {
        width: 64,
        layers: 2,
    };
    let config = Config {
        patch: 16,
        grid: 2,
        image: tower,
        text: tower,
        embedding: 32,
        vocabulary: clip::VOCABULARY,
        context: 16,
        visual_prompts: prompts,
        text_prompts: prompts,
    };
    let weights = Weights::from_tensors(weights(&config, 3), "the formula").expect("a network");
    let tensors = weights
        .names()
        .map(|name| (name, weights.get(name).expect("a tensor")));
    safetensors::serialize(tensors, None).expect("bytes")
}
