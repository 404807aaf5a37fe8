//! `keepers evaluate`.

use std::fs;

use keepers::learning::metrics::Agreement;

use crate::support::photos::{grey, pattern};
use crate::support::program::Program;

/// Photos in a folder, and opinions of them.
fn judged() -> (Program, Vec<(String, f64)>) {
    let program = Program::new();
    fs::create_dir_all(program.path("images/sub")).unwrap();
    let opinions: Vec<(String, f64)> = (0..8u8)
        .map(|i| {
            let name = if i == 7 {
                "sub/7.png".to_owned()
            } else {
                format!("{i}.png")
            };
            let path = program.path("images").join(&name);
            if i % 2 == 0 {
                grey(&path, 30 * i);
            } else {
                pattern(&path, 5 * u32::from(i));
            }
            (name, f64::from(i * 5 % 7) / 2.0)
        })
        .collect();
    write(&program, &opinions);
    (program, opinions)
}

fn write(program: &Program, opinions: &[(String, f64)]) {
    let rows: String = opinions
        .iter()
        .map(|(file, mos)| format!("x,{mos},{file}\n"))
        .collect();
    fs::write(program.path("mos.csv"), format!("note,mos,file\n{rows}")).unwrap();
}

const EVALUATE: [&str; 5] = ["evaluate", "--images", "images", "--scores", "mos.csv"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&EVALUATE[..], more].concat()
}

#[test]
fn the_figures_are_those_of_the_scores() {
    let (program, opinions) = judged();
    let ran = program.run(with(&["--format", "json"]));
    assert_eq!(ran.status, 0, "{ran:?}");
    let keys = [
        "\"n\":8",
        "\"srcc\":",
        "\"plcc\":",
        "\"krcc\":",
        "\"rmse\":",
        "\"failed\":0",
    ];
    let places = keys.map(|key| ran.stdout.find(key).unwrap());
    assert!(places.is_sorted(), "{}", ran.stdout);
    let figures = ran.json();
    assert_eq!(figures.as_object().unwrap().len(), 6);

    let rows = program
        .run(["score", "images", "--recursive", "--format", "json"])
        .json();
    let (mut scores, mut labels) = (Vec::new(), Vec::new());
    for (file, mos) in &opinions {
        let path = |row: &serde_json::Value| row["path"].as_str().unwrap().replace('\\', "/");
        let mut rows = rows.as_array().unwrap().iter();
        let row = rows
            .find(|row| path(row) == format!("images/{file}"))
            .unwrap();
        scores.push(row["score"].as_f64().unwrap());
        labels.push(*mos);
    }
    let expected = Agreement::new(&scores, &labels);
    for (key, value) in [
        ("srcc", expected.srcc),
        ("plcc", expected.plcc),
        ("krcc", expected.krcc),
        ("rmse", expected.rmse),
    ] {
        let difference = figures[key].as_f64().unwrap() - value.unwrap();
        assert!(difference.abs() < 1e-9, "{key}: {difference}");
    }
    let table = program.run(EVALUATE).stdout;
    let srcc = format!("SRCC    {:.4}\n", expected.srcc.unwrap());
    assert!(
        table.contains("Photos  8\n") && table.contains(&srcc),
        "{table}"
    );
}

#[test]
fn missing_and_broken_photos_count_as_failed() {
    let (program, mut opinions) = judged();
    fs::write(program.path("images/0.png"), b"broken").unwrap();
    opinions.push(("missing.jpg".to_owned(), 1.0));
    write(&program, &opinions);
    let ran = program.run(with(&["--format", "json"]));
    assert_eq!(ran.status, 3, "{ran:?}");
    let figures = ran.json();
    assert_eq!(
        (figures["n"].as_u64(), figures["failed"].as_u64()),
        (Some(7), Some(2))
    );
    for name in ["0.png: ", "missing.jpg: "] {
        assert!(ran.stderr.contains(name), "{}", ran.stderr);
    }
}

#[test]
fn figures_that_are_not_defined_are_null() {
    let (program, opinions) = judged();
    write(&program, &opinions[..1]);
    let ran = program.run(with(&["--format", "json"]));
    assert_eq!(ran.status, 0);
    assert_eq!(
        ran.stdout,
        "{\"n\":1,\"srcc\":null,\"plcc\":null,\"krcc\":null,\"rmse\":null,\"failed\":0}\n"
    );
    fs::remove_dir_all(program.path("images")).unwrap();
    fs::create_dir(program.path("images")).unwrap();
    let ran = program.run(with(&["--format", "json"]));
    assert_eq!((ran.status, ran.json()["failed"].as_u64()), (1, Some(1)));
}

#[test]
fn errors_say_where() {
    let (program, _) = judged();
    fs::write(program.path("mos.csv"), "file,mos\n0.png,1\n1.png,fine\n").unwrap();
    let ran = program.run(EVALUATE);
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    assert_eq!(
        ran.stderr,
        "keepers: mos.csv, line 3, column mos: \"fine\" is not a number\n"
    );
    let ran = program.run(["evaluate", "--images", "images", "--scores", "none.csv"]);
    assert!(
        ran.stderr
            .starts_with("keepers: none.csv: cannot be read: "),
        "{}",
        ran.stderr
    );
    let ran = program.run(["evaluate", "--images", "none", "--scores", "mos.csv"]);
    assert_eq!(ran.status, 1);
    assert_eq!(program.run(["evaluate", "--images", "images"]).status, 2);
}
