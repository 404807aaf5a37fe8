//! Tests of large photos and those beside each other, without a window.

use std::path::PathBuf;

use super::{apply, possible, settle};
use crate::app::command::{Command, Rate, Step};
use crate::app::state::tests::scored;
use crate::app::state::{PhotoId, State, View, Zoom};
use crate::metadata::xmp::Flag;

/// A grid of so many photos, the first the best.
fn open(count: usize) -> (State, Vec<PhotoId>) {
    let mut state = State {
        view: View::Grid,
        ..State::default()
    };
    let names = (0..count).map(|n| PathBuf::from(format!("{n}.jpg")));
    let ids = state.shoot.add(names.collect());
    for (n, id) in ids.iter().enumerate() {
        state.shoot.set(*id, Ok(scored(1.0 - n as f64 / 10.0)));
    }
    settle(&mut state);
    (state, ids)
}

fn run(state: &mut State, command: Command) {
    apply(state, command);
    settle(state);
}

fn go(state: &mut State, step: Step) {
    run(state, Command::Go(step));
}

#[test]
fn the_same_place_is_seen_from_photo_to_photo() {
    let (mut state, ids) = open(3);
    run(&mut state, Command::ShowLoupe);
    run(&mut state, Command::ToggleZoom(Some([0.25, 0.75])));
    let close = Zoom::pixels([0.25, 0.75]);
    assert_eq!(state.looking.zoom, close);
    go(&mut state, Step::Next);
    assert_eq!((state.focus, state.looking.zoom), (Some(ids[1]), close));
    // The first way back is to the whole photo, the second to the grid.
    run(&mut state, Command::Back);
    assert_eq!((state.view, state.looking.zoom.scale), (View::Loupe, None));
    // Without a pointer it is the same place again.
    run(&mut state, Command::ToggleZoom(None));
    assert_eq!(state.looking.zoom, close);
    run(&mut state, Command::Back);
    run(&mut state, Command::Back);
    assert_eq!(state.view, View::Grid);
    run(
        &mut state,
        Command::ZoomTo(Zoom {
            scale: Some(f32::NAN),
            centre: [f32::NAN, 7.0],
        }),
    );
    let sound = Zoom {
        scale: None,
        centre: [0.5, 1.0],
    };
    assert_eq!(state.looking.zoom, sound);
}

#[test]
fn candidates_come_one_after_the_other_against_the_one_to_beat() {
    let (mut state, ids) = open(4);
    run(&mut state, Command::ShowCompare);
    assert_eq!(state.looking.beside, [ids[0], ids[1]]);
    assert_eq!(state.focus, Some(ids[1]));
    go(&mut state, Step::Next);
    assert_eq!(state.looking.beside, [ids[0], ids[2]]);
    // It wins: the next one tries, and the beaten one is passed over.
    run(&mut state, Command::Select);
    assert_eq!(state.looking.beside, [ids[2], ids[3]]);
    go(&mut state, Step::Next);
    assert_eq!(state.focus, Some(ids[3]));
    go(&mut state, Step::Previous);
    assert_eq!(state.looking.beside, [ids[2], ids[1]]);
    run(&mut state, Command::Swap);
    assert_eq!(state.looking.beside, [ids[1], ids[2]]);
    assert_eq!(state.focus, Some(ids[2]));
    // The filmstrip chooses a candidate, too; not the one to beat.
    run(&mut state, Command::Focus(ids[0]));
    assert_eq!(state.looking.beside, [ids[1], ids[0]]);
    run(&mut state, Command::Focus(ids[1]));
    assert_eq!(state.looking.beside, [ids[1], ids[0]]);
    run(&mut state, Command::Back);
    assert_eq!(state.view, View::Grid);
}

#[test]
fn the_last_photo_has_the_one_before_to_beat() {
    let (mut state, ids) = open(3);
    run(&mut state, Command::Focus(ids[2]));
    run(&mut state, Command::ShowCompare);
    assert_eq!(state.looking.beside, [ids[1], ids[2]]);
    // The last to win has nobody left but those it beat.
    run(&mut state, Command::Select);
    assert_eq!(state.looking.beside, [ids[2], ids[1]]);
    let (state, _) = open(1);
    assert!(!possible(&state, &Command::ShowCompare));
}

#[test]
fn a_selection_of_four_is_compared_whole() {
    let (mut state, ids) = open(6);
    for id in [ids[5], ids[1], ids[3]] {
        run(&mut state, Command::SelectToo(id));
    }
    run(&mut state, Command::ShowCompare);
    assert_eq!(state.looking.beside, [ids[0], ids[1], ids[3], ids[5]]);
    go(&mut state, Step::Next);
    assert_eq!(state.focus, Some(ids[3]));
    run(&mut state, Command::Select);
    assert_eq!(state.looking.beside, [ids[3], ids[1], ids[0], ids[5]]);
    run(&mut state, Command::Rate(Rate::Flag(Flag::Pick)));
    assert_eq!(
        state.shoot.photo(ids[1]).map(|it| it.is_picked()),
        Some(true)
    );
    assert_eq!(
        state.shoot.photo(ids[0]).map(|it| it.is_picked()),
        Some(false)
    );
}

#[test]
fn losers_leave_a_survey_one_by_one() {
    let (mut state, ids) = open(5);
    assert!(!possible(&state, &Command::ShowSurvey));
    run(&mut state, Command::ShowSurvey);
    assert_eq!(state.view, View::Grid);
    run(&mut state, Command::SelectAll);
    run(&mut state, Command::ShowSurvey);
    assert_eq!(state.looking.beside, ids);
    run(&mut state, Command::Drop(ids[1]));
    assert_eq!(state.looking.beside, [ids[0], ids[2], ids[3], ids[4]]);
    // X rejects the focused one, and it leaves.
    go(&mut state, Step::Next);
    run(&mut state, Command::Rate(Rate::Flag(Flag::Reject)));
    assert_eq!(state.looking.beside, [ids[0], ids[3], ids[4]]);
    assert_eq!(state.focus, Some(ids[3]));
    let rejected = |state: &State, id| state.shoot.photo(id).map(|it| it.is_rejected());
    assert_eq!(rejected(&state, ids[2]), Some(true));
    assert_eq!(rejected(&state, ids[1]), Some(false));
    run(&mut state, Command::Drop(ids[0]));
    run(&mut state, Command::Drop(ids[4]));
    // The winner stays until the user goes.
    assert_eq!(state.view, View::Survey);
    assert_eq!(state.looking.beside, [ids[3]]);
    run(&mut state, Command::Drop(ids[3]));
    assert_eq!(state.view, View::Grid);
}
