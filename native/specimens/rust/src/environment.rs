// environment: a key-value store whose get() lets other threads run while it reads the disk.
// Class      MAD-18 dispose while in use.
// Mechanism  get() looks the native store up, gives up the GIL for the disk, then reads; close() on
//            another thread frees the store in between. The fixed twin holds a share of it.
// Program    open; get on one thread, close on another       Threads 2       Known minimum 3 steps
// Model      https://github.com/jnwatson/py-lmdb/issues/180 (close/get race)

use crate::Ledger;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::sync::{Arc, Mutex};
use std::time::Duration;

static LEDGER: Ledger = Ledger::new();

struct Native {
    value: i64,
    _pages: [i64; 30],
}

impl Drop for Native {
    fn drop(&mut self) {
        LEDGER.add(-1);
    }
}

#[pyclass(frozen)]
struct Environment(Mutex<Option<Arc<Native>>>);

#[pymethods]
impl Environment {
    #[new]
    #[pyo3(signature = (value=0))]
    fn new(value: i64) -> Self {
        LEDGER.add(1);
        Self(Mutex::new(Some(Arc::new(Native { value, _pages: [0; 30] }))))
    }

    fn get(&self, py: Python<'_>) -> PyResult<i64> {
        let (share, address) = match &*self.0.lock().unwrap() {
            None => return Err(PyValueError::new_err("environment is closed")),
            Some(native) => (FIXED.then(|| native.clone()), Arc::as_ptr(native) as usize),
        };
        py.detach(|| std::thread::sleep(Duration::from_millis(2)));
        // SAFETY: the share keeps it alive. (There is none in the wrong twin.)
        let value = unsafe { std::ptr::read_volatile(&raw const (*(address as *const Native)).value) };
        drop(share);
        Ok(value)
    }

    fn close(&self) {
        let native = self.0.lock().unwrap().take();
        drop(native);
    }
}

#[pyfunction]
fn alive() -> isize {
    LEDGER.alive()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Environment>()?;
    module.add_function(wrap_pyfunction!(alive, module)?)
}
