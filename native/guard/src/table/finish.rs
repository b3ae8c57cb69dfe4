//! The end of an object: run the destructor once, in the right place, and make the slot ready for the next.
#![expect(unsafe_code, reason = "the object is taken out of its slot")]

use crate::fence::fence;
use crate::ledger::Count;
use crate::point::point;
use crate::slots::Place;
use crate::state::State;
use crate::sync::lock;
use crate::table::{Access, Table};
use crate::{Disposed, GuardError, Handle, Operation, Panicked, Point, Thread};

impl<T, A: Access> Table<T, A> {
    /// What follows a release that left the slot in this state: nothing, or the end of the object.
    #[inline]
    pub(crate) fn after_release(&self, handle: Handle, left: State) {
        if left.is_closed() && left.is_idle() {
            // Nobody waits for the answer; the ledger has counted a destructor that panicked.
            drop(self.finish(handle));
        }
        point(Point::AfterRelease, handle);
    }

    /// Ends an object that its caller closed or left last: here, or queued for its home thread.
    pub(crate) fn finish(&self, handle: Handle) -> Result<Disposed, GuardError> {
        if A::BOUND
            && let Some(cold) = self.slots.cold(handle.place())
            && cold.thread() != Some(Thread::current())
        {
            self.pending.push(handle.place().bits(), &cold.next);
            return Ok(Disposed::Queued);
        }
        match self.end(handle) {
            Ok(()) => Ok(Disposed::Freed),
            Err(panicked) => {
                let message = panicked.to_string();
                Err(GuardError::DestructorPanicked { handle, kind: self.kind, message })
            }
        }
    }

    /// Frees the pending objects of this thread, and says how many.
    pub(crate) fn drain_own(&self) -> usize {
        if !A::BOUND || self.pending.is_empty() {
            return 0;
        }
        let here = Thread::current();
        let mut freed = 0;
        let next = |bits| self.slots.cold(Place::from_bits(bits)).map(|cold| &cold.next);
        for bits in self.pending.take(next) {
            let place = Place::from_bits(bits);
            let (Some(slot), Some(cold)) = (self.slots.slot(place), self.slots.cold(place)) else { continue };
            if cold.thread() == Some(here) {
                let handle = self.handle_of(place, slot.word().load().generation());
                // As in `after_release`: the ledger has counted a panic.
                drop(self.end(handle));
                freed += 1;
            } else {
                self.pending.push(bits, &cold.next);
            }
        }
        freed
    }

    /// Runs the destructor and gives the slot back. Only for the one caller that is to free the object: its word says
    /// closed and idle, and this caller brought it there, or took it off the pending queue, or owns the table.
    fn end(&self, handle: Handle) -> Result<(), Panicked> {
        let (Some(slot), Some(cold)) = (self.slots.slot(handle.place()), self.slots.cold(handle.place())) else {
            return Ok(());
        };
        point(Point::Free, handle);
        let by = cold.end_of(handle.generation()).by();
        let parent = cold.take_parent();
        // SAFETY: closed admits no new use and idle means that no old one is left; only one caller gets here.
        let value = unsafe { slot.take() };
        let result = fence(|| match &self.retire {
            Some(retire) => retire(handle, by, value),
            None => drop(value),
        });
        if let Some(tally) = &self.tally {
            tally.freed(cold.site());
        }
        if result.is_err() {
            self.count(Count::DestructorPanicked);
        }
        self.vacate(handle);
        // After the child: a parent that only waited for it ends here.
        drop(parent);
        result
    }

    /// Gives a reserved slot back.
    pub(crate) fn cancel(&self, handle: Handle) {
        let operation = Operation::next();
        if let Some(cold) = self.slots.cold(handle.place()) {
            cold.record_end(handle.generation(), operation);
        }
        self.vacate(handle);
    }

    /// Moves the slot on to its next generation, or retires it.
    fn vacate(&self, handle: Handle) {
        let (place, generation) = (handle.place(), handle.generation());
        if let Some(slot) = self.slots.slot(place) {
            slot.word().publish(State::vacant(generation + 1));
        }
        let mut vacancies = lock(&self.vacancies);
        if generation < self.max_generation {
            vacancies.give_back(place);
        } else {
            vacancies.retire();
        }
    }
}

impl<T, A: Access> Drop for Table<T, A> {
    fn drop(&mut self) {
        // Whatever is still there, the queued and the leaked alike: nobody else can have a reference to it.
        for place in self.slots.places() {
            let Some(state) = self.slots.slot(place).map(|slot| slot.word().load()) else { continue };
            if state.is_live() {
                drop(self.end(self.handle_of(place, state.generation())));
            }
        }
    }
}
