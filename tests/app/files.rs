//! Moving and copying from the window, and undoing it.

use std::fs;

use egui::Key;

use super::window::Window;

fn files(window: &Window, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(window.folder.path().join(folder));
    let entries = entries.into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.path().is_file());
    let mut names: Vec<String> = files
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn rejected_photos_go_aside_with_their_sidecars_and_come_back() {
    let mut window = Window::with_greys(3);
    let before = files(&window, "");
    window.press(Key::X);
    window.until_rated();
    let rated = files(&window, "");
    assert_eq!(rated.len(), before.len() + 1);
    window.press_with_ctrl(Key::M);
    window.click("Rejected photos aside…");
    window.until_shown("Move 1 photo to _rejected");
    // Nothing happens before the user says so.
    assert_eq!(files(&window, ""), rated);
    window.click("Go ahead");
    window.until_shown("1 photo went, with 1 sidecar");
    assert_eq!(files(&window, "_rejected").len(), 2);
    assert_eq!(files(&window, "").len(), 2);
    assert_eq!(window.tiles().len(), 3);
    window.press_with_ctrl(Key::Z);
    window.until_shown("Undone: moved 1 photo (rejected) to _rejected");
    assert_eq!(files(&window, ""), rated);
    assert!(files(&window, "_rejected").is_empty());
}

#[test]
fn picks_are_copied_and_a_taken_name_is_asked_about() {
    let mut window = Window::with_greys(2);
    window.press(Key::P);
    window.until_rated();
    let target = window.folder.path().join("best");
    fs::create_dir(&target).expect("a folder");
    for name in files(&window, "") {
        if name.ends_with(".png") || name.ends_with(".jpg") {
            fs::write(target.join(name), b"something else").expect("a file");
        }
    }
    window.press_with_ctrl(Key::M);
    window.dialogs.answer(vec![target.clone()]);
    window.click("Copy picked photos…");
    window.until_shown("taken there already");
    window.click("Add a number to their names");
    window.until_shown("Copy 1 photo to");
    window.click("Go ahead");
    window.until_shown("1 photo went");
    let copies = files(&window, "best");
    let numbered = copies.iter().filter(|name| name.contains(" (2)"));
    assert_eq!(numbered.count(), 2, "{copies:?}");
    // The photos themselves are where they were, for disk and window alike, however
    // often it is taken back and done again.
    let there = |window: &Window| {
        let shoot = &window.harness.state().state().shoot;
        let folder = window.folder.path();
        let photos = shoot.order().iter().filter_map(|id| shoot.photo(*id));
        photos.filter(|it| it.path.parent() == Some(folder)).count()
    };
    assert_eq!((files(&window, "").len(), there(&window)), (3, 2));
    window.press_with_ctrl(Key::Z);
    window.until_shown("Undone: copied 1 photo");
    assert_eq!(there(&window), 2);
    window.press_with_ctrl(Key::Y);
    window.until_shown("Done again: copied 1 photo");
    assert_eq!((files(&window, "").len(), there(&window)), (3, 2));
}
