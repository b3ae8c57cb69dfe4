//! A buffer from the inside: a block, its visible length, its epoch, the number of spans that point into it, and who
//! looks at its bytes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock, Weak};

use deadhand_guard::{Block, Handle};

use super::BufferError;
use super::shelf::Shelf;
use crate::lock::{read, write};

#[derive(Debug)]
pub(super) struct Buffer {
    /// Its own, for what it refuses.
    handle: Handle,
    inner: RwLock<Inner>,
    /// Where the memory goes when the buffer ends; nowhere if it was not rented, or its pool is gone.
    pub(super) home: Weak<Shelf>,
    /// Whether its end is to panic, for tests.
    pub(super) condemned: AtomicBool,
}

#[derive(Debug)]
struct Inner {
    /// Read-only views have a share each; a writable one has it all, and nothing is here. So the compiler sees to it
    /// that native and host never write where the other one looks.
    block: Option<Arc<Block>>,
    /// Where the block is, also while it is lent.
    start: usize,
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
    pub(super) fn new(handle: Handle, block: Block, length: usize, home: Weak<Shelf>) -> Self {
        let inner = Inner { start: start(&block), block: Some(Arc::new(block)), length, epoch: 1, spans: 0 };
        Self { handle, inner: RwLock::new(inner), home, condemned: AtomicBool::new(false) }
    }

    pub(super) fn length(&self) -> usize {
        read(&self.inner).length
    }

    pub(super) fn epoch(&self) -> u64 {
        read(&self.inner).epoch
    }

    /// Shows a part that is the caller's to choose. `allowed` is asked for epoch and length under the same lock, so that
    /// no revocation comes between.
    pub(super) fn look<R>(
        &self,
        allowed: impl FnOnce(u64, usize) -> Result<Part, BufferError>,
        look: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, BufferError> {
        let inner = read(&self.inner);
        let part = allowed(inner.epoch, inner.length)?;
        let end = part.end(inner.length)?;
        let block = inner.block.as_ref().ok_or(BufferError::WritableViewOut { buffer: self.handle })?;
        #[cfg(test)]
        crate::planted::here("buffer.read");
        Ok(look(&block[part.offset..end]))
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
        let buffer = self.handle;
        let block = inner.block.as_mut().ok_or(BufferError::WritableViewOut { buffer })?;
        let views = shares(block);
        let block = Arc::get_mut(block).ok_or(BufferError::ViewsOut { buffer, views })?;
        #[cfg(test)]
        crate::planted::here("buffer.write");
        block[offset..end].copy_from_slice(from);
        Ok(())
    }

    /// Moves to a block of another length and gives the old one back, with the new epoch.
    pub(super) fn resize(&self, length: usize) -> Result<(Option<Block>, u64), BufferError> {
        let mut inner = write(&self.inner);
        if inner.spans > 0 {
            return Err(BufferError::SpansOut { buffer: self.handle, spans: inner.spans });
        }
        let mut fresh = Block::zeroed(length)?;
        let kept = length.min(inner.length);
        // Always there: a view has a span.
        if let Some(block) = &inner.block {
            fresh[..kept].copy_from_slice(&block[..kept]);
        }
        inner.length = length;
        inner.epoch += 1;
        inner.start = start(&fresh);
        let old = inner.block.replace(Arc::new(fresh));
        Ok((old.and_then(Arc::into_inner), inner.epoch))
    }

    /// Lets a span in, if its part is there, and gives the address of its first byte.
    pub(super) fn pin(&self, part: Part) -> Result<usize, BufferError> {
        let mut inner = write(&self.inner);
        part.end(inner.length)?;
        inner.spans += 1;
        Ok(inner.start + part.offset)
    }

    pub(super) fn unpin(&self) {
        write(&self.inner).spans -= 1;
    }

    /// A share in the bytes: until it is dropped nothing can be written.
    pub(super) fn share(&self) -> Result<Arc<Block>, BufferError> {
        read(&self.inner).block.clone().ok_or(BufferError::WritableViewOut { buffer: self.handle })
    }

    /// All of the bytes: until they are [back](Self::give_back) nothing can be read or written.
    pub(super) fn take(&self) -> Result<Block, BufferError> {
        let mut inner = write(&self.inner);
        let block = inner.block.take().ok_or(BufferError::WritableViewOut { buffer: self.handle })?;
        Arc::try_unwrap(block).map_err(|block| {
            let views = shares(&block);
            inner.block = Some(block);
            BufferError::ViewsOut { buffer: self.handle, views }
        })
    }

    pub(super) fn give_back(&self, block: Block) {
        write(&self.inner).block = Some(Arc::new(block));
    }

    /// Does something while no read or write of the buffer is under way.
    pub(super) fn settled<R>(&self, change: impl FnOnce() -> R) -> R {
        let _inner = write(&self.inner);
        change()
    }

    /// Has its end panic.
    pub(super) fn condemn(&self) {
        self.condemned.store(true, Ordering::Relaxed);
    }

    /// The memory, unless somebody has it still, which no view can: it keeps its span, and the span the buffer.
    pub(super) fn into_block(self) -> Option<Block> {
        self.inner.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).block.and_then(Arc::into_inner)
    }
}

/// The address of the first byte, for a host that can follow it.
fn start(block: &Block) -> usize {
    block.as_ptr().expose_provenance()
}

/// How many views have a share, beside the buffer itself. One may be on its way out.
fn shares(block: &Arc<Block>) -> usize {
    Arc::strong_count(block).saturating_sub(1).max(1)
}
