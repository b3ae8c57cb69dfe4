// vector: a vector of integers that accepts anything with `__index__`.
// Class      MAD-15 re-entrant Python code mutates the object in use.
// Mechanism  exchange() finds the place first and converts the value after; the value's
//            `__index__` clears the vector, and the place is gone.
// Program    create, exchange(0, value whose __index__ { clear })    Threads 1    Known minimum 3 steps
// Model      https://github.com/python/cpython/issues/142637 (__index__ that mutates the receiver)

use crate::Ledger;
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use std::sync::Mutex;

static LEDGER: Ledger = Ledger::new();

/// The items while the vector is open; the lock is never held while Python code runs.
#[pyclass(frozen)]
struct Vector(Mutex<Option<Vec<i64>>>);

impl Vector {
    fn place(&self, index: usize) -> PyResult<*mut i64> {
        match &mut *self.0.lock().unwrap() {
            None => Err(PyValueError::new_err("vector is closed")),
            Some(items) => match items.get_mut(index) {
                Some(item) => Ok(item),
                None => Err(PyIndexError::new_err("no such item")),
            },
        }
    }
}

#[pymethods]
impl Vector {
    #[new]
    #[pyo3(signature = (length=20, value=0))]
    fn new(length: usize, value: i64) -> PyResult<Self> {
        if length > 1 << 20 {
            return Err(PyValueError::new_err("too long"));
        }
        LEDGER.add(1);
        Ok(Self(Mutex::new(Some(vec![value; length]))))
    }

    /// Put a value in place of another, which is returned.
    fn exchange(&self, index: usize, value: &Bound<'_, PyAny>) -> PyResult<i64> {
        let mut place = self.place(index)?;
        let value = value.extract::<i64>()?;
        if FIXED {
            place = self.place(index)?; // it may have moved
        }
        // SAFETY: no Python code runs between `place` and here. (It does in the wrong twin.)
        unsafe {
            let old = std::ptr::read_volatile(place);
            std::ptr::write_volatile(place, value);
            Ok(old)
        }
    }

    fn clear(&self) -> PyResult<()> {
        match &mut *self.0.lock().unwrap() {
            None => Err(PyValueError::new_err("vector is closed")),
            Some(items) => {
                *items = Vec::new();
                Ok(())
            }
        }
    }

    fn close(&self) {
        if self.0.lock().unwrap().take().is_some() {
            LEDGER.add(-1);
        }
    }
}

impl Drop for Vector {
    fn drop(&mut self) {
        self.close();
    }
}

#[pyfunction]
fn alive() -> isize {
    LEDGER.alive()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Vector>()?;
    module.add_function(wrap_pyfunction!(alive, module)?)
}
