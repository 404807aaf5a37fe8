//! `keepers bench`. That its figures agree with each other is tested in the engine and
//! here; how large they are is the machine's business.

use crate::support::photos::grey;
use crate::support::program::Program;

#[test]
fn the_figures_agree_with_each_other() {
    let program = Program::new();
    grey(&program.path("grey.png"), 90);
    let ran = program.run([
        "bench", "--photos", ".", "--count", "1", "--quick", "--format", "json",
    ]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let report = ran.json();
    assert_eq!(report["photos"]["count"], 1);
    assert_eq!(report["photos"]["made"], false);
    assert!(report["machine"]["cores"].as_u64().unwrap() > 0);
    let rows = report["results"].as_array().unwrap();
    let row = &rows[0];
    assert_eq!(
        (&row["model"], &row["device"]),
        (&"keepers-compact".into(), &"cpu".into())
    );
    let figure = |name: &str| row[name].as_f64().unwrap();
    let ceiling = 1.0 / (1.0 / figure("decode") + 1.0 / figure("network"));
    assert!((figure("ceiling") / ceiling - 1.0).abs() < 1e-9, "{row}");
    let share = figure("pipeline") / ceiling;
    assert!((figure("share") / share - 1.0).abs() < 1e-9, "{row}");
}

#[test]
fn without_photos_or_a_model_there_is_nothing_to_measure() {
    let program = Program::new();
    std::fs::write(program.path("broken.jpg"), b"").unwrap();
    let ran = program.run(["bench", "--photos", "."]);
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    assert!(ran.stderr.contains("no photo among them"), "{}", ran.stderr);
    let ran = program.run(["bench", "--model", "unheard-of"]);
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("unheard-of"), "{}", ran.stderr);
    assert_eq!(program.run(["bench", "--count", "0"]).status, 2);
}
