//! What people say about a photo: stars, a flag, a colour label.

use std::fmt;

use serde::{Serialize, Serializer};

/// Stars, 0 (none) to 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Stars(u8);

impl Stars {
    /// So many stars; `None` for more than five.
    pub fn new(stars: u8) -> Option<Self> {
        (stars <= 5).then_some(Self(stars))
    }

    /// How many, 0 to 5.
    pub fn count(self) -> u8 {
        self.0
    }
}

/// Whether a photo is picked or rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Flag {
    /// Neither.
    None,
    /// Picked.
    Pick,
    /// Rejected.
    Reject,
}

/// A colour label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// No label.
    None,
    /// Red.
    Red,
    /// Yellow.
    Yellow,
    /// Green.
    Green,
    /// Blue.
    Blue,
    /// Purple.
    Purple,
    /// A label of another program that is none of these. It is kept; Keepers
    /// sets none.
    Other,
}

/// A photo's rating. What is `None` was never said by anybody, which counts as
/// no stars, no flag, no label.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Rating {
    /// Stars.
    pub stars: Option<Stars>,
    /// Flag.
    pub flag: Option<Flag>,
    /// Colour label.
    pub label: Option<Label>,
}

impl Rating {
    /// This rating, and what `other` says where it says nothing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            stars: self.stars.or(other.stars),
            flag: self.flag.or(other.flag),
            label: self.label.or(other.label),
        }
    }

    /// The fields in which it says anything.
    pub fn fields(self) -> Fields {
        Fields {
            stars: self.stars.is_some(),
            flag: self.flag.is_some(),
            label: self.label.is_some(),
        }
    }

    /// The fields that differ between the two, where silence counts as none.
    pub fn differs(self, other: Self) -> Fields {
        let stars = |rating: Self| rating.stars.map_or(0, Stars::count);
        let flag = |rating: Self| rating.flag.unwrap_or(Flag::None);
        let label = |rating: Self| rating.label.unwrap_or(Label::None);
        Fields {
            stars: stars(self) != stars(other),
            flag: flag(self) != flag(other),
            label: label(self) != label(other),
        }
    }

    /// This rating with `fields` taken from `other`, silence included.
    #[must_use]
    pub fn with(self, other: Self, fields: Fields) -> Self {
        Self {
            stars: if fields.stars {
                other.stars
            } else {
                self.stars
            },
            flag: if fields.flag { other.flag } else { self.flag },
            label: if fields.label {
                other.label
            } else {
                self.label
            },
        }
    }
}

/// Some of a rating's fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Fields {
    /// Stars.
    pub stars: bool,
    /// Flag.
    pub flag: bool,
    /// Colour label.
    pub label: bool,
}

impl Fields {
    /// All of them.
    pub const ALL: Self = Self {
        stars: true,
        flag: true,
        label: true,
    };

    /// These fields but those of `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self {
            stars: self.stars && !other.stars,
            flag: self.flag && !other.flag,
            label: self.label && !other.label,
        }
    }

    /// Whether there is any.
    pub fn any(self) -> bool {
        self.stars || self.flag || self.label
    }
}

impl fmt::Display for Stars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("no stars"),
            1 => f.write_str("1 star"),
            n => write!(f, "{n} stars"),
        }
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "no flag",
            Self::Pick => "picked",
            Self::Reject => "rejected",
        })
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "no label",
            Self::Red => "red",
            Self::Yellow => "yellow",
            Self::Green => "green",
            Self::Blue => "blue",
            Self::Purple => "purple",
            Self::Other => "another label",
        })
    }
}

/// `3 stars, picked, red`; silence is not mentioned.
impl fmt::Display for Rating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = [
            self.stars.map(|stars| stars.to_string()),
            self.flag.map(|flag| flag.to_string()),
            self.label.map(|label| label.to_string()),
        ]
        .into_iter()
        .flatten()
        .collect();
        if parts.is_empty() {
            f.write_str("not rated")
        } else {
            f.write_str(&parts.join(", "))
        }
    }
}

/// Fields as their names, for reports.
impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named = [
            (self.stars, "stars"),
            (self.flag, "flag"),
            (self.label, "label"),
        ];
        serializer.collect_seq(named.iter().filter(|(has, _)| *has).map(|(_, name)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_stars_are_the_most() {
        assert_eq!(Stars::new(5).map(Stars::count), Some(5));
        assert_eq!(Stars::new(6), None);
    }

    #[test]
    fn silence_counts_as_none() {
        let said = Rating {
            stars: Stars::new(0),
            flag: Some(Flag::None),
            label: Some(Label::None),
        };
        assert!(!said.differs(Rating::default()).any());
        assert_eq!(Rating::default().to_string(), "not rated");
        assert_eq!(said.to_string(), "no stars, no flag, no label");
    }
}
