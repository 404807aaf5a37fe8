//! Gradients of the CLIP network: against golden values, against finite
//! differences, and what is trained with them.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor, Var};
use keepers::learning::calibrate::qgr::clip as qgr;
use keepers::learning::meta::{Inner, Meta, Rates, Task};
use keepers::learning::pretrain::{ClipLearner, Learner, Pixels, PretrainError};
use keepers::learning::sample::Random;
use keepers::model::clip::{
    Embedded, ImageTower, Pass, TextTower, Weights, logits, scene_texts, tokenise,
};

use super::clip::{Golden, numbers};

/// Everything that a step of fine-tuning under quality-aware gradient
/// regularisation reads.
struct Student {
    weights: Weights,
    variables: BTreeMap<String, Var>,
    images: Tensor,
    targets: Tensor,
    quality: Embedded,
    scenes: Embedded,
    /// [B, 9], the teacher's.
    teacher: Tensor,
}

/// The golden files' name of a tensor.
fn theirs(name: &str) -> String {
    match name.strip_prefix("visual.") {
        Some(part) => format!("image_encoder.{part}"),
        None if name.starts_with("prompt_learner2.") => name.to_owned(),
        None => format!("text_encoder.{name}"),
    }
}

impl Student {
    fn new(golden: &Golden, learns: impl Fn(&str) -> bool) -> Self {
        let (weights, variables) = golden.weights.trainable(learns, &Device::Cpu).unwrap();
        let embed =
            |texts: &[String]| Embedded::new(&weights, &tokenise(texts), &Device::Cpu).unwrap();
        let scenes = scene_texts();
        let tower = ImageTower::new(&golden.weights, &Device::Cpu).unwrap();
        let image = tower
            .features(&golden.images, None, Pass::Infer)
            .unwrap()
            .image;
        let texts = golden.texts(&scenes, false, Pass::Infer);
        let scale = golden.weights.get("logit_scale").unwrap();
        let teacher = logits(&image, &texts, &scale).unwrap();
        Self {
            quality: embed(&golden.quality_texts()),
            scenes: embed(&scenes),
            teacher: candle_nn::ops::softmax(&teacher, 1).unwrap(),
            images: golden.images.clone(),
            targets: golden.tensors["targets"].clone(),
            weights,
            variables,
        }
    }

    /// Logits [B, 2] on quality and [B, 9] on scenes.
    fn logits(&self) -> (Tensor, Tensor) {
        let image = ImageTower::new(&self.weights, &Device::Cpu).unwrap();
        let text = TextTower::new(&self.weights, &Device::Cpu).unwrap();
        let prompts = image.prompts(Pass::Train).unwrap();
        let features = image.features(&self.images, prompts.as_deref(), Pass::Train);
        let features = features.unwrap().image;
        let context = self.weights.get("prompt_learner2.ctx").unwrap();
        let quality = self.quality.with_context(&context).unwrap();
        let scale = self.weights.get("logit_scale").unwrap();
        let against = |texts: &Embedded| {
            let texts = text.features(texts, Pass::Train).unwrap();
            logits(&features, &texts, &scale).unwrap()
        };
        (against(&quality), against(&self.scenes))
    }

    /// The losses on quality and on scenes.
    fn losses(&self) -> (Tensor, Tensor) {
        let (quality, scenes) = self.logits();
        let targets = self.targets.unsqueeze(1).unwrap();
        let targets = Tensor::cat(&[&targets, &targets.affine(-1.0, 1.0).unwrap()], 1).unwrap();
        (
            cross_entropy(&quality, &targets),
            cross_entropy(&scenes, &self.teacher),
        )
    }
}

fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Tensor {
    let logarithms = candle_nn::ops::log_softmax(logits, 1).unwrap();
    let sums = (logarithms * targets).unwrap().sum(1).unwrap();
    sums.mean(0).unwrap().neg().unwrap()
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    let products = a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b));
    products.sum()
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let difference: Vec<f32> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    dot(&difference, &difference).sqrt()
}

fn near(name: &str, actual: f64, golden: f64, tolerance: f64) {
    assert!(
        (actual - golden).abs() <= tolerance,
        "{name}: {actual} for {golden}"
    );
}

/// The product's student of a golden network, and the batch.
fn product(golden: &Golden) -> (qgr::Student, qgr::Batch) {
    let list = golden.json["trainable"].as_array().expect("trainable");
    let list: Vec<&str> = list.iter().filter_map(|name| name.as_str()).collect();
    // As many of either tower; the towers are not equally deep.
    let first = |name: &str| {
        let block = name.strip_prefix("image_encoder.transformer.resblocks.")?;
        block.split('.').next()?.parse::<usize>().ok()
    };
    let first = list.iter().filter_map(|name| first(name)).min();
    let blocks = golden.config.image.layers - first.expect("blocks");
    let student = qgr::Student::new(&golden.weights, blocks, &Device::Cpu).unwrap();
    let mut names: Vec<String> = student
        .variables()
        .keys()
        .map(|name| theirs(name))
        .collect();
    let mut listed: Vec<String> = list.iter().map(|&name| name.to_owned()).collect();
    names.sort();
    listed.sort();
    assert_eq!(names, listed, "what learns");
    let batch = qgr::Batch {
        tokens: student.constant(&golden.images).unwrap(),
        targets: golden.tensors["targets"].clone(),
        scenes: student.teach(&golden.images).unwrap(),
    };
    (student, batch)
}

fn near_losses(step: &qgr::Step, golden: &serde_json::Value) {
    for (name, actual) in [
        ("quality_loss", step.quality_loss),
        ("semantic_loss", step.semantic_loss),
    ] {
        let golden = golden[name].as_f64().expect("a loss");
        near(name, actual, golden, 1e-3 * golden);
    }
}

#[test]
fn golden_clip_gradients() {
    for golden in Golden::all() {
        let (student, batch) = product(&golden);
        let lambda = golden.json["lambda"].as_f64().expect("lambda");
        let actual = student.gradients(&batch, lambda).unwrap();
        let step = &golden.json["steps"][0];
        near_losses(&actual, step);
        let mut compared = 0;
        for (name, gradients) in &actual.gradients {
            let name = theirs(name);
            let check = |kind: &str, actual: &[f32]| {
                let key = format!("finetune.step0.{kind}_grad.{name}");
                let Some(golden) = golden.tensors.get(&key).map(numbers) else {
                    return 0;
                };
                let (distance, length) = (distance(actual, &golden), dot(&golden, &golden).sqrt());
                assert!(
                    distance <= 1e-3 * length,
                    "{key}: {distance:e} of {length:e}"
                );
                1
            };
            compared += check("quality", &gradients.quality);
            compared += check("regulated", &gradients.regulated.gradient);
            if let Some(semantic) = &gradients.semantic {
                compared += check("semantic", semantic);
            }
            let about = &step["params"][&name];
            let number = |key: &str| about[key].as_f64();
            let length = dot(&gradients.quality, &gradients.quality).sqrt();
            let Some(golden) = number("quality_grad_norm") else {
                continue;
            };
            near(&name, length, golden, 1e-3 * golden);
            let semantic = gradients.semantic.as_ref().zip(gradients.regulated.dot);
            match (semantic, number("semantic_grad_norm"), number("dot")) {
                (None, None, None) => {}
                (Some((semantic, actual_dot)), Some(golden), Some(golden_dot)) => {
                    let semantic_length = dot(semantic, semantic).sqrt();
                    near(&name, semantic_length, golden, 1e-3 * golden);
                    let tolerance = 1e-3 * length * semantic_length;
                    near(&name, actual_dot, golden_dot, tolerance);
                }
                _ => panic!("{name}: a semantic gradient where there is none, or none"),
            }
        }
        let stored = golden
            .tensors
            .keys()
            .filter(|key| key.starts_with("finetune.step0."));
        assert_eq!(
            compared,
            stored.count(),
            "all golden gradients were compared"
        );
        assert!(compared > 0);
    }
}

#[test]
fn golden_clip_finetuning_steps() {
    for golden in Golden::all() {
        if !golden.tensors.contains_key("finetune.after3.scores") {
            continue;
        }
        let (student, batch) = product(&golden);
        let number = |key: &str| golden.json[key].as_f64().expect(key);
        let (lambda, rate, decay) = (number("lambda"), number("lr"), number("weight_decay"));
        let start: BTreeMap<_, _> = student
            .variables()
            .iter()
            .map(|(name, variable)| (name.clone(), numbers(variable)))
            .collect();
        for golden in golden.json["steps"].as_array().expect("steps") {
            let step = student.gradients(&batch, lambda).unwrap();
            near_losses(&step, golden);
            student.follow(&step, rate, decay).unwrap();
        }
        for (name, variable) in student.variables() {
            let key = format!("finetune.after3.{}", theirs(name));
            let Some(golden) = golden.tensors.get(&key).map(numbers) else {
                continue;
            };
            let moved = distance(&golden, &start[name]);
            let distance = distance(&numbers(variable), &golden);
            assert!(distance <= 1e-2 * moved, "{key}: {distance:e} of {moved:e}");
        }
        let scores = student.scores(&batch.tokens).unwrap();
        let golden = numbers(&golden.tensors["finetune.after3.scores"]);
        assert_eq!(scores.len(), golden.len());
        for (score, golden) in scores.into_iter().zip(golden) {
            near("score", score.into(), golden.into(), 1e-3);
        }
    }
}

/// The learner's photos, which the golden tests hand over themselves.
struct NoPhotos;

impl Pixels for NoPhotos {
    fn pixels(&mut self, _: usize, _: Option<&mut Random>) -> Result<Vec<f32>, PretrainError> {
        Err(PretrainError::Photo("no photos here".to_owned()))
    }
}

#[test]
fn golden_clip_meta_step() {
    for golden in Golden::all() {
        let about = &golden.json["meta"];
        if !golden
            .tensors
            .keys()
            .any(|key| key.starts_with("meta.update."))
        {
            continue;
        }
        let learner =
            ClipLearner::new(&golden.weights, &Device::Cpu, vec![], Box::new(NoPhotos)).unwrap();
        let (names, variables): (Vec<String>, Vec<Var>) = learner.variables().into_iter().unzip();
        let listed = about["trainable"].as_array().expect("trainable");
        assert_eq!(names.len(), listed.len());
        let start: Vec<Vec<f32>> = variables.iter().map(|v| numbers(v)).collect();
        let rates = Rates {
            alpha: about["alpha"].as_f64().expect("alpha"),
            beta: about["beta"].as_f64().expect("beta"),
        };
        // Task t: support 3t..3t+2, query the photo after each of them.
        let tasks: Vec<Task<Vec<u32>>> = (0..2u32)
            .map(|t| {
                let support: Vec<u32> = (3 * t..3 * t + 3).collect();
                let query = support.iter().map(|i| (i + 1) % 6).collect();
                vec![[support, query]]
            })
            .collect();
        let mut loss = |batch: &Vec<u32>| -> Result<Tensor, PretrainError> {
            let chosen = Tensor::new(batch.as_slice(), &Device::Cpu)?;
            let images = golden.images.index_select(&chosen, 0)?;
            let targets = golden.tensors["targets"].index_select(&chosen, 0)?;
            learner.loss_of(&images, &targets, None)
        };
        let mut meta = Meta::new(variables.clone());
        let outer = meta.step(&tasks, Inner::Reset, rates, &mut loss).unwrap();
        for (task, golden) in outer.losses.iter().zip(about["losses"].as_array().unwrap()) {
            for (i, loss) in task[0].iter().enumerate() {
                let golden = golden[i].as_f64().expect("a loss");
                near("loss", *loss, golden, 1e-3 * golden);
            }
        }
        for (i, name) in names.iter().enumerate() {
            let name = theirs(name);
            let golden_of = |part: &str| golden.tensors.get(&format!("meta.{part}.{name}"));
            let update = numbers(&outer.update[i]);
            let expected = numbers(golden_of("update").expect("an update"));
            let (apart, length) = (
                distance(&update, &expected),
                dot(&expected, &expected).sqrt(),
            );
            assert!(apart <= 1e-3 * length, "{name}: {apart:e} of {length:e}");
            let after = numbers(&variables[i]);
            let expected = golden_of("after1").map(numbers);
            for (j, &value) in after.iter().enumerate() {
                let own = f64::from(start[i][j]) - rates.beta * f64::from(update[j]);
                near(&name, value.into(), own, 1e-7);
                if let Some(expected) = &expected {
                    near(&name, value.into(), expected[j].into(), 1e-6);
                }
            }
        }
    }
}

#[test]
fn every_gradient_is_that_of_finite_differences() {
    let golden = Golden::all().remove(0);
    // Every kind of tensor that is ever trained, prompts and their norm too,
    // in the first and the last of their places.
    let last = golden.config.image.layers - 1;
    let trained = [
        "visual.prompt_embeddings".to_owned(),
        "visual.deep_prompt_embeddings".to_owned(),
        "visual.prompt_proj.weight".to_owned(),
        "visual.prompt_proj.bias".to_owned(),
        "visual.prompt_norm.weight".to_owned(),
        "visual.prompt_norm.bias".to_owned(),
        "visual.ln_post.weight".to_owned(),
        "visual.transformer.resblocks.0.ln_1.weight".to_owned(),
        "visual.transformer.resblocks.0.attn.in_proj_weight".to_owned(),
        format!("visual.transformer.resblocks.{last}.mlp.c_fc.weight"),
        format!("visual.transformer.resblocks.{last}.attn.out_proj.bias"),
        "transformer.resblocks.0.ln_2.bias".to_owned(),
        "transformer.resblocks.0.mlp.c_proj.weight".to_owned(),
        "ln_final.weight".to_owned(),
        "prompt_learner2.ctx".to_owned(),
    ];
    let student = Student::new(&golden, |name| trained.iter().any(|t| t == name));
    assert_eq!(student.variables.len(), trained.len());
    let gradients = student.losses().0.backward().unwrap();
    for (name, variable) in &student.variables {
        let gradient = numbers(gradients.get(variable).expect("a gradient"));
        let values = numbers(variable);
        // Along the gradient itself, where the slope is its length.
        let length = dot(&gradient, &gradient).sqrt();
        let step = 1e-2 * dot(&values, &values).sqrt().max(1.0) / (1.0 + length);
        let at = |sign: f64| {
            let moved = values
                .iter()
                .zip(&gradient)
                .map(|(&v, &g)| (f64::from(v) + sign * step * f64::from(g) / length) as f32);
            let moved = Tensor::from_vec(moved.collect(), variable.dims(), &Device::Cpu).unwrap();
            variable.set(&moved).unwrap();
            f64::from(student.losses().0.to_scalar::<f32>().unwrap())
        };
        let slope = (at(1.0) - at(-1.0)) / (2.0 * step);
        at(0.0);
        near(name, slope, length, 3e-2 * length);
    }
}
