//! Ends that a host can ask for twice, and what has not ended.

use deadhand_guard::{GuardError, Handle};

use super::{BufferError, Buffers};
use crate::provoked::provoked;

impl Buffers {
    /// Ends a buffer, slice, span or pool. Closing it again does nothing.
    ///
    /// # Errors
    /// What is wrong with the handle, [`GuardError::Stale`] and [`GuardError::Closed`] excepted; what
    /// [`dispose`](Self::dispose) refuses.
    pub fn close(&self, any: Handle) -> Result<(), BufferError> {
        let table = any.table();
        let done = if table == self.spans.id() {
            self.spans.dispose(any)
        } else if table == self.slices.id() {
            self.slices.dispose(any)
        } else if table == self.pools.id() {
            self.pools.dispose(any)
        } else {
            self.blocks.dispose(any)
        };
        match done {
            Ok(_) | Err(GuardError::Stale { .. } | GuardError::Closed { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// For finalizers: [closes](Self::close) it, and never fails.
    pub fn discard(&self, any: Handle) {
        drop(self.close(any));
    }

    /// Whether that buffer, slice, span or pool is there and not closed. Another thread may close it before this
    /// returns. A slice may be open and say no to everything: it was revoked, or its buffer is gone.
    #[must_use]
    pub fn is_open(&self, any: Handle) -> bool {
        let checks = [self.blocks.check(any), self.slices.check(any), self.spans.check(any), self.pools.check(any)];
        checks.iter().any(|check| matches!(check, Ok(()) | Err(GuardError::Fenced { .. })))
    }

    /// How many objects of each kind are made and not freed.
    #[must_use]
    pub fn alive(&self) -> [(&'static str, u32); 5] {
        [
            (self.blocks.kind(), self.blocks.len()),
            (self.slices.kind(), self.slices.len()),
            (self.spans.kind(), self.spans.len()),
            (self.pools.kind(), self.pools.len()),
            (self.views.kind(), self.views.len()),
        ]
    }

    /// Panics inside a call on the buffer, slice, span or pool, for tests: it is fenced off afterwards.
    ///
    /// # Errors
    /// Always: the panic, or what is wrong with the handle.
    ///
    /// # Panics
    /// Never out of this call.
    pub fn provoke_panic(&self, any: Handle) -> Result<(), BufferError> {
        let table = any.table();
        Ok(if table == self.spans.id() {
            self.spans.call(any, |_| provoked())
        } else if table == self.slices.id() {
            self.slices.call(any, |_| provoked())
        } else if table == self.pools.id() {
            self.pools.call(any, |_| provoked())
        } else {
            self.blocks.call(any, |_| provoked())
        }?)
    }

    /// Has the end of the buffer panic, for tests: whoever ends it gets
    /// [`GuardError::DestructorPanicked`], and it is gone all the same.
    ///
    /// # Errors
    /// What is wrong with the handle.
    pub fn provoke_panic_at_end(&self, buffer: Handle) -> Result<(), BufferError> {
        Ok(self.blocks.call(buffer, super::contents::Buffer::condemn)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_can_be_closed_twice_and_nothing_is_left() {
        let all = Buffers::new(None).unwrap();
        let buffer = all.copy_of(b"0123456789").unwrap();
        let (slice, span, pool) =
            (all.slice(buffer, 2, 4).unwrap(), all.span(buffer, 0, 8).unwrap(), all.pool(1).unwrap());
        assert_eq!(all.alive(), [("buffer", 1), ("slice", 1), ("span", 1), ("pool", 1), ("view", 0)]);
        assert_eq!(
            (all.get(buffer, 8, None).unwrap(), all.get_span(span, 1, None).unwrap()),
            (b"89".to_vec(), b"1234567".to_vec())
        );
        assert_eq!(
            (all.get_slice(slice, 1, None).unwrap(), all.get_slice(slice, 0, Some(1)).unwrap()),
            (b"345".to_vec(), b"2".to_vec())
        );
        for (offset, length) in [(11, None), (0, Some(11)), (usize::MAX, Some(usize::MAX)), (usize::MAX, None)] {
            assert!(matches!(all.get(buffer, offset, length), Err(BufferError::OutOfRange { .. })));
            assert!(matches!(all.get_slice(slice, offset, length), Err(BufferError::OutOfRange { .. })));
            assert!(matches!(all.get_span(span, offset, length), Err(BufferError::OutOfRange { .. })));
        }
        assert!(all.close(buffer).is_err(), "a span is out");
        for each in [span, buffer, slice, pool] {
            assert!(all.is_open(each));
            all.close(each).unwrap();
            all.close(each).unwrap();
            assert!(!all.is_open(each));
        }
        assert_eq!(all.alive().map(|(_, count)| count), [0; 5]);
    }

    #[test]
    fn a_provoked_panic_strikes_one_buffer_which_can_be_closed() {
        let all = Buffers::shared().unwrap();
        let buffer = all.allocate(8).unwrap();
        assert!(all.provoke_panic(buffer).is_err());
        assert!(all.length(buffer).is_err());
        assert!(all.is_open(buffer));
        all.discard(buffer);
        assert!(!all.is_open(buffer));
    }
}
