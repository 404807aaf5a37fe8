//! CLIP networks through the command line: importing, listing, scoring.

use std::path::PathBuf;

use keepers::model::clip::{self, Config, Origin, TowerConfig, Weights};

use crate::support::program::Program;
use crate::support::{formula, photos};

/// The smallest network that knows CLIP's vocabulary, as a foreign file: one
/// that does not say what it is.
fn network(program: &Program, name: &str, prompts: Option<usize>) -> PathBuf {
    let path = program.path(name);
    std::fs::write(&path, formula::small_network(prompts)).unwrap();
    path
}

#[test]
fn a_network_is_imported_used_and_removed() {
    let program = Program::new();
    network(&program, "some file.safetensors", Some(3));
    for step in [2, 9] {
        photos::pattern(&program.path(&format!("{step}.png")), step);
    }
    let run = |args: &[&str]| program.run(args);
    let imported = run(&[
        "model",
        "import",
        "some file.safetensors",
        "--licence",
        "MIT",
    ]);
    assert_eq!(imported.status, 0, "{}", imported.stderr);
    assert!(
        imported.stdout.contains("as \"some-file\""),
        "{}",
        imported.stdout
    );

    let listed = run(&["model", "list", "--format", "json"]).json();
    let row = &listed[1];
    assert_eq!(row["name"], "some-file");
    assert_eq!(row["backbone"], "clip-vit-64x2-16");
    assert_eq!(row["licence"], "MIT");
    assert_eq!(row["in_use"], false);
    assert!(row["error"].is_null() && row["bytes"].as_u64() > Some(1 << 20));
    let verified = run(&["model", "verify", "some-file"]);
    assert_eq!(verified.status, 0, "{}", verified.stderr);

    let scored = |model: &str, more: &[&str]| {
        let args = [
            "score", "2.png", "9.png", "--format", "json", "--model", model,
        ];
        let ran = program.run(args.iter().chain(more));
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        ran.json()
    };
    // By its name and as the foreign file, the same.
    let by_name = scored("some-file", &[]);
    let by_file = scored("some file.safetensors", &["--device", "cpu"]);
    assert_eq!(by_name, by_file);
    assert!(by_name[0]["score"].as_f64() > by_name[1]["score"].as_f64());
    assert!(by_name[0].get("scene").is_none());
    let detailed = scored("some-file", &["--details"]);
    assert_eq!(detailed[0]["score"], by_name[0]["score"]);
    assert!(detailed[0]["scene"].is_string(), "{detailed}");
    let table = run(&["score", "2.png", "--model", "some-file", "--details"]).stdout;
    assert!(table.contains("Scene"), "{table}");
    let compact = run(&["score", "2.png", "--details", "--format", "json"]).json();
    assert!(compact[0]["scene"].is_null());

    let again = run(&["model", "import", "some file.safetensors"]);
    assert_eq!(again.status, 1);
    assert!(
        again.stderr.contains("there is already a model"),
        "{}",
        again.stderr
    );
    assert_eq!(run(&["model", "remove", "some-file"]).status, 0);
    let gone = run(&["model", "remove", "some-file"]);
    assert!(gone.stderr.contains("there is no model"), "{}", gone.stderr);
    assert_eq!(run(&["model", "remove", "keepers-compact"]).status, 1);
    assert!(program.path("some file.safetensors").exists());
}

#[test]
fn a_network_without_prompts_scores_and_says_so() {
    let program = Program::new();
    let path = network(&program, "plain.safetensors", None);
    photos::pattern(&program.path("a.png"), 4);
    let args = [
        "score",
        "a.png",
        "--model",
        "plain.safetensors",
        "--format",
        "json",
    ];
    let ran = program.run(args);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let score = ran.json()[0]["score"].as_f64().unwrap();
    assert!((0.0..=100.0).contains(&score));
    let about = clip::info(&Weights::open(&path).unwrap()).unwrap();
    assert!(about.training_data.starts_with("zero-shot"), "{about:?}");
}

#[test]
fn foreign_files_and_absent_devices_say_what_is_wrong() {
    let program = Program::new();
    photos::pattern(&program.path("a.png"), 4);
    let error = |args: &[&str], status: i32| {
        let ran = program.run(args);
        assert_eq!(ran.status, status, "{}", ran.stderr);
        ran.stderr
    };
    std::fs::write(program.path("bad.pt"), b"PK\x03\x04 cut off").unwrap();
    for command in [
        &["score", "a.png", "--model", "bad.pt"][..],
        &["model", "import", "bad.pt"],
    ] {
        let said = error(command, 1);
        assert!(said.contains("bad.pt: is no PyTorch checkpoint"), "{said}");
    }
    let said = error(&["score", "a.png", "--device", "tpu"], 2);
    assert!(said.contains("there is no device \"tpu\""), "{said}");
    let said = error(&["score", "a.png", "--device", "cuda:1"], 1);
    assert!(
        said.contains("runs on the processor or through wgpu"),
        "{said}"
    );
    network(&program, "n.safetensors", None);
    let said = error(
        &[
            "score",
            "a.png",
            "--model",
            "n.safetensors",
            "--device",
            "wgpu",
        ],
        1,
    );
    assert!(said.contains("compact models only"), "{said}");
    if cfg!(not(feature = "cuda")) {
        let said = error(
            &[
                "score",
                "a.png",
                "--model",
                "n.safetensors",
                "--device",
                "cuda",
            ],
            1,
        );
        assert!(said.contains("--features cuda"), "{said}");
    }
    let said = error(&["model", "import", "n.safetensors", "--name", "../x"], 1);
    assert!(said.contains("cannot be a model's name"), "{said}");
}

/// Not a test but a command: writes a full-size GRMP-IQA network with weights
/// of the formula to the file that `KEEPERS_FULL_SIZE` names, for trying out
/// what one costs.
#[test]
#[ignore = "writes 600 MB to the file that KEEPERS_FULL_SIZE names"]
fn write_a_full_size_network() {
    let Some(path) = std::env::var_os("KEEPERS_FULL_SIZE").map(PathBuf::from) else {
        panic!("KEEPERS_FULL_SIZE names no file");
    };
    let config = Config {
        patch: 16,
        grid: 14,
        image: TowerConfig {
            width: 768,
            layers: 12,
        },
        text: TowerConfig {
            width: 512,
            layers: 12,
        },
        embedding: 512,
        vocabulary: clip::VOCABULARY,
        context: 77,
        visual_prompts: Some(100),
        text_prompts: Some(4),
    };
    let weights = Weights::from_tensors(formula::weights(&config, 1), "the formula").unwrap();
    let origin = Origin {
        name: "full-size".to_owned(),
        ..Origin::default()
    };
    clip::import(&weights, &origin, &path).unwrap();
}
