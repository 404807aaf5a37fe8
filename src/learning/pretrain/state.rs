//! A pre-training's state in a file: one safetensors file that appears whole.
//! Figures are stored as tensors, to the last bit.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};

use super::{Row, State};

/// Why a state cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct StateError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub reason: String,
}

/// The entry that says what the state belongs to.
const ENTRY: &str = "keepers_pretrain";

/// Numbers in a row.
const COLUMNS: usize = 5;

/// Writes a state. `names` are those of the parameters; `about` stands for all
/// that has to be the same for going on: model, data and options.
///
/// # Errors
/// [`StateError`].
pub fn write(path: &Path, state: &State, names: &[String], about: &str) -> Result<(), StateError> {
    let wrong = |reason: String| StateError {
        path: path.to_owned(),
        reason: format!("cannot be written: {reason}"),
    };
    let rows: Vec<f64> = state
        .rows
        .iter()
        .flat_map(|r| [r.support, r.query, r.synthetic, r.authentic, r.validation])
        .collect();
    let best = u32::try_from(state.best_epoch).unwrap_or(u32::MAX);
    let figures = || -> candle_core::Result<Vec<(String, Tensor)>> {
        let rows = Tensor::from_vec(rows, (state.rows.len(), COLUMNS), &Device::Cpu)?;
        let best = Tensor::new(&[best], &Device::Cpu)?;
        Ok(vec![
            ("rows".to_owned(), rows),
            ("best_epoch".to_owned(), best),
        ])
    };
    let mut tensors = figures().map_err(|e| wrong(e.to_string()))?;
    let parts = [
        ("theta", Some(&state.theta)),
        ("inner", state.inner.as_ref()),
        ("best", Some(&state.best)),
    ];
    for (part, values) in parts {
        for (name, value) in names.iter().zip(values.into_iter().flatten()) {
            tensors.push((format!("{part}.{name}"), value.clone()));
        }
    }
    let entries = HashMap::from([(ENTRY.to_owned(), about.to_owned())]);
    let bytes = safetensors::serialize(tensors, Some(entries)).map_err(|e| wrong(e.to_string()))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = || {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        std::io::Write::write_all(&mut file, &bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    };
    written().map(drop).map_err(|e| wrong(e.to_string()))
}

/// Reads a state that [`write`] wrote; `None` where there is no such file.
///
/// # Errors
/// [`StateError`] when it cannot be read, is damaged, or belongs to something
/// else than `about`.
pub fn read(path: &Path, names: &[String], about: &str) -> Result<Option<State>, StateError> {
    let wrong = |reason: String| StateError {
        path: path.to_owned(),
        reason,
    };
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes.map_err(|e| wrong(format!("cannot be read: {e}")))?,
    };
    let damaged = |e: String| wrong(format!("is damaged: {e}"));
    let (_, header) =
        safetensors::SafeTensors::read_metadata(&bytes).map_err(|e| damaged(e.to_string()))?;
    let entry = header.metadata().as_ref().and_then(|m| m.get(ENTRY));
    if entry.map(String::as_str) != Some(about) {
        return Err(wrong(
            "belongs to another model, other data or other options; choose another folder, or \
             remove it to begin anew"
                .to_owned(),
        ));
    }
    let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)
        .map_err(|e| damaged(e.to_string()))?;
    let get = |name: &str| {
        let found = tensors.get(name);
        found.ok_or_else(|| damaged(format!("tensor {name} is missing")))
    };
    let part = |part: &str| -> Result<Vec<Tensor>, StateError> {
        names
            .iter()
            .map(|name| get(&format!("{part}.{name}")).cloned())
            .collect()
    };
    let rows = get("rows")?
        .to_vec2::<f64>()
        .map_err(|e| damaged(e.to_string()))?;
    let rows: Vec<Row> = rows
        .into_iter()
        .enumerate()
        .filter_map(|(epoch, row)| {
            let [support, query, synthetic, authentic, validation] = row.try_into().ok()?;
            Some(Row {
                epoch,
                support,
                query,
                synthetic,
                authentic,
                validation,
            })
        })
        .collect();
    let best = get("best_epoch")?
        .to_vec1::<u32>()
        .map_err(|e| damaged(e.to_string()))?;
    if rows.is_empty() {
        return Err(damaged("there are no rows".to_owned()));
    }
    let has_inner = tensors.keys().any(|name| name.starts_with("inner."));
    Ok(Some(State {
        rows,
        theta: part("theta")?,
        inner: has_inner.then(|| part("inner")).transpose()?,
        best_epoch: best.first().map_or(0, |&epoch| epoch as usize),
        best: part("best")?,
    }))
}
