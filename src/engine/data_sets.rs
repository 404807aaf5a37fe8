//! Published data sets of photos made worse on purpose, in the layouts that
//! they are published in.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::imaging::distortion::Distortion;

/// A labelled photo of such a set.
#[derive(Debug, Clone, PartialEq)]
pub struct Labelled {
    /// The photo's file.
    pub path: PathBuf,
    /// People's opinion, scaled to 0 (worst of the set) to 1 (best).
    pub label: f64,
    /// The original that it was made from.
    pub original: String,
    /// The type of distortion.
    pub task: String,
}

/// Why a data set cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct DataSetError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it, with its line.
    pub reason: String,
}

/// TID2013 (Ponomarenko et al., "Image database TID2013", 2015): the folder
/// with `mos_with_names.txt` and `distorted_images`; 24 types. Names differ in
/// their capitals between the two.
///
/// # Errors
/// [`DataSetError`].
pub fn tid2013(folder: &Path) -> Result<Vec<Labelled>, DataSetError> {
    let list = folder.join("mos_with_names.txt");
    let names = names_in(&folder.join("distorted_images"))?;
    let text = read(&list)?;
    let rows = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    let photos = rows.map(|(i, line)| {
        let wrong = |reason: String| DataSetError {
            path: list.clone(),
            reason: format!("line {}: {reason}", i + 1),
        };
        let mut fields = line.split_whitespace();
        let (mos, name) = match (fields.next(), fields.next(), fields.next()) {
            (Some(mos), Some(name), None) => (mos, name),
            _ => return Err(wrong("is no opinion and a name".to_owned())),
        };
        let label = finite(mos).ok_or_else(|| wrong(format!("\"{mos}\" is not a number")))?;
        let (original, kind) =
            parts(name).ok_or_else(|| wrong(format!("\"{name}\" is no name of this set")))?;
        let path = names.get(&name.to_lowercase()).cloned();
        Ok(Labelled {
            path: path.ok_or_else(|| wrong(format!("there is no photo \"{name}\"")))?,
            label,
            original,
            task: format!("TID2013 type {kind}"),
        })
    });
    scaled(photos.collect::<Result<_, _>>()?, &list)
}

/// KADID-10k: the folder with `dmos.csv` and `images`; 25 types.
///
/// # Errors
/// [`DataSetError`].
pub fn kadid(folder: &Path) -> Result<Vec<Labelled>, DataSetError> {
    let list = folder.join("dmos.csv");
    let names = names_in(&folder.join("images"))?;
    let text = read(&list)?;
    let mut lines = text.lines().enumerate();
    let wrong = |line: usize, reason: String| DataSetError {
        path: list.clone(),
        reason: format!("line {}: {reason}", line + 1),
    };
    let header: Vec<&str> = lines.next().map_or(vec![], |(_, line)| {
        line.trim_start_matches('\u{feff}')
            .split(',')
            .map(str::trim)
            .collect()
    });
    let column = |name: &str| {
        let at = header.iter().position(|h| h.eq_ignore_ascii_case(name));
        at.ok_or_else(|| wrong(0, format!("there is no column \"{name}\"")))
    };
    let (name_at, dmos_at) = (column("dist_img")?, column("dmos")?);
    let rows = lines.filter(|(_, line)| !line.trim().is_empty());
    let photos = rows.map(|(i, line)| {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let field = |at: usize| fields.get(at).copied().unwrap_or_default();
        let (name, dmos) = (field(name_at), field(dmos_at));
        let label = finite(dmos).ok_or_else(|| wrong(i, format!("\"{dmos}\" is not a number")))?;
        let (original, kind) =
            parts(name).ok_or_else(|| wrong(i, format!("\"{name}\" is no name of this set")))?;
        let kind = Distortion::kadid(kind)
            .ok_or_else(|| wrong(i, format!("\"{name}\" is of no type from 1 to 25")))?;
        let path = names.get(&name.to_lowercase()).cloned();
        Ok(Labelled {
            path: path.ok_or_else(|| wrong(i, format!("there is no photo \"{name}\"")))?,
            // Called DMOS, but higher is better.
            label,
            original,
            task: format!("KADID-10k {}", kind.name()),
        })
    });
    scaled(photos.collect::<Result<_, _>>()?, &list)
}

fn finite(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// The original and the type's number of a name such as `I03_12_5.bmp`.
fn parts(name: &str) -> Option<(String, usize)> {
    let stem = Path::new(name).file_stem()?.to_str()?.to_lowercase();
    let mut parts = stem.split('_');
    let (original, kind, _level) = (parts.next()?, parts.next()?, parts.next()?);
    Some((original.to_owned(), kind.parse().ok()?))
}

fn read(path: &Path) -> Result<String, DataSetError> {
    std::fs::read_to_string(path).map_err(|error| DataSetError {
        path: path.to_owned(),
        reason: format!("cannot be read: {error}"),
    })
}

/// A folder's files by their names in lower case.
fn names_in(folder: &Path) -> Result<HashMap<String, PathBuf>, DataSetError> {
    let entries = std::fs::read_dir(folder).map_err(|error| DataSetError {
        path: folder.to_owned(),
        reason: format!("cannot be read: {error}"),
    })?;
    let named = |path: PathBuf| Some((path.file_name()?.to_str()?.to_lowercase(), path));
    Ok(entries.flatten().filter_map(|e| named(e.path())).collect())
}

/// Labels from their own range to 0 to 1.
fn scaled(mut photos: Vec<Labelled>, list: &Path) -> Result<Vec<Labelled>, DataSetError> {
    let labels = || photos.iter().map(|photo| photo.label);
    let (low, high) = (
        labels().fold(f64::INFINITY, f64::min),
        labels().fold(f64::NEG_INFINITY, f64::max),
    );
    if low >= high {
        return Err(DataSetError {
            path: list.to_owned(),
            reason: "lists no photos of different quality".to_owned(),
        });
    }
    for photo in &mut photos {
        photo.label = (photo.label - low) / (high - low);
    }
    Ok(photos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(photos: &str, names: &[&str], list: &str, text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(photos)).unwrap();
        for name in names {
            std::fs::write(folder.path().join(photos).join(name), b"").unwrap();
        }
        std::fs::write(folder.path().join(list), text).unwrap();
        folder
    }

    #[test]
    fn tid2013_is_read_whatever_its_capitals() {
        let set = folder(
            "distorted_images",
            &["i01_01_1.bmp", "I25_24_5.BMP"],
            "mos_with_names.txt",
            "5.5 I01_01_1.bmp\r\n1.5 i25_24_5.bmp\r\n",
        );
        let photos = tid2013(set.path()).unwrap();
        assert_eq!(photos.len(), 2);
        assert_eq!((photos[0].label, photos[1].label), (1.0, 0.0));
        assert_eq!(
            (photos[1].original.as_str(), photos[1].task.as_str()),
            ("i25", "TID2013 type 24")
        );
        assert!(photos.iter().all(|photo| photo.path.exists()));
    }

    #[test]
    fn kadid_is_read_with_all_its_types() {
        let set = folder(
            "images",
            &["I01_01_01.png", "I02_25_05.png"],
            "dmos.csv",
            "dist_img,ref_img,dmos,var\nI01_01_01.png,I01.png,4.57,0.4\nI02_25_05.png,I02.png,1.0,0.2\n",
        );
        let photos = kadid(set.path()).unwrap();
        let tasks: Vec<&str> = photos.iter().map(|photo| photo.task.as_str()).collect();
        assert_eq!(
            tasks,
            ["KADID-10k gaussian-blur", "KADID-10k contrast-change"]
        );
        assert_eq!((photos[0].label, photos[1].label), (1.0, 0.0));
    }

    #[test]
    fn errors_name_file_and_line() {
        let error = |text: &str| {
            let set = folder("images", &["I01_01_01.png"], "dmos.csv", text);
            kadid(set.path()).unwrap_err().to_string()
        };
        assert!(error("dist_img,mos\n").contains("no column \"dmos\""));
        let missing = error("dist_img,dmos\nI09_01_01.png,3\n");
        assert!(
            missing.contains("dmos.csv: line 2: there is no photo"),
            "{missing}"
        );
        assert!(error("dist_img,dmos\nI01_26_01.png,3\n").contains("type"));
        assert!(error("dist_img,dmos\nI01_01_01.png,x\n").contains("not a number"));
        assert!(error("dist_img,dmos\nI01_01_01.png,3\n").contains("different quality"));
        assert!(tid2013(Path::new("none")).is_err());
    }
}
