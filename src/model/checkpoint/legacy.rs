//! PyTorch checkpoints in the form that was written before PyTorch 1.6: a few
//! pickles in a row, then the storages' bytes.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::{Index, pickle};

/// The pickled number that such files begin with.
const MAGIC: [u8; 15] = [
    0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, b'.',
];

pub(super) fn recognises(data: &[u8]) -> bool {
    data.starts_with(&MAGIC)
}

pub(super) fn index(data: &[u8]) -> Index {
    let mut at = MAGIC.len();
    // The format's version, and what the machine is like.
    for _ in 0..2 {
        at += pickle::skip(&data[at..])?;
    }
    let (tensors, length) = pickle::tensors(&data[at..])?;
    at += length;
    let (keys, length) = pickle::texts(&data[at..])?;
    at += length;

    let sizes: HashMap<&str, usize> = tensors
        .iter()
        .map(|tensor| (tensor.storage.as_str(), tensor.width))
        .collect();
    // The storages follow in the order of their keys, each after its number
    // of values.
    let mut storages: HashMap<&str, Range<usize>> = HashMap::with_capacity(keys.len());
    for key in &keys {
        // Nothing says how wide the values of a storage are but its tensors.
        let size = sizes
            .get(key.as_str())
            .ok_or_else(|| format!("storage {key} belongs to no tensor"))?;
        let range = data[at..].first_chunk::<8>().and_then(|count| {
            let count = usize::try_from(u64::from_le_bytes(*count)).ok()?;
            let start = at + 8;
            let end = start.checked_add(count.checked_mul(*size)?)?;
            (end <= data.len()).then_some(start..end)
        });
        let range = range.ok_or_else(|| format!("is cut off in its storage {key}"))?;
        at = range.end;
        storages.insert(key, range);
    }
    let mut index = BTreeMap::new();
    for tensor in &tensors {
        let storage = storages
            .get(tensor.storage.as_str())
            .ok_or_else(|| format!("the values of tensor {} are missing", tensor.name))?;
        if let Some(stored) = tensor.stored(storage.clone())? {
            index.insert(tensor.name.clone(), stored);
        }
    }
    Ok(index)
}
