//! What the scheduler itself waits on: raw futex system calls, which no patched slot can turn back into the scheduler.

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::io::Errno;
use rustix::thread::futex;

/// How a wait at a gate ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    Opened,
    /// A signal handler ran.
    Interrupted,
    TimedOut,
}

/// Where one thread waits until it is let through; each opening lets it through once.
#[derive(Debug, Default)]
pub(crate) struct Gate(AtomicU32);

impl Gate {
    pub(crate) fn open(&self) {
        self.0.store(1, Ordering::Release);
        // Nobody may be waiting yet; then the word alone tells.
        let _ = futex::wake(&self.0, futex::Flags::PRIVATE, 1);
    }

    pub(crate) fn wait(&self, limit: Duration) -> Wake {
        let limit = futex::Timespec {
            tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: limit.subsec_nanos().into(),
        };
        loop {
            if self.0.swap(0, Ordering::Acquire) == 1 {
                return Wake::Opened;
            }
            match futex::wait(&self.0, futex::Flags::PRIVATE, 0, Some(&limit)) {
                Err(Errno::INTR) => return Wake::Interrupted,
                Err(Errno::TIMEDOUT) => return Wake::TimedOut,
                _ => {}
            }
        }
    }
}

/// A lock around the scheduler's own state.
#[derive(Debug, Default)]
pub(crate) struct Lock<T> {
    /// 0: free, 1: taken, 2: taken and waited for.
    word: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached by one thread at a time, the one that holds the lock.
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { word: AtomicU32::new(0), value: UnsafeCell::new(value) }
    }

    pub(crate) fn lock(&self) -> Held<'_, T> {
        if self.word.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
            while self.word.swap(2, Ordering::Acquire) != 0 {
                let _ = futex::wait(&self.word, futex::Flags::PRIVATE, 2, None);
            }
        }
        Held(self)
    }

    /// Make it free whoever held it: in a forked child, where the holder does not exist.
    pub(crate) fn break_open(&self) {
        self.word.store(0, Ordering::Release);
    }
}

/// The lock is held until this is dropped.
pub(crate) struct Held<'a, T>(&'a Lock<T>);

impl<T> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the lock is held, so nobody else reaches the value.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Held<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held, so nobody else reaches the value.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Held<'_, T> {
    fn drop(&mut self) {
        if self.0.word.swap(0, Ordering::Release) == 2 {
            let _ = futex::wake(&self.0.word, futex::Flags::PRIVATE, 1);
        }
    }
}
