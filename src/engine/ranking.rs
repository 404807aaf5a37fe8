//! The order in which results are shown everywhere.

use std::cmp::Ordering;

use super::PhotoResult;

/// Best first; equal scores in path order; failed photos last, in path order.
///
/// A photo's rank is its place in this order, from 1; failed photos have none.
pub fn best_first(a: &PhotoResult, b: &PhotoResult) -> Ordering {
    let by_score = match (&a.outcome, &b.outcome) {
        (Ok(a), Ok(b)) => b.score.cmp(&a.score),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => Ordering::Equal,
    };
    by_score.then_with(|| a.path.cmp(&b.path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Scored;
    use crate::model::Score;

    #[test]
    fn best_first_then_by_path_failures_last() {
        let photo = |path: &str, probability: Option<f64>| PhotoResult {
            index: 0,
            path: path.into(),
            outcome: probability.map_or(Err("broken".into()), |p| {
                Ok(Scored {
                    score: Score::from_probability(p).unwrap(),
                    scene: None,
                    size: (1, 1),
                    thumbnail: None,
                })
            }),
        };
        let mut photos = [
            photo("f", None),
            photo("c", Some(0.5)),
            photo("a", Some(0.1)),
            photo("e", None),
            photo("b", Some(0.5)),
            photo("z", Some(0.9)),
        ];
        photos.sort_by(best_first);
        let order: Vec<_> = photos.iter().map(|p| p.path.to_str().unwrap()).collect();
        assert_eq!(order, ["z", "b", "c", "a", "e", "f"]);
    }
}
