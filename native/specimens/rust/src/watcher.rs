// watcher: calls back on change, and carries the user's context object.
// Class      MAD-06 native holds a host object for ever: a cycle the collector cannot see.
// Mechanism  `__traverse__` visits the callback and forgets the context, a field added later.
// Program    create, attach a context that holds the watcher; drop and collect
//            Threads 1       Known minimum 2 steps (drop and collect are the closing phase)
// Model      https://github.com/pydantic/pydantic-core/issues/787 (a field missing in traverse)

use crate::Ledger;
use pyo3::exceptions::PyValueError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use std::sync::Mutex;

static LEDGER: Ledger = Ledger::new();

#[derive(Default)]
struct Held {
    closed: bool,
    callback: Option<Py<PyAny>>,
    context: Option<Py<PyAny>>,
}

#[pyclass(frozen)]
struct Watcher(Mutex<Held>);

impl Watcher {
    /// Puts an object into a slot; what was there is dropped outside the lock.
    fn put(&self, value: Py<PyAny>, slot: fn(&mut Held) -> &mut Option<Py<PyAny>>) -> PyResult<()> {
        let mut held = self.0.lock().unwrap();
        if held.closed {
            return Err(PyValueError::new_err("watcher is closed"));
        }
        let old = slot(&mut held).replace(value);
        drop(held);
        drop(old);
        Ok(())
    }

    fn empty(&self, closed: bool) {
        let mut held = self.0.lock().unwrap();
        held.closed |= closed;
        let old = (held.callback.take(), held.context.take());
        drop(held);
        drop(old);
    }
}

#[pymethods]
impl Watcher {
    #[new]
    fn new() -> Self {
        LEDGER.add(1);
        Self(Mutex::default())
    }

    fn on_change(&self, callback: Py<PyAny>) -> PyResult<()> {
        self.put(callback, |held| &mut held.callback)
    }

    fn attach(&self, context: Py<PyAny>) -> PyResult<()> {
        self.put(context, |held| &mut held.context)
    }

    fn change(&self, py: Python<'_>) -> PyResult<()> {
        let held = self.0.lock().unwrap();
        if held.closed {
            return Err(PyValueError::new_err("watcher is closed"));
        }
        let callback = held.callback.as_ref().map(|callback| callback.clone_ref(py));
        drop(held);
        callback.map_or(Ok(()), |callback| callback.call0(py).map(drop))
    }

    fn close(&self) {
        self.empty(true);
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Ok(held) = self.0.try_lock() else { return Ok(()) };
        visit.call(&held.callback)?;
        if FIXED {
            visit.call(&held.context)?;
        }
        Ok(())
    }

    fn __clear__(&self) {
        self.empty(false);
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        LEDGER.add(-1);
    }
}

#[pyfunction]
fn alive() -> isize {
    LEDGER.alive()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Watcher>()?;
    module.add_function(wrap_pyfunction!(alive, module)?)
}
