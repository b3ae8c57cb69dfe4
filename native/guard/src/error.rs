//! What can go wrong with a handle, by cause; every message is one line that says what to do about it.

use std::fmt;

use crate::{Handle, Operation, Owner, Panicked, Thread};

/// What is known about the end of an object that a stale handle still names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Freed {
    /// This call ended it.
    By(Operation),
    /// Its slot has been used again since, and that object was ended by this call.
    Before(Operation),
    /// Not recorded: the feature `checked` is off, or the call that ends it is still running.
    Unknown,
}

impl Freed {
    /// The very call, if it is known.
    #[must_use]
    pub const fn by(self) -> Option<Operation> {
        match self {
            Self::By(operation) => Some(operation),
            Self::Before(_) | Self::Unknown => None,
        }
    }
}

impl fmt::Display for Freed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::By(operation) => write!(f, ", freed by {operation}"),
            Self::Before(operation) => write!(f, ", freed before {operation}"),
            Self::Unknown => Ok(()),
        }
    }
}

/// Why a handle could not be made, used or disposed of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GuardError {
    /// The number is no handle of any table.
    #[error("{bits:#x} is not a handle: pass the number that a create call returned, unchanged")]
    NotAHandle {
        /// The number that was given.
        bits: u64,
    },
    /// The handle belongs to a table of another kind.
    #[error("{handle} is a {found}, not a {expected}: pass a {expected}")]
    WrongKind {
        /// The handle that was given.
        handle: Handle,
        /// What the table holds.
        expected: &'static str,
        /// What the handle's own table holds, or held.
        found: &'static str,
    },
    /// The handle belongs to another table of the same kind, or to one that was never made.
    #[error("{kind} {handle} belongs to table {}, not to table {table}: use it where it was created", handle.table())]
    ForeignTable {
        /// The handle that was given.
        handle: Handle,
        /// What the table holds.
        kind: &'static str,
        /// The table that was asked.
        table: u32,
    },
    /// The handle says that the other runtime owns the object.
    #[error("{kind} {handle} is owned by the {} side, this table is of the {expected} side: was its number changed?", handle.owner())]
    WrongOwner {
        /// The handle that was given.
        handle: Handle,
        /// What the table holds.
        kind: &'static str,
        /// Who owns what is in the table.
        expected: Owner,
    },
    /// The table never had so many slots.
    #[error("{kind} {handle} does not exist: the table has had {slots} slots so far; was its number changed?")]
    NoSuchSlot {
        /// The handle that was given.
        handle: Handle,
        /// What the table holds.
        kind: &'static str,
        /// Slots in use until now.
        slots: u32,
    },
    /// The slot has not come to that generation yet.
    #[error(
        "{kind} {handle} was never given out: its slot is at generation {slot_generation}; was its number changed?"
    )]
    NeverIssued {
        /// The handle that was given.
        handle: Handle,
        /// What the table holds.
        kind: &'static str,
        /// Generation that the slot has, or will give out next.
        slot_generation: u32,
    },
    /// The object is gone.
    #[error(
        "{kind} {handle} is stale: the handle has generation {}, its slot is at {slot_generation}{freed}; \
         drop the handle and create a new {kind}", handle.generation()
    )]
    Stale {
        /// The handle that was given.
        handle: Handle,
        /// What the table holds.
        kind: &'static str,
        /// Generation that the slot has by now; the handle has its own.
        slot_generation: u32,
        /// What is known about its end.
        freed: Freed,
    },
    /// The slot is reserved and its object not there yet.
    #[error("{kind} {handle} is still being created: use it after its create call has returned")]
    NotReady {
        /// The handle that was given.
        handle: Handle,
        /// What the table holds.
        kind: &'static str,
    },
    /// The object was disposed of and only waits for its last user, child or home thread.
    #[error(
        "{kind} {handle} is closed{}, and stays in memory for {uses} uses, {children} children or its home thread; \
         do not use it again", .closed_by.map(|operation| format!(" by {operation}")).unwrap_or_default()
    )]
    Closed {
        /// The handle that was given.
        handle: Handle,
        /// What the table holds.
        kind: &'static str,
        /// The call that closed it, if that is recorded.
        closed_by: Option<Operation>,
        /// Uses that are not over.
        uses: u32,
        /// Children that are not freed.
        children: u32,
    },
    /// A call on the object panicked, so nobody knows what state it is in.
    #[error("{kind} {handle} is fenced off since a call on it panicked: dispose of it and create a new {kind}")]
    Fenced {
        /// The handle that was given.
        handle: Handle,
        /// What the table holds.
        kind: &'static str,
    },
    /// The object takes one user at a time and has one.
    #[error(
        "{kind} {handle} is busy{}: let the first use end, or use one {kind} per thread",
        .holder.map(|thread| format!(" ({})", own(thread, *.here))).unwrap_or_default()
    )]
    Busy {
        /// The handle that was given.
        handle: Handle,
        /// What the table holds.
        kind: &'static str,
        /// Who uses it, as far as is known.
        holder: Option<Thread>,
        /// Who asked.
        here: Thread,
    },
    /// The object cannot be disposed of while somebody uses it.
    #[error("{kind} {handle} cannot be disposed of: {uses} uses of it are not over; release them first")]
    InUse {
        /// The handle that was given.
        handle: Handle,
        /// What the table holds.
        kind: &'static str,
        /// Pins and exports that are out.
        uses: u32,
    },
    /// The object cannot be disposed of before its children.
    #[error("{kind} {handle} cannot be disposed of: it has {children} children; dispose of them first")]
    HasChildren {
        /// The handle that was given.
        handle: Handle,
        /// What the table holds.
        kind: &'static str,
        /// Children that are alive.
        children: u32,
    },
    /// Only the thread that created the object may use it.
    #[error("{kind} {handle} belongs to {home} and was used on {here}: use it on the thread that created it")]
    WrongThread {
        /// The handle that was given.
        handle: Handle,
        /// What the table holds.
        kind: &'static str,
        /// The creator.
        home: Thread,
        /// Who asked.
        here: Thread,
    },
    /// So many uses or children of one object cannot be counted.
    #[error("{kind} {handle} has {limit} uses or children already, no more can be counted: release some")]
    TooMany {
        /// The handle that was given.
        handle: Handle,
        /// What the table holds.
        kind: &'static str,
        /// The most that can be counted.
        limit: u32,
    },
    /// No slot is left.
    #[error(
        "no {kind} can be created: {alive} of {slots} slots are taken, {retired} retired, the rest rests before reuse; \
         dispose of some, or raise max_slots"
    )]
    Full {
        /// What the table holds.
        kind: &'static str,
        /// Slots that the table may have.
        slots: u32,
        /// Slots with an object in them.
        alive: u32,
        /// Slots that used up their generations.
        retired: u32,
    },
    /// No table id is left, and ids are never used twice.
    #[error(
        "no table of {kind} can be made: the process has made {limit} tables; keep tables instead of remaking them"
    )]
    TooManyTables {
        /// What the table was to hold.
        kind: &'static str,
        /// The most tables a process can make.
        limit: u32,
    },
    /// The object is gone, but its destructor did not run to its end.
    #[error("{kind} {handle} is gone, but its destructor panicked and may have leaked: {message}")]
    DestructorPanicked {
        /// The handle that was given.
        handle: Handle,
        /// What the table holds.
        kind: &'static str,
        /// The panic, with its place.
        message: String,
    },
    /// The allocator refused.
    #[error("cannot allocate a block of {length} bytes: ask for less, or free some")]
    OutOfMemory {
        /// Bytes asked for.
        length: usize,
    },
}

/// Why a call on an object gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The handle was refused; nothing was called.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The call panicked; the object is fenced off.
    #[error("the call {0}")]
    Panicked(Panicked),
}

fn own(thread: Thread, here: Thread) -> String {
    if thread == here {
        format!("used by this same {thread}, further up the stack")
    } else {
        format!("used by {thread}")
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::handle::tag;
    use crate::slots::Place;

    #[test]
    fn a_stale_handle_names_both_generations_and_the_call_that_freed_it() {
        let handle = Handle::assemble(tag(2, Owner::Native), Place::of(3), 7);
        let freed = Freed::By(Operation::from_number(12));
        let error = GuardError::Stale { handle, kind: "cursor", slot_generation: 8, freed };
        assert_eq!(
            error.to_string(),
            "cursor 3v7@2 is stale: the handle has generation 7, its slot is at 8, freed by operation 12; \
             drop the handle and create a new cursor"
        );
    }

    #[test]
    fn busy_says_by_whom() {
        let handle = Handle::assemble(tag(2, Owner::Native), Place::of(3), 7);
        let here = Thread::current();
        let text = |holder| GuardError::Busy { handle, kind: "cursor", holder, here }.to_string();
        let remedy = "let the first use end, or use one cursor per thread";
        assert_eq!(text(None), format!("cursor 3v7@2 is busy: {remedy}"));
        assert_eq!(
            text(Some(here)),
            format!("cursor 3v7@2 is busy (used by this same {here}, further up the stack): {remedy}")
        );
    }
}
