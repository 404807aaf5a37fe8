//! Which photo of a group to keep.

use super::{Group, Photo, Shot};
use crate::model::{QualityModel, Score};

/// The difference of two scores of one burst below which the model does not tell
/// the photos apart, where it has no scale that says so, in points of 100.
///
/// Measured on 79 photos with six small changes (JPEG at quality 85 to 95, the
/// size reduced to 0.9 and 0.7): of two photos changed alike, the order turned
/// for 29 % of those less than 0.5 points apart, 13 % up to 1, 7 % up to 1.5, 5 %
/// up to 2, 3 % up to 3 and 2 % up to 4.
pub const MARGIN: f64 = 2.0;

/// By how much the next score has to be below `score` to be told from it. With a
/// scale, the next has to be below the interval that holds 8 of 10 opinions: of
/// two photos so far apart, with errors that have nothing to do with each other,
/// the better one is better in about 8 of 10 cases.
pub fn margin(model: &dyn QualityModel, score: Score) -> f64 {
    model
        .interval(score)
        .map_or(MARGIN, |interval| (score.value() - interval.low).max(0.0))
}

/// What is proposed for a group. Places are those of [`Group::shots`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Proposal {
    /// Keep this one.
    Best {
        /// Its place.
        shot: usize,
        /// Its score.
        score: Score,
        /// The next score.
        next: Score,
    },
    /// The best scores are too close to say which is better.
    TooClose {
        /// The place of the one with the highest score.
        shot: usize,
        /// Its score.
        score: Score,
        /// The next score.
        next: Score,
        /// What they would have to differ by.
        margin: f64,
    },
    /// All photos of the group are needed.
    KeepAll,
    /// Fewer than two of its photos have scores.
    NoScores,
}

impl Proposal {
    /// The place of the shot with the highest score, where scores decide.
    pub fn top(&self) -> Option<usize> {
        match self {
            Self::Best { shot, .. } | Self::TooClose { shot, .. } => Some(*shot),
            Self::KeepAll | Self::NoScores => None,
        }
    }
}

impl Group {
    /// What is proposed, given what is a `margin` for a score.
    pub fn proposal(&self, photos: &[Photo], margin: impl Fn(Score) -> f64) -> Proposal {
        if self.kind.is_whole() {
            return Proposal::KeepAll;
        }
        let mut ranked: Vec<(usize, Score)> = self
            .shots
            .iter()
            .enumerate()
            .filter_map(|(at, shot)| Some((at, photos.get(shot.lead())?.score?)))
            .collect();
        // Of equal ones the first that was taken.
        ranked.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        let [(shot, score), (_, next), ..] = *ranked.as_slice() else {
            return Proposal::NoScores;
        };
        let needed = margin(score);
        match score.value() - next.value() < needed {
            true => Proposal::TooClose {
                shot,
                score,
                next,
                margin: needed,
            },
            false => Proposal::Best { shot, score, next },
        }
    }

    /// Why that is proposed, in plain words.
    pub fn reason(&self, proposal: &Proposal) -> String {
        match proposal {
            Proposal::Best { score, next, .. } => {
                format!("score {:.0}, next {:.0}", score.value(), next.value())
            }
            Proposal::TooClose {
                score,
                next,
                margin,
                ..
            } => format!(
                "too close to call: score {score}, next {next}, and differences below {margin:.1} say little"
            ),
            Proposal::KeepAll => format!("{}: all of it is needed", self.kind.words()),
            Proposal::NoScores => "fewer than two photos have a score".to_owned(),
        }
    }

    /// The shots to reject where `proposal` names the best one: those whose score
    /// is lower. One without a score was not compared, and stays.
    pub fn rest(&self, photos: &[Photo], proposal: &Proposal) -> Vec<&Shot> {
        let Proposal::Best { shot: best, .. } = *proposal else {
            return Vec::new();
        };
        let scored = |shot: &Shot| photos.get(shot.lead()).is_some_and(|p| p.score.is_some());
        self.shots
            .iter()
            .enumerate()
            .filter(|(at, shot)| *at != best && scored(shot))
            .map(|(_, shot)| shot)
            .collect()
    }
}
