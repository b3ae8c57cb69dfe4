//! The deleter as a Python class.

use deadhand_core::store::Deleter as Native;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use super::drop::undisposed;
use super::errors::from_store;

/// A cursor that deletes keys as it goes. Only the thread that made it may use or close it; it ends with that thread.
#[pyclass(frozen, weakref, module = "deadhand._native")]
pub(crate) struct Deleter(Native);

#[pymethods]
impl Deleter {
    /// Delete the next key and return it; None after the last one.
    fn step<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let key = py.detach(|| self.0.step()).map_err(|error| from_store(py, &error))?;
        Ok(key.map(|key| PyBytes::new(py, &key)))
    }

    /// Panic in native code, for tests: raises `NativePanic` and leaves the deleter fenced off.
    fn provoke_panic(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.provoke_panic()).map_err(|error| from_store(py, &error))
    }

    /// End the cursor, not the writer.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.close()).map_err(|error| from_store(py, &error))
    }

    /// Whether it is closed.
    #[getter]
    fn closed(&self) -> bool {
        !self.0.is_open()
    }

    /// Its handle: a number that no other object has, or had.
    #[getter]
    fn handle(&self) -> u64 {
        self.0.handle().to_u64()
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
    }

    fn __repr__(&self) -> String {
        format!("<Deleter {}: {}>", self.0.handle(), if self.closed() { "closed" } else { "open" })
    }
}

impl Deleter {
    pub(super) fn of(native: Native) -> Self {
        Self(native)
    }
}

impl Drop for Deleter {
    fn drop(&mut self) {
        if self.0.is_open() {
            undisposed("deleter", self.0.handle(), || self.0.discard());
        }
    }
}
