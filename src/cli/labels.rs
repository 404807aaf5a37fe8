//! Photos with opinion scores, from a CSV file.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::paths;

/// What the column of files may be called, in lower case.
const FILE: [&str; 2] = ["file", "image name"];

/// What the column of opinions may be called, in lower case.
const MOS: [&str; 1] = ["mos"];

/// Reads the files and their opinions.
pub fn read(path: &Path) -> anyhow::Result<Vec<(String, f64)>> {
    let name = paths::shown(path);
    let file = std::fs::File::open(path).with_context(|| format!("{name}: cannot be read"))?;
    parse(file, &name)
}

/// What the columns of a choice between two photos may be called, in lower case.
const BETTER: [&str; 2] = ["better", "preferred"];
const WORSE: [&str; 2] = ["worse", "other"];

/// Choices between two photos: better, worse.
pub type Choices = Vec<(String, String)>;

/// Reads choices between two photos from a CSV with the columns "better" and
/// "worse"; `None` for a CSV without such columns.
pub fn read_choices(path: &Path) -> anyhow::Result<Option<Choices>> {
    let name = paths::shown(path);
    let file = std::fs::File::open(path).with_context(|| format!("{name}: cannot be read"))?;
    parse_choices(file, &name)
}

fn parse_choices(csv: impl io::Read, name: &str) -> anyhow::Result<Option<Choices>> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::Headers)
        .from_reader(csv);
    let header = reader.headers().map_err(|error| unreadable(&error, name))?;
    let (Some(better), Some(worse)) = (column_of(header, &BETTER), column_of(header, &WORSE))
    else {
        return Ok(None);
    };
    let mut choices = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error, name))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |column: usize, called: &str| match record.get(column) {
            Some(file) if !file.is_empty() => Ok(file.to_owned()),
            _ => bail!("{name}, line {line}, column {called}: is empty"),
        };
        let (better, worse) = (cell(better, BETTER[0])?, cell(worse, WORSE[0])?);
        if better == worse {
            bail!("{name}, line {line}: a photo cannot be better than itself");
        }
        choices.push((better, worse));
    }
    Ok(Some(choices))
}

/// The place of a column that has one of these names.
fn column_of(header: &csv::StringRecord, wanted: &[&str]) -> Option<usize> {
    // Spreadsheets may begin a file with a byte order mark.
    let named =
        |h: &str| wanted.contains(&h.trim_start_matches('\u{feff}').to_lowercase().as_str());
    header.iter().position(named)
}

/// `name` is the CSV's name in errors.
fn parse(csv: impl io::Read, name: &str) -> anyhow::Result<Vec<(String, f64)>> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::Headers)
        .from_reader(csv);
    let header = reader.headers().map_err(|error| unreadable(&error, name))?;
    let column = |wanted: &[&str]| {
        column_of(header, wanted)
            .with_context(|| format!("{name}, line 1: there is no column \"{}\"", wanted[0]))
    };
    let (file_column, mos_column) = (column(&FILE)?, column(&MOS)?);
    let mut opinions = Vec::new();
    let mut lines = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error, name))?;
        let line = record.position().map_or(0, csv::Position::line);
        let at = |column: &str| format!("{name}, line {line}, column {column}");
        let file = record.get(file_column).unwrap_or_default().to_owned();
        if file.is_empty() {
            bail!("{}: is empty", at("file"));
        }
        let text = record.get(mos_column).unwrap_or_default().trim();
        let mos = text.parse::<f64>().ok().filter(|mos| mos.is_finite());
        let Some(mos) = mos else {
            bail!("{}: \"{}\" is not a number", at("mos"), paths::clean(text));
        };
        if let Some(first) = lines.insert(PathBuf::from(&file), line) {
            let file = paths::clean(&file);
            bail!("{}: \"{file}\" is in line {first} already", at("file"));
        }
        opinions.push((file, mos));
    }
    if opinions.is_empty() {
        bail!("{name}: lists no photos");
    }
    Ok(opinions)
}

/// The error of a CSV that cannot be taken apart.
fn unreadable(error: &csv::Error, name: &str) -> anyhow::Error {
    let line = error.position().map(csv::Position::line);
    let place = line.map_or(name.to_owned(), |line| format!("{name}, line {line}"));
    match error.kind() {
        csv::ErrorKind::Io(error) => anyhow::anyhow!("{name}: cannot be read: {error}"),
        csv::ErrorKind::Utf8 { err, .. } => {
            anyhow::anyhow!("{place}, column {}: is not UTF-8 text", err.field() + 1)
        }
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            anyhow::anyhow!("{place}: has {len} columns where the header has {expected_len}")
        }
        _ => anyhow::anyhow!("{place}: {error}"),
    }
}

/// The labelled photos' paths below `images`. A name that differs from a
/// file's only in capitals means that file, as on systems that do not tell the
/// two apart; data sets are made there too.
pub fn located(images: &Path, labels: Vec<(String, f64)>) -> Vec<(PathBuf, f64)> {
    let mut folders: HashMap<PathBuf, HashMap<String, PathBuf>> = HashMap::new();
    let mut locate = |file: String| {
        let path = images.join(file);
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return path;
        };
        if path.exists() {
            return path;
        }
        let names = folders.entry(folder.to_owned()).or_insert_with(|| {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let lower =
                |path: &PathBuf| path.file_name().map(|n| n.to_string_lossy().to_lowercase());
            entries
                .map(|e| e.path())
                .filter_map(|path| Some((lower(&path)?, path)))
                .collect()
        });
        names
            .get(&name.to_string_lossy().to_lowercase())
            .cloned()
            .unwrap_or(path)
    };
    labels
        .into_iter()
        .map(|(file, mos)| (locate(file), mos))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(csv: &str) -> Result<Vec<(String, f64)>, String> {
        parse(csv.as_bytes(), "s.csv").map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn columns_are_found_by_name() {
        let expected = Ok(vec![
            ("a, b.jpg".to_owned(), 3.5),
            ("c.jpg".to_owned(), -1e-3),
        ]);
        let csv = "\u{feff}id,mos,file\n1,3.5,\"a, b.jpg\"\n\n2, -1e-3 ,c.jpg\n";
        assert_eq!(parsed(csv), expected);
        assert_eq!(
            parsed("\u{feff}file,mos\r\nx.jpg,1\r\n"),
            Ok(vec![("x.jpg".to_owned(), 1.0)])
        );
    }

    #[test]
    fn capitals_do_not_matter() {
        assert_eq!(
            parsed("Image Name,MOS,,\na.jpg,0.5,,\n"),
            Ok(vec![("a.jpg".to_owned(), 0.5)])
        );
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("A.JPG"), b"").unwrap();
        let labels = ["A.JPG", "a.jpg", "b.jpg"]
            .map(|file| (file.to_owned(), 1.0))
            .to_vec();
        let located = located(folder.path(), labels);
        assert!(located[0].0.exists() && located[1].0.exists());
        assert_eq!(located[2].0, folder.path().join("b.jpg"));
    }

    #[test]
    fn choices_are_told_from_scores() {
        let choices = |csv: &str| parse_choices(csv.as_bytes(), "c.csv");
        assert_eq!(choices("file,mos\na,1\n").unwrap(), None);
        let expected = vec![("a".to_owned(), "b".to_owned())];
        assert_eq!(
            choices("\u{feff}Better,Worse\na,b\n").unwrap(),
            Some(expected)
        );
        let same = choices("better,worse\na,b\na,a\n").unwrap_err();
        assert_eq!(
            same.to_string(),
            "c.csv, line 3: a photo cannot be better than itself"
        );
        let empty = choices("better,worse\na,\n").unwrap_err();
        assert_eq!(empty.to_string(), "c.csv, line 2, column worse: is empty");
    }

    #[test]
    fn errors_name_line_and_column() {
        for (csv, expected) in [
            ("", "s.csv, line 1: there is no column \"file\""),
            (
                "file,score\na,1\n",
                "s.csv, line 1: there is no column \"mos\"",
            ),
            ("file,mos\n", "s.csv: lists no photos"),
            (
                "file,mos\na,1\nb,good\n",
                "s.csv, line 3, column mos: \"good\" is not a number",
            ),
            (
                "file,mos\na,NaN\n",
                "s.csv, line 2, column mos: \"NaN\" is not a number",
            ),
            ("file,mos\n,1\n", "s.csv, line 2, column file: is empty"),
            (
                "file,mos\na,1\nb,2\na,3\n",
                "s.csv, line 4, column file: \"a\" is in line 2 already",
            ),
            (
                "file,mos\na,1\nb\n",
                "s.csv, line 3: has 1 columns where the header has 2",
            ),
        ] {
            assert_eq!(parsed(csv), Err(expected.to_owned()), "{csv:?}");
        }
        let latin = parse(&b"file,mos\nok,1\ncaf\xe9,2\n"[..], "s.csv").unwrap_err();
        assert_eq!(
            latin.to_string(),
            "s.csv, line 3, column 1: is not UTF-8 text"
        );
    }
}
