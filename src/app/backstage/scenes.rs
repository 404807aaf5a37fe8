//! What kind of scene a photo is, asked for the photo that is looked at:
//! asking for all of them would take some models twice as long.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::{self, Event, Options, Request};
use crate::model::{QualityModel, Scene};

/// The open model, where it tells scenes.
#[derive(Clone, Default)]
pub struct SceneTeller(Arc<Mutex<Option<Arc<dyn QualityModel>>>>);

impl SceneTeller {
    /// Asks this model from now on, if it tells scenes; whether it does.
    pub fn set(&self, model: &Arc<dyn QualityModel>) -> bool {
        let model = model.tells_scenes().then(|| Arc::clone(model));
        let tells = model.is_some();
        // What a panic left is a model or none.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = model;
        tells
    }

    /// What a photo shows; `None` where nobody can tell.
    pub fn scene(&self, path: PathBuf) -> Option<Scene> {
        let model = {
            let model = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            model.clone()?
        };
        let request = Request {
            paths: vec![path],
            recursive: false,
            thumbnail: None,
        };
        let options = Options {
            batch: 1,
            decoders: 1,
            decoded: 2,
            scenes: true,
            ..Options::default()
        };
        let job = engine::start(request, model, options);
        let mut events = job.events.iter();
        events.find_map(|event| match event {
            Event::Photo(photo) => Some(photo.outcome.ok()?.scene),
            Event::Finished(_) => Some(None),
            Event::Scanned(_) | Event::Progress(_) => None,
        })?
    }
}
