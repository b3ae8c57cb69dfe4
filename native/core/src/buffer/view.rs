//! Bytes lent to the host, for as long as it likes. They stay where they are, and the span that they are of cannot be
//! released meanwhile.
//!
//! Read-only views have a share in the block; a writable one has the block itself, and the buffer has none until it is
//! back. Neither holds a lock, so a view may be dropped on any thread.

use std::sync::Arc;

use deadhand_guard::{Block, Handle, Lease, Shared, SharedTable};

use super::contents::{Buffer, Part};
use super::span::Span;
use super::{BufferError, Buffers};

/// Bytes that the host may look at, while nobody can write to them.
#[derive(Debug)]
pub struct View {
    // Before `out`: whoever sees no view may write.
    bytes: Arc<Block>,
    out: Out,
}

/// Bytes that the host may write to, while nobody else can look at them.
#[derive(Debug)]
pub struct WritableView {
    /// There, until the view is dropped.
    block: Option<Block>,
    out: Out,
}

/// What every view keeps: its span, and an entry in the ledger.
#[derive(Debug)]
struct Out {
    span: Lease<Span, Shared, Arc<SharedTable<Span>>>,
    entry: Handle,
    entries: Arc<SharedTable<()>>,
}

impl Buffers {
    /// Lends the bytes of the span, to be looked at.
    ///
    /// # Errors
    /// What is wrong with the handle of the span or its buffer; [`BufferError::WritableViewOut`].
    #[track_caller]
    pub fn view(&self, span: Handle) -> Result<View, BufferError> {
        self.lend(span, Buffer::share, |bytes, out| View { bytes, out })
    }

    /// Lends the bytes of the span, to be written to. No part of the buffer can be lent, read or written meanwhile.
    ///
    /// # Errors
    /// What is wrong with the handle of the span or its buffer; [`BufferError::ViewsOut`];
    /// [`BufferError::WritableViewOut`].
    #[track_caller]
    pub fn writable_view(&self, span: Handle) -> Result<WritableView, BufferError> {
        self.lend(span, Buffer::take, |block, out| WritableView { block: Some(block), out })
    }

    #[track_caller]
    fn lend<B, R>(
        &self,
        span: Handle,
        take: impl FnOnce(&Buffer) -> Result<B, BufferError>,
        lent: impl FnOnce(B, Out) -> R,
    ) -> Result<R, BufferError> {
        let entry = self.views.reserve()?;
        // Not the lease alone, which knows neither fences nor panics.
        self.span_length(span)?;
        let span = self.spans.export(span)?;
        let bytes = self.blocks.call(span.lease.handle(), take)??;
        let out = Out { span, entry: entry.commit(()), entries: Arc::clone(&self.views) };
        Ok(lent(bytes, out))
    }
}

impl AsRef<[u8]> for View {
    fn as_ref(&self) -> &[u8] {
        let Part { offset, length } = self.out.span.part;
        &self.bytes[offset..offset + length]
    }
}

impl AsMut<[u8]> for WritableView {
    fn as_mut(&mut self) -> &mut [u8] {
        let Part { offset, length } = self.out.span.part;
        self.block.as_mut().map_or(&mut [], |block| &mut block[offset..offset + length])
    }
}

impl Drop for WritableView {
    fn drop(&mut self) {
        if let Some(block) = self.block.take() {
            self.out.span.lease.give_back(block);
        }
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        // Nothing but this disposes of it.
        drop(self.entries.dispose(self.entry));
    }
}

#[cfg(test)]
mod tests {
    use deadhand_guard::{CallError, GuardError};

    use super::*;
    use crate::planted;

    fn refused<T>(result: Result<T, BufferError>) -> String {
        match result {
            Ok(_) => panic!("not refused"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn read_only_views_keep_writers_away() {
        let all = Buffers::new(None).unwrap();
        let buffer = all.copy_of(b"0123456789").unwrap();
        let span = all.span(buffer, 2, 4).unwrap();
        let (first, second) = (all.view(span).unwrap(), all.view(span).unwrap());
        assert_eq!((first.as_ref(), second.as_ref()), (&b"2345"[..], &b"2345"[..]));
        assert_eq!(all.to_vec(buffer).unwrap(), b"0123456789", "reading is fine");
        assert_eq!(
            refused(all.write(buffer, 0, b"!")),
            format!("buffer {buffer} cannot be written: 2 read-only views of it are out; release them first")
        );
        assert!(matches!(all.write_span(span, 0, b"!"), Err(BufferError::ViewsOut { views: 2, .. })));
        assert!(matches!(all.writable_view(span), Err(BufferError::ViewsOut { views: 2, .. })));
        assert!(refused(all.release(span)).contains("2 uses of it are not over"));
        assert!(refused(all.dispose(buffer)).contains("1 uses of it are not over"));
        assert!(matches!(all.resize(buffer, 3), Err(BufferError::SpansOut { spans: 1, .. })));
        drop(first);
        assert!(matches!(all.write(buffer, 0, b"!"), Err(BufferError::ViewsOut { views: 1, .. })));
        std::thread::spawn(move || drop(second)).join().unwrap();
        all.write(buffer, 2, b"!").unwrap();
        assert_eq!(all.view(span).unwrap().as_ref(), b"!345");
        all.release(span).unwrap();
        all.dispose(buffer).unwrap();
        assert_eq!(all.alive().map(|(_, count)| count), [0; 5]);
    }

    #[test]
    fn a_writable_view_keeps_everybody_away_and_nothing_moves() {
        let all = Buffers::new(None).unwrap();
        let buffer = all.copy_of(b"0123456789").unwrap();
        let span = all.span(buffer, 2, 4).unwrap();
        let address = all.span_address(span).unwrap().start;
        let mut view = all.writable_view(span).unwrap();
        assert_eq!(view.as_mut().as_ptr().addr(), address);
        view.as_mut().copy_from_slice(b"abcd");
        let message =
            format!("buffer {buffer} cannot be read or written: a writable view of it is out; release it first");
        let slice = all.slice(buffer, 0, 1).unwrap();
        let other = all.span(buffer, 9, 1).unwrap();
        assert_eq!(all.span_address(other).unwrap().start, address + 7);
        assert_eq!(refused(all.to_vec(buffer)), message);
        assert_eq!(refused(all.write(buffer, 0, b"!")), message);
        assert_eq!(refused(all.get_slice(slice, 0, None)), message);
        assert_eq!(refused(all.view(other)), message);
        assert_eq!(refused(all.writable_view(span)), message);
        assert_eq!((all.length(buffer).unwrap(), all.epoch(buffer).unwrap()), (10, 1), "these are not lent");
        drop(view);
        assert_eq!(all.to_vec(buffer).unwrap(), b"01abcd6789");
        assert_eq!(all.span_address(span).unwrap().start, address);
        for each in [slice, other, span, buffer] {
            all.close(each).unwrap();
        }
        assert_eq!(all.alive().map(|(_, count)| count), [0; 5]);
    }

    #[test]
    fn a_view_outlives_the_name_of_its_owner() {
        let all = Buffers::new(None).unwrap();
        let buffer = all.copy_of(b"kept").unwrap();
        let span = all.span(buffer, 0, 4).unwrap();
        let mut view = all.writable_view(span).unwrap();
        drop(all);
        view.as_mut()[0] = b'K';
        assert_eq!(view.as_mut(), b"Kept");
    }

    #[test]
    fn nothing_is_lent_of_what_is_gone_or_struck() {
        let all = Buffers::new(None).unwrap();
        let buffer = all.copy_of(b"struck").unwrap();
        let (span, released) = (all.span(buffer, 0, 6).unwrap(), all.span(buffer, 0, 6).unwrap());
        let view = all.view(span).unwrap();
        all.release(released).unwrap();
        assert!(matches!(all.view(released), Err(BufferError::Call(CallError::Guard(GuardError::Stale { .. })))));
        planted::arm("buffer.read");
        assert!(all.to_vec(buffer).is_err());
        assert!(matches!(all.view(span), Err(BufferError::Call(CallError::Guard(GuardError::Fenced { .. })))));
        assert!(matches!(all.writable_view(span), Err(BufferError::Call(CallError::Guard(GuardError::Fenced { .. })))));
        assert_eq!(view.as_ref(), b"struck", "what was lent before stays");
        drop(view);
        all.release(span).unwrap();
        all.dispose(buffer).unwrap();
        assert_eq!(all.alive().map(|(_, count)| count), [0; 5], "what was refused has left nothing behind");
    }

    #[test]
    fn threads_that_lend_read_and_write_see_whole_values_only() {
        let all = Buffers::new(None).unwrap();
        let buffer = all.copy_of(&[0; 4096]).unwrap();
        std::thread::scope(|scope| {
            for value in 1..=4_u8 {
                let all = &all;
                scope.spawn(move || {
                    for _ in 0..200 {
                        let span = all.span(buffer, 0, 4096).unwrap();
                        drop(all.write(buffer, 0, &[value; 4096]));
                        if let Ok(mut view) = all.writable_view(span) {
                            view.as_mut().fill(value);
                            let first = view.as_mut()[0];
                            assert!(view.as_mut().iter().all(|byte| *byte == first));
                        }
                        if let Ok(view) = all.view(span) {
                            assert!(view.as_ref().iter().all(|byte| *byte == view.as_ref()[0]));
                        }
                        if let Ok(bytes) = all.to_vec(buffer) {
                            assert!(bytes.iter().all(|byte| *byte == bytes[0]));
                        }
                        all.release(span).unwrap();
                    }
                });
            }
        });
        all.dispose(buffer).unwrap();
        assert_eq!(all.alive().map(|(_, count)| count), [0; 5]);
    }
}
