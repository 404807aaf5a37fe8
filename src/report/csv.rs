//! Scores as comma-separated values (RFC 4180, lines ending in a line feed).

use std::io::{self, Write};

use super::paths;
use super::{Details, ranked};
use crate::engine::PhotoResult;
use crate::model::Scene;

const HEADER: [&str; 4] = ["rank", "path", "score", "error"];
const MORE: [&str; 7] = [
    "width",
    "height",
    "model",
    "model_identity",
    "scene",
    "uncertainty_low",
    "uncertainty_high",
];

pub(super) fn write(
    photos: &[PhotoResult],
    details: Option<Details<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    separated(b',', photos, details, out)
}

/// The same rows with tabs between their cells, which is what spreadsheets take
/// from the clipboard.
///
/// # Errors
/// That of the writer.
pub fn tab_separated(photos: &[PhotoResult], out: &mut dyn Write) -> io::Result<()> {
    separated(b'\t', photos, None, out)
}

fn separated(
    delimiter: u8,
    photos: &[PhotoResult],
    details: Option<Details<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut csv = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .from_writer(out);
    let more: &[&str] = if details.is_some() { &MORE } else { &[] };
    csv.write_record(HEADER.iter().chain(more))
        .map_err(io_error)?;
    for (rank, photo) in ranked(photos) {
        let scored = photo.outcome.as_ref().ok();
        let error = photo.outcome.as_ref().err();
        let mut row = vec![
            text(rank),
            paths::cell(&photo.path).into_owned(),
            scored.map_or_else(String::new, |s| number(s.score.value())),
            error.map_or_else(String::new, |words| {
                paths::cell_of_words(words).into_owned()
            }),
        ];
        if let Some(details) = details {
            let (model, interval) = (details.model.info(), details.interval(photo));
            row.extend([
                text(scored.map(|s| s.size.0)),
                text(scored.map(|s| s.size.1)),
                paths::cell_of_words(&model.name).into_owned(),
                model.identity.clone(),
                text(scored.and_then(|s| s.scene).map(Scene::name)),
                interval.map_or_else(String::new, |i| number(i.low)),
                interval.map_or_else(String::new, |i| number(i.high)),
            ]);
        }
        csv.write_record(&row).map_err(io_error)?;
    }
    csv.flush()
}

/// The writer's own error, whose kind the crate's conversion would hide.
pub(super) fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn text(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// The digits that JSON has for the same number.
fn number(value: f64) -> String {
    serde_json::Number::from_f64(value).map_or_else(String::new, |number| number.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::tests::{photo, written};

    #[test]
    fn cells_are_quoted_where_they_must_be_and_none_is_a_formula() {
        let photos = [
            photo("=1+1, \"b\"\n.jpg", Ok(0.7318250301)),
            photo("c.jpg", Ok(0.5)),
            photo("d.jpg", Err("cut off, at line 7")),
        ];
        assert_eq!(
            written(Format::Csv, &photos, false),
            "rank,path,score,error\n\
             1,\"./=1+1, \"\"b\"\"\n.jpg\",73.18250301,\n\
             2,c.jpg,50.0,\n\
             ,d.jpg,,\"cut off, at line 7\"\n"
        );
    }

    #[test]
    fn details_are_more_columns() {
        let photos = [photo("a.jpg", Ok(0.5)), photo("b.jpg", Err("no"))];
        assert_eq!(
            written(Format::Csv, &photos, true),
            "rank,path,score,error,width,height,model,model_identity,scene,uncertainty_low,uncertainty_high\n\
             1,a.jpg,50.0,,6000,4000,some-model,0123456789abcdef,,40.0,62.5\n\
             ,b.jpg,,no,,,some-model,0123456789abcdef,,,\n"
        );
    }
}
