//! How results leave the program: the formats, one file each, paths and
//! numbers as text, and the file they are written to.
//!
//! Command line and window share this, so that both say the same. A row is the
//! same in every format; only the table rounds.

mod csv;
pub mod curve;
pub mod dates;
mod json;
pub mod paths;
mod place;
mod table;
pub mod wording;

use std::io::{self, Write};
use std::path::Path;

use clap::ValueEnum;

use crate::engine::PhotoResult;
use crate::model::{Interval, QualityModel};

pub use csv::tab_separated;
pub use json::line as json_line;
pub use place::{Place, PlaceError};

/// A format for scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For reading, with scores rounded to one decimal
    Table,
    /// Comma-separated values with a header
    Csv,
    /// One array, best photo first
    Json,
    /// One object per line as photos finish, without rank
    Jsonl,
}

impl Format {
    /// The format that a file's name asks for.
    pub fn of_file(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }
}

/// What every row says besides its photo's result.
#[derive(Clone, Copy)]
pub struct Details<'a> {
    /// The model that gave the scores.
    pub model: &'a dyn QualityModel,
}

impl Details<'_> {
    /// The interval of a photo's score.
    fn interval(&self, photo: &PhotoResult) -> Option<Interval> {
        let scored = photo.outcome.as_ref().ok()?;
        self.model.interval(scored.score)
    }
}

/// Writes all rows. `photos` are in their order, failed ones last; `details`
/// asks for more fields than the usual ones.
///
/// # Errors
/// That of the writer.
pub fn write(
    format: Format,
    photos: &[PhotoResult],
    details: Option<Details<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Table => table::write(photos, details, out),
        Format::Csv => csv::write(photos, details, out),
        Format::Json => json::write(photos, details, out),
        Format::Jsonl => photos
            .iter()
            .try_for_each(|photo| json::line(photo, details, out)),
    }
}

/// The photos with their ranks, which only scored photos have.
fn ranked(photos: &[PhotoResult]) -> impl Iterator<Item = (Option<usize>, &PhotoResult)> {
    photos
        .iter()
        .enumerate()
        .map(|(i, photo)| (photo.outcome.is_ok().then_some(i + 1), photo))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::engine::Scored;
    use crate::model::{ModelError, ModelInfo, Score};

    pub(super) fn photo(path: &str, outcome: Result<f64, &str>) -> PhotoResult {
        PhotoResult {
            index: 0,
            path: path.into(),
            outcome: outcome.map_err(str::to_owned).map(|probability| Scored {
                score: Score::from_probability(probability).unwrap(),
                scene: None,
                size: (6000, 4000),
                thumbnail: None,
            }),
        }
    }

    /// A model that is asked only about itself.
    struct Model(ModelInfo);

    impl QualityModel for Model {
        fn info(&self) -> &ModelInfo {
            &self.0
        }

        fn input_side(&self) -> u32 {
            1
        }

        fn score(&self, _batch: &[&[u8]]) -> Result<Vec<Score>, ModelError> {
            Ok(Vec::new())
        }

        fn interval(&self, score: Score) -> Option<Interval> {
            // So that both kinds of answer are seen.
            (score.value() < 100.0).then(|| Interval {
                low: score.value() - 10.0,
                high: score.value() + 12.5,
            })
        }
    }

    fn model() -> Model {
        let text = |text: &str| text.to_owned();
        Model(ModelInfo {
            name: text("some-model"),
            identity: text("0123456789abcdef"),
            backbone: text("some-backbone"),
            licence: text("MIT"),
            training_data: text("none"),
            date: text("2026-01-02"),
        })
    }

    pub(super) fn written(format: Format, photos: &[PhotoResult], details: bool) -> String {
        let (mut out, model) = (Vec::new(), model());
        let details = details.then_some(Details { model: &model });
        write(format, photos, details, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_files_name_asks_for_a_format() {
        let format = |name: &str| Format::of_file(Path::new(name));
        assert_eq!(format("a.CSV"), Some(Format::Csv));
        assert_eq!(format("a.json"), Some(Format::Json));
        assert_eq!(format("a.jsonl"), Some(Format::Jsonl));
        assert_eq!(format("a.txt"), None);
        assert_eq!(format("json"), None);
    }
}
