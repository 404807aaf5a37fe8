//! What the window says about one photo.

use std::fs;

use egui::{Key, Role};
use egui_kittest::kittest::Queryable;
use keepers::engine::models::Source;

use super::window::{Window, samples};
use crate::support::{formula, photos};

#[test]
fn the_inspector_says_where_a_score_stands_and_what_the_camera_wrote() {
    let mut window = Window::new();
    samples(window.folder.path());
    let folder = window.folder.path().to_owned();
    window.drop(&[&folder]);
    window.until_scored();
    window.until_rated();
    assert!(!window.shows("of this shoot"));
    window.press(Key::I);
    assert!(window.shows("The best of this shoot"));
    window.press(Key::End);
    assert!(window.shows("No photo of this shoot has a lower score"));
    window.press(Key::ArrowLeft);
    assert!(window.shows("Better than 9 % of this shoot"));
    window
        .harness
        .get_by_role_and_label(Role::Image, "Histogram");
    assert!(window.shows("pixels"));
    // In the large view, too.
    window.press(Key::Enter);
    assert!(window.shows("Better than 9 % of this shoot"));
    window.press(Key::I);
    assert!(!window.shows("of this shoot"));
}

#[test]
fn the_scene_is_told_where_the_model_tells_scenes() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("network.safetensors");
    fs::write(&file, formula::small_network(None)).expect("a file");
    let mut window = Window::with(Source::File(file), 1.0);
    photos::greys(window.folder.path(), 2);
    let photos = window.folder.path().to_owned();
    window.drop(&[&photos]);
    window.until_scored();
    window.press(Key::I);
    window.until_shown("Scene: ");
    // The built-in model does not.
    let mut window = Window::new();
    photos::greys(window.folder.path(), 1);
    let photos = window.folder.path().to_owned();
    window.drop(&[&photos]);
    window.until_scored();
    window.press(Key::I);
    assert!(!window.shows("Scene: "));
}
