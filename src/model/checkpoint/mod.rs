//! Files of tensors that others wrote: safetensors, and PyTorch checkpoints in
//! both of their forms.
//!
//! A file is mapped and its index read and checked; values are copied out
//! tensor by tensor. Everything a file declares is checked against its size
//! before memory is taken for it, and a pickle is read as data: no code in it
//! is ever run.

mod legacy;
mod pickle;
mod zipped;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};

use super::ModelError;
use super::mapped::Mapped;
use crate::guard::guarded;

/// A file's floating-point tensors by their names; all others are left out.
#[derive(Debug)]
pub(super) struct Checkpoint {
    data: Mapped,
    /// Names the file in errors.
    label: String,
    tensors: BTreeMap<String, Stored>,
    /// What a safetensors file says besides.
    entries: HashMap<String, String>,
}

/// Where a tensor's values lie.
#[derive(Debug, Clone, PartialEq)]
struct Stored {
    dtype: DType,
    dims: Vec<usize>,
    /// In values; for a tensor that is not row-major.
    strides: Option<Vec<usize>>,
    /// From the first value to the end of its storage.
    bytes: Range<usize>,
}

/// What a file's index holds, or the reason why it is no such file.
type Index = Result<BTreeMap<String, Stored>, String>;

impl Checkpoint {
    /// Reads a file's index.
    ///
    /// # Errors
    /// [`ModelError::Read`] when it cannot be read, [`ModelError::Weights`]
    /// when it is damaged or nothing that is known.
    pub(super) fn open(path: &Path) -> Result<Self, ModelError> {
        let data = Mapped::open(path).map_err(|source| ModelError::Read {
            path: path.to_owned(),
            source,
        })?;
        let label = path.display().to_string();
        // A broken file may find a fault in the readers of foreign formats.
        let index = guarded(|| index(&data)).unwrap_or_else(Err);
        let (tensors, entries) = index.map_err(|reason| ModelError::Weights {
            weights: label.clone(),
            reason,
        })?;
        Ok(Self {
            data,
            label,
            tensors,
            entries,
        })
    }

    /// Names the file in errors.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// A safetensors file's own entries.
    pub(super) fn entries(&self) -> &HashMap<String, String> {
        &self.entries
    }

    /// The tensors' names, in their order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// A tensor's shape.
    pub(super) fn dims(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|stored| stored.dims.as_slice())
    }

    /// A tensor, row-major, in the type it is stored in.
    ///
    /// # Errors
    /// [`ModelError::Weights`] when there is none of that name.
    pub(super) fn get(&self, name: &str) -> Result<Tensor, ModelError> {
        let wrong = |reason: String| ModelError::Weights {
            weights: self.label.clone(),
            reason,
        };
        let stored = self
            .tensors
            .get(name)
            .ok_or_else(|| wrong(format!("tensor {name} is missing")))?;
        let bytes = self.data.get(stored.bytes.clone()).unwrap_or_default();
        let tensor = match stored.dtype {
            DType::F32 => stored.read(bytes, f32::from_le_bytes),
            DType::F16 => stored.read(bytes, f16::from_le_bytes),
            DType::BF16 => stored.read(bytes, bf16::from_le_bytes),
            // Nothing here needs more than single precision.
            _ => stored.read(bytes, |bytes| f64::from_le_bytes(bytes) as f32),
        };
        tensor.ok_or_else(|| wrong(format!("tensor {name} reaches beyond its storage")))?
    }
}

/// The floating-point tensors of a file, in f32.
///
/// # Errors
/// As [`Checkpoint::open`].
pub(super) fn read(path: &Path) -> Result<HashMap<String, Tensor>, ModelError> {
    let file = Checkpoint::open(path)?;
    file.names()
        .map(|name| Ok((name.to_owned(), file.get(name)?.to_dtype(DType::F32)?)))
        .collect()
}

type Indexed = (BTreeMap<String, Stored>, HashMap<String, String>);

fn index(data: &[u8]) -> Result<Indexed, String> {
    if data.is_empty() {
        return Err("is empty".to_owned());
    }
    if legacy::recognises(data) {
        return Ok((legacy::index(data)?, HashMap::new()));
    }
    if zipped::recognises(data) {
        return Ok((zipped::index(data)?, HashMap::new()));
    }
    safetensors(data)
}

fn safetensors(data: &[u8]) -> Result<Indexed, String> {
    let foreign = |e| {
        format!("is neither a safetensors file nor a PyTorch checkpoint, or a damaged one: {e}")
    };
    let (header, metadata) = SafeTensors::read_metadata(data).map_err(foreign)?;
    let start = size_of::<u64>() + header;
    let mut tensors = BTreeMap::new();
    for (name, info) in metadata.tensors() {
        let dtype = match info.dtype {
            Dtype::F32 => DType::F32,
            Dtype::F16 => DType::F16,
            Dtype::BF16 => DType::BF16,
            Dtype::F64 => DType::F64,
            _ => continue,
        };
        let (first, end) = info.data_offsets;
        let bytes = start
            .checked_add(first)
            .zip(start.checked_add(end))
            .filter(|&(first, end)| first <= end && end <= data.len())
            .ok_or_else(|| format!("tensor {name} is cut off"))?;
        let stored = Stored::new(dtype, info.shape.clone(), None, bytes.0..bytes.1);
        let stored = stored.ok_or_else(|| format!("tensor {name} is cut off"))?;
        tensors.insert(name, stored);
    }
    Ok((tensors, metadata.metadata().clone().unwrap_or_default()))
}

impl Stored {
    /// A tensor whose values all lie within `bytes`, or `None`.
    fn new(
        dtype: DType,
        dims: Vec<usize>,
        strides: Option<Vec<usize>>,
        bytes: Range<usize>,
    ) -> Option<Self> {
        let size = dtype.size_in_bytes();
        let available = bytes.len() / size;
        let count = dims.iter().try_fold(1usize, |n, &d| n.checked_mul(d))?;
        // Also keeps a tensor that repeats its values from being larger than
        // its file.
        if count > available {
            return None;
        }
        let strides = strides.filter(|strides| *strides != row_major(&dims));
        if let Some(strides) = &strides {
            if strides.len() != dims.len() {
                return None;
            }
            let last = dims.iter().zip(strides).try_fold(0usize, |sum, (&d, &s)| {
                sum.checked_add(d.saturating_sub(1).checked_mul(s)?)
            })?;
            if count > 0 && last >= available {
                return None;
            }
        }
        Some(Self {
            dtype,
            dims,
            strides,
            bytes,
        })
    }

    /// The values from where `bytes` begins; `None` where they reach beyond.
    fn read<T: candle_core::WithDType, const N: usize>(
        &self,
        bytes: &[u8],
        value: impl Fn([u8; N]) -> T,
    ) -> Option<Result<Tensor, ModelError>> {
        let count: usize = self.dims.iter().product();
        let (stored, _) = bytes.as_chunks::<N>();
        let values: Vec<T> = match &self.strides {
            None => stored.get(..count)?.iter().map(|&b| value(b)).collect(),
            Some(strides) => {
                let mut values = Vec::with_capacity(count);
                let mut index = vec![0usize; self.dims.len()];
                for _ in 0..count {
                    let at = index.iter().zip(strides).map(|(i, s)| i * s).sum::<usize>();
                    values.push(value(*stored.get(at)?));
                    for axis in (0..self.dims.len()).rev() {
                        index[axis] += 1;
                        if index[axis] < self.dims[axis] {
                            break;
                        }
                        index[axis] = 0;
                    }
                }
                values
            }
        };
        Some(Tensor::from_vec(values, self.dims.as_slice(), &Device::Cpu).map_err(Into::into))
    }
}

/// Strides of a row-major tensor; those beyond all sense saturate.
fn row_major(dims: &[usize]) -> Vec<usize> {
    let mut strides = vec![1usize; dims.len()];
    for axis in (1..dims.len()).rev() {
        strides[axis - 1] = strides[axis].saturating_mul(dims[axis]);
    }
    strides
}

#[cfg(test)]
mod tests;
