//! Calibrating a compact model while someone rates photos.
//!
//! A [`Calibration`] keeps what the model knows of every photo, so that a new
//! rating costs one small fit and a ranking a dot product per photo; the network
//! is asked once per photo. Command line and window share it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::profiles::ProfilesError;
use super::{Cancel, Known, Progress, describe_knowing};
use crate::catalog::FileState;
use crate::learning::calibrate::check::{self, Report};
use crate::learning::calibrate::next::{self, Proposal};
use crate::learning::calibrate::profile::{About, Label, Profile, ProfileError};
use crate::learning::calibrate::taste::{self, Margins, Taste};
use crate::learning::calibrate::{CalibrateError, Photo};
use crate::metadata::xmp::{Flag, Rating};
use crate::model::compact::CompactModel;
use crate::model::{ModelInfo, QualityModel, Score};

/// Photos that are being rated, and what is known of them.
#[derive(Debug)]
pub struct Calibration {
    info: ModelInfo,
    paths: Vec<PathBuf>,
    photos: Vec<Photo>,
    margins: Margins,
    /// Labels by place; ordered, so that the same ratings give the same taste.
    labels: BTreeMap<usize, f64>,
}

/// What a rating is worth as a label: its stars, 0 for a rejected photo; `None`
/// where neither was given.
pub fn label(rating: Rating) -> Option<f64> {
    match (rating.flag, rating.stars) {
        (Some(Flag::Reject), _) => Some(0.0),
        (_, Some(stars)) if stars.count() > 0 => Some(f64::from(stars.count())),
        _ => None,
    }
}

/// Photos that could not be described, each with its reason.
pub type Failed = Vec<(PathBuf, String)>;

impl Calibration {
    /// As [`Calibration::describe_knowing`], without a memory.
    pub fn describe(
        model: &CompactModel,
        paths: &[PathBuf],
        cancel: &Cancel,
        progress: &mut dyn FnMut(&Progress),
    ) -> Option<(Self, Failed)> {
        Self::describe_knowing(model, paths, None, cancel, progress)
    }

    /// Asks the network about photos, except for those whose descriptors `known`
    /// has. `None` when it was cancelled; otherwise the calibration without any
    /// label, and what failed.
    pub fn describe_knowing(
        model: &CompactModel,
        paths: &[PathBuf],
        known: Option<&dyn Known>,
        cancel: &Cancel,
        progress: &mut dyn FnMut(&Progress),
    ) -> Option<(Self, Failed)> {
        let described = describe_knowing(model, paths, known, cancel, progress)?;
        let (mut kept, mut photos, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for (path, described) in paths.iter().zip(described) {
            let photo = described.and_then(|descriptor| {
                Photo::new(model.head(), &descriptor).map_err(|error| error.to_string())
            });
            match photo {
                Ok(photo) => {
                    kept.push(path.clone());
                    photos.push(photo);
                }
                Err(reason) => failed.push((path.clone(), reason)),
            }
        }
        Some((Self::new(model.info().clone(), kept, photos), failed))
    }

    /// A calibration of photos that are known already, pair by pair.
    pub fn new(info: ModelInfo, paths: Vec<PathBuf>, photos: Vec<Photo>) -> Self {
        Self {
            margins: Margins::of(photos.iter()),
            info,
            paths,
            photos,
            labels: BTreeMap::new(),
        }
    }

    /// The photos' files, in the order of their places.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// What the model knows of the photos, in the order of their places.
    pub fn photos(&self) -> &[Photo] {
        &self.photos
    }

    /// The place of a photo.
    pub fn place_of(&self, path: &Path) -> Option<usize> {
        self.paths.iter().position(|other| other == path)
    }

    /// Rates the photo at a place, on any scale, higher being better; `None`
    /// takes a rating back. A place that is not there changes nothing.
    pub fn rate(&mut self, place: usize, label: Option<f64>) {
        match label {
            Some(label) if place < self.photos.len() => {
                self.labels.insert(place, label);
            }
            _ => {
                self.labels.remove(&place);
            }
        }
    }

    /// The labels by place.
    pub fn labels(&self) -> &BTreeMap<usize, f64> {
        &self.labels
    }

    fn labelled(&self) -> (Vec<&Photo>, Vec<f64>) {
        self.labels
            .iter()
            .map(|(&place, &label)| (&self.photos[place], label))
            .unzip()
    }

    /// What the labels say.
    ///
    /// # Errors
    /// [`CalibrateError`] while there are too few of them, or all are alike.
    pub fn taste(&self) -> Result<Taste, CalibrateError> {
        let (photos, labels) = self.labelled();
        Ok(taste::fit(&photos, &labels, self.margins)?.taste)
    }

    /// How well calibrating agrees with the labels, on photos that it did not
    /// learn from.
    ///
    /// # Errors
    /// As [`Calibration::taste`].
    pub fn check(&self) -> Result<Report, CalibrateError> {
        let (photos, labels) = self.labelled();
        check::check(&photos, &labels, self.margins)
    }

    /// As [`Calibration::check`], with the places of rated photos and what each was
    /// expected to get by the others' ratings: 0 for the lowest rating that was
    /// given, 1 for the highest.
    ///
    /// # Errors
    /// As [`Calibration::taste`].
    pub fn judge(&self) -> Result<(Report, Vec<(usize, f64)>), CalibrateError> {
        let (photos, labels) = self.labelled();
        let judged = check::judge(&photos, &labels, self.margins)?;
        let places: Vec<usize> = self.labels.keys().copied().collect();
        let expected = judged.expected.into_iter();
        let expected = expected.filter_map(|(i, value)| Some((*places.get(i)?, value)));
        Ok((judged.report, expected.collect()))
    }

    /// Scores of all photos, in the order of their places.
    ///
    /// # Errors
    /// [`CalibrateError::NotFinite`].
    pub fn scores(&self, taste: &Taste) -> Result<Vec<Score>, CalibrateError> {
        self.photos.iter().map(|photo| taste.score(photo)).collect()
    }

    /// Which photos to rate next. `bursts` numbers photos of one burst alike,
    /// where that is known.
    pub fn propose(&self, bursts: &[Option<u64>], count: usize) -> Proposal {
        let rated: Vec<usize> = self.labels.keys().copied().collect();
        next::propose(&self.photos, bursts, &rated, count)
    }

    /// What was learned, as a profile. Photos are named by their content, which
    /// is read for it.
    ///
    /// # Errors
    /// [`ProfilesError::File`] for a photo that cannot be read, or
    /// [`CalibrateError`] as an error of the profile.
    pub fn profile(
        &self,
        name: &str,
        date: String,
        taste: Taste,
        report: Report,
    ) -> Result<Profile, ProfilesError> {
        let mut about = About::new(name, &self.info, date, report);
        for (&place, &value) in &self.labels {
            let Some(path) = self.paths.get(place) else {
                continue;
            };
            let state = FileState::read(path).map_err(|source| ProfilesError::File {
                path: path.clone(),
                done: "read",
                source,
            })?;
            about.labels.push(Label {
                photo: state.content.to_hex(),
                value,
            });
        }
        if taste.weights.len() != self.photos.first().map_or(0, |photo| photo.z.len()) {
            return Err(ProfilesError::Profile(ProfileError::Damaged {
                profile: name.to_owned(),
                reason: "it does not fit these photos".to_owned(),
            }));
        }
        Ok(Profile { about, taste })
    }
}
