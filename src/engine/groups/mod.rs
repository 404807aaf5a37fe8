//! Bursts and near-duplicates: photos of which one is enough.
//!
//! Everything here is a function of plain data. [`read`] collects that data; a
//! [`Comparison`] compares photos once, and [`Comparison::groups`] is then quick
//! enough to follow a slider.
//!
//! - Photos of one camera are compared with those that came soon after, by the
//!   distance of their standardised descriptors. The further apart in time, the
//!   more alike they have to be. Photos without a time of capture are compared
//!   with their neighbours by name.
//! - Exposure brackets, focus stacks and panoramas are recognised by what EXIF
//!   says alone, and nothing of them is ever proposed for rejection.
//! - A RAW file and what was developed from it, in one folder and by one name,
//!   are one shot.

mod best;
mod order;
mod read;
mod series;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use serde::Serialize;

use crate::metadata::Exif;
use crate::model::Score;

pub use best::{MARGIN, Proposal, margin};
pub use read::{Looked, read};

/// The sensitivity where the user names none: see `docs/cli.md` for what it was
/// tried on.
pub const SENSITIVITY: f64 = 0.5;

/// What is known of a photo.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Photo {
    /// Its file.
    pub path: PathBuf,
    /// What the camera wrote.
    pub exif: Exif,
    /// Its standardised descriptor [1120]; `None` where there is none.
    pub look: Option<Vec<f32>>,
    /// Its score; `None` where there is none.
    pub score: Option<Score>,
}

/// What makes photos a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Alike, each within two seconds after the one before.
    Burst,
    /// Alike.
    Similar,
    /// One scene in several exposures.
    ExposureBracket,
    /// One scene focused at several distances.
    FocusStack,
    /// One scene, the camera turning.
    Panorama,
}

impl Kind {
    /// Whether all photos of such a group are needed.
    pub fn is_whole(self) -> bool {
        matches!(
            self,
            Self::ExposureBracket | Self::FocusStack | Self::Panorama
        )
    }

    /// Its name for scripts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Burst => "burst",
            Self::Similar => "similar",
            Self::ExposureBracket => "exposure_bracket",
            Self::FocusStack => "focus_stack",
            Self::Panorama => "panorama",
        }
    }

    /// Its name for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Burst => "burst",
            Self::Similar => "similar photos",
            Self::ExposureBracket => "exposure bracket",
            Self::FocusStack => "focus stack",
            Self::Panorama => "panorama",
        }
    }
}

/// One press of the shutter: a photo, or a RAW file with what was developed from
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shot {
    /// Places of its files among the photos; the first is the one that is looked
    /// at and scored. Never empty.
    pub files: Vec<usize>,
}

impl Shot {
    /// The file that is looked at and scored.
    pub fn lead(&self) -> usize {
        self.files.first().copied().unwrap_or_default()
    }
}

/// Shots that belong together; two at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What makes it a group.
    pub kind: Kind,
    /// Its shots in the order of capture.
    pub shots: Vec<Shot>,
}

/// What the user says of two photos.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// The place of one photo.
    pub one: usize,
    /// The place of the other.
    pub other: usize,
    /// Whether they belong together, or are never to be in one group.
    pub together: bool,
}

/// Shots that later ones are compared with, at most.
const NEXT: usize = 16;

/// Neighbours by name that photos without a time of capture are compared with.
const NEIGHBOURS: usize = 3;

/// Members of a group that another shot is held to: the last ones.
const LAST: usize = 4;

/// Longest time between two shots of a burst, in milliseconds. Where cameras
/// tell whole seconds only, two shots of the same second can look this far apart.
const BURST: i64 = 2_000;

/// Two shots that were compared.
#[derive(Debug, Clone, Copy)]
struct Link {
    earlier: usize,
    later: usize,
    /// Milliseconds between them; `None` for neighbours by name.
    apart: Option<i64>,
    /// Half the mean squared difference of the standardised descriptors: 0 for
    /// the same picture, about 1 for pictures that have nothing in common.
    difference: f32,
}

/// Photos that were compared.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// By camera and time; those without a time by name.
    shots: Vec<Shot>,
    /// When each was taken.
    times: Vec<Option<i64>>,
    /// Links by their later shot.
    links: Vec<Link>,
    /// Runs of shots that EXIF says belong together.
    series: Vec<(Kind, Vec<usize>)>,
    /// The shot of each photo.
    shot_of: HashMap<usize, usize>,
}

impl Comparison {
    /// Compares photos.
    pub fn new(photos: &[Photo]) -> Self {
        let sequences = order::sequences(photos);
        let mut comparison = Self {
            shots: Vec::new(),
            times: Vec::new(),
            links: Vec::new(),
            series: Vec::new(),
            shot_of: HashMap::new(),
        };
        for sequence in sequences {
            let start = comparison.shots.len();
            let leads: Vec<&Photo> = sequence
                .iter()
                .filter_map(|shot| photos.get(shot.lead()))
                .collect();
            let times: Vec<Option<i64>> = leads.iter().map(|photo| order::time(photo)).collect();
            comparison.compare(start, &leads, &times);
            if times.first().is_some_and(Option::is_some) {
                for (kind, run) in series::find(&leads) {
                    let run = run.into_iter().map(|at| start + at).collect();
                    comparison.series.push((kind, run));
                }
            }
            comparison.times.extend(times);
            comparison.shots.extend(sequence);
        }
        for (at, shot) in comparison.shots.iter().enumerate() {
            for &file in &shot.files {
                comparison.shot_of.insert(file, at);
            }
        }
        comparison
    }

    /// Compares the shots of one sequence with those that follow.
    fn compare(&mut self, start: usize, leads: &[&Photo], times: &[Option<i64>]) {
        for (later, photo) in leads.iter().enumerate() {
            let time = times.get(later).copied().flatten();
            let reach = if time.is_some() { NEXT } else { NEIGHBOURS };
            for earlier in later.saturating_sub(reach)..later {
                let apart = match (time, times.get(earlier).copied().flatten()) {
                    (Some(later), Some(earlier)) => Some(later - earlier),
                    _ => None,
                };
                if apart.is_some_and(|apart| apart > window(1.0)) {
                    continue;
                }
                let looks = leads.get(earlier).map(|other| (&other.look, &photo.look));
                if let Some((Some(a), Some(b))) = looks {
                    self.links.push(Link {
                        earlier: start + earlier,
                        later: start + later,
                        apart,
                        difference: difference(a, b),
                    });
                }
            }
        }
    }

    /// The groups at a sensitivity, 0 (the same picture again) to 1 (the same
    /// scene), in the order of their first shots. A wish to keep two photos apart
    /// comes before everything, one to see them together before likeness.
    pub fn groups(&self, sensitivity: f64, wishes: &[Wish]) -> Vec<Group> {
        let sensitivity = match sensitivity.is_finite() {
            true => sensitivity.clamp(0.0, 1.0),
            false => SENSITIVITY,
        };
        let mut clusters = Clusters::new(self.shots.len());
        let mut together = Vec::new();
        for wish in wishes {
            let (Some(&one), Some(&other)) =
                (self.shot_of.get(&wish.one), self.shot_of.get(&wish.other))
            else {
                continue;
            };
            match wish.together {
                true => together.push((one, other)),
                false => clusters.keep_apart(one, other),
            }
        }
        let mut kinds: HashMap<usize, Kind> = HashMap::new();
        for (kind, run) in &self.series {
            for pair in run.windows(2) {
                if let [a, b] = *pair {
                    clusters.join(a, b);
                }
            }
            kinds.extend(run.iter().map(|&shot| (shot, *kind)));
        }
        for (one, other) in together {
            clusters.join(one, other);
        }
        self.join_alike(sensitivity, &kinds, &mut clusters);
        self.collect(&clusters, &kinds)
    }

    /// Joins shots that look alike.
    fn join_alike(&self, sensitivity: f64, kinds: &HashMap<usize, Kind>, clusters: &mut Clusters) {
        let alike = |link: &Link| {
            let whole = kinds.contains_key(&link.earlier) || kinds.contains_key(&link.later);
            !whole && f64::from(link.difference) <= most(link.apart, sensitivity)
        };
        for links in self.links.chunk_by(|a, b| a.later == b.later) {
            let mut close: Vec<&Link> = links.iter().filter(|link| alike(link)).collect();
            close.sort_by(|a, b| {
                let by_look = a.difference.total_cmp(&b.difference);
                by_look.then_with(|| b.earlier.cmp(&a.earlier))
            });
            for link in &close {
                // One shot between two scenes must not make them one: it is
                // alike with half of the group's last shots at least.
                let (mut compared, mut agreed) = (0, 0);
                for &member in clusters.members(link.earlier).iter().rev() {
                    if let Some(link) = links.iter().find(|link| link.earlier == member) {
                        compared += 1;
                        agreed += usize::from(alike(link));
                    }
                    if compared == LAST {
                        break;
                    }
                }
                if 2 * agreed >= compared {
                    clusters.join(link.earlier, link.later);
                }
            }
        }
    }

    fn collect(&self, clusters: &Clusters, kinds: &HashMap<usize, Kind>) -> Vec<Group> {
        let mut groups: Vec<(Option<i64>, Group)> = Vec::new();
        for members in clusters.members.iter().filter(|members| members.len() > 1) {
            let mut members = members.clone();
            let time = |shot: &usize| self.times.get(*shot).copied().flatten();
            // Without a time last, as they stand.
            members.sort_by_key(|shot| (time(shot).is_none(), time(shot), *shot));
            let times: Vec<Option<i64>> = members.iter().map(time).collect();
            let quick = times.windows(2).all(|pair| match *pair {
                [Some(a), Some(b)] => b - a <= BURST,
                _ => false,
            });
            let whole = members.iter().find_map(|shot| kinds.get(shot).copied());
            let kind = whole.unwrap_or(if quick { Kind::Burst } else { Kind::Similar });
            let shots = members
                .iter()
                .filter_map(|&shot| self.shots.get(shot).cloned())
                .collect();
            groups.push((times.first().copied().flatten(), Group { kind, shots }));
        }
        // By time, whichever camera; the sort keeps the order of the rest.
        groups.sort_by_key(|(time, _)| (time.is_none(), *time));
        groups.into_iter().map(|(_, group)| group).collect()
    }
}

/// Shots in clusters, and which must not share one.
struct Clusters {
    /// The cluster of each shot.
    of: Vec<usize>,
    /// The shots of each cluster in order; empty where it went into another.
    members: Vec<Vec<usize>>,
    apart: HashMap<usize, HashSet<usize>>,
}

impl Clusters {
    fn new(shots: usize) -> Self {
        Self {
            of: (0..shots).collect(),
            members: (0..shots).map(|shot| vec![shot]).collect(),
            apart: HashMap::new(),
        }
    }

    fn keep_apart(&mut self, one: usize, other: usize) {
        // The files of one shot cannot be.
        if one != other {
            self.apart.entry(one).or_default().insert(other);
            self.apart.entry(other).or_default().insert(one);
        }
    }

    /// The shots of the cluster that a shot is in.
    fn members(&self, shot: usize) -> &[usize] {
        let cluster = self.of.get(shot).and_then(|&at| self.members.get(at));
        cluster.map_or(&[], Vec::as_slice)
    }

    /// Makes the clusters of two shots one, unless some of their shots are to be
    /// kept apart.
    fn join(&mut self, one: usize, other: usize) {
        let (Some(&a), Some(&b)) = (self.of.get(one), self.of.get(other)) else {
            return;
        };
        let (into, from) = (a.min(b), a.max(b));
        let forbidden = |shot: &usize| {
            self.apart
                .get(shot)
                .is_some_and(|apart| apart.iter().any(|at| self.of.get(*at) == Some(&into)))
        };
        if into == from || self.members(self.first(from)).iter().any(forbidden) {
            return;
        }
        let moved = self
            .members
            .get_mut(from)
            .map(std::mem::take)
            .unwrap_or_default();
        for &shot in &moved {
            if let Some(of) = self.of.get_mut(shot) {
                *of = into;
            }
        }
        if let Some(members) = self.members.get_mut(into) {
            members.extend(moved);
            members.sort_unstable();
        }
    }

    /// A shot of a cluster.
    fn first(&self, cluster: usize) -> usize {
        let members = self.members.get(cluster);
        members.and_then(|m| m.first()).copied().unwrap_or(cluster)
    }
}

/// How far apart in milliseconds shots can be and still be compared.
fn window(sensitivity: f64) -> i64 {
    (BURST as f64 * 60f64.powf(sensitivity)) as i64
}

/// The most that two shots may differ at a sensitivity: between [`SAME`] and
/// [`SCENE`] where one followed within two seconds, falling to [`LATE`] of the way
/// where it came at the window's end, or where nobody knows when it came.
fn most(apart: Option<i64>, sensitivity: f64) -> f64 {
    let quick = SAME + sensitivity * (SCENE - SAME);
    let slow = SAME + LATE * sensitivity * (SCENE - SAME);
    let window = window(sensitivity);
    match apart {
        None => slow,
        Some(apart) if apart <= BURST => quick,
        Some(apart) if apart > window => -1.0,
        Some(apart) => {
            let share = (apart as f64 / BURST as f64).ln() / (window as f64 / BURST as f64).ln();
            quick * (slow / quick).powf(share)
        }
    }
}

/// Above what a photo saved anew as JPEG of quality 85 differs by from itself
/// (0.006 at most of 26 photos).
const SAME: f64 = 0.02;

/// Photos that have nothing to do with each other differ by more, but for 1 in 100
/// pairs (of 64 photos; 0.96 in the middle, 0.38 at least). Six views of a castle
/// from a few steps apart differ by 0.03 to 0.15.
const SCENE: f64 = 0.5;

/// See [`most`].
const LATE: f64 = 0.4;

/// See [`Link::difference`].
fn difference(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0f32; 16];
    let (a_parts, a_rest) = a.as_chunks::<16>();
    let (b_parts, b_rest) = b.as_chunks::<16>();
    for (a, b) in a_parts.iter().zip(b_parts) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += (x - y) * (x - y);
        }
    }
    let rest: f32 = a_rest
        .iter()
        .zip(b_rest)
        .map(|(x, y)| (x - y) * (x - y))
        .sum();
    (sums.iter().sum::<f32>() + rest) / (2 * a.len().max(1)) as f32
}
