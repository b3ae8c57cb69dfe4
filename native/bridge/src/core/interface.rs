//! The C-style interface as a Python class: entries that return a number, negative if they failed.

use deadhand_core::error::{Code, Interface as Native, Limits, OnSuccess};
use deadhand_core::guard::Handle;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::drop::undisposed;
use super::errors::{from_call, from_guard};
use super::exit::Firing;
use super::memory::{place, size, writable};
use crate::arguments::{bytes, integer, wrong_type};

/// Buffers as a C library has them: the host has their numbers and nothing else. Any thread may use it.
#[pyclass(frozen, weakref, module = "deadhand._native")]
pub(crate) struct Interface(Native);

/// What an entry returns.
#[derive(IntoPyObject)]
pub(crate) enum Answer {
    Done(u64),
    /// The code, negative.
    Failed(i32),
}

#[pymethods]
impl Interface {
    /// Make one. With `keep`, an entry that succeeds leaves the record as it is; else it clears it.
    #[new]
    #[pyo3(signature = (*, keep = false, slots = None, generations = None))]
    fn new(
        py: Python<'_>,
        keep: bool,
        slots: Option<&Bound<'_, PyAny>>,
        generations: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let limit = |value: Option<&Bound<'_, PyAny>>, name| {
            value.map(|value| integer(value, name, "pass 1 or more")).transpose()
        };
        let limits = Limits { slots: limit(slots, "slots")?, generations: limit(generations, "generations")? };
        let on_success = if keep { OnSuccess::Keep } else { OnSuccess::Clear };
        py.detach(|| Native::open(on_success, limits)).map(Self).map_err(|error| from_guard(&error))
    }

    /// Make a buffer of `length` zeros and return its handle.
    fn allocate(&self, py: Python<'_>, length: &Bound<'_, PyAny>) -> PyResult<Answer> {
        let length = size(length, "length")?;
        Ok(answer(py.detach(|| self.0.allocate(length)).map(Handle::to_u64)))
    }

    /// Make a buffer of the bytes that `fill` returns when it is called with the handle, and return the handle.
    fn allocate_filled(&self, fill: &Bound<'_, PyAny>) -> PyResult<Answer> {
        if !fill.is_callable() {
            return Err(wrong_type(
                fill,
                "fill",
                "callable",
                "pass a function that takes the handle and returns bytes",
            ));
        }
        let _firing = Firing::begin("no function fills a buffer")?;
        let mut failed = None;
        let made = self.0.allocate_filled(|handle| {
            let filled = fill.call1((handle.to_u64(),));
            let filled = filled.and_then(|filled| bytes(&filled, "what fill returns").map(<[u8]>::to_vec));
            filled.map_err(|error| failed = Some(error)).ok()
        });
        failed.map_or_else(|| Ok(answer(made.map(Handle::to_u64))), Err)
    }

    /// Return how many bytes the buffer has.
    fn length(&self, py: Python<'_>, buffer: &Bound<'_, PyAny>) -> PyResult<Answer> {
        let buffer = number(buffer)?;
        Ok(answer(py.detach(|| self.0.length(buffer)).map(|length| length as u64)))
    }

    /// Fill all of the writable buffer `into` with the bytes from `offset` on, and return 0.
    #[pyo3(signature = (buffer, into, offset = None))]
    fn read_into(
        &self,
        py: Python<'_>,
        buffer: &Bound<'_, PyAny>,
        into: &Bound<'_, PyAny>,
        offset: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Answer> {
        let (buffer, offset, into) = (number(buffer)?, place(offset)?, writable(into)?);
        let read = py.detach(|| self.0.read(buffer, offset, into.len(), |bytes| into.fill(bytes)));
        Ok(answer(read.map(|()| 0)))
    }

    /// Copy `data` to `offset`, and return 0.
    #[pyo3(signature = (buffer, data, offset = None))]
    fn write(
        &self,
        py: Python<'_>,
        buffer: &Bound<'_, PyAny>,
        data: &Bound<'_, PyAny>,
        offset: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Answer> {
        let (buffer, data, offset) = (number(buffer)?, bytes(data, "data")?, place(offset)?);
        Ok(answer(py.detach(|| self.0.write(buffer, offset, data)).map(|()| 0)))
    }

    /// Give it another length, keep what fits, fill up with zeros, and return the new epoch.
    fn resize(&self, py: Python<'_>, buffer: &Bound<'_, PyAny>, length: &Bound<'_, PyAny>) -> PyResult<Answer> {
        let (buffer, length) = (number(buffer)?, size(length, "length")?);
        Ok(answer(py.detach(|| self.0.resize(buffer, length))))
    }

    /// End the buffer, and return 0.
    fn free(&self, py: Python<'_>, buffer: &Bound<'_, PyAny>) -> PyResult<Answer> {
        let buffer = number(buffer)?;
        Ok(answer(py.detach(|| self.0.free(buffer)).map(|()| 0)))
    }

    /// Panic in a call on the buffer, for tests: it is fenced off.
    fn panic(&self, py: Python<'_>, buffer: &Bound<'_, PyAny>) -> PyResult<Answer> {
        let buffer = number(buffer)?;
        Ok(answer(py.detach(|| self.0.panic(buffer)).map(|()| 0)))
    }

    /// Return how many buffers it has.
    fn buffers(&self, py: Python<'_>) -> PyResult<u32> {
        py.detach(|| self.0.buffers()).map_err(|error| from_call(py, &error))
    }

    /// Panic in native code, for tests: raises `NativePanic` and leaves the interface fenced off.
    fn provoke_panic(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.provoke_panic()).map_err(|error| from_call(py, &error))
    }

    /// Close it, with all its buffers. An entry that is at work ends well.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.close()).map_err(|error| from_guard(&error))
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
        format!("<Interface {}: {}>", self.0.handle(), if self.closed() { "closed" } else { "open" })
    }
}

impl Drop for Interface {
    fn drop(&mut self) {
        if self.0.is_open() {
            undisposed("interface", self.0.handle(), || self.0.discard());
        }
    }
}

/// A handle as C has it: any number that fits.
fn number(buffer: &Bound<'_, PyAny>) -> PyResult<u64> {
    integer(buffer, "buffer", "pass the number that allocate() returned")
}

fn answer(result: Result<u64, Code>) -> Answer {
    match result {
        Ok(done) => Answer::Done(done),
        Err(code) => Answer::Failed(-code.number()),
    }
}
