//! The store as a Python class.

use std::path::PathBuf;

use deadhand_core::store::Store as Native;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::drop::undisposed;
use super::errors::from_store;
use super::{Reader, Writer};
use crate::arguments::wrong_type;

/// An embedded database: keys and values are bytes. Any number of threads may use it at once.
#[pyclass(frozen, weakref, module = "deadhand._native")]
pub(crate) struct Store(Native);

#[pymethods]
impl Store {
    /// Make an empty database in memory.
    #[staticmethod]
    fn in_memory(py: Python<'_>) -> PyResult<Self> {
        py.detach(Native::in_memory).map(Self).map_err(|error| from_store(py, &error))
    }

    /// Open the database in the file `path`, which is made if it is not there.
    #[staticmethod]
    fn open(py: Python<'_>, path: &Bound<'_, PyAny>) -> PyResult<Self> {
        let path: PathBuf = path.extract().map_err(|error: PyErr| {
            let remedy = "pass the path of the database file";
            let ours = error.is_instance_of::<PyTypeError>(py) && !path.hasattr("__fspath__").unwrap_or(true);
            if ours { wrong_type(path, "path", "a str or os.PathLike", remedy) } else { error }
        })?;
        py.detach(|| Native::open(&path)).map(Self).map_err(|error| from_store(py, &error))
    }

    /// Take a snapshot of what is committed now.
    fn read(&self, py: Python<'_>) -> PyResult<Reader> {
        py.detach(|| self.0.read()).map(Reader::of).map_err(|error| from_store(py, &error))
    }

    /// Begin the one transaction that writes; never waits for another one.
    fn write(&self, py: Python<'_>) -> PyResult<Writer> {
        py.detach(|| self.0.write()).map(Writer::of).map_err(|error| from_store(py, &error))
    }

    /// Close it: nothing new is made of it; readers and writers go on. With `refuse`, raise `HasChildren` instead.
    #[pyo3(signature = (*, refuse = false))]
    fn close(&self, py: Python<'_>, refuse: bool) -> PyResult<()> {
        let done = py.detach(|| if refuse { self.0.close_or_refuse() } else { self.0.close() });
        done.map_err(|error| from_store(py, &error))
    }

    /// Panic in native code, for tests: raises `NativePanic` and leaves the store fenced off.
    fn provoke_panic(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.provoke_panic()).map_err(|error| from_store(py, &error))
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
        self.close(py, false)
    }

    fn __repr__(&self) -> String {
        format!("<Store {}: {}>", self.0.handle(), if self.closed() { "closed" } else { "open" })
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if self.0.is_open() {
            undisposed("store", self.0.handle(), || self.0.discard());
        }
    }
}
