//! Memory of the host for native to fill.
#![expect(unsafe_code, reason = "writes to memory that Python lends")]

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::ffi::{PyBuffer, PyBuffer_Release, PyObject_GetBuffer, WRITABLE, check};

/// A claim on writable bytes of the host, one after the other: they stay where they are, and their owner cannot resize
/// them, until this is dropped.
///
/// No reference to them is ever made. What other threads of the host do with them meanwhile is between them and the
/// host, as it is for `file.readinto()`: they may see some bytes filled and others not, and nothing worse.
pub struct Borrowed {
    // Boxed: fields of a claim may point to the claim.
    view: Box<PyBuffer>,
}

// SAFETY: the claim is plain data that only `drop` changes, with the thread attached; the bytes belong to no thread.
unsafe impl Send for Borrowed {}
// SAFETY: through `&Borrowed` the claim is only read. Two threads that fill at once write bytes, whose owner says so.
unsafe impl Sync for Borrowed {}

impl Borrowed {
    /// A claim on all bytes of the object. This may run code of the object's class.
    ///
    /// # Errors
    /// What the object says: in general a `TypeError` if it has no bytes to lend, and a `BufferError` if they cannot be
    /// written or do not lie one after the other.
    pub fn writable(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        static CHECKED: PyOnceLock<()> = PyOnceLock::new();
        let py = object.py();
        CHECKED.get_or_try_init(py, || check(py))?;
        let mut view = Box::new(PyBuffer::EMPTY);
        // SAFETY: an object, and a struct to fill in that does not move until it is given back.
        if unsafe { PyObject_GetBuffer(object.as_ptr(), &raw mut *view, WRITABLE) } == 0 {
            Ok(Self { view })
        } else {
            Err(PyErr::fetch(py))
        }
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.view.len.cast_unsigned()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies the bytes to the beginning, as many as there is room for.
    pub fn fill(&self, bytes: &[u8]) {
        let length = bytes.len().min(self.len());
        let start = self.view.buf.cast::<u8>();
        if length > 0 {
            // SAFETY: the claim is for that many writable bytes, which are not these: those are borrowed by Rust, and
            // what Rust lends to the host it does not borrow.
            unsafe { start.copy_from(bytes.as_ptr(), length) };
        }
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        // None if the interpreter ends, which takes the owner of the bytes along.
        Python::try_attach(|_| {
            // SAFETY: filled in by `writable`, and given back once.
            unsafe { PyBuffer_Release(&raw mut *self.view) };
        });
    }
}
