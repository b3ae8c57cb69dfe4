//! Errors as C interfaces have them: a call gives a number, and a record per thread says the rest.
//!
//! - Each entry that fails overwrites the record of its thread.
//! - An entry that succeeds clears it, or keeps it, as its [`OnSuccess`] says: like `errno` is kept, or like
//!   `dlerror` is cleared.
//! - Entries that run inside another one (a callback that calls back) have the same record. The outer one ends last,
//!   so it has the last word; if it succeeds and keeps, the record of the inner one stays.
//! - No thread sees the record of another, and a record ends with its thread.

mod code;
mod coded;
mod interface;
mod last;
#[cfg(test)]
mod tests;

use deadhand_guard::{CallError, Handle, fence};

pub use code::Code;
pub use coded::Coded;
pub use interface::{Interface, Limits};
pub use last::{LastError, clear_last_error, copy_last_message, last_error, record, take_last_error};

/// What an entry that succeeds does with the record of its thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnSuccess {
    /// No error means no record.
    Clear,
    /// The record says what went wrong last, however long ago.
    Keep,
}

/// Runs an entry of a C interface: behind a fence, and with what goes wrong recorded. `about` is the handle that the
/// entry works on, for the record of an error that names none.
///
/// # Errors
/// The code of what is recorded.
pub fn entry<R, E: Coded>(
    about: Option<Handle>,
    on_success: OnSuccess,
    call: impl FnOnce() -> Result<R, E>,
) -> Result<R, Code> {
    match fence(call) {
        Ok(Ok(answer)) => {
            if on_success == OnSuccess::Clear {
                clear_last_error();
            }
            Ok(answer)
        }
        Ok(Err(error)) => Err(record(&error, about)),
        Err(panicked) => Err(record(&CallError::Panicked(panicked), about)),
    }
}
