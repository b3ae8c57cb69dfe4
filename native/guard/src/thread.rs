//! Numbers for threads: never reused, unlike those of the operating system.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// A thread of this process, numbered from 1 in the order in which they first met this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Thread(u64);

static LAST: AtomicU64 = AtomicU64::new(0);

crate::sync::thread_local! {
    static NUMBER: u64 = LAST.fetch_add(1, Ordering::Relaxed) + 1;
}

impl Thread {
    /// The calling thread.
    #[must_use]
    #[inline]
    pub fn current() -> Self {
        // Should the thread's locals be gone already, it is a stranger each time: never somebody else.
        Self(NUMBER.try_with(|number| *number).unwrap_or_else(|_| LAST.fetch_add(1, Ordering::Relaxed) + 1))
    }

    /// The number itself.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The thread with that number, if it is one.
    pub(crate) const fn from_number(number: u64) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }
}

impl fmt::Display for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "thread {}", self.0)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_keeps_its_number_and_shares_it_with_nobody() {
        let here = Thread::current();
        assert_eq!(here, Thread::current());
        assert_ne!(here, std::thread::spawn(Thread::current).join().unwrap());
        assert_eq!(Thread::from_number(here.number()), Some(here));
        assert_eq!(Thread::from_number(0), None);
    }
}
