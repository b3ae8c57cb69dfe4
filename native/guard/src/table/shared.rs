//! Objects that many threads use at the same time.

use crate::fence::fence;
use crate::table::{Shared, Table};
use crate::{CallError, Handle};

/// A table of objects that many threads may use at the same time, by shared reference.
///
/// For what is `Sync`: a connection pool, an immutable view, anything with a lock inside. The compiler lets the table
/// cross threads only if `T` is `Send` and `Sync`.
pub type SharedTable<T> = Table<T, Shared>;

impl<T> SharedTable<T> {
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
    use std::sync::Arc;

    use super::*;
    use crate::{Config, Dispose, Disposed, GuardError};

    #[test]
    fn two_pins_at_once_and_the_last_one_frees() {
        let table = SharedTable::new(Config::new("view")).unwrap();
        let canary = Arc::new(());
        let handle = table.insert(Arc::clone(&canary)).unwrap();
        let (first, second) = (table.pin(handle).unwrap(), table.pin(handle).unwrap());
        assert_eq!(table.dispose(handle), Ok(Disposed::Deferred));
        assert!(matches!(table.check(handle), Err(GuardError::Closed { uses: 2, .. })));
        drop(first);
        assert_eq!(Arc::strong_count(&canary), 2);
        drop(second);
        assert_eq!(Arc::strong_count(&canary), 1);
        assert!(matches!(table.check(handle), Err(GuardError::Stale { slot_generation: 2, .. })));
    }

    #[test]
    fn an_export_outlives_the_name_of_the_table() {
        let table = Arc::new(SharedTable::new(Config::new("view").dispose(Dispose::Refusing)).unwrap());
        let handle = table.insert("payload").unwrap();
        let export = table.export(handle).unwrap();
        assert_eq!(table.dispose(handle), Err(GuardError::InUse { handle, kind: "view", uses: 1 }));
        drop(table);
        assert_eq!(std::thread::spawn(move || *export).join().unwrap(), "payload");
    }

    #[test]
    fn a_panic_fences_off_the_object_it_struck_and_no_other() {
        let table = SharedTable::new(Config::new("view")).unwrap();
        let (struck, other) = (table.insert(1).unwrap(), table.insert(2).unwrap());
        let error = table.call(struck, |_| panic!("half done")).unwrap_err();
        assert!(matches!(&error, CallError::Panicked(panicked) if panicked.message() == "half done"), "{error}");
        assert_eq!(table.call(struck, |value| *value).unwrap_err().to_string(), fenced(struck));
        assert_eq!(table.call(other, |value| *value).unwrap(), 2);
        assert_eq!(table.dispose(struck), Ok(Disposed::Freed));
    }

    fn fenced(handle: Handle) -> String {
        format!("view {handle} is fenced off since a call on it panicked: dispose of it and create a new view")
    }
}
