//! Where downloaded files are while they are not installed: folders laid out as
//! the hub's own programs do, so that what one has downloaded the other finds.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use directories::BaseDirs;

use crate::home::Home;

/// Folders of downloaded files.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    /// Where other programs may have put files; only read.
    shared: Option<PathBuf>,
    /// Where ours go.
    own: PathBuf,
    /// Whether they stay there, because the user named the folder.
    pub(super) keeps: bool,
}

fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Whether `HF_HUB_OFFLINE` forbids the network.
pub(super) fn offline() -> bool {
    variable("HF_HUB_OFFLINE").is_some_and(|value| {
        let value = value.to_string_lossy().to_ascii_lowercase();
        ["1", "on", "yes", "true"].contains(&value.as_str())
    })
}

impl Cache {
    /// The folder that `HF_HUB_CACHE` or `HF_HOME` names, in which files stay;
    /// where neither does, Keepers' own, which they leave when they are
    /// installed, and the hub's usual one to look into.
    pub(super) fn find(home: &Home) -> Self {
        let named = variable("HF_HUB_CACHE").map(PathBuf::from);
        let named = named.or_else(|| variable("HF_HOME").map(|home| Path::new(&home).join("hub")));
        match named {
            Some(folder) => Self {
                shared: None,
                own: folder,
                keeps: true,
            },
            None => Self {
                shared: BaseDirs::new().map(|user| user.home_dir().join(".cache/huggingface/hub")),
                own: home.cache.join("hub"),
                keeps: false,
            },
        }
    }

    /// Keepers' own folder alone.
    pub(super) fn own(home: &Home) -> Self {
        Self {
            shared: None,
            own: home.cache.join("hub"),
            keeps: false,
        }
    }

    fn folders(&self) -> impl Iterator<Item = &Path> {
        [Some(self.own.as_path()), self.shared.as_deref()]
            .into_iter()
            .flatten()
    }

    /// A file of a commit, if it is here.
    pub(super) fn file(&self, repository: &str, commit: &str, file: &str) -> Option<PathBuf> {
        self.folders()
            .map(|folder| snapshot(folder, repository, commit).join(file))
            .find(|path| path.is_file())
    }

    /// The newest commit of which anything is here, and its files.
    pub(super) fn listing(&self, repository: &str) -> Option<(String, Vec<String>)> {
        self.folders().find_map(|folder| {
            let reference = place(folder, repository).join("refs/main");
            let commit = fs::read_to_string(reference).ok()?.trim().to_owned();
            let plain = !commit.is_empty() && commit.chars().all(|c| c.is_ascii_alphanumeric());
            let root = plain.then(|| snapshot(folder, repository, &commit))?;
            let files = walkdir::WalkDir::new(&root).follow_links(true);
            let files = files.into_iter().flatten();
            let files = files.filter(|entry| entry.file_type().is_file());
            let files = files.filter_map(|entry| {
                let path = entry.path().strip_prefix(&root).ok()?.to_str()?.to_owned();
                Some(path.replace('\\', "/"))
            });
            Some((commit, files.collect()))
        })
    }

    /// Where a file is while it is not whole. `key` is its sum, or stands for it.
    pub(super) fn part(&self, repository: &str, key: &str) -> PathBuf {
        let blobs = place(&self.own, repository).join("blobs");
        blobs.join(format!("{key}.incomplete"))
    }

    /// Where a file goes when it is whole.
    pub(super) fn place(&self, repository: &str, commit: &str, file: &str) -> PathBuf {
        snapshot(&self.own, repository, commit).join(file)
    }

    /// Which commit was the newest when a file was downloaded.
    pub(super) fn remember(&self, repository: &str, commit: &str) -> std::io::Result<()> {
        let references = place(&self.own, repository).join("refs");
        fs::create_dir_all(&references)?;
        fs::write(references.join("main"), commit)
    }

    /// Removes the folders above a file that are empty now, up to the cache.
    pub(super) fn prune(&self, file: &Path) {
        let above = file.ancestors().skip(1);
        for folder in above.take_while(|folder| folder.starts_with(&self.own)) {
            // One that is not empty stays, and so do those above it.
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
    }
}

fn place(folder: &Path, repository: &str) -> PathBuf {
    folder.join(format!("models--{}", repository.replace('/', "--")))
}

fn snapshot(folder: &Path, repository: &str, commit: &str) -> PathBuf {
    place(folder, repository).join("snapshots").join(commit)
}
