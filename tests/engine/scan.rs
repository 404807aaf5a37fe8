//! What a request's paths mean.

use std::fs;
use std::path::Path;

use super::{Done, run};
use crate::support::photos::{grey, sized};

/// The found photos relative to `root`, with `/` between folders.
fn names(done: &Done, root: &Path) -> Vec<String> {
    let name = |path: &Path| {
        let parts = path.strip_prefix(root).unwrap().components();
        let parts: Vec<_> = parts.map(|c| c.as_os_str().to_str().unwrap()).collect();
        parts.join("/")
    };
    done.scan.photos.iter().map(|path| name(path)).collect()
}

#[test]
fn a_folder_gives_its_photos_and_skips_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    grey(&root.join("b.PNG"), 9);
    sized(&root.join("a.jpg"), 9, 30, 20);
    fs::write(root.join("broken.jpeg"), b"not a photo at all").unwrap();
    fs::write(root.join("empty.tif"), b"").unwrap();
    // Six to skip.
    for name in [
        "a.xmp",
        "a.jpg.xmp",
        "notes.txt",
        "Thumbs.db",
        "noextension",
    ] {
        fs::write(root.join(name), b"x").unwrap();
    }
    grey(&root.join(".hidden.png"), 9);
    // Not looked into without --recursive, and no files.
    fs::create_dir(root.join("sub")).unwrap();
    grey(&root.join("sub/c.png"), 9);

    let done = run(&[root], false);
    assert_eq!(
        names(&done, root),
        ["a.jpg", "b.PNG", "broken.jpeg", "empty.tif"]
    );
    assert_eq!(done.scan.skipped, 6);
    assert_eq!((done.summary.scored, done.summary.failed), (2, 2));
    assert!(!done.reason(&root.join("broken.jpeg")).is_empty());
    assert!(!done.reason(&root.join("empty.tif")).is_empty());
}

#[test]
fn recursion_goes_to_any_depth_but_not_into_hidden_folders() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let mut deep = root.to_owned();
    for _ in 0..30 {
        deep.push("d");
    }
    fs::create_dir_all(&deep).unwrap();
    grey(&deep.join("deep.png"), 9);
    fs::create_dir(root.join(".thumbnails")).unwrap();
    grey(&root.join(".thumbnails/t.png"), 9);
    grey(&root.join("z.png"), 9);

    let done = run(&[root], true);
    let names = names(&done, root);
    assert_eq!(names.len(), 2);
    assert!(
        names[0].ends_with("d/d/deep.png") && names[1] == "z.png",
        "{names:?}"
    );
    assert_eq!(done.scan.skipped, 1);
    // A hidden folder that was named is meant.
    assert_eq!(run(&[&root.join(".thumbnails")], false).summary.scored, 1);
}

#[test]
fn a_named_file_is_always_answered() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    grey(&root.join("photo.png"), 200);
    fs::rename(root.join("photo.png"), root.join("photo.data")).unwrap();
    grey(&root.join(".hidden.png"), 200);
    fs::write(root.join("notes.txt"), b"text").unwrap();
    let paths = [
        "photo.data",
        ".hidden.png",
        "notes.txt",
        "missing.jpg",
        "missing",
    ];
    let paths = paths.map(|name| root.join(name));
    let done = run(&paths.each_ref().map(|path| path.as_path()), false);
    assert_eq!((done.summary.scored, done.summary.failed), (2, 3));
    assert_eq!(done.scan.skipped, 0);
    for missing in &paths[3..] {
        let reason = done.reason(missing);
        assert!(reason.starts_with("cannot be read:"), "{reason}");
    }
}

#[test]
fn every_file_comes_once_in_path_order() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir(root.join("sub")).unwrap();
    for name in ["c.png", "a.png", "sub/b.png"] {
        grey(&root.join(name), 9);
    }
    let (sub, a) = (root.join("sub"), root.join("a.png"));
    for paths in [
        vec![root, sub.as_path(), a.as_path(), root],
        vec![a.as_path(), sub.as_path(), root],
    ] {
        for recursive in [true, false] {
            let done = run(&paths, recursive);
            assert_eq!(names(&done, root), ["a.png", "c.png", "sub/b.png"]);
        }
    }
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    use super::*;

    #[test]
    fn links_in_a_ring_end_and_real_names_win() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("m/n")).unwrap();
        grey(&root.join("m/n/photo.png"), 9);
        grey(&outside.path().join("far.png"), 9);
        grey(&outside.path().join("other.png"), 9);
        symlink(root, root.join("m/n/up")).unwrap();
        symlink(root.join("m"), root.join("a")).unwrap();
        symlink(root.join("m/n/photo.png"), root.join("a.png")).unwrap();
        symlink(outside.path(), root.join("out")).unwrap();
        symlink(outside.path().join("far.png"), root.join("far.png")).unwrap();
        symlink(root.join("nothing"), root.join("gone.jpg")).unwrap();

        let done = run(&[root], true);
        let expected = ["far.png", "gone.jpg", "m/n/photo.png", "out/other.png"];
        assert_eq!(names(&done, root), expected);
        assert!(
            done.reason(&root.join("gone.jpg"))
                .starts_with("cannot be read:")
        );
        assert_eq!(done.scan.skipped, 0);

        // Without recursion, links to folders are not followed.
        let done = run(&[root], false);
        assert_eq!(names(&done, root), ["a.png", "far.png", "gone.jpg"]);
        // A link that was named is entered.
        let done = run(&[&root.join("out")], false);
        assert_eq!(names(&done, root), ["out/far.png", "out/other.png"]);
    }

    #[test]
    fn a_pipe_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.jpg");
        let made = Command::new("mkfifo").arg(&pipe).status();
        if !made.is_ok_and(|status| status.success()) {
            println!("skipped: no mkfifo on this machine");
            return;
        }
        assert_eq!(run(&[folder.path()], false).scan.skipped, 1);
        let done = run(&[&pipe], false);
        assert_eq!(done.reason(&pipe), "is neither a file nor a folder");
    }

    #[test]
    fn an_unreadable_folder_is_a_failure_and_the_rest_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let closed = root.join("closed");
        fs::create_dir(&closed).unwrap();
        grey(&closed.join("inside.png"), 9);
        grey(&root.join("photo.png"), 9);
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
        let readable = fs::read_dir(&closed).is_ok();
        let done = run(&[root], true);
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
        if readable {
            println!("skipped: this user may read every folder");
            return;
        }
        assert_eq!(names(&done, root), ["closed", "photo.png"]);
        assert!(done.reason(&closed).starts_with("cannot be read:"));
        assert_eq!(done.summary.scored, 1);
    }

    #[test]
    fn names_that_are_no_text_survive() {
        let folder = tempfile::tempdir().unwrap();
        let odd = folder.path().join(OsStr::from_bytes(b"caf\xe9\n.png"));
        if fs::write(&odd, b"").is_err() {
            println!("skipped: this file system takes only names that are text");
            return;
        }
        grey(&folder.path().join("x.png"), 9);
        fs::rename(folder.path().join("x.png"), &odd).unwrap();
        let done = run(&[folder.path()], false);
        assert_eq!(done.scan.photos, [odd]);
        assert_eq!(done.summary.scored, 1);
    }
}
