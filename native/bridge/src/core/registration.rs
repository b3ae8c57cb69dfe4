//! The registration as a Python class. Its event owns the callback, so there is nothing to be collected here.

use deadhand_core::guard::Handle;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::drop::undisposed_owner;
use super::errors::from_callback;
use super::event::{again_is_nothing, callbacks};

/// A callback of an event, until it is closed, dropped, or its event ends.
#[pyclass(frozen, weakref, module = "deadhand._native")]
pub(crate) struct Registration(Handle);

#[pymethods]
impl Registration {
    /// Panic in native code, for tests: raises `NativePanic` and leaves the registration fenced off.
    fn provoke_panic(&self, py: Python<'_>) -> PyResult<()> {
        callbacks().and_then(|callbacks| callbacks.provoke_panic(self.0)).map_err(|error| from_callback(py, &error))
    }

    /// Take the callback off its event and let go of it: now, or when the calls of it that are under way are over.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        // With the GIL, as the collector may be looking at the event.
        again_is_nothing(py, callbacks().and_then(|callbacks| callbacks.unregister(self.0)))
    }

    /// The same as `close`.
    fn unregister(&self, py: Python<'_>) -> PyResult<()> {
        self.close(py)
    }

    /// Whether it is unregistered, or its event has ended.
    #[getter]
    fn closed(&self) -> bool {
        !callbacks().is_ok_and(|callbacks| callbacks.is_registered(self.0))
    }

    /// Its handle: a number that no other object has, or had.
    #[getter]
    fn handle(&self) -> u64 {
        self.0.to_u64()
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
    }

    fn __repr__(&self) -> String {
        format!("<Registration {}: {}>", self.0, if self.closed() { "closed" } else { "open" })
    }
}

impl Registration {
    pub(super) fn of(native: Handle) -> Self {
        Self(native)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if !self.closed() {
            undisposed_owner("registration", self.0, || {
                drop(callbacks().and_then(|callbacks| callbacks.unregister(self.0)));
            });
        }
    }
}
