// ring: the last few values of a measurement.
// Class      MAD-17 panic at the boundary.
// Mechanism  at() indexes with what the user gave; Rust panics, and PyO3 raises PanicException,
//            which is no ordinary Exception. The lock is poisoned, so that all later calls panic too.
// Program    create, at(5)       Threads 1       Known minimum 2 steps
// Model      https://github.com/jkitchin/pounce/issues/477 (a panic swallowed as PanicException)

use crate::Ledger;
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use std::sync::Mutex;

static LEDGER: Ledger = Ledger::new();

#[pyclass(frozen)]
struct Ring(Mutex<Option<Vec<i64>>>);

#[pymethods]
impl Ring {
    #[new]
    fn new() -> Self {
        LEDGER.add(1);
        Self(Mutex::new(Some(vec![0; 4])))
    }

    fn push(&self, value: i64) -> PyResult<()> {
        let mut values = self.0.lock().unwrap();
        let values = values.as_mut().ok_or_else(|| PyValueError::new_err("ring is closed"))?;
        values.rotate_left(1);
        values[3] = value;
        Ok(())
    }

    fn at(&self, index: usize) -> PyResult<i64> {
        let values = self.0.lock().unwrap();
        let values = values.as_ref().ok_or_else(|| PyValueError::new_err("ring is closed"))?;
        if FIXED && index >= values.len() {
            return Err(PyIndexError::new_err("no such value"));
        }
        Ok(values[index])
    }

    fn close(&self) {
        if self.0.lock().unwrap().take().is_some() {
            LEDGER.add(-1);
        }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        let open = self.0.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
        if open.is_some() {
            LEDGER.add(-1);
        }
    }
}

#[pyfunction]
fn alive() -> isize {
    LEDGER.alive()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Ring>()?;
    module.add_function(wrap_pyfunction!(alive, module)?)
}
