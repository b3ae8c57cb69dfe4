//! The slice as a Python class.

use deadhand_core::buffer::Buffers;
use deadhand_core::guard::Handle;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use super::Buffer;
use super::drop::undisposed;
use super::errors::from_buffer;
use super::memory::{place, size, writable};
use crate::arguments::bytes;

/// A view of a part of a buffer, until it is revoked or the buffer is resized or closed. Any thread may use it.
#[pyclass(frozen, weakref, module = "deadhand._native")]
pub(crate) struct Slice {
    all: &'static Buffers,
    handle: Handle,
    /// So that only a close, and not the collector, ends the buffer under a slice: another thread may be reading through it.
    _buffer: Py<Buffer>,
}

#[pymethods]
impl Slice {
    /// How many bytes it shows.
    #[getter]
    fn length(&self, py: Python<'_>) -> PyResult<usize> {
        py.detach(|| self.all.slice_length(self.handle)).map_err(|error| from_buffer(py, &error))
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
        let bytes =
            py.detach(|| self.all.get_slice(self.handle, offset, length)).map_err(|error| from_buffer(py, &error))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Fill all of the writable buffer `into` with the bytes from `offset` on.
    #[pyo3(signature = (into, offset = None))]
    fn read_into(&self, py: Python<'_>, into: &Bound<'_, PyAny>, offset: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let (offset, into) = (place(offset)?, writable(into)?);
        py.detach(|| self.all.show_slice(self.handle, offset, Some(into.len()), |bytes| into.fill(bytes)))
            .map_err(|error| from_buffer(py, &error))
    }

    /// Copy `data` to `offset`.
    #[pyo3(signature = (data, offset = None))]
    fn write(&self, py: Python<'_>, data: &Bound<'_, PyAny>, offset: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let (data, offset) = (bytes(data, "data")?, place(offset)?);
        py.detach(|| self.all.write_slice(self.handle, offset, data)).map_err(|error| from_buffer(py, &error))
    }

    /// Take its right away, for good. When this returns, no call reads or writes through it any more.
    fn revoke(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.all.revoke(self.handle)).map_err(|error| from_buffer(py, &error))
    }

    /// Panic in native code, for tests: raises `NativePanic` and leaves the slice fenced off.
    fn provoke_panic(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.all.provoke_panic(self.handle)).map_err(|error| from_buffer(py, &error))
    }

    /// End the slice, not the buffer.
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
        format!("<Slice {}: {}>", self.handle, if self.closed() { "closed" } else { "open" })
    }
}

impl Slice {
    pub(super) fn of(all: &'static Buffers, handle: Handle, buffer: &Bound<'_, Buffer>) -> Self {
        Self { all, handle, _buffer: buffer.clone().unbind() }
    }
}

impl Drop for Slice {
    fn drop(&mut self) {
        if self.all.is_open(self.handle) {
            undisposed("slice", self.handle, || self.all.discard(self.handle));
        }
    }
}
