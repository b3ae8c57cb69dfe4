//! One end of a channel: tries, waits, and wakes those who wait, always without the lock.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use deadhand_guard::{Handle, SharedTable};

use super::state::{Asker, Item, State};
use super::{ChannelError, Counts, Side};
use crate::lock::lock;

/// What the ends of a channel share.
#[derive(Debug)]
pub(super) struct Core<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    /// One entry per item on its way.
    tokens: Arc<SharedTable<()>>,
}

impl<T> Core<T> {
    pub(super) fn new(capacity: usize, tokens: Arc<SharedTable<()>>) -> Self {
        Self { state: Mutex::new(State::new(capacity)), changed: Condvar::new(), tokens }
    }

    /// Wakes whoever may want to know that something has changed.
    fn wake(&self) {
        let waiting = self.look(State::take_waiting);
        self.changed.notify_all();
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Wakes the others if something was done.
    fn woken<R>(&self, answer: Result<R, ChannelError>) -> Result<R, ChannelError> {
        if answer.is_ok() {
            self.wake();
        }
        answer
    }

    /// For a future: what is ready at once, or a place in the line. Its waker is somebody else's code, so it is cloned
    /// and dropped without the lock.
    fn poll<R>(
        &self,
        number: u64,
        context: &Context<'_>,
        attempt: impl FnOnce(&mut State<T>) -> Result<R, ChannelError>,
    ) -> Poll<Result<R, ChannelError>> {
        let waker = context.waker().clone();
        let (answer, earlier) = self.look(|state| match attempt(state) {
            Err(ChannelError::Full { .. } | ChannelError::Empty) => (Poll::Pending, state.wait(number, waker)),
            other => (Poll::Ready(other), state.wait_no_more(number)),
        });
        drop(earlier);
        answer.map(|answer| self.woken(answer))
    }

    fn look<R>(&self, look: impl FnOnce(&mut State<T>) -> R) -> R {
        look(&mut lock(&self.state))
    }

    /// Closes the end if it is open.
    pub(super) fn leave(&self, side: Side, number: u64) {
        self.look(|state| state.leave(side, number));
        self.wake();
    }

    /// What nobody is going to receive: for the last consumer, or for a producer.
    pub(super) fn leftovers(&self) -> Vec<T> {
        let items = self.look(State::leftovers);
        items.into_iter().map(|item| self.unpack(item)).collect()
    }

    /// Shows what waits, under the lock.
    pub(super) fn visit(&self, visit: impl FnMut(&T)) {
        self.look(|state| state.visit(visit));
    }

    /// Takes what waits, although somebody might have received it.
    pub(super) fn take(&self) -> Vec<T> {
        let items = self.look(State::take);
        self.wake();
        items.into_iter().map(|item| self.unpack(item)).collect()
    }

    /// Whether no producer is left.
    pub(super) fn orphaned(&self) -> bool {
        self.look(|state| state.orphaned())
    }

    /// The item has arrived.
    fn unpack(&self, item: Item<T>) -> T {
        // Nothing but this disposes of tokens.
        drop(self.tokens.dispose(item.token));
        item.value
    }

    /// For a future: its number, to wait under.
    pub(super) fn number(&self) -> u64 {
        self.look(State::number)
    }

    /// A future that is no more interested.
    pub(super) fn wait_no_more(&self, number: u64) {
        // Dropped without the lock: a waker is somebody else's code.
        drop(self.look(|state| state.wait_no_more(number)));
    }

    /// Tries until it is neither full nor empty, for at most that long.
    fn until<R>(
        &self,
        timeout: Option<Duration>,
        mut attempt: impl FnMut(&mut State<T>) -> Result<R, ChannelError>,
    ) -> Result<R, ChannelError> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = lock(&self.state);
        loop {
            let full = match attempt(&mut state) {
                Err(ChannelError::Full { .. }) => true,
                Err(ChannelError::Empty) => false,
                other => return other,
            };
            state = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => return Err(ChannelError::TimedOut { full }),
                Some(left) => self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl<T> Drop for Core<T> {
    fn drop(&mut self) {
        // Nobody is left to receive them, nor to get them back: their ends were fenced off, or the owner went.
        let mut state = lock(&self.state);
        let items = state.abandon();
        drop(state);
        for item in items {
            drop(self.unpack(item));
        }
    }
}

#[derive(Debug)]
pub(super) struct End<T> {
    pub(super) core: Arc<Core<T>>,
    side: Side,
    number: u64,
}

impl<T> End<T> {
    /// The first of its side, or one more.
    pub(super) fn open(core: &Arc<Core<T>>, side: Side) -> Self {
        let number = core.look(|state| state.join(side));
        Self { core: Arc::clone(core), side, number }
    }

    /// One more of the same side, if this one is still open.
    pub(super) fn sibling(&self, handle: Handle) -> Result<Self, ChannelError> {
        let number = self.core.look(|state| {
            state.admit(self.asker(handle))?;
            Ok::<_, ChannelError>(state.join(self.side))
        })?;
        Ok(Self { core: Arc::clone(&self.core), side: self.side, number })
    }

    /// How to close it without having it.
    pub(super) fn closer(&self) -> (Arc<Core<T>>, Side, u64) {
        (Arc::clone(&self.core), self.side, self.number)
    }

    pub(super) fn counts(&self) -> Counts {
        self.core.look(|state| state.counts())
    }

    pub(super) fn try_send(&self, handle: Handle, item: &mut Option<T>) -> Result<(), ChannelError> {
        let asker = self.asker(handle);
        let answer = self.core.look(|state| state.push(asker, item, &self.core.tokens));
        self.core.woken(answer)
    }

    pub(super) fn send(
        &self,
        handle: Handle,
        item: &mut Option<T>,
        timeout: Option<Duration>,
    ) -> Result<(), ChannelError> {
        let asker = self.asker(handle);
        let answer = self.core.until(timeout, |state| state.push(asker, item, &self.core.tokens));
        self.core.woken(answer)
    }

    pub(super) fn poll_send(
        &self,
        handle: Handle,
        item: &mut Option<T>,
        number: u64,
        context: &Context<'_>,
    ) -> Poll<Result<(), ChannelError>> {
        let asker = self.asker(handle);
        self.core.poll(number, context, |state| state.push(asker, item, &self.core.tokens))
    }

    pub(super) fn try_receive(&self, handle: Handle) -> Result<T, ChannelError> {
        let asker = self.asker(handle);
        let answer = self.core.look(|state| state.pop(asker));
        self.core.woken(answer).map(|item| self.core.unpack(item))
    }

    pub(super) fn receive(&self, handle: Handle, timeout: Option<Duration>) -> Result<T, ChannelError> {
        let asker = self.asker(handle);
        let answer = self.core.until(timeout, |state| state.pop(asker));
        self.core.woken(answer).map(|item| self.core.unpack(item))
    }

    pub(super) fn poll_receive(
        &self,
        handle: Handle,
        number: u64,
        context: &Context<'_>,
    ) -> Poll<Result<T, ChannelError>> {
        let asker = self.asker(handle);
        self.core.poll(number, context, |state| state.pop(asker)).map_ok(|item| self.core.unpack(item))
    }

    fn asker(&self, handle: Handle) -> Asker {
        Asker { side: self.side, number: self.number, handle }
    }
}

impl<T> Drop for End<T> {
    fn drop(&mut self) {
        self.core.leave(self.side, self.number);
    }
}
