//! Undoing when things have changed.

use super::*;

#[test]
fn undoing_leaves_what_was_changed_or_is_in_the_way() {
    let mut shoot = Shoot::new(&["a.jpg", "b.jpg", "c.jpg", "d.jpg"]);
    let names = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"];
    let plan = shoot.plan(&shoot.request(&names, Destination::Rejected));
    shoot.carry_out(&plan);
    fs::write(shoot.path("_rejected/a.jpg"), "edited by somebody").unwrap();
    fs::write(shoot.path("b.jpg"), "new").unwrap();
    fs::remove_file(shoot.path("_rejected/c.jpg")).unwrap();
    let undone = shoot.undo();
    assert_eq!(undone.went.len(), 1);
    let mut failed = undone.failed.clone();
    failed.sort_by(|a, b| a.path.cmp(&b.path));
    assert_eq!(failed[0].reason, "has changed since");
    assert!(
        failed[1].reason.ends_with("b.jpg is there already"),
        "{failed:?}"
    );
    assert!(failed[2].reason.starts_with("cannot be read"), "{failed:?}");
    let left = [
        "_rejected/",
        "_rejected/a.jpg",
        "_rejected/b.jpg",
        "b.jpg",
        "d.jpg",
    ];
    assert_eq!(shoot.names(), left);
    assert_eq!(fs::read(shoot.path("b.jpg")).unwrap(), b"new");

    // Out of the way, it can be tried again.
    fs::remove_file(shoot.path("b.jpg")).unwrap();
    assert_eq!(shoot.redo().went.len(), 1);
    let undone = shoot.undo();
    assert_eq!((undone.went.len(), undone.failed.len()), (2, 2));
}

#[test]
fn a_sidecar_that_came_since_keeps_its_photo() {
    let mut shoot = Shoot::new(&["a.jpg"]);
    let plan = shoot.plan(&shoot.request(&["a.jpg"], Destination::Rejected));
    fs::write(shoot.path("a.xmp"), crate::metadata::xmp::blank()).unwrap();
    let carried = shoot.carry_out(&plan);
    assert_eq!(reasons(&carried), ["was not there when this was planned"]);
    fs::remove_file(shoot.path("a.xmp")).unwrap();
    let plan = shoot.plan(&shoot.request(&["a.jpg"], Destination::Rejected));
    assert_eq!(shoot.carry_out(&plan).went.len(), 1);
    fs::write(shoot.path("_rejected/a.xmp"), crate::metadata::xmp::blank()).unwrap();
    let undone = shoot.undo();
    assert_eq!(undone.failed[0].path, shoot.path("_rejected/a.xmp"));
}

#[test]
fn copies_are_taken_back_only_while_their_originals_are_there() {
    let mut shoot = Shoot::new(&["a.jpg", "b.jpg", "c.jpg"]);
    let mut request = shoot.request(
        &["a.jpg", "b.jpg", "c.jpg"],
        Destination::Folder(shoot.path("out")),
    );
    request.copy = true;
    let plan = shoot.plan(&request);
    assert_eq!(shoot.carry_out(&plan).went.len(), 3);
    fs::remove_file(shoot.path("a.jpg")).unwrap();
    fs::write(shoot.path("out/b.jpg"), "edited").unwrap();
    let undone = shoot.undo();
    assert_eq!((undone.went.len(), undone.failed.len()), (1, 2));
    let names = ["b.jpg", "c.jpg", "out/", "out/a.jpg", "out/b.jpg"];
    assert_eq!(shoot.names(), names);
}
