//! The record itself: one per thread.

use std::cell::RefCell;

use deadhand_guard::{Handle, fence};

use super::{Code, Coded};

/// What went wrong last on this thread.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastError {
    /// What it was.
    pub code: Code,
    /// One line that says what to do about it. It has no NUL.
    pub message: String,
    /// What it went wrong with, if that is known.
    pub handle: Option<Handle>,
}

thread_local! {
    static LAST: RefCell<Option<LastError>> = const { RefCell::new(None) };
}

/// Puts a record in place, and gives the one before. While the thread's locals are destroyed there is no place.
fn replace(record: Option<LastError>) -> Option<LastError> {
    LAST.try_with(|last| last.replace(record)).unwrap_or(None)
}

/// What is recorded for this thread; it stays. Nothing of other threads is ever seen.
#[must_use]
pub fn last_error() -> Option<LastError> {
    LAST.try_with(|last| last.borrow().clone()).unwrap_or(None)
}

/// What is recorded for this thread; it is gone then.
#[must_use]
pub fn take_last_error() -> Option<LastError> {
    replace(None)
}

/// Forgets what is recorded for this thread.
pub fn clear_last_error() {
    replace(None);
}

/// Records an error for this thread, over what was there, and gives its code. The handle is the error's own, or the
/// one that is given for errors that know none, such as panics.
pub fn record(error: &impl Coded, about: Option<Handle>) -> Code {
    let described = fence(|| (error.code(), error.to_string(), error.handle()));
    let (code, message, handle) = described.unwrap_or_else(|panicked| (Code::Panicked, panicked.to_string(), None));
    let message = message.replace('\0', "\\0");
    replace(Some(LastError { code, message, handle: handle.or(about) }));
    code
}

/// Copies the message into the host's memory as C wants it: as much as fits, cut between characters, and a NUL.
///
/// Gives the bytes that all of it needs, the NUL included; 0 if nothing is recorded, and then nothing is written.
pub fn copy_last_message(into: &mut [u8]) -> usize {
    let Some(last) = last_error() else { return 0 };
    if let Some(room) = into.len().checked_sub(1) {
        let most = room.min(last.message.len());
        // Four bytes back at most; 0 always is a boundary.
        let kept = (0..=most).rev().find(|at| last.message.is_char_boundary(*at)).unwrap_or(0);
        into[..kept].copy_from_slice(&last.message.as_bytes()[..kept]);
        into[kept] = 0;
    }
    last.message.len() + 1
}
