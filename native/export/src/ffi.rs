//! What `pyo3::ffi` leaves out for the stable ABI of Python 3.10, and a look at whether this Python has it so.
//!
//! `Py_buffer` and the three functions are older than the stable ABI's version of them: PEP 3118 made them, and since
//! Python 3.3 the struct has had these fields, in this order. PEP 688 and the ABI of 3.11 froze them so. Slots 1 and 2
//! have been accepted by `PyType_FromSpec` since 3.9. As nothing but this argument speaks for 3.10, [`check`] asks the
//! interpreter that it runs in.
#![expect(unsafe_code, reason = "declares a part of Python's C API")]

use std::ffi::{c_char, c_int, c_void};
use std::ptr::{self, NonNull};

use pyo3::exceptions::PyBufferError;
use pyo3::ffi::{Py_ssize_t, PyObject};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// A claim on bytes, as the one who has them fills it in.
#[repr(C)]
pub(crate) struct PyBuffer {
    pub(crate) buf: *mut c_void,
    pub(crate) obj: *mut PyObject,
    pub(crate) len: Py_ssize_t,
    itemsize: Py_ssize_t,
    readonly: c_int,
    ndim: c_int,
    format: *mut c_char,
    shape: *mut Py_ssize_t,
    strides: *mut Py_ssize_t,
    suboffsets: *mut Py_ssize_t,
    internal: *mut c_void,
}

impl PyBuffer {
    pub(crate) const EMPTY: Self = Self {
        buf: ptr::null_mut(),
        obj: ptr::null_mut(),
        len: 0,
        itemsize: 0,
        readonly: 0,
        ndim: 0,
        format: ptr::null_mut(),
        shape: ptr::null_mut(),
        strides: ptr::null_mut(),
        suboffsets: ptr::null_mut(),
        internal: ptr::null_mut(),
    };
}

/// A claim on bytes that can be written, one after the other, whatever they mean.
pub(crate) const WRITABLE: c_int = 0x1;
/// A claim that asks for everything there is to know.
const FULL: c_int = 0x11C;

/// Numbers of the slots of a type.
pub(crate) const GETBUFFER: c_int = 1;
pub(crate) const RELEASEBUFFER: c_int = 2;

unsafe extern "C" {
    pub(crate) fn PyObject_GetBuffer(object: *mut PyObject, view: *mut PyBuffer, flags: c_int) -> c_int;
    pub(crate) fn PyBuffer_Release(view: *mut PyBuffer);
    pub(crate) fn PyBuffer_FillInfo(
        view: *mut PyBuffer,
        object: *mut PyObject,
        start: *mut c_void,
        length: Py_ssize_t,
        readonly: c_int,
        flags: c_int,
    ) -> c_int;
}

/// Room for a struct that is larger than ours.
const SPARE: usize = 128;

#[repr(C)]
struct Probe {
    view: PyBuffer,
    spare: [u8; SPARE],
}

/// Whether this Python fills in a claim as it is declared here: every field where it should be, and nothing behind them.
///
/// # Errors
/// `BufferError`, if not.
pub(crate) fn check(py: Python<'_>) -> PyResult<()> {
    const CONTENT: &[u8] = b"probe";
    const MARK: u8 = 0xA5;
    let bytes = PyBytes::new(py, CONTENT);
    let mut probe = Box::new(Probe { view: PyBuffer::EMPTY, spare: [MARK; SPARE] });
    let view = &raw mut probe.view;
    // SAFETY: both are valid, and there is room for whatever this Python thinks a claim is.
    if unsafe { PyObject_GetBuffer(bytes.as_ptr(), view, FULL) } != 0 {
        return Err(PyErr::fetch(py));
    }
    let found = &probe.view;
    let expected = found.buf.cast::<u8>().cast_const() == bytes.as_bytes().as_ptr()
        && found.obj == bytes.as_ptr()
        && found.len.cast_unsigned() == CONTENT.len()
        && (found.itemsize, found.readonly, found.ndim) == (1, 1, 1)
        && NonNull::new(found.format).is_some_and(|format| {
            // SAFETY: asked for, it is a C string, of which the first byte can be read.
            unsafe { format.read() }.cast_unsigned() == b'B'
        })
        // Of one row of bytes, shape and strides are the claim's own fields.
        && found.shape.cast_const() == &raw const found.len
        && found.strides.cast_const() == &raw const found.itemsize
        && found.suboffsets.is_null()
        && probe.spare.iter().all(|byte| *byte == MARK);
    // SAFETY: filled in by the call above, and not moved since.
    unsafe { PyBuffer_Release(view) };
    if expected {
        return Ok(());
    }
    let text = "this Python lays out Py_buffer in another way than 3.10 to 3.13: copy bytes with read() and write()";
    Err(PyBufferError::new_err(text))
}
