//! Making a plan: what goes where, what is in the way, what cannot go.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::group::{self, Found, Listings, Name};
use super::{
    Act, Conflict, Destination, Group, Kind, OnConflict, Plan, REJECTED, Refused, Request, Taken,
    files,
};
use crate::catalog::paths::Places;
use crate::catalog::{Catalog, CatalogError};
use crate::imaging::known_format;
use crate::metadata::xmp::{Flag, Folders, Rating, Sidecars};

/// Numbers that are tried after a name; a folder with more of one is no
/// photographer's.
const MOST: usize = 10_000;

/// What would happen, by the disk as it is now; nothing is done. Photos that
/// come several times, by themselves or as part of a pair, come once.
///
/// The catalog, if there is one, tells how the other file of a pair is rated:
/// where one is picked and the other rejected, neither goes.
///
/// # Errors
/// Those of the catalog.
pub fn plan(catalog: Option<&Catalog>, request: &Request) -> Result<Plan, CatalogError> {
    let mut planner = Planner {
        plan: Plan {
            act: match (&request.destination, request.copy) {
                (Destination::Bin, _) => Act::Bin,
                (_, true) => Act::Copy,
                (_, false) => Act::Move,
            },
            groups: Vec::new(),
            conflicts: Vec::new(),
            on_conflict: request.on_conflict,
            refused: Vec::new(),
            folders: Vec::new(),
            bytes: 0,
        },
        listings: Listings::default(),
        goals: HashMap::new(),
        planned: HashSet::new(),
    };
    let (mut places, mut sidecars) = (Places::default(), Folders::default());
    let mut pairs: Vec<Vec<PathBuf>> = Vec::new();
    let mut seen = HashSet::new();
    for photo in &request.photos {
        let Some(place) = places.of(photo) else {
            planner.refuse(photo, "names no file");
            continue;
        };
        let photo = place.path();
        if seen.contains(&photo) {
            continue;
        }
        let pair = group::pair(&photo, &mut planner.listings);
        seen.extend(pair.iter().cloned());
        pairs.push(pair);
    }
    let ratings = ratings(catalog, &pairs)?;
    for pair in pairs {
        if let Some(refused) = contradiction(&pair, &ratings) {
            planner.plan.refused.push(refused);
            continue;
        }
        match group::files(&pair, &mut sidecars) {
            Ok(found) => planner.add(found, &request.destination),
            Err(refused) => planner.plan.refused.push(refused),
        }
    }
    Ok(planner.plan)
}

/// The ratings of all photos that are part of a pair.
fn ratings(
    catalog: Option<&Catalog>,
    pairs: &[Vec<PathBuf>],
) -> Result<BTreeMap<PathBuf, Rating>, CatalogError> {
    let paired: Vec<PathBuf> = pairs
        .iter()
        .filter(|pair| pair.len() > 1)
        .flatten()
        .cloned()
        .collect();
    let ratings = Catalog::standing(catalog, &paired)?;
    Ok(paired.into_iter().zip(ratings).collect())
}

/// What keeps a pair of which one is picked and the other rejected.
fn contradiction(pair: &[PathBuf], ratings: &BTreeMap<PathBuf, Rating>) -> Option<Refused> {
    let first = pair.first()?;
    let with = |flag| {
        let flagged = |photo: &&PathBuf| ratings.get(*photo).and_then(|r| r.flag) == Some(flag);
        pair.iter().find(flagged)
    };
    let (picked, rejected) = (with(Flag::Pick)?, with(Flag::Reject)?);
    let (picked, rejected) = (picked.display(), rejected.display());
    Some(Refused {
        path: first.clone(),
        reason: format!(
            "goes with the other file of its pair, but {picked} is picked and {rejected} is rejected"
        ),
    })
}

struct Planner {
    plan: Plan,
    listings: Listings,
    /// Folders that files go to, as they were asked for, by their real paths;
    /// or why nothing can go there.
    goals: HashMap<PathBuf, Result<PathBuf, String>>,
    planned: HashSet<PathBuf>,
}

impl Planner {
    fn refuse(&mut self, path: &Path, reason: impl Into<String>) {
        self.plan.refused.push(Refused {
            path: path.to_owned(),
            reason: reason.into(),
        });
    }

    /// Plans files that go together.
    fn add(&mut self, found: Found, destination: &Destination) {
        let Some(photo) = found.files.first().map(|(file, _)| file.from.clone()) else {
            return;
        };
        let folder = match destination {
            Destination::Bin => return self.keep(&found, None),
            Destination::Folder(folder) => self.goal(folder),
            Destination::Rejected if found.folder.file_name() == Some(OsStr::new(REJECTED)) => {
                return self.refuse(&photo, format!("is in a folder {REJECTED} already"));
            }
            Destination::Rejected => self.goal(&found.folder.join(REJECTED)),
        };
        let folder = match folder {
            Ok(folder) => folder,
            Err(reason) => return self.refuse(&photo, reason),
        };
        if folder == found.folder {
            return self.refuse(&photo, "is in that folder already");
        }
        match self.conflict(&found, &folder, &found.stem) {
            Err(reason) => return self.refuse(&photo, reason),
            Ok(None) => return self.keep(&found, Some((&folder, &found.stem))),
            Ok(Some(conflict)) => self.plan.conflicts.push(conflict),
        }
        if self.plan.on_conflict != OnConflict::Rename {
            return;
        }
        for number in 2..=MOST {
            let mut stem = found.stem.clone();
            stem.push(format!(" ({number})"));
            match self.conflict(&found, &folder, &stem) {
                Ok(None) => return self.keep(&found, Some((&folder, &stem))),
                Ok(Some(_)) => {}
                Err(reason) => return self.refuse(&photo, reason),
            }
        }
        self.refuse(
            &photo,
            format!("{MOST} files of that name are there already"),
        );
    }

    /// The real path of a folder that files go to.
    fn goal(&mut self, folder: &Path) -> Result<PathBuf, String> {
        if let Some(known) = self.goals.get(folder) {
            return known.clone();
        }
        let (goal, missing) = match real(folder) {
            Ok((goal, missing)) => (Ok(goal), missing),
            Err(reason) => (Err(reason), Vec::new()),
        };
        for folder in missing {
            if !self.plan.folders.contains(&folder) {
                self.plan.folders.push(folder);
            }
        }
        self.goals.insert(folder.to_owned(), goal.clone());
        goal
    }

    /// What is in the way of these files in a folder, under this name.
    fn conflict(
        &mut self,
        found: &Found,
        folder: &Path,
        stem: &OsStr,
    ) -> Result<Option<Conflict>, String> {
        let there = self.listings.of(folder)?;
        let conflict = |from: &Path, to: PathBuf, taken| {
            Ok(Some(Conflict {
                from: from.to_owned(),
                to,
                taken,
            }))
        };
        for (file, name) in &found.files {
            let name = name.with(stem);
            let to = folder.join(&name);
            if self.planned.contains(&to) {
                return conflict(&file.from, to, Taken::Planned);
            }
            if there.contains(&name) || fs::symlink_metadata(&to).is_ok() {
                let taken = match files::same(&file.from, &to) {
                    Ok(true) => Taken::Same,
                    // What cannot be read is not known to be the same.
                    Ok(false) | Err(_) => Taken::Different,
                };
                return conflict(&file.from, to, taken);
            }
        }
        // Where nothing has the name, a sidecar could still change its photo.
        let is_stem = |name: &Name| matches!(name, Name::Stem(_));
        let carries_stem =
            |(file, name): &(super::Step, Name)| file.kind == Kind::Sidecar && is_stem(name);
        for (file, name) in &found.files {
            if file.kind != Kind::Photo {
                continue;
            }
            let photo = folder.join(name.with(stem));
            for sidecar in Sidecars::names(&photo) {
                for sidecar in [sidecar.with_extension("XMP"), sidecar] {
                    let name = sidecar.file_name().unwrap_or_default();
                    if there.contains(name) || self.planned.contains(&sidecar) {
                        return conflict(&file.from, sidecar, Taken::Sidecar);
                    }
                }
            }
        }
        if let Some((file, _)) = found.files.iter().find(|file| carries_stem(file)) {
            let shares = |name: &&OsString| {
                let path = Path::new(name);
                path.file_stem() == Some(stem) && known_format(path).is_some()
            };
            if let Some(other) = there.iter().find(shares) {
                return conflict(&file.from, folder.join(other), Taken::Sidecar);
            }
        }
        Ok(None)
    }

    /// Takes files into the plan.
    fn keep(&mut self, found: &Found, to: Option<(&Path, &OsStr)>) {
        let mut group = Group { files: Vec::new() };
        for (file, name) in &found.files {
            let mut file = file.clone();
            if let Some((folder, stem)) = to {
                let name = name.with(stem);
                let to = folder.join(&name);
                self.planned.insert(to.clone());
                // So that later ones see it as if it were there.
                if let Ok(there) = self.listings.of(folder) {
                    there.insert(name);
                }
                file.to = Some(to);
            }
            self.plan.bytes = self.plan.bytes.saturating_add(file.bytes);
            group.files.push(file);
        }
        self.plan.groups.push(group);
    }
}

/// The real path of a folder that may not be there yet, and the folders that
/// have to be made for it.
fn real(folder: &Path) -> Result<(PathBuf, Vec<PathBuf>), String> {
    let named = |reason: &str| format!("{}: {reason}", folder.display());
    let absolute = std::path::absolute(folder).map_err(|error| named(&error.to_string()))?;
    if absolute.file_name() == Some(OsStr::new(REJECTED)) {
        // Made by this program; a link in its place would lead photos away.
        if fs::symlink_metadata(&absolute).is_ok_and(|metadata| metadata.is_symlink()) {
            return Err(named("is a link"));
        }
    }
    let mut missing = Vec::new();
    let mut existing = absolute.as_path();
    let real = loop {
        match fs::canonicalize(existing) {
            Ok(real) => break real,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // A link that leads nowhere is there, and no folder.
                if fs::symlink_metadata(existing).is_ok() {
                    return Err(named("is no folder"));
                }
                let (Some(parent), Some(name)) = (existing.parent(), existing.file_name()) else {
                    return Err(named(&error.to_string()));
                };
                missing.push(name.to_owned());
                existing = parent;
            }
            Err(error) if error.kind() == ErrorKind::NotADirectory => {
                return Err(named("is no folder"));
            }
            Err(error) => return Err(named(&error.to_string())),
        }
    };
    if !real.is_dir() {
        return Err(named("is no folder"));
    }
    let mut made = Vec::new();
    let mut goal = real;
    for name in missing.into_iter().rev() {
        goal.push(name);
        made.push(goal.clone());
    }
    Ok((goal, made))
}
