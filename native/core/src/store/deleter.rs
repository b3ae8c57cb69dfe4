//! A cursor that deletes as it goes, and belongs to one thread.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering};

use deadhand_guard::{GuardError, Handle, Thread};

use super::error::{StoreError, answer, closed_by_now};
use super::tables::{DELETER, tables};
use super::{Writer, home};

/// A handle of a cursor, for the thread that made it. Others get [`GuardError::WrongThread`], also for closing it.
///
/// It holds nothing: its writer may end first, and then a step says so. A deleter that waits for its thread to free it
/// would otherwise keep a whole database. When its thread ends, it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Deleter {
    handle: Handle,
    /// Kept here, too: the table forgets it with the object, and another thread is wrong also after that.
    home: Thread,
}

#[derive(Debug)]
pub(super) struct Body {
    writer: Writer,
    prefix: Vec<u8>,
    last: RefCell<Option<Vec<u8>>>,
    _resident: home::Resident,
}

/// Deleters that nobody has disposed of: fewer than the table has, by those that are queued home.
static OPEN: AtomicU32 = AtomicU32::new(0);

impl Deleter {
    pub(super) fn new(writer: Writer, prefix: Vec<u8>) -> Result<Self, StoreError> {
        let place = tables()?.deleters.reserve()?;
        let resident = home::move_in(place.handle());
        OPEN.fetch_add(1, Ordering::Relaxed);
        let handle = place.commit(Body { writer, prefix, last: RefCell::default(), _resident: resident });
        Ok(Self { handle, home: Thread::current() })
    }

    /// Deletes the next key with the prefix and returns it; `None` after the last one.
    ///
    /// # Errors
    /// [`GuardError::WrongThread`]; everything that is wrong with the handle, or with the writer's;
    /// [`StoreError::Io`] and [`StoreError::Database`].
    pub fn step(self) -> Result<Option<Vec<u8>>, StoreError> {
        self.check_thread()?;
        answer(DELETER, self.handle, tables()?.deleters.call(self.handle, Body::step))
    }

    /// Ends the cursor, not the writer. Closing it again does nothing.
    ///
    /// # Errors
    /// [`GuardError::WrongThread`]; [`GuardError::DestructorPanicked`], after which it is gone all the same.
    pub fn close(self) -> Result<(), StoreError> {
        self.check_thread()?;
        closed_by_now(end(self.handle))
    }

    /// Whether it is there and not closed. Any thread may ask.
    #[must_use]
    pub fn is_open(self) -> bool {
        let open = |result| matches!(result, Ok(()) | Err(GuardError::Fenced { .. } | GuardError::WrongThread { .. }));
        tables().is_ok_and(|tables| open(tables.deleters.check(self.handle)))
    }

    /// For finalizers: ends it on any thread, and never fails. Elsewhere than at home it is closed and queued; its
    /// thread frees it when it next makes or closes a deleter, asks what is [alive](super::alive()), or ends.
    pub fn discard(self) {
        drop(end(self.handle));
    }

    /// The deleter with that handle, if it is one; the next call tells. Of one that is gone nobody knows any more whose
    /// it was.
    #[must_use]
    pub fn of(handle: Handle) -> Self {
        let home = match tables().and_then(|tables| tables.deleters.check(handle)) {
            Err(GuardError::WrongThread { home, .. }) => home,
            _ => Thread::current(),
        };
        Self { handle, home }
    }

    /// The handle itself. Any thread may ask.
    #[must_use]
    pub fn handle(self) -> Handle {
        self.handle
    }

    fn check_thread(self) -> Result<(), GuardError> {
        let (handle, home, here) = (self.handle, self.home, Thread::current());
        if home == here { Ok(()) } else { Err(GuardError::WrongThread { handle, kind: DELETER, home, here }) }
    }
}

impl Body {
    fn step(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let mut last = self.last.borrow_mut();
        let key = self.writer.remove_next(&self.prefix, last.as_deref())?;
        if key.is_some() {
            last.clone_from(&key);
        }
        Ok(key)
    }
}

/// Disposes of a deleter, by whichever thread.
pub(super) fn end(handle: Handle) -> Result<(), GuardError> {
    let result = tables()?.deleters.dispose(handle);
    // One caller at most gets such an answer for one object.
    if matches!(result, Ok(_) | Err(GuardError::DestructorPanicked { .. })) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
    result.map(drop)
}

/// How many deleters nobody has disposed of.
pub(super) fn open() -> u32 {
    OPEN.load(Ordering::Relaxed)
}
