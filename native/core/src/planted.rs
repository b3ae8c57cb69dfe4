//! Panics that tests plant, to prove that no entry lets one through.

use std::cell::Cell;

thread_local! {
    static ARMED: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// The next time this thread comes to that place, it panics; once.
pub(crate) fn arm(place: &'static str) {
    ARMED.set(Some(place));
}

/// Whether a planted panic is still waiting: a test that expects it must see `false`.
pub(crate) fn waiting() -> bool {
    ARMED.get().is_some()
}

/// A place where one can be planted.
pub(crate) fn here(place: &'static str) {
    if ARMED.get() == Some(place) {
        ARMED.set(None);
        panic!("planted in {place}");
    }
}
