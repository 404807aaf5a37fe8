//! `keepers evaluate --distortions`: whether scores fall when photos are made
//! worse.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::bail;
use serde::Serialize;

use super::console::Console;
use super::exit::Exit;
use super::{interrupt, paths, sink, wording};
use crate::engine::{Cancel, STEPS, Series, photos_of, score_distorted};
use crate::imaging::distortion::{Distortion, Family};
use crate::model::QualityModel;

#[derive(Debug, clap::Args)]
pub struct DistortedArgs {
    /// Instead of opinions: make the photos of the folder worse in every way,
    /// in five levels each, and count the steps at which the score falls
    #[arg(long)]
    distortions: bool,
    /// With --distortions: only so many photos, evenly spread over the folder
    #[arg(long, value_name = "N", requires = "distortions", value_parser = clap::value_parser!(u32).range(1..))]
    photos: Option<u32>,
}

/// The result; the order of the fields is the order of the keys.
#[derive(Debug, Serialize)]
struct Figures {
    photos: usize,
    failed: usize,
    seed: u64,
    /// Over all types.
    share: Option<f64>,
    types: Vec<Falls>,
}

/// What one type of distortion did.
#[derive(Debug, Serialize)]
struct Falls {
    #[serde(rename = "type")]
    kind: &'static str,
    family: Family,
    /// Steps taken: five per photo.
    steps: usize,
    /// Those at which the score fell.
    fell: usize,
    share: Option<f64>,
    /// Share of photos whose worst form has a lower score than themselves.
    below: Option<f64>,
    /// Mean scores of the photos and of levels 1 to 5.
    means: Option<Vec<f64>>,
}

impl DistortedArgs {
    /// Measures `model` on the photos of a folder; `seed` decides noise, places and
    /// directions.
    ///
    /// # Errors
    /// When there is none, or standard output cannot be written.
    pub fn run(
        &self,
        model: &dyn QualityModel,
        folder: &Path,
        seed: u64,
        json: bool,
        console: &mut Console,
    ) -> anyhow::Result<Exit> {
        let photos = self.chosen(folder);
        if photos.is_empty() {
            bail!("{}: holds no photos", paths::shown(folder));
        }
        let cancel = Cancel::default();
        interrupt::cancels(&cancel);
        let done = score_distorted(model, &photos, seed, &cancel, &mut |progress| {
            console.progress("Distorting", progress);
        });
        console.clear();
        let Some(done) = done else {
            return Ok(Exit::Interrupted);
        };
        let mut scored: Vec<Vec<Series>> = Vec::new();
        for photo in done {
            match photo.series {
                Ok(series) => scored.push(series),
                Err(reason) => {
                    let path = paths::shown(&photo.path);
                    console.note(&format!("{path}: {}", paths::clean(&reason)));
                }
            }
        }
        let figures = Figures::new(&scored, photos.len() - scored.len(), seed);
        let text = match json {
            true => serde_json::to_string(&figures)? + "\n",
            false => figures.table(),
        };
        sink::checked(io::stdout().write_all(text.as_bytes()))?;
        Ok(Exit::of(figures.photos, figures.failed))
    }

    fn chosen(&self, folder: &Path) -> Vec<PathBuf> {
        let all = photos_of(&[folder.to_owned()], false);
        let paths: Vec<PathBuf> = all.into_iter().map(|(path, _)| path).collect();
        let most = self.photos.map_or(paths.len(), |n| n as usize);
        let wanted = most.min(paths.len());
        (0..wanted)
            .filter_map(|i| paths.get(i * paths.len() / wanted).cloned())
            .collect()
    }
}

impl Figures {
    /// `scored`: per photo its series, in the order of the types.
    fn new(scored: &[Vec<Series>], failed: usize, seed: u64) -> Self {
        let types: Vec<Falls> = Distortion::ALL
            .into_iter()
            .enumerate()
            .map(|(i, kind)| {
                let series: Vec<&Series> = scored.iter().filter_map(|all| all.get(i)).collect();
                Falls::new(kind, &series)
            })
            .collect();
        let sum = |of: fn(&Falls) -> usize| types.iter().map(of).sum();
        Self {
            photos: scored.len(),
            failed,
            seed,
            share: share(sum(|t| t.fell), sum(|t| t.steps)),
            types,
        }
    }

    fn table(&self) -> String {
        let percent = |share: Option<f64>| {
            share.map_or("not defined".to_owned(), |s| format!("{:.1} %", 100.0 * s))
        };
        let mut text = format!(
            "{:<22}{:>8}{:>9}   mean score at level 0 to {STEPS}\n",
            "Distortion", "falls", "below"
        );
        for falls in &self.types {
            let means = falls.means.iter().flatten();
            let means: Vec<String> = means.map(|m| format!("{m:5.1}")).collect();
            text += &format!(
                "{:<22}{:>8}{:>9}   {}\n",
                falls.kind,
                percent(falls.share),
                percent(falls.below),
                means.join(" ")
            );
        }
        let photos = wording::counted(self.photos, "photo");
        text += &format!("{:<22}{:>8}   {photos}\n", "All", percent(self.share));
        if self.failed > 0 {
            text += &format!("Failed: {}\n", wording::count(self.failed));
        }
        text
    }
}

impl Falls {
    fn new(kind: Distortion, series: &[&Series]) -> Self {
        let falls = |series: &Series| series.windows(2).filter(|pair| pair[1] < pair[0]).count();
        let fell = series.iter().map(|series| falls(series)).sum();
        let steps = STEPS * series.len();
        let below = series
            .iter()
            .filter(|series| series.last() < series.first())
            .count();
        let mean = |level: usize| {
            let values = series.iter().filter_map(|series| series.get(level));
            values.sum::<f64>() / series.len() as f64
        };
        Self {
            kind: kind.name(),
            family: kind.family(),
            steps,
            fell,
            share: share(fell, steps),
            below: share(below, series.len()),
            means: (!series.is_empty()).then(|| (0..=STEPS).map(mean).collect()),
        }
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn falls_are_counted_and_equal_scores_are_none() {
        let first: Series = [50.0, 40.0, 40.0, 30.0, 35.0, 20.0];
        let second: Series = [50.0, 51.0, 52.0, 53.0, 54.0, 55.0];
        let falls = Falls::new(Distortion::Jpeg, &[&first, &second]);
        assert_eq!((falls.steps, falls.fell), (10, 3));
        assert_eq!((falls.share, falls.below), (Some(0.3), Some(0.5)));
        assert_eq!(falls.means.map(|means| means[5]), Some(37.5));
        let none = Figures::new(&[], 2, 1);
        assert_eq!((none.photos, none.failed, none.share), (0, 2, None));
        assert_eq!(none.types.len(), Distortion::ALL.len());
    }
}
