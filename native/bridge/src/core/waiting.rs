//! What `await` runs: a wait for a future of the core, in the shape of a coroutine, as asyncio wants it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use deadhand_core::channel::{Receiving, Sending};
use deadhand_core::future::Watching;
use pyo3::exceptions::{PyRuntimeError, PyStopIteration, PyTypeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::cargo::Answer;
use super::errors::from_channel;
use super::exit::{Firing, let_go};
use super::producer::{Item, refused};
use super::waiters::{Place, Waiters};
use super::{Consumer, Producer, Task};

/// What is waited for, and the object that it needs: it is not closed for being dropped meanwhile.
pub(super) enum Wait {
    Task(Py<Task>, Watching<Answer>),
    Send(Py<Producer>, Sending<Item>),
    Receive(Py<Consumer>, Receiving<Item>),
}

enum Stage {
    /// Between two polls, or before the first.
    Here(Wait, Option<Place>),
    /// In the hands of a thread.
    Away,
    Over,
}

/// One wait of one coroutine. Not seen by users, who only await it.
#[pyclass(frozen, weakref, module = "deadhand._native")]
pub(crate) struct Waiting {
    name: &'static str,
    stage: Mutex<Stage>,
}

#[pymethods]
impl Waiting {
    /// As asyncio shows it.
    #[getter]
    fn __qualname__(&self) -> &'static str {
        self.name
    }

    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        // The loop is Python, and called from here.
        let _firing = Firing::begin("no coroutine waits")?;
        let mut wait = self.take()?;
        // Nothing is locked while it is polled, as that wakes others, which is code of theirs.
        let answer = match wait.poll(py, &mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => Err(answer),
            Poll::Pending => enter(py, wait.waiters()).map_or_else(
                |error| Err(Err(error)),
                |(place, yielded)| match wait.poll(py, &mut Context::from_waker(&place.waker())) {
                    Poll::Ready(answer) => Err(answer),
                    Poll::Pending => Ok((place, yielded)),
                },
            ),
        };
        match answer {
            Ok((place, yielded)) => {
                self.set(Stage::Here(wait, Some(place)));
                Ok(yielded)
            }
            Err(answer) => {
                self.set(Stage::Over);
                drop(wait);
                Err(answer.map_or_else(|error| contained(py, error), |answer| PyStopIteration::new_err((answer,))))
            }
        }
    }

    /// As for a generator.
    fn send<'py>(&self, py: Python<'py>, _value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.__next__(py)
    }

    /// As for a generator: asyncio cancels with it. Nothing was sent or received; a task goes on.
    #[pyo3(signature = (kind, value = None, traceback = None))]
    fn throw(
        &self,
        kind: &Bound<'_, PyAny>,
        value: Option<&Bound<'_, PyAny>>,
        traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        self.close();
        let value = value.filter(|value| !value.is_none());
        let error = match value {
            Some(value) if value.is_instance_of::<pyo3::exceptions::PyBaseException>() => value.clone(),
            Some(value) => kind.call1((value,))?,
            None if kind.is_callable() => kind.call0()?,
            None => kind.clone(),
        };
        if let Some(traceback) = traceback.filter(|traceback| !traceback.is_none()) {
            error.setattr("__traceback__", traceback)?;
        }
        Err(PyErr::from_value(error))
    }

    /// Stop waiting.
    fn close(&self) {
        let stage = {
            let mut stage = self.lock();
            // A thread that polls ends it itself.
            if matches!(*stage, Stage::Away) { None } else { Some(std::mem::replace(&mut *stage, Stage::Over)) }
        };
        let_go(stage);
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match &*self.lock() {
            Stage::Here(wait, _) => wait.visit(&visit),
            Stage::Away | Stage::Over => Ok(()),
        }
    }

    fn __clear__(&self) {
        self.close();
    }
}

impl Waiting {
    pub(super) fn of(wait: Wait) -> Self {
        Self { name: wait.name(), stage: Mutex::new(Stage::Here(wait, None)) }
    }

    fn take(&self) -> PyResult<Wait> {
        let stage = {
            let mut stage = self.lock();
            match &*stage {
                Stage::Here(..) => std::mem::replace(&mut *stage, Stage::Away),
                Stage::Away => return Err(PyRuntimeError::new_err("somebody else awaits this already: await it once")),
                Stage::Over => return Err(PyRuntimeError::new_err("this was awaited already: call again for another")),
            }
        };
        match stage {
            // The place is given back: what asyncio goes on with is not waiting.
            Stage::Here(wait, _place) => Ok(wait),
            Stage::Away | Stage::Over => unreachable!("it was here"),
        }
    }

    fn set(&self, stage: Stage) {
        let earlier = std::mem::replace(&mut *self.lock(), stage);
        drop(earlier);
    }

    fn lock(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.close();
    }
}

impl Wait {
    fn poll(&mut self, py: Python<'_>, context: &mut Context<'_>) -> Poll<PyResult<Item>> {
        match self {
            Self::Task(task, watching) => {
                if let Err(error) = task.get().may_wait(py) {
                    return Poll::Ready(Err(error));
                }
                Pin::new(watching).poll(context).map(|ended| task.get().after(py, ended))
            }
            Self::Send(_, sending) => Pin::new(sending)
                .poll(context)
                .map(|sent| sent.map(|()| py.None()).map_err(|error| refused(py, &error))),
            Self::Receive(_, receiving) => {
                Pin::new(receiving).poll(context).map(|item| item.map_err(|error| from_channel(py, &error)))
            }
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Task(..) => "Task.__await__",
            Self::Send(..) => "Producer.send_async",
            Self::Receive(..) => "Consumer.receive_async",
        }
    }

    fn waiters(&self) -> &Arc<Waiters> {
        match self {
            Self::Task(task, _) => task.get().waiters(),
            Self::Send(producer, _) => producer.get().waiters(),
            Self::Receive(consumer, _) => consumer.get().waiters(),
        }
    }

    fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self {
            Self::Task(task, _) => visit.call(task),
            Self::Send(producer, sending) => {
                visit.call(producer)?;
                sending.item().map_or(Ok(()), |item| visit.call(item))
            }
            Self::Receive(consumer, _) => visit.call(consumer),
        }
    }
}

/// A new asyncio future of the running loop, among those who wait, and what the coroutine is to yield for it.
fn enter<'py>(py: Python<'py>, waiters: &Arc<Waiters>) -> PyResult<(Place, Bound<'py, PyAny>)> {
    static RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let event_loop = RUNNING_LOOP.import(py, "asyncio", "get_running_loop")?.call0().map_err(|error| {
        let ours =
            PyRuntimeError::new_err("no asyncio loop is running here: await it in a coroutine that asyncio runs");
        if error.is_instance_of::<PyRuntimeError>(py) { ours } else { error }
    })?;
    let future = event_loop.call_method0("create_future")?;
    let yielded = future.call_method0("__await__")?.try_iter()?.next();
    let yielded = yielded.ok_or_else(|| PyTypeError::new_err("a new future of the loop is done already"))??;
    Ok((waiters.enter(event_loop, future), yielded))
}

/// An exception that would be taken for the end of the wait is given another name, as in generators.
fn contained(py: Python<'_>, error: PyErr) -> PyErr {
    if !error.is_instance_of::<PyStopIteration>(py) {
        return error;
    }
    let contained = PyRuntimeError::new_err("the task raised StopIteration, which cannot leave a coroutine");
    contained.set_cause(py, Some(error));
    contained
}
