//! Tests of ratings on their way, without a window or a disk.

use std::path::PathBuf;

use super::{Effect, Message, RatingErrand, RatingNews, apply, receive, settle};
use crate::app::command::{Command, Rate, Step};
use crate::app::state::tests::scored;
use crate::app::state::{Facts, Panel, PhotoId, State, View};
use crate::catalog::Rated;
use crate::metadata::xmp::{Fields, Flag, Rating, Stars};

/// A state with so many photos, whose ratings were read: none has any.
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
    let facts = ids.iter().map(|id| (*id, Facts::default())).collect();
    let shoot = state.shoot.number;
    receive(
        &mut state,
        Message::Ratings(RatingNews::Read { shoot, facts }),
    );
    settle(&mut state);
    (state, ids)
}

/// Gives a rating by key; the order's number.
fn press(state: &mut State, rate: Rate) -> u64 {
    let effects = apply(state, Command::Rate(rate));
    let [Effect::Ratings(RatingErrand::Rate { number, .. })] = &effects[..] else {
        panic!("{effects:?}");
    };
    *number
}

fn answer(state: &mut State, number: u64, result: Result<Vec<Rated>, String>) {
    let news = RatingNews::Rated {
        shoot: state.shoot.number,
        number,
        result,
    };
    receive(state, Message::Ratings(news));
    settle(state);
}

fn rated(before: Rating, after: Rating) -> Rated {
    Rated {
        before,
        after,
        in_catalog: true,
        ..Rated::default()
    }
}

fn stars(count: u8) -> Rating {
    Rating {
        stars: Stars::new(count),
        ..Rating::default()
    }
}

fn shown(state: &State, id: PhotoId) -> Rating {
    state.shoot.photo(id).expect("a photo").rating
}

#[test]
fn what_is_on_its_way_is_shown_above_what_is_held() {
    let (mut state, ids) = open(1);
    let first = press(&mut state, Rate::Stars(2));
    let second = press(&mut state, Rate::Stars(5));
    assert_eq!(shown(&state, ids[0]), stars(5));
    answer(&mut state, first, Ok(vec![rated(stars(0), stars(2))]));
    assert_eq!(shown(&state, ids[0]), stars(5));
    // What cannot be kept is not shown any more.
    answer(&mut state, second, Err("the disk is full".to_owned()));
    assert_eq!(shown(&state, ids[0]), stars(2));
    let notice = state.notice.expect("a notice").text;
    assert!(notice.contains("0.jpg") && notice.contains("the disk is full"));
}

#[test]
fn what_is_so_already_is_not_ordered_again() {
    let (mut state, _) = open(2);
    press(&mut state, Rate::Stars(2));
    assert!(apply(&mut state, Command::Rate(Rate::Stars(2))).is_empty());
    assert!(apply(&mut state, Command::Rate(Rate::Flag(Flag::None))).is_empty());
}

#[test]
fn another_programs_rating_is_asked_about_only_where_both_set_the_same() {
    let changed = |stars, flag| Fields {
        stars,
        flag,
        label: false,
    };
    for (elsewhere, asked) in [(changed(true, false), true), (changed(false, true), false)] {
        let (mut state, ids) = open(1);
        let number = press(&mut state, Rate::Stars(3));
        let theirs = Rating {
            stars: elsewhere.stars.then(|| Stars::new(1)).flatten(),
            flag: elsewhere.flag.then_some(Flag::Pick),
            label: None,
        };
        let result = Rated {
            changed_elsewhere: elsewhere,
            ..rated(theirs, theirs.with(stars(3), changed(true, false)))
        };
        answer(&mut state, number, Ok(vec![result]));
        assert_eq!(state.panel == Some(Panel::Conflicts), asked);
        assert_eq!(state.culling.conflicts.len(), usize::from(asked));
        let flag = shown(&state, ids[0]).flag;
        assert_eq!(flag, elsewhere.flag.then_some(Flag::Pick));
    }
}

#[test]
fn answers_for_a_closed_shoot_change_nothing_in_the_next() {
    let (mut state, _) = open(1);
    let number = press(&mut state, Rate::Stars(3));
    let shoot = state.shoot.number;
    apply(&mut state, Command::Close);
    let ids = state.shoot.add(vec!["other.jpg".into()]);
    let result = Ok(vec![rated(stars(0), stars(3))]);
    let news = RatingNews::Rated {
        shoot,
        number,
        result,
    };
    receive(&mut state, Message::Ratings(news));
    assert_eq!(shown(&state, ids[0]), Rating::default());
}

#[test]
fn selections_grow_shrink_and_follow_what_is_shown() {
    let (mut state, ids) = open(5);
    let chosen = |state: &State| state.targets();
    apply(&mut state, Command::Extend(Step::Next));
    apply(&mut state, Command::Extend(Step::Next));
    assert_eq!(chosen(&state), ids[..3]);
    apply(&mut state, Command::Extend(Step::Previous));
    assert_eq!(chosen(&state), ids[..2]);
    apply(&mut state, Command::SelectToo(ids[4]));
    assert_eq!(chosen(&state), [ids[0], ids[1], ids[4]]);
    // Out again: the focus goes to one that is selected.
    apply(&mut state, Command::SelectToo(ids[4]));
    assert_eq!(chosen(&state), ids[..2]);
    assert!(state.focus.is_some_and(|id| ids[..2].contains(&id)));
    apply(&mut state, Command::SelectAll);
    assert_eq!(chosen(&state), ids);
    // A filter takes what it hides out of the selection.
    let mut filter = state.find.filter.clone();
    filter.text = "3".to_owned();
    apply(&mut state, Command::SetFilter(filter));
    assert_eq!(chosen(&state), [ids[3]]);
    apply(&mut state, Command::ClearFilter);
    apply(&mut state, Command::Go(Step::First));
    assert_eq!(chosen(&state), [ids[0]]);
}
