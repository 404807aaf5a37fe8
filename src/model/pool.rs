//! Buffers that outlive the work they are for, so that memory is not taken and
//! given back for every photo.

use std::sync::Mutex;

/// Buffers kept from photo to photo.
#[derive(Debug)]
pub(super) struct Pool<T>(Mutex<Vec<T>>);

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<T: Default> Pool<T> {
    /// Works with a buffer that nobody else has.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        self.with_new(T::default, work)
    }
}

impl<T> Pool<T> {
    /// As [`Pool::with`]; `new` makes a buffer where none is free.
    pub(super) fn with_new<R>(&self, new: impl FnOnce() -> T, work: impl FnOnce(&mut T) -> R) -> R {
        let kept = self.0.lock().map_or(None, |mut kept| kept.pop());
        let mut item = kept.unwrap_or_else(new);
        let result = work(&mut item);
        if let Ok(mut kept) = self.0.lock() {
            kept.push(item);
        }
        result
    }
}
