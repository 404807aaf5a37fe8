//! Models for the window: what is installed, what is offered, getting and
//! removing them.

use std::path::Path;

use super::Mail;
use crate::app::apply::{Message, ModelNews};
use crate::app::state::{Installed, Offered, TasteProfile};
use crate::engine::Cancel;
use crate::engine::download::{DownloadError, Downloads, Offer};
use crate::engine::models::{self, Source};
use crate::engine::profiles;
use crate::home::Home;
use crate::model::clip::Origin;
use crate::report::{paths, wording};

/// Where models are kept and come from.
#[derive(Debug, Clone)]
pub struct Shelf {
    /// The user's folders, where there are any.
    pub home: Option<Home>,
    /// Address of the hub; `None` for the one that the environment names.
    pub hub: Option<String>,
}

impl Shelf {
    /// Looks at what is installed. The one in use is listed even where it lies
    /// somewhere else.
    pub fn installed(&self, in_use: &Source) -> Vec<Installed> {
        let mut entries = models::list(self.home.as_ref());
        let listed = entries.len();
        if let Source::File(path) = in_use
            && entries.iter().all(|entry| entry.source != *in_use)
        {
            entries.push(models::Entry {
                name: models::name_of(path),
                source: in_use.clone(),
            });
        }
        let installed = entries.into_iter().enumerate().map(|(i, entry)| Installed {
            info: models::info(&entry.source).map_err(|error| error.to_string()),
            bytes: models::size(&entry.source),
            removable: i < listed && entry.source != Source::BuiltIn,
            name: entry.name,
            source: entry.source,
        });
        installed.collect()
    }

    /// Looks at the taste profiles.
    pub fn profiles(&self) -> Vec<TasteProfile> {
        let home = self.home.as_ref();
        let profile = |name: String| {
            let read =
                profiles::find(Path::new(&name), home).and_then(|path| profiles::read(&path));
            TasteProfile {
                about: read
                    .map(|profile| profile.about)
                    .map_err(|error| error.to_string()),
                name,
            }
        };
        profiles::list(home).into_iter().map(profile).collect()
    }

    /// Removes a taste profile.
    ///
    /// # Errors
    /// A sentence with the reason.
    pub fn remove_profile(&self, name: &str) -> Result<(), String> {
        let removed = profiles::remove(name, self.home()?);
        removed.map(drop).map_err(|error| error.to_string())
    }

    /// What is offered as far as the program itself knows.
    ///
    /// # Errors
    /// A sentence with the reason.
    pub fn offered() -> Result<Vec<Offered>, String> {
        let named = Downloads::named().map_err(|error| words(&error))?;
        let offered = named.into_iter().map(|it| Offered {
            name: it.name,
            repository: it.repository,
            licence: it.licence,
            bytes: None,
        });
        Ok(offered.collect())
    }

    /// Asks the hub what it has. The second are the reasons why something could
    /// not be looked up.
    pub fn look_up(&self, cancel: &Cancel) -> (Vec<Offered>, Vec<String>) {
        match self.downloads() {
            Ok(downloads) => {
                let (offers, errors) = downloads.offers(cancel);
                let offers = offers.into_iter().map(offered).collect();
                (offers, errors.iter().map(words).collect())
            }
            Err(reason) => (Vec::new(), vec![reason]),
        }
    }

    /// Downloads a model and installs it, telling `mail` how far it is.
    ///
    /// # Errors
    /// A sentence with the reason; `None` when it was cancelled.
    pub fn download(
        &self,
        name: &str,
        cancel: &Cancel,
        mail: &Mail,
    ) -> Result<String, Option<String>> {
        let downloads = self.downloads().map_err(Some)?;
        let mut progress = |progress| {
            mail.send(Message::Models(ModelNews::Progress {
                name: name.to_owned(),
                progress,
            }));
        };
        let done = downloads
            .offer(name, cancel)
            .and_then(|offer| downloads.install(&offer, false, cancel, &mut progress));
        match done {
            Ok(done) => Ok(format!("Installed {name}, {}", wording::bytes(done.bytes))),
            Err(DownloadError::Cancelled) => Err(None),
            Err(error) => Err(Some(words(&error))),
        }
    }

    fn downloads(&self) -> Result<Downloads, String> {
        let home = self.home()?;
        match &self.hub {
            Some(hub) => Downloads::at(hub, home),
            None => Downloads::new(home),
        }
        .map_err(|error| words(&error))
    }

    /// Installs the model in a file; the answer is its name.
    ///
    /// # Errors
    /// A sentence with the file and the reason.
    pub fn import(&self, path: &Path) -> Result<String, String> {
        let home = self.home()?;
        let name = models::name_of(path);
        let origin = Origin {
            name: name.clone(),
            source: Some(format!("the file {}", paths::shown(path))),
            ..Origin::default()
        };
        match models::import(path, &origin, home) {
            Ok(_) => Ok(name),
            Err(error) => {
                let (error, file) = (error.to_string(), paths::shown(path));
                // Some of the reasons name the file themselves.
                Err(match error.contains(&file) {
                    true => error,
                    false => format!("{file}: {error}"),
                })
            }
        }
    }

    /// Removes a model from the user's folder.
    ///
    /// # Errors
    /// A sentence with the reason.
    pub fn remove(&self, name: &str) -> Result<(), String> {
        let removed = models::remove(name, self.home()?);
        removed.map(drop).map_err(|error| error.to_string())
    }

    fn home(&self) -> Result<&Home, String> {
        let none = || "The system names no folder that models could be kept in".to_owned();
        self.home.as_ref().ok_or_else(none)
    }
}

fn offered(offer: Offer) -> Offered {
    Offered {
        name: offer.name,
        repository: offer.repository,
        licence: offer.licence,
        bytes: offer.bytes,
    }
}

/// A reason as the window gives it, where nobody types commands.
fn words(error: &DownloadError) -> String {
    match error {
        DownloadError::CutOff {
            address,
            got,
            reason,
        } => format!(
            "{address}: the transfer broke off after {} ({reason}); downloading again goes on \
             from there",
            wording::bytes(*got)
        ),
        DownloadError::Sum {
            file,
            expected,
            got,
            ..
        } => format!(
            "{file}: is not the file that it should be (its SHA-256 is {got}, not {expected}); \
             it was not installed"
        ),
        DownloadError::Cancelled => "Cancelled; downloading again goes on from there".to_owned(),
        other => other.to_string(),
    }
}
