//! Whether runtimes and tasks have ended, and what has not.

use deadhand_guard::{GuardError, Handle, SharedTable};

use super::{FutureError, Futures};
use crate::provoked::provoked;

impl<T: Send + 'static> Futures<T> {
    /// Whether the runtime is not closed; one that is fenced off is open, too.
    #[must_use]
    pub fn runtime_is_open(&self, runtime: Handle) -> bool {
        is_open(&self.runtimes, runtime)
    }

    /// Whether the task is not disposed of, whatever its fate; one that is fenced off is there, too.
    #[must_use]
    pub fn task_is_open(&self, task: Handle) -> bool {
        is_open(&self.tasks, task)
    }

    /// How many there are of each kind, those included that are disposed of and in a call.
    #[must_use]
    pub fn alive(&self) -> [(&'static str, u32); 2] {
        [(self.runtimes.kind(), self.runtimes.len()), (self.tasks.kind(), self.tasks.len())]
    }

    /// Panics inside a call on the runtime or task, for tests: it is fenced off afterwards, and a runtime's tasks go on.
    ///
    /// # Errors
    /// Always: the panic, or what is wrong with the handle.
    ///
    /// # Panics
    /// Never out of this call.
    pub fn provoke_panic(&self, any: Handle) -> Result<(), FutureError> {
        Ok(if any.table() == self.tasks.id() {
            self.tasks.call(any, |_| provoked())
        } else {
            self.runtimes.call(any, |_| provoked())
        }?)
    }
}

fn is_open<T>(table: &SharedTable<T>, handle: Handle) -> bool {
    matches!(table.check(handle), Ok(()) | Err(GuardError::Fenced { .. }))
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::time::Duration;

    use super::*;

    const LONG: Duration = Duration::from_secs(8);

    #[test]
    fn a_panic_strikes_one_handle_and_the_rest_goes_on() {
        let all = Futures::<u32>::new(None).unwrap();
        let (struck, other) = (all.runtime(1).unwrap(), all.runtime(1).unwrap());
        let (waits, done) = (all.spawn(struck, pending()).unwrap(), all.spawn(other, ready(1)).unwrap());
        assert_eq!(all.alive(), [("runtime", 2), ("task", 2)]);
        assert!(all.provoke_panic(struck).is_err());
        assert!(all.spawn(struck, ready(2)).is_err());
        assert_eq!(all.fate(waits).unwrap(), None, "its task goes on");
        assert!(all.provoke_panic(waits).is_err());
        assert!(all.fate(waits).is_err());
        assert!(all.runtime_is_open(struck) && all.task_is_open(waits));
        all.dispose(waits).unwrap();
        all.close(struck, LONG).unwrap();
        assert!(!all.runtime_is_open(struck) && !all.task_is_open(waits));
        assert_eq!(all.join(done, Some(LONG)).unwrap(), 1);
        all.dispose(done).unwrap();
        all.close(other, LONG).unwrap();
        assert_eq!(all.alive(), [("runtime", 0), ("task", 0)]);
    }
}
