//! The pool as a UniFFI object.

use std::sync::Arc;

use deadhand_core::buffer::Buffers;
use deadhand_core::guard::Handle;

use crate::buffer::size;
use crate::{Buffer, CoreError};

/// Where buffers are rented, whose memory it keeps between their lives. Any thread may use it.
#[derive(Debug, uniffi::Object)]
pub struct Pool {
    all: &'static Buffers,
    handle: Handle,
}

/// What a pool has done so far.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PoolReport {
    /// Buffers given out.
    pub rented: u64,
    /// Those of them whose memory had a life before.
    pub resurrected: u64,
    /// Blocks that wait for their next life.
    pub resting: u64,
    /// Handles whose memory was written to between two lives.
    pub dirty: Vec<u64>,
}

#[uniffi::export]
impl Pool {
    /// Make a pool that keeps at most `capacity` blocks between their lives.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    #[uniffi::constructor]
    pub fn create(capacity: u64) -> Result<Arc<Self>, CoreError> {
        let all = Buffers::shared()?;
        Ok(Arc::new(Self { all, handle: all.pool(size(capacity))? }))
    }

    /// Make a buffer of `length` zeros, in memory that may have been a buffer before.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn rent(&self, length: u64) -> Result<Arc<Buffer>, CoreError> {
        Ok(Arc::new(Buffer::of_pool(self.all, self.all.rent(self.handle, size(length))?)))
    }

    /// What it has done so far.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn figures(&self) -> Result<PoolReport, CoreError> {
        let report = self.all.pool_report(self.handle)?;
        let dirty = report.dirty.into_iter().map(Handle::to_u64).collect();
        let (rented, resurrected, resting) = (report.rented, report.resurrected, report.resting as u64);
        Ok(PoolReport { rented, resurrected, resting, dirty })
    }

    /// End the pool; what is rented goes on.
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

impl Drop for Pool {
    fn drop(&mut self) {
        self.all.discard(self.handle);
    }
}
