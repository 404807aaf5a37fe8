//! Tests of what commands and messages do to the state, without a window.

use std::path::PathBuf;

use super::apply::{Effect, Message, ModelNews, apply, receive, settle};
use super::command::{Command, Step};
use super::state::tests::scored;
use super::state::{GridSize, Panel, State, View};
use crate::engine::models::Source;
use crate::engine::{Event, PhotoResult, Scan, Summary};

/// A state after these events of a job for the open shoot.
fn after(state: &mut State, events: impl IntoIterator<Item = Event>) -> Vec<Effect> {
    let shoot = state.shoot.number;
    let effects = events
        .into_iter()
        .flat_map(|event| receive(state, Message::Scoring { shoot, event }))
        .collect();
    settle(state);
    effects
}

fn scanned(names: &[&str]) -> Event {
    Event::Scanned(Scan {
        photos: names.iter().map(PathBuf::from).collect(),
        skipped: 0,
    })
}

fn photo(index: usize, outcome: Result<f64, &str>) -> Event {
    Event::Photo(PhotoResult {
        index,
        path: PathBuf::new(),
        outcome: outcome.map(scored).map_err(str::to_owned),
    })
}

fn finished(cancelled: bool) -> Event {
    Event::Finished(Summary {
        cancelled,
        ..Summary::default()
    })
}

/// A state with `n` photos, the first the best.
fn open(n: usize) -> State {
    let mut state = State::default();
    apply(&mut state, Command::Open(vec!["/shoot".into()]));
    let names: Vec<String> = (0..n).map(|i| format!("{i:03}.jpg")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    after(&mut state, [scanned(&names)]);
    let photos = (0..n).map(|i| photo(i, Ok(1.0 - i as f64 / n as f64)));
    after(&mut state, photos);
    after(&mut state, [finished(false)]);
    state
}

fn focused(state: &State) -> &str {
    let photo = state.focus.and_then(|id| state.shoot.photo(id));
    photo.map_or("", |photo| photo.name.as_str())
}

#[test]
fn jobs_come_one_after_the_other() {
    let mut state = State::default();
    let effects = apply(&mut state, Command::Open(vec!["/a".into()]));
    assert!(
        matches!(&effects[..], [Effect::Score { paths, .. }] if paths == &[PathBuf::from("/a")])
    );
    assert_eq!((state.view, state.shoot.title.as_str()), (View::Grid, "a"));
    assert!(apply(&mut state, Command::Open(vec!["/b".into()])).is_empty());
    assert_eq!(state.queue.len(), 1);
    let effects = after(
        &mut state,
        [scanned(&["a/1.jpg"]), photo(0, Ok(0.5)), finished(false)],
    );
    assert!(
        matches!(&effects[..], [Effect::Ratings(_), Effect::Score { paths, .. }] if paths == &[PathBuf::from("/b")])
    );
    after(
        &mut state,
        [
            scanned(&["b/1.jpg"]),
            photo(0, Err("broken")),
            finished(false),
        ],
    );
    assert!(state.scoring.is_none());
    assert_eq!((state.shoot.scored(), state.shoot.failed()), (1, 1));
}

#[test]
fn a_stop_keeps_what_is_done_and_can_be_taken_back() {
    let mut state = State::default();
    apply(&mut state, Command::Open(vec!["/a".into()]));
    apply(&mut state, Command::Open(vec!["/b".into()]));
    after(
        &mut state,
        [scanned(&["1.jpg", "2.jpg"]), photo(0, Ok(0.5))],
    );
    let effects = apply(&mut state, Command::Stop);
    assert!(matches!(effects[..], [Effect::StopScoring]));
    assert!(after(&mut state, [finished(true)]).is_empty());
    assert!(state.stopped && state.queue.is_empty());
    let effects = apply(&mut state, Command::Resume);
    assert!(
        matches!(&effects[..], [Effect::Score { paths, .. }] if paths == &[PathBuf::from("2.jpg")])
    );
    assert!(!state.stopped);
}

#[test]
fn what_was_begun_for_a_closed_shoot_is_not_for_the_next() {
    let mut state = open(3);
    apply(&mut state, Command::Open(vec!["/more".into()]));
    let old = state.shoot.number;
    apply(&mut state, Command::Close);
    assert_eq!((state.view, state.shoot.len()), (View::Welcome, 0));
    apply(&mut state, Command::Open(vec!["/new".into()]));
    let late = Message::Scoring {
        shoot: old,
        event: scanned(&["late.jpg"]),
    };
    assert!(receive(&mut state, late).is_empty());
    assert!(state.shoot.is_empty());
}

#[test]
fn steps_stay_within_the_photos() {
    use Step::*;
    // Rows of 4: 0-3, 4-7, 8-9.
    for (start, step, expected) in [
        (0, Next, "001.jpg"),
        (0, Previous, "000.jpg"),
        (9, Next, "009.jpg"),
        (1, Down, "005.jpg"),
        (1, Up, "001.jpg"),
        (5, Up, "001.jpg"),
        (6, Down, "009.jpg"),
        (8, Down, "008.jpg"),
        (0, PageDown, "008.jpg"),
        (9, PageUp, "001.jpg"),
        (5, First, "000.jpg"),
        (5, Last, "009.jpg"),
    ] {
        let mut state = open(10);
        apply(
            &mut state,
            Command::GridSize(GridSize {
                columns: 4,
                rows: 2,
            }),
        );
        let id = state.shoot.order()[start];
        apply(&mut state, Command::Focus(id));
        apply(&mut state, Command::Go(step));
        assert_eq!(focused(&state), expected, "{start} {step:?}");
    }
}

#[test]
fn back_leaves_what_is_on_top() {
    let mut state = open(2);
    apply(&mut state, Command::ShowLoupe);
    apply(&mut state, Command::Toggle(Panel::Keys));
    apply(&mut state, Command::Back);
    assert_eq!((state.view, state.panel), (View::Loupe, None));
    apply(&mut state, Command::Back);
    assert_eq!(state.view, View::Grid);
    apply(&mut state, Command::Back);
    assert_eq!(state.view, View::Grid);
}

#[test]
fn the_focus_stays_on_its_photo_while_ranks_change() {
    let mut state = State::default();
    apply(&mut state, Command::Open(vec!["/a".into()]));
    after(&mut state, [scanned(&["1.jpg", "2.jpg", "3.jpg"])]);
    apply(&mut state, Command::Go(Step::Next));
    assert_eq!(focused(&state), "2.jpg");
    after(
        &mut state,
        [photo(2, Ok(0.9)), photo(1, Ok(0.1)), photo(0, Ok(0.5))],
    );
    after(&mut state, [finished(false)]);
    assert_eq!(focused(&state), "2.jpg");
    assert_eq!(state.place_of_focus(), Some(2));
}

#[test]
fn results_are_copied_whole_and_only_where_there_are_some() {
    let mut state = State::default();
    assert!(apply(&mut state, Command::CopyTable).is_empty());
    assert!(apply(&mut state, Command::Export).is_empty());
    let mut state = open(2);
    let effects = apply(&mut state, Command::CopyTable);
    let [Effect::Copy(text)] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(
        text,
        "rank\tpath\tscore\terror\n1\t000.jpg\t100.0\t\n2\t001.jpg\t50.0\t\n"
    );
}

#[test]
fn a_model_that_cannot_be_used_is_said_and_nothing_is_begun() {
    let mut state = State::default();
    let news = ModelNews::Opened {
        profile: None,
        source: Source::BuiltIn,
        model: Err("damaged".to_owned()),
        scenes: false,
    };
    receive(&mut state, Message::Models(news));
    assert!(apply(&mut state, Command::Open(vec!["/a".into()])).is_empty());
    assert!(state.scoring.is_none());
    let notice = state.notice.expect("a notice");
    assert!(notice.problem && notice.text.contains("damaged"));
}
