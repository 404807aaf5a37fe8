//! `keepers evaluate --shots`: how well each way of calibrating does.

use std::path::PathBuf;

use anyhow::bail;

use super::console::Console;
use super::{interrupt, paths};
use crate::engine::models::{self, Device, Source};
use crate::engine::{Cancel, classify};
use crate::learning::calibrate::protocol::{self, Options, Row, Subject};
use crate::learning::calibrate::{CalibrateError, FEWEST, Photo};
use crate::model::compact;
use crate::model::efficientnet::Classifier;
use crate::model::simd::Level;

/// A number of labels.
pub fn shots(text: &str) -> Result<usize, String> {
    let shots: usize = text.trim().parse().map_err(|_| "is no number".to_owned())?;
    match shots >= FEWEST {
        true => Ok(shots),
        false => Err(format!("has to be at least {FEWEST}")),
    }
}

/// Runs the protocol on labelled photos; `None` when it was interrupted.
///
/// # Errors
/// For a model that is not compact, or too few photos.
pub fn measure(
    source: &Source,
    labelled: Vec<(PathBuf, f64)>,
    options: &Options,
    console: &mut Console,
) -> anyhow::Result<Option<Vec<Row>>> {
    let model = models::open_compact(source, Device::Cpu)?;
    let weights = match source {
        Source::BuiltIn => compact::backbone_weights(compact::embedded_bytes(), models::BUILT_IN)?,
        Source::File(path) => {
            compact::backbone_weights(&std::fs::read(path)?, &path.display().to_string())?
        }
    };
    let classifier = Classifier::new(&weights, Level::best())?;
    let cancel = Cancel::default();
    interrupt::cancels(&cancel);
    let photos: Vec<PathBuf> = labelled.iter().map(|(path, _)| path.clone()).collect();
    let described = classify(
        model.backbone(),
        &classifier,
        &photos,
        &cancel,
        &mut |progress| {
            console.progress("Describing", progress);
        },
    );
    console.clear();
    let Some(described) = described else {
        return Ok(None);
    };
    let mut subjects = Vec::with_capacity(labelled.len());
    for ((path, opinion), described) in labelled.into_iter().zip(described) {
        let described = match described {
            Ok(described) => described,
            // It was scored a moment ago.
            Err(reason) => bail!("{}: {reason}", paths::shown(&path)),
        };
        subjects.push(Subject {
            photo: Photo::new(model.head(), &described.descriptor)?,
            descriptor: described.descriptor,
            logits: described.logits,
            opinion,
        });
    }
    match protocol::run(model.head(), &subjects, options, &|_| {
        !cancel.is_cancelled()
    }) {
        Ok(rows) => Ok(Some(rows)),
        Err(CalibrateError::Interrupted) => Ok(None),
        Err(CalibrateError::TooFew { count }) => bail!(
            "four fifths of the photos are {count}, fewer than the labels that --shots asks for"
        ),
        Err(error) => Err(error.into()),
    }
}

/// The rows for reading.
pub fn table(rows: &[Row]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "\n{:<8}{:<14}{:<26}{:<26}{}\n",
        "Labels", "Method", "SRCC (quartiles)", "PLCC (quartiles)", "Above none / ridge"
    );
    for row in rows {
        let figure =
            |q: &protocol::Quartiles| format!("{:.4} ({:.4} to {:.4})", q.median, q.q1, q.q3);
        text += &format!(
            "{:<8}{:<14}{:<26}{:<26}{:.0} % / {:.0} %\n",
            row.shots,
            row.method.name(),
            figure(&row.srcc),
            figure(&row.plcc),
            100.0 * row.above_none,
            100.0 * row.above_ridge,
        );
    }
    text
}
