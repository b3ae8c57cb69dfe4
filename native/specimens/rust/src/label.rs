// label: a label that holds its text, any Python object.
// Class      MAD-07 native reference-count imbalance (one reference too few).
// Mechanism  text() treats its own, borrowed pointer as an owned one: each call gives back a
//            reference that the label still counts on.
// Program    create, set, text; the label goes       Threads 1       Known minimum 3 steps
// Model      https://github.com/PyO3/pyo3/pull/1297 (wrong decref in From<Py<T>>)

use crate::Ledger;
use pyo3::exceptions::PyValueError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use std::sync::Mutex;

static LEDGER: Ledger = Ledger::new();

#[derive(Default)]
struct Held {
    closed: bool,
    text: Option<Py<PyAny>>,
}

#[pyclass(frozen)]
struct Label(Mutex<Held>);

impl Label {
    fn empty(&self, closed: bool) {
        let mut held = self.0.lock().unwrap();
        held.closed |= closed;
        let old = held.text.take();
        drop(held);
        drop(old);
    }
}

#[pymethods]
impl Label {
    #[new]
    fn new() -> Self {
        LEDGER.add(1);
        Self(Mutex::default())
    }

    fn set(&self, text: Py<PyAny>) -> PyResult<()> {
        let mut held = self.0.lock().unwrap();
        if held.closed {
            return Err(PyValueError::new_err("label is closed"));
        }
        let old = held.text.replace(text);
        drop(held);
        drop(old);
        Ok(())
    }

    fn text<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let held = self.0.lock().unwrap();
        if held.closed {
            return Err(PyValueError::new_err("label is closed"));
        }
        let Some(text) = &held.text else { return Ok(None) };
        // SAFETY: the label keeps the object alive here. (Owned is the bug: it is only borrowed.)
        Ok(Some(unsafe {
            if FIXED { Bound::from_borrowed_ptr(py, text.as_ptr()) } else { Bound::from_owned_ptr(py, text.as_ptr()) }
        }))
    }

    fn close(&self) {
        self.empty(true);
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Ok(held) = self.0.try_lock() else { return Ok(()) };
        visit.call(&held.text)
    }

    fn __clear__(&self) {
        self.empty(false);
    }
}

impl Drop for Label {
    fn drop(&mut self) {
        LEDGER.add(-1);
    }
}

#[pyfunction]
fn alive() -> isize {
    LEDGER.alive()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Label>()?;
    module.add_function(wrap_pyfunction!(alive, module)?)
}
