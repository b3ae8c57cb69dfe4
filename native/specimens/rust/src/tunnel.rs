// tunnel: a route to somewhere, taken down without the GIL.
// Class      MAD-19 concurrent double dispose.
// Mechanism  close() sees an open tunnel, gives up the GIL, frees, and notes it when it has the GIL
//            again; a second closer frees once more. The window has no width: all there is in it
//            is the free. The fixed twin takes the tunnel out before it gives up the GIL.
// Program    open; close on two threads at once       Threads 2       Known minimum 3 steps
// Model      https://github.com/rpm-software-management/rpm/pull/4332 (closed from several threads)

use crate::Ledger;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering::SeqCst};

static LEDGER: Ledger = Ledger::new();

struct Native {
    hops: Vec<i64>,
}

impl Drop for Native {
    fn drop(&mut self) {
        LEDGER.add(-1);
    }
}

#[pyclass(frozen)]
struct Tunnel(AtomicPtr<Native>);

impl Tunnel {
    fn end(&self) {
        let native = self.0.swap(null_mut(), SeqCst);
        if !native.is_null() {
            // SAFETY: it came out of a Box, and only one thread gets it here.
            drop(unsafe { Box::from_raw(native) });
        }
    }
}

#[pymethods]
impl Tunnel {
    #[new]
    fn new() -> Self {
        LEDGER.add(1);
        Self(AtomicPtr::new(Box::into_raw(Box::new(Native { hops: vec![1, 2, 3] }))))
    }

    fn hops(&self) -> PyResult<usize> {
        // SAFETY: freed only after it was taken out. (In the wrong twin before: that is the bug.)
        match unsafe { self.0.load(SeqCst).as_ref() } {
            Some(native) => Ok(native.hops.len()),
            None => Err(PyValueError::new_err("tunnel is closed")),
        }
    }

    fn close(&self, py: Python<'_>) {
        if FIXED {
            return self.end();
        }
        let address = self.0.load(SeqCst) as usize;
        if address != 0 {
            py.detach(|| {
                crate::window();
                // SAFETY: it came out of a Box. (Another thread may do the same: that is the bug.)
                drop(unsafe { Box::from_raw(address as *mut Native) });
            });
            self.0.store(null_mut(), SeqCst);
        }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.end();
    }
}

#[pyfunction]
fn alive() -> isize {
    LEDGER.alive()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Tunnel>()?;
    module.add_function(wrap_pyfunction!(alive, module)?)
}
