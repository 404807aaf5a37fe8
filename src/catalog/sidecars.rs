//! Writing ratings into sidecars.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::imaging::known_format;
use crate::metadata::xmp::{
    self, Content, Edit, Fields, Folders, Naming, Rating, Sidecars, Statements,
};

/// How often a sidecar is merged anew because another program wrote it in the
/// meantime.
const ATTEMPTS: usize = 5;

/// How many sidecars are written at a time. Nearly all of the time goes into
/// waiting for the disk to confirm one, which can confirm several at once.
const WRITERS: usize = 16;

/// A sidecar that has to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Its file.
    pub path: PathBuf,
    /// What it holds; `None` where there is none.
    pub old: Option<Vec<u8>>,
    /// What it is to hold; `None` where it is to go, because it is one of
    /// Keepers' own that says nothing any more.
    pub new: Option<Vec<u8>>,
}

/// What has to be written so that a photo's sidecars say a rating.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub writes: Vec<Write>,
    /// What the sidecars say when all is written.
    pub statements: Option<Statements>,
    /// Sidecars that cannot be used, with their reasons.
    pub problems: Vec<String>,
}

impl Plan {
    pub(super) fn new(sidecars: Sidecars, edit: &Edit) -> Self {
        let mut plan = Self::default();
        let Sidecars {
            found,
            unusable,
            new,
        } = sidecars;
        let none = found.is_empty();
        plan.problems
            .extend(unusable.iter().map(ToString::to_string));
        for sidecar in found {
            let bytes = sidecar.content.bytes;
            match xmp::edited(&bytes, edit) {
                Ok(edited) => plan.add(sidecar.path, Some(bytes), edited),
                Err(reason) => plan
                    .problems
                    .push(format!("{}: {reason}", sidecar.path.display())),
            }
        }
        // Beside one that cannot be used no second one is begun.
        if none && plan.problems.is_empty() {
            match xmp::edited(xmp::blank().as_bytes(), edit) {
                Ok(edited) => plan.add(new, None, edited),
                Err(reason) => plan.problems.push(format!("{}: {reason}", new.display())),
            }
        }
        plan
    }

    fn add(&mut self, path: PathBuf, old: Option<Vec<u8>>, new: Vec<u8>) {
        let is_blank = new == xmp::blank().as_bytes();
        if let Ok(content) = Content::parse(new.clone())
            && !(is_blank && old.is_none())
        {
            let said = content.statements;
            self.statements = Some(match &self.statements {
                Some(first) => first.or(&said),
                None => said,
            });
        }
        if old.as_ref() == Some(&new) || (is_blank && old.is_none()) {
            return;
        }
        let new = (!is_blank).then_some(new);
        self.writes.push(Write { path, old, new });
    }
}

/// What a photo's sidecars are to say.
pub(super) struct Target<'a> {
    pub photo: &'a Path,
    /// Adapted where another program says more while this is written.
    pub rating: Rating,
    pub explicit: Fields,
    /// What the sidecars said when the rating was made up.
    pub said: Option<Statements>,
    pub naming: Naming,
    /// Names temporary files apart from those of other catalogs.
    pub catalog: i64,
}

/// What writing came to.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// What the sidecars say now.
    pub statements: Option<Statements>,
    /// Sidecars that were changed.
    pub paths: Vec<PathBuf>,
    pub problems: Vec<String>,
}

/// Makes the sidecars say the target's rating. Another program that writes one
/// at the same moment loses nothing: what it says is merged.
pub(super) fn write(target: &mut Target<'_>, folders: &mut Folders) -> Written {
    let mut written = Written::default();
    for _ in 0..ATTEMPTS {
        let sidecars = Sidecars::of(target.photo, target.naming, folders);
        let now = sidecars.statements();
        if let Some(now) = &now
            && let changed = now.changed_since(&target.said.clone().unwrap_or_default())
            && changed.fields().any()
        {
            let others = changed.fields().without(target.explicit);
            target.rating = target.rating.with(changed, others);
        }
        target.said = now;
        let edit = Edit {
            rating: target.rating,
            explicit: target.explicit,
        };
        let plan = Plan::new(sidecars, &edit);
        written.problems = plan.problems;
        written.statements = plan.statements;
        let mut overtaken = false;
        for write in plan.writes {
            match put(&write, target.catalog) {
                Ok(true) => written.paths.push(write.path),
                Ok(false) => overtaken = true,
                Err(reason) => written
                    .problems
                    .push(format!("{}: {reason}", write.path.display())),
            }
        }
        if !overtaken {
            return written;
        }
    }
    let name = target.photo.display();
    written.problems.push(format!(
        "{name}: its sidecar is changed by another program all the time"
    ));
    written
}

/// Does `work` for photos, those that cannot have a sidecar in common side by
/// side, and the others one after the other.
pub(super) fn side_by_side<T: Send>(
    jobs: Vec<(PathBuf, T)>,
    work: impl Fn(&Path, T, &mut Folders) + Sync,
) {
    // Sidecars of one name may be one file, whatever ways lead to its folder.
    let mut groups: BTreeMap<String, Vec<(PathBuf, T)>> = BTreeMap::new();
    for (photo, job) in jobs {
        let links = Sidecars::names(&photo).iter().any(|name| is_link(name));
        // No photo's own name is empty.
        let key = if links {
            String::new()
        } else {
            shared_name(&photo)
        };
        groups.entry(key).or_default().push((photo, job));
    }
    let writers = groups.len().min(WRITERS);
    let groups = Mutex::new(groups.into_values());
    let next = || groups.lock().unwrap_or_else(PoisonError::into_inner).next();
    let run = || {
        let mut folders = Folders::default();
        while let Some(group) = next() {
            for (photo, job) in group {
                work(&photo, job, &mut folders);
            }
        }
    };
    thread::scope(|scope| {
        for n in 1..writers {
            let name = format!("keepers-sidecar-{n}");
            if let Err(error) = thread::Builder::new().name(name).spawn_scoped(scope, run) {
                tracing::debug!("writing sidecars on {n} threads: {error}");
                break;
            }
        }
        run();
    });
}

/// What the names of photos have in common whose sidecars may be the same file:
/// `IMG.CR2.xmp` is that of `IMG.CR2` and of `IMG.CR2.jpg`, and some file systems
/// do not tell capitals.
fn shared_name(photo: &Path) -> String {
    let mut name = Path::new(photo.file_stem().unwrap_or_default());
    while known_format(name).is_some() {
        name = Path::new(name.file_stem().unwrap_or_default());
    }
    name.to_string_lossy().to_lowercase()
}

/// Whether a sidecar is a link, which may lead to that of another photo.
fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}

fn put(write: &Write, catalog: i64) -> Result<bool, xmp::Reason> {
    match (&write.new, &write.old) {
        (Some(new), old) => {
            let part = part_name(&write.path, catalog);
            xmp::replace(&write.path, old.as_deref(), new, &part)
        }
        (None, Some(old)) => xmp::remove(&write.path, old),
        (None, None) => Ok(true),
    }
}

/// The name of the temporary file for a sidecar: always the same, so that the
/// next command finds what a killed one left.
pub(super) fn part_name(sidecar: &Path, catalog: i64) -> String {
    let name = sidecar.file_name().unwrap_or_default();
    let hash = blake3::hash(name.as_encoded_bytes()).to_hex();
    let short: String = hash.chars().take(16).collect();
    format!(".keepers-{:016x}-{short}.part", catalog.cast_unsigned())
}

/// Removes what a killed command may have left beside a photo.
pub(super) fn tidy(photo: &Path, catalog: i64) {
    for name in Sidecars::names(photo) {
        for name in [name.with_extension("XMP"), name] {
            let part = part_name(&name, catalog);
            if let Err(error) = xmp::remove_part(&name, &part) {
                tracing::warn!("{}: {part}: cannot be removed: {error}", name.display());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_photo_has_its_turn_and_those_of_one_name_never_together() {
        let photo = |i: usize| match i % 4 {
            0 => PathBuf::from("shared/A.CR2"),
            1 => PathBuf::from("other/a.cr2.jpg"),
            _ => PathBuf::from(format!("{i}.jpg")),
        };
        let jobs: Vec<(PathBuf, usize)> = (0..80).map(|i| (photo(i), i)).collect();
        let (inside, most, all) = (
            AtomicUsize::new(0),
            AtomicUsize::new(0),
            AtomicUsize::new(0),
        );
        let done = Mutex::new(Vec::new());
        side_by_side(jobs, |path, i, _| {
            assert_eq!(path, photo(i));
            most.fetch_max(all.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            if i % 4 < 2 {
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                done.lock().unwrap().push(i);
            }
            thread::sleep(Duration::from_millis(2));
            if i % 4 < 2 {
                inside.fetch_sub(1, Ordering::SeqCst);
            }
            all.fetch_sub(1, Ordering::SeqCst);
        });
        let done = done.into_inner().unwrap();
        assert_eq!(done.len(), 40);
        assert!(done.is_sorted(), "in their order");
        assert!(most.into_inner() > 1);
    }

    #[cfg(unix)]
    #[test]
    fn photos_whose_sidecars_are_links_take_turns() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("one.xmp"), b"").unwrap();
        let jobs = (0..20).map(|i| {
            let photo = folder.path().join(format!("{i}.jpg"));
            let target = folder.path().join("one.xmp");
            std::os::unix::fs::symlink(target, photo.with_extension("xmp")).unwrap();
            (photo, ())
        });
        let inside = AtomicUsize::new(0);
        side_by_side(jobs.collect(), |_, (), _| {
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
            thread::sleep(Duration::from_millis(1));
            inside.fetch_sub(1, Ordering::SeqCst);
        });
    }
}
