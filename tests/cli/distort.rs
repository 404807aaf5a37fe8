//! `keepers distort` and `keepers evaluate --distortions`.

use std::fs;
use std::path::Path;

use crate::support::program::Program;

fn sample(name: &str) -> String {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/samples");
    samples.join(name).to_str().unwrap().to_owned()
}

#[test]
fn a_photo_is_made_worse_and_never_overwritten() {
    let program = Program::new();
    let photo = sample("dandelion.jpg");
    let run = |out: &str, level: &str| {
        let what = ["--type", "defocus", "--level", level, "--out", out];
        program.run([&["distort", photo.as_str()], &what[..]].concat())
    };
    let ran = run("worse.png", "4");
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    let size = |path: &Path| image::image_dimensions(path).unwrap();
    assert_eq!(size(&program.path("worse.png")), size(Path::new(&photo)));
    let before = fs::read(program.path("worse.png")).unwrap();
    let again = run("worse.png", "1");
    assert_eq!(again.status, 1);
    assert!(
        again.stderr.contains("worse.png: is there already"),
        "{}",
        again.stderr
    );
    assert!(fs::read(program.path("worse.png")).unwrap() == before);
    assert!(run("worse.tiff", "1").stderr.contains(".png, .jpg"));
    assert_eq!(run("other.png", "6").status, 2);
    assert_eq!(program.run(["distort", &photo]).status, 2);
    let missing = program.run(["distort", "none.jpg", "--sheet", "sheet.svg"]);
    assert!(missing.stderr.contains("none.jpg"), "{}", missing.stderr);
}

#[test]
fn falls_are_counted_for_every_type() {
    let program = Program::new();
    fs::create_dir(program.path("photos")).unwrap();
    for name in ["dandelion.jpg", "dogs.jpg"] {
        fs::copy(sample(name), program.path("photos").join(name)).unwrap();
    }
    fs::write(program.path("photos/broken.jpg"), b"no photo").unwrap();
    let base = ["evaluate", "--distortions", "--images", "photos"];
    let ran = program.run([&base[..], &["--format", "json"]].concat());
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("broken.jpg"), "{}", ran.stderr);
    let figures = ran.json();
    assert_eq!(
        (figures["photos"].as_u64(), figures["failed"].as_u64()),
        (Some(2), Some(1))
    );
    let types = figures["types"].as_array().unwrap();
    assert_eq!(types.len(), 34);
    for falls in types {
        assert_eq!(falls["steps"], 10, "{falls}");
        let share = falls["fell"].as_f64().unwrap() / 10.0;
        assert_eq!(falls["share"].as_f64(), Some(share));
        assert_eq!(falls["means"].as_array().unwrap().len(), 6);
    }
    // The whole is the sum of the parts, and better than chance.
    let fell: u64 = types.iter().map(|t| t["fell"].as_u64().unwrap()).sum();
    let share = figures["share"].as_f64().unwrap();
    assert!(
        (share - fell as f64 / 340.0).abs() < 1e-12 && share > 0.5,
        "{share}"
    );

    let both = [&base[..], &["--scores", "x.csv"]].concat();
    assert_eq!(program.run(both).status, 2);
    assert_eq!(program.run(["evaluate", "--images", "photos"]).status, 2);
    fs::create_dir(program.path("none")).unwrap();
    let none = program.run(["evaluate", "--distortions", "--images", "none"]);
    assert!(none.stderr.contains("holds no photos"), "{}", none.stderr);
}
