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
        Ok(buffer.commit(fenced(|| Ok::<_, BufferError>(Self::contents(Block::zeroed(length)?)))?))
    }

    /// Native allocates: a buffer with a copy of the host's bytes.
    ///
    /// # Errors
    /// As for [`allocate`](Self::allocate).
    #[track_caller]
    pub fn copy_of(&self, bytes: &[u8]) -> Result<Handle, BufferError> {
        check_length(bytes.len())?;
        let buffer = self.blocks.reserve()?;
        Ok(buffer.commit(fenced(|| Ok::<_, BufferError>(Self::contents(Block::copy_of(bytes)?)))?))
    }

    /// Native allocates: all bytes of the buffer, to keep.
    ///
    /// # Errors
    /// What is wrong with the handle.
    pub fn to_vec(&self, buffer: Handle) -> Result<Vec<u8>, BufferError> {
        Ok(self.blocks.call(buffer, super::contents::Buffer::to_vec)?)
    }

    /// Native allocates: bytes of the buffer from `offset` on, as many as `length` says or, without it, all there are.
    ///
    /// # Errors
    /// What is wrong with the handle; [`BufferError::OutOfRange`], before anything is allocated.
    pub fn get(&self, buffer: Handle, offset: usize, length: Option<usize>) -> Result<Vec<u8>, BufferError> {
        self.blocks.call(buffer, |contents| contents.get(|_, available| Ok(Part::from(offset, length, available))))?
    }

    /// The host allocates, native fills: bytes of the buffer from `offset` on, as many as `into` has.
    ///
    /// # Errors
    /// What is wrong with the handle; [`BufferError::OutOfRange`]. `into` is unchanged then.
    pub fn read(&self, buffer: Handle, offset: usize, into: &mut [u8]) -> Result<(), BufferError> {
        self.blocks.call(buffer, |contents| contents.read_at(offset, into, |_| Ok(())))?
    }

    /// Copies the host's bytes into the buffer, from `offset` on.
    ///
    /// # Errors
    /// What is wrong with the handle; [`BufferError::OutOfRange`]. Nothing is written then.
    pub fn write(&self, buffer: Handle, offset: usize, from: &[u8]) -> Result<(), BufferError> {
        self.blocks.call(buffer, |contents| contents.write_at(offset, from, |_| Ok(())))?
    }
}
