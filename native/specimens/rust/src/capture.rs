// capture: a native thread records samples until it is closed; whoever is slow finds 8 of them at most, it is documented.
// Class      MAD-31 unbounded queue.
// Mechanism  the thread adds what it records, whether somebody reads or not. The fixed twin drops the oldest when there are 8.
// Program    start; time passes       Threads 1 (and the library's own)       Known minimum 2 steps
// Model      https://github.com/m96-chan/ProcTap/issues/24 (a capture queue without a limit)

use crate::Ledger;
use pyo3::exceptions::{PyLookupError, PyValueError};
use pyo3::prelude::*;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

static LEDGER: Ledger = Ledger::new();
const MOST: usize = 8;

#[derive(Default)]
struct Shared {
    samples: Mutex<VecDeque<Box<[u8; 256]>>>,
    over: AtomicBool,
}

impl Shared {
    fn record(&self) {
        while !self.over.load(SeqCst) {
            let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
            if FIXED && samples.len() >= MOST {
                samples.pop_front();
            }
            samples.push_back(Box::new([1; 256]));
            drop(samples);
            thread::sleep(Duration::from_micros(100));
        }
    }
}

#[pyclass(frozen)]
struct Capture {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[pymethods]
impl Capture {
    #[new]
    fn new() -> Self {
        LEDGER.add(1);
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        Self { shared, thread: Mutex::new(Some(thread::spawn(move || theirs.record()))) }
    }

    fn read(&self, py: Python<'_>) -> PyResult<usize> {
        if self.shared.over.load(SeqCst) {
            return Err(PyValueError::new_err("capture is closed"));
        }
        let found = py.detach(|| self.shared.samples.lock().unwrap_or_else(PoisonError::into_inner).pop_front());
        found.map(|sample| sample.len()).ok_or_else(|| PyLookupError::new_err("nothing was recorded yet"))
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.end());
    }
}

impl Capture {
    /// Never waits for the GIL: the thread does not need it.
    fn end(&self) {
        self.shared.over.store(true, SeqCst);
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.end();
        LEDGER.add(-1);
    }
}

#[pyfunction]
fn alive() -> isize {
    LEDGER.alive()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Capture>()?;
    module.add_function(wrap_pyfunction!(alive, module)?)
}
