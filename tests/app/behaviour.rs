//! What the window does. These need no graphics driver.

use std::fs;
use std::path::Path;

use egui::{Key, Role};
use egui_kittest::kittest::Queryable;
use keepers::app::View;
use keepers::engine::models::Source;

use super::window::{Window, samples};
use crate::support::photos;
use crate::support::program::Program;

/// A window that has scored the sample photos and a broken one.
fn scored() -> Window {
    let mut window = Window::new();
    samples(window.folder.path());
    fs::write(window.folder.path().join("broken.jpg"), b"\xff\xd8\xff").expect("a file");
    let folder = window.folder.path().to_owned();
    window.drop(&[&folder]);
    window.until_scored();
    window
}

#[test]
fn the_welcome_offers_what_can_be_opened() {
    let window = Window::new();
    assert!(window.shows("Drop a folder of photos here"));
    for label in [
        "Open folder…",
        "Open photos…",
        "Try the sample photos",
        "Keys",
    ] {
        window.harness.get_by_role_and_label(Role::Button, label);
    }
}

#[test]
fn scores_are_those_of_the_command_line_to_the_last_digit() {
    let mut window = scored();
    let out = window.folder.path().join("window.csv");
    window.dialogs.answer(vec![out.clone()]);
    window.press_with_ctrl(Key::S);
    window.until("the export", |harness| {
        harness
            .query_by_label_contains("Exported 13 photos")
            .is_some()
    });
    let name = window.folder.path().file_name().expect("a name");
    let proposed = window.dialogs.proposed.lock().expect("names").clone();
    assert_eq!(proposed, [format!("{} scores", name.display())]);

    let program = Program::new();
    let folder = window.folder.path().as_os_str();
    let ran = program.run([
        "score".as_ref(),
        folder,
        "--format".as_ref(),
        "csv".as_ref(),
    ]);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert_eq!(fs::read_to_string(out).expect("the table"), ran.stdout);
    assert_eq!(ran.stdout.lines().count(), 14);
}

#[test]
fn the_grid_is_best_first_with_names_for_screen_readers() {
    let window = scored();
    let tiles = window.tiles();
    assert_eq!(tiles.len(), 13);
    assert!(tiles[0].ends_with("rank 1 of 12"), "{tiles:?}");
    assert!(tiles[11].ends_with("rank 12 of 12"), "{tiles:?}");
    assert_eq!(tiles[12], "broken.jpg, without a score");
    let scores: Vec<f64> = tiles[..12]
        .iter()
        .map(|name| {
            let score = name.split("score ").nth(1).expect("a score");
            score
                .split(',')
                .next()
                .expect("a number")
                .parse()
                .expect("a number")
        })
        .collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
}

#[test]
fn enter_shows_a_photo_large_and_the_arrows_go_on() {
    let mut window = scored();
    let names: Vec<String> = window
        .tiles()
        .iter()
        .map(|name| name.split(',').next().expect("a name").to_owned())
        .collect();
    let large = |window: &Window, name: &str| {
        let label = format!("{name}, large");
        window
            .harness
            .query_by_role_and_label(Role::Image, &label)
            .is_some()
    };
    window.press(Key::Enter);
    assert!(large(&window, &names[0]) && window.shows("1 of 12"));
    window.press(Key::ArrowRight);
    assert!(large(&window, &names[1]) && window.shows("2 of 12"));
    window.click("Next photo");
    assert!(large(&window, &names[2]));
    window.click("Previous photo");
    assert!(large(&window, &names[1]));
    window.press(Key::End);
    assert!(large(&window, "broken.jpg") && window.shows("No score"));
    window.press(Key::Escape);
    assert_eq!(window.harness.state().state().view, View::Grid);
    // A double click shows one large, too.
    let tile = format!("{}, score", names[3]);
    for _ in 0..2 {
        window.harness.get_by_label_contains(&tile).click();
    }
    window.harness.run_steps(3);
    assert!(large(&window, &names[3]));
}

#[test]
fn what_failed_is_listed_with_its_reason() {
    let mut window = scored();
    assert!(!window.shows("cut off"));
    window.click("Photos without a score");
    assert!(window.shows("broken.jpg"));
    window.harness.get_by_label("broken.jpg");
    window.harness.get_by_label_contains("cut off");
    window.click("Close this list");
    assert_eq!(window.harness.state().state().panel, None);
}

#[test]
fn scoring_can_be_stopped_and_taken_up_again() {
    let mut window = Window::new();
    photos::greys(window.folder.path(), 120);
    let folder = window.folder.path().to_owned();
    window.drop(&[&folder]);
    window.until("the first score", |harness| {
        harness.state().state().shoot.scored() > 0
    });
    window.click("Stop");
    window.until_scored();
    let done = window.harness.state().state().shoot.scored();
    assert!(done > 0 && done < 120, "{done}");
    let left = format!("{} photos without a score yet", 120 - done);
    assert!(window.shows(&left));
    window.click("Score the rest");
    window.until_scored();
    assert_eq!(window.harness.state().state().shoot.scored(), 120);
}

#[test]
fn what_is_dropped_later_joins_what_is_open() {
    let mut window = Window::new();
    let (first, second) = (
        window.folder.path().join("a"),
        window.folder.path().join("b"),
    );
    for (folder, count) in [(&first, 30), (&second, 5)] {
        fs::create_dir(folder).expect("a folder");
        photos::greys(folder, count);
    }
    window.drop(&[&first]);
    // At once, while the first is still being scored; the second time too.
    window.drop(&[&second, &second.join("000.png")]);
    window.until_scored();
    assert_eq!(window.harness.state().state().shoot.scored(), 35);
    assert!(window.shows("35 photos scored"));
}

#[test]
fn a_folder_can_be_chosen_and_closed_again() {
    let mut window = Window::new();
    photos::greys(window.folder.path(), 3);
    // The first time the user changes their mind.
    window.click("Open folder…");
    assert_eq!(window.harness.state().state().view, View::Welcome);
    window.dialogs.answer(vec![window.folder.path().to_owned()]);
    window.press_with_ctrl(Key::O);
    window.until_scored();
    assert_eq!(window.tiles().len(), 3);
    window.click("Close");
    assert!(window.shows("Drop a folder of photos here"));
    assert_eq!(
        fs::read_dir(window.folder.path())
            .expect("a folder")
            .count(),
        3
    );
}

#[test]
fn the_sample_photos_come_with_the_program() {
    let mut window = Window::new();
    window.click("Try the sample photos");
    window.until_scored();
    assert_eq!(window.tiles().len(), 12);
    assert!(window.shows("Sample photos"));
}

#[test]
fn photos_that_were_scored_before_keep_their_scores_and_pictures() {
    let mut window = Window::new();
    samples(window.folder.path());
    let folder = window.folder.path().to_owned();
    window.drop(&[&folder]);
    window.until_scored();
    let first = window.tiles();
    window.click("Close");
    window.drop(&[&folder]);
    window.until_scored();
    assert_eq!(window.tiles(), first);
    window.until("the pictures", |harness| harness.state().has_pictures());
}

#[test]
fn the_table_is_copied_for_a_spreadsheet() {
    let mut window = Window::new();
    photos::greys(window.folder.path(), 2);
    let folder = window.folder.path().to_owned();
    window.drop(&[&folder]);
    window.until_scored();
    window
        .harness
        .get_by_role_and_label(Role::Button, "Copy table")
        .click();
    let mut copied = None;
    for _ in 0..4 {
        window.harness.step();
        let commands = &window.harness.output().platform_output.commands;
        copied = copied.or(commands.iter().find_map(|command| match command {
            egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        }));
    }
    let copied = copied.expect("a text on the clipboard");
    let mut lines = copied.lines();
    assert_eq!(lines.next(), Some("rank\tpath\tscore\terror"));
    assert!(lines.next().is_some_and(|line| line.starts_with("1\t")));
    assert!(window.shows("Copied 2 rows"));
}

#[test]
fn the_list_of_keys_opens_and_closes() {
    let mut window = Window::new();
    window.press(Key::Questionmark);
    assert!(window.shows("Next photo"));
    window.press(Key::Escape);
    assert!(!window.shows("Next photo"));
    window.press(Key::F1);
    window.click("Close the list of keys");
    assert_eq!(window.harness.state().state().panel, None);
}

#[test]
fn a_folder_without_photos_says_so() {
    let mut window = Window::new();
    fs::write(window.folder.path().join("notes.txt"), b"none").expect("a file");
    let folder = window.folder.path().to_owned();
    window.drop(&[&folder]);
    window.until("the search", |harness| {
        harness.state().state().scoring.is_none()
    });
    assert!(window.shows("No photos were found there"));
}

#[test]
fn a_model_that_cannot_be_used_is_explained() {
    let file = tempfile::NamedTempFile::with_suffix(".safetensors").expect("a file");
    let mut window = Window::with(Source::File(file.path().to_owned()), 1.0);
    window.until("the model", |harness| {
        harness
            .query_by_label_contains("Nothing can be scored")
            .is_some()
    });
    let name = file
        .path()
        .file_name()
        .expect("a name")
        .display()
        .to_string();
    assert!(window.shows(&name));
    window.drop(&[Path::new("/nowhere")]);
    assert!(window.harness.state().state().scoring.is_none());
}

#[test]
fn the_keyboard_alone_reaches_the_photos() {
    let mut window = Window::new();
    photos::greys(window.folder.path(), 6);
    let folder = window.folder.path().to_owned();
    window.drop(&[&folder]);
    window.until_scored();
    // Tab goes through the controls to the first photo, arrows go on from there.
    for _ in 0..40 {
        window.press(Key::Tab);
        let on_tile = window
            .harness
            .query_all_by_role(Role::ListBoxOption)
            .any(|tile| tile.is_focused());
        if on_tile {
            break;
        }
    }
    let focused = |window: &Window| {
        window
            .harness
            .query_all_by_role(Role::ListBoxOption)
            .position(|tile| tile.is_focused())
    };
    let start = focused(&window).expect("a photo with the keyboard");
    window.press(Key::ArrowRight);
    assert_eq!(focused(&window), Some(start + 1));
    window.press(Key::Enter);
    assert_eq!(window.harness.state().state().view, View::Loupe);
}
