//! What the window remembers.

use std::fs;

use egui::Key;
use keepers::app::Settings;
use keepers::home::Home;

use super::window::Window;

#[test]
fn what_was_chosen_is_there_the_next_time() {
    let mut window = Window::with_greys(1);
    let folder = window.folder.path().to_owned();
    window.press_with_ctrl(Key::Comma);
    window.harness.run_steps(2);
    window.choose("Light");
    window.choose("IMG.CR2.xmp");
    window.press(Key::I);
    let mut window = window.reopened();
    let file = Settings::file(&Home::under(window.home.path()));
    assert_eq!(Settings::read(&file).0.last, std::slice::from_ref(&folder));
    let name = folder
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    assert!(window.shows(&format!("Open {name} again")));
    window.open_folder();
    assert!(window.harness.state().state().inspecting);
    window.press(Key::P);
    window.until_rated();
    // The sidecar has the name that was chosen.
    let names = fs::read_dir(&folder).expect("the folder").flatten();
    let sidecars = names.filter(|it| it.file_name().to_string_lossy().contains(".png.xmp"));
    assert_eq!(sidecars.count(), 1);
    window.press_with_ctrl(Key::W);
    let window = window.reopened();
    assert!(Settings::read(&file).0.last.is_empty());
    drop(window);
}

#[test]
fn a_remembered_profile_that_cannot_be_used_does_not_stop_scoring() {
    let home = tempfile::tempdir().expect("a home");
    let place = Home::under(home.path());
    fs::create_dir_all(&place.profiles).expect("a folder");
    fs::write(place.profiles.join("old.safetensors"), b"not a profile").expect("a file");
    let settings = Settings {
        profile: Some("old".to_owned()),
        ..Settings::default()
    };
    settings.write(&Settings::file(&place)).expect("settings");
    let mut window = Window::in_home(home);
    window.until_shown("The profile is left out");
    crate::support::photos::greys(window.folder.path(), 1);
    window.open_folder();
    assert_eq!(window.harness.state().state().shoot.scored(), 1);
    assert!(window.shows("Profile: Default"));
}

#[test]
fn a_key_is_changed_where_it_is_listed() {
    let mut window = Window::with_greys(2);
    window.press(Key::Questionmark);
    // The list finds its place on the screen in its first frames.
    window.harness.run_steps(4);
    window.click("Change the key of Pick");
    window.press(Key::Q);
    window.press(Key::Escape);
    window.press(Key::P);
    assert!(!window.tiles()[0].ends_with("picked"));
    window.press(Key::Q);
    assert!(
        window.tiles()[0].ends_with("picked"),
        "{:?}",
        window.tiles()
    );
    window.until_rated();
}
