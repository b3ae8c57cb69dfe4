//! The exceptions, and the one place where native errors become exceptions.

use deadhand_journal::JournalError;
use pyo3::create_exception;
use pyo3::exceptions::{PyNotImplementedError, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

create_exception!(
    deadhand._native,
    JournalFull,
    PyRuntimeError,
    "The record does not fit any more; nothing was written."
);
create_exception!(
    deadhand._native,
    JournalCorrupt,
    PyRuntimeError,
    "The header of the journal was overwritten; reset() repairs it."
);
create_exception!(deadhand._native, Unsupported, PyNotImplementedError, "This platform cannot do what was asked.");

/// The exception for an error of the journal.
#[cold]
pub(crate) fn from_journal(error: JournalError) -> PyErr {
    let text = error.to_string();
    match error {
        JournalError::Full { .. } => JournalFull::new_err(text),
        JournalError::Corrupt { .. } => JournalCorrupt::new_err(text),
        JournalError::Unsupported => Unsupported::new_err(text),
        JournalError::Os { source, .. } => os(text, &source),
        _ => PyValueError::new_err(text),
    }
}

/// The `OSError` for a refusal of the operating system, with its errno.
pub(crate) fn os(text: String, source: &std::io::Error) -> PyErr {
    match source.raw_os_error() {
        Some(errno) => PyOSError::new_err((errno, text)),
        None => PyOSError::new_err(text),
    }
}
