// postbox: keeps what is put in, and has a native thread let go of it when the box is gone.
// Class      MAD-21 drop without the GIL.
// Mechanism  the thread drops the Py<PyAny>s without being attached. PyO3 puts them aside, and releases them when somebody
//            next calls the library, which may be never. The fixed twin lets go of them where it has the GIL.
// Program    make, put       Threads 1 (and the library's own)       Known minimum 2 steps
// Model      https://github.com/PyO3/pyo3/issues/4105 (references that are counted later)

use crate::Ledger;
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};
use std::sync::{Mutex, PoisonError};
use std::thread;

static LEDGER: Ledger = Ledger::new();

#[pyclass(frozen)]
struct Postbox(Mutex<Vec<Py<PyAny>>>);

impl Postbox {
    fn take(&self) -> Vec<Py<PyAny>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[pymethods]
impl Postbox {
    #[new]
    fn new() -> Self {
        LEDGER.add(1);
        Self(Mutex::default())
    }

    fn put(&self, item: Py<PyAny>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(item);
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().try_for_each(|item| visit.call(item))
    }

    fn __clear__(&self) {
        drop(self.take());
    }
}

impl Drop for Postbox {
    fn drop(&mut self) {
        LEDGER.add(-1);
        let items = self.take();
        if !FIXED && !items.is_empty() {
            let _ = thread::spawn(move || drop(items)).join(); // it does not wait for the GIL, which this one has
        }
    }
}

#[pyfunction]
fn alive() -> isize {
    LEDGER.alive()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Postbox>()?;
    module.add_function(wrap_pyfunction!(alive, module)?)
}
