//! The reader as a Python class.

use deadhand_core::store::Reader as Native;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use super::drop::undisposed;
use super::errors::from_store;
use crate::arguments::bytes;

/// A snapshot of a store, and an iterator over its items. One thread at a time may use it.
#[pyclass(frozen, weakref, module = "deadhand._native")]
pub(crate) struct Reader(Native);

type Item<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>);

#[pymethods]
impl Reader {
    /// Return the value of `key`, or None.
    fn get<'py>(&self, py: Python<'py>, key: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let key = bytes(key, "key")?;
        let value = py.detach(|| self.0.get(key)).map_err(|error| from_store(py, &error))?;
        Ok(value.map(|value| PyBytes::new(py, &value)))
    }

    /// Return how many items there are.
    fn count(&self, py: Python<'_>) -> PyResult<u64> {
        py.detach(|| self.0.count()).map_err(|error| from_store(py, &error))
    }

    /// Go back to before the first item.
    fn rewind(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.rewind()).map_err(|error| from_store(py, &error))
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Item<'py>>> {
        let item = py.detach(|| self.0.next()).map_err(|error| from_store(py, &error))?;
        Ok(item.map(|(key, value)| (PyBytes::new(py, &key), PyBytes::new(py, &value))))
    }

    /// Panic in native code, for tests: raises `NativePanic` and leaves the reader fenced off.
    fn provoke_panic(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.provoke_panic()).map_err(|error| from_store(py, &error))
    }

    /// Give the snapshot up; if another thread is in a call, when that ends.
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
        format!("<Reader {}: {}>", self.0.handle(), if self.closed() { "closed" } else { "open" })
    }
}

impl Reader {
    pub(super) fn of(native: Native) -> Self {
        Self(native)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if self.0.is_open() {
            undisposed("reader", self.0.handle(), || self.0.discard());
        }
    }
}
