//! A slot that is taken before the object exists.
#![expect(unsafe_code, reason = "the object is put into its slot")]

use std::fmt;
use std::panic::Location;

use crate::slot::Slot;
use crate::slots::Place;
use crate::state::State;
use crate::table::{Access, Table};
use crate::{Handle, Hold, Operation, Thread};

/// A slot for an object to come, and its handle. Dropping it cancels: the handle is stale then.
///
/// Made by [`Table::reserve`]. Take one *before* a native call that allocates: when the call has succeeded, nothing
/// can fail any more; when it has not, there is nothing to undo.
pub struct Reservation<'a, T, A: Access> {
    table: &'a Table<T, A>,
    handle: Handle,
    parent: Option<Hold>,
    site: &'static Location<'static>,
    committed: bool,
}

impl<'a, T, A: Access> Reservation<'a, T, A> {
    /// For a slot that the vacancies gave out, to this caller alone.
    pub(crate) fn new(table: &'a Table<T, A>, place: Place, site: &'static Location<'static>) -> Self {
        let handle = table.reserved(place);
        Self { table, handle, parent: None, site, committed: false }
    }

    /// The handle that the object is going to have. Using it before the commit is an error, but no harm.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle
    }

    /// Makes the object a child: its hold on the parent is kept until it is freed.
    #[must_use]
    pub fn under(mut self, parent: Hold) -> Self {
        self.parent = Some(parent);
        self
    }

    /// Puts the object in, and its handle into force. Of a thread-bound object, this thread is the home.
    pub fn commit(mut self, value: T) -> Handle {
        Operation::next();
        let (table, handle) = (self.table, self.handle);
        let (Some(slot), Some(cold)) = (table.slots().slot(handle.place()), table.slots().cold(handle.place())) else {
            return handle;
        };
        cold.set_thread(A::BOUND.then(Thread::current));
        cold.set_parent(self.parent.take());
        cold.set_site(table.created(self.site));
        // SAFETY: `new` reserved the slot, for this reservation alone, and `committed` lets it be filled once.
        unsafe { slot.fill(value) };
        self.committed = true;
        slot.word().publish(State::live(handle.generation()));
        handle
    }
}

impl<T, A: Access> Table<T, A> {
    /// Marks a slot reserved and makes its next handle.
    fn reserved(&self, place: Place) -> Handle {
        let word = self.slots().slot(place).map(Slot::word);
        let generation = word.map_or(1, |word| word.load().generation());
        if let Some(word) = word {
            word.publish(State::reserved(generation));
        }
        self.handle_of(place, generation)
    }
}

impl<T, A: Access> Drop for Reservation<'_, T, A> {
    fn drop(&mut self) {
        if !self.committed {
            self.table.cancel(self.handle);
        }
    }
}

impl<T, A: Access> fmt::Debug for Reservation<'_, T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reservation").field(&self.handle).finish()
    }
}
