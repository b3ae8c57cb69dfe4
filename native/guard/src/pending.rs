//! Frees that wait for another thread: a stack linked through the slots themselves, so that it needs no memory, no
//! lock, and cannot be full. A finalizer may push from anywhere.

use crate::sync::{AtomicU32, Ordering};

/// No slot has that index.
const NOBODY: u32 = u32::MAX;

#[derive(Debug)]
pub(crate) struct Pending {
    head: AtomicU32,
}

impl Pending {
    pub(crate) fn new() -> Self {
        Self { head: AtomicU32::new(NOBODY) }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.head.load(Ordering::Relaxed) == NOBODY
    }

    /// Adds a slot, which must not be in the stack and whose link is `next`.
    pub(crate) fn push(&self, index: u32, next: &AtomicU32) {
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            next.store(head, Ordering::Relaxed);
            // Release: whoever takes the stack sees the link, and all that was done before the push.
            match self.head.compare_exchange_weak(head, index, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(changed) => head = changed,
            }
        }
    }

    /// Empties the stack, all at once, so that no link is read that could change meanwhile.
    pub(crate) fn take<'a>(&self, next: impl Fn(u32) -> Option<&'a AtomicU32>) -> impl Iterator<Item = u32> {
        let mut head = self.head.swap(NOBODY, Ordering::Acquire);
        std::iter::from_fn(move || {
            let index = (head != NOBODY).then_some(head)?;
            // Read before the slot is handed out: its taker may push it again.
            head = next(index)?.load(Ordering::Relaxed);
            Some(index)
        })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_was_pushed_is_taken_once_last_in_first_out() {
        let links: Vec<AtomicU32> = (0..3).map(|_| AtomicU32::new(0)).collect();
        let link = |index: u32| links.get(index as usize);
        let pending = Pending::new();
        assert!(pending.is_empty());
        for index in [2, 0, 1] {
            pending.push(index, link(index).unwrap());
        }
        assert!(!pending.is_empty());
        assert_eq!(pending.take(link).collect::<Vec<_>>(), [1, 0, 2]);
        assert!(pending.is_empty() && pending.take(link).next().is_none());
    }
}
