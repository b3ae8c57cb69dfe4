//! The pool as a Python class.

use deadhand_core::buffer::Buffers;
use deadhand_core::guard::Handle;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::Buffer;
use super::buffer::buffers;
use super::drop::undisposed;
use super::errors::from_buffer;
use super::memory::size;

/// Where buffers are rented, whose memory it keeps between their lives. Any thread may use it.
#[pyclass(frozen, weakref, module = "deadhand._native")]
pub(crate) struct Pool {
    all: &'static Buffers,
    handle: Handle,
}

#[pymethods]
impl Pool {
    /// Make a pool that keeps at most `capacity` blocks between their lives.
    #[staticmethod]
    fn create(py: Python<'_>, capacity: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (all, capacity) = (buffers(py)?, size(capacity, "capacity")?);
        let made = py.detach(|| all.pool(capacity));
        made.map(|handle| Self { all, handle }).map_err(|error| from_buffer(py, &error))
    }

    /// Make a buffer of `length` zeros, in memory that may have been a buffer before.
    fn rent(&self, py: Python<'_>, length: &Bound<'_, PyAny>) -> PyResult<Buffer> {
        let length = size(length, "length")?;
        let made = py.detach(|| self.all.rent(self.handle, length));
        made.map(|handle| Buffer::of_pool(self.all, handle)).map_err(|error| from_buffer(py, &error))
    }

    /// Return what it has done so far.
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let report = py.detach(|| self.all.pool_report(self.handle)).map_err(|error| from_buffer(py, &error))?;
        let said = PyDict::new(py);
        said.set_item("rented", report.rented)?;
        said.set_item("resurrected", report.resurrected)?;
        said.set_item("resting", report.resting)?;
        said.set_item("dirty", report.dirty.iter().map(|handle| handle.to_u64()).collect::<Vec<_>>())?;
        Ok(said)
    }

    /// Panic in native code, for tests: raises `NativePanic` and leaves the pool fenced off.
    fn provoke_panic(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.all.provoke_panic(self.handle)).map_err(|error| from_buffer(py, &error))
    }

    /// End the pool; what is rented goes on.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.all.close(self.handle)).map_err(|error| from_buffer(py, &error))
    }

    /// Whether it is closed.
    #[getter]
    fn closed(&self) -> bool {
        !self.all.is_open(self.handle)
    }

    /// Its handle: a number that no other object has, or had.
    #[getter]
    fn handle(&self) -> u64 {
        self.handle.to_u64()
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
    }

    fn __repr__(&self) -> String {
        format!("<Pool {}: {}>", self.handle, if self.closed() { "closed" } else { "open" })
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if self.all.is_open(self.handle) {
            undisposed("pool", self.handle, || self.all.discard(self.handle));
        }
    }
}
