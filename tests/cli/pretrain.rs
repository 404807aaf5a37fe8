//! `keepers pretrain`.

use std::fs;
use std::path::Path;

use crate::support::formula;
use crate::support::photos::pattern;
use crate::support::program::Program;

/// Photos of patterns with opinions, and a small KADID-10k of theirs.
fn prepared() -> Program {
    let program = Program::new();
    fs::create_dir_all(program.path("images")).unwrap();
    fs::create_dir_all(program.path("kadid/images")).unwrap();
    let mut csv = "file,mos\n".to_owned();
    let mut dmos = "dist_img,ref_img,dmos,var\n".to_owned();
    for i in 1..=20u32 {
        pattern(&program.path("images").join(format!("{i}.png")), i);
        csv += &format!("{i}.png,{}\n", 0.9 - 0.04 * f64::from(i));
        for level in 1..=2u32 {
            let name = format!("I{i:02}_10_{level:02}.png");
            pattern(&program.path("kadid/images").join(&name), i + 20 * level);
            dmos += &format!(
                "{name},I{i:02}.png,{},0.1\n",
                5.0 - f64::from(i % 4 + level)
            );
        }
    }
    fs::write(program.path("mos.csv"), csv).unwrap();
    fs::write(program.path("kadid/dmos.csv"), dmos).unwrap();
    program
}

const DATA: [&str; 6] = [
    "--kadid", "kadid", "--images", "images", "--scores", "mos.csv",
];

fn args<'a>(out: &'a str, work: &'a str, epochs: &'a str) -> Vec<&'a str> {
    let mut args = vec!["pretrain", "--out", out, "--work", work, "--epochs", epochs];
    args.extend(DATA);
    args
}

#[test]
fn a_compact_model_learns_and_a_broken_run_goes_on_exactly() {
    let program = prepared();
    let whole = program.run(args("whole.safetensors", "one", "4"));
    assert_eq!(whole.status, 0, "{}", whole.stderr);
    assert!(whole.stdout.contains("of 4: SRCC"), "{}", whole.stdout);
    // Two epochs, then on to four.
    let part = program.run(args("part.safetensors", "two", "2"));
    assert_eq!(part.status, 0, "{}", part.stderr);
    let mut on = args("on.safetensors", "two", "4");
    on.extend(["--name", "whole"]);
    let on = program.run(on);
    assert!(
        on.stderr.contains("Going on after epoch 2"),
        "{}",
        on.stderr
    );
    let bytes = |name: &str| fs::read(program.path(name)).unwrap();
    assert!(bytes("whole.safetensors") == bytes("on.safetensors"));
    assert_eq!(bytes("one/curve.csv"), bytes("two/curve.csv"));
    let verified = program.run(["model", "verify", "whole.safetensors"]);
    assert_eq!(verified.status, 0, "{}", verified.stderr);

    let mut other = args("other.safetensors", "two", "4");
    other.extend(["--seed", "2"]);
    let other = program.run(other);
    assert_eq!(other.status, 1);
    assert!(
        other.stderr.contains("belongs to another"),
        "{}",
        other.stderr
    );
    assert!(!program.path("other.safetensors").exists());
}

#[test]
fn a_clip_network_learns_its_prompts() {
    let program = prepared();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/clip/golden.json");
    let json = serde_json::from_str(&fs::read_to_string(golden).unwrap()).unwrap();
    let weights = formula::weights(&formula::config(&json), 3);
    let file = program.path("clip.safetensors");
    candle_core::safetensors::save(&weights, file).unwrap();
    let mut args = args("learned.safetensors", "work", "1");
    args.extend(["--model", "./clip.safetensors", "--device", "cpu"]);
    args.extend(["--support", "4", "--query", "2", "--pairs", "1"]);
    let ran = program.run(args);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let verified = program.run(["model", "verify", "./learned.safetensors"]);
    assert_eq!(verified.status, 0, "{}", verified.stderr);
    assert!(program.path("work/curve.svg").exists());
}

#[test]
fn what_cannot_be_learned_from_is_said() {
    let program = prepared();
    let base = ["pretrain", "--out", "m.safetensors", "--work", "work"];
    let refused = |more: &[&str]| {
        let ran = program.run([&base[..], more].concat());
        assert_eq!(ran.status, 1, "{}", ran.stderr);
        ran.stderr
    };
    assert!(refused(&[]).contains("nothing to learn from"));
    assert!(refused(&["--tid2013", "kadid"]).contains("kadid"));
    fs::write(program.path("mos.csv"), "file,mos\n1.png,7\n").unwrap();
    let out_of_range = refused(&["--images", "images", "--scores", "mos.csv"]);
    assert!(out_of_range.contains("between 0 and 1"), "{out_of_range}");
    assert!(!program.path("m.safetensors").exists());
}
