//! Scores as JSON: one array, or a line per photo.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::paths;
use super::{Details, ranked};
use crate::engine::PhotoResult;
use crate::model::{Interval, Scene};

/// A photo's object; the order of the fields is the order of its keys.
#[derive(Serialize)]
struct Row<'a> {
    /// Absent in lines; null for a failed photo.
    #[serde(skip_serializing_if = "Option::is_none")]
    rank: Option<Option<usize>>,
    path: Cow<'a, str>,
    score: Option<f64>,
    error: Option<&'a str>,
    #[serde(flatten)]
    more: Option<More<'a>>,
    /// Only where `path` is not the path itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
}

#[derive(Serialize)]
struct More<'a> {
    width: Option<u32>,
    height: Option<u32>,
    model: &'a str,
    model_identity: &'a str,
    /// Null where the model does not know scenes.
    scene: Option<Scene>,
    /// Null for a failed photo, and where the model's has not been measured.
    uncertainty: Option<Interval>,
}

impl<'a> Row<'a> {
    fn new(
        rank: Option<Option<usize>>,
        photo: &'a PhotoResult,
        details: Option<Details<'a>>,
    ) -> Self {
        let scored = photo.outcome.as_ref().ok();
        Self {
            rank,
            path: paths::text(&photo.path),
            score: scored.map(|scored| scored.score.value()),
            error: photo.outcome.as_ref().err().map(String::as_str),
            more: details.map(|details| More {
                width: scored.map(|scored| scored.size.0),
                height: scored.map(|scored| scored.size.1),
                model: &details.model.info().name,
                model_identity: &details.model.info().identity,
                scene: scored.and_then(|scored| scored.scene),
                uncertainty: details.interval(photo),
            }),
            path_bytes: paths::exact(&photo.path),
        }
    }
}

/// The array, with a line per photo.
pub(super) fn write(
    photos: &[PhotoResult],
    details: Option<Details<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    out.write_all(b"[")?;
    for (i, (rank, photo)) in ranked(photos).enumerate() {
        out.write_all(if i == 0 { b"\n  " } else { b",\n  " })?;
        serde_json::to_writer(&mut *out, &Row::new(Some(rank), photo, details))?;
    }
    out.write_all(if photos.is_empty() { b"]\n" } else { b"\n]\n" })
}

/// One photo's line, without rank.
///
/// # Errors
/// That of the writer.
pub fn line(
    photo: &PhotoResult,
    details: Option<Details<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Row::new(None, photo, details))?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::tests::{photo, written};

    #[test]
    fn the_array_has_the_keys_in_their_order() {
        let photos = [
            photo("a \"b\"\n.jpg", Ok(0.7318250301)),
            photo("c.jpg", Err("the file is empty")),
        ];
        assert_eq!(
            written(Format::Json, &photos, false),
            r#"[
  {"rank":1,"path":"a \"b\"\n.jpg","score":73.18250301,"error":null},
  {"rank":null,"path":"c.jpg","score":null,"error":"the file is empty"}
]
"#
        );
        assert_eq!(written(Format::Json, &[], false), "[]\n");
    }

    #[test]
    fn a_line_has_no_rank() {
        let photos = [photo("a.jpg", Ok(0.5)), photo("b.jpg", Err("no"))];
        assert_eq!(
            written(Format::Jsonl, &photos, false),
            "{\"path\":\"a.jpg\",\"score\":50.0,\"error\":null}\n\
             {\"path\":\"b.jpg\",\"score\":null,\"error\":\"no\"}\n"
        );
    }

    #[test]
    fn details_come_after_the_usual_keys() {
        let photos = [photo("a.jpg", Ok(0.5)), photo("b.jpg", Err("no"))];
        let expected = "{\"path\":\"a.jpg\",\"score\":50.0,\"error\":null,\"width\":6000,\
             \"height\":4000,\"model\":\"some-model\",\"model_identity\":\"0123456789abcdef\",\"scene\":null,\
             \"uncertainty\":{\"low\":40.0,\"high\":62.5}}\n\
             {\"path\":\"b.jpg\",\"score\":null,\"error\":\"no\",\"width\":null,\
             \"height\":null,\"model\":\"some-model\",\"model_identity\":\"0123456789abcdef\",\"scene\":null,\
             \"uncertainty\":null}\n";
        assert_eq!(written(Format::Jsonl, &photos, true), expected);
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_no_text_comes_with_its_bytes() {
        use std::os::unix::ffi::OsStringExt;
        let mut photo = photo("", Ok(0.5));
        photo.path = std::ffi::OsString::from_vec(b"\xe9.jpg".to_vec()).into();
        assert_eq!(
            written(Format::Jsonl, &[photo], false),
            "{\"path\":\"\\\\xE9.jpg\",\"score\":50.0,\"error\":null,\"path_bytes\":\"e92e6a7067\"}\n"
        );
    }
}
