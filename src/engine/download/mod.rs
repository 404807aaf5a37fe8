//! Downloading models from the Hugging Face hub, and only when asked.
//!
//! Which models are offered stands in `models/offered.json`; of the authors'
//! repository every checkpoint is. What is downloaded is checked against every
//! sum that is known and then imported like any other file of weights.

mod cache;
mod error;
mod hub;
mod manifest;
mod record;
mod transfer;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

pub use error::DownloadError;

use super::models::{self, check_free};
use super::{Cancel, Progress};
use crate::home::Home;
use crate::model::ModelInfo;
use crate::model::clip::Origin;
use cache::Cache;
use hub::{Hub, Listed, Listing};
use manifest::{Manifest, Repository, is_checkpoint};
use record::Record;
use transfer::Content;

/// A model that can be downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its name, which the installed model gets.
    pub name: String,
    /// The repository it comes from, `owner/name`.
    pub repository: String,
    /// Its file there.
    pub file: String,
    /// The repository's commit that was listed.
    pub commit: String,
    /// Size of the file in bytes, if it is known.
    pub bytes: Option<u64>,
    /// SHA-256 of the file in hexadecimal, if the hub says it.
    pub sha256: Option<String>,
    /// Licence of the weights, an SPDX expression, if it is known.
    pub licence: Option<String>,
    /// What its prompts were fitted to, if it is known.
    pub training_data: Option<String>,
}

/// A model with a name of the program's own, before the hub is asked about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its name, as in [`Offer::name`].
    pub name: String,
    /// The repository it comes from, `owner/name`.
    pub repository: String,
    /// Licence of the weights, an SPDX expression, if it is known.
    pub licence: Option<String>,
}

/// A model that was downloaded and installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloaded {
    /// What is known about the installed model.
    pub info: ModelInfo,
    /// Size of the downloaded file in bytes.
    pub bytes: u64,
    /// SHA-256 of the downloaded file in hexadecimal.
    pub sha256: String,
}

/// Where models come from. Making one asks nothing of the network.
#[derive(Debug)]
pub struct Downloads {
    hub: Option<Hub>,
    cache: Cache,
    home: Home,
    manifest: Manifest,
}

impl Downloads {
    /// As the environment has it: `HF_ENDPOINT`, `HF_HOME`, `HF_HUB_CACHE` and
    /// `HF_HUB_OFFLINE`.
    ///
    /// # Errors
    /// [`DownloadError::Endpoint`].
    pub fn new(home: &Home) -> Result<Self, DownloadError> {
        let endpoint = env::var("HF_ENDPOINT").ok().filter(|it| !it.is_empty());
        let hub = match cache::offline() {
            true => None,
            false => Some(Hub::new(endpoint.as_deref())?),
        };
        Ok(Self {
            hub,
            cache: Cache::find(home),
            home: home.clone(),
            manifest: Manifest::built_in()?,
        })
    }

    /// From the hub at this address, whatever the environment says; only the
    /// cache in `home` is looked into.
    ///
    /// # Errors
    /// [`DownloadError::Endpoint`].
    pub fn at(endpoint: &str, home: &Home) -> Result<Self, DownloadError> {
        Ok(Self {
            hub: Some(Hub::new(Some(endpoint))?),
            cache: Cache::own(home),
            home: home.clone(),
            manifest: Manifest::built_in()?,
        })
    }

    /// The offered models that the program has names for, without asking
    /// anybody.
    ///
    /// # Errors
    /// [`DownloadError::Manifest`].
    pub fn named() -> Result<Vec<Named>, DownloadError> {
        let repositories = Manifest::built_in()?.repositories.into_iter();
        let named = repositories.flat_map(|it| {
            let (repository, licence) = (it.repository, it.licence);
            let named = move |model: manifest::Named| Named {
                name: model.name,
                repository: repository.clone(),
                licence: licence.clone(),
            };
            it.models.into_iter().map(named)
        });
        Ok(named.collect())
    }

    /// Everything that is offered, in the manifest's order, with the reasons
    /// why something could not be looked up.
    pub fn offers(&self, cancel: &Cancel) -> (Vec<Offer>, Vec<DownloadError>) {
        let (mut offers, mut errors) = (Vec::new(), Vec::new());
        for repository in &self.manifest.repositories {
            match self.listing(repository, cancel) {
                Ok(listing) => {
                    for offer in offered(repository, &listing) {
                        match offer {
                            Ok(offer) => offers.push(offer),
                            Err(error) => errors.push(error),
                        }
                    }
                }
                Err(error) => errors.push(error),
            }
        }
        (offers, errors)
    }

    /// What is offered under a name. Only the repositories that may have it are
    /// looked up.
    ///
    /// # Errors
    /// [`DownloadError::Unknown`] when nothing is, or why it cannot be looked
    /// up.
    pub fn offer(&self, name: &str, cancel: &Cancel) -> Result<Offer, DownloadError> {
        let repositories = &self.manifest.repositories;
        let has = |repository: &&Repository| repository.models.iter().any(|it| it.name == name);
        let own = repositories.iter().find(has);
        let open = || repositories.iter().filter(|it| it.every_checkpoint);
        let asked = own.map_or_else(|| open().collect(), |repository| vec![repository]);
        let names = repositories.iter().flat_map(|it| &it.models);
        let mut known: Vec<String> = names.map(|model| model.name.clone()).collect();
        for repository in asked {
            let listing = self.listing(repository, cancel)?;
            for (asked, offer) in names_of(repository).zip(offered(repository, &listing)) {
                // The reason counts only for the model that was asked for.
                if asked == name {
                    return offer;
                }
            }
            for offer in offered(repository, &listing).into_iter().flatten() {
                if offer.name == name {
                    return Ok(offer);
                }
                if !known.contains(&offer.name) {
                    known.push(offer.name);
                }
            }
        }
        Err(DownloadError::Unknown {
            name: name.to_owned(),
            known,
        })
    }

    fn listing(&self, repository: &Repository, cancel: &Cancel) -> Result<Listing, DownloadError> {
        let repository = repository.repository.as_str();
        match &self.hub {
            Some(hub) => hub.list(repository, cancel),
            None => {
                let listing = self.cache.listing(repository);
                let (commit, files) =
                    listing.ok_or_else(|| DownloadError::Offline(repository.to_owned()))?;
                let files = files.into_iter().map(|path| Listed {
                    path,
                    bytes: None,
                    sha256: None,
                });
                Ok(Listing {
                    commit,
                    files: files.collect(),
                })
            }
        }
    }

    /// Downloads a model and installs it under its name. `progress` is told at
    /// most ten times a second how many bytes there are; a total of 0 is one
    /// that is not known. With `accept_changed` the file may differ from the
    /// one that was first downloaded for this model.
    ///
    /// A transfer that broke off goes on where it ended, within this call and
    /// in the next one.
    ///
    /// # Errors
    /// [`DownloadError`]. But for the part that a later call goes on with,
    /// nothing is left behind then.
    pub fn install(
        &self,
        offer: &Offer,
        accept_changed: bool,
        cancel: &Cancel,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Downloaded, DownloadError> {
        check_free(&offer.name, &self.home).map_err(DownloadError::Install)?;
        let earlier = match accept_changed {
            true => None,
            false => Record::read(&offer.name, &self.home)?,
        };
        let here = self
            .cache
            .file(&offer.repository, &offer.commit, &offer.file);
        let ours = here.is_none();
        let (path, content) = match here {
            Some(path) => {
                let content = transfer::content(&path, cancel)?;
                self.check(offer, offer.sha256.as_deref(), earlier.as_ref(), &content)?;
                (path, content)
            }
            None => self.fetch(offer, earlier.as_ref(), cancel, progress)?,
        };
        let record = Record::new(&offer.repository, &offer.file, &offer.commit, &content);
        let installed = self.import(&path, offer, &record);
        if ours && (installed.is_err() || !self.cache.keeps) {
            discard(&path, &self.cache);
        }
        Ok(Downloaded {
            info: installed?,
            bytes: content.bytes,
            sha256: content.sha256,
        })
    }

    fn import(
        &self,
        path: &Path,
        offer: &Offer,
        record: &Record,
    ) -> Result<ModelInfo, DownloadError> {
        let (repository, commit, file) = (&offer.repository, &offer.commit, &offer.file);
        let origin = Origin {
            name: offer.name.clone(),
            licence: offer.licence.clone(),
            training_data: offer.training_data.clone(),
            source: Some(format!("{repository}, {file}, commit {commit}")),
            date: None,
        };
        let info = models::import(path, &origin, &self.home)?;
        if let Err(error) = record.write(&offer.name, &self.home) {
            // Without its record it could not be checked the next time.
            models::remove(&offer.name, &self.home)?;
            return Err(error);
        }
        Ok(info)
    }

    /// Gets a file that is not here yet, and checks it.
    fn fetch(
        &self,
        offer: &Offer,
        earlier: Option<&Record>,
        cancel: &Cancel,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(PathBuf, Content), DownloadError> {
        let (repository, commit, file) = (&offer.repository, &offer.commit, &offer.file);
        let hub = self.hub.as_ref();
        let hub = hub.ok_or_else(|| DownloadError::Offline(format!("{repository}/{file}")))?;
        let address = hub.address(repository, commit, file);
        let (mut bytes, mut sha256) = (offer.bytes, offer.sha256.clone());
        if bytes.is_none() || sha256.is_none() {
            let (size, sum) = hub.describe(&address, cancel)?;
            (bytes, sha256) = (bytes.or(size), sha256.or(sum));
        }
        let key = sha256.clone().unwrap_or_else(|| {
            // Stands for this file of this commit.
            let whole = format!("{repository}/{commit}/{file}");
            blake3::hash(whole.as_bytes()).to_hex().to_string()
        });
        let part = self.cache.part(repository, &key);
        make_folder_of(&part)?;
        let content = transfer::fetch(hub, &address, &part, bytes, cancel, progress)
            .inspect_err(|_| self.cache.prune(&part))?;
        let placed = self
            .check(offer, sha256.as_deref(), earlier, &content)
            .and_then(|()| self.place(&part, offer));
        match placed {
            Ok(path) => Ok((path, content)),
            Err(error) => {
                discard(&part, &self.cache);
                Err(error)
            }
        }
    }

    /// Gives a whole file its place and its name.
    fn place(&self, part: &Path, offer: &Offer) -> Result<PathBuf, DownloadError> {
        let (repository, commit) = (&offer.repository, &offer.commit);
        let path = self.cache.place(repository, commit, &offer.file);
        make_folder_of(&path)?;
        let failed = |source| DownloadError::File {
            path: path.clone(),
            source,
        };
        fs::rename(part, &path).map_err(failed)?;
        if self.cache.keeps {
            self.cache.remember(repository, commit).map_err(failed)?;
        }
        self.cache.prune(part);
        Ok(path)
    }

    /// Compares a file with every sum there is of it.
    fn check(
        &self,
        offer: &Offer,
        hub: Option<&str>,
        earlier: Option<&Record>,
        content: &Content,
    ) -> Result<(), DownloadError> {
        let known = self.manifest.sum(&offer.repository, &offer.file);
        let same_file = |it: &&Record| it.repository == offer.repository && it.file == offer.file;
        let earlier = earlier.filter(same_file);
        let sizes = [known.map(|sum| sum.bytes), offer.bytes];
        if let Some(&expected) = sizes.iter().flatten().find(|&&it| it != content.bytes) {
            return Err(DownloadError::Size {
                file: offer.file.clone(),
                expected,
                got: content.bytes,
            });
        }
        let sums = [
            (known.map(|sum| sum.sha256.as_str()), "Keepers knows it"),
            (hub, "the hub announces it"),
            (
                earlier.map(|record| record.sha256.as_str()),
                "it was when it was first downloaded (--accept-changed takes the new one)",
            ),
        ];
        for (expected, authority) in sums {
            if let Some(expected) = expected
                && expected != content.sha256
            {
                return Err(DownloadError::Sum {
                    file: format!("{}/{}", offer.repository, offer.file),
                    expected: expected.to_owned(),
                    got: content.sha256.clone(),
                    authority,
                });
            }
        }
        Ok(())
    }
}

fn make_folder_of(path: &Path) -> Result<(), DownloadError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|source| DownloadError::File {
        path: folder.to_owned(),
        source,
    })
}

/// Removes a downloaded file and its folders, where they hold nothing else.
fn discard(path: &Path, cache: &Cache) {
    if let Err(error) = fs::remove_file(path) {
        tracing::warn!("{}: cannot be removed: {error}", path.display());
    }
    cache.prune(path);
}

/// Names of ours in a repository, in the order of [`offered`], which begins with
/// them.
fn names_of(repository: &Repository) -> impl Iterator<Item = &str> {
    repository.models.iter().map(|model| model.name.as_str())
}

/// What a repository offers: the models with names of ours, then every
/// checkpoint, where all are offered.
fn offered(repository: &Repository, listing: &Listing) -> Vec<Result<Offer, DownloadError>> {
    let files: Vec<&str> = listing.files.iter().map(|it| it.path.as_str()).collect();
    let offer = |name: &str, file: &str, data: Option<&String>| {
        let listed = listing.files.iter().find(|it| it.path == file);
        Offer {
            name: name.to_owned(),
            repository: repository.repository.clone(),
            file: file.to_owned(),
            commit: listing.commit.clone(),
            bytes: listed.and_then(|it| it.bytes),
            sha256: listed.and_then(|it| it.sha256.clone()),
            licence: repository.licence.clone(),
            training_data: data.cloned(),
        }
    };
    let named = repository.models.iter().map(|model| {
        let file = model.file(&repository.repository, &files)?;
        Ok(offer(&model.name, file, model.data.as_ref()))
    });
    let mut offers: Vec<_> = named.collect();
    if repository.every_checkpoint {
        let checkpoints = files.iter().filter(|file| is_checkpoint(file));
        offers.extend(checkpoints.map(|file| Ok(offer(&name_of(file, &files), file, None))));
    }
    offers
}

/// A checkpoint's name: its path's, with its extension only where another file
/// differs in nothing else.
fn name_of(file: &str, files: &[&str]) -> String {
    let flat = |file: &str| file.replace('/', "-");
    let short = |file: &str| models::name_of(Path::new(&flat(file)));
    let same = |other: &&&str| is_checkpoint(other) && short(other) == short(file);
    if files.iter().filter(same).count() > 1 {
        // An extension after it keeps its own from being taken off.
        return models::name_of(Path::new(&(flat(file) + ".x")));
    }
    short(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_checkpoint_has_a_name_of_its_own() {
        let files = [
            "a.pt",
            "a.safetensors",
            "sub/a.pt",
            "b 1.pt",
            "Koniq_244.mat",
        ];
        let names: Vec<String> = files
            .iter()
            .filter(|file| is_checkpoint(file))
            .map(|file| name_of(file, &files))
            .collect();
        assert_eq!(names, ["a.pt", "a.safetensors", "sub-a", "b-1"]);
    }
}
