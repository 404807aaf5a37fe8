//! What is offered for download: `models/offered.json`, which is part of the
//! program.

use serde::Deserialize;

use super::DownloadError;

const OFFERED: &str = include_str!("../../../models/offered.json");

/// Repositories, the models offered from them, and the sums that are known.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) repositories: Vec<Repository>,
    /// Sums that were known when the program was built.
    sums: Vec<Sum>,
}

/// A repository on the hub.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Repository {
    /// `owner/name`.
    pub(super) repository: String,
    /// Licence of its weights, an SPDX expression.
    pub(super) licence: Option<String>,
    /// Whether all its checkpoints are offered, by the names of their files.
    #[serde(default)]
    pub(super) every_checkpoint: bool,
    pub(super) models: Vec<Named>,
}

/// A model with a name of ours.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    pub(super) name: String,
    /// Its file: the first of these that the repository has.
    #[serde(default)]
    files: Vec<String>,
    /// Otherwise the one checkpoint with these words in its name.
    #[serde(default)]
    words: Vec<String>,
    /// What it was fitted to.
    pub(super) data: Option<String>,
}

/// Size and SHA-256 of a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sum {
    repository: String,
    file: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl Manifest {
    /// The program's own.
    ///
    /// # Errors
    /// [`DownloadError::Manifest`] when it cannot be read, which the tests rule
    /// out.
    pub(super) fn built_in() -> Result<Self, DownloadError> {
        serde_json::from_str(OFFERED).map_err(|error| DownloadError::Manifest(error.to_string()))
    }

    /// What is known of a file's content.
    pub(super) fn sum(&self, repository: &str, file: &str) -> Option<&Sum> {
        let is_it = |sum: &&Sum| sum.repository == repository && sum.file == file;
        self.sums.iter().find(is_it)
    }
}

impl Named {
    /// Which of a repository's files it is.
    ///
    /// # Errors
    /// [`DownloadError::NoFile`] when it is none of them,
    /// [`DownloadError::Ambiguous`] when it could be several.
    pub(super) fn file<'a>(
        &self,
        repository: &str,
        files: &[&'a str],
    ) -> Result<&'a str, DownloadError> {
        let has = |wanted: &String| files.iter().find(|file| *file == wanted);
        if let Some(file) = self.files.iter().find_map(has) {
            return Ok(file);
        }
        let none = || DownloadError::NoFile {
            name: self.name.clone(),
            repository: repository.to_owned(),
        };
        let Some((first, rest)) = self.words.split_first() else {
            return Err(none());
        };
        let with = |files: &[&'a str], word: &str| -> Vec<&'a str> {
            let has = |file: &&&str| file.to_lowercase().contains(word);
            files.iter().filter(has).copied().collect()
        };
        let checkpoints: Vec<&str> = files.iter().copied().filter(|f| is_checkpoint(f)).collect();
        let mut found = with(&checkpoints, first);
        for word in rest {
            let closer = with(&found, word);
            if !closer.is_empty() {
                found = closer;
            }
        }
        match found.as_slice() {
            [] => Err(none()),
            [file] => Ok(file),
            several => Err(DownloadError::Ambiguous {
                name: self.name.clone(),
                files: several.iter().map(|&file| file.to_owned()).collect(),
            }),
        }
    }
}

/// Whether a file's name is that of weights which could be imported.
pub(super) fn is_checkpoint(file: &str) -> bool {
    let extension = file.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|e| ["pt", "pth", "safetensors"].contains(&e.to_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_is_sound() {
        let manifest = Manifest::built_in().unwrap();
        let mut names: Vec<&str> = manifest
            .repositories
            .iter()
            .flat_map(|repository| &repository.models)
            .map(|model| model.name.as_str())
            .collect();
        assert_eq!(names, ["clip-vit-b16", "grmp-iqa-livec", "grmp-iqa-koniq"]);
        names.dedup();
        assert_eq!(names.len(), 3);
        assert!(manifest.sums.iter().all(|sum| sum.sha256.len() == 64));
    }

    #[test]
    fn a_named_model_is_one_file() {
        let named = Named {
            name: "it".to_owned(),
            files: vec!["exact.pt".to_owned()],
            words: vec!["koniq".to_owned(), "50".to_owned()],
            data: None,
        };
        let file = |files: &[&'static str]| named.file("a/b", files);
        assert_eq!(file(&["koniq_50.pt", "exact.pt"]).unwrap(), "exact.pt");
        assert_eq!(
            file(&["Koniq_244.mat", "Koniq_50.pt", "koniq_100.pt"]).unwrap(),
            "Koniq_50.pt"
        );
        assert_eq!(file(&["koniq.pt", "live_50.pt"]).unwrap(), "koniq.pt");
        assert!(matches!(
            file(&["koniq_50_a.pt", "koniq_50_b.pt"]),
            Err(DownloadError::Ambiguous { files, .. }) if files.len() == 2
        ));
        assert!(matches!(
            file(&["Koniq_244.mat", "live.pt"]),
            Err(DownloadError::NoFile { .. })
        ));
    }
}
