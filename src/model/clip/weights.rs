//! The weights of a CLIP network, wherever and under whatever names they lie.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::{DType, Device, Tensor, Var};

use super::config::Config;
use super::names::{self, translate};
use crate::model::ModelError;
use crate::model::checkpoint::Checkpoint;
use crate::model::file::{self, Metadata};

/// Weights of a network, complete and of fitting shapes.
///
/// Tensors go by OpenAI's names (`visual.conv1.weight`, …, with
/// `visual.prompt_embeddings`, … and `prompt_learner2.ctx` for GRMP-IQA's
/// prompts) and are read from the file when they are asked for.
#[derive(Debug)]
pub struct Weights {
    config: Config,
    source: Source,
    /// By our names.
    places: BTreeMap<String, Place>,
}

/// Where a tensor comes from.
#[derive(Debug, Clone)]
struct Place {
    /// Its names in the source: one, or queries, keys and values.
    parts: Vec<String>,
    transposed: bool,
}

#[derive(Debug)]
enum Source {
    File(Box<Checkpoint>),
    Memory(HashMap<String, Tensor>, String),
}

impl Source {
    fn label(&self) -> &str {
        match self {
            Self::File(file) => file.label(),
            Self::Memory(_, label) => label,
        }
    }

    fn dims(&self, name: &str) -> Option<&[usize]> {
        match self {
            Self::File(file) => file.dims(name),
            Self::Memory(tensors, _) => tensors.get(name).map(Tensor::dims),
        }
    }

    fn get(&self, name: &str) -> Result<Tensor, ModelError> {
        match self {
            Self::File(file) => file.get(name),
            Self::Memory(tensors, label) => {
                tensors
                    .get(name)
                    .cloned()
                    .ok_or_else(|| ModelError::Weights {
                        weights: label.clone(),
                        reason: format!("tensor {name} is missing"),
                    })
            }
        }
    }
}

impl Weights {
    /// Opens a safetensors file or a PyTorch checkpoint with names of OpenAI,
    /// OpenCLIP, Hugging Face's transformers or GRMP-IQA's authors.
    ///
    /// # Errors
    /// [`ModelError::Read`] when it cannot be read; [`ModelError::Weights`]
    /// when it is damaged or holds no CLIP network, which names the tensor.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        Self::from_checkpoint(Checkpoint::open(path)?)
    }

    /// As [`Weights::open`], of a file whose index was read.
    pub(in crate::model) fn from_checkpoint(file: Checkpoint) -> Result<Self, ModelError> {
        let names: Vec<String> = file.names().map(str::to_owned).collect();
        Self::new(&names, Source::File(Box::new(file)))
    }

    /// Takes tensors by any of those names; `label` names them in errors.
    ///
    /// # Errors
    /// [`ModelError::Weights`] when they are no CLIP network.
    pub fn from_tensors(tensors: HashMap<String, Tensor>, label: &str) -> Result<Self, ModelError> {
        let mut names: Vec<String> = tensors.keys().cloned().collect();
        names.sort_unstable();
        Self::new(&names, Source::Memory(tensors, label.to_owned()))
    }

    fn new(foreign: &[String], source: Source) -> Result<Self, ModelError> {
        let (config, places) = fit(foreign, &source).map_err(|reason| ModelError::Weights {
            weights: source.label().to_owned(),
            reason,
        })?;
        Ok(Self {
            config,
            source,
            places,
        })
    }

    /// The network's configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Names the weights in errors.
    pub fn label(&self) -> &str {
        self.source.label()
    }

    /// What a model file of Keepers' own says about itself; `None` for all
    /// others.
    ///
    /// # Errors
    /// [`ModelError::Weights`] when it cannot be read.
    pub fn metadata(&self) -> Result<Option<Metadata>, ModelError> {
        match &self.source {
            Source::File(file) => file::metadata(file.entries(), file.label()),
            Source::Memory(..) => Ok(None),
        }
    }

    /// The names of all tensors, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// A tensor in f32.
    ///
    /// # Errors
    /// [`ModelError::Weights`] when there is none of that name, or it holds
    /// values that are no finite numbers.
    pub fn get(&self, name: &str) -> Result<Tensor, ModelError> {
        let tensor = self.stored(name)?.to_dtype(DType::F32)?;
        // One value that is not finite makes the sum of all times 0 so.
        let finite = match tensor.track_op() {
            true => true,
            false => (&tensor * 0.0)?.sum_all()?.to_scalar::<f32>()? == 0.0,
        };
        match finite {
            true => Ok(tensor),
            false => Err(self.wrong(format!(
                "tensor {name} holds values that are no finite numbers"
            ))),
        }
    }

    /// A tensor in the type it is stored in.
    ///
    /// # Errors
    /// [`ModelError::Weights`] when there is none of that name.
    pub fn stored(&self, name: &str) -> Result<Tensor, ModelError> {
        let place = self
            .places
            .get(name)
            .ok_or_else(|| self.wrong(format!("tensor {name} is missing")))?;
        let tensor = match place.parts.as_slice() {
            [part] => self.source.get(part)?,
            parts => {
                let parts: Result<Vec<_>, _> =
                    parts.iter().map(|part| self.source.get(part)).collect();
                Tensor::cat(&parts?, 0)?
            }
        };
        Ok(match (place.transposed, name) {
            (true, _) => tensor.t()?.contiguous()?,
            // Some write this one number as a list of one.
            (false, names::LOGIT_SCALE) if tensor.rank() > 0 => tensor.reshape(())?,
            (false, _) => tensor,
        })
    }

    /// The same weights in memory, with those tensors that `learns` says as
    /// variables: networks made of them share their values, and gradients are
    /// taken of them. The variables come in the order of their names.
    ///
    /// # Errors
    /// As [`Weights::get`].
    pub fn trainable(
        &self,
        learns: impl Fn(&str) -> bool,
        device: &Device,
    ) -> Result<(Self, BTreeMap<String, Var>), ModelError> {
        let (mut tensors, mut variables) = (HashMap::new(), BTreeMap::new());
        for name in self.names() {
            let mut tensor = self.get(name)?;
            if learns(name) {
                let variable = Var::from_tensor(&tensor.to_device(device)?)?;
                tensor = variable.as_tensor().clone();
                variables.insert(name.to_owned(), variable);
            }
            tensors.insert(name.to_owned(), tensor);
        }
        Ok((Self::from_tensors(tensors, self.label())?, variables))
    }

    fn wrong(&self, reason: String) -> ModelError {
        ModelError::Weights {
            weights: self.label().to_owned(),
            reason,
        }
    }
}

/// Finds every tensor's place and checks its shape.
fn fit(foreign: &[String], source: &Source) -> Result<(Config, BTreeMap<String, Place>), String> {
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    for name in foreign {
        let Some(translated) = translate(name) else {
            continue;
        };
        let place = places.entry(translated.name).or_insert_with(|| Place {
            parts: vec![String::new(); if translated.third.is_some() { 3 } else { 1 }],
            transposed: translated.transposed,
        });
        match place.parts.get_mut(translated.third.unwrap_or(0)) {
            Some(part) if part.is_empty() => name.clone_into(part),
            _ => return Err(format!("tensor {name} is there twice, under two names")),
        }
    }
    let dims = |name: &str| -> Option<Vec<usize>> {
        let place = places.get(name)?;
        let mut dims = source.dims(place.parts.first()?)?.to_vec();
        match place.parts.len() {
            1 if place.transposed => dims.reverse(),
            1 if name == names::LOGIT_SCALE && dims == [1] => dims.clear(),
            1 => {}
            _ => {
                let parts = place.parts.iter().map(|part| source.dims(part));
                let rows = parts.map(|part| match (part?, dims.as_slice()) {
                    ([rows, rest @ ..], [_, first @ ..]) if rest == first => Some(*rows),
                    _ => None,
                });
                let rows = rows.sum::<Option<usize>>()?;
                *dims.first_mut()? = rows;
            }
        }
        Some(dims)
    };
    let config = Config::of(places.keys().map(String::as_str), dims)?;
    for (name, needed) in config.tensors() {
        match dims(&name) {
            None => return Err(format!("tensor {name} is missing")),
            Some(dims) if dims != needed => {
                return Err(format!(
                    "tensor {name} has shape {dims:?} where {needed:?} is needed"
                ));
            }
            Some(_) => {}
        }
    }
    // What else is there (a learner's constants, buffers) is none of ours.
    let ours: std::collections::HashSet<String> =
        config.tensors().into_iter().map(|(name, _)| name).collect();
    places.retain(|name, _| ours.contains(name));
    Ok((config, places))
}
