//! Photos with their ratings and scores as a list: comma-separated values, one
//! JSON array, or a JSON object a line.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::paths;
use crate::engine::Entry;
use crate::metadata::xmp::{Flag, Label};

/// A format for such a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListFormat {
    /// Comma-separated values with a header.
    Csv,
    /// One array.
    Json,
    /// One object per line.
    Jsonl,
}

/// A photo's object; the order of the fields is that of keys and columns.
#[derive(Serialize)]
struct Row<'a> {
    path: Cow<'a, str>,
    score: Option<f64>,
    stars: Option<u8>,
    flag: Option<Flag>,
    label: Option<Label>,
    width: Option<u32>,
    height: Option<u32>,
    /// Only where `path` is not the path itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
}

const HEADER: [&str; 7] = ["path", "score", "stars", "flag", "label", "width", "height"];

impl<'a> Row<'a> {
    fn new(entry: &'a Entry) -> Self {
        Self {
            path: paths::text(&entry.path),
            score: entry.score.map(|score| score.score.value()),
            stars: entry.rating.stars.map(|stars| stars.count()),
            flag: entry.rating.flag,
            label: entry.rating.label,
            width: entry.score.map(|score| score.size.0),
            height: entry.score.map(|score| score.size.1),
            path_bytes: paths::exact(&entry.path),
        }
    }
}

/// Writes the list. No cell of a CSV is a formula to a spreadsheet.
///
/// # Errors
/// That of the writer.
pub fn write(format: ListFormat, entries: &[Entry], out: &mut dyn Write) -> io::Result<()> {
    match format {
        ListFormat::Csv => csv(entries, out),
        ListFormat::Json => {
            out.write_all(b"[")?;
            for (i, entry) in entries.iter().enumerate() {
                out.write_all(if i == 0 { b"\n  " } else { b",\n  " })?;
                serde_json::to_writer(&mut *out, &Row::new(entry))?;
            }
            out.write_all(if entries.is_empty() { b"]\n" } else { b"\n]\n" })
        }
        ListFormat::Jsonl => entries.iter().try_for_each(|entry| {
            serde_json::to_writer(&mut *out, &Row::new(entry))?;
            out.write_all(b"\n")
        }),
    }
}

fn csv(entries: &[Entry], out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(out);
    csv.write_record(HEADER).map_err(super::csv::io_error)?;
    for entry in entries {
        let row = Row {
            path: paths::cell(&entry.path),
            path_bytes: None,
            ..Row::new(entry)
        };
        csv.serialize(row).map_err(super::csv::io_error)?;
    }
    csv.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::StoredScore;
    use crate::metadata::xmp::{Rating, Stars};
    use crate::model::Score;

    fn written(format: ListFormat, entries: &[Entry]) -> String {
        let mut out = Vec::new();
        write(format, entries, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn entries() -> [Entry; 2] {
        let rating = Rating {
            stars: Stars::new(4),
            flag: Some(Flag::Pick),
            label: Some(Label::Red),
        };
        [
            Entry {
                path: "=a, b.jpg".into(),
                rating,
                score: Some(StoredScore {
                    score: Score::from_probability(0.75).unwrap(),
                    size: (60, 40),
                }),
            },
            Entry {
                path: "c.jpg".into(),
                rating: Rating::default(),
                score: None,
            },
        ]
    }

    #[test]
    fn every_format_has_the_same_rows() {
        assert_eq!(
            written(ListFormat::Csv, &entries()),
            "path,score,stars,flag,label,width,height\n\
             \"./=a, b.jpg\",75.0,4,pick,red,60,40\n\
             c.jpg,,,,,,\n"
        );
        assert_eq!(
            written(ListFormat::Jsonl, &entries()),
            "{\"path\":\"=a, b.jpg\",\"score\":75.0,\"stars\":4,\"flag\":\"pick\",\
             \"label\":\"red\",\"width\":60,\"height\":40}\n\
             {\"path\":\"c.jpg\",\"score\":null,\"stars\":null,\"flag\":null,\
             \"label\":null,\"width\":null,\"height\":null}\n"
        );
        let json: serde_json::Value =
            serde_json::from_str(&written(ListFormat::Json, &entries())).unwrap();
        assert_eq!(json[0]["score"], 75.0);
        assert_eq!(written(ListFormat::Json, &[]), "[]\n");
        assert_eq!(
            written(ListFormat::Csv, &[]),
            "path,score,stars,flag,label,width,height\n"
        );
    }
}
