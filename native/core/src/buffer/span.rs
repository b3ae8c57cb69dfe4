//! Pinned views: while a span is out its bytes stay where they are, and the buffer can be neither disposed of nor
//! resized.

use std::sync::Arc;

use deadhand_guard::{Handle, Lease, Shared, SharedTable};

use super::contents::{Buffer, Part};
use super::{BufferError, Buffers};

#[derive(Debug)]
pub(super) struct Span {
    pub(super) lease: Lease<Buffer, Shared, Arc<SharedTable<Buffer>>>,
    pub(super) part: Part,
    address: usize,
}

impl Drop for Span {
    fn drop(&mut self) {
        // Before the lease goes: whoever sees no uses sees no spans.
        self.lease.unpin();
    }
}

/// Where a span's bytes are, for a host that can follow pointers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// Of the first byte. For a span of no bytes it leads nowhere.
    pub start: usize,
    /// In bytes.
    pub length: usize,
}

impl Buffers {
    /// Pins a part of the buffer until the span is released.
    ///
    /// # Errors
    /// What is wrong with the buffer's handle; [`BufferError::OutOfRange`].
    #[track_caller]
    pub fn span(&self, buffer: Handle, offset: usize, length: usize) -> Result<Handle, BufferError> {
        let part = Part { offset, length };
        let span = self.spans.reserve()?;
        let lease = self.blocks.export(buffer)?;
        let address = self.blocks.call(buffer, |contents| contents.pin(part))??;
        Ok(span.commit(Span { lease, part, address }))
    }

    /// Where the span's bytes are. They are valid until it is released; what the host writes there while another call
    /// reads is a race that nobody here can see.
    ///
    /// # Errors
    /// What is wrong with the span's handle, or its buffer's: a fenced buffer gives no address.
    pub fn span_address(&self, span: Handle) -> Result<Address, BufferError> {
        let (buffer, address) = self
            .spans
            .call(span, |view| (view.lease.handle(), Address { start: view.address, length: view.part.length }))?;
        self.blocks.check(buffer)?;
        Ok(address)
    }

    /// How many bytes the span pins.
    ///
    /// # Errors
    /// As for [`span_address`](Self::span_address).
    pub fn span_length(&self, span: Handle) -> Result<usize, BufferError> {
        Ok(self.span_address(span)?.length)
    }

    /// Bytes of the span from `offset` on, as many as `length` says or, without it, all that it pins.
    ///
    /// # Errors
    /// What is wrong with the handle of the span or its buffer; [`BufferError::OutOfRange`].
    pub fn get_span(&self, span: Handle, offset: usize, length: Option<usize>) -> Result<Vec<u8>, BufferError> {
        self.show_span(span, offset, length, <[u8]>::to_vec)
    }

    /// Fills the host's memory from the span.
    ///
    /// # Errors
    /// What is wrong with the handle of the span or its buffer; [`BufferError::OutOfRange`]. `into` is unchanged then.
    pub fn read_span(&self, span: Handle, offset: usize, into: &mut [u8]) -> Result<(), BufferError> {
        self.show_span(span, offset, Some(into.len()), |bytes| into.copy_from_slice(bytes))
    }

    /// Shows bytes of the span while nobody writes to them, as [`show`](Self::show) does.
    ///
    /// # Errors
    /// As for [`get_span`](Self::get_span). Nothing is shown then.
    pub fn show_span<R>(
        &self,
        span: Handle,
        offset: usize,
        length: Option<usize>,
        look: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, BufferError> {
        self.pinned(
            span,
            |part| Part::from(offset, length, part.length),
            |contents, part| contents.look(|_, _| Ok(part), look),
        )
    }

    /// Copies the host's bytes into the span.
    ///
    /// # Errors
    /// As for [`read_span`](Self::read_span); nothing is written then.
    pub fn write_span(&self, span: Handle, offset: usize, from: &[u8]) -> Result<(), BufferError> {
        let inner = |_| Part { offset, length: from.len() };
        self.pinned(span, inner, |contents, part| contents.write_at(part.offset, from, |_| Ok(())))
    }

    /// Releases the span. Its address must not be used any more.
    ///
    /// # Errors
    /// What is wrong with the span's handle; [`GuardError::InUse`](deadhand_guard::GuardError::InUse) while a view is
    /// out or another thread is inside a call.
    pub fn release(&self, span: Handle) -> Result<(), BufferError> {
        self.spans.dispose(span)?;
        Ok(())
    }

    /// Calls with the buffer and a part in it, and keeps the span until that is over: a release in between must not
    /// let a resize in. A panic strikes the buffer.
    fn pinned<R>(
        &self,
        span: Handle,
        inner: impl FnOnce(Part) -> Part,
        call: impl FnOnce(&Buffer, Part) -> Result<R, BufferError>,
    ) -> Result<R, BufferError> {
        self.spans.call(span, |view| {
            let part = view.part.within(inner(view.part))?;
            self.blocks.call(view.lease.handle(), |contents| call(contents, part))?
        })?
    }
}
