//! Rating in the window: by keys and pointer, into the catalog and sidecars.

use std::fs;
use std::path::{Path, PathBuf};

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable;
use keepers::catalog::Catalog;
use keepers::home::Home;

use super::window::Window;
use crate::support::photos;

fn file(window: &Window, name: &str) -> PathBuf {
    window.folder.path().join(name)
}

/// The rating in the catalog, in words.
fn kept(window: &Window, photo: &Path) -> String {
    let home = Home::under(window.home.path());
    let catalog = Catalog::open_existing(&Catalog::file_in(&home.catalog))
        .expect("a catalog")
        .expect("a catalog");
    let ratings = catalog.ratings(&[photo.to_owned()]).expect("ratings");
    ratings[0].unwrap_or_default().to_string()
}

fn focused(window: &Window) -> PathBuf {
    let state = window.harness.state().state();
    let photo = state.focus.and_then(|id| state.shoot.photo(id));
    photo.expect("a focused photo").path.clone()
}

#[test]
fn keys_rate_into_catalog_and_sidecar_and_are_undone_and_redone() {
    let mut window = Window::with_greys(3);
    let photo = focused(&window);
    let before = fs::read(&photo).expect("the photo");
    window.press(Key::P);
    // At once, whatever the disk does.
    assert!(
        window.tiles()[0].ends_with("picked"),
        "{:?}",
        window.tiles()
    );
    assert!(window.shows("Picked"));
    window.press(Key::Num4);
    window.press(Key::Num6);
    window.until_rated();
    let all = "4 stars, picked, red";
    assert_eq!(kept(&window, &photo), all);
    assert!(window.tiles()[0].ends_with("4 stars, picked, red label"));
    let sidecar = fs::read_to_string(photo.with_extension("xmp")).expect("a sidecar");
    assert!(
        sidecar.contains("Rating") && sidecar.contains("Red"),
        "{sidecar}"
    );
    assert_eq!(fs::read(&photo).expect("the photo"), before);

    window.press_with_ctrl(Key::Z);
    window.until_shown("Undone: red for 1 photo");
    assert_eq!(kept(&window, &photo), "4 stars, picked");
    window
        .harness
        .key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    window.until_shown("Done again: red for 1 photo");
    assert_eq!(kept(&window, &photo), all);
    // The same label again takes it away.
    window.press(Key::Num6);
    window.until_rated();
    assert!(window.tiles()[0].ends_with("4 stars, picked"));
    window.press(Key::U);
    window.press(Key::Num0);
    window.until_rated();
    assert_eq!(kept(&window, &photo), "no stars, no flag, no label");
}

#[test]
fn ratings_are_there_the_next_time_and_can_still_be_undone() {
    let mut window = Window::with_greys(2);
    let photo = focused(&window);
    window.press(Key::X);
    // The window goes before the disk is done.
    let mut window = window.reopened();
    assert_eq!(kept(&window, &photo), "rejected");
    window.open_folder();
    let rejected = |window: &Window| {
        let tiles = window.tiles();
        tiles
            .iter()
            .filter(|tile| tile.ends_with("rejected"))
            .count()
    };
    assert_eq!(rejected(&window), 1);
    window.press_with_ctrl(Key::Z);
    window.until_shown("Undone: rejected for 1 photo");
    assert_eq!(rejected(&window), 0);
    window.press_with_ctrl(Key::Z);
    window.until_shown("There is nothing to undo");
}

#[test]
fn a_selection_is_rated_as_one_command() {
    let mut window = Window::with_greys(5);
    window.press_with(Modifiers::SHIFT, Key::ArrowRight);
    window.press_with(Modifiers::SHIFT, Key::ArrowRight);
    assert!(window.shows("3 selected"));
    window.press(Key::Num2);
    window.until_rated();
    assert!(window.shows("2 selected") || window.shows("3 selected"));
    let rated = |window: &Window, word: &str| {
        let tiles = window.tiles();
        tiles.iter().filter(|tile| tile.contains(word)).count()
    };
    assert_eq!(rated(&window, "2 stars"), 3);
    window.press_with_ctrl(Key::A);
    window.press(Key::P);
    window.until_rated();
    assert_eq!(rated(&window, "picked"), 5);
    window.press_with_ctrl(Key::Z);
    window.until_shown("Undone: picked for 5 photos");
    assert_eq!(rated(&window, "picked"), 0);
    window.press_with_ctrl(Key::Z);
    window.until_shown("Undone: 2 stars for 3 photos");
    assert_eq!(rated(&window, "2 stars"), 0);
    // Escape leaves the selection, and keys mean one photo again.
    window.press(Key::Escape);
    window.press(Key::Num1);
    window.until_rated();
    assert_eq!(rated(&window, "1 star"), 1);
}

#[test]
fn the_pointer_selects_and_rates() {
    let mut window = Window::with_greys(4);
    let names: Vec<String> = window
        .tiles()
        .iter()
        .map(|tile| format!("{}, score", tile.split(',').next().expect("a name")))
        .collect();
    let click = |window: &mut Window, name: &str, modifiers: Modifiers| {
        window
            .harness
            .get_by_label_contains(name)
            .click_modifiers(modifiers);
        window.harness.run_steps(3);
    };
    click(&mut window, &names[0], Modifiers::NONE);
    click(&mut window, &names[2], Modifiers::COMMAND);
    assert!(window.shows("2 selected"));
    click(&mut window, &names[3], Modifiers::SHIFT);
    assert!(window.shows("2 selected"));
    click(&mut window, &names[1], Modifiers::NONE);
    assert!(!window.shows("selected"));
    // Large, every mark can be clicked.
    window.press(Key::Enter);
    let name = names[1].split(',').next().expect("a name");
    for mark in ["Pick", "3 stars", "Blue label"] {
        window.click(&format!("{name}: {mark}"));
    }
    window.until_rated();
    let photo = file(&window, name);
    assert_eq!(kept(&window, &photo), "3 stars, picked, blue");
    // What it has already is taken away.
    window.click(&format!("{name}: No stars"));
    window.click(&format!("{name}: No flag"));
    window.click(&format!("{name}: Blue label"));
    window.until_rated();
    assert_eq!(kept(&window, &photo), "no stars, no flag, no label");
}

#[test]
fn the_large_view_rates_what_is_seen_and_can_go_on_by_itself() {
    let mut window = Window::with_greys(4);
    window.press_with_ctrl(Key::A);
    window.press(Key::Enter);
    window.press(Key::A);
    let first = focused(&window);
    window.press(Key::Num5);
    let second = focused(&window);
    assert_ne!(first, second);
    window.press(Key::A);
    window.press(Key::Num1);
    assert_eq!(focused(&window), second);
    window.until_rated();
    assert_eq!(kept(&window, &first), "5 stars");
    assert_eq!(kept(&window, &second), "1 star");
    let state = window.harness.state().state();
    let unrated = state.shoot.shown().iter();
    let unrated = unrated.filter(|id| state.shoot.photo(**id).is_some_and(|it| it.is_unrated()));
    assert_eq!(unrated.count(), 2);
}

#[test]
fn sidecars_of_other_programs_are_shown() {
    let mut window = Window::new();
    let paths = photos::greys(window.folder.path(), 2);
    fs::write(paths[0].with_extension("xmp"), sidecar(4)).expect("a sidecar");
    window.open_folder();
    let tiles = window.tiles();
    let rated = tiles.iter().find(|tile| tile.starts_with("000.png"));
    assert!(
        rated.is_some_and(|tile| tile.ends_with("4 stars")),
        "{tiles:?}"
    );
}

#[test]
fn where_another_program_rated_meanwhile_the_user_is_asked() {
    let mut window = Window::with_greys(1);
    let photo = file(&window, "000.png");
    let sidecar_file = photo.with_extension("xmp");
    window.press(Key::Num2);
    window.until_rated();
    for (ours, expected) in [("Keep mine", "3 stars"), ("Take the other", "5 stars")] {
        fs::write(&sidecar_file, sidecar(5)).expect("a sidecar");
        window.press(Key::Num3);
        window.until_shown("You: 3 stars. The other program: 5 stars.");
        assert_eq!(kept(&window, &photo), "3 stars");
        window.click(&format!("{ours} for 000.png"));
        window.until_rated();
        assert_eq!(kept(&window, &photo), expected);
        assert!(!window.shows("The other program"));
        window.press(Key::Num2);
        window.until_rated();
    }
}

#[test]
fn what_cannot_be_kept_is_said_and_shown_as_it_is() {
    let mut window = Window::with_greys(2);
    let photo = focused(&window);
    window.press(Key::Num2);
    window.until_rated();
    fs::remove_file(&photo).expect("the photo goes");
    window.press(Key::Num5);
    let name = photo.file_name().expect("a name").display().to_string();
    window.until_shown("cannot be read");
    assert!(window.shows(&name));
    assert!(
        window.tiles()[0].ends_with("2 stars"),
        "{:?}",
        window.tiles()
    );
}

#[test]
fn without_a_catalog_nothing_is_rated_and_the_reason_is_said() {
    // Where the folder of the catalog should be, a file is.
    let home = tempfile::tempdir().expect("a home");
    let catalog = home.path().join("catalog");
    fs::write(&catalog, b"no folder").expect("a file");
    let mut window = Window::in_home(home);
    photos::greys(window.folder.path(), 1);
    window.open_folder();
    window.press(Key::P);
    window.until_shown("000.png: its rating could not be kept");
    assert!(!window.tiles()[0].ends_with("picked"));
    assert_eq!(fs::read(&catalog).expect("the file"), b"no folder");
    window
        .harness
        .get_by_role_and_label(Role::Button, "Dismiss");
}

fn sidecar(stars: u8) -> String {
    format!(
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF \
         xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description \
         rdf:about=\"\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmp:Rating=\"{stars}\"/>\
         </rdf:RDF></x:xmpmeta>"
    )
}
