//! `keepers group`. Descriptors are planted where scoring would keep them, so that
//! no network runs.

use keepers::catalog::{Catalog, FileState};
use keepers::engine::{Description, Descriptors};
use keepers::home::Home;
use keepers::model::compact::CompactModel;
use serde_json::Value;

use crate::support::photos::grey;
use crate::support::program::{Program, Ran};

/// A program with photos 1 to 5: 1 and 2 look alike, with scores far apart; so do 3
/// and 4, with scores next to each other; 5 is something else.
fn shoot() -> Program {
    let program = Program::new();
    let model = CompactModel::embedded().unwrap();
    let kept = Descriptors::of_user(&Home::under(program.home()), &model);
    let head = model.head();
    // The way in which standardised descriptors become better fastest, of length 1
    // per number.
    let width = head.width();
    let (high, low) = head.prompts.split_at(width);
    let mut better = vec![0f32; head.mean.len()];
    for (row, (high, low)) in head.linear.chunks(better.len()).zip(high.iter().zip(low)) {
        for (sum, weight) in better.iter_mut().zip(row) {
            *sum += weight * (high - low);
        }
    }
    let length = (better.iter().map(|v| v * v).sum::<f32>() / better.len() as f32).sqrt();
    let descriptor = |scene: u32, goodness: f32| -> Vec<f32> {
        let numbers = head.mean.iter().zip(&head.deviation).zip(&better);
        numbers
            .enumerate()
            .map(|(i, ((mean, deviation), better))| {
                let look = (i as f32 * (1.0 + scene as f32 * 0.37)).sin();
                mean + deviation * (look + goodness * better / length)
            })
            .collect()
    };
    let score = |descriptor: &[f32]| model.score_of(descriptor).unwrap().value();
    let middle = |scene: u32| -> f32 {
        let steps = (-60..60).map(|step| step as f32 / 20.0);
        let by = |goodness: &f32| (score(&descriptor(scene, *goodness)) - 50.0).abs();
        steps.min_by(|a, b| by(a).total_cmp(&by(b))).unwrap()
    };
    let looks = [
        descriptor(1, middle(1)),
        descriptor(1, middle(1) + 0.3),
        descriptor(2, middle(2)),
        descriptor(2, middle(2) + 0.001),
        descriptor(9, middle(9)),
    ];
    assert!(score(&looks[1]) - score(&looks[0]) > 4.0);
    assert!(score(&looks[3]) - score(&looks[2]) < 1.0);
    for (i, descriptor) in looks.into_iter().enumerate() {
        let path = program.path(&format!("{}.png", i + 1));
        grey(&path, 40 * i as u8);
        let seen = Description {
            size: (40, 30),
            descriptor,
        };
        kept.keep(FileState::read(&path).unwrap().content, &seen);
    }
    program
}

fn group(program: &Program, more: &[&str]) -> Ran {
    program.run([&["group", "."], more].concat())
}

/// A photo's flag, as its sidecar says.
fn flag(program: &Program, photo: &str) -> String {
    let ran = program.run(["xmp", "show", photo, "--format", "json"]);
    ran.json()[0]["rating"]["flag"].to_string().replace('"', "")
}

#[test]
fn groups_come_with_the_best_and_the_reason() {
    let program = shoot();
    let ran = group(&program, &["--format", "json"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(
        ran.stderr.contains("Found 2 groups among 5 photos"),
        "{}",
        ran.stderr
    );
    let json = ran.json();
    assert_eq!(json[0]["kind"], "similar");
    assert!(
        json[0]["best"].as_str().unwrap().ends_with("2.png"),
        "{json}"
    );
    let reason = json[0]["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("score ") && reason.contains(", next "),
        "{reason}"
    );
    assert_eq!(json[0]["photos"].as_array().unwrap().len(), 2);
    assert_eq!(json[0]["photos"][1]["best"], true);
    assert_eq!(json[1]["best"], Value::Null);
    assert!(
        json[1]["reason"]
            .as_str()
            .unwrap()
            .starts_with("too close to call")
    );

    let lines = group(&program, &["--format", "jsonl"]).stdout;
    let objects: Vec<Value> = lines
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(Value::Array(objects), json);
    let out = program.path("groups.csv");
    assert_eq!(group(&program, &["--out", out.to_str().unwrap()]).status, 0);
    let csv = std::fs::read_to_string(&out).unwrap();
    assert_eq!(csv.lines().count(), 5);
    assert!(csv.starts_with("group,kind,shot,path,score,captured,best,reason\n1,similar,1,"));
    let table = group(&program, &[]).stdout;
    assert!(
        table.starts_with("1. similar photos, 2 shots: score "),
        "{table}"
    );
    assert!(table.contains("  best  "), "{table}");

    // The score is the one that scoring gives.
    let scored = program.run(["score", "2.png", "--format", "json"]).json();
    assert_eq!(json[0]["photos"][1]["score"], scored[0]["score"]);
    // Only what is nearly the same picture.
    let strict = group(&program, &["--sensitivity", "0", "--format", "json"]).json();
    assert_eq!(strict.as_array().map(Vec::len), Some(1));
    assert_eq!(strict[0]["photos"], json[1]["photos"]);
    assert_eq!(group(&program, &["--sensitivity", "1.5"]).status, 2);
}

#[test]
fn the_best_is_picked_and_the_rest_rejected_as_one_command() {
    let program = shoot();
    let flags = || ["1.png", "2.png", "3.png", "4.png", "5.png"].map(|p| flag(&program, p));
    let none = flags();
    let dry = group(&program, &["--apply", "--dry-run"]);
    assert_eq!(dry.status, 0, "{dry:?}");
    assert!(dry.stdout.contains("1.png"), "{}", dry.stdout);
    assert_eq!(flags(), none);
    let ran = group(&program, &["--apply"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(
        ran.stderr
            .contains("Left alone: group 2 (./3.png, …): too close to call"),
        "{}",
        ran.stderr
    );
    assert_eq!(flags()[..2], ["reject", "pick"]);
    assert_eq!(flags()[2..], none[2..]);
    // What has flags is left alone the next time.
    let again = group(&program, &["--apply"]);
    assert!(
        again.stderr.contains("it has flags already"),
        "{}",
        again.stderr
    );
    assert_eq!(program.run(["undo"]).status, 0);
    assert_eq!(flags(), none);
    assert_eq!(program.run(["undo"]).status, 1);
}

#[test]
fn what_the_user_says_of_groups_counts() {
    let program = shoot();
    let path = Catalog::file_in(&Home::under(program.home()).catalog);
    let mut catalog = Catalog::open(&path).unwrap().catalog;
    let photos: Vec<_> = (1..=5).map(|i| program.path(&format!("{i}.png"))).collect();
    catalog.part(&photos[..1], &photos[1..2], "apart").unwrap();
    catalog.join(&photos[3..], "together").unwrap();
    let sizes = |program: &Program| -> Vec<usize> {
        let json = group(program, &["--format", "json"]).json();
        let groups = json.as_array().unwrap().iter();
        groups
            .map(|g| g["photos"].as_array().unwrap().len())
            .collect()
    };
    assert_eq!(sizes(&program), [3]);
    assert_eq!(program.run(["undo"]).status, 0);
    assert_eq!(sizes(&program), [2]);
    assert_eq!(program.run(["undo"]).status, 0);
    assert_eq!(sizes(&program), [2, 2]);
}
