//! Sorting and filtering in the window.

use std::fs;

use egui::{Key, Role};
use egui_kittest::kittest::Queryable;

use super::window::Window;
use crate::support::photos;

/// Six greys and a broken file, of which the second is picked with 3 stars and
/// the last but one red.
fn window() -> Window {
    let mut window = Window::new();
    photos::greys(window.folder.path(), 6);
    fs::write(window.folder.path().join("broken.jpg"), b"\xff\xd8\xff").expect("a file");
    let folder = window.folder.path().to_owned();
    window.drop(&[&folder]);
    window.until_scored();
    window.until_rated();
    window.press(Key::ArrowRight);
    window.press(Key::P);
    window.press(Key::Num3);
    window.press(Key::End);
    window.press(Key::ArrowLeft);
    window.press(Key::Num6);
    window.until_rated();
    window.press(Key::F);
    window
}

fn check(window: &mut Window, label: &str) {
    window
        .harness
        .get_by_role_and_label(Role::CheckBox, label)
        .click();
    window.harness.run_steps(3);
}

#[test]
fn filters_say_what_they_hide_and_can_be_taken_out() {
    let mut window = window();
    assert_eq!(window.tiles().len(), 7);
    assert!(!window.shows("shown"));
    check(&mut window, "Picked");
    assert_eq!(window.tiles().len(), 1);
    assert!(window.shows("1 of 7 shown"));
    check(&mut window, "No flag");
    assert_eq!(window.tiles().len(), 7);
    window.click("Without: Picked or no flag");
    for (control, count) in [
        ("3 or more stars", 1),
        ("4 or more stars", 0),
        ("Red label", 1),
        ("Not rated", 5),
        ("Without a score", 1),
    ] {
        check(&mut window, control);
        assert_eq!(window.tiles().len(), count, "{control}");
        assert!(window.shows(&format!("{count} of 7 shown")), "{control}");
        window.click("Show all photos");
        assert_eq!(window.tiles().len(), 7, "{control}");
    }
}

#[test]
fn photos_are_found_by_their_names() {
    let mut window = window();
    let field = window.harness.get_by_role(Role::TextInput);
    field.focus();
    window.harness.run_steps(2);
    window
        .harness
        .get_by_role(Role::TextInput)
        .type_text("BROK");
    window.harness.run_steps(3);
    assert_eq!(window.tiles(), ["broken.jpg, without a score"]);
    // What is typed is no command.
    assert!(window.shows("Name has \"BROK\""));
    window.click("Without: Name has \"BROK\"");
    assert_eq!(window.tiles().len(), 7);
}

#[test]
fn a_photo_that_its_rating_hides_gives_its_place_to_the_next() {
    let mut window = window();
    check(&mut window, "Not rated");
    window.press(Key::Home);
    let before = window.tiles();
    window.press(Key::X);
    let after = window.tiles();
    assert_eq!(after, before[1..]);
    let state = window.harness.state().state();
    assert_eq!(state.place_of_focus(), Some(0));
}

#[test]
fn photos_are_sorted_and_turned_round() {
    let mut window = window();
    let by_score = window.tiles();
    window.click("Turn the order round");
    let turned: Vec<String> = by_score.iter().rev().cloned().collect();
    assert_eq!(window.tiles(), turned);
    window.click("Turn the order round");
    window
        .harness
        .get_by_role_and_label(Role::ComboBox, "Sort by Score")
        .click();
    window.harness.run_steps(4);
    window
        .harness
        .get_by_role_and_label(Role::Button, "Name")
        .click();
    window.harness.run_steps(4);
    let names: Vec<String> = window.tiles();
    assert!(names.is_sorted(), "{names:?}");
    // A rank is a rank, whatever the order.
    assert!(names.iter().any(|tile| tile.contains("rank 1 of 6")));
}
