//! PyTorch checkpoints in the form that was written before PyTorch 1.6: a few
//! pickles in a row, then the tensors' bytes. (Newer ones are zip files, which
//! Candle reads itself; unpickling is Candle's here too and runs no code.)

use std::collections::HashMap;
use std::io::{BufRead, Cursor, Read};
use std::path::Path;

use candle_core::pickle::{Object, Stack};
use candle_core::{DType, Device, Tensor};

use super::ModelError;

/// The pickled number that such files begin with.
const MAGIC: [u8; 15] = [
    0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, b'.',
];

/// Largest checkpoint that is read whole.
const MOST_BYTES: u64 = 1 << 30;

/// The floating-point tensors of a PyTorch checkpoint, old or new form.
///
/// # Errors
/// [`ModelError::Read`] when the file cannot be read, [`ModelError::Weights`]
/// when it is no checkpoint or is damaged.
pub(super) fn read(path: &Path) -> Result<HashMap<String, Tensor>, ModelError> {
    let unreadable = |source| ModelError::Read {
        path: path.to_owned(),
        source,
    };
    let foreign = |e: candle_core::Error| ModelError::Weights {
        weights: path.display().to_string(),
        reason: format!("is no PyTorch checkpoint, or a damaged one: {e}"),
    };
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    if bytes.starts_with(&MAGIC) {
        return old(&bytes).map_err(foreign);
    }
    Ok(candle_core::pickle::read_all(path)
        .map_err(foreign)?
        .into_iter()
        .collect())
}

/// One pickle, from where `reader` stands.
fn unpickle(reader: &mut impl BufRead) -> candle_core::Result<Object> {
    let mut stack = Stack::empty();
    stack.read_loop(reader)?;
    stack.finalize()
}

fn old(bytes: &[u8]) -> candle_core::Result<HashMap<String, Tensor>> {
    let mut reader = Cursor::new(&bytes[MAGIC.len()..]);
    let _version = unpickle(&mut reader)?;
    let _machine = unpickle(&mut reader)?;
    let Object::Dict(entries) = unpickle(&mut reader)? else {
        candle_core::bail!("no state dictionary")
    };
    let Object::List(keys) = unpickle(&mut reader)? else {
        candle_core::bail!("no list of storages")
    };

    let mut infos = Vec::new();
    for (name, value) in entries {
        if let Some(info) = value.into_tensor_info(name, Path::new(""))? {
            infos.push(info);
        }
    }
    let types: HashMap<&str, DType> = infos
        .iter()
        .map(|info| (info.path.trim_start_matches('/'), info.dtype))
        .collect();

    // The storages' bytes follow in the order of their keys, each after its
    // number of values.
    let mut rest = &bytes[MAGIC.len() + reader.position() as usize..];
    let mut storages = HashMap::new();
    for key in keys {
        let Object::Unicode(key) = key else {
            candle_core::bail!("a storage without a name")
        };
        let Some(dtype) = types.get(key.as_str()) else {
            candle_core::bail!("storage {key} belongs to no tensor")
        };
        let Some((count, after)) = rest.split_first_chunk::<8>() else {
            candle_core::bail!("storage {key} is cut off")
        };
        let length = usize::try_from(u64::from_le_bytes(*count))
            .ok()
            .and_then(|count| count.checked_mul(dtype.size_in_bytes()))
            .filter(|&length| length <= after.len());
        let Some(length) = length else {
            candle_core::bail!("storage {key} is cut off")
        };
        let (data, after) = after.split_at(length);
        storages.insert(key, data);
        rest = after;
    }

    let mut tensors = HashMap::new();
    for info in infos {
        if info.dtype != DType::F32 {
            continue;
        }
        let Some(data) = storages.get(info.path.trim_start_matches('/')) else {
            candle_core::bail!("the values of {} are missing", info.name)
        };
        let (dims, strides) = (info.layout.dims(), info.layout.stride());
        let Some(values) = gather(data, info.layout.start_offset(), dims, strides) else {
            candle_core::bail!("{} reaches beyond its storage", info.name)
        };
        tensors.insert(info.name, Tensor::from_vec(values, dims, &Device::Cpu)?);
    }
    Ok(tensors)
}

/// The f32 values of a strided tensor, in row-major order; `start` is in bytes.
fn gather(data: &[u8], start: usize, dims: &[usize], strides: &[usize]) -> Option<Vec<f32>> {
    if dims.len() != strides.len() {
        return None;
    }
    let count = dims.iter().try_fold(1usize, |n, &d| n.checked_mul(d))?;
    if count.checked_mul(4)? > data.len() {
        return None;
    }
    let mut values = Vec::with_capacity(count);
    let mut index = vec![0usize; dims.len()];
    for _ in 0..count {
        let offset = index
            .iter()
            .zip(strides)
            .try_fold(0usize, |sum, (&i, &stride)| {
                sum.checked_add(i.checked_mul(stride)?)
            })?;
        let at = start.checked_add(offset.checked_mul(4)?)?;
        let bytes = data.get(at..)?.first_chunk::<4>()?;
        values.push(f32::from_le_bytes(*bytes));
        for axis in (0..dims.len()).rev() {
            index[axis] += 1;
            if index[axis] < dims[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gathers_strided_values() {
        let data: Vec<u8> = (0..6).flat_map(|i| (i as f32).to_le_bytes()).collect();
        assert_eq!(
            gather(&data, 0, &[3, 2], &[1, 3]),
            Some(vec![0., 3., 1., 4., 2., 5.])
        );
        assert_eq!(gather(&data, 4, &[3, 2], &[1, 3]), None);
    }

    #[test]
    fn refuses_what_is_no_checkpoint() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("weights.pth");
        for bytes in [
            &b"hello"[..],
            &MAGIC,
            &[MAGIC.as_slice(), &[0x80, 2, b'K', 1]].concat(),
        ] {
            std::fs::write(&path, bytes).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains("weights.pth"), "{error}");
        }
    }
}
