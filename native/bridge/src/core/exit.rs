//! No callback of a daemon thread may be at work when the interpreter ends: before Python 3.14 it ends such a thread by
//! unwinding it, which no Rust frame below a callback survives. So firing stops shortly before, and so do warnings,
//! which run Python, too.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{ThreadId, current, sleep};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::errors::ClosedHandle;

/// How long the interpreter's end waits for callbacks and warnings that are at work.
const PATIENCE: Duration = Duration::from_secs(1);

/// Fires and warnings under way, on all threads.
static FIRING: AtomicU32 = AtomicU32::new(0);
/// The thread that ends the interpreter.
static ENDING: OnceLock<ThreadId> = OnceLock::new();

/// A fire or warning, while it is under way.
pub(super) struct Firing;

impl Firing {
    pub(super) fn begin() -> PyResult<Self> {
        // Counted first: who ends the interpreter sees the count, or is seen.
        FIRING.fetch_add(1, Ordering::SeqCst);
        let this = Self;
        match ENDING.get() {
            Some(thread) if *thread != current().id() => {
                Err(ClosedHandle::new_err("no event is fired while the interpreter ends: join the thread before"))
            }
            _ => Ok(this),
        }
    }
}

impl Drop for Firing {
    fn drop(&mut self) {
        FIRING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Has Python call `end` at its end.
pub(crate) fn prepare(py: Python<'_>) -> PyResult<()> {
    static PREPARED: PyOnceLock<()> = PyOnceLock::new();
    PREPARED
        .get_or_try_init(py, || py.import("atexit")?.call_method1("register", (wrap_pyfunction!(end, py)?,)).map(drop))
        .copied()
}

#[pyfunction]
fn end(py: Python<'_>) {
    ENDING.get_or_init(|| current().id());
    py.detach(|| {
        let begun = Instant::now();
        while FIRING.load(Ordering::SeqCst) > 0 && begun.elapsed() < PATIENCE {
            sleep(Duration::from_millis(1));
        }
    });
}
