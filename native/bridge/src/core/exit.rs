//! No callback of a daemon thread may be at work when the interpreter ends: before Python 3.14 it ends such a thread by
//! unwinding it, which no Rust frame below a callback survives. So firing stops shortly before, and so do warnings, which
//! run Python, too, and the threads of the core, which then call Python no more.

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
    /// `what` is refused while the interpreter ends.
    pub(super) fn begin(what: &str) -> PyResult<Self> {
        let refused = || ClosedHandle::new_err(format!("{what} while the interpreter ends: join the thread before"));
        Self::enter().ok_or_else(refused)
    }

    /// None if another thread ends the interpreter.
    pub(super) fn enter() -> Option<Self> {
        // Counted first: who ends the interpreter sees the count, or is seen.
        FIRING.fetch_add(1, Ordering::SeqCst);
        let this = Self;
        ENDING.get().is_none_or(|thread| *thread == current().id()).then_some(this)
    }
}

impl Drop for Firing {
    fn drop(&mut self) {
        FIRING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Calls with the GIL, on whatever thread this is; not at all if the interpreter ends.
pub(super) fn attached<R>(call: impl FnOnce(Python<'_>) -> R) -> Option<R> {
    let _firing = Firing::enter()?;
    Python::try_attach(call)
}

/// Lets go of objects of Python, which may call it. If the interpreter ends, nobody needs that any more.
pub(super) fn let_go<T>(objects: T) {
    let mut objects = Some(objects);
    attached(|_| drop(objects.take()));
    std::mem::forget(objects);
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
