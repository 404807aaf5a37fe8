//! Files the window writes: results where the user wants them, and the sample
//! photos.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::engine::PhotoResult;
use crate::home::Home;
use crate::report::{self, Format, Place, paths, wording};

/// The photos of `assets/samples`, so that the program has them wherever it is
/// copied.
const SAMPLES: [(&str, &[u8]); 12] = samples();

const fn samples() -> [(&'static str, &'static [u8]); 12] {
    macro_rules! sample {
        ($name:literal) => {
            (
                $name,
                include_bytes!(concat!("../../../assets/samples/", $name)).as_slice(),
            )
        };
    }
    [
        sample!("dandelion.jpg"),
        sample!("dandelion_defocus.jpg"),
        sample!("dandelion_overexposed.jpg"),
        sample!("dogs.jpg"),
        sample!("dogs_shake.jpg"),
        sample!("dogs_underexposed.jpg"),
        sample!("mountains.jpg"),
        sample!("mountains_defocus.jpg"),
        sample!("mountains_noise.jpg"),
        sample!("stream.jpg"),
        sample!("stream_overexposed.jpg"),
        sample!("stream_shake.jpg"),
    ]
}

/// Writes results, in the format of the file's extension; CSV where it has
/// none.
///
/// # Errors
/// A sentence that names the file and the reason.
pub fn export(mut path: PathBuf, rows: &[PhotoResult]) -> Result<String, String> {
    if path.extension().is_none() {
        path.set_extension("csv");
    }
    let Some(format) = Format::of_file(&path) else {
        return Err(format!(
            "{}: not exported: give the file the extension csv, json or jsonl",
            paths::shown(&path)
        ));
    };
    let written = || {
        let mut place = Place::open(&path)?;
        place.write(|out| report::write(format, rows, None, out))?;
        place.finish()
    };
    written().map_err(|error| error.to_string())?;
    let photos = wording::counted(rows.len(), "photo");
    Ok(format!("Exported {photos} to {}", paths::shown(&path)))
}

/// Puts the sample photos into the user's cache, or where that cannot be, into
/// the system's folder for temporary files.
///
/// # Errors
/// A sentence with the reason when neither can be written.
pub fn unpack_samples(home: Option<&Home>) -> Result<Vec<PathBuf>, String> {
    let cache = home.map(|home| home.cache.join("samples"));
    let temporary = std::env::temp_dir().join("keepers-samples");
    let folders = cache.into_iter().chain([temporary]);
    let mut reason = String::new();
    for folder in folders {
        match unpack(&folder) {
            Ok(()) => return Ok(vec![folder]),
            Err(error) => reason = format!("{}: {error}", paths::shown(&folder)),
        }
    }
    Err(format!("The sample photos could not be unpacked: {reason}"))
}

fn unpack(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, bytes) in SAMPLES {
        let path = folder.join(name);
        let there = fs::metadata(&path).is_ok_and(|meta| meta.len() == bytes.len() as u64);
        if !there {
            fs::write(path, bytes)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::tests::scored;

    #[test]
    fn the_extension_says_the_format() {
        let folder = tempfile::tempdir().unwrap();
        let rows = [PhotoResult {
            index: 0,
            path: "a.jpg".into(),
            outcome: Ok(scored(0.5)),
        }];
        let said = export(folder.path().join("scores"), &rows).unwrap();
        assert!(said.starts_with("Exported 1 photo to ") && said.ends_with("scores.csv"));
        let text = fs::read_to_string(folder.path().join("scores.csv")).unwrap();
        assert_eq!(text, "rank,path,score,error\n1,a.jpg,50.0,\n");
        export(folder.path().join("scores.json"), &rows).unwrap();
        let refused = export(folder.path().join("scores.jpg"), &rows).unwrap_err();
        assert!(
            refused.contains("scores.jpg") && refused.contains("csv"),
            "{refused}"
        );
        let refused = export(folder.path().join("none/scores.csv"), &rows).unwrap_err();
        assert!(refused.contains("cannot be written"), "{refused}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn every_sample_is_carried_and_unpacked() {
        let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/samples");
        let photos = fs::read_dir(&assets).unwrap().filter(|entry| {
            let path = entry.as_ref().unwrap().path();
            path.extension().is_some_and(|extension| extension == "jpg")
        });
        assert_eq!(photos.count(), SAMPLES.len());
        let folder = tempfile::tempdir().unwrap();
        let home = Home::under(folder.path());
        // Twice, as what is there already is left.
        for _ in 0..2 {
            let paths = unpack_samples(Some(&home)).unwrap();
            assert_eq!(paths, [home.cache.join("samples")]);
        }
        for (name, bytes) in SAMPLES {
            assert_eq!(
                fs::read(home.cache.join("samples").join(name)).unwrap(),
                bytes
            );
        }
    }
}
