//! The fence for entries that work on no object yet: creating, decoding.

use deadhand_guard::{CallError, fence};

/// Runs the function; a panic becomes an error of the caller's kind.
pub(crate) fn fenced<R, E: From<CallError>>(call: impl FnOnce() -> Result<R, E>) -> Result<R, E> {
    fence(call).map_err(CallError::Panicked)?
}
