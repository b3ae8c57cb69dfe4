//! Rented buffers: their memory comes back to life under a new handle, and the old handle stays dead.

use std::sync::{Arc, Weak};

use deadhand_guard::Handle;

use super::contents::Buffer;
use super::shelf::{PoolReport, Shelf};
use super::{BufferError, Buffers, check_length};

#[derive(Debug)]
pub(super) struct Pool {
    shelf: Arc<Shelf>,
}

impl Buffers {
    /// A pool that keeps at most that many blocks between their lives.
    ///
    /// # Errors
    /// When no more pools can be made.
    #[track_caller]
    pub fn pool(&self, capacity: usize) -> Result<Handle, BufferError> {
        let made = Pool { shelf: Arc::new(Shelf::new(capacity, Arc::clone(&self.quarantine))) };
        Ok(self.pools.insert(made)?)
    }

    /// A buffer of zeros in memory that may have been a buffer before. [Disposing](Self::dispose) of it gives the
    /// memory back to the pool.
    ///
    /// # Errors
    /// What is wrong with the pool's handle; [`BufferError::TooLong`]; out of memory.
    #[track_caller]
    pub fn rent(&self, pool: Handle, length: usize) -> Result<Handle, BufferError> {
        check_length(length)?;
        let buffer = self.blocks.reserve()?;
        let handle = buffer.handle();
        let contents = self.pools.call(pool, |pool| {
            #[cfg(test)]
            crate::planted::here("pool.rent");
            let block = pool.shelf.take(length)?;
            Ok::<_, BufferError>(Buffer::new(handle, block, length, Arc::downgrade(&pool.shelf)))
        })??;
        Ok(buffer.commit(contents))
    }

    /// What the pool has done so far.
    ///
    /// # Errors
    /// What is wrong with the pool's handle.
    pub fn pool_report(&self, pool: Handle) -> Result<PoolReport, BufferError> {
        Ok(self.pools.call(pool, |pool| pool.shelf.report())?)
    }

    /// Disposes of the pool. What is rented goes on; its memory goes into the quarantine when it ends.
    ///
    /// # Errors
    /// What is wrong with the pool's handle.
    pub fn dispose_pool(&self, pool: Handle) -> Result<(), BufferError> {
        self.pools.dispose(pool)?;
        Ok(())
    }
}

/// For a buffer that was not rented.
pub(super) fn homeless() -> Weak<Shelf> {
    Weak::new()
}
