//! `keepers model fit`.

use std::fs;
use std::path::Path;

use crate::support::photos::pattern;
use crate::support::program::Program;

/// Photos of patterns, finer ones with higher opinions.
fn judged(photos: u32) -> Program {
    let program = Program::new();
    fs::create_dir(program.path("images")).unwrap();
    let mut csv = "Image Name,MOS,\n".to_owned();
    for i in 1..=photos {
        pattern(&program.path("images").join(format!("P{i}.png")), i);
        csv += &format!(
            "p{i}.png,{},\n",
            0.9 - 0.8 * f64::from(i) / f64::from(photos)
        );
    }
    fs::write(program.path("mos.csv"), csv).unwrap();
    program
}

fn fit<'a>(model: &'a Path, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let model = model.to_str().unwrap();
    let fit = ["model", "fit", "--images", "images", "--scores", "mos.csv"];
    [
        &fit[..],
        &["--backbone", model, "--out", out, "--ridge", "10"],
        more,
    ]
    .concat()
}

#[test]
fn a_fitted_model_agrees_with_its_labels_and_repeats() {
    let program = judged(12);
    let backbone = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/keepers-compact.safetensors");
    let ran = program.run(fit(&backbone, "mine.safetensors", &["--hold-out", "0.25"]));
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("Held out 3 photos"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("mine.safetensors, fitted on 12 photos"),
        "{}",
        ran.stdout
    );
    program.run(fit(&backbone, "again.safetensors", &["--name", "mine"]));
    let bytes = |name: &str| fs::read(program.path(name)).unwrap();
    assert!(bytes("mine.safetensors") == bytes("again.safetensors"));

    assert_eq!(
        program.run(["model", "verify", "mine.safetensors"]).status,
        0
    );
    let model = ["--model", "./mine.safetensors", "--format", "json"];
    let evaluate = ["evaluate", "--images", "images", "--scores", "mos.csv"];
    let figures = program.run([&evaluate[..], &model].concat()).json();
    assert_eq!(
        (figures["n"].as_u64(), figures["failed"].as_u64()),
        (Some(12), Some(0))
    );
    assert!(figures["srcc"].as_f64().unwrap() > 0.8, "{figures}");
}

#[test]
fn what_cannot_be_fitted_is_said() {
    let program = judged(3);
    let backbone = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/keepers-compact.safetensors");
    fs::write(program.path("weights.pth"), b"no weights").unwrap();
    let ran = program.run(fit(&program.path("weights.pth"), "m.safetensors", &[]));
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("weights.pth"), "{}", ran.stderr);

    fs::write(program.path("mos.csv"), "file,mos\nP1.png,3\nP2.png,4\n").unwrap();
    let ran = program.run(fit(&backbone, "m.safetensors", &[]));
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("between 0 and 1"), "{}", ran.stderr);
    assert!(!program.path("m.safetensors").exists());
}
