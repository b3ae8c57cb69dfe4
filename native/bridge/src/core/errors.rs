//! The exceptions of the core, and the one place where its errors become exceptions.

use deadhand_core::buffer::BufferError;
use deadhand_core::callback::CallbackError;
use deadhand_core::channel::ChannelError;
use deadhand_core::future::FutureError;
use deadhand_core::guard::{CallError, GuardError, Panicked};
use deadhand_core::store::StoreError;
use deadhand_core::text::TextError;
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyMemoryError, PyRecursionError, PyRuntimeError, PyTimeoutError, PyValueError};
use pyo3::prelude::*;

use crate::errors::os;

create_exception!(deadhand._native, HandleError, PyException, "A handle cannot do what was asked.");
create_exception!(deadhand._native, StaleHandle, HandleError, "The object is gone: create a new one.");
create_exception!(
    deadhand._native,
    ClosedHandle,
    HandleError,
    "The object is closed, and only waits for its last user or child."
);
create_exception!(deadhand._native, BusyHandle, HandleError, "Somebody else uses it: wait, or use one each.");
create_exception!(deadhand._native, WrongThread, HandleError, "Only the thread that created it may use it.");
create_exception!(deadhand._native, HasChildren, HandleError, "It has children: close them first.");
create_exception!(
    deadhand._native,
    FencedHandle,
    HandleError,
    "A call on it panicked, so nobody knows its state: close it and create a new one."
);
create_exception!(
    deadhand._native,
    NativePanic,
    HandleError,
    "The call panicked. `location` says where, `backtrace` how it came there; the object is fenced off."
);
create_exception!(deadhand._native, DeadTarget, HandleError, "The weakly registered callback has died.");
create_exception!(
    deadhand._native,
    CallbackFailed,
    HandleError,
    "Callbacks failed. `failures` has a (handle, exception) for each, `answers` what the others answered."
);
create_exception!(deadhand._native, ChannelFull, HandleError, "As many items wait as can.");
create_exception!(deadhand._native, ChannelEmpty, HandleError, "No item waits.");
create_exception!(deadhand._native, TaskPending, HandleError, "The task is not done: wait for it.");
create_exception!(deadhand._native, TaskCancelled, HandleError, "The task was cancelled, so there is no result.");
create_exception!(deadhand._native, WouldDeadlock, HandleError, "A thread that runs tasks cannot wait for one.");
create_exception!(deadhand._native, ForkedRuntime, HandleError, "The runtime's threads are in the parent process.");
create_exception!(deadhand._native, DatabaseError, PyRuntimeError, "The database refused: damaged, or none at all.");

create_exception!(deadhand._native, NotText, PyValueError, "What should be text is not UTF-8, or has a NUL.");
create_exception!(deadhand._native, OutOfRange, PyValueError, "The bytes asked for are not all there, or too many.");

/// The exception for an error of the store.
#[cold]
pub(super) fn from_store(py: Python<'_>, error: &StoreError) -> PyErr {
    let text = error.to_string();
    match error {
        StoreError::Guard(error) => from_guard(error),
        StoreError::Panicked { panicked, .. } => native_panic(py, panicked, text),
        StoreError::HasWriter { .. } | StoreError::AlreadyOpen { .. } => BusyHandle::new_err(text),
        StoreError::Io(source) => os(text, source),
        _ => DatabaseError::new_err(text),
    }
}

/// The exception for an error of buffers, slices, spans and pools.
#[cold]
pub(super) fn from_buffer(py: Python<'_>, error: &BufferError) -> PyErr {
    let text = error.to_string();
    match error {
        BufferError::Call(error) => from_call(py, error),
        BufferError::OutOfRange { .. } | BufferError::TooLong { .. } => OutOfRange::new_err(text),
        BufferError::SpansOut { .. } | BufferError::ViewsOut { .. } | BufferError::WritableViewOut { .. } => {
            BusyHandle::new_err(text)
        }
        BufferError::Revoked { .. } | BufferError::Outdated { .. } | BufferError::BufferGone { .. } => {
            StaleHandle::new_err(text)
        }
        _ => HandleError::new_err(text),
    }
}

/// The exception for an error of a callback.
#[cold]
pub(super) fn from_callback(py: Python<'_>, error: &CallbackError) -> PyErr {
    let text = error.to_string();
    match error {
        CallbackError::Call(error) => from_call(py, error),
        CallbackError::TooDeep { .. } => PyRecursionError::new_err(text),
        CallbackError::Dead { .. } => DeadTarget::new_err(text),
        _ => HandleError::new_err(text),
    }
}

/// The exception for an error of texts.
#[cold]
pub(super) fn from_text(py: Python<'_>, error: &TextError) -> PyErr {
    let text = error.to_string();
    match error {
        TextError::Call(error) => from_call(py, error),
        TextError::NotUtf8 { .. }
        | TextError::Truncated { .. }
        | TextError::Surrogate { .. }
        | TextError::InteriorNul { .. } => NotText::new_err(text),
        TextError::TooLong { .. } | TextError::TooSmall { .. } | TextError::BadCut { .. } => OutOfRange::new_err(text),
        _ => HandleError::new_err(text),
    }
}

/// The exception for an error of a channel.
#[cold]
pub(super) fn from_channel(py: Python<'_>, error: &ChannelError) -> PyErr {
    let text = error.to_string();
    match error {
        ChannelError::Call(error) => from_call(py, error),
        ChannelError::Full { .. } => ChannelFull::new_err(text),
        ChannelError::Empty => ChannelEmpty::new_err(text),
        ChannelError::TimedOut { .. } => PyTimeoutError::new_err(text),
        ChannelError::Closed { .. } | ChannelError::EndClosed { .. } => ClosedHandle::new_err(text),
        ChannelError::BadCapacity { .. } => PyValueError::new_err(text),
        _ => HandleError::new_err(text),
    }
}

/// The exception for an error of a runtime or task.
#[cold]
pub(super) fn from_future(py: Python<'_>, error: &FutureError) -> PyErr {
    let text = error.to_string();
    match error {
        FutureError::Call(error) => from_call(py, error),
        FutureError::NotDone => TaskPending::new_err(text),
        FutureError::TimedOut => PyTimeoutError::new_err(text),
        FutureError::Cancelled => TaskCancelled::new_err(text),
        FutureError::RuntimeClosed | FutureError::Taken => ClosedHandle::new_err(text),
        FutureError::Panicked { panicked } => native_panic(py, panicked, text),
        FutureError::Forked => ForkedRuntime::new_err(text),
        FutureError::Deadlock => WouldDeadlock::new_err(text),
        FutureError::BadWorkers { .. } => PyValueError::new_err(text),
        FutureError::System(source) => os(text, source),
        _ => HandleError::new_err(text),
    }
}

/// The exception for a call that gave no answer.
pub(super) fn from_call(py: Python<'_>, error: &CallError) -> PyErr {
    match error {
        CallError::Guard(error) => from_guard(error),
        CallError::Panicked(panicked) => {
            native_panic(py, panicked, format!("{error}; close the object it was made on and create a new one"))
        }
        _ => HandleError::new_err(error.to_string()),
    }
}

/// The exception for a handle that was refused.
#[cold]
pub(super) fn from_guard(error: &GuardError) -> PyErr {
    let text = error.to_string();
    match error {
        GuardError::Stale { .. } => StaleHandle::new_err(text),
        GuardError::Closed { .. } => ClosedHandle::new_err(text),
        GuardError::Busy { .. } | GuardError::InUse { .. } => BusyHandle::new_err(text),
        GuardError::WrongThread { .. } => WrongThread::new_err(text),
        GuardError::HasChildren { .. } => HasChildren::new_err(text),
        GuardError::Fenced { .. } => FencedHandle::new_err(text),
        GuardError::DestructorPanicked { .. } => NativePanic::new_err(text),
        GuardError::OutOfMemory { .. } => PyMemoryError::new_err(text),
        // Forged numbers, which Python cannot pass, and limits.
        _ => HandleError::new_err(text),
    }
}

/// Gives every `NativePanic` its attributes, for those of which nothing is known but the text.
pub(crate) fn describe_panics(py: Python<'_>) -> PyResult<()> {
    let kind = py.get_type::<NativePanic>();
    kind.setattr("location", py.None())?;
    kind.setattr("backtrace", py.None())
}

/// With what is known of the panic as attributes.
pub(super) fn native_panic(py: Python<'_>, panicked: &Panicked, text: String) -> PyErr {
    let error = NativePanic::new_err(text);
    let value = error.value(py);
    let backtrace = panicked.backtrace().map(ToString::to_string);
    let described = value.setattr("location", panicked.location()).and_then(|()| value.setattr("backtrace", backtrace));
    described.err().unwrap_or(error)
}
