//! Bytes across the border, both ways: native allocates and hands out, or the host allocates and native fills.

use deadhand_guard::{Block, Handle};

use super::contents::Part;
use super::{BufferError, Buffers, check_length};
use crate::fenced::fenced;

impl Buffers {
    /// Native allocates: a buffer of that many zeros.
    ///
    /// # Errors
    /// [`BufferError::TooLong`]; out of memory; no slot left.
    #[track_caller]
    pub fn allocate(&self, length: usize) -> Result<Handle, BufferError> {
        check_length(length)?;
        let buffer = self.blocks.reserve()?;
        let handle = buffer.handle();
        Ok(buffer.commit(fenced(|| Ok::<_, BufferError>(Self::contents(handle, Block::zeroed(length)?)))?))
    }

    /// Native allocates: a buffer with a copy of the host's bytes.
    ///
    /// # Errors
    /// As for [`allocate`](Self::allocate).
    #[track_caller]
    pub fn copy_of(&self, bytes: &[u8]) -> Result<Handle, BufferError> {
        check_length(bytes.len())?;
        let buffer = self.blocks.reserve()?;
        let handle = buffer.handle();
        Ok(buffer.commit(fenced(|| Ok::<_, BufferError>(Self::contents(handle, Block::copy_of(bytes)?)))?))
    }

    /// Native allocates, the host fills: a buffer of what the host says once it knows the handle. Until that has
    /// returned, the handle is [not ready](deadhand_guard::GuardError::NotReady).
    ///
    /// # Errors
    /// As for [`allocate`](Self::allocate); what the host says. There is no buffer then.
    #[track_caller]
    pub fn filled<E: From<BufferError>>(&self, fill: impl FnOnce(Handle) -> Result<Block, E>) -> Result<Handle, E> {
        let buffer = self.blocks.reserve().map_err(BufferError::from)?;
        let handle = buffer.handle();
        let block = fenced(|| Ok::<_, BufferError>(fill(handle)))??;
        check_length(block.len())?;
        Ok(buffer.commit(Self::contents(handle, block)))
    }

    /// Native allocates: all bytes of the buffer, to keep.
    ///
    /// # Errors
    /// What is wrong with the handle.
    pub fn to_vec(&self, buffer: Handle) -> Result<Vec<u8>, BufferError> {
        self.get(buffer, 0, None)
    }

    /// Native allocates: bytes of the buffer from `offset` on, as many as `length` says or, without it, all there are.
    ///
    /// # Errors
    /// What is wrong with the handle; [`BufferError::OutOfRange`], before anything is allocated.
    pub fn get(&self, buffer: Handle, offset: usize, length: Option<usize>) -> Result<Vec<u8>, BufferError> {
        self.show(buffer, offset, length, <[u8]>::to_vec)
    }

    /// Shows bytes of the buffer while nobody writes to them, for a host whose memory Rust cannot borrow. `look` must
    /// not call back.
    ///
    /// # Errors
    /// As for [`get`](Self::get); a panic of `look`, which fences off the buffer. Nothing is shown otherwise.
    pub fn show<R>(
        &self,
        buffer: Handle,
        offset: usize,
        length: Option<usize>,
        look: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, BufferError> {
        let allowed = |_, available| Ok(Part::from(offset, length, available));
        self.blocks.call(buffer, |contents| contents.look(allowed, look))?
    }

    /// The host allocates, native fills: bytes of the buffer from `offset` on, as many as `into` has.
    ///
    /// # Errors
    /// What is wrong with the handle; [`BufferError::OutOfRange`]. `into` is unchanged then.
    pub fn read(&self, buffer: Handle, offset: usize, into: &mut [u8]) -> Result<(), BufferError> {
        self.show(buffer, offset, Some(into.len()), |bytes| into.copy_from_slice(bytes))
    }

    /// Copies the host's bytes into the buffer, from `offset` on.
    ///
    /// # Errors
    /// What is wrong with the handle; [`BufferError::OutOfRange`]. Nothing is written then.
    pub fn write(&self, buffer: Handle, offset: usize, from: &[u8]) -> Result<(), BufferError> {
        self.blocks.call(buffer, |contents| contents.write_at(offset, from, |_| Ok(())))?
    }
}
