//! Objects that one thread at a time uses.

use crate::fence::fence;
use crate::table::{Exclusive, Table};
use crate::{CallError, Handle};

/// A table of objects that many threads may use, one at a time, by mutable reference.
///
/// The second user gets [`GuardError::Busy`](crate::GuardError::Busy), and so does a first user who comes again while
/// it is still inside. Nobody ever waits. The compiler lets the table cross threads if `T` is `Send`.
pub type ExclusiveTable<T> = Table<T, Exclusive>;

impl<T> ExclusiveTable<T> {
    /// Pins the object, calls the function behind a [fence](crate::fence()), and fences the object off if it panics.
    ///
    /// # Errors
    /// What [`pin`](Self::pin) says, or the panic.
    pub fn call<R>(&self, handle: Handle, call: impl FnOnce(&mut T) -> R) -> Result<R, CallError> {
        let mut lease = self.pin(handle)?;
        fence(|| call(&mut lease)).map_err(|panicked| self.struck(handle, panicked))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::{Config, Disposed, GuardError, Thread};

    #[test]
    fn the_second_user_is_told_who_the_first_is() {
        let table = ExclusiveTable::new(Config::new("cursor")).unwrap();
        let handle = table.insert(1).unwrap();
        let mut first = table.pin(handle).unwrap();
        *first += 1;
        let here = Thread::current();
        assert_eq!(
            table.pin(handle).map(drop),
            Err(GuardError::Busy { handle, kind: "cursor", holder: Some(here), here })
        );
        std::thread::scope(|scope| {
            let there = scope.spawn(|| (table.pin(handle).map(drop), Thread::current()));
            let (refused, thread) = there.join().unwrap();
            assert_eq!(refused, Err(GuardError::Busy { handle, kind: "cursor", holder: Some(here), here: thread }));
        });
        drop(first);
        assert_eq!(*table.pin(handle).unwrap(), 2);
    }

    #[test]
    fn a_call_from_within_a_call_is_busy_and_harms_nothing() {
        let table = ExclusiveTable::new(Config::new("cursor")).unwrap();
        let handle = table.insert(vec![1]).unwrap();
        let inner = table.call(handle, |list| {
            list.push(2);
            (table.call(handle, Vec::clear), table.dispose(handle))
        });
        let (again, disposed) = inner.unwrap();
        assert!(matches!(again, Err(CallError::Guard(GuardError::Busy { .. }))));
        assert_eq!(disposed, Ok(Disposed::Deferred));
        assert!(matches!(table.check(handle), Err(GuardError::Stale { .. })), "the outer call was the last user");
    }

    #[test]
    fn a_panic_in_a_call_fences_it_off_and_lets_go_of_it() {
        let table = ExclusiveTable::new(Config::new("cursor")).unwrap();
        let handle = table.insert(()).unwrap();
        let error = table.call(handle, |()| panic!("{}", "formatted")).unwrap_err();
        assert!(error.to_string().starts_with("the call panicked at "), "{error}");
        assert!(error.to_string().ends_with("formatted"), "{error}");
        assert_eq!(table.check(handle), Err(GuardError::Fenced { handle, kind: "cursor" }));
        assert_eq!(table.dispose(handle), Ok(Disposed::Freed));
    }
}
