//! Which photos are shown, and in which order.

use std::cmp::Ordering;

use super::{Photo, Shoot};
use crate::metadata::xmp::{Flag, Label, Stars};

/// Sorting and filtering. Without a filter nothing is hidden.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Find {
    /// What the photos are sorted by.
    pub sort: Sort,
    /// Whether the order is turned round.
    pub reversed: bool,
    /// Which photos are shown.
    pub filter: Filter,
}

/// What photos are sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// Best first; without a score last.
    #[default]
    Score,
    /// By their names.
    Name,
    /// When they were taken, earliest first; unknown last.
    Captured,
    /// Picked before unflagged before rejected, then by stars, most first.
    Rating,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Score, Self::Name, Self::Captured, Self::Rating];

    /// What it is called.
    pub fn label(self) -> &'static str {
        match self {
            Self::Score => "Score",
            Self::Name => "Name",
            Self::Captured => "Capture time",
            Self::Rating => "Rating",
        }
    }

    /// Which of two photos comes first; equal where this does not tell.
    fn compare(self, a: &Photo, b: &Photo) -> Ordering {
        let known_first = |a: bool, b: bool| b.cmp(&a);
        match self {
            Self::Score => Ordering::Equal,
            Self::Name => a.name.to_lowercase().cmp(&b.name.to_lowercase()),
            Self::Captured => {
                let (a, b) = (a.captured(), b.captured());
                known_first(a.is_some(), b.is_some()).then_with(|| a.cmp(&b))
            }
            Self::Rating => {
                let of = |photo: &Photo| {
                    let flag = match photo.rating.flag {
                        Some(Flag::Pick) => 2,
                        Some(Flag::Reject) => 0,
                        Some(Flag::None) | None => 1,
                    };
                    (flag, photo.rating.stars.map_or(0, Stars::count))
                };
                of(b).cmp(&of(a))
            }
        }
    }
}

/// Which photos are shown. Each part that asks for nothing lets all through.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// Part of the name, in any case.
    pub text: String,
    /// Any of these flags; none of them set lets all through.
    pub flags: Vec<Flag>,
    /// So many stars at least.
    pub least_stars: u8,
    /// Any of these labels; none of them set lets all through.
    pub labels: Vec<Label>,
    /// Scores from here.
    pub least_score: u8,
    /// Scores up to here.
    pub most_score: u8,
    /// Only photos of this camera.
    pub camera: Option<String>,
    /// Only photos through this lens.
    pub lens: Option<String>,
    /// Only files of this type, by their extension in capitals.
    pub kind: Option<String>,
    /// Only photos without stars, flag and label.
    pub unrated: bool,
    /// Only photos that could not be scored.
    pub unreadable: bool,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            text: String::new(),
            flags: Vec::new(),
            least_stars: 0,
            labels: Vec::new(),
            least_score: 0,
            most_score: 100,
            camera: None,
            lens: None,
            kind: None,
            unrated: false,
            unreadable: false,
        }
    }
}

impl Filter {
    /// Whether it hides anything at all.
    pub fn is_on(&self) -> bool {
        *self != Self::default()
    }

    /// Whether a photo is shown.
    pub fn lets(&self, photo: &Photo) -> bool {
        let rating = photo.rating;
        let flag = rating.flag.unwrap_or(Flag::None);
        let label = rating.label.unwrap_or(Label::None);
        let stars = rating.stars.map_or(0, Stars::count);
        let text = self.text.trim().to_lowercase();
        let any_score = self.least_score == 0 && self.most_score >= 100;
        let score = || {
            photo.scored().is_some_and(|scored| {
                // As it is shown: 69.96 is 70.0.
                let score = (scored.score.value() * 10.0).round() / 10.0;
                score >= f64::from(self.least_score) && score <= f64::from(self.most_score)
            })
        };
        (text.is_empty() || photo.name.to_lowercase().contains(&text))
            && (self.flags.is_empty() || self.flags.contains(&flag))
            && stars >= self.least_stars
            && (self.labels.is_empty() || self.labels.contains(&label))
            && (any_score || score())
            && (self.camera.is_none() || self.camera == photo.camera())
            && (self.lens.is_none() || self.lens.as_deref() == photo.lens())
            && (self.kind.is_none() || self.kind == photo.kind())
            && (!self.unrated || photo.is_unrated())
            && (!self.unreadable || photo.problem().is_some())
    }

    /// Its parts that hide something, each in words and with the filter that is
    /// left without it.
    pub fn parts(&self) -> Vec<(String, Self)> {
        let mut parts = Vec::new();
        let mut part = |text: String, without: &dyn Fn(&mut Self)| {
            let mut rest = self.clone();
            without(&mut rest);
            parts.push((text, rest));
        };
        if !self.text.trim().is_empty() {
            part(format!("Name has \"{}\"", self.text.trim()), &|rest| {
                rest.text.clear();
            });
        }
        if !self.flags.is_empty() {
            let flags: Vec<String> = self.flags.iter().map(ToString::to_string).collect();
            part(capital(&flags.join(" or ")), &|rest| rest.flags.clear());
        }
        if self.least_stars > 0 {
            let stars = "★".repeat(usize::from(self.least_stars));
            let more = if self.least_stars < 5 { " or more" } else { "" };
            part(stars + more, &|rest| rest.least_stars = 0);
        }
        if !self.labels.is_empty() {
            let labels: Vec<String> = self.labels.iter().map(ToString::to_string).collect();
            part(capital(&labels.join(" or ")), &|rest| rest.labels.clear());
        }
        if self.least_score > 0 || self.most_score < 100 {
            let text = format!("Score {} to {}", self.least_score, self.most_score);
            part(text, &|rest| (rest.least_score, rest.most_score) = (0, 100));
        }
        if let Some(camera) = &self.camera {
            part(camera.clone(), &|rest| rest.camera = None);
        }
        if let Some(lens) = &self.lens {
            part(lens.clone(), &|rest| rest.lens = None);
        }
        if let Some(kind) = &self.kind {
            part(format!("{kind} files"), &|rest| rest.kind = None);
        }
        if self.unrated {
            part("Not rated".to_owned(), &|rest| rest.unrated = false);
        }
        if self.unreadable {
            part("Without a score".to_owned(), &|rest| {
                rest.unreadable = false
            });
        }
        parts
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

impl Shoot {
    /// Sorts and filters what is shown. Call after anything that this depends
    /// on has changed.
    pub(in super::super) fn arrange(&mut self, find: &Find) {
        let by_rank = self.order().iter();
        let mut shown: Vec<_> = by_rank
            .filter_map(|&id| Some((id, self.photo(id)?)))
            .filter(|(_, photo)| find.filter.lets(photo))
            .collect();
        // Stable: what the sort does not tell apart stays best first.
        shown.sort_by(|(_, a), (_, b)| find.sort.compare(a, b));
        if find.reversed {
            shown.reverse();
        }
        let shown = shown.into_iter().map(|(id, _)| id).collect();
        self.show(shown);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::{Facts, tests::scored};
    use crate::metadata::xmp::Rating;
    use crate::metadata::{Exif, Moment};

    fn shoot() -> Shoot {
        let mut shoot = Shoot::default();
        let ids = shoot.add(["B.jpg", "a.jpg", "c.jpg", "d.cr3"].map(Into::into).into());
        for (id, probability) in ids.iter().zip([0.2, 0.7, 0.5]) {
            shoot.set(*id, Ok(scored(probability)));
        }
        shoot.set(ids[3], Err("broken".to_owned()));
        let moment = |hour| Moment {
            year: 2026,
            month: 5,
            day: 14,
            hour,
            minute: 0,
            second: 0,
            millisecond: 0,
            offset_minutes: None,
        };
        for (id, hour) in [(ids[0], 9), (ids[1], 12), (ids[2], 8)] {
            let exif = Exif {
                captured: Some(moment(hour)),
                make: Some("NIKON CORPORATION".to_owned()),
                model: (hour != 8).then(|| "NIKON Z 8".to_owned()),
                lens: (hour == 8).then(|| "50mm".to_owned()),
                ..Exif::default()
            };
            let rating = Rating::default();
            shoot.set_facts(id, Facts { rating, exif });
        }
        let rating = |stars, flag, label| Rating {
            stars: Stars::new(stars),
            flag: Some(flag),
            label: Some(label),
        };
        shoot.show_rating(ids[0], |it| *it = rating(4, Flag::None, Label::Red));
        shoot.show_rating(ids[1], |it| *it = rating(5, Flag::Reject, Label::None));
        shoot.show_rating(ids[2], |it| *it = rating(0, Flag::Pick, Label::Blue));
        shoot.rank();
        shoot
    }

    fn names(find: &Find) -> String {
        let mut shoot = shoot();
        shoot.arrange(find);
        let photos = shoot.shown().iter().filter_map(|id| shoot.photo(*id));
        photos
            .filter_map(|photo| photo.name.chars().next())
            .collect()
    }

    #[test]
    fn every_sort_has_its_order() {
        for (sort, expected) in [
            (Sort::Score, "acBd"),
            (Sort::Name, "aBcd"),
            (Sort::Captured, "cBad"),
            (Sort::Rating, "cBda"),
        ] {
            let mut find = Find {
                sort,
                ..Find::default()
            };
            assert_eq!(names(&find), expected, "{sort:?}");
            find.reversed = true;
            let turned: String = expected.chars().rev().collect();
            assert_eq!(names(&find), turned, "{sort:?}");
        }
    }

    #[test]
    fn every_part_of_a_filter_hides_what_it_says_and_can_be_taken_out() {
        type Case<'a> = (&'a str, &'a dyn Fn(&mut Filter));
        let cases: [Case<'_>; 13] = [
            ("acBd", &|_| {}),
            ("B", &|filter| filter.text = " b".to_owned()),
            ("c", &|filter| filter.flags = vec![Flag::Pick]),
            ("cBd", &|filter| filter.flags = vec![Flag::Pick, Flag::None]),
            ("aB", &|filter| filter.least_stars = 4),
            ("cB", &|filter| {
                filter.labels = vec![Label::Red, Label::Blue]
            }),
            ("ac", &|filter| filter.least_score = 50),
            ("cB", &|filter| filter.most_score = 60),
            ("aB", &|filter| filter.camera = Some("NIKON Z 8".to_owned())),
            ("c", &|filter| filter.lens = Some("50mm".to_owned())),
            ("d", &|filter| filter.kind = Some("CR3".to_owned())),
            ("d", &|filter| filter.unrated = true),
            ("d", &|filter| filter.unreadable = true),
        ];
        for (expected, set) in cases {
            let mut find = Find::default();
            set(&mut find.filter);
            assert_eq!(names(&find), expected, "{:?}", find.filter);
            let parts = find.filter.parts();
            assert_eq!(parts.len(), usize::from(find.filter.is_on()));
            assert!(parts.iter().all(|(_, rest)| !rest.is_on()));
        }
    }
}
