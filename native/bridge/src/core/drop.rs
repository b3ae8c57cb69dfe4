//! What a Python object does when it goes and was never closed.

use std::ffi::CString;

use deadhand_core::guard::Handle;
use pyo3::exceptions::PyResourceWarning;
use pyo3::prelude::*;

use super::exit::Firing;

/// Disposes of the object, then warns. For `Drop`, on whatever thread and in whatever state that runs: it never raises,
/// and an exception that is on its way stays as it is.
pub(super) fn undisposed(kind: &str, handle: Handle, discard: impl Fn() + Sync) {
    let warned = Python::try_attach(|py| {
        // Without the GIL, as it may close a file, and before anything in Python runs that could ask for the object.
        py.detach(&discard);
        warn(py, kind, handle);
    });
    if warned.is_none() {
        // The interpreter goes away: there is nobody left to be warned.
        discard();
    }
}

/// The same for what owns Python objects: it lets go of them with the GIL, as else the collector could see them go.
pub(super) fn undisposed_owner(kind: &str, handle: Handle, discard: impl FnOnce()) {
    discard();
    // None if the interpreter goes away: there is nobody left to be warned.
    Python::try_attach(|py| warn(py, kind, handle));
}

fn warn(py: Python<'_>, kind: &str, handle: Handle) {
    // Python runs here, below a Rust frame: not on a daemon thread while the interpreter ends.
    let Ok(_warning) = Firing::begin() else { return };
    let pending = PyErr::take(py);
    let text = CString::new(format!("unclosed {kind} {handle}: close it, or use it in a with statement"));
    if let Err(error) = PyErr::warn(py, &py.get_type::<PyResourceWarning>(), &text.unwrap_or_default(), 1) {
        // Warnings are errors here.
        error.write_unraisable(py, None);
    }
    if let Some(pending) = pending {
        pending.restore(py);
    }
}
