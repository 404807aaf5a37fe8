//! Panics of foreign code (decoders above all) turned into errors.
//!
//! Nothing here decides what such an error means; callers put it beside the
//! file they were working on.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether this thread's panics are caught by [`guarded`].
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

static HOOK: Once = Once::new();

/// Runs `work`; a panic inside becomes `Err` with its message and prints
/// nothing, where the default would print to standard error.
///
/// Whatever `work` changed before it panicked stays changed, so it should own
/// what it works on.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    HOOK.call_once(|| {
        let earlier = take_hook();
        set_hook(Box::new(move |info| {
            if GUARDED.get() || on_decoder_thread() {
                tracing::debug!("caught: {info}");
            } else {
                earlier(info);
            }
        }));
    });
    let outer = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(outer);
    result.map_err(|payload| message(&*payload))
}

/// Whether this is a thread that jpeg-decoder started: it has one for each
/// colour component, and a panic there comes back as one on the thread that
/// decodes, where it is caught.
fn on_decoder_thread() -> bool {
    std::thread::current()
        .name()
        .is_some_and(|name| name.starts_with("worker thread for component "))
}

/// What a panic said, on one line.
fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message() {
        assert_eq!(guarded(|| 7), Ok(7));
        let number = 3;
        assert_eq!(
            guarded(|| -> () { panic!("odd\n  number {number}") }),
            Err("odd number 3".to_owned())
        );
        assert_eq!(
            guarded(|| -> () { panic!("plain") }),
            Err("plain".to_owned())
        );
        assert_eq!(
            guarded(|| -> () { std::panic::panic_any(5) }),
            Err("no message".to_owned())
        );
    }

    #[test]
    fn guards_nest() {
        let inner = guarded(|| {
            let failed = guarded(|| -> () { panic!("inner") });
            (failed, GUARDED.get())
        });
        assert_eq!(inner, Ok((Err("inner".to_owned()), true)));
        assert!(!GUARDED.get());
    }
}
