//! The future that tokio runs: somebody else's behind a fence, which settles its promise whatever happens to it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use deadhand_guard::fence;

use super::Fate;
use super::promise::Promise;
use super::runtime::Running;

pub(super) struct Body<F, T> {
    /// Taken when it is done, for its destructor must not run after it panicked half-way through it again.
    future: Option<Pin<Box<F>>>,
    promise: Arc<Promise<T>>,
    /// Last: counted out when the future is gone.
    _running: Running<T>,
}

impl<F, T> Body<F, T> {
    pub(super) fn new(future: F, promise: Arc<Promise<T>>, running: Running<T>) -> Self {
        Self { future: Some(Box::pin(future)), promise, _running: running }
    }

    /// Ends the future, then the promise: who waits for the one sees the other gone.
    fn end(&mut self, outcome: Result<T, Fate>) {
        let future = self.future.take();
        let dropped = fence(|| drop(future));
        let outcome = match (outcome, dropped) {
            (Ok(_), Err(panicked)) => Err(Fate::Panicked(panicked.into())),
            (outcome, _) => outcome,
        };
        self.promise.settle(outcome);
    }
}

// The future is in a box, and the rest is moved.
impl<F, T> Unpin for Body<F, T> {}

impl<F: Future<Output = T>, T> Future for Body<F, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(future) = &mut self.future else { return Poll::Ready(()) };
        let outcome = match fence(|| future.as_mut().poll(context)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(value)) => Ok(value),
            Err(panicked) => Err(Fate::Panicked(panicked.into())),
        };
        self.end(outcome);
        Poll::Ready(())
    }
}

impl<F, T> Drop for Body<F, T> {
    fn drop(&mut self) {
        // Dropped before it was done: aborted, and then its promise is settled, or its runtime went.
        if self.future.is_some() {
            self.end(Err(Fate::RuntimeClosed));
        }
    }
}
