//! Revocable views: a slice is a handle of its own, and says no when it was revoked, its buffer resized or gone.

use std::sync::atomic::{AtomicBool, Ordering};

use deadhand_guard::{CallError, Handle};

use super::contents::{Buffer, Part};
use super::{BufferError, Buffers};

#[derive(Debug)]
pub(super) struct Slice {
    buffer: Handle,
    epoch: u64,
    part: Part,
    revoked: AtomicBool,
}

impl Slice {
    /// Whether bytes may be looked at, for a buffer of that epoch.
    fn allow(&self, slice: Handle, now: u64) -> Result<(), BufferError> {
        if self.revoked.load(Ordering::Acquire) {
            return Err(BufferError::Revoked { slice });
        }
        if self.epoch != now {
            return Err(BufferError::Outdated { slice, of: self.epoch, now });
        }
        Ok(())
    }
}

/// Slices do not keep their buffer: disposing of it is allowed, and then they give [`BufferError::BufferGone`].
impl Buffers {
    /// A view of a part of the buffer, until it is revoked or the buffer is resized or gone.
    ///
    /// # Errors
    /// What is wrong with the buffer's handle; [`BufferError::OutOfRange`].
    #[track_caller]
    pub fn slice(&self, buffer: Handle, offset: usize, length: usize) -> Result<Handle, BufferError> {
        let part = Part { offset, length };
        let slice = self.slices.reserve()?;
        let epoch = self.blocks.call(buffer, |contents| {
            // The epoch first: should the buffer be resized in between, the slice is outdated from the start.
            let epoch = contents.epoch();
            part.end(contents.length()).map(|_| epoch)
        })??;
        Ok(slice.commit(Slice { buffer, epoch, part, revoked: AtomicBool::new(false) }))
    }

    /// How many bytes the slice shows.
    ///
    /// # Errors
    /// What is wrong with the slice, [`BufferError::Revoked`], [`BufferError::Outdated`] and
    /// [`BufferError::BufferGone`] included.
    pub fn slice_length(&self, slice: Handle) -> Result<usize, BufferError> {
        self.through(slice, |view, contents| {
            view.allow(slice, contents.epoch())?;
            Ok(view.part.length)
        })
    }

    /// Bytes of the slice from `offset` on, as many as `length` says or, without it, all that it shows.
    ///
    /// # Errors
    /// As for [`slice_length`](Self::slice_length); [`BufferError::OutOfRange`].
    pub fn get_slice(&self, slice: Handle, offset: usize, length: Option<usize>) -> Result<Vec<u8>, BufferError> {
        self.show_slice(slice, offset, length, <[u8]>::to_vec)
    }

    /// Fills the host's memory from the slice.
    ///
    /// # Errors
    /// As for [`slice_length`](Self::slice_length); [`BufferError::OutOfRange`]. `into` is unchanged then.
    pub fn read_slice(&self, slice: Handle, offset: usize, into: &mut [u8]) -> Result<(), BufferError> {
        self.show_slice(slice, offset, Some(into.len()), |bytes| into.copy_from_slice(bytes))
    }

    /// Shows bytes of the slice while nobody writes to them, as [`show`](Self::show) does.
    ///
    /// # Errors
    /// As for [`get_slice`](Self::get_slice). Nothing is shown then.
    pub fn show_slice<R>(
        &self,
        slice: Handle,
        offset: usize,
        length: Option<usize>,
        look: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, BufferError> {
        self.through(slice, |view, contents| {
            let allowed = |now, _| {
                // Before its range, which says nothing of a slice that shows nothing any more.
                view.allow(slice, now)?;
                view.part.within(Part::from(offset, length, view.part.length))
            };
            contents.look(allowed, look)
        })
    }

    /// Copies the host's bytes into the slice.
    ///
    /// # Errors
    /// As for [`slice_length`](Self::slice_length); [`BufferError::OutOfRange`]. Nothing is written then.
    pub fn write_slice(&self, slice: Handle, offset: usize, from: &[u8]) -> Result<(), BufferError> {
        self.through(slice, |view, contents| {
            // Before its range, which says nothing of a slice that shows nothing any more.
            view.allow(slice, contents.epoch())?;
            let part = view.part.within(Part { offset, length: from.len() })?;
            contents.write_at(part.offset, from, |now| view.allow(slice, now))
        })
    }

    /// Takes the slice's right away, for good. When this returns, no call that uses the slice is reading or writing
    /// any more, and none will. Revoking twice is no error.
    ///
    /// # Errors
    /// What is wrong with the slice's handle.
    pub fn revoke(&self, slice: Handle) -> Result<(), BufferError> {
        Ok(self.slices.call(slice, |view| {
            let revoke = || view.revoked.store(true, Ordering::Release);
            match self.blocks.call(view.buffer, |contents| contents.settled(revoke)) {
                Ok(()) => (),
                // Nobody reads a buffer that is gone; one that is closed or fenced admits nobody new.
                Err(_) => revoke(),
            }
        })?)
    }

    /// Disposes of the slice; the buffer stays.
    ///
    /// # Errors
    /// What is wrong with the slice's handle.
    pub fn dispose_slice(&self, slice: Handle) -> Result<(), BufferError> {
        self.slices.dispose(slice)?;
        Ok(())
    }

    /// Calls with the slice and its buffer pinned. A panic strikes the buffer, for its bytes are what may be half-done.
    fn through<R>(
        &self,
        slice: Handle,
        call: impl FnOnce(&Slice, &Buffer) -> Result<R, BufferError>,
    ) -> Result<R, BufferError> {
        self.slices.call(slice, |view| match self.blocks.call(view.buffer, |contents| call(view, contents)) {
            Ok(answer) => answer,
            // What the slice itself says comes first, so that the order of revoke and dispose does not matter.
            Err(CallError::Guard(_)) if view.revoked.load(Ordering::Acquire) => Err(BufferError::Revoked { slice }),
            Err(CallError::Guard(reason)) => Err(BufferError::BufferGone { slice, reason }),
            Err(panicked) => Err(panicked.into()),
        })?
    }
}
