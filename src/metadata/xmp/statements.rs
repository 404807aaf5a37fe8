//! What XMP says about a photo's rating, as it stands there, and what that
//! means.

use serde::{Deserialize, Serialize};

use super::labels;
use super::rating::{Flag, Label, Rating, Stars};

/// The properties about ratings, as a packet has them; `None` for absent or
/// senseless ones.
///
/// Programs say the same thing by different properties, and one that does not
/// know another's leaves it as it was. So they can contradict each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Statements {
    /// `xmp:Rating`: -1 for rejected, otherwise 0 to 5 stars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating: Option<i8>,
    /// `xmp:Label`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// `digiKam:PickLabel`: 0 none, 1 rejected, 2 pending, 3 accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pick_label: Option<u8>,
    /// `digiKam:ColorLabel`: 0 to 9.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color_label: Option<u8>,
    /// `xmpDM:pick`: -1 rejected, 0 none, 1 picked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pick: Option<i8>,
    /// `xmpDM:good`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub good: Option<bool>,
}

impl Statements {
    /// Whether nothing is said.
    pub fn is_silent(&self) -> bool {
        *self == Self::default()
    }

    /// These statements, and those of `other` where there are none.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self {
            rating: self.rating.or(other.rating),
            label: self.label.clone().or_else(|| other.label.clone()),
            pick_label: self.pick_label.or(other.pick_label),
            color_label: self.color_label.or(other.color_label),
            pick: self.pick.or(other.pick),
            good: self.good.or(other.good),
        }
    }

    /// The rating they mean. Where they contradict each other, `xmp:` comes
    /// before `digiKam:` and that before `xmpDM:`.
    pub fn meaning(&self) -> Rating {
        let named = self.label.as_deref().map(labels::of_text);
        let numbered = self.color_label.map(labels::of_number);
        Rating {
            stars: self.stars(),
            flag: self
                .rejected()
                .or(self.digikam_flag())
                .or(self.picked())
                .or(self.good.map(good_flag)),
            label: match named {
                // A name of the user's own; the number may tell the colour.
                Some(Label::Other) => numbered.or(named),
                _ => named.or(numbered),
            },
        }
    }

    /// What somebody changed since the statements were `before`: the meaning
    /// of those that differ. A statement that is gone was taken back.
    pub fn changed_since(&self, before: &Self) -> Rating {
        let mut changed = Rating::default();
        if self.rating != before.rating {
            changed.stars = match self.rating {
                // Rejecting says nothing about the stars.
                Some(-1) => None,
                Some(_) => self.stars(),
                None if before.rating == Some(-1) => None,
                None => Stars::new(0),
            };
            changed.flag = match (before.rating, self.rejected()) {
                (_, Some(flag)) => Some(flag),
                (Some(-1), None) => Some(self.flag_apart_from_rating()),
                _ => None,
            };
        }
        if changed.flag.is_none() {
            let digikam = (self.pick_label != before.pick_label)
                .then(|| self.digikam_flag().unwrap_or(Flag::None));
            let picked = (self.pick != before.pick).then(|| self.picked().unwrap_or(Flag::None));
            let good = (self.good != before.good).then(|| self.good.map_or(Flag::None, good_flag));
            changed.flag = digikam.or(picked).or(good);
        }
        let named = (self.label != before.label)
            .then(|| self.label.as_deref().map_or(Label::None, labels::of_text));
        let numbered = (self.color_label != before.color_label)
            .then(|| self.color_label.map_or(Label::None, labels::of_number));
        changed.label = match named {
            Some(Label::Other) => numbered.or(named),
            _ => named.or(numbered),
        };
        changed
    }

    fn stars(&self) -> Option<Stars> {
        Stars::new(u8::try_from(self.rating?).ok()?)
    }

    fn rejected(&self) -> Option<Flag> {
        (self.rating == Some(-1)).then_some(Flag::Reject)
    }

    fn digikam_flag(&self) -> Option<Flag> {
        self.pick_label.map(|label| match label {
            1 => Flag::Reject,
            3 => Flag::Pick,
            _ => Flag::None,
        })
    }

    fn picked(&self) -> Option<Flag> {
        self.pick.map(|pick| match pick {
            1 => Flag::Pick,
            -1 => Flag::Reject,
            _ => Flag::None,
        })
    }

    /// The flag where a rejection was taken back in `xmp:Rating`. Statements
    /// that still reject are leftovers of a program that knows only that one.
    fn flag_apart_from_rating(&self) -> Flag {
        let others = [self.digikam_flag(), self.picked(), self.good.map(good_flag)];
        if others.contains(&Some(Flag::Pick)) {
            Flag::Pick
        } else {
            Flag::None
        }
    }
}

fn good_flag(good: bool) -> Flag {
    if good { Flag::Pick } else { Flag::Reject }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_statements_mean() {
        let rejected = Statements {
            rating: Some(-1),
            pick_label: Some(3),
            ..Statements::default()
        };
        assert_eq!(rejected.meaning().to_string(), "rejected");
        let bridge = Statements {
            rating: Some(4),
            label: Some("Approved".into()),
            ..Statements::default()
        };
        assert_eq!(bridge.meaning().to_string(), "4 stars, green");
        let own_words = Statements {
            label: Some("Album".into()),
            color_label: Some(5),
            pick: Some(1),
            ..Statements::default()
        };
        assert_eq!(own_words.meaning().to_string(), "picked, blue");
        assert_eq!(Statements::default().meaning(), Rating::default());
    }

    #[test]
    fn a_change_is_told_from_what_was_there() {
        let before = Statements {
            rating: Some(-1),
            pick_label: Some(1),
            pick: Some(-1),
            label: Some("Red".into()),
            color_label: Some(1),
            ..Statements::default()
        };
        let since = |change: fn(&mut Statements)| {
            let mut now = before.clone();
            change(&mut now);
            now.changed_since(&before).to_string()
        };
        assert_eq!(since(|_| {}), "not rated");
        // Bridge takes the rejection back and knows nothing of PickLabel.
        assert_eq!(since(|s| s.rating = Some(2)), "2 stars, no flag");
        assert_eq!(since(|s| s.rating = None), "no flag");
        // Lightroom picks.
        assert_eq!(since(|s| s.pick = Some(1)), "picked");
        assert_eq!(since(|s| s.label = None), "no label");
        assert_eq!(since(|s| s.color_label = Some(4)), "green");
        assert_eq!(since(|s| s.label = Some("Album".into())), "another label");
    }
}
