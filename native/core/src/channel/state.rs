//! What the ends of a channel share, and what is done to it under its lock: nothing that could wait or call the host.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::task::Waker;

use deadhand_guard::{Handle, SharedTable};

use super::{ChannelError, Counts, Side};

/// Who asks: an end by its number in the channel, and its handle for messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    pub(super) side: Side,
    pub(super) number: u64,
    pub(super) handle: Handle,
}

/// An item on its way, and its entry in the ledger.
#[derive(Debug)]
pub(super) struct Item<T> {
    pub(super) value: T,
    pub(super) token: Handle,
}

#[derive(Debug)]
pub(super) struct State<T> {
    capacity: usize,
    queue: VecDeque<Item<T>>,
    producers: BTreeSet<u64>,
    consumers: BTreeSet<u64>,
    /// Futures that wait, by their numbers. Every change wakes all, in the order in which they came: they look again.
    waiting: BTreeMap<u64, Waker>,
    last: u64,
    sent: u64,
    received: u64,
    returned: u64,
}

impl<T> State<T> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            queue: VecDeque::with_capacity(capacity.min(1024)),
            producers: BTreeSet::new(),
            consumers: BTreeSet::new(),
            waiting: BTreeMap::new(),
            last: 0,
            sent: 0,
            received: 0,
            returned: 0,
        }
    }

    /// A number that is used once: for an end, or a future.
    pub(super) fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    pub(super) fn join(&mut self, side: Side) -> u64 {
        let number = self.number();
        self.side(side).insert(number);
        number
    }

    pub(super) fn leave(&mut self, side: Side, number: u64) {
        self.side(side).remove(&number);
    }

    /// Whether the end is still open.
    pub(super) fn admit(&mut self, asker: Asker) -> Result<(), ChannelError> {
        let Asker { side, number, handle } = asker;
        if self.side(side).contains(&number) { Ok(()) } else { Err(ChannelError::EndClosed { side, end: handle }) }
    }

    /// Takes the item if there is room; else it stays where it is.
    pub(super) fn push(
        &mut self,
        asker: Asker,
        item: &mut Option<T>,
        tokens: &SharedTable<()>,
    ) -> Result<(), ChannelError> {
        self.admit(asker)?;
        if self.consumers.is_empty() {
            return Err(ChannelError::Closed { by: Side::Consumer });
        }
        if self.queue.len() == self.capacity {
            return Err(ChannelError::Full { capacity: self.capacity });
        }
        let token = tokens.reserve()?;
        #[cfg(test)]
        crate::planted::here("channel.send");
        if let Some(value) = item.take() {
            self.queue.push_back(Item { value, token: token.commit(()) });
            self.sent += 1;
        }
        Ok(())
    }

    /// The oldest item. Those that were sent before the last producer went are still received.
    pub(super) fn pop(&mut self, asker: Asker) -> Result<Item<T>, ChannelError> {
        self.admit(asker)?;
        #[cfg(test)]
        crate::planted::here("channel.receive");
        match self.queue.pop_front() {
            Some(item) => {
                self.received += 1;
                Ok(item)
            }
            None if self.producers.is_empty() => Err(ChannelError::Closed { by: Side::Producer }),
            None => Err(ChannelError::Empty),
        }
    }

    /// What nobody is going to receive, as no consumer is left.
    pub(super) fn leftovers(&mut self) -> Vec<Item<T>> {
        if !self.consumers.is_empty() {
            return Vec::new();
        }
        self.take()
    }

    /// Shows what waits.
    pub(super) fn visit(&self, visit: impl FnMut(&T)) {
        self.queue.iter().map(|item| &item.value).for_each(visit);
    }

    /// Takes what waits, although somebody might have received it.
    pub(super) fn take(&mut self) -> Vec<Item<T>> {
        self.returned += self.queue.len() as u64;
        std::mem::take(&mut self.queue).into()
    }

    /// Everything that is left, whoever is left.
    pub(super) fn abandon(&mut self) -> VecDeque<Item<T>> {
        std::mem::take(&mut self.queue)
    }

    /// Puts a future in the line. Gives back the waker that it had there, to drop without the lock.
    pub(super) fn wait(&mut self, number: u64, waker: Waker) -> Option<Waker> {
        self.waiting.insert(number, waker)
    }

    pub(super) fn wait_no_more(&mut self, number: u64) -> Option<Waker> {
        self.waiting.remove(&number)
    }

    pub(super) fn take_waiting(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.waiting).into_values().collect()
    }

    pub(super) fn orphaned(&self) -> bool {
        self.producers.is_empty()
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            capacity: self.capacity,
            producers: self.producers.len(),
            consumers: self.consumers.len(),
            sent: self.sent,
            received: self.received,
            returned: self.returned,
            in_flight: self.queue.len(),
        }
    }

    fn side(&mut self, side: Side) -> &mut BTreeSet<u64> {
        match side {
            Side::Producer => &mut self.producers,
            Side::Consumer => &mut self.consumers,
        }
    }
}
