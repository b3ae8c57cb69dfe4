// workers: a queue that a thread of the library's own works off; close() and the last reference stop and join it.
// Class      MAD-28 fork with live handles and threads.
// Mechanism  the end of a queue joins its thread. In a forked child that thread is not there: the C library says that it
//            has ended, it left no result, and the standard library panics, in close(), when the handle is dropped, and
//            at the child's exit. The fixed twin joins only in the process that started it.
// Program    open; fork, and in the child: close       Threads 1 (and one of the library's)       Known minimum 3 steps
// Model      https://github.com/zeromq/pyzmq/issues/222 (a context that hangs on its end in a forked child)

use crate::Ledger;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::mpsc::{Sender, channel};
use std::sync::Arc;
use std::thread::JoinHandle;

static LEDGER: Ledger = Ledger::new();

struct Native {
    sender: Option<Sender<i64>>,
    thread: Option<JoinHandle<()>>,
    total: Arc<AtomicI64>,
    home: u32,
}

impl Native {
    fn start() -> Self {
        LEDGER.add(1);
        let (sender, receiver) = channel();
        let total = Arc::new(AtomicI64::new(0));
        let sum = total.clone();
        let thread = std::thread::spawn(move || {
            for number in receiver {
                sum.fetch_add(number, SeqCst);
            }
        });
        Self { sender: Some(sender), thread: Some(thread), total, home: std::process::id() }
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        LEDGER.add(-1);
        let here = self.home == std::process::id();
        if FIXED && !here {
            std::mem::forget(self.sender.take()); // its lock may be held by the thread that is not here
            return;
        }
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[pyclass(frozen)]
struct Queue(Mutex<Option<Native>>);

#[pymethods]
impl Queue {
    #[new]
    fn new() -> Self {
        Self(Mutex::new(Some(Native::start())))
    }

    /// The sum of what was worked off so far.
    fn total(&self) -> PyResult<i64> {
        let native = self.0.lock().unwrap();
        let native = native.as_ref().ok_or_else(|| PyValueError::new_err("queue is closed"))?;
        Ok(native.total.load(SeqCst))
    }

    fn put(&self, number: i64) -> PyResult<()> {
        let native = self.0.lock().unwrap();
        let native = native.as_ref().ok_or_else(|| PyValueError::new_err("queue is closed"))?;
        if native.home != std::process::id() {
            return Err(PyValueError::new_err("the queue belongs to another process"));
        }
        let _ = native.sender.as_ref().map(|sender| sender.send(number));
        Ok(())
    }

    fn close(&self, py: Python<'_>) {
        let native = self.0.lock().unwrap().take();
        py.detach(|| drop(native));
    }
}

#[pyfunction]
fn alive() -> isize {
    LEDGER.alive()
}

pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Queue>()?;
    module.add_function(wrap_pyfunction!(alive, module)?)
}
