//! The writer as a Python class.

use deadhand_core::store::Writer as Native;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use super::Deleter;
use super::drop::undisposed;
use super::errors::from_store;
use crate::arguments::bytes;

/// The one transaction of a store that writes. One thread at a time may use it; what is not committed is undone.
#[pyclass(frozen, weakref, module = "deadhand._native")]
pub(crate) struct Writer(Native);

#[pymethods]
impl Writer {
    /// Store `value` under `key`.
    fn put(&self, py: Python<'_>, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let (key, value) = (bytes(key, "key")?, bytes(value, "value")?);
        py.detach(|| self.0.put(key, value)).map_err(|error| from_store(py, &error))
    }

    /// Return the value of `key` as this transaction sees it, or None.
    fn get<'py>(&self, py: Python<'py>, key: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let key = bytes(key, "key")?;
        let value = py.detach(|| self.0.get(key)).map_err(|error| from_store(py, &error))?;
        Ok(value.map(|value| PyBytes::new(py, &value)))
    }

    /// Remove `key` and return whether it was there.
    fn remove(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        let key = bytes(key, "key")?;
        py.detach(|| self.0.remove(key)).map_err(|error| from_store(py, &error))
    }

    /// Make a cursor of this thread that deletes the keys that begin with `prefix`.
    fn deleter(&self, py: Python<'_>, prefix: &Bound<'_, PyAny>) -> PyResult<Deleter> {
        let prefix = bytes(prefix, "prefix")?;
        py.detach(|| self.0.deleter(prefix)).map(Deleter::of).map_err(|error| from_store(py, &error))
    }

    /// Panic in native code, for tests: raises `NativePanic` and leaves the writer fenced off.
    fn provoke_panic(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.provoke_panic()).map_err(|error| from_store(py, &error))
    }

    /// Make the changes last and end the writer, also if this raises `DatabaseError` or `OSError`.
    fn commit(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.commit()).map_err(|error| from_store(py, &error))
    }

    /// Undo the changes and end the writer; if another thread is in a call, when that ends.
    fn abort(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.abort()).map_err(|error| from_store(py, &error))
    }

    /// The same as `abort`.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.abort(py)
    }

    /// Whether it has ended.
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

    #[pyo3(signature = (*exception))]
    fn __exit__(&self, py: Python<'_>, exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        let raised = exception.get_item(0).is_ok_and(|kind| !kind.is_none());
        if raised || self.closed() {
            return self.abort(py);
        }
        let committed = self.commit(py);
        // What could not be committed must not stay open behind the with statement.
        committed.or_else(|error| self.abort(py).and(Err(error)))
    }

    fn __repr__(&self) -> String {
        format!("<Writer {}: {}>", self.0.handle(), if self.closed() { "ended" } else { "open" })
    }
}

impl Writer {
    pub(super) fn of(native: Native) -> Self {
        Self(native)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.0.is_open() {
            undisposed("writer", self.0.handle(), || self.0.discard());
        }
    }
}
