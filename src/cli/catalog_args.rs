//! Which catalog a command uses.

use std::path::PathBuf;

use super::console::Console;
use super::paths;
use crate::catalog::{Catalog, CatalogError};
use crate::home::{Home, HomeError};

/// Which catalog a command uses.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct CatalogArgs {
    /// Catalog to use [default: the user's own]
    #[arg(long, value_name = "FILE")]
    pub catalog: Option<PathBuf>,
}

impl CatalogArgs {
    /// The catalog's file.
    ///
    /// # Errors
    /// When none is named and the system names no folder for one.
    pub fn path(&self) -> Result<PathBuf, HomeError> {
        match &self.catalog {
            Some(path) => Ok(path.clone()),
            None => Ok(Catalog::file_in(&Home::find()?.catalog)),
        }
    }

    /// Opens the catalog, made if there is none; says where a damaged one went.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn open(&self, console: &mut Console) -> anyhow::Result<Catalog> {
        let path = self.path()?;
        let opened = Catalog::open(&path)?;
        if let Some(aside) = &opened.set_aside {
            console.warn(&format!(
                "{}: was damaged; it is now {}, and a new catalog is begun",
                paths::shown(&path),
                paths::shown(aside)
            ));
        }
        Ok(opened.catalog)
    }

    /// Opens the catalog if there is one.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn existing(&self) -> anyhow::Result<Option<Catalog>> {
        Ok(Catalog::open_existing(&self.path()?)?)
    }

    /// Opens the catalog there has to be.
    ///
    /// # Errors
    /// When there is none, or it cannot be used.
    pub fn required(&self) -> anyhow::Result<Catalog> {
        let path = self.path()?;
        match Catalog::open_existing(&path)? {
            Some(catalog) => Ok(catalog),
            None => anyhow::bail!("{}: there is no catalog yet", paths::shown(&path)),
        }
    }
}

/// What is said of a catalog that a command can do without.
pub fn trouble(error: &CatalogError) -> String {
    format!("{error}; scores are neither taken from it nor kept")
}
