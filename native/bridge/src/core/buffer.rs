//! The buffer as a Python class.

use deadhand_core::buffer::Buffers;
use deadhand_core::guard::Handle;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use super::drop::undisposed;
use super::errors::{from_buffer, from_guard};
use super::memory::{place, size, writable};
use super::{Slice, Span};
use crate::arguments::bytes;

/// Bytes of native memory. Any thread may use it; a lock inside keeps reads and writes apart.
#[pyclass(frozen, weakref, module = "deadhand._native")]
pub(crate) struct Buffer {
    all: &'static Buffers,
    handle: Handle,
}

#[pymethods]
impl Buffer {
    /// Make a buffer of `length` zeros.
    #[staticmethod]
    fn zeros(py: Python<'_>, length: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (all, length) = (buffers(py)?, size(length, "length")?);
        let made = py.detach(|| all.allocate(length));
        made.map(|handle| Self { all, handle }).map_err(|error| from_buffer(py, &error))
    }

    /// Make a buffer with a copy of `data`.
    #[staticmethod]
    fn of(py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (all, data) = (buffers(py)?, bytes(data, "data")?);
        let made = py.detach(|| all.copy_of(data));
        made.map(|handle| Self { all, handle }).map_err(|error| from_buffer(py, &error))
    }

    /// How many bytes it has.
    #[getter]
    fn length(&self, py: Python<'_>) -> PyResult<usize> {
        py.detach(|| self.all.length(self.handle)).map_err(|error| from_buffer(py, &error))
    }

    /// How often it was resized, plus one.
    #[getter]
    fn epoch(&self, py: Python<'_>) -> PyResult<u64> {
        py.detach(|| self.all.epoch(self.handle)).map_err(|error| from_buffer(py, &error))
    }

    /// Return `length` bytes from `offset` on; without `length`, all that are there.
    #[pyo3(signature = (offset = None, length = None))]
    fn read<'py>(
        &self,
        py: Python<'py>,
        offset: Option<&Bound<'py, PyAny>>,
        length: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (offset, length) = (place(offset)?, length.map(|length| size(length, "length")).transpose()?);
        let bytes = py.detach(|| self.all.get(self.handle, offset, length)).map_err(|error| from_buffer(py, &error))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Fill all of the writable buffer `into` with the bytes from `offset` on.
    #[pyo3(signature = (into, offset = None))]
    fn read_into(&self, py: Python<'_>, into: &Bound<'_, PyAny>, offset: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let (offset, into) = (place(offset)?, writable(into)?);
        py.detach(|| self.all.show(self.handle, offset, Some(into.len()), |bytes| into.fill(bytes)))
            .map_err(|error| from_buffer(py, &error))
    }

    /// Copy `data` to `offset`.
    #[pyo3(signature = (data, offset = None))]
    fn write(&self, py: Python<'_>, data: &Bound<'_, PyAny>, offset: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let (data, offset) = (bytes(data, "data")?, place(offset)?);
        py.detach(|| self.all.write(self.handle, offset, data)).map_err(|error| from_buffer(py, &error))
    }

    /// Give it another length, keep what fits, fill up with zeros, and return the new epoch.
    fn resize(&self, py: Python<'_>, length: &Bound<'_, PyAny>) -> PyResult<u64> {
        let length = size(length, "length")?;
        py.detach(|| self.all.resize(self.handle, length)).map_err(|error| from_buffer(py, &error))
    }

    /// Make a view of a part that is good until it is revoked, or the buffer resized or closed.
    fn slice(slf: &Bound<'_, Self>, offset: &Bound<'_, PyAny>, length: &Bound<'_, PyAny>) -> PyResult<Slice> {
        let (py, this) = (slf.py(), slf.get());
        let (offset, length) = (size(offset, "offset")?, size(length, "length")?);
        let made = py.detach(|| this.all.slice(this.handle, offset, length));
        made.map(|handle| Slice::of(this.all, handle, slf)).map_err(|error| from_buffer(py, &error))
    }

    /// Pin a part: the buffer can be neither resized nor closed until the span is closed.
    fn span(slf: &Bound<'_, Self>, offset: &Bound<'_, PyAny>, length: &Bound<'_, PyAny>) -> PyResult<Span> {
        let (py, this) = (slf.py(), slf.get());
        let (offset, length) = (size(offset, "offset")?, size(length, "length")?);
        let made = py.detach(|| this.all.span(this.handle, offset, length));
        made.map(|handle| Span::of(this.all, handle, slf)).map_err(|error| from_buffer(py, &error))
    }

    /// Panic in native code, for tests: raises `NativePanic` and leaves the buffer fenced off. With `at_end`, its end
    /// will panic instead.
    #[pyo3(signature = (*, at_end = false))]
    fn provoke_panic(&self, py: Python<'_>, at_end: bool) -> PyResult<()> {
        let (all, handle) = (self.all, self.handle);
        py.detach(|| if at_end { all.provoke_panic_at_end(handle) } else { all.provoke_panic(handle) })
            .map_err(|error| from_buffer(py, &error))
    }

    /// End it; a rented one gives its memory back to the pool.
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
        format!("<Buffer {}: {}>", self.handle, if self.closed() { "closed" } else { "open" })
    }
}

impl Buffer {
    pub(super) fn of_pool(all: &'static Buffers, handle: Handle) -> Self {
        Self { all, handle }
    }
}

/// The buffers of the process.
pub(super) fn buffers(py: Python<'_>) -> PyResult<&'static Buffers> {
    py.detach(Buffers::shared).map_err(|error| from_guard(&error))
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.all.is_open(self.handle) {
            undisposed("buffer", self.handle, || self.all.discard(self.handle));
        }
    }
}
