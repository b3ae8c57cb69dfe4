// bell: rings on a thread of its own, and tells the event loop.
// Class      MAD-30 loop closed.
// Mechanism  when the loop does not take the completion, because it is closed, the native thread leaves by `?`, and what the
//            ring owns is never given back. The fixed twin gives it back whatever the loop says.
// Program    make; ring, and close the loop meanwhile       Threads 1 (and the library's own)       Known minimum 2 steps
// Model      https://github.com/PyO3/pyo3-async-runtimes/issues/90 (completion meets a loop that has gone)

use crate::Ledger;
use pyo3::prelude::*;
use std::thread;
use std::time::Duration;

static LEDGER: Ledger = Ledger::new();

#[pyclass(frozen)]
struct Bell;

/// Sets a result, unless nobody waits any more.
#[pyclass(frozen)]
struct Completion(Py<PyAny>);

#[pymethods]
impl Completion {
    fn __call__(&self, py: Python<'_>, value: i64) -> PyResult<()> {
        let future = self.0.bind(py);
        if !future.call_method0("done")?.extract::<bool>()? {
            future.call_method1("set_result", (value,))?;
        }
        Ok(())
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
        let (event_loop, completion) = (event_loop.unbind(), Py::new(py, Completion(future.clone().unbind()))?);
        LEDGER.add(1);
        thread::spawn(move || {
            thread::sleep(Duration::from_micros(500));
            Python::attach(|py| {
                let _ = tell(event_loop.bind(py), completion.bind(py));
                drop((event_loop, completion));
            });
        });
        Ok(future.unbind())
    }
}

fn tell(event_loop: &Bound<'_, PyAny>, completion: &Bound<'_, Completion>) -> PyResult<()> {
    let told = event_loop.call_method1("call_soon_threadsafe", (completion, 1));
    if FIXED {
        LEDGER.add(-1);
        return told.map(drop);
    }
    told?;
    LEDGER.add(-1);
    Ok(())
}

#[pyfunction]
fn alive() -> isize {
    LEDGER.alive()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Bell>()?;
    module.add_function(wrap_pyfunction!(alive, module)?)
}
