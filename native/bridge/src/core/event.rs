//! The event as a Python class, which owns what is registered for it.
//!
//! Python objects come to an event and leave it only with the GIL, so that the collector, which looks twice, sees the
//! same both times. No lock of the core is held while Python runs, so nobody waits for one with the GIL.

use std::sync::LazyLock;

use deadhand_core::callback::{CallbackError, Callbacks, Failure, Fired};
use deadhand_core::guard::{GuardError, Handle};
use deadhand_core::ledger::ledger;
use pyo3::exceptions::{PyException, PyRecursionError, PyRuntimeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::drop::undisposed_owner;
use super::errors::{CallbackFailed, from_callback, from_guard, native_panic};
use super::exit::Firing;
use super::registration::Registration;
use super::target::{Object, Weak, policy, target};

/// A list of callbacks, called in the order in which they were registered. Any number of threads may use it at once.
#[pyclass(frozen, weakref, module = "deadhand._native")]
pub(crate) struct Event(Handle);

#[pymethods]
impl Event {
    #[new]
    fn new(py: Python<'_>) -> PyResult<Self> {
        callbacks().and_then(Callbacks::event).map(Self).map_err(|error| from_callback(py, &error))
    }

    /// Put `callback` at the end of the list. With `weak` it is not kept alive; `on_dead` says what is done then.
    #[pyo3(signature = (callback, *, weak = false, on_dead = None))]
    fn register(
        &self,
        callback: &Bound<'_, PyAny>,
        weak: bool,
        on_dead: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Registration> {
        let on_dead = on_dead.map(policy).transpose()?.unwrap_or_default();
        let target = target(callback, weak)?;
        let made = callbacks().and_then(|callbacks| callbacks.register(self.0, target, on_dead));
        made.map(Registration::of).map_err(|error| from_callback(callback.py(), &error))
    }

    /// Call everything that is registered now and return the answers; raise `CallbackFailed` after that if any failed.
    #[pyo3(signature = (*args))]
    fn fire<'py>(&self, py: Python<'py>, args: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyList>> {
        let _firing = Firing::begin("no event is fired")?;
        let mut interrupted = None;
        let call = |_, callback: &Object| {
            if interrupted.is_some() {
                return Err(None);
            }
            callback.call1(py, args).map_err(|error| {
                if error.is_instance_of::<PyException>(py) && !error.is_instance_of::<PyRecursionError>(py) {
                    return Some(error);
                }
                // A KeyboardInterrupt is no answer of a callback. Nor is the end of a recursion: if each level went on
                // with its next callback, two that fire again would make 2**64 calls.
                interrupted = Some(error);
                None
            })
        };
        let fired = callbacks().and_then(|callbacks| callbacks.fire(self.0, call));
        let fired = fired.map_err(|error| from_callback(py, &error))?;
        interrupted.map_or_else(|| outcome(py, fired), Err)
    }

    /// Return how many callbacks are registered.
    fn count(&self, py: Python<'_>) -> PyResult<usize> {
        let list = callbacks().and_then(|callbacks| callbacks.registrations(self.0));
        list.map(|list| list.len()).map_err(|error| from_callback(py, &error))
    }

    /// Unregister everything and return how many that were.
    fn clear(&self, py: Python<'_>) -> PyResult<usize> {
        callbacks().and_then(|callbacks| callbacks.clear(self.0)).map_err(|error| from_callback(py, &error))
    }

    /// Panic in native code, for tests: raises `NativePanic` and leaves the event fenced off.
    fn provoke_panic(&self, py: Python<'_>) -> PyResult<()> {
        callbacks().and_then(|callbacks| callbacks.provoke_panic(self.0)).map_err(|error| from_callback(py, &error))
    }

    /// Close it and unregister everything. A callback that runs ends first; later ones are not called.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        again_is_nothing(py, callbacks().and_then(|callbacks| callbacks.dispose(self.0)))
    }

    /// Whether it is closed.
    #[getter]
    fn closed(&self) -> bool {
        !callbacks().is_ok_and(|callbacks| callbacks.is_open(self.0))
    }

    /// Its handle: a number that no other object has, or had.
    #[getter]
    fn handle(&self) -> u64 {
        self.0.to_u64()
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
    }

    fn __repr__(&self) -> String {
        format!("<Event {}: {}>", self.0, if self.closed() { "closed" } else { "open" })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let mut answer = Ok(());
        let show = |object: &Object| {
            if answer.is_ok() {
                answer = visit.call(object);
            }
        };
        // A handle that is refused keeps nothing, or only until a call is over: then the collector takes it for alive.
        drop(callbacks().and_then(|callbacks| callbacks.visit(self.0, show)));
        answer
    }

    fn __clear__(&self) {
        drop(callbacks().and_then(|callbacks| callbacks.clear(self.0)));
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        if !self.closed() {
            undisposed_owner("event", self.0, || drop(callbacks().and_then(|callbacks| callbacks.dispose(self.0))));
        }
    }
}

/// All events of the process, made when first asked for.
pub(super) fn callbacks() -> Result<&'static Callbacks<Object, Weak>, CallbackError> {
    static CALLBACKS: LazyLock<Result<Callbacks<Object, Weak>, GuardError>> =
        LazyLock::new(|| Callbacks::new(ledger()));
    CALLBACKS.as_ref().map_err(|error| error.clone().into())
}

/// Closing what is closed does nothing.
pub(super) fn again_is_nothing(py: Python<'_>, closed: Result<(), CallbackError>) -> PyResult<()> {
    use deadhand_core::guard::CallError::Guard;
    match closed {
        Err(CallbackError::Call(Guard(GuardError::Stale { .. } | GuardError::Closed { .. }))) => Ok(()),
        other => other.map_err(|error| from_callback(py, &error)),
    }
}

/// The answers, or the exception that has them and the failures.
fn outcome(py: Python<'_>, fired: Fired<Object, Option<PyErr>>) -> PyResult<Bound<'_, PyList>> {
    let answers = PyList::new(py, fired.answers.into_iter().map(|(_, answer)| answer))?;
    if fired.failures.is_empty() {
        return Ok(answers);
    }
    let failures: Vec<(u64, PyErr)> = fired
        .failures
        .into_iter()
        .map(|(registration, failure)| (registration.to_u64(), exception(py, registration, failure)))
        .collect();
    let text = format!(
        "{} of {} callbacks failed, all were called: see `failures`; the first one is the cause",
        failures.len(),
        failures.len() + answers.len()
    );
    let error = CallbackFailed::new_err(text);
    error.set_cause(py, failures.first().map(|(_, first)| first.clone_ref(py)));
    let value = error.value(py);
    value.setattr("answers", answers)?;
    value.setattr("failures", failures)?;
    Err(error)
}

fn exception(py: Python<'_>, registration: Handle, failure: Failure<Option<PyErr>>) -> PyErr {
    match failure {
        Failure::Host(Some(error)) => error,
        Failure::Dead => from_callback(py, &CallbackError::Dead { registration }),
        Failure::Panicked(panicked) => {
            let text = format!("registration {registration} is fenced off, unregister it: the callback {panicked}");
            native_panic(py, &panicked, text)
        }
        Failure::Refused(error) => from_guard(&error),
        // Only after an interruption, of which nobody asks.
        _ => PyRuntimeError::new_err("not called"),
    }
}
