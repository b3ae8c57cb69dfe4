//! Coroutines that wait: the asyncio future that each has yielded, to be found and rung by a waker of the core, on
//! whatever thread that runs.
//!
//! They are kept by an object of Python that shows them to the collector: by a runtime for those that wait for its
//! tasks, by a channel's contents for those at its ends. So a coroutine waits as long as what could wake it is
//! reachable, and goes with it. They come and go only with the GIL, and nothing of Python runs while they are locked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyCFunction;

use super::exit::{Firing, attached, let_go};

#[derive(Default)]
pub(super) struct Waiters(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    waiting: HashMap<u64, Waiter>,
    last: u64,
}

/// An asyncio future and its loop.
struct Waiter {
    event_loop: Py<PyAny>,
    future: Py<PyAny>,
}

/// A place among those who wait, until it is dropped.
pub(super) struct Place {
    waiters: Arc<Waiters>,
    number: u64,
}

/// Wakes whoever is at the place.
struct Bell {
    waiters: Arc<Waiters>,
    number: u64,
}

impl Waiters {
    /// Puts the future among those who wait.
    pub(super) fn enter(self: &Arc<Self>, event_loop: Bound<'_, PyAny>, future: Bound<'_, PyAny>) -> Place {
        let waiter = Waiter { event_loop: event_loop.unbind(), future: future.unbind() };
        let mut inside = self.lock();
        inside.last += 1;
        let number = inside.last;
        inside.waiting.insert(number, waiter);
        Place { waiters: Arc::clone(self), number }
    }

    pub(super) fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.lock().waiting.values().try_for_each(|waiter| {
            visit.call(&waiter.event_loop)?;
            visit.call(&waiter.future)
        })
    }

    /// Rings for all of them, as nobody else may do so any time soon.
    pub(super) fn ring(&self) {
        attached(|py| {
            let waiting = std::mem::take(&mut self.lock().waiting);
            for waiter in waiting.into_values() {
                waiter.ring(py);
            }
        });
    }

    /// For the collector: they are garbage.
    pub(super) fn clear(&self) {
        let waiting = std::mem::take(&mut self.lock().waiting);
        let_go(waiting);
    }

    fn leave(&self, number: u64) -> Option<Waiter> {
        self.lock().waiting.remove(&number)
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    pub(super) fn waker(&self) -> Waker {
        Waker::from(Arc::new(Bell { waiters: Arc::clone(&self.waiters), number: self.number }))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // With the GIL: who has a place is an object of Python.
        let_go(self.waiters.leave(self.number));
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        attached(|py| {
            if let Some(waiter) = self.waiters.leave(self.number) {
                waiter.ring(py);
            }
        });
    }
}

impl Waiter {
    /// Has the loop wake the coroutine. An exception that is on its way stays as it is.
    fn ring(self, py: Python<'_>) {
        let pending = PyErr::take(py);
        if let Err(error) = self.tell(py)
            && !self.loop_is_closed(py)
        {
            error.write_unraisable(py, Some(self.event_loop.bind(py)));
        }
        if let Some(pending) = pending {
            pending.restore(py);
        }
    }

    fn tell(&self, py: Python<'_>) -> PyResult<()> {
        static RESOLVE: PyOnceLock<Py<PyCFunction>> = PyOnceLock::new();
        let resolve = RESOLVE.get_or_try_init(py, || wrap_pyfunction!(resolve, py).map(Bound::unbind))?;
        self.event_loop.call_method1(py, "call_soon_threadsafe", (resolve, &self.future)).map(drop)
    }

    /// A closed loop runs nothing any more, so nobody is left to be told.
    fn loop_is_closed(&self, py: Python<'_>) -> bool {
        self.event_loop.call_method0(py, "is_closed").and_then(|closed| closed.is_truthy(py)).unwrap_or(false)
    }
}

/// On the thread of the loop. Who waited may have been cancelled.
#[pyfunction]
fn resolve(future: &Bound<'_, PyAny>) -> PyResult<()> {
    // Setting it calls the loop, which is Python: not on another thread while the interpreter ends.
    let firing = Firing::enter();
    if firing.is_some() && !future.call_method0("done")?.is_truthy()? {
        future.call_method1("set_result", (future.py().None(),))?;
    }
    Ok(())
}
