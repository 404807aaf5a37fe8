//! How the window looks. These need a Vulkan driver; Mesa's software one will
//! do. `UPDATE_SNAPSHOTS=true` rewrites the pictures that differ.

use std::fs;

use egui::Key;
use egui_kittest::SnapshotOptions;
use keepers::engine::models::Source;

use super::window::{Window, samples};

/// The window on a screen of so many pixels per point; `None`, with a printed
/// line, where nothing can draw it.
fn window(pixels_per_point: f32) -> Option<Window> {
    if !has_vulkan() {
        println!("skipped: snapshot test: no Vulkan driver");
        return None;
    }
    Some(Window::with(Source::BuiltIn, pixels_per_point))
}

fn has_vulkan() -> bool {
    use eframe::wgpu;
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: wgpu::Backends::VULKAN,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    let adapters = instance.enumerate_adapters(wgpu::Backends::VULKAN);
    !pollster::block_on(adapters).is_empty()
}

#[track_caller]
fn matches(window: &mut Window, name: &str) {
    // Drivers differ in how they round the edges of letters.
    let options = SnapshotOptions::new().threshold(1.5).max_failed_pixels(80);
    window.harness.snapshot_options(name, &options);
}

/// A window that has scored the samples in a folder of this name.
fn scored(pixels_per_point: f32) -> Option<Window> {
    let mut window = window(pixels_per_point)?;
    let folder = window.folder.path().join("Samples");
    fs::create_dir(&folder).expect("a folder");
    samples(&folder);
    fs::write(folder.join("unfinished copy.jpg"), b"\xff\xd8\xff").expect("a file");
    window.drop(&[&folder]);
    window.until_scored();
    window.harness.run_steps(3);
    Some(window)
}

#[test]
fn snapshot_welcome() {
    let Some(mut window) = window(1.0) else {
        return;
    };
    window.harness.run_steps(3);
    matches(&mut window, "welcome");
}

#[test]
fn snapshot_held_over_the_window() {
    let Some(mut window) = window(1.0) else {
        return;
    };
    window
        .harness
        .input_mut()
        .hovered_files
        .push(egui::HoveredFile::default());
    window.harness.step();
    matches(&mut window, "drop");
}

#[test]
fn snapshot_grid_and_failures() {
    let Some(mut window) = scored(1.0) else {
        return;
    };
    matches(&mut window, "grid");
    window.click("Photos without a score");
    matches(&mut window, "failures");
}

#[test]
fn snapshot_loupe() {
    let Some(mut window) = scored(1.0) else {
        return;
    };
    window.press(Key::ArrowRight);
    window.press(Key::Enter);
    window.until("the large picture", |harness| {
        harness.state().has_pictures()
    });
    matches(&mut window, "loupe");
}

#[test]
fn snapshot_keys() {
    let Some(mut window) = window(1.0) else {
        return;
    };
    window.press(Key::Questionmark);
    matches(&mut window, "keys");
}

#[test]
fn snapshot_culled_and_found() {
    let Some(mut window) = scored(1.0) else {
        return;
    };
    window.until_rated();
    for keys in [
        [Key::P, Key::Num5],
        [Key::Num3, Key::Num6],
        [Key::X, Key::Num1],
        [Key::Num4, Key::Num9],
    ] {
        for key in keys {
            window.press(key);
        }
        window.press(Key::ArrowRight);
    }
    window.until_rated();
    window.press_with(egui::Modifiers::SHIFT, Key::ArrowRight);
    window.press(Key::F);
    window.press(Key::I);
    // Long enough for what flashed up to be gone.
    window.harness.run_steps(60);
    window.until("the pictures", |harness| harness.state().has_pictures());
    matches(&mut window, "culled");
}

#[test]
fn snapshot_models() {
    let Some(mut window) = scored(1.0) else {
        return;
    };
    window.press(Key::M);
    window.until("the list", |harness| {
        harness.state().state().models.installed.is_some()
    });
    matches(&mut window, "models");
}

#[test]
fn snapshot_grid_on_a_dense_screen() {
    let Some(mut window) = scored(2.0) else {
        return;
    };
    matches(&mut window, "grid_2x");
}

/// In the light theme, whatever it is.
fn lighten(window: &mut Window) {
    window.press_with_ctrl(Key::K);
    window.harness.event(egui::Event::Text("light".to_owned()));
    window.harness.run_steps(2);
    window.press(Key::Enter);
    window.harness.run_steps(2);
}

/// Waits until every picture that is wanted is there.
fn pictured(window: &mut Window) {
    window.until("pictures", |harness| harness.state().has_pictures());
    window.harness.run_steps(3);
}

#[test]
fn snapshot_light_grid_and_inspector() {
    let Some(mut window) = scored(1.0) else {
        return;
    };
    lighten(&mut window);
    window.press(Key::I);
    pictured(&mut window);
    matches(&mut window, "grid_light");
}

#[test]
fn snapshot_compare() {
    let Some(mut window) = scored(1.0) else {
        return;
    };
    window.press(Key::C);
    pictured(&mut window);
    matches(&mut window, "compare");
}

#[test]
fn snapshot_survey_in_both_themes() {
    let Some(mut window) = scored(1.0) else {
        return;
    };
    window.press_with_ctrl(Key::A);
    window.press(Key::N);
    window.press(Key::X);
    window.until_rated();
    // The word on what the key did is gone by then.
    window.harness.run_steps(60);
    pictured(&mut window);
    matches(&mut window, "survey");
    lighten(&mut window);
    pictured(&mut window);
    matches(&mut window, "survey_light");
}

#[test]
fn snapshot_calibrate_in_both_themes() {
    let Some(mut window) = scored(1.0) else {
        return;
    };
    window.press(Key::L);
    window.until("photos to rate", |harness| {
        harness.state().state().learning.lesson.is_some()
    });
    for key in [
        Key::Num5,
        Key::Num2,
        Key::Num4,
        Key::Num1,
        Key::Num3,
        Key::Num5,
        Key::Num2,
        Key::Num4,
        Key::Num1,
    ] {
        let rated = window.harness.state().state().learning.told.len();
        window.press(key);
        window.until("a lesson", |harness| {
            let learning = &harness.state().state().learning;
            learning.told.len() > rated && !learning.studying
        });
    }
    window.until_rated();
    window.harness.run_steps(60);
    pictured(&mut window);
    matches(&mut window, "calibrate");
    lighten(&mut window);
    pictured(&mut window);
    matches(&mut window, "calibrate_light");
}

#[test]
fn snapshot_settings_and_palette() {
    let Some(mut window) = scored(1.0) else {
        return;
    };
    window.press_with_ctrl(Key::Comma);
    pictured(&mut window);
    matches(&mut window, "settings");
    window.press_with_ctrl(Key::K);
    window.harness.run_steps(2);
    window.harness.event(egui::Event::Text("photo".to_owned()));
    // The caret blinks.
    window.harness.run_steps(3);
    matches(&mut window, "palette");
}

#[test]
fn snapshot_moving_photos() {
    let Some(mut window) = scored(1.0) else {
        return;
    };
    window.press(Key::X);
    window.until_rated();
    window.press_with_ctrl(Key::M);
    window.harness.run_steps(60);
    pictured(&mut window);
    matches(&mut window, "files");
}
