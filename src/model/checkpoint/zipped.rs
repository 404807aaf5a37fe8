//! PyTorch checkpoints since PyTorch 1.6, and TorchScript archives: a zip
//! file with a pickle `…/data.pkl` and one file `…/data/KEY` per storage, none
//! of them compressed.

use std::collections::{BTreeMap, HashMap};
use std::io::Cursor;
use std::ops::Range;

use zip::{CompressionMethod, ZipArchive};

use super::{Index, pickle};

pub(super) fn recognises(data: &[u8]) -> bool {
    data.starts_with(b"PK\x03\x04")
}

pub(super) fn index(data: &[u8]) -> Index {
    let damaged = |e| format!("is no PyTorch checkpoint, or a damaged one: {e}");
    let mut archive = ZipArchive::new(Cursor::new(data)).map_err(damaged)?;
    let mut files: HashMap<String, Range<usize>> = HashMap::with_capacity(archive.len());
    for i in 0..archive.len() {
        let file = archive.by_index_raw(i).map_err(damaged)?;
        let name = String::from_utf8_lossy(file.name_raw()).into_owned();
        if file.compression() != CompressionMethod::Stored {
            // Of a checkpoint's own files none is; what else is in it is
            // never looked at.
            continue;
        }
        let range = file.data_start().and_then(|start| {
            let start = usize::try_from(start).ok()?;
            let end = start.checked_add(usize::try_from(file.compressed_size()).ok()?)?;
            (end <= data.len()).then_some(start..end)
        });
        let range = range.ok_or_else(|| format!("is cut off in its part {name}"))?;
        files.insert(name, range);
    }
    let root = files
        .keys()
        .filter_map(|name| name.strip_suffix("data.pkl"))
        .min_by_key(|root| root.len())
        .ok_or("is a zip file, but no PyTorch checkpoint: it has no data.pkl")?
        .to_owned();
    let pickle = &data[files[&format!("{root}data.pkl")].clone()];
    let (tensors, _) = pickle::tensors(pickle)?;
    let mut index = BTreeMap::new();
    for tensor in tensors {
        let storage = files
            .get(&format!("{root}data/{}", tensor.storage))
            .ok_or_else(|| format!("the values of tensor {} are missing", tensor.name))?;
        if let Some(stored) = tensor.stored(storage.clone())? {
            index.insert(tensor.name, stored);
        }
    }
    Ok(index)
}
