//! Channels, and their producers as a Python class.

use std::sync::{Arc, LazyLock};

use deadhand_core::channel::{ChannelError, Channels, Counts, SendError};
use deadhand_core::guard::{GuardError, Handle};
use deadhand_core::ledger::ledger;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::consumer::Consumer;
use super::contents::Contents;
use super::drop::undisposed_owner;
use super::errors::from_channel;
use super::wait::{duration, wait};
use super::waiters::Waiters;
use super::waiting::{Wait, Waiting};
use crate::arguments::integer;

pub(super) type Item = Py<PyAny>;

/// The end of a channel that sends. Any number of threads may use it at once.
#[pyclass(frozen, weakref, module = "deadhand._native")]
pub(crate) struct Producer {
    native: Handle,
    contents: Py<Contents>,
}

/// Make a channel in which `capacity` items can wait, and return its two ends.
#[pyfunction]
pub(crate) fn channel(capacity: &Bound<'_, PyAny>) -> PyResult<(Producer, Consumer)> {
    let py = capacity.py();
    let capacity = integer(capacity, "capacity", "pass how many items can wait, 1 to 1048576")?;
    let made = channels().and_then(|channels| {
        let (producer, consumer) = channels.channel(capacity)?;
        Ok((producer, consumer, channels.contents(producer)?))
    });
    let (native, consumer, contents) = made.map_err(|error| from_channel(py, &error))?;
    let contents = Py::new(py, Contents::of(contents))?;
    Ok((Producer { native, contents: contents.clone_ref(py) }, Consumer::of(consumer, contents)))
}

#[pymethods]
impl Producer {
    /// Send `item` now, or raise `ChannelFull`.
    fn try_send(&self, py: Python<'_>, item: Item) -> PyResult<()> {
        let channels = channels().map_err(|error| from_channel(py, &error))?;
        channels.try_send(self.native, item).map_err(|error| refused(py, &error))
    }

    /// Send `item` when there is room; after `timeout` seconds raise `TimeoutError`. None waits without end.
    #[pyo3(signature = (item, timeout = None))]
    fn send(&self, py: Python<'_>, item: Item, timeout: Option<f64>) -> PyResult<()> {
        let timeout = duration(timeout)?;
        let channels = channels().map_err(|error| from_channel(py, &error))?;
        match wait(py, &mut channels.send(self.native, item), timeout)? {
            Some(answer) => answer.map_err(|error| refused(py, &error)),
            None => Err(from_channel(py, &ChannelError::TimedOut { full: true })),
        }
    }

    /// Return what sends `item` when there is room, once it is awaited. Cancelled before, it sends nothing.
    fn send_async(slf: &Bound<'_, Self>, item: Item) -> PyResult<Waiting> {
        let py = slf.py();
        let channels = channels().map_err(|error| from_channel(py, &error))?;
        Ok(Waiting::of(Wait::Send(slf.clone().unbind(), channels.send(slf.get().native, item))))
    }

    /// Make another producer of the same channel.
    fn another(&self, py: Python<'_>) -> PyResult<Self> {
        let made = channels().and_then(|channels| channels.another_producer(self.native));
        let native = made.map_err(|error| from_channel(py, &error))?;
        Ok(Self { native, contents: self.contents.clone_ref(py) })
    }

    /// Return the items that a last consumer left behind when it was dropped.
    fn reclaim(&self, py: Python<'_>) -> PyResult<Vec<Item>> {
        channels().and_then(|channels| channels.reclaim(self.native)).map_err(|error| from_channel(py, &error))
    }

    /// Return what the channel has done so far.
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        counts(py, channels().and_then(|channels| channels.producer_counts(self.native)))
    }

    /// Panic in native code, for tests: raises `NativePanic` and leaves the producer fenced off.
    fn provoke_panic(&self, py: Python<'_>) -> PyResult<()> {
        channels().and_then(|channels| channels.provoke_panic(self.native)).map_err(|error| from_channel(py, &error))
    }

    /// Close it and wake who waits. The last end of a channel returns the items that are left.
    fn close(&self, py: Python<'_>) -> PyResult<Vec<Item>> {
        again_is_nothing(py, channels().and_then(|channels| channels.close_producer(self.native)))
    }

    /// Whether it is closed.
    #[getter]
    fn closed(&self) -> bool {
        !channels().is_ok_and(|channels| channels.producer_is_open(self.native))
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
        format!("<Producer {}: {}>", self.native, if self.closed() { "closed" } else { "open" })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.contents)
    }
}

impl Producer {
    pub(super) fn waiters(&self) -> &Arc<Waiters> {
        self.contents.get().waiters()
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        if !self.closed() {
            undisposed_owner("producer", self.native, || {
                drop(channels().and_then(|channels| channels.close_producer(self.native)));
            });
        }
    }
}

/// All channels of the process, made when first asked for.
pub(super) fn channels() -> Result<&'static Channels<Item>, ChannelError> {
    static CHANNELS: LazyLock<Result<Channels<Item>, GuardError>> = LazyLock::new(|| Channels::new(ledger()));
    CHANNELS.as_ref().map_err(|error| error.clone().into())
}

pub(super) fn counts(py: Python<'_>, counts: Result<Counts, ChannelError>) -> PyResult<Bound<'_, PyDict>> {
    let counts = counts.map_err(|error| from_channel(py, &error))?;
    let answer = PyDict::new(py);
    answer.set_item("capacity", counts.capacity)?;
    answer.set_item("producers", counts.producers)?;
    answer.set_item("consumers", counts.consumers)?;
    answer.set_item("sent", counts.sent)?;
    answer.set_item("received", counts.received)?;
    answer.set_item("returned", counts.returned)?;
    answer.set_item("in_flight", counts.in_flight)?;
    Ok(answer)
}

/// Closing what is closed does nothing.
pub(super) fn again_is_nothing(py: Python<'_>, closed: Result<Vec<Item>, ChannelError>) -> PyResult<Vec<Item>> {
    use deadhand_core::guard::CallError::Guard;
    match closed {
        Err(ChannelError::Call(Guard(GuardError::Stale { .. } | GuardError::Closed { .. }))) => Ok(Vec::new()),
        other => other.map_err(|error| from_channel(py, &error)),
    }
}

/// The item is the caller's already, so that only the reason is left to be said.
pub(super) fn refused(py: Python<'_>, error: &SendError<Item>) -> PyErr {
    from_channel(py, &error.reason)
}
