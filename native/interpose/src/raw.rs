//! What the scheduler itself waits on: raw futex system calls, which no patched slot can turn back into the scheduler.

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
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

const CLOSED: u32 = 0;
const OPEN: u32 = 1;
/// Closed, and somebody waits, or did until a moment ago.
const WAITED_FOR: u32 = 2;

/// Where one thread waits until it is let through; each opening lets it through once.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    word: AtomicU32,
    /// The token was taken away from the thread of this gate.
    ousted: AtomicBool,
}

impl Gate {
    pub(crate) const fn new() -> Self {
        Self { word: AtomicU32::new(CLOSED), ousted: AtomicBool::new(false) }
    }

    pub(crate) fn open(&self) {
        // Nobody may be waiting yet; then the word alone tells, and a system call is saved.
        if self.word.swap(OPEN, Ordering::AcqRel) == WAITED_FOR {
            let _ = futex::wake(&self.word, futex::Flags::PRIVATE, 1);
        }
    }

    pub(crate) fn oust(&self) {
        self.ousted.store(true, Ordering::Release);
    }

    /// Whether the token was taken away; asking is to know.
    pub(crate) fn was_ousted(&self) -> bool {
        self.ousted.load(Ordering::Relaxed) && self.ousted.swap(false, Ordering::AcqRel)
    }

    pub(crate) fn wait(&self, limit: Duration) -> Wake {
        let limit = futex::Timespec {
            tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: limit.subsec_nanos().into(),
        };
        loop {
            if self.word.compare_exchange(OPEN, CLOSED, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                return Wake::Opened;
            }
            if self.word.compare_exchange(CLOSED, WAITED_FOR, Ordering::Relaxed, Ordering::Relaxed) == Err(OPEN) {
                continue;
            }
            match futex::wait(&self.word, futex::Flags::PRIVATE, WAITED_FOR, Some(&limit)) {
                Err(Errno::INTR) => return Wake::Interrupted,
                Err(Errno::TIMEDOUT) => return Wake::TimedOut,
                _ => {}
            }
        }
    }
}

/// A door that many can wait at; once it is open it stays so.
#[derive(Debug, Default)]
pub(crate) struct Door(AtomicU32);

impl Door {
    pub(crate) fn open(&self) {
        self.0.store(1, Ordering::Release);
        let _ = futex::wake(&self.0, futex::Flags::PRIVATE, i32::MAX.unsigned_abs());
    }

    pub(crate) fn is_open(&self) -> bool {
        self.0.load(Ordering::Acquire) == 1
    }

    pub(crate) fn wait(&self) {
        while !self.is_open() {
            let _ = futex::wait(&self.0, futex::Flags::PRIVATE, 0, None);
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
        self.take();
        Held(self)
    }

    fn take(&self) {
        if self.word.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
            while self.word.swap(2, Ordering::Acquire) != 0 {
                let _ = futex::wait(&self.word, futex::Flags::PRIVATE, 2, None);
            }
        }
    }

    fn unlock(&self) {
        if self.word.swap(0, Ordering::Release) == 2 {
            let _ = futex::wake(&self.word, futex::Flags::PRIVATE, 1);
        }
    }

    /// Make it free whoever held it: in a forked child, where the holder does not exist.
    pub(crate) fn break_open(&self) {
        self.word.store(0, Ordering::Release);
    }
}

/// The lock is held until this is dropped.
pub(crate) struct Held<'a, T>(&'a Lock<T>);

impl<T> Held<'_, T> {
    /// Do something without the lock.
    pub(crate) fn without(&mut self, work: impl FnOnce()) {
        self.0.unlock();
        work();
        self.0.take();
    }
}

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
        self.0.unlock();
    }
}
