//! The tensors that a pickled state describes.

use std::ops::Range;

use candle_core::DType;

use super::super::Stored;
use super::{Id, Pickle, Value, read};

/// Dictionaries and modules within each other, at most.
const DEPTH: usize = 16;

/// Values looked at, at most: a few hundred for a large network, but those of
/// a hostile file may refer to each other over and over.
const LOOKS: usize = 1 << 16;

/// Bytes of a key, at most.
const KEY: usize = 200;

/// A tensor as its pickle describes it. Sizes are in values.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::model::checkpoint) struct Tensor {
    /// Its keys from the outermost dictionary, with dots between them.
    pub name: String,
    /// `None` for whole numbers, which no network here is made of.
    pub dtype: Option<DType>,
    /// Bytes of a value.
    pub width: usize,
    /// Key of the storage that it lies in.
    pub storage: String,
    pub offset: usize,
    pub dims: Vec<usize>,
    pub strides: Vec<usize>,
}

impl Tensor {
    /// The tensor in a storage that lies at `bytes` of its file; `None` for
    /// one of whole numbers.
    ///
    /// # Errors
    /// Where it reaches beyond the storage.
    pub(in crate::model::checkpoint) fn stored(
        &self,
        bytes: Range<usize>,
    ) -> Result<Option<Stored>, String> {
        let Some(dtype) = self.dtype else {
            return Ok(None);
        };
        let first = self
            .offset
            .checked_mul(self.width)
            .and_then(|offset| bytes.start.checked_add(offset))
            .filter(|&first| first <= bytes.end);
        let stored = first.and_then(|first| {
            let (dims, strides) = (self.dims.clone(), self.strides.clone());
            Stored::new(dtype, dims, Some(strides), first..bytes.end)
        });
        match stored {
            Some(stored) => Ok(Some(stored)),
            None => Err(format!("tensor {} reaches beyond its storage", self.name)),
        }
    }
}

/// The floating-point tensors of the pickle at the start of `data`, and the
/// pickle's length.
///
/// # Errors
/// Where it is damaged, or a tensor's description is.
pub(in crate::model::checkpoint) fn tensors(data: &[u8]) -> Result<(Vec<Tensor>, usize), String> {
    let (pickle, length) = read(data)?;
    let mut state = State {
        pickle: &pickle,
        tensors: Vec::new(),
        looks: LOOKS,
    };
    state.collect(pickle.root, "", DEPTH)?;
    Ok((state.tensors, length))
}

/// The texts of a pickled list, and the pickle's length.
///
/// # Errors
/// Where it is damaged or something else.
pub(in crate::model::checkpoint) fn texts(data: &[u8]) -> Result<(Vec<String>, usize), String> {
    let (pickle, length) = read(data)?;
    let texts = pickle.list(pickle.root).and_then(|items| {
        let text = |&id: &Id| Some(pickle.text(id)?.to_owned());
        items.iter().map(text).collect::<Option<Vec<_>>>()
    });
    Ok((texts.ok_or("its list of storages is damaged")?, length))
}

/// The length of the pickle at the start of `data`, whatever is in it.
///
/// # Errors
/// Where it is damaged.
pub(in crate::model::checkpoint) fn skip(data: &[u8]) -> Result<usize, String> {
    Ok(read(data)?.1)
}

impl<'a> Pickle<'a> {
    fn value(&self, id: Id) -> Option<&Value<'a>> {
        self.values.get(id)
    }

    fn list(&self, id: Id) -> Option<&[Id]> {
        match self.value(id)? {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    fn text(&self, id: Id) -> Option<&'a str> {
        match self.value(id)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn size(&self, id: Id) -> Option<usize> {
        match *self.value(id)? {
            Value::Int(number) => usize::try_from(number).ok(),
            _ => None,
        }
    }

    fn sizes(&self, id: Id) -> Option<Vec<usize>> {
        self.list(id)?.iter().map(|&id| self.size(id)).collect()
    }

    fn class(&self, id: Id) -> Option<(&'a str, &'a str)> {
        match *self.value(id)? {
            Value::Class(module, name) => Some((module, name)),
            _ => None,
        }
    }
}

struct State<'p, 'a> {
    pickle: &'p Pickle<'a>,
    tensors: Vec<Tensor>,
    looks: usize,
}

impl State<'_, '_> {
    /// Collects the tensors in `id`, whose own name is `path`.
    fn collect(&mut self, id: Id, path: &str, depth: usize) -> Result<(), String> {
        self.looks = self
            .looks
            .checked_sub(1)
            .ok_or("its pickle refers to itself too often")?;
        let pickle = self.pickle;
        match pickle.value(id) {
            Some(&Value::Built { state }) if depth > 0 => self.collect(state, path, depth - 1),
            Some(Value::Dict(entries)) if depth > 0 => {
                for &(key, value) in entries {
                    let key = match pickle.value(key) {
                        Some(Value::Text(key)) if key.len() <= KEY => (*key).to_owned(),
                        Some(Value::Int(key)) => key.to_string(),
                        _ => continue,
                    };
                    let name = match path {
                        "" => key,
                        path => format!("{path}.{key}"),
                    };
                    self.collect(value, &name, depth - 1)?;
                }
                Ok(())
            }
            Some(&Value::Call {
                callable,
                arguments,
            }) => self.called(callable, arguments, path),
            _ => Ok(()),
        }
    }

    /// Takes a tensor, or the tensor in a parameter.
    fn called(&mut self, callable: Id, arguments: Id, name: &str) -> Result<(), String> {
        let pickle = self.pickle;
        let mut call = Some((callable, arguments));
        // A parameter holds a tensor, and nothing holds a parameter.
        for _ in 0..3 {
            let Some((callable, arguments)) = call else {
                return Ok(());
            };
            let items = pickle.list(arguments).unwrap_or_default();
            call = match (pickle.class(callable), items) {
                (Some(("torch._utils", "_rebuild_tensor_v2" | "_rebuild_tensor")), items) => {
                    let Some(tensor) = self.tensor(items, name) else {
                        return Err(format!("the description of tensor {name} is damaged"));
                    };
                    self.tensors.push(tensor);
                    return Ok(());
                }
                (Some(("torch._utils", "_rebuild_parameter")), &[inner, ..]) => {
                    match pickle.value(inner) {
                        Some(&Value::Call {
                            callable,
                            arguments,
                        }) => Some((callable, arguments)),
                        _ => None,
                    }
                }
                (Some(("torch._tensor", "_rebuild_from_type_v2")), &[inner, _, arguments, ..]) => {
                    Some((inner, arguments))
                }
                _ => None,
            };
        }
        Ok(())
    }

    /// `None` for a damaged description.
    fn tensor(&self, arguments: &[Id], name: &str) -> Option<Tensor> {
        let pickle = self.pickle;
        let &[storage, offset, dims, strides, ..] = arguments else {
            return None;
        };
        let Value::Persistent(key) = *pickle.value(storage)? else {
            return None;
        };
        // ("storage", its class, its key, its device, its length)
        let &[_, class, key, ..] = pickle.list(key)? else {
            return None;
        };
        let (dtype, width) = match pickle.class(class)? {
            ("torch", "FloatStorage") => (Some(DType::F32), 4),
            ("torch", "HalfStorage") => (Some(DType::F16), 2),
            ("torch", "BFloat16Storage") => (Some(DType::BF16), 2),
            ("torch", "DoubleStorage") => (Some(DType::F64), 8),
            ("torch", "LongStorage" | "ComplexFloatStorage") => (None, 8),
            ("torch", "IntStorage") => (None, 4),
            ("torch", "ShortStorage") => (None, 2),
            ("torch", "CharStorage" | "ByteStorage" | "BoolStorage") => (None, 1),
            _ => return None,
        };
        Some(Tensor {
            name: name.to_owned(),
            dtype,
            width,
            storage: pickle.text(key)?.to_owned(),
            offset: pickle.size(offset)?,
            dims: pickle.sizes(dims)?,
            strides: pickle.sizes(strides)?,
        })
    }
}
