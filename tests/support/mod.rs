//! What several rooms' tests need.

pub mod formula;
pub mod hub;
pub mod luminance;
pub mod photos;
pub mod program;

use std::path::{Path, PathBuf};

/// The folder that `variable` names, or `../shared/<name>`; `None`, with a
/// printed line, where it is absent.
fn folder(variable: &str, name: &str, kind: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map_or_else(
        || {
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../shared")
                .join(name)
        },
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    println!(
        "skipped: {kind} test: no folder {} (set {variable})",
        folder.display()
    );
    None
}

/// The folder of golden values.
pub fn golden() -> Option<PathBuf> {
    folder("KEEPERS_GOLDEN", "golden", "golden")
}

/// The folder of real photos.
pub fn data() -> Option<PathBuf> {
    folder("KEEPERS_DATA", "data", "data")
}
