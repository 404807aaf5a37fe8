//! Tests of learning the user's eye, without a window or a network.

use std::path::PathBuf;

use super::{Effect, LearnErrand, LearnNews, Message, ModelErrand, apply, receive, settle, wishes};
use crate::app::command::{Command, Rate, Step};
use crate::app::state::tests::scored;
use crate::app::state::{Lesson, Phase, PhotoId, State, View};
use crate::engine::models::Source;
use crate::learning::calibrate::check::{Agreement, Report};
use crate::metadata::xmp::Flag;

/// The view for learning over so many photos, which were looked at.
fn begun(count: usize) -> (State, Vec<PhotoId>) {
    let mut state = State {
        view: View::Grid,
        ..State::default()
    };
    let names = (0..count).map(|n| PathBuf::from(format!("{n:02}.jpg")));
    let ids = state.shoot.add(names.collect());
    for (n, id) in ids.iter().enumerate() {
        let outcome = match n {
            0 => Err("broken".to_owned()),
            n => Ok(scored(1.0 - n as f64 / 100.0)),
        };
        state.shoot.set(*id, outcome);
    }
    settle(&mut state);
    let effects = apply(&mut state, Command::ShowCalibrate);
    let [Effect::Learn(LearnErrand::Begin { photos, source, .. })] = &effects[..] else {
        panic!("{effects:?}");
    };
    // What cannot be decoded is not looked at.
    assert_eq!(photos.len(), count - 1);
    assert_eq!(*source, Source::BuiltIn);
    let described = LearnNews::Described {
        number: state.learning.number,
        result: Ok(0),
    };
    receive(&mut state, Message::Learn(described));
    (state, ids)
}

/// The ratings that the tutor is to learn from now, if any.
fn asked(state: &mut State) -> Option<usize> {
    match &wishes(state)[..] {
        [] => None,
        [Effect::Learn(LearnErrand::Teach { labels, .. })] => Some(labels.len()),
        other => panic!("{other:?}"),
    }
}

fn report(labels: usize, after: f64) -> Report {
    let figure = |srcc: f64| Agreement {
        srcc,
        low: srcc - 0.1,
        high: srcc + 0.1,
    };
    Report {
        labels,
        uncalibrated: figure(0.4),
        calibrated: figure(after),
        ridge: figure(0.3),
        gain: figure(after - 0.4),
    }
}

fn learned(state: &mut State, proposals: &[PhotoId], labels: usize, after: Option<f64>) {
    let news = LearnNews::Learned {
        number: state.learning.number,
        proposals: proposals.to_vec(),
        helps: true,
        lesson: Lesson {
            labels,
            report: after
                .map(|after| report(labels, after))
                .ok_or_else(|| "too few".to_owned()),
            movers: Vec::new(),
            expected: Vec::new(),
        },
    };
    receive(state, Message::Learn(news));
    settle(state);
}

fn press(state: &mut State, rate: Rate) {
    apply(state, Command::Rate(rate));
    settle(state);
}

#[test]
fn rating_goes_on_to_the_next_proposal_and_has_the_tutor_learn() {
    let (mut state, ids) = begun(12);
    assert_eq!(asked(&mut state), Some(0));
    // One lesson at a time.
    assert_eq!(asked(&mut state), None);
    learned(&mut state, &[ids[5], ids[7], ids[9]], 0, None);
    assert_eq!(state.focus, Some(ids[5]));
    press(&mut state, Rate::Stars(4));
    assert_eq!(state.focus, Some(ids[7]));
    // A flag alone says nothing to learn from; a rejected photo does.
    press(&mut state, Rate::Flag(Flag::Pick));
    assert_eq!(state.focus, Some(ids[7]));
    press(&mut state, Rate::Flag(Flag::Reject));
    assert_eq!(state.focus, Some(ids[9]));
    assert_eq!(asked(&mut state), Some(2));
    assert_eq!(state.learning.told[&ids[7]], 0.0);
    // What is looked at stays when new proposals come.
    learned(&mut state, &[ids[2], ids[3]], 2, None);
    assert_eq!(state.focus, Some(ids[9]));
    assert_eq!(state.learning.proposals, [ids[9], ids[2], ids[3]]);
    assert_eq!(asked(&mut state), None);
    apply(&mut state, Command::Go(Step::Next));
    assert_eq!(state.focus, Some(ids[2]));
    apply(&mut state, Command::Go(Step::Previous));
    assert_eq!(state.focus, Some(ids[9]));
}

#[test]
fn the_curve_follows_the_ratings_back_and_forth() {
    let (mut state, ids) = begun(12);
    for (labels, after) in [(8, 0.5), (9, 0.6), (10, 0.55)] {
        learned(&mut state, &[ids[1]], labels, Some(after));
    }
    let curve = |state: &State| -> Vec<(usize, f64)> {
        let points = state.learning.curve.iter();
        points.map(|it| (it.labels, it.after)).collect()
    };
    assert_eq!(curve(&state), [(8, 0.5), (9, 0.6), (10, 0.55)]);
    // A rating was taken back.
    learned(&mut state, &[ids[1]], 9, Some(0.58));
    assert_eq!(curve(&state), [(8, 0.5), (9, 0.58)]);
}

#[test]
fn a_kept_profile_is_used_at_once_and_a_taken_name_asked_about() {
    let (mut state, ids) = begun(12);
    learned(&mut state, &[ids[1]], 9, Some(0.6));
    apply(&mut state, Command::NameProfile("weddings".to_owned()));
    let kept = |state: &mut State| match &apply(state, Command::KeepProfile)[..] {
        [Effect::Learn(LearnErrand::Keep { name, replace })] => (name.clone(), *replace),
        other => panic!("{other:?}"),
    };
    assert_eq!(kept(&mut state), ("weddings".to_owned(), false));
    let taken = LearnNews::Kept {
        name: "weddings".to_owned(),
        result: Err(("There is already a profile".to_owned(), true)),
    };
    receive(&mut state, Message::Learn(taken));
    assert!(state.learning.replace && state.learning.problem.is_some());
    // The second time is the answer.
    assert_eq!(kept(&mut state), ("weddings".to_owned(), true));
    let done = LearnNews::Kept {
        name: "weddings".to_owned(),
        result: Ok(()),
    };
    let effects = receive(&mut state, Message::Learn(done));
    let used = effects.iter().any(|effect| {
        matches!(effect, Effect::Models(ModelErrand::Use(Source::BuiltIn, Some(name)))
            if name == "weddings")
    });
    assert!(used, "{effects:?}");
}

#[test]
fn what_was_begun_for_a_closed_shoot_is_for_nobody() {
    let (mut state, ids) = begun(12);
    let number = state.learning.number;
    let effects = apply(&mut state, Command::Close);
    let stop = |effect: &Effect| matches!(effect, Effect::Learn(LearnErrand::Stop));
    assert!(effects.iter().any(stop));
    let late = LearnNews::Learned {
        number,
        proposals: vec![ids[1]],
        helps: true,
        lesson: Lesson {
            labels: 9,
            report: Ok(report(9, 0.5)),
            movers: Vec::new(),
            expected: Vec::new(),
        },
    };
    receive(&mut state, Message::Learn(late));
    assert_eq!(state.learning.phase, Phase::Off);
    assert!(state.learning.lesson.is_none() && state.learning.proposals.is_empty());
}
