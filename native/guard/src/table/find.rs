//! From a handle to its slot, or to what is wrong with it.

use crate::cold::Cold;
use crate::ledger::Count;
use crate::slot::Slot;
use crate::state::{MAX_COUNT, State};
use crate::sync::lock;
use crate::table::{Access, Table};
use crate::{Freed, GuardError, Handle, Thread, handle, registry};

impl<T, A: Access> Table<T, A> {
    /// The slot of a handle that may be used by this thread right now.
    #[inline]
    pub(crate) fn find(&self, handle: Handle) -> Result<&Slot<T, A>, GuardError> {
        let slot = self.slot_at(handle)?;
        let state = slot.word().load();
        if !self.admits(state, handle) {
            return Err(self.explain(handle, state));
        }
        self.check_thread(handle)?;
        Ok(slot)
    }

    /// The slot at a handle's index, whatever table the handle is of: to be asked whether it [admits](Self::admits).
    #[inline]
    pub(crate) fn slot_at(&self, handle: Handle) -> Result<&Slot<T, A>, GuardError> {
        match self.slots.slot(handle.place()) {
            Some(slot) => Ok(slot),
            None => Err(self.explain_stranger(handle)),
        }
    }

    /// The slot of a handle that is one of this table's, dead or alive.
    pub(crate) fn slot_of(&self, handle: Handle) -> Result<&Slot<T, A>, GuardError> {
        if handle.has_tag(self.tag) { self.slot_at(handle) } else { Err(self.explain_stranger(handle)) }
    }

    /// Whether a slot in that state lets the handle in.
    #[inline]
    pub(crate) fn admits(&self, state: State, handle: Handle) -> bool {
        state.admits(handle, self.tag)
    }

    /// Whether this thread may touch the object, if the table cares.
    #[inline]
    pub(crate) fn check_thread(&self, handle: Handle) -> Result<(), GuardError> {
        if !A::BOUND {
            return Ok(());
        }
        let here = Thread::current();
        match self.slots.cold(handle.place()).and_then(Cold::thread) {
            Some(home) if home != here => {
                self.count(Count::WrongThread);
                Err(GuardError::WrongThread { handle, kind: self.kind, home, here })
            }
            _ => Ok(()),
        }
    }

    /// Remembers who uses an object that takes one user at a time, for the error that the next one gets.
    #[inline]
    pub(crate) fn note_user(&self, handle: Handle, user: Option<Thread>) {
        if let Some(cold) = self.slots.cold(handle.place()) {
            cold.set_thread(user);
        }
    }

    /// What is wrong with a handle that leads to no slot of this table.
    #[cold]
    fn explain_stranger(&self, handle: Handle) -> GuardError {
        let (kind, table) = (self.kind, self.id());
        if handle.table() == table {
            if !handle.has_tag(self.tag) {
                return GuardError::WrongOwner { handle, kind, expected: handle::owner_of(self.tag) };
            }
            return GuardError::NoSuchSlot { handle, kind, slots: lock(&self.vacancies).used() };
        }
        match registry::kind_of(handle.table()) {
            Some(found) if found != kind => GuardError::WrongKind { handle, expected: kind, found },
            _ => GuardError::ForeignTable { handle, kind, table },
        }
    }

    /// What is wrong with a handle whose slot was found in that state.
    #[cold]
    pub(crate) fn explain(&self, handle: Handle, state: State) -> GuardError {
        let kind = self.kind;
        if !handle.has_tag(self.tag) {
            return self.explain_stranger(handle);
        }
        let (generation, slot_generation) = (handle.generation(), state.generation());
        let cold = self.slots.cold(handle.place());
        let freed = cold.map_or(Freed::Unknown, |cold| cold.end_of(generation));
        if generation < slot_generation {
            return GuardError::Stale { handle, kind, slot_generation, freed };
        }
        if generation > slot_generation || !(state.is_live() || state.is_reserved()) {
            return GuardError::NeverIssued { handle, kind, slot_generation };
        }
        if state.is_reserved() {
            return GuardError::NotReady { handle, kind };
        }
        if state.is_closed() {
            return GuardError::Closed {
                handle,
                kind,
                closed_by: freed.by(),
                uses: state.uses(),
                children: state.children(),
            };
        }
        if state.is_fenced() {
            return GuardError::Fenced { handle, kind };
        }
        if A::ALONE && state.uses() > 0 {
            let holder = cold.and_then(Cold::thread);
            return GuardError::Busy { handle, kind, holder, here: Thread::current() };
        }
        GuardError::TooMany { handle, kind, limit: MAX_COUNT }
    }

    /// What is wrong with disposing of a handle whose slot was found in that state.
    #[cold]
    pub(crate) fn refuse_dispose(&self, handle: Handle, state: State) -> GuardError {
        let kind = self.kind;
        if state.is_open(handle.generation()) {
            // The policy refused.
            return match state.uses() {
                0 => GuardError::HasChildren { handle, kind, children: state.children() },
                uses => GuardError::InUse { handle, kind, uses },
            };
        }
        let error = self.explain(handle, state);
        if matches!(error, GuardError::Stale { .. } | GuardError::Closed { .. }) {
            self.count(Count::FreedTwice);
        }
        error
    }
}
