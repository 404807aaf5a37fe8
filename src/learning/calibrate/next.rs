//! Which photos to rate next: those that teach most.
//!
//! The scores of the photos are cut into as many strata as there will be
//! ratings, so that the whole range is asked about. Within a stratum comes the
//! photo about which the process of [`super::taste`] is least certain after what
//! is rated or proposed already, which spreads the photos over their kinds. The
//! tenth that is farthest from everything is left out: what odd photos teach
//! does not carry over. Never are two photos of one burst proposed.

use super::Photo;
use crate::learning::sample::Random;

/// Photos that are looked at, at most: it costs their square.
const LOOKED_AT: usize = 800;

/// Variances that are assumed: of the residual over typical photos and of the
/// noise, in units of the labels' variance.
const RESIDUAL: f64 = 0.2;
const NOISE: f64 = 0.4;

/// Share of the photos that is not too odd to be proposed.
const USUAL: f64 = 0.9;

/// Two photos whose descriptors are apart by less than this share of a typical
/// distance are taken for one scene, shot twice.
const BURST: f64 = 0.15;

/// A proposal.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// Places of photos to rate, most useful first.
    pub photos: Vec<usize>,
    /// Share of what is uncertain about all photos that remains after what is
    /// rated already, noise left out.
    pub uncertain: f64,
    /// The part of that which the proposed ratings would take away.
    pub gain: f64,
}

impl Proposal {
    /// Whether more ratings still help: each of the proposed ones would take
    /// away at least a two-hundredth of what is uncertain.
    pub fn helps(&self) -> bool {
        !self.photos.is_empty() && self.gain / self.photos.len() as f64 > 0.005
    }
}

/// Proposes `count` photos besides those that are `rated` (places in
/// `photos`). Photos with the same number in `bursts`, where there is one, are
/// of one burst; so are photos that look nearly the same.
pub fn propose(
    photos: &[Photo],
    bursts: &[Option<u64>],
    rated: &[usize],
    count: usize,
) -> Proposal {
    let mut places: Vec<usize> = (0..photos.len()).collect();
    if places.len() > LOOKED_AT {
        Random::new(places.len() as u64).shuffle(&mut places);
        // Rated photos count, whichever are looked at.
        let (mut kept, others): (Vec<_>, Vec<_>) =
            places.into_iter().partition(|place| rated.contains(place));
        kept.truncate(LOOKED_AT / 2);
        kept.extend(others);
        kept.truncate(LOOKED_AT);
        kept.sort_unstable();
        places = kept;
    }
    let n = places.len();
    let mut covariance = Covariance::of(&places.iter().map(|&i| &photos[i]).collect::<Vec<_>>());
    let total = covariance.uncertainty();
    let mut open = vec![true; n];
    let same_scene = |covariance: &Covariance, a: usize, b: usize| {
        let burst = |i: usize| bursts.get(places[i]).copied().flatten();
        let by_number = burst(a).is_some() && burst(a) == burst(b);
        by_number || covariance.apart(a, b) < BURST * covariance.typical
    };
    for (i, place) in places.iter().enumerate() {
        if rated.contains(place) {
            covariance.learn(i);
            (0..n)
                .filter(|&j| same_scene(&covariance, i, j))
                .for_each(|j| open[j] = false);
            open[i] = false;
        }
    }
    let before = covariance.uncertainty();
    let mut lengths: Vec<f64> = covariance.own.clone();
    lengths.sort_by(f64::total_cmp);
    let longest = lengths
        .get((USUAL * n as f64) as usize)
        .copied()
        .unwrap_or(f64::INFINITY);

    // Strata of the scores, and those that were asked about.
    let mut by_score: Vec<usize> = (0..n).collect();
    by_score.sort_by(|&a, &b| {
        photos[places[a]]
            .margin
            .total_cmp(&photos[places[b]].margin)
    });
    let strata = (rated.len() + count).clamp(1, n.max(1));
    let mut stratum_of = vec![0; n];
    for (rank, &i) in by_score.iter().enumerate() {
        stratum_of[i] = rank * strata / n;
    }
    let mut asked = vec![0usize; strata];
    (0..n)
        .filter(|&i| rated.contains(&places[i]))
        .for_each(|i| asked[stratum_of[i]] += 1);
    let mut order: Vec<usize> = (0..strata).collect();
    Random::new(n as u64).shuffle(&mut order);

    let mut chosen = Vec::new();
    while chosen.len() < count {
        // A stratum that was asked about least, and has anybody left.
        order.sort_by_key(|&stratum| asked[stratum]);
        let next = order.iter().find_map(|&stratum| {
            let of_it = |&i: &usize| open[i] && stratum_of[i] == stratum;
            let unsure = |&a: &usize, &b: &usize| covariance.at(a).total_cmp(&covariance.at(b));
            let usual = (0..n)
                .filter(of_it)
                .filter(|&i| covariance.own[i] <= longest);
            usual
                .max_by(unsure)
                .or_else(|| (0..n).filter(of_it).max_by(unsure))
        });
        let Some(next) = next else { break };
        covariance.learn(next);
        asked[stratum_of[next]] += 1;
        for (j, open) in open.iter_mut().enumerate() {
            *open &= j != next && !same_scene(&covariance, next, j);
        }
        chosen.push(places[next]);
    }
    Proposal {
        photos: chosen,
        uncertain: before / total.max(f64::MIN_POSITIVE),
        gain: (before - covariance.uncertainty()) / total.max(f64::MIN_POSITIVE),
    }
}

/// What is known of photos: the covariance of what the descriptor adds to
/// their expected labels.
struct Covariance {
    /// [n, n], row-major.
    values: Vec<f64>,
    /// Squared distances of descriptors [n, n], per number.
    distances: Vec<f32>,
    /// Mean squares of the descriptors [n].
    own: Vec<f64>,
    n: usize,
    /// The median of the squared distances.
    typical: f64,
}

impl Covariance {
    fn of(photos: &[&Photo]) -> Self {
        let n = photos.len();
        let mut values = vec![0f64; n * n];
        for i in 0..n {
            for j in 0..=i {
                let sum: f32 = photos[i]
                    .z
                    .iter()
                    .zip(&photos[j].z)
                    .map(|(a, b)| a * b)
                    .sum();
                let value = f64::from(sum) / photos[i].z.len().max(1) as f64;
                values[i * n + j] = value;
                values[j * n + i] = value;
            }
        }
        let own: Vec<f64> = (0..n).map(|i| values[i * n + i]).collect();
        let mut distances = vec![0f32; n * n];
        for (i, row) in distances.chunks_exact_mut(n.max(1)).enumerate() {
            for (j, distance) in row.iter_mut().enumerate() {
                *distance = (own[i] + own[j] - 2.0 * values[i * n + j]).max(0.0) as f32;
            }
        }
        let mut sorted: Vec<f32> = distances.iter().copied().filter(|&d| d > 0.0).collect();
        let middle = sorted.len() / 2;
        let typical = match sorted.is_empty() {
            true => 0.0,
            false => *sorted.select_nth_unstable_by(middle, f32::total_cmp).1,
        };
        values.iter_mut().for_each(|value| *value *= RESIDUAL);
        Self {
            values,
            distances,
            own,
            n,
            typical: f64::from(typical),
        }
    }

    fn apart(&self, a: usize, b: usize) -> f64 {
        f64::from(self.distances[a * self.n + b])
    }

    /// The variance of photo `i`.
    fn at(&self, i: usize) -> f64 {
        self.values[i * self.n + i]
    }

    /// The sum of all variances.
    fn uncertainty(&self) -> f64 {
        (0..self.n).map(|i| self.at(i)).sum()
    }

    /// Takes a rating of photo `i` into account.
    fn learn(&mut self, i: usize) {
        let row = self.values[i * self.n..][..self.n].to_vec();
        let scale = 1.0 / (row[i] + NOISE);
        for (values, &of_row) in self.values.chunks_exact_mut(self.n).zip(&row) {
            for (value, &of_column) in values.iter_mut().zip(&row) {
                *value -= scale * of_row * of_column;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::made::photos;
    use super::*;

    #[test]
    fn never_two_of_a_burst() {
        let mut all = photos(40, 1);
        // Every photo twice, nearly.
        let mut again = all.clone();
        again.iter_mut().for_each(|photo| photo.z[0] += 0.2);
        all.extend(again);
        let proposal = propose(&all, &[], &[3], 30);
        assert_eq!(proposal.photos.len(), 30);
        let mut scenes: Vec<usize> = proposal.photos.iter().map(|i| i % 40).collect();
        scenes.sort_unstable();
        scenes.dedup();
        assert_eq!(scenes.len(), 30);
        assert!(!scenes.contains(&3));

        let bursts: Vec<Option<u64>> = (0..80).map(|i| (i < 20).then_some(1)).collect();
        let proposal = propose(&all, &bursts, &[], 60);
        let of_burst = proposal.photos.iter().filter(|&&i| i < 20).count();
        assert!(of_burst <= 1, "{of_burst}");
    }

    #[test]
    fn what_is_rated_leaves_less_to_learn() {
        let all = photos(200, 2);
        let first = propose(&all, &[], &[], 24);
        let then = propose(&all, &[], &first.photos, 24);
        assert!(first.uncertain > 0.99 && then.uncertain < 0.8 * first.uncertain);
        assert!(first.helps() && then.gain < first.gain);
        assert!(first.photos.iter().all(|i| !then.photos.contains(i)));
        let rated: Vec<usize> = (0..180).collect();
        assert!(!propose(&all, &[], &rated, 10).helps());
    }
}
