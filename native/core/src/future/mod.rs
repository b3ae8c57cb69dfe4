//! Tasks on a tokio runtime, both behind handles, with every end a task can have told apart.
//!
//! A task is settled exactly once: with its result, as cancelled, as stopped with its runtime, or as panicked. Who
//! waits is woken then, and callbacks run, on the thread that settles and with no lock held. A task needs its
//! runtime's handle no more once it is spawned; closing the runtime settles whatever is pending.
//!
//! After a fork the child has handles of runtimes whose threads stayed behind. It is told so, instead of waiting for
//! ever; a lock that another thread held at the moment of the fork stays locked in the child all the same.
//!
//! A panic of the task itself settles it; a panic inside a call on a handle fences that handle off, as everywhere.

mod body;
mod error;
mod joining;
#[cfg(test)]
mod model;
mod promise;
mod runtime;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use deadhand_guard::{GuardError, Handle, Ledger, SharedTable};

use crate::census::kind;

use body::Body;
use promise::Promise;
use runtime::Runtime;

pub use error::{Fate, FutureError};
pub use joining::Joining;

/// The most threads a runtime can have.
pub const MAX_WORKERS: usize = 8;

/// What closing a runtime came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closing {
    /// Tasks that were pending and are settled as [`Fate::RuntimeClosed`] now.
    pub told: usize,
    /// Futures that are not dropped yet: they hold their thread, or nobody waited.
    pub still_running: usize,
}

/// What cancelling a task came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cancel {
    /// It was pending and is cancelled now.
    Cancelled,
    /// It was cancelled before.
    Already,
    /// It had ended in another way before.
    TooLate,
}

/// A task, as its handle keeps it.
#[derive(Debug)]
struct Task<T> {
    promise: Arc<Promise<T>>,
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.promise.abandon();
    }
}

/// All runtimes and tasks of one owner. `T` is what tasks give; an error of the host's can be part of it.
pub struct Futures<T: Send + 'static> {
    runtimes: SharedTable<Arc<Runtime<T>>>,
    tasks: Arc<SharedTable<Task<T>>>,
}

impl<T: Send + 'static> Futures<T> {
    /// None yet; the ledger, if there is one, counts kinds `runtime` and `task`.
    ///
    /// # Errors
    /// [`GuardError::TooManyTables`].
    pub fn new(ledger: Option<&Arc<Ledger>>) -> Result<Self, GuardError> {
        Ok(Self {
            runtimes: SharedTable::new(kind("runtime", ledger))?,
            tasks: Arc::new(SharedTable::new(kind("task", ledger))?),
        })
    }

    /// A runtime with that many threads, which start now.
    ///
    /// # Errors
    /// [`FutureError::BadWorkers`]; [`FutureError::System`]; when no more runtimes can be made.
    #[track_caller]
    pub fn runtime(&self, workers: usize) -> Result<Handle, FutureError> {
        if workers == 0 || workers > MAX_WORKERS {
            return Err(FutureError::BadWorkers { workers, limit: MAX_WORKERS });
        }
        let place = self.runtimes.reserve()?;
        let runtime = crate::fenced::fenced(|| Runtime::start(workers).map_err(FutureError::System))?;
        Ok(place.commit(Arc::new(runtime)))
    }

    /// Starts a task. Disposing of its handle cancels it.
    ///
    /// # Errors
    /// What is wrong with the runtime's handle; [`FutureError::RuntimeClosed`]; [`FutureError::Forked`]; when no more
    /// tasks can be made. The future is dropped then.
    #[track_caller]
    pub fn spawn(
        &self,
        runtime: Handle,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Result<Handle, FutureError> {
        let place = self.tasks.reserve()?;
        let promise = self.runtimes.call(runtime, |runtime| {
            #[cfg(test)]
            crate::planted::here("future.spawn");
            if runtime.forked() {
                return Err(FutureError::Forked);
            }
            let promise = Arc::new(Promise::new());
            let running = runtime.admit(&promise).ok_or(FutureError::RuntimeClosed)?;
            let task = runtime.spawner().spawn(Body::new(future, Arc::clone(&promise), running));
            promise.started(task.abort_handle());
            Ok::<_, FutureError>(promise)
        })??;
        Ok(place.commit(Task { promise }))
    }

    /// How many tasks run on the runtime, or wait to, whether their handles are disposed of or not.
    ///
    /// # Errors
    /// What is wrong with the handle.
    pub fn running(&self, runtime: Handle) -> Result<usize, FutureError> {
        Ok(self.runtimes.call(runtime, |runtime| runtime.running())?)
    }

    /// Closes the runtime: tasks that are pending are settled as [`Fate::RuntimeClosed`], and their callbacks run on
    /// this thread. Then waits for the threads, for as long as `patience` says; on a thread of a runtime not at all.
    ///
    /// # Errors
    /// What is wrong with the handle: the second time, that it is stale. A fenced runtime is closed without patience.
    pub fn close(&self, runtime: Handle, patience: Duration) -> Result<Closing, FutureError> {
        let inside = self.runtimes.call(runtime, Arc::clone);
        self.runtimes.dispose(runtime)?;
        Ok(inside.map_or(Closing { told: 0, still_running: 0 }, |runtime| runtime.close(patience)))
    }

    /// How the task has ended; `None` while it has not.
    ///
    /// # Errors
    /// What is wrong with the handle.
    pub fn fate(&self, task: Handle) -> Result<Option<Fate>, FutureError> {
        Ok(self.tasks.call(task, |task| task.promise.fate())?)
    }

    /// Takes the result, which can be done once.
    ///
    /// # Errors
    /// What is wrong with the handle; [`FutureError::NotDone`]; [`FutureError::Taken`]; and each time, how the task
    /// has ended if it has no result.
    pub fn take(&self, task: Handle) -> Result<T, FutureError> {
        self.tasks.call(task, |task| task.promise.take())?
    }

    /// Waits until the task has ended, without end if there is no timeout, and leaves the result where it is.
    ///
    /// # Errors
    /// What is wrong with the handle; [`FutureError::TimedOut`]; [`FutureError::Deadlock`] on a thread that runs tasks
    /// (if the task has not ended); [`FutureError::Forked`] (likewise).
    pub fn wait(&self, task: Handle, timeout: Option<Duration>) -> Result<(), FutureError> {
        self.tasks.call(task, |task| {
            if task.promise.fate().is_none() && tokio::runtime::Handle::try_current().is_ok() {
                return Err(FutureError::Deadlock);
            }
            task.promise.wait(timeout)
        })?
    }

    /// Panics inside a call on the task, for tests: it is fenced off afterwards.
    ///
    /// # Errors
    /// Always: the panic, or what is wrong with the handle.
    ///
    /// # Panics
    /// Never out of this call.
    pub fn provoke_panic_of_task(&self, task: Handle) -> Result<(), FutureError> {
        Ok(self.tasks.call(task, |_| panic!("provoked by provoke_panic()"))?)
    }

    /// Waits for the result and takes it.
    ///
    /// # Errors
    /// As for [`wait`](Self::wait) and [`take`](Self::take).
    pub fn join(&self, task: Handle, timeout: Option<Duration>) -> Result<T, FutureError> {
        self.wait(task, timeout)?;
        self.take(task)
    }

    /// Awaits the result and takes it. Everything that is wrong is told by the future.
    pub fn joining(&self, task: Handle) -> Joining<T> {
        Joining { tasks: Arc::clone(&self.tasks), task, line: None }
    }

    /// Cancels the task: it is settled when this returns, and its future is dropped soon, on its runtime. Doing so
    /// again is no error.
    ///
    /// # Errors
    /// What is wrong with the handle.
    pub fn cancel(&self, task: Handle) -> Result<Cancel, FutureError> {
        Ok(self.tasks.call(task, |task| match (task.promise.cancel(), task.promise.fate()) {
            (true, _) => Cancel::Cancelled,
            (false, Some(Fate::Cancelled)) => Cancel::Already,
            (false, _) => Cancel::TooLate,
        })?)
    }

    /// Calls back once when the task has ended: on the thread that settles it, or now, on this one, if it has. No lock
    /// is held meanwhile. A panic in it is kept for [`callback_failures`](Self::callback_failures).
    ///
    /// # Errors
    /// What is wrong with the handle; the callback is dropped then.
    pub fn on_done(&self, task: Handle, callback: impl FnOnce(Fate) + Send + 'static) -> Result<(), FutureError> {
        Ok(self.tasks.call(task, |task| task.promise.on_done(Box::new(callback)))?)
    }

    /// What panicked in callbacks of the task so far, or when a late result of it was dropped.
    ///
    /// # Errors
    /// What is wrong with the handle.
    pub fn callback_failures(&self, task: Handle) -> Result<Vec<String>, FutureError> {
        Ok(self.tasks.call(task, |task| task.promise.failures())?)
    }

    /// How many there are of each kind, those included that are closed and in a call.
    #[must_use]
    pub fn alive(&self) -> [(&'static str, u32); 2] {
        [(self.runtimes.kind(), self.runtimes.len()), (self.tasks.kind(), self.tasks.len())]
    }

    /// Disposes of the task, which cancels it if it is pending. Who waits for it is woken.
    ///
    /// # Errors
    /// What is wrong with the handle.
    pub fn dispose(&self, task: Handle) -> Result<(), FutureError> {
        let promise = self.tasks.call(task, |task| Arc::clone(&task.promise));
        self.tasks.dispose(task)?;
        if let Ok(promise) = promise {
            // Not left to the task's own drop, for which a call that waits would have to return first.
            promise.abandon();
        }
        Ok(())
    }
}

impl<T: Send + 'static> std::fmt::Debug for Futures<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Futures").field("tasks", &self.tasks).finish_non_exhaustive()
    }
}
