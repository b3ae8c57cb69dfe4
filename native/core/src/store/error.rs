//! What can go wrong with a store and what comes of it; every message is one line that says what to do.

use std::io;
use std::path::PathBuf;

use deadhand_guard::{CallError, GuardError, Handle, Panicked};

/// Why a call gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The handle was refused.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The call panicked.
    #[error("{kind} {handle} is fenced off, close it and create a new {kind}: the call {panicked}")]
    Panicked {
        /// The object that was struck.
        handle: Handle,
        /// What it is.
        kind: &'static str,
        /// What the panic said, and where.
        panicked: Box<Panicked>,
    },
    /// The store's one writer is there already.
    #[error("store {store} has a writer already: commit or abort it first")]
    HasWriter {
        /// The store.
        store: Handle,
    },
    /// The file is open in this process or another one.
    #[error("{} is open already: close the other store, and its readers and writers, which keep it open", path.display())]
    AlreadyOpen {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("the store's file failed: {0}")]
    Io(io::Error),
    /// The database refused: not a database, damaged, too large.
    #[error("the database refused: {message}; if the file is damaged, restore it or begin a new one")]
    Database {
        /// What it said.
        message: String,
    },
}

impl StoreError {
    /// What the database says, whatever type it says it with.
    pub(super) fn of(error: impl Into<redb::Error>) -> Self {
        match error.into() {
            redb::Error::Io(error) => Self::Io(error),
            other => Self::Database { message: other.to_string() },
        }
    }
}

/// The answer of a call on an object of that kind.
pub(super) fn answer<R>(
    kind: &'static str,
    handle: Handle,
    result: Result<Result<R, StoreError>, CallError>,
) -> Result<R, StoreError> {
    result.unwrap_or_else(|error| {
        Err(match error {
            CallError::Guard(error) => error.into(),
            CallError::Panicked(panicked) => StoreError::Panicked { handle, kind, panicked: Box::new(panicked) },
            // The enum may grow.
            other => StoreError::Database { message: other.to_string() },
        })
    })
}

/// The answer to closing what may be closed already: that is no error.
pub(super) fn closed_by_now<R>(result: Result<R, GuardError>) -> Result<(), StoreError> {
    match result {
        Ok(_) | Err(GuardError::Stale { .. } | GuardError::Closed { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
