//! The runtime as a Python class, and what its tasks do.

use std::future::Future;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use deadhand_core::future::{Closing, Fate, FutureError, Futures, count_primes, panics, sleep};
use deadhand_core::guard::{GuardError, Handle};
use deadhand_core::ledger::ledger;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::Task;
use super::cargo::{Answer, Cargo, Load};
use super::drop::undisposed_owner;
use super::errors::from_future;
use super::wait::seconds;
use super::waiters::Waiters;
use crate::arguments::{integer, wrong_type};

/// How long the end of a with statement waits for the threads.
const PATIENCE: f64 = 1.0;

/// Threads of native code that run tasks. Any thread may use it.
#[pyclass(frozen, weakref, module = "deadhand._native")]
pub(crate) struct Runtime {
    native: Handle,
    /// The coroutines that wait for its tasks.
    waiters: Arc<Waiters>,
}

#[pymethods]
impl Runtime {
    #[new]
    #[pyo3(signature = (workers = None), text_signature = "(workers=1)")]
    fn new(py: Python<'_>, workers: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let workers = workers.map_or(Ok(1), |workers| integer(workers, "workers", "pass how many threads, 1 to 8"))?;
        let made = py.detach(|| futures().and_then(|all| all.runtime(workers)));
        made.map(|native| Self { native, waiters: Arc::default() }).map_err(|error| from_future(py, &error))
    }

    /// Start a task that calls `function` with `args` on a thread of the runtime. Its result is what that returns.
    #[pyo3(signature = (function, *args))]
    fn spawn(&self, function: &Bound<'_, PyAny>, args: &Bound<'_, PyTuple>) -> PyResult<Task> {
        if !function.is_callable() {
            return Err(wrong_type(function, "function", "callable", "pass a function or a method"));
        }
        let call = Load::Call(function.clone().unbind(), args.clone().unbind());
        self.start(function.py(), call, |cargo| async move { cargo.run() })
    }

    /// Start a task that waits `time` seconds, for which it takes no thread. Its result is `result`.
    #[pyo3(signature = (time, result = None))]
    fn sleep(&self, py: Python<'_>, time: f64, result: Option<Py<PyAny>>) -> PyResult<Task> {
        let time = seconds(time, "time")?;
        let result = Load::Result(result.unwrap_or_else(|| py.None()));
        self.start(py, result, |_| async move {
            sleep(time).await;
            Answer::Cargo
        })
    }

    /// Start a task that counts the primes below `limit` in native code.
    fn count_primes(&self, limit: &Bound<'_, PyAny>) -> PyResult<Task> {
        let py = limit.py();
        let limit = integer(limit, "limit", "pass 0 to 4294967295")?;
        self.start(py, Load::Empty, |_| async move { Answer::Number(count_primes(limit).await) })
    }

    /// Start a task that panics, for tests.
    fn panic(&self, py: Python<'_>) -> PyResult<Task> {
        self.start(py, Load::Empty, |_| panics())
    }

    /// Return how many tasks run, or wait to.
    fn running(&self, py: Python<'_>) -> PyResult<usize> {
        futures().and_then(|all| all.running(self.native)).map_err(|error| from_future(py, &error))
    }

    /// Panic in native code, for tests: raises `NativePanic` and leaves the runtime fenced off.
    fn provoke_panic(&self, py: Python<'_>) -> PyResult<()> {
        futures().and_then(|all| all.provoke_panic(self.native)).map_err(|error| from_future(py, &error))
    }

    /// End the tasks that are pending, wait for the threads for at most `timeout` seconds, and say what it came to.
    #[pyo3(signature = (timeout = PATIENCE))]
    fn close<'py>(&self, py: Python<'py>, timeout: f64) -> PyResult<Bound<'py, PyDict>> {
        let patience = seconds(timeout, "timeout")?;
        let closing = self.end(py, patience)?;
        let answer = PyDict::new(py);
        answer.set_item("told", closing.map_or(0, |closing| closing.told))?;
        answer.set_item("still_running", closing.map_or(0, |closing| closing.still_running))?;
        Ok(answer)
    }

    /// Whether it is closed.
    #[getter]
    fn closed(&self) -> bool {
        !futures().is_ok_and(|all| all.runtime_is_open(self.native))
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
        self.close(py, PATIENCE).map(drop)
    }

    fn __repr__(&self) -> String {
        format!("<Runtime {}: {}>", self.native, if self.closed() { "closed" } else { "open" })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.waiters.visit(&visit)
    }

    fn __clear__(&self) {
        self.waiters.clear();
    }
}

impl Runtime {
    fn start<F>(&self, py: Python<'_>, load: Load, make: impl FnOnce(Arc<Cargo>) -> F) -> PyResult<Task>
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let cargo = Arc::new(Cargo::of(load));
        let work = make(Arc::clone(&cargo));
        let started = futures().and_then(|all| {
            let task = Task::of(all.spawn(self.native, work)?, Arc::clone(&cargo), Arc::clone(&self.waiters));
            // Whoever ends it otherwise, nobody needs what it would have worked with.
            all.on_done(task.native(), move |fate| {
                if fate != Fate::Finished {
                    cargo.clear();
                }
            })?;
            Ok(task)
        });
        started.map_err(|error| from_future(py, &error))
    }

    /// None if it was closed before.
    fn end(&self, py: Python<'_>, patience: Duration) -> PyResult<Option<Closing>> {
        use deadhand_core::guard::CallError::Guard;
        let ended = py.detach(|| futures().and_then(|all| all.close(self.native, patience)));
        // All tasks have ended. A native thread that was about to say so may still be waiting for the GIL.
        self.waiters.ring();
        match ended {
            Ok(closing) => Ok(Some(closing)),
            Err(FutureError::Call(Guard(GuardError::Stale { .. } | GuardError::Closed { .. }))) => Ok(None),
            Err(error) => Err(from_future(py, &error)),
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if !self.closed() {
            undisposed_owner("runtime", self.native, || {
                drop(futures().and_then(|all| all.close(self.native, Duration::ZERO)));
                self.waiters.ring();
            });
        }
    }
}

/// All runtimes and tasks of the process, made when first asked for.
pub(super) fn futures() -> Result<&'static Futures<Answer>, FutureError> {
    static FUTURES: LazyLock<Result<Futures<Answer>, GuardError>> = LazyLock::new(|| Futures::new(ledger()));
    FUTURES.as_ref().map_err(|error| error.clone().into())
}
