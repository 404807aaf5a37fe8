//! The data sets that the command line names, as examples and tasks.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::Args;
use crate::cli::{labels, paths};
use crate::engine::data_sets::{Labelled, kadid, tid2013};
use crate::engine::{Form, photos_of};
use crate::imaging::distortion::{Distortion, Level};
use crate::learning::pretrain::{Data, Example, Task};

/// What a level takes from the label of a photo made worse.
const PER_LEVEL: f32 = 0.14;

/// A photo to learn from, before it is known whether it can be read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Photo {
    pub(super) path: PathBuf,
    /// People's opinion; `None` for photos to make worse.
    label: Option<f32>,
    original: String,
    task: String,
    set: usize,
    synthetic: bool,
    validation_only: bool,
}

impl Photo {
    /// Whether it is to be made worse in every way.
    pub(super) fn distorted(&self) -> bool {
        self.label.is_none()
    }
}

/// All photos that the command line names.
pub(super) fn photos(args: &Args) -> anyhow::Result<Vec<Photo>> {
    let mut photos = Vec::new();
    let mut published = |name: &str, set: usize, labelled: Vec<Labelled>| {
        photos.extend(labelled.into_iter().map(|photo| Photo {
            path: photo.path,
            label: Some(photo.label as f32),
            original: format!("{name} {}", photo.original),
            task: photo.task,
            set,
            synthetic: true,
            validation_only: false,
        }));
    };
    if let Some(folder) = &args.tid2013 {
        published("TID2013", 0, tid2013(folder)?);
    }
    if let Some(folder) = &args.kadid {
        published("KADID-10k", 1, kadid(folder)?);
    }
    if let Some(folder) = &args.pristine {
        let found = photos_of(std::slice::from_ref(folder), false);
        if found.is_empty() {
            bail!("{}: holds no photos", paths::shown(folder));
        }
        photos.extend(found.into_iter().map(|(path, _)| Photo {
            original: path.display().to_string(),
            path,
            label: None,
            task: String::new(),
            set: 2,
            synthetic: true,
            validation_only: false,
        }));
    }
    let opinions = [(&args.scores, false), (&args.validation, true)];
    if let Some(images) = &args.images {
        for (csvs, validation_only) in opinions {
            for csv in csvs {
                photos.extend(judged(images, csv, validation_only)?);
            }
        }
    }
    if photos.iter().all(|photo| photo.validation_only) {
        bail!("there is nothing to learn from: name a data set (see --help)");
    }
    Ok(photos)
}

fn judged(images: &Path, csv: &Path, validation_only: bool) -> anyhow::Result<Vec<Photo>> {
    let located = labels::located(images, labels::read(csv)?);
    let name = paths::shown(csv);
    if let Some((path, mos)) = located.iter().find(|(_, mos)| !(0.0..=1.0).contains(mos)) {
        bail!(
            "{name}: {}: {mos} is not between 0 and 1",
            paths::shown(path)
        );
    }
    let photo = |(path, mos): (PathBuf, f64)| Photo {
        original: path.display().to_string(),
        path,
        label: Some(mos as f32),
        task: name.to_string(),
        set: 3,
        synthetic: false,
        validation_only,
    };
    Ok(located.into_iter().map(photo).collect())
}

/// Examples and tasks of photos that could be read. `own` says what the model
/// thinks of a photo itself, 0 to 1. With each example: its photo and form,
/// the latter counted as in [`Form::all`].
pub(super) fn arranged(photos: &[(&Photo, f32)]) -> (Data, Vec<(usize, Form)>) {
    let mut data = Data::default();
    let mut sources = Vec::new();
    let mut originals: HashMap<&str, usize> = HashMap::new();
    let mut tasks: HashMap<(usize, bool, String), usize> = HashMap::new();
    let mut add = |data: &mut Data, task: &str, photo: &Photo, example: usize| {
        let key = (photo.set, photo.validation_only, task.to_owned());
        let index = *tasks.entry(key).or_insert_with(|| {
            data.tasks.push(Task {
                name: task.to_owned(),
                set: photo.set,
                synthetic: photo.synthetic,
                validation_only: photo.validation_only,
                examples: Vec::new(),
            });
            data.tasks.len() - 1
        });
        if let Some(task) = data.tasks.get_mut(index) {
            task.examples.push(example);
        }
    };
    for (index, &(photo, own)) in photos.iter().enumerate() {
        let next = originals.len();
        let original = *originals.entry(&photo.original).or_insert(next);
        let mut example = |data: &mut Data, label: f32, form: Form| {
            data.examples.push(Example { label, original });
            sources.push((index, form));
            data.examples.len() - 1
        };
        match photo.label {
            Some(label) => {
                let example = example(&mut data, label, Form::AsIs);
                add(&mut data, &photo.task, photo, example);
            }
            None => {
                // The photo itself is an example of every task.
                let itself = example(&mut data, own, Form::Pristine);
                for kind in Distortion::ALL {
                    add(&mut data, kind.name(), photo, itself);
                    for level in Level::ALL {
                        let label = own * (1.0 - PER_LEVEL * f32::from(level.number()));
                        let example = example(&mut data, label, Form::Distorted(kind, level));
                        add(&mut data, kind.name(), photo, example);
                    }
                }
            }
        }
    }
    (data, sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_photo_is_part_of_every_task_and_falls_by_level() {
        let photo = |label: Option<f32>| Photo {
            path: "p.png".into(),
            label,
            original: "p.png".to_owned(),
            task: "opinions".to_owned(),
            set: 2,
            synthetic: label.is_none(),
            validation_only: false,
        };
        let (worse, judged) = (photo(None), photo(Some(0.25)));
        let (data, sources) = arranged(&[(&worse, 0.8), (&judged, 0.5)]);
        let types = Distortion::ALL.len();
        assert_eq!(data.examples.len(), 1 + 5 * types + 1);
        assert_eq!(sources.len(), data.examples.len());
        assert_eq!(data.tasks.len(), types + 1);
        // The forms come as they are described.
        let forms: Vec<Form> = sources.iter().take(1 + 5 * types).map(|s| s.1).collect();
        assert_eq!(forms, Form::all());
        let first = &data.tasks[0];
        assert_eq!(first.examples, (0..6).collect::<Vec<_>>());
        let labels: Vec<f32> = first
            .examples
            .iter()
            .map(|&i| data.examples[i].label)
            .collect();
        assert!(labels.windows(2).all(|pair| pair[1] < pair[0]) && labels[0] == 0.8);
        assert_eq!(data.tasks[types].examples.len(), 1);
        // One original, whatever was made of it.
        assert!(data.examples.iter().all(|example| example.original == 0));
    }
}
