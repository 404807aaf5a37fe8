//! The models panel, from the hub on this machine to scores.

use std::fs;

use egui::{Key, Role};
use egui_kittest::kittest::{NodeT, Queryable};
use keepers::engine::models::Source;

use super::window::Window;
use crate::support::hub::{Does, Hub};
use crate::support::{formula, photos};

const CLIP: &str = "openai/clip-vit-base-patch16";
const AUTHORS: &str = "zzhowe/GRMP-IQA";

/// A hub with a small network under the name of CLIP.
fn hub() -> Hub {
    let hub = Hub::new();
    hub.serves(CLIP, "model.safetensors", &formula::small_network(None));
    hub
}

fn installed(window: &Window, name: &str) -> bool {
    let state = window.harness.state().state();
    state.models.has(name)
}

/// A window with its models panel open.
fn opened(hub: &Hub) -> Window {
    let mut window = Window::with_hub(&hub.endpoint);
    window.press(Key::M);
    window.until("the list", |harness| {
        harness.state().state().models.installed.is_some()
    });
    window.until("the model", |harness| {
        harness
            .query_by_label_contains("Opening the model")
            .is_none()
    });
    window
}

#[test]
fn a_model_is_downloaded_used_and_removed() {
    let hub = hub();
    let mut window = opened(&hub);
    photos::greys(window.folder.path(), 3);
    let folder = window.folder.path().to_owned();
    window.drop(&[&folder]);
    window.until_scored();
    let before = window.tiles();
    // Looking at the panel and scoring asked nobody anything.
    assert_eq!(hub.log(), [""; 0]);
    assert!(window.shows("Comes with Keepers") && window.shows("In use"));

    window.click("Download clip-vit-b16");
    window.until("the download", |harness| {
        harness.state().state().models.has("clip-vit-b16")
    });
    assert!(!hub.log().is_empty());
    assert!(window.shows("MIT"));
    window.click("Use clip-vit-b16");
    window.until("the other model", |harness| {
        let state = harness.state().state();
        matches!(state.models.in_use, Source::File(_)) && state.scoring.is_none()
    });
    let after = window.tiles();
    assert_eq!(after.len(), 3);
    assert!(after.iter().all(|tile| tile.contains("score")), "{after:?}");
    assert_ne!(after, before);

    // The model in use cannot be removed.
    let remove = window
        .harness
        .get_by_role_and_label(Role::Button, "Remove clip-vit-b16");
    assert!(remove.accesskit_node().is_disabled());
    window.click("Use keepers-compact");
    window.until("the first model", |harness| {
        let state = harness.state().state();
        state.models.in_use == Source::BuiltIn && state.scoring.is_none()
    });
    assert_eq!(window.tiles(), before);
    window.click("Remove clip-vit-b16");
    window.click("Keep clip-vit-b16");
    assert!(installed(&window, "clip-vit-b16"));
    window.click("Remove clip-vit-b16");
    window.click("Remove clip-vit-b16");
    window.until("the removal", |harness| {
        !harness.state().state().models.has("clip-vit-b16")
    });
    assert!(window.shows("Download") && window.shows("Removed clip-vit-b16"));
}

#[test]
fn a_download_shows_its_progress_and_can_be_cancelled_and_taken_up_again() {
    let hub = hub();
    let mut window = opened(&hub);
    hub.next(&[Does::Stalls]);
    window.click("Download clip-vit-b16");
    window.until("progress", |harness| {
        let models = &harness.state().state().models;
        models
            .downloads
            .front()
            .is_some_and(|it| it.progress.is_some())
    });
    assert!(window.shows("Downloading · "));
    window.click("Cancel clip-vit-b16");
    window.until("the end", |harness| {
        harness.state().state().models.downloads.is_empty()
    });
    assert!(!installed(&window, "clip-vit-b16"));
    hub.log();
    window.click("Download clip-vit-b16");
    window.until("the download", |harness| {
        harness.state().state().models.has("clip-vit-b16")
    });
    let log = hub.log();
    assert!(log.iter().any(|line| line.contains(" from ")), "{log:?}");
}

#[test]
fn what_goes_wrong_with_a_download_is_said_beside_its_model() {
    let hub = Hub::new();
    let mut window = opened(&hub);
    window.click("Download clip-vit-b16");
    window.until("the reason", |harness| {
        harness.query_by_label_contains("not found (404)").is_some()
    });
    assert!(window.shows("openai/clip-vit-base-patch16"));
    // A sum that is not the file's.
    hub.serves(CLIP, "model.safetensors", &formula::small_network(None));
    hub.lies(CLIP, "model.safetensors", &"0".repeat(64));
    window.click("Download clip-vit-b16");
    window.until("the reason", |harness| {
        harness
            .query_by_label_contains("is not the file that it should be")
            .is_some()
    });
    assert!(!window.shows("--accept-changed"));
    assert!(!installed(&window, "clip-vit-b16"));
}

#[test]
fn the_authors_checkpoints_are_listed_when_they_are_asked_for() {
    let hub = hub();
    hub.serves(AUTHORS, "some other.pt", &formula::small_network(None));
    let mut window = opened(&hub);
    assert!(!window.shows("some-other"));
    assert_eq!(hub.log(), [""; 0]);
    window.click("Look up all models");
    window.until("the list", |harness| {
        harness.query_by_label("some-other").is_some()
    });
    // What the hub does not have is said.
    assert!(window.shows("no file for the model \"grmp-iqa-koniq\""));
    window.click("Download some-other");
    window.until("the download", |harness| {
        harness.state().state().models.has("some-other")
    });
}

#[test]
fn a_file_is_imported_or_refused_with_its_reason() {
    let mut window = opened(&hub());
    let file = window.folder.path().join("my network.safetensors");
    fs::write(&file, formula::small_network(None)).expect("a file");
    // The first time the user changes their mind.
    window.click("Import model…");
    window.dialogs.answer(vec![file]);
    window.click("Import model…");
    window.until("the import", |harness| {
        harness.state().state().models.has("my-network")
    });
    let bad = window.folder.path().join("bad.safetensors");
    fs::write(&bad, b"no model").expect("a file");
    window.dialogs.answer(vec![bad]);
    window.click("Import model…");
    window.until("the reason", |harness| {
        harness.query_by_label_contains("bad.safetensors").is_some()
    });
    assert!(!installed(&window, "bad"));
}
