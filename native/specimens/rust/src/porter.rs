// porter: carries one thing at a time, and is awaited; documented as exclusive.
// Class      MAD-29 future dropped mid-flight.
// Mechanism  what carry() returns borrows the porter at its first poll, and gives it back when it is done. Cancelled or
//            dropped before that, it keeps the porter for ever. The fixed twin gives it back in Drop as well.
// Program    make; carry and cancel it; carry       Threads 1       Known minimum 3 steps
// Model      https://github.com/mozilla/uniffi-rs/pull/1697 (a cancelled future left its mutex locked)

use crate::Ledger;
use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::prelude::*;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};
use std::sync::Arc;

static LEDGER: Ledger = Ledger::new();
const POLLS: i64 = 3;
const DONE: i64 = -1;

struct Native {
    taken: AtomicBool,
}

impl Drop for Native {
    fn drop(&mut self) {
        LEDGER.add(-1);
    }
}

#[pyclass(frozen)]
struct Porter(Arc<Native>);

#[pymethods]
impl Porter {
    #[new]
    fn new() -> Self {
        LEDGER.add(1);
        Self(Arc::new(Native { taken: AtomicBool::new(false) }))
    }

    fn carry(&self) -> Carrying {
        Carrying { porter: self.0.clone(), polls: AtomicI64::new(0) }
    }
}

/// 0: not begun. Below POLLS: under way. DONE: the porter was given back.
#[pyclass(frozen)]
struct Carrying {
    porter: Arc<Native>,
    polls: AtomicI64,
}

#[pymethods]
impl Carrying {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    /// `None`, to be asked again; not Rust's None, which would end it.
    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let polls = self.polls.load(SeqCst);
        if polls == DONE {
            return Err(PyRuntimeError::new_err("it is done"));
        }
        if polls == 0 && self.porter.taken.swap(true, SeqCst) {
            return Err(PyRuntimeError::new_err("Already borrowed"));
        }
        if polls < POLLS {
            self.polls.store(polls + 1, SeqCst);
            return Ok(py.None());
        }
        self.give_back();
        Err(PyStopIteration::new_err(polls))
    }
}

impl Carrying {
    fn give_back(&self) {
        if self.polls.swap(DONE, SeqCst) > 0 {
            self.porter.taken.store(false, SeqCst);
        }
    }
}

impl Drop for Carrying {
    fn drop(&mut self) {
        if FIXED {
            self.give_back();
        }
    }
}

#[pyfunction]
fn alive() -> isize {
    LEDGER.alive()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Porter>()?;
    module.add_class::<Carrying>()?;
    module.add_function(wrap_pyfunction!(alive, module)?)
}
