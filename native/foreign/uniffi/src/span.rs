//! The span as a UniFFI object.

use std::sync::Arc;

use deadhand_core::buffer::Buffers;
use deadhand_core::guard::Handle;

use crate::buffer::size;
use crate::{Buffer, CoreError};

/// A pinned part of a buffer. Any thread may use it.
#[derive(Debug, uniffi::Object)]
pub struct Span {
    all: &'static Buffers,
    handle: Handle,
    /// So that the buffer is not dropped under it.
    _buffer: Arc<Buffer>,
}

#[uniffi::export]
impl Span {
    /// How many bytes it has.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn size(&self) -> Result<u64, CoreError> {
        Ok(self.all.span_length(self.handle)? as u64)
    }

    /// `length` bytes from `offset` on; without `length`, all that are there.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    #[uniffi::method(default(offset = 0, length = None))]
    pub fn read(&self, offset: u64, length: Option<u64>) -> Result<Vec<u8>, CoreError> {
        Ok(self.all.get_span(self.handle, size(offset), length.map(size))?)
    }

    /// Copy `data` to `offset`.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    #[uniffi::method(default(offset = 0))]
    pub fn write(&self, data: &[u8], offset: u64) -> Result<(), CoreError> {
        Ok(self.all.write_span(self.handle, size(offset), data)?)
    }

    /// End the span, not the buffer.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn close(&self) -> Result<(), CoreError> {
        Ok(self.all.close(self.handle)?)
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !self.all.is_open(self.handle)
    }

    /// Its handle: a number that no other object has, or had.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.handle.to_u64()
    }
}

impl Span {
    pub(crate) fn of(all: &'static Buffers, handle: Handle, buffer: Arc<Buffer>) -> Self {
        Self { all, handle, _buffer: buffer }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        self.all.discard(self.handle);
    }
}
