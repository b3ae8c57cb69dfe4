//! The buffer as a UniFFI object.

use std::sync::Arc;

use deadhand_core::buffer::Buffers;
use deadhand_core::guard::Handle;

use crate::{CoreError, Slice, Span};

/// Bytes of native memory. Any thread may use it; a lock inside keeps reads and writes apart.
#[derive(Debug, uniffi::Object)]
pub struct Buffer {
    all: &'static Buffers,
    handle: Handle,
}

#[uniffi::export]
impl Buffer {
    /// Make a buffer of `length` zeros.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    #[uniffi::constructor]
    pub fn zeros(length: u64) -> Result<Arc<Self>, CoreError> {
        let all = Buffers::shared()?;
        Ok(Arc::new(Self { all, handle: all.allocate(size(length))? }))
    }

    /// Make a buffer with a copy of `data`.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    #[uniffi::constructor]
    pub fn of(data: &[u8]) -> Result<Arc<Self>, CoreError> {
        let all = Buffers::shared()?;
        Ok(Arc::new(Self { all, handle: all.copy_of(data)? }))
    }

    /// How many bytes it has.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn size(&self) -> Result<u64, CoreError> {
        Ok(self.all.length(self.handle)? as u64)
    }

    /// How often it was resized, plus one.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn age(&self) -> Result<u64, CoreError> {
        Ok(self.all.epoch(self.handle)?)
    }

    /// `length` bytes from `offset` on; without `length`, all that are there.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    #[uniffi::method(default(offset = 0, length = None))]
    pub fn read(&self, offset: u64, length: Option<u64>) -> Result<Vec<u8>, CoreError> {
        Ok(self.all.get(self.handle, size(offset), length.map(size))?)
    }

    /// Copy `data` to `offset`.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    #[uniffi::method(default(offset = 0))]
    pub fn write(&self, data: &[u8], offset: u64) -> Result<(), CoreError> {
        Ok(self.all.write(self.handle, size(offset), data)?)
    }

    /// Give it another length, keep what fits, fill up with zeros, and return the new epoch.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn resize(&self, length: u64) -> Result<u64, CoreError> {
        Ok(self.all.resize(self.handle, size(length))?)
    }

    /// Make a view of a part that is good until it is revoked, or the buffer resized or closed.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn slice(self: Arc<Self>, offset: u64, length: u64) -> Result<Arc<Slice>, CoreError> {
        let made = self.all.slice(self.handle, size(offset), size(length))?;
        Ok(Arc::new(Slice::of(self.all, made, self)))
    }

    /// Pin a part: the buffer can be neither resized nor closed until the span is closed.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn span(self: Arc<Self>, offset: u64, length: u64) -> Result<Arc<Span>, CoreError> {
        let made = self.all.span(self.handle, size(offset), size(length))?;
        Ok(Arc::new(Span::of(self.all, made, self)))
    }

    /// Panic in native code, for tests: the buffer is fenced off.
    ///
    /// # Errors
    /// Always.
    pub fn provoke_panic(&self) -> Result<(), CoreError> {
        Ok(self.all.provoke_panic(self.handle)?)
    }

    /// End it; a rented one gives its memory back to the pool.
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

impl Buffer {
    pub(crate) fn of_pool(all: &'static Buffers, handle: Handle) -> Self {
        Self { all, handle }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.all.discard(self.handle);
    }
}

/// A number of bytes: one that is too large for this machine is too large for any buffer, too.
pub(crate) fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
