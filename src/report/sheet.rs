//! A contact sheet: one HTML file with everything in it, for looking at and for
//! passing on. It runs nothing and asks no server for anything.

use std::io::{self, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::{paths, wording};
use crate::engine::Entry;
use crate::metadata::xmp::{Flag, Label, Stars};

/// Longest side of a picture on the sheet, in pixels; twice what it is shown
/// at, for fine screens.
pub const PICTURE: u32 = 400;

const HEAD: &str = "<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">
<title>Contact sheet</title>
<style>
body { margin: 1rem; background: #1c1c1e; color: #e6e6e6; font: 14px system-ui, sans-serif }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 12px }
figure { margin: 0; padding: 8px; background: #2a2a2d; border-radius: 6px; break-inside: avoid }
figure > div { height: 200px; display: flex; align-items: center; justify-content: center }
img { max-width: 100%; max-height: 200px }
figcaption { margin-top: 6px; overflow-wrap: anywhere }
.rejected img { opacity: .4 }
.reason { color: #e0a0a0 }
.score { float: right; font-variant-numeric: tabular-nums }
@media print { body, figure { background: #fff; color: #000 } }
</style>
</head>
<body>
";

/// A contact sheet on its way.
#[derive(Debug)]
pub struct Sheet<W> {
    out: W,
}

impl<W: Write> Sheet<W> {
    /// Begins a sheet of so many photos.
    ///
    /// # Errors
    /// That of the writer.
    pub fn begin(mut out: W, photos: usize) -> io::Result<Self> {
        out.write_all(HEAD.as_bytes())?;
        writeln!(out, "<p>{}</p>\n<main>", wording::counted(photos, "photo"))?;
        Ok(Self { out })
    }

    /// Adds a photo with its small JPEG, or the reason why there is none.
    ///
    /// # Errors
    /// That of the writer.
    pub fn add(&mut self, entry: &Entry, picture: Result<&[u8], &str>) -> io::Result<()> {
        let name = entry.path.file_name().unwrap_or(entry.path.as_os_str());
        let name = escaped(&paths::shown(name.as_ref()));
        let path = escaped(&paths::shown(&entry.path));
        let class = match entry.rating.flag {
            Some(Flag::Reject) => " class=\"rejected\"",
            _ => "",
        };
        write!(self.out, "<figure{class}><div>")?;
        match picture {
            Ok(jpeg) => write!(
                self.out,
                "<img alt=\"{name}\" src=\"data:image/jpeg;base64,{}\">",
                BASE64_STANDARD.encode(jpeg)
            )?,
            Err(reason) => write!(
                self.out,
                "<span class=\"reason\">{}</span>",
                escaped(&paths::clean(reason))
            )?,
        }
        write!(self.out, "</div><figcaption>")?;
        if let Some(score) = entry.score {
            write!(self.out, "<span class=\"score\">{}</span>", score.score)?;
        }
        writeln!(
            self.out,
            "<span title=\"{path}\">{name}</span><br>{}</figcaption></figure>",
            rated(entry)
        )
    }

    /// Ends the sheet.
    ///
    /// # Errors
    /// That of the writer.
    pub fn end(mut self) -> io::Result<()> {
        self.out.write_all(b"</main>\n</body>\n</html>\n")?;
        self.out.flush()
    }
}

/// Stars, flag and label in a line.
fn rated(entry: &Entry) -> String {
    let rating = entry.rating;
    let stars = rating.stars.map_or(0, Stars::count);
    let mut parts = Vec::new();
    if stars > 0 {
        parts.push("★".repeat(usize::from(stars)));
    }
    match rating.flag {
        Some(Flag::Pick) => parts.push("picked".to_owned()),
        Some(Flag::Reject) => parts.push("rejected".to_owned()),
        Some(Flag::None) | None => {}
    }
    let label = match rating.label {
        Some(Label::Red) => "red",
        Some(Label::Yellow) => "yellow",
        Some(Label::Green) => "green",
        Some(Label::Blue) => "blue",
        Some(Label::Purple) => "purple",
        Some(Label::Other) => "another label",
        Some(Label::None) | None => "",
    };
    if !label.is_empty() {
        parts.push(label.to_owned());
    }
    parts.join(", ")
}

/// Text that is nothing but text in HTML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::StoredScore;
    use crate::metadata::xmp::Rating;
    use crate::model::Score;

    #[test]
    fn a_sheet_is_whole_and_no_name_is_markup() {
        let entry = Entry {
            path: "shoot/<b>\"x\"&'.jpg".into(),
            rating: Rating {
                stars: Stars::new(3),
                flag: Some(Flag::Reject),
                label: Some(Label::Blue),
            },
            score: Some(StoredScore {
                score: Score::from_probability(0.512).unwrap(),
                size: (3, 2),
            }),
        };
        let mut out = Vec::new();
        let mut sheet = Sheet::begin(&mut out, 2).unwrap();
        sheet.add(&entry, Ok(b"jpeg")).unwrap();
        sheet.add(&entry, Err("is <broken>")).unwrap();
        sheet.end().unwrap();
        let html = String::from_utf8(out).unwrap();
        assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"));
        assert!(html.contains("<p>2 photos</p>"));
        assert!(html.contains("src=\"data:image/jpeg;base64,anBlZw==\""));
        assert!(html.contains("&lt;b&gt;&quot;x&quot;&amp;&#39;.jpg</span>"));
        assert!(html.contains("is &lt;broken&gt;"));
        assert!(html.contains("<span class=\"score\">51.2</span>"));
        assert!(html.contains("★★★, rejected, blue"));
        assert!(!html.contains("<b>") && !html.contains("<script"));
        assert_eq!(html.matches("<figure class=\"rejected\">").count(), 2);
    }
}
