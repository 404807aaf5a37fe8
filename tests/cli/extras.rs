//! The commands around the main job: models, help, completions, man pages.

use std::fs;

use keepers::model;

use crate::support::program::Program;

#[test]
fn the_version_names_the_model() {
    let program = Program::new();
    let ran = program.run(["--version"]);
    assert_eq!(ran.status, 0);
    let identity = model::embedded().unwrap().info().identity.clone();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        ran.stdout,
        format!("keepers {version}\nmodel keepers-compact {identity}\n")
    );
}

#[test]
fn models_are_listed_with_what_is_known() {
    let program = Program::new();
    let models = program.home().join("models");
    fs::create_dir(&models).unwrap();
    fs::write(
        models.join("good.safetensors"),
        model::compact::embedded_bytes(),
    )
    .unwrap();
    fs::write(models.join("bad.safetensors"), b"bad").unwrap();
    let ran = program.run(["model", "list", "--format", "json"]);
    assert_eq!(ran.status, 0);
    let rows = ran.json();
    let names: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].clone())
        .collect();
    assert_eq!(names, ["keepers-compact", "bad", "good"]);
    assert_eq!(
        (&rows[0]["in_use"], &rows[0]["source"]),
        (&true.into(), &"built-in".into())
    );
    assert_eq!(rows[2]["identity"], rows[0]["identity"]);
    assert_eq!(rows[2]["backbone"], "efficientnet-lite2");
    assert!(rows[1]["error"].is_string() && rows[1]["identity"].is_null());
    let table = program.run(["model", "list"]).stdout;
    assert!(table.starts_with("keepers-compact  (in use)\n"), "{table}");
    assert!(table.contains("Not usable"), "{table}");
}

#[test]
fn damaged_models_are_found() {
    let program = Program::new();
    assert_eq!(program.run(["model", "verify"]).status, 0);
    let mut bytes = model::compact::embedded_bytes().to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x01;
    fs::write(program.path("flipped.safetensors"), &bytes).unwrap();
    let ran = program.run(["model", "verify", "flipped.safetensors"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("flipped.safetensors: is damaged"),
        "{}",
        ran.stderr
    );
    let ran = program.run([
        "model",
        "verify",
        "flipped.safetensors",
        "keepers-compact",
        "none",
    ]);
    assert_eq!(ran.status, 3);
    assert!(
        ran.stdout.starts_with("keepers-compact: sound, identity "),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stderr.contains("there is no model \"none\""),
        "{}",
        ran.stderr
    );
}

#[test]
fn every_shell_gets_completions() {
    let program = Program::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = program.run(["completions", shell]);
        assert_eq!(ran.status, 0);
        assert!(
            ran.stdout.contains("evaluate") && ran.stdout.contains("recursive"),
            "{shell}"
        );
    }
    assert_eq!(program.run(["completions", "dos"]).status, 2);
}

#[test]
fn every_command_has_a_manual_page() {
    let program = Program::new();
    let ran = program.run(["man"]);
    assert_eq!(ran.status, 0);
    assert!(ran.stdout.contains(".TH keepers 1"), "{}", ran.stdout);
    assert_eq!(program.run(["man", "--out", "pages"]).status, 0);
    for (page, word) in [
        ("keepers.1", "KEEPERS_HOME"),
        ("keepers-score.1", "recursive"),
        ("keepers-rate.1", "sidecar"),
        ("keepers-undo.1", "rated"),
        ("keepers-xmp-show.1", "sidecars"),
        ("keepers-catalog-export.1", "rating"),
        ("keepers-evaluate.1", "SRCC"),
        ("keepers-gui.1", "window"),
        ("keepers-model.1", "verify"),
        ("keepers-model-list.1", "format"),
        ("keepers-model-verify.1", "weights"),
        ("keepers-completions.1", "shell"),
        ("keepers-man.1", "folder"),
    ] {
        let text = fs::read_to_string(program.path("pages").join(page)).expect(page);
        assert!(text.contains(word), "{page}");
    }
}

#[test]
fn help_explains_the_exit_status() {
    let program = Program::new();
    for args in [&["help"][..], &["--help"]] {
        let ran = program.run(args);
        assert_eq!(ran.status, 0);
        assert!(ran.stdout.contains("130  interrupted"), "{}", ran.stdout);
    }
    assert!(program.run(["help", "score"]).stdout.contains("path_bytes"));
}
