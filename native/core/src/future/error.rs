//! What can become of a task, and what can go wrong with asking.

use std::fmt;
use std::io;
use std::sync::Arc;

use deadhand_guard::{CallError, GuardError, Panicked};

/// How a task has ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fate {
    /// With a result, taken or not.
    Finished,
    /// It was cancelled, or its handle disposed of.
    Cancelled,
    /// Its runtime was closed.
    RuntimeClosed,
    /// It panicked, as said there.
    Panicked(Arc<Panicked>),
}

/// Two panics are never the same, but one is the same as itself.
impl PartialEq for Fate {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Panicked(one), Self::Panicked(other)) => Arc::ptr_eq(one, other),
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

impl Eq for Fate {}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished => f.write_str("finished"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::RuntimeClosed => f.write_str("stopped as its runtime was closed"),
            Self::Panicked(panicked) => panicked.fmt(f),
        }
    }
}

/// Why a call on a runtime or task gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FutureError {
    /// The handle was refused, or the call panicked.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The task is still running.
    #[error("the task is not done: wait for it")]
    NotDone,
    /// The task was still running after the time that was given.
    #[error("the task was not done after the time that was given: wait longer, or cancel it")]
    TimedOut,
    /// There is no result, as the task was cancelled.
    #[error("the task was cancelled: start it again if its result is still wanted")]
    Cancelled,
    /// There is no result, as the runtime of the task was closed before it was done.
    #[error("the runtime of the task was closed before it was done: close it after its tasks")]
    RuntimeClosed,
    /// There is no result, as the task panicked.
    #[error("the task {panicked}; nothing else is affected")]
    Panicked {
        /// What the panic said, where, and how it came there.
        panicked: Arc<Panicked>,
    },
    /// The result was taken before.
    #[error("the result of the task was taken already: take it once")]
    Taken,
    /// The process was forked, and the threads of the runtime stayed behind.
    #[error("the threads of the runtime are in the parent process: make a new runtime after the fork")]
    Forked,
    /// Waiting on a thread that runs tasks could wait for itself.
    #[error("this thread runs tasks, and waiting on it could wait for ever: wait on another thread")]
    Deadlock,
    /// A runtime must have a thread, and need not have many.
    #[error("a runtime cannot have {workers} threads: ask for 1 to {limit}")]
    BadWorkers {
        /// What was asked for.
        workers: usize,
        /// The most.
        limit: usize,
    },
    /// The operating system gave no runtime.
    #[error("cannot start a runtime: {0}")]
    System(io::Error),
}

impl From<GuardError> for FutureError {
    fn from(error: GuardError) -> Self {
        Self::Call(error.into())
    }
}
