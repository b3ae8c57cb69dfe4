//! Arguments of calls on native memory: offsets, lengths, and memory of the host to fill.

use deadhand_export::Borrowed;
use pyo3::exceptions::{PyBufferError, PyTypeError};
use pyo3::prelude::*;

use crate::arguments::{integer, wrong_type};

/// A number of bytes, or of blocks.
pub(super) fn size(value: &Bound<'_, PyAny>, name: &str) -> PyResult<usize> {
    integer(value, name, "pass 0 or more")
}

/// The offset to start at: the beginning, if it is not said.
pub(super) fn place(offset: Option<&Bound<'_, PyAny>>) -> PyResult<usize> {
    offset.map_or(Ok(0), |offset| size(offset, "offset"))
}

/// Memory of the host, to be filled while the call runs: pinned, so that nobody resizes it, but not locked.
pub(super) fn writable(into: &Bound<'_, PyAny>) -> PyResult<Borrowed> {
    Borrowed::writable(into).map_err(|error| {
        let py = into.py();
        // The code of somebody's own class may run here, and fail with anything.
        let ours = error.is_instance_of::<PyTypeError>(py) || error.is_instance_of::<PyBufferError>(py);
        let remedy = "pass a bytearray of the length to read, or an array or memoryview of it";
        if ours { wrong_type(into, "into", "a writable and contiguous buffer", remedy) } else { error }
    })
}
