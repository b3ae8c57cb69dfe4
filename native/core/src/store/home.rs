//! The end of a thread is the end of its deleters: nobody else could ever free them.

use std::cell::RefCell;
use std::collections::HashSet;
use std::time::{Duration, Instant};

use deadhand_guard::{GuardError, Handle};

use super::deleter;
use super::tables::tables;

/// How long an ending thread waits for another one that is in the middle of a dispose: a few instructions, unless that
/// thread does not exist in this process, because it was forked.
const PATIENCE: Duration = Duration::from_secs(1);

thread_local! {
    static RESIDENTS: Residents = Residents::default();
}

#[derive(Default)]
struct Residents(RefCell<HashSet<Handle>>);

/// A deleter's entry among those of its thread; dropping it strikes it out.
#[derive(Debug)]
pub(super) struct Resident(Handle);

/// Notes a deleter of this thread.
pub(super) fn move_in(handle: Handle) -> Resident {
    // While the thread's locals are being destroyed there is no list any more: then its table keeps it.
    let _ = RESIDENTS.try_with(|residents| residents.0.borrow_mut().insert(handle));
    Resident(handle)
}

impl Drop for Resident {
    fn drop(&mut self) {
        let _ = RESIDENTS.try_with(|residents| residents.0.borrow_mut().remove(&self.0));
    }
}

impl Drop for Residents {
    fn drop(&mut self) {
        let Ok(tables) = tables() else { return };
        let deadline = Instant::now() + PATIENCE;
        for handle in self.0.take() {
            drop(deleter::end(handle));
            // Closed elsewhere, and perhaps not queued yet: afterwards nobody would come for it.
            while matches!(tables.deleters.check(handle), Err(GuardError::Closed { .. })) && Instant::now() < deadline {
                if tables.deleters.drain() == 0 {
                    std::thread::yield_now();
                }
            }
        }
    }
}
