//! Bounded channels for items of the host. Both ends are handles, of which there can be many.
//!
//! Sending and receiving come in three kinds: *try*, which fails at once, *timeout*, which blocks this thread, and
//! futures. Closing the last end of one side wakes everybody on the other. What was sent before the last producer went
//! is still received; what no consumer is left for comes back to whoever closed the last one, or to a producer that
//! asks. The ledger counts each item on its way as an `item`.

mod asynchronous;
mod contents;
mod end;
mod error;
#[cfg(test)]
mod model;
mod state;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use deadhand_guard::{GuardError, Handle, Ledger, SharedTable};

use crate::census::kind;

use end::{Core, End};

pub use asynchronous::{Receiving, Sending};
pub use contents::Contents;
pub use error::{ChannelError, SendError, Side};

/// The most items that can wait in one channel.
pub const MAX_CAPACITY: usize = 1 << 20;

/// What one channel has done so far. `sent` is always `received + returned + in_flight`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Items that can wait.
    pub capacity: usize,
    /// Producers that are open.
    pub producers: usize,
    /// Consumers that are open.
    pub consumers: usize,
    /// Items that were taken from producers.
    pub sent: u64,
    /// Items that were given to consumers.
    pub received: u64,
    /// Items that no consumer was left for, and that were returned.
    pub returned: u64,
    /// Items that wait.
    pub in_flight: usize,
}

/// All channels of one owner.
#[derive(Debug)]
pub struct Channels<T: Send + 'static> {
    producers: Arc<SharedTable<End<T>>>,
    consumers: Arc<SharedTable<End<T>>>,
    tokens: Arc<SharedTable<()>>,
}

impl<T: Send + 'static> Channels<T> {
    /// None yet; the ledger, if there is one, counts kinds `producer`, `consumer` and `item`.
    ///
    /// # Errors
    /// [`GuardError::TooManyTables`].
    pub fn new(ledger: Option<&Arc<Ledger>>) -> Result<Self, GuardError> {
        Ok(Self {
            producers: Arc::new(SharedTable::new(kind("producer", ledger))?),
            consumers: Arc::new(SharedTable::new(kind("consumer", ledger))?),
            tokens: Arc::new(SharedTable::new(kind("item", ledger))?),
        })
    }

    /// A channel in which that many items can wait: its first producer and its first consumer.
    ///
    /// # Errors
    /// [`ChannelError::BadCapacity`]; when no more ends can be made.
    #[track_caller]
    pub fn channel(&self, capacity: usize) -> Result<(Handle, Handle), ChannelError> {
        if capacity == 0 || capacity > MAX_CAPACITY {
            return Err(ChannelError::BadCapacity { capacity, limit: MAX_CAPACITY });
        }
        let (producer, consumer) = (self.producers.reserve()?, self.consumers.reserve()?);
        let core = Arc::new(Core::new(capacity, Arc::clone(&self.tokens)));
        let ends = (End::open(&core, Side::Producer), End::open(&core, Side::Consumer));
        Ok((producer.commit(ends.0), consumer.commit(ends.1)))
    }

    /// One more producer of the same channel.
    ///
    /// # Errors
    /// What is wrong with the handle; [`ChannelError::EndClosed`].
    #[track_caller]
    pub fn another_producer(&self, producer: Handle) -> Result<Handle, ChannelError> {
        let place = self.producers.reserve()?;
        let end = self.producers.call(producer, |end| end.sibling(producer))??;
        Ok(place.commit(end))
    }

    /// One more consumer of the same channel. Each item goes to one of them.
    ///
    /// # Errors
    /// What is wrong with the handle; [`ChannelError::EndClosed`].
    #[track_caller]
    pub fn another_consumer(&self, consumer: Handle) -> Result<Handle, ChannelError> {
        let place = self.consumers.reserve()?;
        let end = self.consumers.call(consumer, |end| end.sibling(consumer))??;
        Ok(place.commit(end))
    }

    /// Sends now or not at all.
    ///
    /// # Errors
    /// With the item: what is wrong with the handle; [`ChannelError::Full`]; [`ChannelError::Closed`].
    pub fn try_send(&self, producer: Handle, item: T) -> Result<(), SendError<T>> {
        self.give(producer, item, |end, item| end.try_send(producer, item))
    }

    /// Sends when there is room, and blocks this thread until then, without end if there is no timeout.
    ///
    /// # Errors
    /// With the item: what is wrong with the handle; [`ChannelError::TimedOut`]; [`ChannelError::Closed`];
    /// [`ChannelError::EndClosed`].
    pub fn send_timeout(&self, producer: Handle, item: T, timeout: Option<Duration>) -> Result<(), SendError<T>> {
        self.give(producer, item, |end, item| end.send(producer, item, timeout))
    }

    /// Receives now or not at all.
    ///
    /// # Errors
    /// What is wrong with the handle; [`ChannelError::Empty`]; [`ChannelError::Closed`].
    pub fn try_receive(&self, consumer: Handle) -> Result<T, ChannelError> {
        self.consumers.call(consumer, |end| end.try_receive(consumer))?
    }

    /// Receives when there is something, and blocks this thread until then, without end if there is no timeout.
    ///
    /// # Errors
    /// What is wrong with the handle; [`ChannelError::TimedOut`]; [`ChannelError::Closed`];
    /// [`ChannelError::EndClosed`].
    pub fn receive_timeout(&self, consumer: Handle, timeout: Option<Duration>) -> Result<T, ChannelError> {
        self.consumers.call(consumer, |end| end.receive(consumer, timeout))?
    }

    /// Closes a producer. If it was the last end of its channel, returns the items that are left.
    ///
    /// # Errors
    /// What is wrong with the handle.
    pub fn close_producer(&self, producer: Handle) -> Result<Vec<T>, ChannelError> {
        let core = close(&self.producers, producer)?;
        Ok(core.filter(|core| core.orphaned()).map_or_else(Vec::new, |core| core.leftovers()))
    }

    /// Closes a consumer. If it was the last one, returns the items that are left.
    ///
    /// # Errors
    /// What is wrong with the handle.
    pub fn close_consumer(&self, consumer: Handle) -> Result<Vec<T>, ChannelError> {
        let core = close(&self.consumers, consumer)?;
        Ok(core.map_or_else(Vec::new, |core| core.leftovers()))
    }

    /// Returns the items that no consumer is left for, when the last one went without taking them: fenced off, or by
    /// [`abandon_consumer`](Self::abandon_consumer).
    ///
    /// # Errors
    /// What is wrong with the handle.
    pub fn reclaim(&self, producer: Handle) -> Result<Vec<T>, ChannelError> {
        Ok(self.producers.call(producer, |end| end.core.leftovers())?)
    }

    /// Closes a consumer, as a finalizer does: items that are left wait for a [`reclaim`](Self::reclaim), and are
    /// dropped with the last producer's handle if none comes.
    ///
    /// # Errors
    /// What is wrong with the handle.
    pub fn abandon_consumer(&self, consumer: Handle) -> Result<(), ChannelError> {
        close(&self.consumers, consumer)?;
        Ok(())
    }

    /// What the channel of that producer has done so far.
    ///
    /// # Errors
    /// What is wrong with the handle.
    pub fn producer_counts(&self, producer: Handle) -> Result<Counts, ChannelError> {
        Ok(self.producers.call(producer, End::counts)?)
    }

    /// What the channel of that consumer has done so far.
    ///
    /// # Errors
    /// What is wrong with the handle.
    pub fn consumer_counts(&self, consumer: Handle) -> Result<Counts, ChannelError> {
        Ok(self.consumers.call(consumer, End::counts)?)
    }

    /// What waits in the channel of that producer, for the host's garbage collector.
    ///
    /// # Errors
    /// What is wrong with the handle.
    pub fn contents(&self, producer: Handle) -> Result<Contents<T>, ChannelError> {
        Ok(self.producers.call(producer, |end| Contents::of(&end.core))?)
    }

    /// Whether the producer is not closed; one that is fenced off is open, too.
    #[must_use]
    pub fn producer_is_open(&self, producer: Handle) -> bool {
        matches!(self.producers.check(producer), Ok(()) | Err(GuardError::Fenced { .. }))
    }

    /// Whether the consumer is not closed; one that is fenced off is open, too.
    #[must_use]
    pub fn consumer_is_open(&self, consumer: Handle) -> bool {
        matches!(self.consumers.check(consumer), Ok(()) | Err(GuardError::Fenced { .. }))
    }

    /// How many there are of each kind, those included that are closed and in a call.
    #[must_use]
    pub fn alive(&self) -> [(&'static str, u32); 3] {
        let (producers, consumers, items) = (&self.producers, &self.consumers, &self.tokens);
        [(producers.kind(), producers.len()), (consumers.kind(), consumers.len()), (items.kind(), items.len())]
    }

    /// Panics inside a call on the producer, for tests: it is fenced off afterwards.
    ///
    /// # Errors
    /// Always: the panic, or what is wrong with the handle.
    ///
    /// # Panics
    /// Never out of this call.
    pub fn provoke_panic(&self, producer: Handle) -> Result<(), ChannelError> {
        Ok(self.producers.call(producer, |_| panic!("provoked by provoke_panic()"))?)
    }

    fn give(
        &self,
        producer: Handle,
        item: T,
        send: impl FnOnce(&End<T>, &mut Option<T>) -> Result<(), ChannelError>,
    ) -> Result<(), SendError<T>> {
        let mut item = Some(item);
        let answer = self.producers.call(producer, |end| send(end, &mut item));
        answer.map_err(ChannelError::from).flatten().map_err(|reason| SendError { item, reason })
    }
}

/// Disposes of the end, wakes those who are inside a call with it, and gives the channel, if it can be reached: a
/// fenced end does not say.
fn close<T>(ends: &SharedTable<End<T>>, end: Handle) -> Result<Option<Arc<Core<T>>>, ChannelError> {
    let closer = ends.call(end, End::closer);
    ends.dispose(end)?;
    // Not left to the end's own drop, for which a call that waits would have to return first.
    Ok(closer.ok().map(|(core, side, number)| {
        core.leave(side, number);
        core
    }))
}
