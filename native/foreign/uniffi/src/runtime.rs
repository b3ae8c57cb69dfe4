//! Runtimes, which run tasks, and the one function that needs none of ours.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use deadhand_core::future::{FutureError, Futures, sleep};
use deadhand_core::guard::{CallError, GuardError, Handle};
use deadhand_core::ledger::ledger;

use crate::buffer::size;
use crate::channel::duration;
use crate::{AsyncCallback, CallFailed, Callback, CoreError, Item, Task};

/// Threads of native code that run tasks.
#[derive(Debug, uniffi::Object)]
pub struct Runtime(Handle);

/// What closing a runtime came to.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Closing {
    /// Tasks that were pending and are told now.
    pub told: u64,
    /// Futures that are not dropped yet.
    pub still_running: u64,
}

/// What a task gives: an object of the host, or why there is none.
pub(crate) type Answer = Result<Arc<dyn Item>, CallFailed>;

#[uniffi::export]
impl Runtime {
    /// Start that many threads.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    #[uniffi::constructor]
    pub fn start(workers: u64) -> Result<Arc<Self>, CoreError> {
        Ok(Arc::new(Self(futures()?.runtime(size(workers))?)))
    }

    /// A task that gives `item` after that many seconds.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn delay(&self, item: Arc<dyn Item>, seconds: f64) -> Result<Arc<Task>, CoreError> {
        let delay = duration(Some(seconds))?.unwrap_or_default();
        self.spawn(async move {
            sleep(delay).await;
            Ok(item)
        })
    }

    /// A task that calls the host on one of the threads.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn call(&self, callback: Arc<dyn Callback>, argument: Arc<dyn Item>) -> Result<Arc<Task>, CoreError> {
        self.spawn(async move { callback.call(argument) })
    }

    /// A task that awaits the host, and then gives `item`.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn call_async(&self, callback: Arc<dyn AsyncCallback>, item: Arc<dyn Item>) -> Result<Arc<Task>, CoreError> {
        self.spawn(async move { callback.call().await.map(|()| item) })
    }

    /// How many tasks run, or wait to.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn running(&self) -> Result<u64, CoreError> {
        Ok(futures()?.running(self.0)? as u64)
    }

    /// Close it, tell all that is pending, and wait for the threads for at most `patience` seconds.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    #[uniffi::method(default(patience = 0.0))]
    pub fn close(&self, patience: f64) -> Result<Closing, CoreError> {
        let patience = duration(Some(patience))?.unwrap_or_default();
        match futures()?.close(self.0, patience) {
            Err(FutureError::Call(CallError::Guard(GuardError::Stale { .. } | GuardError::Closed { .. }))) => {
                Ok(Closing { told: 0, still_running: 0 })
            }
            closed => {
                let closing = closed?;
                Ok(Closing { told: closing.told as u64, still_running: closing.still_running as u64 })
            }
        }
    }

    /// Its handle: a number that no other object has, or had.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.to_u64()
    }
}

impl Runtime {
    fn spawn(&self, future: impl Future<Output = Answer> + Send + 'static) -> Result<Arc<Task>, CoreError> {
        Ok(Arc::new(Task::of(futures()?.spawn(self.0, future)?)))
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Ok(futures) = futures() {
            drop(futures.close(self.0, Duration::ZERO));
        }
    }
}

/// Wait that many seconds on the runtime that UniFFI brings along.
///
/// # Errors
/// See [`Store::in_memory`](crate::Store::in_memory).
#[uniffi::export(async_runtime = "tokio")]
pub async fn pause(seconds: f64) -> Result<(), CoreError> {
    sleep(duration(Some(seconds))?.unwrap_or_default()).await;
    Ok(())
}

/// All runtimes and tasks of the process, made when first asked for.
pub(crate) fn futures() -> Result<&'static Futures<Answer>, GuardError> {
    static FUTURES: LazyLock<Result<Futures<Answer>, GuardError>> = LazyLock::new(|| Futures::new(ledger()));
    FUTURES.as_ref().map_err(Clone::clone)
}
