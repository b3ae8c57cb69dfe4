//! Tasks, which can be awaited, waited for, and cancelled.

use std::sync::Arc;

use deadhand_core::future::{Cancel as Native, FutureError};
use deadhand_core::guard::{CallError, GuardError, Handle};

use crate::channel::duration;
use crate::runtime::{Answer, futures};
use crate::{CoreError, Failure, Item};

/// Something that a runtime is doing. Dropping it cancels it.
#[derive(Debug, uniffi::Object)]
pub struct Task(Handle);

/// What cancelling a task came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Cancel {
    /// It was pending and is cancelled now.
    Cancelled,
    /// It was cancelled before.
    Already,
    /// It had ended in another way before.
    TooLate,
}

#[uniffi::export]
impl Task {
    /// How it has ended; none while it has not.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn fate(&self) -> Result<Option<String>, CoreError> {
        Ok(futures()?.fate(self.0)?.map(|fate| fate.to_string()))
    }

    /// Take the result, which can be done once.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn take(&self) -> Result<Arc<dyn Item>, CoreError> {
        self.answer(futures()?.take(self.0)?)
    }

    /// Wait for the result on this thread, and take it.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    #[uniffi::method(default(timeout = None))]
    pub fn wait(&self, timeout: Option<f64>) -> Result<Arc<dyn Item>, CoreError> {
        let timeout = duration(timeout)?;
        self.answer(futures()?.join(self.0, timeout)?)
    }

    /// Cancel it.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn cancel(&self) -> Result<Cancel, CoreError> {
        Ok(match futures()?.cancel(self.0)? {
            Native::Cancelled => Cancel::Cancelled,
            Native::Already => Cancel::Already,
            _ => Cancel::TooLate,
        })
    }

    /// Let go of it, which cancels it if it is pending.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn close(&self) -> Result<(), CoreError> {
        match futures()?.dispose(self.0) {
            Err(FutureError::Call(CallError::Guard(GuardError::Stale { .. } | GuardError::Closed { .. }))) => Ok(()),
            other => Ok(other?),
        }
    }

    /// Its handle: a number that no other object has, or had.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.to_u64()
    }
}

#[uniffi::export(async_runtime = "tokio")]
impl Task {
    /// Await the result, and take it.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub async fn join(&self) -> Result<Arc<dyn Item>, CoreError> {
        self.answer(futures()?.joining(self.0).await?)
    }
}

impl Task {
    pub(crate) fn of(native: Handle) -> Self {
        Self(native)
    }

    fn answer(&self, answer: Answer) -> Result<Arc<dyn Item>, CoreError> {
        answer.map_err(|failed| {
            let failures = vec![Failure { registration: self.0.to_u64(), text: failed.to_string() }];
            CoreError::CallbackFailed { text: "the callback of the task failed: see `failures`".to_owned(), failures }
        })
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        drop(self.close());
    }
}
