//! Collecting what is known of photos.

use std::path::PathBuf;

use rayon::prelude::*;

use super::Photo;
use crate::engine::{Cancel, Known, Progress, describe_knowing};
use crate::guard::guarded;
use crate::metadata::{self, Exif};
use crate::model::DescribingModel;

/// Photos, and those that could not be described with their reasons.
pub type Looked = (Vec<Photo>, Vec<(PathBuf, String)>);

/// Looks at photos: EXIF, descriptor and score; decodes none that `known` has a
/// descriptor of. One that cannot be read is left out. `None` when it was
/// cancelled.
pub fn read(
    model: &dyn DescribingModel,
    paths: &[PathBuf],
    known: Option<&dyn Known>,
    cancel: &Cancel,
    progress: &mut dyn FnMut(&Progress),
) -> Option<Looked> {
    let described = describe_knowing(model, paths, known, cancel, progress)?;
    let exifs: Vec<Exif> = paths
        .par_iter()
        .map(|path| guarded(|| metadata::read(path).unwrap_or_default()).unwrap_or_default())
        .collect();
    let (mut photos, mut failed) = (Vec::new(), Vec::new());
    for ((path, described), exif) in paths.iter().zip(described).zip(exifs) {
        let seen = described.and_then(|descriptor| {
            let score = model.score_described(&descriptor);
            Ok((descriptor, score.map_err(|error| error.to_string())?))
        });
        match seen {
            Ok((descriptor, score)) => photos.push(Photo {
                path: path.clone(),
                exif,
                look: Some(model.standardised(&descriptor)),
                score: Some(score),
            }),
            Err(reason) => failed.push((path.clone(), reason)),
        }
    }
    Some((photos, failed))
}
