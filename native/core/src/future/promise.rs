//! Where the result of a task will be. It is settled exactly once, by whoever comes first, and everything that follows
//! from that (wakers, callbacks, destructors) happens without the lock.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use deadhand_guard::fence;
use tokio::task::AbortHandle;

use super::{Fate, FutureError};
use crate::lock::lock;

/// Runs once, when the task is done or at once if it is.
pub(super) type Callback = Box<dyn FnOnce(Fate) + Send>;

enum Stage<T> {
    Pending,
    Done(T),
    Taken,
    Failed(Fate),
}

struct State<T> {
    stage: Stage<T>,
    callbacks: Vec<Callback>,
    waiting: HashMap<u64, Waker>,
    last: u64,
    failures: Vec<String>,
}

pub(super) struct Promise<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    abort: OnceLock<AbortHandle>,
    /// Where the task runs.
    process: u32,
}

impl<T> Promise<T> {
    pub(super) fn new() -> Self {
        let (callbacks, waiting, failures) = (Vec::new(), HashMap::new(), Vec::new());
        let state = State { stage: Stage::Pending, callbacks, waiting, last: 0, failures };
        let process = crate::process::id();
        Self { state: Mutex::new(state), changed: Condvar::new(), abort: OnceLock::new(), process }
    }

    /// How to stop the task that is to keep the promise.
    pub(super) fn started(&self, abort: AbortHandle) {
        // Set once, by the one who spawns.
        drop(self.abort.set(abort));
    }

    /// Settles, unless somebody was faster; says whether it did.
    pub(super) fn settle(&self, outcome: Result<T, Fate>) -> bool {
        let fate = outcome.as_ref().map_or_else(Clone::clone, |_| Fate::Finished);
        let settled = {
            let mut state = lock(&self.state);
            if matches!(state.stage, Stage::Pending) {
                state.stage = outcome.map_or_else(Stage::Failed, Stage::Done);
                Ok((std::mem::take(&mut state.callbacks), std::mem::take(&mut state.waiting)))
            } else {
                Err(outcome)
            }
        };
        match settled {
            Ok((callbacks, waiting)) => {
                self.changed.notify_all();
                for waker in waiting.into_values() {
                    self.run(|| waker.wake());
                }
                for callback in callbacks {
                    self.run(|| callback(fate.clone()));
                }
                true
            }
            Err(late) => {
                self.run(|| drop(late));
                false
            }
        }
    }

    /// Settles as cancelled, and stops the task; says whether it was pending.
    pub(super) fn cancel(&self) -> bool {
        let cancelled = self.settle(Err(Fate::Cancelled));
        if let Some(abort) = self.abort.get()
            && !self.forked()
        {
            abort.abort();
        }
        cancelled
    }

    /// Cancels, and drops a result that nobody is going to take: here, where a panic is caught, and not wherever the
    /// last reference happens to go.
    pub(super) fn abandon(&self) {
        self.cancel();
        let result = {
            let mut state = lock(&self.state);
            let done = matches!(state.stage, Stage::Done(_));
            done.then(|| std::mem::replace(&mut state.stage, Stage::Taken))
        };
        self.run(|| drop(result));
    }

    pub(super) fn fate(&self) -> Option<Fate> {
        match &lock(&self.state).stage {
            Stage::Pending => None,
            Stage::Done(_) | Stage::Taken => Some(Fate::Finished),
            Stage::Failed(fate) => Some(fate.clone()),
        }
    }

    /// Calls back when it is settled: later, on the thread that settles, or now, on this one.
    pub(super) fn on_done(&self, callback: Callback) {
        let late = {
            let mut state = lock(&self.state);
            if matches!(state.stage, Stage::Pending) {
                state.callbacks.push(callback);
                None
            } else {
                Some(callback)
            }
        };
        if let (Some(callback), Some(fate)) = (late, self.fate()) {
            self.run(|| callback(fate));
        }
    }

    /// The result, once.
    pub(super) fn take(&self) -> Result<T, FutureError> {
        let mut state = lock(&self.state);
        #[cfg(test)]
        crate::planted::here("future.take");
        match std::mem::replace(&mut state.stage, Stage::Taken) {
            Stage::Done(value) => Ok(value),
            Stage::Taken => Err(FutureError::Taken),
            Stage::Pending => {
                state.stage = Stage::Pending;
                Err(FutureError::NotDone)
            }
            Stage::Failed(fate) => {
                let error = failed(&fate);
                state.stage = Stage::Failed(fate);
                Err(error)
            }
        }
    }

    /// A copy of the result, which stays.
    pub(super) fn peek(&self) -> Result<T, FutureError>
    where
        T: Clone,
    {
        match &lock(&self.state).stage {
            Stage::Done(value) => Ok(value.clone()),
            Stage::Taken => Err(FutureError::Taken),
            Stage::Pending => Err(FutureError::NotDone),
            Stage::Failed(fate) => Err(failed(fate)),
        }
    }

    /// Blocks until it is settled, for at most that long.
    pub(super) fn wait(&self, timeout: Option<Duration>) -> Result<(), FutureError> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = lock(&self.state);
        while matches!(state.stage, Stage::Pending) {
            if self.forked() {
                return Err(FutureError::Forked);
            }
            state = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => return Err(FutureError::TimedOut),
                Some(left) => self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        Ok(())
    }

    /// For a future: a number to wait under.
    pub(super) fn number(&self) -> u64 {
        let mut state = lock(&self.state);
        state.last += 1;
        state.last
    }

    /// Ready when it is settled, or will never be.
    pub(super) fn poll(&self, number: u64, context: &Context<'_>) -> Poll<Result<(), FutureError>> {
        // Somebody else's code: cloned and dropped without the lock.
        let waker = context.waker().clone();
        let (pending, earlier) = {
            let mut state = lock(&self.state);
            let pending = matches!(state.stage, Stage::Pending);
            (pending, if pending { state.waiting.insert(number, waker) } else { Some(waker) })
        };
        drop(earlier);
        match pending {
            true if self.forked() => Poll::Ready(Err(FutureError::Forked)),
            true => Poll::Pending,
            false => Poll::Ready(Ok(())),
        }
    }

    /// A future that is no more interested.
    pub(super) fn wait_no_more(&self, number: u64) {
        let waker = lock(&self.state).waiting.remove(&number);
        drop(waker);
    }

    /// Panics of callbacks and destructors so far.
    pub(super) fn failures(&self) -> Vec<String> {
        lock(&self.state).failures.clone()
    }

    /// Whether nobody in this process can keep the promise.
    fn forked(&self) -> bool {
        self.process != crate::process::id()
    }

    /// Runs somebody else's code, which must not keep the rest from running.
    fn run(&self, call: impl FnOnce()) {
        if let Err(panicked) = fence(call) {
            lock(&self.state).failures.push(panicked.to_string());
        }
    }
}

/// Why there is no result.
fn failed(fate: &Fate) -> FutureError {
    match fate {
        Fate::Panicked(panicked) => FutureError::Panicked { panicked: Arc::clone(panicked) },
        Fate::RuntimeClosed => FutureError::RuntimeClosed,
        Fate::Cancelled | Fate::Finished => FutureError::Cancelled,
    }
}

impl<T> std::fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Promise").field("fate", &self.fate()).finish_non_exhaustive()
    }
}
