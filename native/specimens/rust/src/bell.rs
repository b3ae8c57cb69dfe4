// bell: rings on a thread of its own, and tells the event loop.
// Class      MAD-30 loop closed.
// Mechanism  what a ring owns is given back by the completion, when the loop runs it. A loop that is closed does not take it,
//            and never runs it. The fixed twin gives it back when the completion is dropped, too.
// Program    make; ring, and close the loop meanwhile       Threads 1 (and the library's own)       Known minimum 2 steps
// Model      https://github.com/PyO3/pyo3-async-runtimes/issues/90 (completion meets a loop that has gone)

use crate::Ledger;
use pyo3::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

static LEDGER: Ledger = Ledger::new();

#[pyclass(frozen)]
struct Bell;

/// Sets a result, unless nobody waits any more, and gives back what the ring owns.
#[pyclass(frozen)]
struct Completion {
    future: Py<PyAny>,
    owned: AtomicBool,
}

impl Completion {
    fn give_back(&self) {
        if self.owned.swap(false, SeqCst) {
            LEDGER.add(-1);
        }
    }
}

#[pymethods]
impl Completion {
    fn __call__(&self, py: Python<'_>, value: i64) -> PyResult<()> {
        self.give_back();
        let future = self.future.bind(py);
        if !future.call_method0("done")?.extract::<bool>()? {
            future.call_method1("set_result", (value,))?;
        }
        Ok(())
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        if FIXED {
            self.give_back();
        }
    }
}

#[pymethods]
impl Bell {
    #[new]
    fn new() -> Self {
        Self
    }

    /// A future of the running loop, done when the bell has rung.
    fn ring(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let event_loop = py.import("asyncio")?.call_method0("get_running_loop")?;
        let future = event_loop.call_method0("create_future")?;
        LEDGER.add(1);
        let completion = Py::new(py, Completion { future: future.clone().unbind(), owned: AtomicBool::new(true) })?;
        let event_loop = event_loop.unbind();
        thread::spawn(move || {
            Python::attach(|py| {
                // A closed loop raises: nobody waits any more.
                let _ = event_loop.bind(py).call_method1("call_soon_threadsafe", (&completion, 1));
                drop((event_loop, completion));
            });
        });
        Ok(future.unbind())
    }
}

#[pyfunction]
fn alive() -> isize {
    LEDGER.alive()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Bell>()?;
    module.add_function(wrap_pyfunction!(alive, module)?)
}
