//! Raw bytes at a fixed address, for the other runtime to point into.
#![expect(unsafe_code, reason = "the crate allocates the bytes itself, to be able to look at them after their end")]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use crate::GuardError;

/// Bytes are aligned to this, as by malloc, and their room is a multiple of it.
const ALIGN: usize = 16;

/// A number of bytes that stay where they are.
///
/// Its address may be given away. What protects such a pointer is not the type but the table: pin the handle while
/// the pointer is out. A block that ends in a [`Quarantine`](crate::Quarantine) is watched for those who did not.
pub struct Block {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: a block owns its bytes, which belong to no thread.
unsafe impl Send for Block {}
// SAFETY: through `&Block` the bytes are only read.
unsafe impl Sync for Block {}

impl Block {
    /// That many zeros.
    ///
    /// # Errors
    /// [`GuardError::OutOfMemory`].
    pub fn zeroed(length: usize) -> Result<Self, GuardError> {
        let refused = GuardError::OutOfMemory { length };
        let Some(layout) = layout(length) else { return Err(refused) };
        if layout.size() == 0 {
            return Ok(Self { start: NonNull::<u128>::dangling().cast(), length });
        }
        // SAFETY: the size is not zero.
        let start = unsafe { alloc_zeroed(layout) };
        NonNull::new(start).map(|start| Self { start, length }).ok_or(refused)
    }

    /// A copy of the bytes.
    ///
    /// # Errors
    /// [`GuardError::OutOfMemory`].
    pub fn copy_of(bytes: &[u8]) -> Result<Self, GuardError> {
        let mut block = Self::zeroed(bytes.len())?;
        block.copy_from_slice(bytes);
        Ok(block)
    }

    /// The address to give away. It may be written through while the table makes sure that nobody else looks.
    #[must_use]
    pub fn as_ptr(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// Overwrites the bytes with repetitions of the pattern, even if the compiler thinks that nobody will look.
    pub(crate) fn overwrite(&mut self, pattern: [u8; ALIGN]) {
        for at in 0..self.length {
            // SAFETY: `at` is below the length.
            let place = unsafe { self.start.add(at) };
            // SAFETY: the place is one of the block's bytes, and bytes need no alignment.
            unsafe { place.write_volatile(pattern[at % ALIGN]) };
        }
    }

    /// The first byte that differs from the repeated pattern, with what it is, and how many differ in all.
    ///
    /// Reads each byte once and volatile: whoever writes to freed memory may be doing so right now.
    pub(crate) fn differs(&self, pattern: [u8; ALIGN]) -> Option<(usize, u8, usize)> {
        let mut first = None;
        let mut count = 0;
        for at in 0..self.length {
            // SAFETY: `at` is below the length.
            let place = unsafe { self.start.add(at) };
            // SAFETY: the place is one of the block's bytes, and bytes need no alignment.
            let found = unsafe { place.read_volatile() };
            if found != pattern[at % ALIGN] {
                first.get_or_insert((at, found));
                count += 1;
            }
        }
        first.map(|(at, found)| (at, found, count))
    }
}

/// Of the room for so many bytes, if there can be any.
fn layout(length: usize) -> Option<Layout> {
    Layout::from_size_align(length.checked_next_multiple_of(ALIGN)?, ALIGN).ok()
}

impl Deref for Block {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the bytes are allocated and initialised, and live as long as `self`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl DerefMut for Block {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as for `deref`, and `&mut self` is the only way in for Rust.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Some(layout) = layout(self.length)
            && layout.size() > 0
        {
            // SAFETY: `zeroed` allocated it with this very layout.
            unsafe { dealloc(self.start.as_ptr(), layout) };
        }
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Block({} bytes)", self.length)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_zeros_then_what_was_written_and_aligned() {
        for length in [0, 1, 15, 16, 17, 1000] {
            let mut block = Block::zeroed(length).unwrap();
            assert_eq!(&*block, vec![0; length]);
            assert_eq!(block.as_ptr().addr() % ALIGN, 0);
            block.fill(7);
            assert_eq!(&*block, vec![7; length]);
        }
        assert_eq!(&*Block::copy_of(b"some text").unwrap(), b"some text");
    }

    #[test]
    fn what_cannot_be_allocated_is_an_error() {
        for length in [usize::MAX, isize::MAX as usize] {
            assert_eq!(Block::zeroed(length).unwrap_err(), GuardError::OutOfMemory { length });
        }
    }

    #[test]
    fn a_difference_is_found_where_it_is() {
        let pattern = *b"0123456789abcdef";
        let mut block = Block::zeroed(40).unwrap();
        block.overwrite(pattern);
        assert_eq!(block.differs(pattern), None);
        block[17] = b'!';
        block[39] = b'!';
        assert_eq!(block.differs(pattern), Some((17, b'!', 2)));
    }
}
