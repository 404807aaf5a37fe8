//! Names that are taken.

use super::*;

#[test]
fn a_taken_name_is_refused_skipped_or_numbered_and_never_replaced() {
    let mut shoot = Shoot::new(&["a.CR2", "a.JPG", "b.jpg", "c.jpg"]);
    fs::create_dir(shoot.path("out")).unwrap();
    fs::write(shoot.path("out/a.JPG"), "another").unwrap();
    fs::copy(shoot.path("b.jpg"), shoot.path("out/b.jpg")).unwrap();
    let before = shoot.all();
    let mut request = shoot.request(
        &["a.CR2", "b.jpg", "c.jpg"],
        Destination::Folder(shoot.path("out")),
    );
    let plan = shoot.plan(&request);
    let taken: Vec<Taken> = plan.conflicts.iter().map(|c| c.taken).collect();
    assert_eq!(taken, [Taken::Different, Taken::Same]);
    assert!(plan.is_blocked());
    let carried = shoot.carry_out(&plan);
    assert_eq!((carried.went.len(), carried.failed.len()), (0, 2));
    assert_eq!(shoot.all(), before);

    request.on_conflict = OnConflict::Skip;
    let plan = shoot.plan(&request);
    assert_eq!(shoot.carry_out(&plan).went.len(), 1);
    assert!(shoot.path("a.CR2").exists(), "the pair stays together");
    assert!(shoot.path("out/c.jpg").exists());
    shoot.undo();
    assert_eq!(shoot.all(), before);

    request.on_conflict = OnConflict::Rename;
    let plan = shoot.plan(&request);
    assert_eq!(shoot.carry_out(&plan).went.len(), 4);
    let names = [
        "a (2).CR2",
        "a (2).JPG",
        "a.JPG",
        "b (2).jpg",
        "b.jpg",
        "c.jpg",
    ];
    let expected: Vec<String> = std::iter::once("out/".to_owned())
        .chain(names.iter().map(|name| format!("out/{name}")))
        .collect();
    assert_eq!(shoot.names(), expected);
    assert_eq!(fs::read(shoot.path("out/a.JPG")).unwrap(), b"another");
    shoot.undo();
    assert_eq!(shoot.all(), before);
}

#[test]
fn a_name_taken_after_the_plan_is_that_files_failure() {
    let mut shoot = Shoot::new(&["a.CR2", "a.JPG", "b.jpg"]);
    let request = shoot.request(&["a.CR2", "b.jpg"], Destination::Rejected);
    let plan = shoot.plan(&request);
    fs::create_dir(shoot.path(REJECTED)).unwrap();
    fs::write(shoot.path("_rejected/a.JPG"), "another").unwrap();
    let carried = shoot.carry_out(&plan);
    assert_eq!(carried.went.len(), 1);
    assert!(
        reasons(&carried)[0].contains("is there already"),
        "{carried:?}"
    );
    assert_eq!(carried.failed[0].path, shoot.path("a.JPG"));
    let names = [
        "_rejected/",
        "_rejected/a.JPG",
        "_rejected/b.jpg",
        "a.CR2",
        "a.JPG",
    ];
    assert_eq!(shoot.names(), names);
    assert_eq!(fs::read(shoot.path("_rejected/a.JPG")).unwrap(), b"another");
}

#[test]
fn two_photos_of_one_name_do_not_meet() {
    let mut shoot = Shoot::new(&["a.jpg"]);
    fs::create_dir(shoot.path("sub")).unwrap();
    fs::write(shoot.path("sub/a.jpg"), "another").unwrap();
    let mut request = shoot.request(
        &["a.jpg", "sub/a.jpg", "sub/../a.jpg"],
        Destination::Folder(shoot.path("out")),
    );
    let plan = shoot.plan(&request);
    assert_eq!(plan.conflicts.len(), 1);
    assert_eq!(plan.conflicts[0].taken, Taken::Planned);
    request.on_conflict = OnConflict::Rename;
    let plan = shoot.plan(&request);
    shoot.carry_out(&plan);
    assert_eq!(
        shoot.names(),
        ["out/", "out/a (2).jpg", "out/a.jpg", "sub/"]
    );
}

#[test]
fn sidecars_are_not_mixed_up() {
    let mut shoot = Shoot::new(&["a.CR2", "b.jpg"]);
    shoot.rate(&["b.jpg"], Flag::Pick);
    fs::create_dir(shoot.path("out")).unwrap();
    // One whose photo is gone, and a photo that b.xmp would become part of.
    fs::copy(shoot.path("b.xmp"), shoot.path("out/a.xmp")).unwrap();
    fs::write(shoot.path("out/b.CR2"), "raw").unwrap();
    let request = shoot.request(&["a.CR2", "b.jpg"], Destination::Folder(shoot.path("out")));
    let plan = shoot.plan(&request);
    let taken: Vec<Taken> = plan.conflicts.iter().map(|c| c.taken).collect();
    assert_eq!(taken, [Taken::Sidecar, Taken::Sidecar]);
}
