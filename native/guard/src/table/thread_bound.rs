//! Objects that only their creator uses.

use crate::fence::fence;
use crate::table::{Table, ThreadBound};
use crate::{CallError, Handle, Operation};

/// A table of objects that only the thread that created them may use, by shared reference.
///
/// Any thread may dispose of one, as a garbage collector does: the object is closed at once and queued for its home
/// thread, which frees it the next time it creates or disposes of something in this table, or [drains](Self::drain)
/// it. What is queued for a thread that has ended stays until the table is dropped; it is never lost.
///
/// As whoever drops the table drops what is left in it, the compiler lets the table cross threads only if `T` is
/// `Send`. It need not be `Sync`.
pub type ThreadBoundTable<T> = Table<T, ThreadBound>;

impl<T> ThreadBoundTable<T> {
    /// Frees what other threads disposed of and this thread created, and says how many objects that were. A panic in
    /// a destructor is counted in the ledger and does not stop the others.
    pub fn drain(&self) -> usize {
        Operation::next();
        self.drain_own()
    }

    /// Pins the object, calls the function behind a [fence](crate::fence()), and fences the object off if it panics.
    ///
    /// # Errors
    /// What [`pin`](Self::pin) says, or the panic.
    pub fn call<R>(&self, handle: Handle, call: impl FnOnce(&T) -> R) -> Result<R, CallError> {
        let lease = self.pin(handle)?;
        fence(|| call(&lease)).map_err(|panicked| self.struck(handle, panicked))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;
    use std::sync::mpsc::{Sender, channel};
    use std::thread::{ThreadId, current, scope, spawn};

    use super::*;
    use crate::{Config, Disposed, GuardError, Thread};

    /// Says on which thread it was dropped. `Send`, not `Sync`.
    struct Tattler(Cell<u8>, Sender<ThreadId>);

    impl Drop for Tattler {
        fn drop(&mut self) {
            self.1.send(current().id()).unwrap();
        }
    }

    #[test]
    fn another_thread_cannot_use_it_but_may_close_it_and_home_frees_it() {
        let (sender, dropped) = channel();
        let table = ThreadBoundTable::new(Config::new("window")).unwrap();
        let handle = table.insert(Tattler(Cell::new(0), sender)).unwrap();
        let home = Thread::current();
        scope(|scope| {
            let there = scope.spawn(|| {
                let here = Thread::current();
                let refused = GuardError::WrongThread { handle, kind: "window", home, here };
                assert_eq!(table.pin(handle).map(drop), Err(refused.clone()));
                assert_eq!(table.check(handle), Err(refused));
                assert_eq!(table.dispose(handle), Ok(Disposed::Queued));
                assert_eq!(table.drain(), 0, "not for this thread to free");
            });
            there.join().unwrap();
        });
        assert!(matches!(table.check(handle), Err(GuardError::Closed { .. })));
        assert!(dropped.try_recv().is_err());
        assert_eq!(table.drain(), 1);
        assert_eq!(dropped.try_recv(), Ok(current().id()));
    }

    #[test]
    fn creating_drains_first() {
        let (sender, dropped) = channel();
        let table = ThreadBoundTable::new(Config::new("window")).unwrap();
        let handle = table.insert(Tattler(Cell::new(0), sender.clone())).unwrap();
        scope(|scope| scope.spawn(|| table.dispose(handle).unwrap()).join().unwrap());
        table.insert(Tattler(Cell::new(0), sender)).unwrap();
        assert_eq!(dropped.try_recv(), Ok(current().id()));
    }

    #[test]
    fn what_was_queued_for_a_thread_that_has_ended_goes_with_the_table() {
        let (sender, dropped) = channel();
        let table = Arc::new(ThreadBoundTable::new(Config::new("window")).unwrap());
        let handle = spawn({
            let table = Arc::clone(&table);
            move || table.insert(Tattler(Cell::new(0), sender)).unwrap()
        })
        .join()
        .unwrap();
        assert_eq!(table.dispose(handle), Ok(Disposed::Queued));
        assert_eq!(table.drain(), 0);
        assert!(dropped.try_recv().is_err());
        drop(table);
        assert_eq!(dropped.try_iter().count(), 1);
    }

    #[test]
    fn a_use_at_home_defers_a_dispose_from_elsewhere_and_then_frees_at_home() {
        let (sender, dropped) = channel();
        let table = ThreadBoundTable::new(Config::new("window")).unwrap();
        let handle = table.insert(Tattler(Cell::new(0), sender)).unwrap();
        let pin = table.pin(handle).unwrap();
        pin.0.set(1);
        scope(|scope| {
            assert_eq!(scope.spawn(|| table.dispose(handle)).join().unwrap(), Ok(Disposed::Deferred));
        });
        drop(pin);
        assert_eq!(dropped.try_recv(), Ok(current().id()));
    }
}
