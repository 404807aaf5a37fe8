//! Large photos: one, two against each other, and a survey.

use egui::{Key, Role};
use egui_kittest::kittest::{NodeT, Queryable};
use keepers::app::View;

use super::window::Window;

/// The names of the large photos, in their order.
fn large(window: &Window, role: &str) -> Vec<String> {
    let images = window.harness.query_all_by_role(Role::Image);
    images
        .filter_map(|image| image.accesskit_node().label())
        .filter(|name| name.ends_with(role))
        .collect()
}

fn names(window: &Window) -> Vec<String> {
    let shoot = &window.harness.state().state().shoot;
    let photos = shoot.shown().iter().filter_map(|id| shoot.photo(*id));
    photos.map(|photo| photo.name.clone()).collect()
}

#[test]
fn a_photo_is_seen_at_its_pixels_and_whole_again() {
    let mut window = Window::with_greys(2);
    let names = names(&window);
    window.press(Key::E);
    window.until("the picture", |harness| harness.state().has_pictures());
    assert_eq!(large(&window, "large"), [format!("{}, large", names[0])]);
    window.press(Key::Z);
    let scale = |window: &Window| window.harness.state().state().looking.zoom.scale;
    assert_eq!(scale(&window), Some(1.0));
    window.until("every pixel", |harness| harness.state().has_pictures());
    // From photo to photo it stays so; the strip goes to any of them.
    window.click(&format!("{}, in the filmstrip", names[1]));
    assert_eq!(large(&window, "large"), [format!("{}, large", names[1])]);
    assert_eq!(scale(&window), Some(1.0));
    window.press(Key::T);
    assert!(!window.shows("in the filmstrip"));
    window.press(Key::Space);
    assert_eq!(scale(&window), None);
    // A click does the same at the pointer.
    let image = format!("{}, large", names[1]);
    window.harness.get_by_label(&image).click();
    window.harness.run_steps(2);
    assert_eq!(scale(&window), Some(1.0));
}

#[test]
fn two_are_compared_and_all_surveyed_by_keys_alone() {
    let mut window = Window::with_greys(3);
    let names = names(&window);
    window.press(Key::C);
    let pair = |a: usize, b: usize| {
        [
            format!("{}, to beat", names[a]),
            format!("{}, candidate", names[b]),
        ]
    };
    let shown = |window: &Window| {
        let mut shown = large(window, "to beat");
        shown.extend(large(window, "candidate"));
        shown
    };
    assert_eq!(shown(&window), pair(0, 1));
    window.press(Key::ArrowRight);
    assert_eq!(shown(&window), pair(0, 2));
    window.press(Key::S);
    assert_eq!(shown(&window), pair(2, 0));
    window.press(Key::P);
    assert!(window.shows("Picked"));
    window.press(Key::Escape);

    window.press_with_ctrl(Key::A);
    window.press(Key::N);
    assert_eq!(large(&window, "surveyed").len(), 3);
    // X rejects the focused one, which leaves.
    window.press(Key::X);
    assert_eq!(large(&window, "surveyed").len(), 2);
    let state = window.harness.state().state();
    assert_eq!(state.view, View::Survey);
    window.until_rated();
    let first = names[0].clone();
    let left = large(&window, "surveyed");
    assert!(!left.contains(&format!("{first}, surveyed")), "{left:?}");
    // A click takes one out and leaves its rating alone.
    window.harness.get_by_label(&left[0]).click();
    window.harness.run_steps(2);
    assert_eq!(large(&window, "surveyed").len(), 1);
}
