//! The eight ways a picture can lie in its file.

/// What has to be done to the stored picture to see it upright.
///
/// The eight cases of EXIF's orientation tag; containers that say it in other
/// words (HEIF's rotation and mirror) are put in these terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Orientation {
    /// Nothing.
    #[default]
    Upright,
    /// Mirror left to right.
    Mirrored,
    /// Turn by 180 degrees.
    Rotated180,
    /// Mirror top to bottom.
    Flipped,
    /// Mirror along the diagonal from the top left.
    Transposed,
    /// Turn by 90 degrees clockwise.
    Rotated90,
    /// Mirror along the diagonal from the top right.
    Transversed,
    /// Turn by 270 degrees clockwise.
    Rotated270,
}

impl Orientation {
    /// The meaning of EXIF's value; `None` unless it is 1 to 8.
    pub fn from_exif(value: u64) -> Option<Self> {
        Some(match value {
            1 => Self::Upright,
            2 => Self::Mirrored,
            3 => Self::Rotated180,
            4 => Self::Flipped,
            5 => Self::Transposed,
            6 => Self::Rotated90,
            7 => Self::Transversed,
            8 => Self::Rotated270,
            _ => return None,
        })
    }

    /// The value that EXIF has for it, 1 to 8.
    pub fn to_exif(self) -> u8 {
        match self {
            Self::Upright => 1,
            Self::Mirrored => 2,
            Self::Rotated180 => 3,
            Self::Flipped => 4,
            Self::Transposed => 5,
            Self::Rotated90 => 6,
            Self::Transversed => 7,
            Self::Rotated270 => 8,
        }
    }

    /// Whether width and height change places.
    pub fn swaps_sides(self) -> bool {
        self.to_exif() >= 5
    }

    /// Both in one: first `self`, then `next`.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        // A mirror in front of quarter turns; a mirror behind them turns the
        // other way.
        let (mirror, turns) = self.parts();
        let (next_mirror, next_turns) = next.parts();
        let turns = if next_mirror { 4 - turns } else { turns };
        Self::from_parts(mirror != next_mirror, (turns + next_turns) % 4)
    }

    /// Whether it mirrors left to right, and how many quarter turns clockwise
    /// follow.
    fn parts(self) -> (bool, u8) {
        match self {
            Self::Upright => (false, 0),
            Self::Rotated90 => (false, 1),
            Self::Rotated180 => (false, 2),
            Self::Rotated270 => (false, 3),
            Self::Mirrored => (true, 0),
            Self::Transversed => (true, 1),
            Self::Flipped => (true, 2),
            Self::Transposed => (true, 3),
        }
    }

    fn from_parts(mirror: bool, turns: u8) -> Self {
        match (mirror, turns) {
            (false, 1) => Self::Rotated90,
            (false, 2) => Self::Rotated180,
            (false, 3) => Self::Rotated270,
            (false, _) => Self::Upright,
            (true, 1) => Self::Transversed,
            (true, 2) => Self::Flipped,
            (true, 3) => Self::Transposed,
            (true, _) => Self::Mirrored,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = Orientation> {
        (1..=8).filter_map(Orientation::from_exif)
    }

    #[test]
    fn exif_values_round_trip() {
        assert_eq!(all().count(), 8);
        for value in 0..300 {
            let orientation = Orientation::from_exif(value);
            assert_eq!(orientation.is_some(), (1..=8).contains(&value));
            assert!(orientation.is_none_or(|o| u64::from(o.to_exif()) == value));
        }
    }

    #[test]
    fn composition_is_that_of_the_square() {
        use Orientation::*;
        assert_eq!(Rotated90.then(Rotated90), Rotated180);
        assert_eq!(Mirrored.then(Rotated90), Transversed);
        assert_eq!(Rotated90.then(Mirrored), Transposed);
        assert_eq!(Flipped.then(Mirrored), Rotated180);
        for a in all() {
            assert_eq!(a.then(Upright), a);
            assert_eq!(Upright.then(a), a);
            assert_eq!(all().filter(|b| a.then(*b) == Upright).count(), 1);
            for b in all() {
                assert_eq!(a.then(b).swaps_sides(), a.swaps_sides() != b.swaps_sides());
            }
        }
    }
}
