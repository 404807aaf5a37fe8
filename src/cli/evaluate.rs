//! `keepers evaluate`: how well a model agrees with people's opinions.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::ValueEnum;
use serde::Serialize;

use super::console::Console;
use super::exit::Exit;
use super::sink::{self, Written};
use super::{paths, run};
use crate::engine::Request;
use crate::learning::metrics::Agreement;

const ABOUT: &str = "\
Measure how well scores agree with people's opinions

Scores the photos listed in a CSV file and compares: SRCC and KRCC (tau-b) are \
rank correlations; PLCC and RMSE are taken after the four-parameter logistic \
curve that is usual in the field.";

const MORE: &str = "\
The CSV file has a header with the columns file (relative to the folder of
images) and mos (any scale, higher is better); other columns are ignored.
Photos that are missing or cannot be scored count as failed and are left out.

Exit status: 0 all photos scored, 1 none, 3 some failed, 130 interrupted.";

#[derive(Debug, clap::Args)]
#[command(
    about = "Measure how well scores agree with people's opinions",
    long_about = ABOUT,
    after_long_help = MORE
)]
pub struct Args {
    /// Folder that the files in the CSV are relative to
    #[arg(long, value_name = "DIR")]
    images: PathBuf,
    /// CSV with the columns "file" and "mos"
    #[arg(long, value_name = "CSV")]
    scores: PathBuf,
    #[command(flatten)]
    model: run::ModelArgs,
    /// Format of the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// No progress and no notes on standard error
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    /// For reading
    #[default]
    Table,
    /// One object; a figure that is not defined is null
    Json,
}

/// The result; the order of the fields is the order of the keys.
#[derive(Debug, Serialize)]
struct Figures {
    n: usize,
    srcc: Option<f64>,
    plcc: Option<f64>,
    krcc: Option<f64>,
    rmse: Option<f64>,
    failed: usize,
}

pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut console = Console::new(args.quiet);
    let opinions = read(&args.scores)?;
    if !args.images.is_dir() {
        bail!("{}: is no folder of images", paths::shown(&args.images));
    }
    let home = run::home(&mut console);
    let model = args.model.open(home.as_ref())?;
    let by_path: HashMap<PathBuf, f64> = opinions
        .into_iter()
        .map(|(file, mos)| (args.images.join(file), mos))
        .collect();
    let request = Request {
        paths: by_path.keys().cloned().collect(),
        recursive: false,
        thumbnail: None,
    };
    let mut done = run::job(request, model, &mut console, |_| Ok(Written::Yes))?;
    if done.interrupted {
        // Figures of a part would pass for those of the whole.
        return Ok(Exit::Interrupted);
    }
    // One order, so that sums do not depend on which photo was first.
    done.photos.sort_by(|a, b| a.path.cmp(&b.path));
    let (mut scores, mut labels) = (Vec::new(), Vec::new());
    for photo in &done.photos {
        match (&photo.outcome, by_path.get(&photo.path)) {
            (Ok(scored), Some(&mos)) => {
                scores.push(scored.score.value());
                labels.push(mos);
            }
            (Err(reason), _) => {
                let path = paths::shown(&photo.path);
                console.note(&format!("{path}: {}", paths::clean(reason)));
            }
            (Ok(_), None) => {}
        }
    }
    let agreement = Agreement::new(&scores, &labels);
    let figures = Figures {
        n: agreement.n,
        srcc: agreement.srcc,
        plcc: agreement.plcc,
        krcc: agreement.krcc,
        rmse: agreement.rmse,
        failed: by_path.len() - agreement.n,
    };
    let text = match args.format {
        Format::Table => table(&figures),
        Format::Json => serde_json::to_string(&figures)? + "\n",
    };
    sink::checked(io::stdout().write_all(text.as_bytes()))?;
    Ok(Exit::of(figures.n, figures.failed))
}

fn table(figures: &Figures) -> String {
    let number = |value: Option<f64>| value.map_or("not defined".to_owned(), |v| format!("{v:.4}"));
    let rows = [
        ("Photos", figures.n.to_string()),
        ("SRCC", number(figures.srcc)),
        ("PLCC", number(figures.plcc)),
        ("KRCC", number(figures.krcc)),
        ("RMSE", number(figures.rmse)),
        ("Failed", figures.failed.to_string()),
    ];
    rows.iter()
        .map(|(name, value)| format!("{name:<8}{value}\n"))
        .collect()
}

/// Reads the files and their opinions.
fn read(path: &Path) -> anyhow::Result<Vec<(String, f64)>> {
    let name = paths::shown(path);
    let file = std::fs::File::open(path).with_context(|| format!("{name}: cannot be read"))?;
    parse(file, &name)
}

/// `name` is the CSV's name in errors.
fn parse(csv: impl io::Read, name: &str) -> anyhow::Result<Vec<(String, f64)>> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::Headers)
        .from_reader(csv);
    let header = reader.headers().map_err(|error| unreadable(&error, name))?;
    let column = |wanted: &str| {
        // Spreadsheets may begin a file with a byte order mark.
        let found = header
            .iter()
            .position(|h| h.trim_start_matches('\u{feff}') == wanted);
        found.with_context(|| format!("{name}, line 1: there is no column \"{wanted}\""))
    };
    let (file_column, mos_column) = (column("file")?, column("mos")?);
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
