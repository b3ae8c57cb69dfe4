//! The last-error record of the calling thread.

use deadhand_core::error::{self, LastError as Native};
use pyo3::prelude::*;

/// What went wrong last on a thread, in an entry of an `Interface`.
#[pyclass(frozen, eq, hash, module = "deadhand._native")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct LastError {
    /// What it was: the number that the entry returned, without its sign.
    #[pyo3(get)]
    code: i32,
    /// One line that says what to do about it.
    #[pyo3(get)]
    message: String,
    /// The handle that it went wrong with, if that is known.
    #[pyo3(get)]
    handle: Option<u64>,
}

#[pymethods]
impl LastError {
    fn __repr__(&self) -> String {
        format!("<LastError {}: {}>", self.code, self.message)
    }
}

impl From<Native> for LastError {
    fn from(native: Native) -> Self {
        Self {
            code: native.code.number(),
            message: native.message,
            handle: native.handle.map(deadhand_core::guard::Handle::to_u64),
        }
    }
}

/// Return what is recorded for this thread, or None; it stays.
#[pyfunction]
pub(crate) fn last_error() -> Option<LastError> {
    error::last_error().map(LastError::from)
}

/// Return what is recorded for this thread, or None, and forget it.
#[pyfunction]
pub(crate) fn take_last_error() -> Option<LastError> {
    error::take_last_error().map(LastError::from)
}

/// Forget what is recorded for this thread.
#[pyfunction]
pub(crate) fn clear_last_error() {
    error::clear_last_error();
}
