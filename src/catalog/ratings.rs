//! Ratings as they are kept, and what sidecars said when they were read last.

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::PhotoId;
use crate::metadata::xmp::{Fields, Flag, Label, Rating, Stars, Statements};

/// What was said about a photo outside the catalog, when last read or written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Seen {
    /// By its sidecars; `None` where there was none.
    pub sidecar: Option<Statements>,
    /// By the photo's own file.
    pub embedded: Option<Statements>,
}

/// A row of ratings.
#[derive(Debug, Clone, Default)]
pub(super) struct RatingRow {
    pub rating: Rating,
    pub seen: Seen,
    /// Fields whose sidecar is not written yet.
    pub pending: Fields,
    /// Whether it could not be written.
    pub failed: bool,
}

/// A rating's three columns.
pub(super) type Codes = (Option<i64>, Option<i64>, Option<i64>);

pub(super) fn to_codes(rating: Rating) -> Codes {
    (
        rating.stars.map(|stars| i64::from(stars.count())),
        rating.flag.map(|flag| match flag {
            Flag::Reject => -1,
            Flag::None => 0,
            Flag::Pick => 1,
        }),
        rating.label.map(|label| match label {
            Label::None => 0,
            Label::Red => 1,
            Label::Yellow => 2,
            Label::Green => 3,
            Label::Blue => 4,
            Label::Purple => 5,
            Label::Other => 6,
        }),
    )
}

pub(super) fn of_codes((stars, flag, label): Codes) -> Rating {
    Rating {
        stars: stars.and_then(|stars| Stars::new(u8::try_from(stars).ok()?)),
        flag: flag.map(|flag| match flag {
            ..0 => Flag::Reject,
            0 => Flag::None,
            1.. => Flag::Pick,
        }),
        label: label.map(|label| match label {
            0 => Label::None,
            1 => Label::Red,
            2 => Label::Yellow,
            3 => Label::Green,
            4 => Label::Blue,
            5 => Label::Purple,
            _ => Label::Other,
        }),
    }
}

fn mask(fields: Fields) -> i64 {
    i64::from(fields.stars) | i64::from(fields.flag) << 1 | i64::from(fields.label) << 2
}

fn of_mask(mask: i64) -> Fields {
    Fields {
        stars: mask & 1 != 0,
        flag: mask & 2 != 0,
        label: mask & 4 != 0,
    }
}

pub(super) fn find(db: &Connection, photo: PhotoId) -> rusqlite::Result<Option<RatingRow>> {
    db.prepare_cached(
        "SELECT stars, flag, label, seen, pending, failed FROM ratings WHERE photo = ?1",
    )?
    .query_row([photo], |row| {
        let seen: String = row.get(3)?;
        Ok(RatingRow {
            rating: of_codes((row.get(0)?, row.get(1)?, row.get(2)?)),
            // What is no longer understood was as good as never seen.
            seen: serde_json::from_str(&seen).unwrap_or_default(),
            pending: of_mask(row.get(4)?),
            failed: row.get(5)?,
        })
    })
    .optional()
}

pub(super) fn put(db: &Connection, photo: PhotoId, row: &RatingRow) -> rusqlite::Result<()> {
    let (stars, flag, label) = to_codes(row.rating);
    let seen = serde_json::to_string(&row.seen)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    db.prepare_cached(
        "INSERT INTO ratings (photo, stars, flag, label, seen, pending, failed) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (photo) DO UPDATE SET \
         stars = ?2, flag = ?3, label = ?4, seen = ?5, pending = ?6, failed = ?7",
    )?
    .execute(params![
        photo,
        stars,
        flag,
        label,
        seen,
        mask(row.pending),
        row.failed
    ])?;
    Ok(())
}

/// Photos whose sidecar a killed command left unwritten.
pub(super) fn interrupted(db: &Connection) -> rusqlite::Result<Vec<PhotoId>> {
    db.prepare_cached("SELECT photo FROM ratings WHERE pending <> 0 AND failed = 0")?
        .query_map([], |row| row.get(0))?
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_back() {
        let labels = [
            Label::None,
            Label::Red,
            Label::Yellow,
            Label::Green,
            Label::Blue,
            Label::Purple,
            Label::Other,
        ];
        let flags = [Flag::None, Flag::Pick, Flag::Reject];
        for (i, label) in labels.into_iter().enumerate() {
            let rating = Rating {
                stars: Stars::new(i as u8 % 6),
                flag: flags.get(i % 3).copied(),
                label: Some(label),
            };
            assert_eq!(of_codes(to_codes(rating)), rating);
        }
        assert_eq!(of_codes(to_codes(Rating::default())), Rating::default());
        for bits in 0..8 {
            assert_eq!(mask(of_mask(bits)), bits);
        }
    }
}
