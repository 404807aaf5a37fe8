//! Which sidecars a photo has, and what they say together.
//!
//! Two namings are in use: `IMG.xmp` (Adobe, Capture One, Photo Mechanic) and
//! `IMG.CR2.xmp` (darktable, digiKam). A photo can have both.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::encoding::decode;
use super::error::{Reason, XmpError};
use super::packet::{MOST_BYTES, Packet, too_large};
use super::rating::Fields;
use super::statements::Statements;
use crate::imaging::{Format, known_format};
use crate::regular;

/// How a new sidecar is named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Naming {
    /// `IMG.xmp` for `IMG.CR2`.
    #[default]
    Stem,
    /// `IMG.CR2.xmp` for `IMG.CR2`.
    Full,
}

/// A sidecar that is there.
#[derive(Debug)]
pub struct Sidecar {
    /// Its file.
    pub path: PathBuf,
    /// What it holds.
    pub content: Content,
}

/// What a sidecar holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// What they say about the rating.
    pub statements: Statements,
}

/// A photo's sidecars.
#[derive(Debug)]
pub struct Sidecars {
    /// Those that are there; the chosen naming first.
    pub found: Vec<Sidecar>,
    /// Those that are there but cannot be used.
    pub unusable: Vec<XmpError>,
    /// Where a new one goes if there is none.
    pub new: PathBuf,
}

impl Sidecars {
    /// Reads the sidecars of a photo. `folders` remembers which photos share a
    /// name, so that a folder is listed once for all its photos.
    ///
    /// Where `IMG.CR2` and `IMG.JPG` lie side by side, `IMG.xmp` is the RAW
    /// file's, as for Lightroom; the others, and photos of which none is RAW,
    /// have sidecars by their full names only.
    pub fn of(photo: &Path, naming: Naming, folders: &mut Folders) -> Self {
        let full = full_name(photo);
        let stem = folders
            .owns_stem(photo)
            .then(|| photo.with_extension("xmp"));
        let mut names: Vec<PathBuf> = stem.into_iter().collect();
        if !names.contains(&full) {
            match naming {
                Naming::Stem => names.push(full),
                Naming::Full => names.insert(0, full),
            }
        }
        let mut sidecars = Self {
            found: Vec::new(),
            unusable: Vec::new(),
            new: names.first().cloned().unwrap_or_default(),
        };
        for path in names {
            match read_in_any_case(&path) {
                Ok(Some((path, content, meant_for))) => {
                    if !is_for_other(photo, meant_for.as_deref()) {
                        sidecars.found.push(Sidecar { path, content });
                    } else if sidecars.new == path {
                        sidecars.new = full_name(photo);
                    }
                }
                Ok(None) => {}
                Err(error) => sidecars.unusable.push(error),
            }
        }
        sidecars
    }

    /// What they say together, `None` where there is none. Where they
    /// contradict each other the chosen naming comes first.
    pub fn statements(&self) -> Option<Statements> {
        let all = self.found.iter().map(|sidecar| &sidecar.content.statements);
        all.cloned().reduce(|first, second| first.or(&second))
    }

    /// The fields in which two sidecars contradict each other.
    pub fn disagreement(&self) -> Fields {
        let [first, second] = self.found.as_slice() else {
            return Fields::default();
        };
        let (first, second) = (
            first.content.statements.meaning(),
            second.content.statements.meaning(),
        );
        let differs = first.differs(second);
        // Silence is no contradiction.
        let said = |a: Fields, b: Fields| Fields {
            stars: differs.stars && a.stars && b.stars,
            flag: differs.flag && a.flag && b.flag,
            label: differs.label && a.label && b.label,
        };
        said(first.fields(), second.fields())
    }

    /// The names that sidecars of this photo can have, whether or not they are
    /// there.
    pub fn names(photo: &Path) -> [PathBuf; 2] {
        [photo.with_extension("xmp"), full_name(photo)]
    }
}

impl Content {
    /// What is in the bytes of a sidecar.
    ///
    /// # Errors
    /// Where they are no XMP.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, Reason> {
        parse(bytes).map(|(content, _)| content)
    }

    /// Reads a sidecar; `None` where there is none.
    ///
    /// # Errors
    /// Where it cannot be read or is no XMP.
    pub fn read(path: &Path) -> Result<Option<Self>, XmpError> {
        read(path).map(|read| read.map(|(content, _)| content))
    }
}

/// Content, and the extension of the photo that it is meant for, if it says.
type Meant = (Content, Option<String>);

fn parse(bytes: Vec<u8>) -> Result<Meant, Reason> {
    let decoded = decode(&bytes)?;
    let packet = Packet::parse(&decoded.text)?;
    let (statements, meant_for) = (packet.statements(), packet.sidecar_for());
    Ok((Content { bytes, statements }, meant_for))
}

fn read(path: &Path) -> Result<Option<Meant>, XmpError> {
    let failed = |reason| XmpError {
        path: path.to_owned(),
        reason,
    };
    match read_bytes(path) {
        Ok(bytes) => parse(bytes).map(Some).map_err(failed),
        Err(Reason::Read(error)) if is_absent(error.kind()) => Ok(None),
        Err(reason) => Err(failed(reason)),
    }
}

/// Whether there is no such file; a name that is too long is nobody's.
fn is_absent(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::InvalidFilename)
}

/// The bytes of a regular file of a bearable size.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>, Reason> {
    let metadata = fs::metadata(path).map_err(Reason::Read)?;
    if !metadata.is_file() {
        // Opening a pipe would wait for somebody to write.
        return Err(Reason::Refused("is not a regular file"));
    }
    let mut bytes = Vec::new();
    regular::open(path)
        .and_then(|(file, _)| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(Reason::Read)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(too_large());
    }
    Ok(bytes)
}

/// Some programs write `.XMP`, which only some file systems take for the same.
fn read_in_any_case(path: &Path) -> Result<Option<(PathBuf, Content, Option<String>)>, XmpError> {
    for path in [path.to_owned(), path.with_extension("XMP")] {
        if let Some((content, meant_for)) = read(&path)? {
            return Ok(Some((path, content, meant_for)));
        }
    }
    Ok(None)
}

fn full_name(photo: &Path) -> PathBuf {
    let mut name = photo.file_name().unwrap_or_default().to_owned();
    name.push(".xmp");
    photo.with_file_name(name)
}

/// Whether a sidecar says that it belongs to a photo with another extension
/// that is there.
fn is_for_other(photo: &Path, meant_for: Option<&str>) -> bool {
    let (Some(meant_for), Some(own)) = (meant_for, photo.extension()) else {
        return false;
    };
    if own.eq_ignore_ascii_case(meant_for) || meant_for.contains(['/', '\\', '\0']) {
        return false;
    }
    [
        meant_for.to_owned(),
        meant_for.to_ascii_lowercase(),
        meant_for.to_ascii_uppercase(),
    ]
    .iter()
    .any(|extension| photo.with_extension(extension).is_file())
}

/// Which photos lie in folders, by the names they share.
#[derive(Debug, Default)]
pub struct Folders(HashMap<PathBuf, HashMap<OsString, Vec<OsString>>>);

impl Folders {
    /// Whether `IMG.xmp` is this photo's.
    fn owns_stem(&mut self, photo: &Path) -> bool {
        let (Some(stem), Some(name)) = (photo.file_stem(), photo.file_name()) else {
            return false;
        };
        let folder = match photo.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let stems = self
            .0
            .entry(folder.to_owned())
            // A folder that cannot be listed hides who shares the name.
            .or_insert_with(|| list(folder).unwrap_or_default());
        let Some(names) = stems.get(stem) else {
            return true;
        };
        let others = || names.iter().filter(|other| other.as_os_str() != name);
        let raw = |name: &OsStr| known_format(Path::new(name)) == Some(Format::Raw);
        others().next().is_none() || (raw(name) && !others().any(|other| raw(other)))
    }
}

fn list(folder: &Path) -> io::Result<HashMap<OsString, Vec<OsString>>> {
    let mut stems: HashMap<OsString, Vec<OsString>> = HashMap::new();
    for entry in fs::read_dir(folder)? {
        let path = PathBuf::from(entry?.file_name());
        if known_format(&path).is_some()
            && let Some(stem) = path.file_stem()
        {
            let stem = stem.to_owned();
            stems.entry(stem).or_default().push(path.into_os_string());
        }
    }
    Ok(stems)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path, photo: &str) -> Vec<String> {
        let sidecars = Sidecars::of(
            &folder.join(photo),
            Naming::default(),
            &mut Folders::default(),
        );
        let path = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        std::iter::once(path(&sidecars.new))
            .chain(sidecars.found.iter().map(|found| path(&found.path)))
            .collect()
    }

    fn write(path: &Path, description: &str) {
        let text = super::super::blank().replace("rdf:about=\"\"", description);
        fs::write(path, text).unwrap();
    }

    #[test]
    fn both_namings_are_found_in_any_case() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        fs::write(folder.join("a.CR2"), b"").unwrap();
        assert_eq!(names(folder, "a.CR2"), ["a.xmp"]);
        write(&folder.join("a.CR2.XMP"), "");
        assert_eq!(names(folder, "a.CR2"), ["a.xmp", "a.CR2.XMP"]);
        write(&folder.join("a.xmp"), "");
        assert_eq!(names(folder, "a.CR2"), ["a.xmp", "a.xmp", "a.CR2.XMP"]);
    }

    #[test]
    fn a_shared_name_is_the_raw_files() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for name in [
            "a.CR2", "a.jpg", "b.jpg", "b.png", "b.txt", "c.jpg", "c.txt",
        ] {
            fs::write(folder.join(name), b"").unwrap();
        }
        write(&folder.join("a.xmp"), "");
        assert_eq!(names(folder, "a.CR2"), ["a.xmp", "a.xmp"]);
        assert_eq!(names(folder, "a.jpg"), ["a.jpg.xmp"]);
        assert_eq!(names(folder, "b.png"), ["b.png.xmp"]);
        assert_eq!(names(folder, "c.jpg"), ["c.xmp"]);
    }

    #[test]
    fn a_sidecar_for_another_extension_is_left_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        fs::write(folder.join("a.DNG"), b"").unwrap();
        write(
            &folder.join("a.xmp"),
            "xmlns:photoshop=\"http://ns.adobe.com/photoshop/1.0/\" photoshop:SidecarForExtension=\"X3F\"",
        );
        // The other photo is gone, or the sidecar was carried over.
        assert_eq!(names(folder, "a.DNG"), ["a.xmp", "a.xmp"]);
        fs::write(folder.join("a.X3F"), b"").unwrap();
        assert_eq!(names(folder, "a.DNG"), ["a.DNG.xmp"]);
    }
}
