//! What a slot has beside its word and object: needed when something is made, freed or goes wrong, not at every use.

// std's under loom, too: nobody ever waits for it, so there is nothing for a model to explore.
use std::sync::{Mutex, PoisonError};

use crate::error::Freed;
use crate::handle::{GENERATION_SHIFT, MAX_GENERATION};
use crate::sync::{AtomicU32, AtomicU64, Ordering};
use crate::{Hold, Operation, Thread};

const _: () = assert!((MAX_GENERATION as u64) << GENERATION_SHIFT >> GENERATION_SHIFT == MAX_GENERATION as u64);

#[derive(Debug)]
pub(crate) struct Cold {
    /// Generation << 44 | operation that ended it: a reader of another generation's record can tell.
    ended: AtomicU64,
    /// The creator of a thread-bound object, the user of an exclusive one; 0 is nobody.
    thread: AtomicU64,
    /// Row of the creation site in the ledger.
    site: AtomicU32,
    /// The next slot in the queue of pending frees.
    pub(crate) next: AtomicU32,
    /// Whether there is a parent, to spare most objects the lock.
    has_parent: AtomicU32,
    /// What the object holds of its parent. Touched by the one who fills and the one who frees: never waited for.
    parent: Mutex<Option<Hold>>,
}

impl Cold {
    pub(crate) fn new() -> Self {
        Self {
            ended: AtomicU64::new(0),
            thread: AtomicU64::new(0),
            site: AtomicU32::new(0),
            next: AtomicU32::new(0),
            has_parent: AtomicU32::new(0),
            parent: Mutex::new(None),
        }
    }

    /// Remembers which call ended a generation. A late call for an older generation changes nothing.
    pub(crate) fn record_end(&self, generation: u32, operation: Option<Operation>) {
        if let Some(operation) = operation {
            let record = u64::from(generation) << GENERATION_SHIFT | operation.number();
            self.ended.fetch_max(record, Ordering::Relaxed);
        }
    }

    /// What is known about the end of a generation.
    pub(crate) fn end_of(&self, generation: u32) -> Freed {
        let record = self.ended.load(Ordering::Relaxed);
        let operation = Operation::from_number(record & ((1 << GENERATION_SHIFT) - 1));
        match (record >> GENERATION_SHIFT).cmp(&u64::from(generation)) {
            std::cmp::Ordering::Less => Freed::Unknown,
            std::cmp::Ordering::Equal => Freed::By(operation),
            std::cmp::Ordering::Greater => Freed::Before(operation),
        }
    }

    #[inline]
    pub(crate) fn set_thread(&self, thread: Option<Thread>) {
        self.thread.store(thread.map_or(0, Thread::number), Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn thread(&self) -> Option<Thread> {
        Thread::from_number(self.thread.load(Ordering::Relaxed))
    }

    pub(crate) fn set_site(&self, site: u32) {
        self.site.store(site, Ordering::Relaxed);
    }

    pub(crate) fn site(&self) -> u32 {
        self.site.load(Ordering::Relaxed)
    }

    /// For the one who fills the slot.
    pub(crate) fn set_parent(&self, parent: Option<Hold>) {
        if parent.is_some() {
            *self.parent.lock().unwrap_or_else(PoisonError::into_inner) = parent;
            self.has_parent.store(1, Ordering::Relaxed);
        }
    }

    /// For the one who frees: the word of the slot has ordered this after the filling.
    pub(crate) fn take_parent(&self) -> Option<Hold> {
        if self.has_parent.load(Ordering::Relaxed) == 0 {
            return None;
        }
        self.has_parent.store(0, Ordering::Relaxed);
        self.parent.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_known_exactly_or_as_a_bound_or_not_at_all() {
        let cold = Cold::new();
        assert_eq!(cold.end_of(1), Freed::Unknown);
        let operation = Operation::from_number;
        cold.record_end(2, Some(operation(9)));
        assert_eq!(cold.end_of(1), Freed::Before(operation(9)));
        assert_eq!(cold.end_of(2), Freed::By(operation(9)));
        assert_eq!(cold.end_of(3), Freed::Unknown);
        cold.record_end(1, Some(operation(8)));
        assert_eq!(cold.end_of(2), Freed::By(operation(9)), "a late call for an older generation");
    }
}
