//! What a task has of Python's: before its call, and after. The task's object owns it and shows it to the collector.
//!
//! It comes and goes only with the GIL, and nothing of Python runs while it is locked. The runtime's thread only holds
//! the container, so that it never has an object of Python to let go of.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyBaseException;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyTraceback, PyTuple};

use super::errors::ClosedHandle;
use super::exit::{attached, let_go};

/// How a task has ended, as the core keeps it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Number(u32),
    /// The rest is in the cargo.
    Cargo,
    /// The interpreter was about to end.
    Refused,
}

pub(super) enum Load {
    /// Nothing, or no more.
    Empty,
    Call(Py<PyAny>, Py<PyTuple>),
    /// The call is under way, and has taken what it needs.
    Running,
    Result(Py<PyAny>),
    Raised(Py<PyBaseException>, Option<Py<PyTraceback>>),
}

pub(super) struct Cargo(Mutex<Load>);

impl Cargo {
    pub(super) fn of(load: Load) -> Self {
        Self(Mutex::new(load))
    }

    /// Makes the call, on the runtime's thread.
    pub(super) fn run(&self) -> Answer {
        attached(|py| {
            let call = std::mem::replace(&mut *self.lock(), Load::Running);
            let done = match &call {
                Load::Call(function, args) => match function.bind(py).call1(args) {
                    Ok(result) => Load::Result(result.unbind()),
                    Err(error) => {
                        let traceback = error.traceback(py).map(Bound::unbind);
                        Load::Raised(error.into_value(py), traceback)
                    }
                },
                // It was cancelled before.
                _ => Load::Empty,
            };
            drop(call);
            let mut load = self.lock();
            // If it was cancelled meanwhile, nobody asks for the result.
            let late = if matches!(*load, Load::Running) { std::mem::replace(&mut *load, done) } else { done };
            drop(load);
            drop(late);
            Answer::Cargo
        })
        .unwrap_or(Answer::Refused)
    }

    /// What the call came to.
    pub(super) fn outcome(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let (error, traceback) = match &*self.lock() {
            Load::Result(result) => return Ok(result.clone_ref(py)),
            Load::Raised(error, traceback) => (error.clone_ref(py), traceback.as_ref().map(|each| each.clone_ref(py))),
            Load::Empty | Load::Call(..) | Load::Running => {
                return Err(ClosedHandle::new_err("the task was closed meanwhile: close it after its result is taken"));
            }
        };
        let error = PyErr::from_value(error.into_bound(py).into_any());
        // What raising it added before is not part of it.
        error.set_traceback(py, traceback.map(|traceback| traceback.into_bound(py)));
        Err(error)
    }

    /// Whether the call raised.
    pub(super) fn raised(&self) -> bool {
        matches!(*self.lock(), Load::Raised(..))
    }

    /// Lets go of all.
    pub(super) fn clear(&self) {
        let load = std::mem::replace(&mut *self.lock(), Load::Empty);
        let_go(load);
    }

    pub(super) fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match &*self.lock() {
            Load::Empty | Load::Running => Ok(()),
            Load::Call(function, args) => {
                visit.call(function)?;
                visit.call(args)
            }
            Load::Result(result) => visit.call(result),
            Load::Raised(error, traceback) => {
                visit.call(error)?;
                visit.call(traceback)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Load> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
