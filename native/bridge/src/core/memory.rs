//! Arguments of calls on native memory: offsets, lengths, and memory of the host to fill.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PySlice};

use crate::arguments::{integer, wrong_type};

/// A number of bytes, or of blocks.
pub(super) fn size(value: &Bound<'_, PyAny>, name: &str) -> PyResult<usize> {
    integer(value, name, "pass 0 or more")
}

/// The offset to start at: the beginning, if it is not said.
pub(super) fn place(offset: Option<&Bound<'_, PyAny>>) -> PyResult<usize> {
    offset.map_or(Ok(0), |offset| size(offset, "offset"))
}

/// Fills all of a bytearray with what the call gives for that many bytes. It is not borrowed meanwhile, as other threads
/// may do with it what they like; only when the bytes are there is it changed, in one step.
pub(super) fn fill(into: &Bound<'_, PyAny>, get: impl FnOnce(usize) -> PyResult<Vec<u8>>) -> PyResult<()> {
    let room = bytearray(into)?.len();
    put(into, room, &get(room)?)
}

/// The argument as a bytearray.
pub(super) fn bytearray<'a, 'py>(into: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, PyByteArray>> {
    into.cast::<PyByteArray>().map_err(|_| wrong_type(into, "into", "a bytearray", "make one of the length to read"))
}

/// Replaces the first bytes of a bytearray that has that length still.
pub(super) fn put(into: &Bound<'_, PyAny>, room: usize, found: &[u8]) -> PyResult<()> {
    if bytearray(into)?.len() != room {
        return Err(PyValueError::new_err("into was resized during the call: use one bytearray per thread"));
    }
    let end = isize::try_from(found.len())?;
    // Of bytearray, whatever a subclass makes of it.
    let py = into.py();
    py.get_type::<PyByteArray>()
        .call_method1("__setitem__", (into, PySlice::new(py, 0, end, 1), PyBytes::new(py, found)))
        .map(drop)
}
