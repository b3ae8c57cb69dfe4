//! Awaiting a task from any executor. Each poll goes through the handle.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use deadhand_guard::{Handle, SharedTable};

use super::promise::Promise;
use super::{FutureError, Task};

/// A place in the line of those who wait for a task.
struct Line<T> {
    tasks: Arc<SharedTable<Task<T>>>,
    task: Handle,
    place: Option<(Arc<Promise<T>>, u64)>,
}

impl<T> Line<T> {
    /// What `done` says of the task that has ended.
    fn poll<R>(
        &mut self,
        context: &Context<'_>,
        done: impl FnOnce(&Promise<T>) -> Result<R, FutureError>,
    ) -> Poll<Result<R, FutureError>> {
        let place = &mut self.place;
        let answer = self.tasks.call(self.task, |task| {
            let (_, number) = place.get_or_insert_with(|| (Arc::clone(&task.promise), task.promise.number()));
            task.promise.poll(*number, context).map(|ended| ended.and_then(|()| done(&task.promise)))
        });
        answer.unwrap_or_else(|error| Poll::Ready(Err(error.into())))
    }
}

impl<T> Drop for Line<T> {
    fn drop(&mut self) {
        if let Some((promise, number)) = &self.place {
            promise.wait_no_more(*number);
        }
    }
}

/// A wait for a task's result, which it takes. It must not be polled again after it is ready; dropping it changes
/// nothing.
#[must_use = "futures do nothing unless polled"]
pub struct Joining<T>(Line<T>);

/// A wait for a task's end, which leaves the result where it is. Dropping it changes nothing.
#[must_use = "futures do nothing unless polled"]
pub struct Watching<T>(Line<T>);

impl<T> Joining<T> {
    pub(super) fn of(tasks: Arc<SharedTable<Task<T>>>, task: Handle) -> Self {
        Self(Line { tasks, task, place: None })
    }
}

impl<T> Watching<T> {
    pub(super) fn of(tasks: Arc<SharedTable<Task<T>>>, task: Handle) -> Self {
        Self(Line { tasks, task, place: None })
    }
}

impl<T> Future for Joining<T> {
    type Output = Result<T, FutureError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(context, Promise::take)
    }
}

impl<T> Future for Watching<T> {
    type Output = Result<(), FutureError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(context, |_| Ok(()))
    }
}
