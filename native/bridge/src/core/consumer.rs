//! The consumer of a channel as a Python class.

use std::sync::Arc;

use deadhand_core::channel::ChannelError;
use deadhand_core::guard::Handle;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::contents::Contents;
use super::drop::undisposed_owner;
use super::errors::from_channel;
use super::producer::{Item, again_is_nothing, channels, counts};
use super::wait::{duration, wait};
use super::waiters::Waiters;
use super::waiting::{Wait, Waiting};

/// The end of a channel that receives. Any number of threads may use it at once; each item goes to one of them.
#[pyclass(frozen, weakref, module = "deadhand._native")]
pub(crate) struct Consumer {
    native: Handle,
    contents: Py<Contents>,
}

#[pymethods]
impl Consumer {
    /// Receive the oldest item now, or raise `ChannelEmpty`.
    fn try_receive(&self, py: Python<'_>) -> PyResult<Item> {
        // With the GIL, as the collector may be looking at the items.
        channels().and_then(|channels| channels.try_receive(self.native)).map_err(|error| from_channel(py, &error))
    }

    /// Receive an item when there is one; after `timeout` seconds raise `TimeoutError`. None waits without end.
    #[pyo3(signature = (timeout = None))]
    fn receive(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Item> {
        let timeout = duration(timeout)?;
        let channels = channels().map_err(|error| from_channel(py, &error))?;
        let answer = wait(py, &mut channels.receive(self.native), timeout)?;
        let answer = answer.unwrap_or(Err(ChannelError::TimedOut { full: false }));
        answer.map_err(|error| from_channel(py, &error))
    }

    /// Return what receives an item when there is one, once it is awaited. Cancelled before, it receives nothing.
    fn receive_async(slf: &Bound<'_, Self>) -> PyResult<Waiting> {
        let py = slf.py();
        let channels = channels().map_err(|error| from_channel(py, &error))?;
        Ok(Waiting::of(Wait::Receive(slf.clone().unbind(), channels.receive(slf.get().native))))
    }

    /// Make another consumer of the same channel.
    fn another(&self, py: Python<'_>) -> PyResult<Self> {
        let made = channels().and_then(|channels| channels.another_consumer(self.native));
        let native = made.map_err(|error| from_channel(py, &error))?;
        Ok(Self::of(native, self.contents.clone_ref(py)))
    }

    /// Return what the channel has done so far.
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        counts(py, channels().and_then(|channels| channels.consumer_counts(self.native)))
    }

    /// Panic in native code, for tests: raises `NativePanic` and leaves the consumer fenced off.
    fn provoke_panic(&self, py: Python<'_>) -> PyResult<()> {
        channels().and_then(|channels| channels.provoke_panic(self.native)).map_err(|error| from_channel(py, &error))
    }

    /// Close it and wake who waits. The last consumer of a channel returns the items that are left.
    fn close(&self, py: Python<'_>) -> PyResult<Vec<Item>> {
        again_is_nothing(py, channels().and_then(|channels| channels.close_consumer(self.native)))
    }

    /// Whether it is closed.
    #[getter]
    fn closed(&self) -> bool {
        !channels().is_ok_and(|channels| channels.consumer_is_open(self.native))
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
        self.close(py).map(drop)
    }

    fn __repr__(&self) -> String {
        format!("<Consumer {}: {}>", self.native, if self.closed() { "closed" } else { "open" })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.contents)
    }
}

impl Consumer {
    pub(super) fn of(native: Handle, contents: Py<Contents>) -> Self {
        Self { native, contents }
    }

    pub(super) fn waiters(&self) -> &Arc<Waiters> {
        self.contents.get().waiters()
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        if !self.closed() {
            // The items stay for `Producer.reclaim`.
            undisposed_owner("consumer", self.native, || {
                drop(channels().and_then(|channels| channels.abandon_consumer(self.native)));
            });
        }
    }
}
