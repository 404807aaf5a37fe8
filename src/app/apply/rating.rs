//! Rating: what the user gives is shown at once and on its way to the catalog;
//! what the catalog answers holds.

use std::path::PathBuf;

use super::{Effect, learning, looking, problem, say, steps};
use crate::app::command::{Rate, Step};
use crate::app::state::{Conflict, Facts, Panel, Pending, PhotoId, State, View};
use crate::catalog::Rated;
use crate::metadata::xmp::{Fields, Flag, Label, Naming, Rating, Stars};
use crate::report::{paths, wording};

/// What has to be read or written about ratings.
#[derive(Debug)]
pub enum RatingErrand {
    /// Read the ratings of photos.
    Read {
        /// The shoot they are of.
        shoot: u64,
        /// The photos and their files.
        photos: Vec<(PhotoId, PathBuf)>,
    },
    /// Rate photos.
    Rate {
        /// The shoot they are of.
        shoot: u64,
        /// [`Pending::number`].
        number: u64,
        /// Their files.
        photos: Vec<PathBuf>,
        /// What they get; what it does not say stays.
        rating: Rating,
        /// How new sidecars are named.
        naming: Naming,
    },
    /// Take the last command back, or do it again.
    Turn {
        /// Whether to take it back.
        undo: bool,
    },
}

/// What there is to say about ratings.
#[derive(Debug)]
pub enum RatingNews {
    /// Ratings as they are.
    Read {
        /// The shoot they are of.
        shoot: u64,
        /// Of some of its photos.
        facts: Vec<(PhotoId, Facts)>,
    },
    /// What became of a rating.
    Rated {
        /// The shoot it was for.
        shoot: u64,
        /// [`Pending::number`].
        number: u64,
        /// One answer for each photo, or why there is none.
        result: Result<Vec<Rated>, String>,
    },
    /// What became of undoing or redoing.
    Turned {
        /// The shoot whose photos are named.
        shoot: u64,
        /// Whether a command was taken back.
        undo: bool,
        /// The command; `None` where there was none.
        result: Result<Option<Turned>, String>,
    },
    /// Something went wrong with the catalog.
    Trouble(String),
}

/// A command that was undone or redone.
#[derive(Debug)]
pub struct Turned {
    /// In words.
    pub command: String,
    /// What was done to each photo; those of other shoots have no id.
    pub photos: Vec<(Option<PhotoId>, Rated)>,
}

/// Rates the photos that the user means.
pub(super) fn rate(state: &mut State, rate: Rate) -> Vec<Effect> {
    let targets = state.targets();
    let effects = give(state, targets.clone(), rate);
    // The focused photo is looked at now, whichever is the best.
    state.focus_on_best = false;
    if state.view == View::Calibrate {
        learning::advance(state);
    } else if state.view == View::Survey && rate == Rate::Flag(Flag::Reject) {
        for id in targets {
            looking::drop_one(state, id);
        }
    } else if state.culling.auto_advance && targets.len() == 1 {
        steps::go(state, Step::Next, false);
    }
    effects
}

/// Rates a photo that the pointer is at; all selected ones if it is selected.
pub(super) fn rate_photo(state: &mut State, photo: PhotoId, rate: Rate) -> Vec<Effect> {
    let targets = match state.culling.chosen.contains(&photo) {
        true => state.targets(),
        false => vec![photo],
    };
    give(state, targets, rate)
}

fn give(state: &mut State, mut targets: Vec<PhotoId>, rate: Rate) -> Vec<Effect> {
    if targets.is_empty() {
        return Vec::new();
    }
    let rating = meant(state, &targets, rate);
    flash(state, &word(rating), targets.len());
    // A photo whose rating is not read yet may have any.
    targets.retain(|id| {
        let photo = state.shoot.photo(*id);
        photo.is_some_and(|photo| {
            photo.exif.is_none()
                || photo
                    .rating
                    .differs(photo.rating.with(rating, rating.fields()))
                    .any()
        })
    });
    order(state, targets, rating)
}

fn order(state: &mut State, photos: Vec<PhotoId>, rating: Rating) -> Vec<Effect> {
    if photos.is_empty() {
        return Vec::new();
    }
    state.culling.orders += 1;
    let number = state.culling.orders;
    let files = photos.iter().filter_map(|id| state.shoot.photo(*id));
    let errand = RatingErrand::Rate {
        shoot: state.shoot.number,
        number,
        photos: files.map(|photo| photo.path.clone()).collect(),
        rating,
        naming: state.habits.sidecars.into(),
    };
    for id in &photos {
        state.shoot.show_rating(*id, |shown| {
            *shown = shown.with(rating, rating.fields());
        });
    }
    state.culling.pending.push_back(Pending {
        number,
        photos,
        rating,
    });
    vec![Effect::Ratings(errand)]
}

/// A label that all have already is taken away.
fn meant(state: &State, targets: &[PhotoId], rate: Rate) -> Rating {
    let mut rating = Rating::default();
    match rate {
        Rate::Stars(stars) => rating.stars = Stars::new(stars),
        Rate::Flag(flag) => rating.flag = Some(flag),
        Rate::Label(label) => {
            let has = |id: &PhotoId| {
                let photo = state.shoot.photo(*id);
                photo.is_some_and(|photo| photo.rating.label == Some(label))
            };
            let all = targets.iter().all(has);
            rating.label = Some(if all { Label::None } else { label });
        }
    }
    rating
}

/// What a key did, as it flashes up.
fn word(rating: Rating) -> String {
    if let Some(stars) = rating.stars.filter(|stars| stars.count() > 0) {
        return "★".repeat(usize::from(stars.count()));
    }
    let text = rating.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn flash(state: &mut State, word: &str, photos: usize) {
    let flash = &mut state.culling.flash;
    flash.number += 1;
    flash.text = match photos {
        1 => word.to_owned(),
        many => format!("{word} · {}", wording::counted(many, "photo")),
    };
}

/// Keeps what the user said where another program said otherwise, or takes
/// what that said.
pub(super) fn resolve(state: &mut State, photo: PhotoId, ours: bool) -> Vec<Effect> {
    let conflicts = &mut state.culling.conflicts;
    let Some(place) = conflicts.iter().position(|it| it.photo == photo) else {
        return Vec::new();
    };
    let conflict = conflicts.remove(place);
    if conflicts.is_empty() && state.panel == Some(Panel::Conflicts) {
        state.panel = None;
    }
    if ours {
        return Vec::new();
    }
    let Conflict { fields, theirs, .. } = conflict;
    // Silence there means none here.
    let none = Rating {
        stars: Stars::new(0),
        flag: Some(Flag::None),
        label: Some(Label::None),
    };
    let rating = Rating::default().with(theirs.or(none), fields);
    order(state, vec![photo], rating)
}

/// Takes in what the catalog says.
pub(super) fn receive(state: &mut State, news: RatingNews) {
    match news {
        RatingNews::Read { shoot, facts } if shoot == state.shoot.number => {
            for (id, facts) in facts {
                let rating = facts.rating;
                state.shoot.set_facts(id, facts);
                hold(state, id, rating);
            }
        }
        RatingNews::Read { .. } => {}
        RatingNews::Rated {
            shoot,
            number,
            result,
        } => rated(state, shoot, number, result),
        RatingNews::Turned {
            shoot,
            undo,
            result,
        } => turned(state, shoot, undo, result),
        RatingNews::Trouble(reason) => problem(state, reason),
    }
}

fn rated(state: &mut State, shoot: u64, number: u64, result: Result<Vec<Rated>, String>) {
    let current = shoot == state.shoot.number;
    let pending = &mut state.culling.pending;
    let place = pending.iter().position(|it| it.number == number);
    let order = place.filter(|_| current).and_then(|at| pending.remove(at));
    let photos = order.as_ref().map(|it| it.photos.as_slice());
    let photos = photos.unwrap_or_default();
    match result {
        Ok(all) => {
            let mut trouble = Trouble::default();
            for (place, rated) in all.iter().enumerate() {
                trouble.note(rated);
                let (Some(&id), Some(order)) = (photos.get(place), &order) else {
                    continue;
                };
                if rated.in_catalog {
                    clash(state, id, rated, order.rating.fields());
                    hold(state, id, rated.after);
                } else {
                    show(state, id);
                }
            }
            trouble.say(state);
        }
        Err(reason) => {
            let first = photos.first().and_then(|id| state.shoot.photo(*id));
            let name = first.map_or_else(String::new, |photo| photo.name.clone());
            let what = match photos.len() {
                0 => "A rating".to_owned(),
                1 => format!("{name}: its rating"),
                many => format!("The rating of {name} and {} more", wording::count(many - 1)),
            };
            for id in photos {
                show(state, *id);
            }
            problem(state, format!("{what} could not be kept: {reason}"));
        }
    }
}

fn turned(state: &mut State, shoot: u64, undo: bool, result: Result<Option<Turned>, String>) {
    let done = if undo { "Undone" } else { "Done again" };
    match result {
        Ok(Some(turned)) => {
            let mut trouble = Trouble::default();
            let mut elsewhere = 0;
            let mut last = None;
            for (id, rated) in &turned.photos {
                trouble.note(rated);
                match id.filter(|_| shoot == state.shoot.number) {
                    Some(id) => {
                        last = Some(id);
                        if rated.in_catalog {
                            hold(state, id, rated.after);
                        }
                    }
                    None => elsewhere += 1,
                }
            }
            // What changed should be seen.
            if let (Some(id), [_]) = (last, turned.photos.as_slice()) {
                steps::focus(state, id);
                state.reveal += 1;
            }
            let mut text = format!("{done}: {}", turned.command);
            if elsewhere > 0 {
                let photos = wording::counted(elsewhere, "photo");
                text += &format!(" ({photos} of another shoot)");
            }
            say(state, text);
            trouble.say(state);
        }
        Ok(None) if undo => say(state, "There is nothing to undo".to_owned()),
        Ok(None) => say(state, "There is nothing to do again".to_owned()),
        Err(reason) => {
            let verb = if undo { "undone" } else { "done again" };
            problem(state, format!("Nothing was {verb}: {reason}"));
        }
    }
}

/// Takes what the catalog holds of a photo, below what is still on its way.
fn hold(state: &mut State, id: PhotoId, rating: Rating) {
    state.shoot.hold_rating(id, rating);
    show(state, id);
}

/// Shows what the catalog holds of a photo, and on top what is on its way.
fn show(state: &mut State, id: PhotoId) {
    let pending = &state.culling.pending;
    let orders = pending.iter().filter(|order| order.photos.contains(&id));
    let orders: Vec<Rating> = orders.map(|order| order.rating).collect();
    let held = state
        .shoot
        .photo(id)
        .map_or_else(Rating::default, |it| it.held);
    let shown = orders
        .into_iter()
        .fold(held, |shown, rating| shown.with(rating, rating.fields()));
    state.shoot.show_rating(id, |rating| *rating = shown);
}

/// Notes where another program rated a photo otherwise than it was shown when
/// the user rated it.
fn clash(state: &mut State, id: PhotoId, rated: &Rated, set: Fields) {
    let Some(photo) = state.shoot.photo(id).filter(|photo| photo.exif.is_some()) else {
        return;
    };
    let unseen = rated.before.differs(photo.held);
    let apart = rated.before.differs(rated.after);
    let both =
        |set: bool, changed: bool, unseen: bool, apart: bool| set && changed && unseen && apart;
    let changed = rated.changed_elsewhere;
    let fields = Fields {
        stars: both(set.stars, changed.stars, unseen.stars, apart.stars),
        flag: both(set.flag, changed.flag, unseen.flag, apart.flag),
        label: both(set.label, changed.label, unseen.label, apart.label),
    };
    if !fields.any() {
        return;
    }
    state.culling.conflicts.retain(|it| it.photo != id);
    state.culling.conflicts.push(Conflict {
        photo: id,
        fields,
        ours: rated.after,
        theirs: rated.before,
    });
    state.panel = Some(Panel::Conflicts);
}

/// What went wrong with some photos, for one line.
#[derive(Default)]
struct Trouble {
    first: Option<String>,
    more: usize,
}

impl Trouble {
    fn note(&mut self, rated: &Rated) {
        let kept = match rated.in_catalog {
            true => "; the rating is in the catalog",
            false => "",
        };
        let mut reasons: Vec<String> = rated
            .problems
            .iter()
            .map(|reason| format!("{}{kept}", paths::clean(reason)))
            .collect();
        if rated.kept.any() {
            let name = paths::shown(&rated.photo);
            reasons.push(format!(
                "{name}: was rated again since, and is left as it is"
            ));
        }
        for reason in reasons {
            match self.first {
                None => self.first = Some(reason),
                Some(_) => self.more += 1,
            }
        }
    }

    fn say(self, state: &mut State) {
        let Some(mut text) = self.first else {
            return;
        };
        if self.more > 0 {
            text += &format!(" (and {} more)", wording::count(self.more));
        }
        problem(state, text);
    }
}
