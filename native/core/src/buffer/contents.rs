//! A buffer from the inside: a block, its visible length, its epoch and the number of spans that point into it.

use std::sync::{RwLock, Weak};

use deadhand_guard::{Block, Handle};

use super::BufferError;
use super::shelf::Shelf;
use crate::lock::{read, write};

#[derive(Debug)]
pub(super) struct Buffer {
    inner: RwLock<Inner>,
    /// Where the memory goes when the buffer ends; nowhere if it was not rented, or its pool is gone.
    pub(super) home: Weak<Shelf>,
}

#[derive(Debug)]
struct Inner {
    block: Block,
    /// At most the length of the block: rented blocks are rounded up.
    length: usize,
    epoch: u64,
    spans: u32,
}

/// A part of the bytes, checked when it is used: the buffer may have shrunk meanwhile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) offset: usize,
    pub(super) length: usize,
}

impl Part {
    /// From the offset on, as many bytes as said, or all that are there. Nothing is checked yet.
    pub(super) fn from(offset: usize, length: Option<usize>, available: usize) -> Self {
        Self { offset, length: length.unwrap_or_else(|| available.saturating_sub(offset)) }
    }

    /// The end, if it is within what is available.
    pub(super) fn end(self, available: usize) -> Result<usize, BufferError> {
        let Self { offset, length } = self;
        let end = offset.checked_add(length).filter(|end| *end <= available);
        end.ok_or(BufferError::OutOfRange { offset, length, available })
    }

    /// A part of this part.
    pub(super) fn within(self, inner: Part) -> Result<Self, BufferError> {
        inner.end(self.length)?;
        Ok(Self { offset: self.offset + inner.offset, length: inner.length })
    }
}

impl Buffer {
    pub(super) fn new(block: Block, length: usize, home: Weak<Shelf>) -> Self {
        Self { inner: RwLock::new(Inner { block, length, epoch: 1, spans: 0 }), home }
    }

    pub(super) fn length(&self) -> usize {
        read(&self.inner).length
    }

    pub(super) fn epoch(&self) -> u64 {
        read(&self.inner).epoch
    }

    /// Copies bytes out. `allowed` is asked for the epoch under the same lock, so that no revocation comes between.
    pub(super) fn read_at(
        &self,
        offset: usize,
        into: &mut [u8],
        allowed: impl FnOnce(u64) -> Result<(), BufferError>,
    ) -> Result<(), BufferError> {
        let inner = read(&self.inner);
        allowed(inner.epoch)?;
        let end = Part { offset, length: into.len() }.end(inner.length)?;
        #[cfg(test)]
        crate::planted::here("buffer.read");
        into.copy_from_slice(&inner.block[offset..end]);
        Ok(())
    }

    /// Copies bytes in, with the same question.
    pub(super) fn write_at(
        &self,
        offset: usize,
        from: &[u8],
        allowed: impl FnOnce(u64) -> Result<(), BufferError>,
    ) -> Result<(), BufferError> {
        let mut inner = write(&self.inner);
        allowed(inner.epoch)?;
        let end = Part { offset, length: from.len() }.end(inner.length)?;
        #[cfg(test)]
        crate::planted::here("buffer.write");
        inner.block[offset..end].copy_from_slice(from);
        Ok(())
    }

    /// Copies a part out that is the caller's to choose, with the same question.
    pub(super) fn get(
        &self,
        allowed: impl FnOnce(u64, usize) -> Result<Part, BufferError>,
    ) -> Result<Vec<u8>, BufferError> {
        let inner = read(&self.inner);
        let part = allowed(inner.epoch, inner.length)?;
        let end = part.end(inner.length)?;
        Ok(inner.block[part.offset..end].to_vec())
    }

    /// All bytes.
    pub(super) fn to_vec(&self) -> Vec<u8> {
        let inner = read(&self.inner);
        inner.block[..inner.length].to_vec()
    }

    /// Moves to a block of another length and gives the old one back, with the new epoch.
    pub(super) fn resize(&self, buffer: Handle, length: usize) -> Result<(Block, u64), BufferError> {
        let mut inner = write(&self.inner);
        if inner.spans > 0 {
            return Err(BufferError::SpansOut { buffer, spans: inner.spans });
        }
        let mut fresh = Block::zeroed(length)?;
        let kept = length.min(inner.length);
        fresh[..kept].copy_from_slice(&inner.block[..kept]);
        inner.length = length;
        inner.epoch += 1;
        Ok((std::mem::replace(&mut inner.block, fresh), inner.epoch))
    }

    /// Lets a span in, if its part is there, and gives the address of its first byte.
    pub(super) fn pin(&self, part: Part) -> Result<usize, BufferError> {
        let mut inner = write(&self.inner);
        part.end(inner.length)?;
        inner.spans += 1;
        Ok(inner.block.as_ptr().expose_provenance() + part.offset)
    }

    pub(super) fn unpin(&self) {
        write(&self.inner).spans -= 1;
    }

    /// Does something while no read or write of the buffer is under way.
    pub(super) fn settled<R>(&self, change: impl FnOnce() -> R) -> R {
        let _inner = write(&self.inner);
        change()
    }

    pub(super) fn into_block(self) -> Block {
        self.inner.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).block
    }
}
