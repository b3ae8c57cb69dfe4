//! Awaiting a task from any executor. Each poll goes through the handle.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use deadhand_guard::{Handle, SharedTable};

use super::promise::Promise;
use super::{FutureError, Task};

/// A wait for a task's result, which it takes. It must not be polled again after it is ready; dropping it changes
/// nothing.
#[must_use = "futures do nothing unless polled"]
pub struct Joining<T> {
    pub(super) tasks: Arc<SharedTable<Task<T>>>,
    pub(super) task: Handle,
    pub(super) line: Option<(Arc<Promise<T>>, u64)>,
}

impl<T> Future for Joining<T> {
    type Output = Result<T, FutureError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { tasks, task, line } = &mut *self;
        let answer = tasks.call(*task, |task| {
            let (_, number) = line.get_or_insert_with(|| (Arc::clone(&task.promise), task.promise.number()));
            task.promise.poll(*number, context)
        });
        answer.unwrap_or_else(|error| Poll::Ready(Err(error.into())))
    }
}

impl<T> Drop for Joining<T> {
    fn drop(&mut self) {
        if let Some((promise, number)) = &self.line {
            promise.wait_no_more(*number);
        }
    }
}
