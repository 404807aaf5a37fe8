//! The system's bin: the freedesktop trash, the recycle bin, the Trash.
//!
//! The library's calls are guarded, as it is not of our making.

use std::path::Path;

use super::files::{Trouble, is_there};
use crate::guard;

/// Puts a file into the bin.
pub(super) fn put(path: &Path) -> Result<(), Trouble> {
    let put = guard::guarded(|| context().delete(path));
    let put = put.map_err(|panic| Trouble::Reason(format!("the bin failed: {panic}")))?;
    put.map_err(|error| Trouble::Reason(words(error)))?;
    // A bin that takes nothing, as on some network drives, may say nothing.
    match is_there(path) {
        true => Err(Trouble::Reason("the bin did not take it".to_owned())),
        false => Ok(()),
    }
}

#[cfg(target_os = "macos")]
fn context() -> trash::TrashContext {
    use trash::macos::{DeleteMethod, TrashContextExtMacos};
    let mut context = trash::TrashContext::new();
    // The other way asks the user to let this program control the Finder.
    context.set_delete_method(DeleteMethod::NsFileManager);
    context
}

#[cfg(not(target_os = "macos"))]
fn context() -> trash::TrashContext {
    trash::TrashContext::new()
}

/// Takes a file of this length out of the bin, back to where it was; of several
/// that were there, the one that came last.
#[cfg(any(
    windows,
    all(unix, not(target_vendor = "apple"), not(target_os = "android"))
))]
pub(super) fn restore(path: &Path, size: i64) -> Result<(), Trouble> {
    use trash::os_limited::{list, metadata, restore_all};
    if is_there(path) {
        return Err(Trouble::Reason("something else is there now".to_owned()));
    }
    let restored = guard::guarded(|| {
        let items = list()?.into_iter().filter(|item| {
            item.original_path() == path
                && metadata(item).is_ok_and(|about| about.size.size() == size.try_into().ok())
        });
        match items.max_by_key(|item| item.time_deleted) {
            Some(item) => restore_all([item]).map(|()| true),
            None => Ok(false),
        }
    });
    match restored {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err(Trouble::Reason("is no longer in the bin".to_owned())),
        Ok(Err(error)) => Err(Trouble::Reason(words(error))),
        Err(panic) => Err(Trouble::Reason(format!("the bin failed: {panic}"))),
    }
}

/// Takes a file out of the bin: no program can, here.
#[cfg(not(any(
    windows,
    all(unix, not(target_vendor = "apple"), not(target_os = "android"))
)))]
pub(super) fn restore(path: &Path, _size: i64) -> Result<(), Trouble> {
    if is_there(path) {
        return Err(Trouble::Reason("something else is there now".to_owned()));
    }
    let reason = "is in the Trash; only the Finder can put it back";
    Err(Trouble::Reason(reason.to_owned()))
}

/// The library's error, without its own words around it.
fn words(error: trash::Error) -> String {
    use trash::Error;
    match error {
        Error::Unknown { description } | Error::Os { description, .. } => description,
        Error::CouldNotAccess { .. } => "cannot be read".to_owned(),
        Error::RestoreCollision { .. } => "something else is there now".to_owned(),
        #[cfg(all(unix, not(target_vendor = "apple"), not(target_os = "android")))]
        Error::FileSystem { path, source } => format!("{}: {source}", path.display()),
        other => other.to_string(),
    }
}
