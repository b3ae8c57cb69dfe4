//! What a Python object does when it goes and was never closed.

use std::ffi::CString;

use deadhand_core::guard::Handle;
use pyo3::exceptions::PyResourceWarning;
use pyo3::prelude::*;

/// Disposes of the object, then warns. For `Drop`, on whatever thread and in whatever state that runs: it never raises,
/// and an exception that is on its way stays as it is.
pub(super) fn undisposed(kind: &str, handle: Handle, discard: impl FnOnce()) {
    // Before anything in Python runs that could come back here.
    discard();
    // `None` while the interpreter goes away: then there is nobody left to be warned.
    Python::try_attach(|py| {
        let pending = PyErr::take(py);
        let text = CString::new(format!("unclosed {kind} {handle}: close it, or use it in a with statement"));
        let warned = PyErr::warn(py, &py.get_type::<PyResourceWarning>(), &text.unwrap_or_default(), 1);
        if let Err(error) = warned {
            // Warnings are errors here.
            error.write_unraisable(py, None);
        }
        if let Some(pending) = pending {
            pending.restore(py);
        }
    });
}
