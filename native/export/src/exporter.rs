//! The type that offers the buffer protocol: a loan, with the two slots that a class of the stable ABI cannot have.
#![expect(unsafe_code, reason = "makes a type with slots of its own, which Python calls")]

use std::ffi::{c_int, c_uint, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::PyBufferError;
use pyo3::ffi::{Py_TPFLAGS_DEFAULT, Py_ssize_t, PyObject, PyType_FromSpecWithBases, PyType_Slot, PyType_Spec};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

use crate::ffi::{GETBUFFER, PyBuffer, PyBuffer_FillInfo, RELEASEBUFFER, check};
use crate::loan::Loan;

/// The type, made when first asked for.
pub(crate) fn exporter(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static EXPORTER: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    EXPORTER.get_or_try_init(py, || check(py).and_then(|()| make(py))).map(|made| made.bind(py))
}

fn make(py: Python<'_>) -> PyResult<Py<PyType>> {
    let mut slots = [
        PyType_Slot { slot: GETBUFFER, pfunc: get_buffer as *mut c_void },
        PyType_Slot { slot: RELEASEBUFFER, pfunc: release_buffer as *mut c_void },
        PyType_Slot::default(),
    ];
    let mut spec = PyType_Spec {
        name: c"deadhand._native.Lent".as_ptr(),
        // Those of the base; so are the collector's flag and slots, which are inherited when there are none.
        basicsize: 0,
        itemsize: 0,
        flags: c_uint::try_from(Py_TPFLAGS_DEFAULT)?,
        slots: slots.as_mut_ptr(),
    };
    let bases = (py.get_type::<Loan>(),).into_pyobject(py)?;
    // SAFETY: the spec ends in an empty slot and is read during the call only, but for the name, which is static.
    let made = unsafe { PyType_FromSpecWithBases(&raw mut spec, bases.as_ptr()) };
    // SAFETY: a new reference, or null with an exception.
    let made = unsafe { Bound::from_owned_ptr_or_err(py, made) }?;
    Ok(made.cast_into::<PyType>()?.unbind())
}

/// Python asks for a claim on the bytes.
unsafe extern "C" fn get_buffer(object: *mut PyObject, view: *mut PyBuffer, flags: c_int) -> c_int {
    attached(|py| {
        let Err(error) = stopped(|| claim(py, object, view, flags)) else { return 0 };
        error.restore(py);
        // SAFETY: Python gives a struct to fill in, and looks at this field if that fails. Its place was checked.
        unsafe { (*view).obj = std::ptr::null_mut() };
        -1
    })
}

fn claim(py: Python<'_>, object: *mut PyObject, view: *mut PyBuffer, flags: c_int) -> PyResult<()> {
    // SAFETY: Python calls the slot of an object that it has a reference to.
    let this = unsafe { Bound::from_borrowed_ptr(py, object) };
    let loan = this.cast::<Loan>()?.get();
    let over = "the view was released, and its memory given back: take a new view()";
    let place = loan.claim().ok_or_else(|| PyBufferError::new_err(over))?;
    let length = Py_ssize_t::try_from(place.length)?;
    let start = place.start.as_ptr().cast();
    // SAFETY: Python gives a struct to fill in. The bytes are there until as many claims are over as were made.
    let filled = unsafe { PyBuffer_FillInfo(view, object, start, length, c_int::from(!place.writable), flags) };
    if filled == 0 {
        return Ok(());
    }
    let error = PyErr::fetch(py);
    drop(loan.let_go());
    Err(error)
}

/// Python gives a claim back: now, or when whatever has it is collected, on any thread.
unsafe extern "C" fn release_buffer(object: *mut PyObject, _view: *mut PyBuffer) {
    attached(|py| {
        // What was lent may end here, and its parent, which may run Python: an exception that is on its way must stay.
        let pending = PyErr::take(py);
        // SAFETY: Python calls the slot of an object that it has a reference to.
        let this = unsafe { Bound::from_borrowed_ptr(py, object) };
        // It cannot fail.
        drop(stopped(|| this.cast::<Loan>().map(|loan| drop(loan.get().let_go())).map_err(PyErr::from)));
        if let Some(pending) = pending {
            pending.restore(py);
        }
    });
}

/// Runs a slot, once. While the interpreter ends `PyO3` attaches nobody any more, but Python itself still calls.
fn attached<R>(run: impl Fn(Python<'_>) -> R) -> R {
    Python::try_attach(&run).unwrap_or_else(|| {
        // SAFETY: Python calls slots with the thread attached.
        run(unsafe { Python::assume_attached() })
    })
}

/// Nothing may unwind into Python, not even the destructor of what was thrown.
fn stopped(call: impl FnOnce() -> PyResult<()>) -> PyResult<()> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panicked| {
        std::mem::forget(panicked);
        Err(PyBufferError::new_err("the native side panicked: let go of the view"))
    })
}
