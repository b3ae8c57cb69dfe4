// gauge: a reading behind a Mutex; poll() fetches a new one without the GIL and tells Python.
// Class      MAD-22 GIL against native lock.
// Mechanism  poll() takes the GIL with the Mutex locked; level() holds the GIL when it locks the
//            Mutex. The fixed twin unlocks first.
// Program    create; poll on one thread, level on another       Threads 2       Known minimum 3 steps
// Model      https://github.com/PyO3/pyo3/issues/4764 (the GIL taken under another lock)

use crate::Ledger;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::sync::Mutex;

static LEDGER: Ledger = Ledger::new();

#[derive(Default)]
struct Reading {
    level: i64,
    closed: bool,
}

#[pyclass(frozen)]
struct Gauge(Mutex<Reading>);

#[pymethods]
impl Gauge {
    #[new]
    fn new() -> Self {
        LEDGER.add(1);
        Self(Mutex::default())
    }

    fn poll(&self, py: Python<'_>) -> PyResult<()> {
        self.level()?;
        py.detach(|| {
            let mut reading = self.0.lock().unwrap();
            reading.level += 1;
            let level = reading.level;
            let held = (!FIXED).then_some(reading); // the fixed twin unlocks here
            crate::window();
            Python::attach(|py| drop(level.into_pyobject(py)));
            drop(held);
        });
        Ok(())
    }

    fn level(&self) -> PyResult<i64> {
        let reading = self.0.lock().unwrap();
        if reading.closed { Err(PyValueError::new_err("gauge is closed")) } else { Ok(reading.level) }
    }

    fn close(&self) {
        self.0.lock().unwrap().closed = true;
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        LEDGER.add(-1);
    }
}

#[pyfunction]
fn alive() -> isize {
    LEDGER.alive()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Gauge>()?;
    module.add_function(wrap_pyfunction!(alive, module)?)
}
