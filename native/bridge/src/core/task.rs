//! The task as a Python class, which owns what the task has of Python's.

use std::sync::Arc;
use std::time::Duration;

use deadhand_core::future::{Cancel, Fate, FutureError};
use deadhand_core::guard::{GuardError, Handle};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::cargo::{Answer, Cargo};
use super::drop::undisposed_owner;
use super::errors::{ClosedHandle, from_future};
use super::runtime::futures;
use super::wait::{duration, wait};
use super::waiters::Waiters;
use super::waiting::{Wait, Waiting};

/// Work on a runtime that has a result. Any number of threads and coroutines may wait for it.
#[pyclass(frozen, weakref, generic, module = "deadhand._native")]
pub(crate) struct Task {
    native: Handle,
    cargo: Arc<Cargo>,
    /// Of its runtime.
    waiters: Arc<Waiters>,
}

#[pymethods]
impl Task {
    fn __await__(slf: &Bound<'_, Self>) -> PyResult<Waiting> {
        let py = slf.py();
        let watching = futures().map_err(|error| from_future(py, &error))?.watching(slf.get().native);
        Ok(Waiting::of(Wait::Task(slf.clone().unbind(), watching)))
    }

    /// Return the result when it is there; after `timeout` seconds raise `TimeoutError`. None waits without end.
    #[pyo3(signature = (timeout = None))]
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Py<PyAny>> {
        let timeout = duration(timeout)?;
        self.may_wait(py)?;
        let mut watching = futures().map_err(|error| from_future(py, &error))?.watching(self.native);
        let ended = wait(py, &mut watching, timeout)?;
        self.after(py, ended.unwrap_or(Err(FutureError::TimedOut)))
    }

    /// Return the result now, or raise `TaskPending`.
    fn result(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match futures().and_then(|all| all.peek(self.native)).map_err(|error| from_future(py, &error))? {
            Answer::Number(number) => Ok(number.into_pyobject(py)?.into_any().unbind()),
            Answer::Cargo => self.cargo.outcome(py),
            Answer::Refused => {
                Err(ClosedHandle::new_err("no task calls Python while the interpreter ends: wait for it before"))
            }
        }
    }

    /// Cancel it and return whether it is cancelled. One that has ended stays as it is.
    fn cancel(&self, py: Python<'_>) -> PyResult<bool> {
        let cancel = futures().and_then(|all| all.cancel(self.native)).map_err(|error| from_future(py, &error))?;
        Ok(cancel != Cancel::TooLate)
    }

    /// How it is: "pending", "done", "raised", "cancelled", "stopped" (with its runtime) or "panicked".
    #[getter]
    fn state(&self, py: Python<'_>) -> PyResult<&'static str> {
        let fate = futures().and_then(|all| all.fate(self.native)).map_err(|error| from_future(py, &error))?;
        Ok(match fate {
            None => "pending",
            Some(Fate::Finished) if self.cargo.raised() => "raised",
            Some(Fate::Cancelled) => "cancelled",
            Some(Fate::RuntimeClosed) => "stopped",
            Some(Fate::Panicked(_)) => "panicked",
            Some(_) => "done",
        })
    }

    /// Panic in native code, for tests: raises `NativePanic` and leaves the task fenced off.
    fn provoke_panic(&self, py: Python<'_>) -> PyResult<()> {
        futures().and_then(|all| all.provoke_panic(self.native)).map_err(|error| from_future(py, &error))
    }

    /// Let go of it and its result, and cancel it if it is pending. Who waits is woken.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        use deadhand_core::guard::CallError::Guard;
        match self.end() {
            Ok(()) | Err(FutureError::Call(Guard(GuardError::Stale { .. } | GuardError::Closed { .. }))) => Ok(()),
            Err(error) => Err(from_future(py, &error)),
        }
    }

    /// Whether it is closed.
    #[getter]
    fn closed(&self) -> bool {
        !futures().is_ok_and(|all| all.task_is_open(self.native))
    }

    /// Its handle: a number that no other object has, or had.
    #[getter]
    fn handle(&self) -> u64 {
        self.native.to_u64()
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        format!(
            "<Task {}: {}>",
            self.native,
            if self.closed() { "closed" } else { self.state(py).unwrap_or("fenced off") }
        )
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.cargo.visit(&visit)
    }

    fn __clear__(&self) {
        self.cargo.clear();
    }
}

impl Task {
    pub(super) fn of(native: Handle, cargo: Arc<Cargo>, waiters: Arc<Waiters>) -> Self {
        Self { native, cargo, waiters }
    }

    pub(super) fn native(&self) -> Handle {
        self.native
    }

    pub(super) fn waiters(&self) -> &Arc<Waiters> {
        &self.waiters
    }

    /// Whether it has ended, or waiting for it makes sense.
    pub(super) fn may_wait(&self, py: Python<'_>) -> PyResult<()> {
        match futures().and_then(|all| all.wait(self.native, Some(Duration::ZERO))) {
            Ok(()) | Err(FutureError::TimedOut) => Ok(()),
            Err(error) => Err(from_future(py, &error)),
        }
    }

    /// What a wait for its end came to.
    pub(super) fn after(&self, py: Python<'_>, ended: Result<(), FutureError>) -> PyResult<Py<PyAny>> {
        ended.map_err(|error| from_future(py, &error))?;
        self.result(py)
    }

    fn end(&self) -> Result<(), FutureError> {
        let ended = futures()?.dispose(self.native);
        // With the GIL, as the collector may be looking at it.
        self.cargo.clear();
        ended
    }

    fn pending(&self) -> bool {
        futures().and_then(|all| all.fate(self.native)).is_ok_and(|fate| fate.is_none())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if self.pending() {
            undisposed_owner("task", self.native, || drop(self.end()));
        } else if !self.closed() {
            // It has ended, and so there is nothing to be warned of.
            drop(self.end());
        }
    }
}
