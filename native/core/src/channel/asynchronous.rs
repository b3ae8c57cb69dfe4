//! The third way to wait: futures that any executor can poll. Each poll goes through the handle, so that closing it
//! ends the wait.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use deadhand_guard::{CallError, GuardError, Handle, SharedTable};

use super::end::{Core, End};
use super::{ChannelError, Channels, SendError, Side};

/// What both futures have: an end by its handle, and a place in the line once they wait.
struct Wait<T> {
    ends: Arc<SharedTable<End<T>>>,
    end: Handle,
    side: Side,
    line: Option<(Arc<Core<T>>, u64)>,
}

impl<T> Wait<T> {
    /// Calls with the end and the number to wait under. Being closed while waiting is told from being closed before.
    fn poll<R>(
        &mut self,
        attempt: impl FnOnce(&End<T>, u64) -> Poll<Result<R, ChannelError>>,
    ) -> Poll<Result<R, ChannelError>> {
        let (waited, line) = (self.line.is_some(), &mut self.line);
        let answer = self.ends.call(self.end, |end| {
            let (_, number) = line.get_or_insert_with(|| (Arc::clone(&end.core), end.core.number()));
            attempt(end, *number)
        });
        match answer {
            Ok(answer) => answer,
            Err(CallError::Guard(GuardError::Stale { .. } | GuardError::Closed { .. })) if waited => {
                Poll::Ready(Err(ChannelError::EndClosed { side: self.side, end: self.end }))
            }
            Err(error) => Poll::Ready(Err(error.into())),
        }
    }
}

impl<T> Drop for Wait<T> {
    fn drop(&mut self) {
        if let Some((core, number)) = &self.line {
            core.wait_no_more(*number);
        }
    }
}

/// An item that waits for room. It starts with the first poll, and must not be polled again after it is ready.
///
/// Dropping it drops the item; [`give_up`](Self::give_up) returns it.
#[must_use = "futures do nothing unless polled"]
pub struct Sending<T> {
    wait: Wait<T>,
    item: Option<T>,
}

impl<T> Sending<T> {
    /// The item, as long as it is not sent.
    #[must_use]
    pub fn item(&self) -> Option<&T> {
        self.item.as_ref()
    }

    /// Stops waiting and returns the item, unless it was sent.
    #[must_use]
    pub fn give_up(mut self) -> Option<T> {
        self.item.take()
    }
}

// The item is moved, never pinned.
impl<T> Unpin for Sending<T> {}

impl<T> Future for Sending<T> {
    type Output = Result<(), SendError<T>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { wait, item } = &mut *self;
        let handle = wait.end;
        let answer = wait.poll(|end, number| end.poll_send(handle, item, number, context));
        answer.map_err(|reason| SendError { item: self.item.take(), reason })
    }
}

/// A wait for an item. It never has one that is not handed over, so dropping it loses nothing.
#[must_use = "futures do nothing unless polled"]
pub struct Receiving<T> {
    wait: Wait<T>,
}

impl<T> Unpin for Receiving<T> {}

impl<T> Future for Receiving<T> {
    type Output = Result<T, ChannelError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let handle = self.wait.end;
        self.wait.poll(|end, number| end.poll_receive(handle, number, context))
    }
}

impl<T: Send + 'static> Channels<T> {
    /// Sends as soon as there is room. Everything that is wrong is told by the future, with the item.
    pub fn send(&self, producer: Handle, item: T) -> Sending<T> {
        let ends = Arc::clone(&self.producers);
        Sending { wait: Wait { ends, end: producer, side: Side::Producer, line: None }, item: Some(item) }
    }

    /// Receives as soon as there is something. Everything that is wrong is told by the future.
    pub fn receive(&self, consumer: Handle) -> Receiving<T> {
        let ends = Arc::clone(&self.consumers);
        Receiving { wait: Wait { ends, end: consumer, side: Side::Consumer, line: None } }
    }
}
