//! The exceptions of the binding: one variant for each class that `deadhand._native` has.

use deadhand_core::buffer::BufferError;
use deadhand_core::callback::CallbackError;
use deadhand_core::channel::ChannelError;
use deadhand_core::error::{Coded, record};
use deadhand_core::future::FutureError;
use deadhand_core::guard::{CallError, GuardError, Handle, Panicked};
use deadhand_core::store::StoreError;
use deadhand_core::text::TextError;

/// Why a call gave no answer. `text` is one line that says what to do, `handle` what it is about, if that is known.
#[derive(Clone, Debug, thiserror::Error, uniffi::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are the same everywhere")]
pub enum CoreError {
    /// The object is gone.
    #[error("{text}")]
    Stale { text: String, handle: Option<u64> },
    /// It is closed, and only waits for its last user or child.
    #[error("{text}")]
    Closed { text: String, handle: Option<u64> },
    /// Somebody else uses it.
    #[error("{text}")]
    Busy { text: String, handle: Option<u64> },
    /// Only the thread that created it may use it.
    #[error("{text}")]
    WrongThread { text: String, handle: Option<u64> },
    /// It has children, and was asked to refuse then.
    #[error("{text}")]
    HasChildren { text: String, handle: Option<u64> },
    /// A call on it panicked, so nobody knows its state.
    #[error("{text}")]
    Fenced { text: String, handle: Option<u64> },
    /// The call panicked, and the core's fence caught it.
    #[error("{text}")]
    Panicked { text: String, location: Option<String>, backtrace: Option<String> },
    /// The weakly registered callback has died.
    #[error("{text}")]
    DeadTarget { text: String, handle: Option<u64> },
    /// Callbacks failed; all were called.
    #[error("{text}")]
    CallbackFailed { text: String, failures: Vec<Failure> },
    /// Callbacks fired callbacks that fired callbacks.
    #[error("{text}")]
    TooDeep { text: String },
    /// As many items wait as can.
    #[error("{text}")]
    ChannelFull { text: String },
    /// No item waits.
    #[error("{text}")]
    ChannelEmpty { text: String },
    /// Nothing changed in time.
    #[error("{text}")]
    TimedOut { text: String },
    /// The task is still running.
    #[error("{text}")]
    NotDone { text: String },
    /// The task was cancelled.
    #[error("{text}")]
    Cancelled { text: String },
    /// The runtime of the task was closed.
    #[error("{text}")]
    RuntimeClosed { text: String },
    /// The result was taken before.
    #[error("{text}")]
    Taken { text: String },
    /// The database refused.
    #[error("{text}")]
    Database { text: String },
    /// The operating system refused.
    #[error("{text}")]
    System { text: String, number: Option<i32> },
    /// What should be text is not UTF-8, or has a NUL.
    #[error("{text}")]
    NotText { text: String },
    /// The bytes asked for are not all there, or too many.
    #[error("{text}")]
    OutOfRange { text: String },
    /// The allocator refused.
    #[error("{text}")]
    OutOfMemory { text: String },
    /// Something else: limits, and numbers that are no handles.
    #[error("{text}")]
    Refused { text: String, handle: Option<u64> },
}

/// One callback that failed.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Failure {
    /// Which.
    pub registration: u64,
    /// How. An exception comes as text: UniFFI carries no objects of Python's.
    pub text: String,
}

/// The record of the last error on this thread, as C interfaces have it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct LastError {
    /// The number for C.
    pub code: i32,
    /// One line that says what to do.
    pub text: String,
    /// What it is about.
    pub handle: Option<u64>,
}

/// What is recorded for this thread. Errors of stores that are not about a handle are not.
#[uniffi::export]
#[must_use]
pub fn last_error() -> Option<LastError> {
    let last = deadhand_core::error::last_error()?;
    Some(LastError { code: last.code.number(), text: last.message, handle: last.handle.map(Handle::to_u64) })
}

/// Panics where no fence of the core is, to see what UniFFI makes of it.
///
/// # Panics
/// Always.
#[uniffi::export]
pub fn provoke_panic_outside() {
    panic!("provoked by provoke_panic_outside()");
}

impl CoreError {
    fn panicked(panicked: &Panicked, text: String) -> Self {
        let location = panicked.location().map(ToOwned::to_owned);
        Self::Panicked { text, location, backtrace: panicked.backtrace().map(ToString::to_string) }
    }
}

impl From<&GuardError> for CoreError {
    fn from(error: &GuardError) -> Self {
        record(error, None);
        let (text, handle) = (error.to_string(), error.handle().map(Handle::to_u64));
        match error {
            GuardError::Stale { .. } => Self::Stale { text, handle },
            GuardError::Closed { .. } => Self::Closed { text, handle },
            GuardError::Busy { .. } | GuardError::InUse { .. } => Self::Busy { text, handle },
            GuardError::WrongThread { .. } => Self::WrongThread { text, handle },
            GuardError::HasChildren { .. } => Self::HasChildren { text, handle },
            GuardError::Fenced { .. } => Self::Fenced { text, handle },
            GuardError::DestructorPanicked { .. } => Self::Panicked { text, location: None, backtrace: None },
            GuardError::OutOfMemory { .. } => Self::OutOfMemory { text },
            _ => Self::Refused { text, handle },
        }
    }
}

impl From<GuardError> for CoreError {
    fn from(error: GuardError) -> Self {
        Self::from(&error)
    }
}

impl From<&CallError> for CoreError {
    fn from(error: &CallError) -> Self {
        record(error, None);
        match error {
            CallError::Guard(error) => error.into(),
            CallError::Panicked(panicked) => {
                let text = format!("{error}; close the object it was made on and create a new one");
                Self::panicked(panicked, text)
            }
            _ => Self::Refused { text: error.to_string(), handle: None },
        }
    }
}

impl From<StoreError> for CoreError {
    fn from(error: StoreError) -> Self {
        let text = error.to_string();
        match error {
            StoreError::Guard(error) => error.into(),
            StoreError::Panicked { panicked, .. } => Self::panicked(&panicked, text),
            StoreError::HasWriter { store } => Self::Busy { text, handle: Some(store.to_u64()) },
            StoreError::AlreadyOpen { .. } => Self::Busy { text, handle: None },
            StoreError::Io(source) => Self::System { text, number: source.raw_os_error() },
            _ => Self::Database { text },
        }
    }
}

impl From<BufferError> for CoreError {
    fn from(error: BufferError) -> Self {
        record(&error, None);
        let (text, handle) = (error.to_string(), error.handle().map(Handle::to_u64));
        match &error {
            BufferError::Call(error) => error.into(),
            BufferError::OutOfRange { .. } | BufferError::TooLong { .. } => Self::OutOfRange { text },
            BufferError::SpansOut { .. } => Self::Busy { text, handle },
            BufferError::Revoked { .. } | BufferError::Outdated { .. } | BufferError::BufferGone { .. } => {
                Self::Stale { text, handle }
            }
            _ => Self::Refused { text, handle },
        }
    }
}

impl From<TextError> for CoreError {
    fn from(error: TextError) -> Self {
        record(&error, None);
        let text = error.to_string();
        match &error {
            TextError::Call(error) => error.into(),
            TextError::NotUtf8 { .. }
            | TextError::Truncated { .. }
            | TextError::Surrogate { .. }
            | TextError::InteriorNul { .. } => Self::NotText { text },
            TextError::TooLong { .. } | TextError::TooSmall { .. } | TextError::BadCut { .. } => {
                Self::OutOfRange { text }
            }
            _ => Self::Refused { text, handle: None },
        }
    }
}

impl From<CallbackError> for CoreError {
    fn from(error: CallbackError) -> Self {
        record(&error, None);
        let (text, handle) = (error.to_string(), error.handle().map(Handle::to_u64));
        match &error {
            CallbackError::Call(error) => error.into(),
            CallbackError::TooDeep { .. } => Self::TooDeep { text },
            CallbackError::Dead { .. } => Self::DeadTarget { text, handle },
            _ => Self::Refused { text, handle },
        }
    }
}

impl From<ChannelError> for CoreError {
    fn from(error: ChannelError) -> Self {
        record(&error, None);
        let (text, handle) = (error.to_string(), error.handle().map(Handle::to_u64));
        match &error {
            ChannelError::Call(error) => error.into(),
            ChannelError::Full { .. } => Self::ChannelFull { text },
            ChannelError::Empty => Self::ChannelEmpty { text },
            ChannelError::TimedOut { .. } => Self::TimedOut { text },
            ChannelError::Closed { .. } | ChannelError::EndClosed { .. } => Self::Closed { text, handle },
            ChannelError::BadCapacity { .. } => Self::OutOfRange { text },
            _ => Self::Refused { text, handle },
        }
    }
}

impl From<FutureError> for CoreError {
    fn from(error: FutureError) -> Self {
        record(&error, None);
        let text = error.to_string();
        match &error {
            FutureError::Call(error) => error.into(),
            FutureError::NotDone => Self::NotDone { text },
            FutureError::TimedOut => Self::TimedOut { text },
            FutureError::Cancelled => Self::Cancelled { text },
            FutureError::RuntimeClosed => Self::RuntimeClosed { text },
            FutureError::Panicked { .. } => Self::Panicked { text, location: None, backtrace: None },
            FutureError::Taken => Self::Taken { text },
            FutureError::BadWorkers { .. } => Self::OutOfRange { text },
            FutureError::System(source) => Self::System { text, number: source.raw_os_error() },
            _ => Self::Refused { text, handle: None },
        }
    }
}
