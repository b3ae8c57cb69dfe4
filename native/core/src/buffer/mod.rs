//! Owned memory behind handles: buffers, revocable slices of them, spans that pin them, views that lend them, and pools.
//!
//! A buffer is shared: any thread may use it, and a lock inside keeps reads and writes apart. It follows the policy of
//! .NET's `Memory<T>`: while a [span](Buffers::span) is out, or another thread is inside a call, disposing of it is
//! refused. Freed bytes are poisoned and kept in a quarantine, also those that a resize leaves behind.
//!
//! | kind | keeps the buffer | ends by |
//! |---|---|---|
//! | `slice` | no | revoke, resize, dispose of the buffer, its own dispose |
//! | `span` | yes: dispose and resize are refused | release, refused while a view is out |
//! | `view` | yes, and its span | being dropped |
//!
//! A [view](Buffers::view) is no handle but the bytes themselves, lent to the host: read-only ones keep writers away, a
//! [writable one](Buffers::writable_view) keeps readers away, too.

mod contents;
mod ends;
mod error;
#[cfg(test)]
mod model;
mod pool;
mod shared;
mod shelf;
mod slice;
mod span;
#[cfg(test)]
mod tests;
mod transfer;
mod view;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use deadhand_guard::{Block, Config, Dispose, GuardError, Handle, Ledger, Quarantine, SharedTable, WriteAfterFree};

use crate::census::kind;

use contents::Buffer;
use pool::Pool;
use slice::Slice;
use span::Span;

pub use error::BufferError;
pub use shelf::PoolReport;
pub use span::Address;
pub use view::{View, WritableView};

/// The most bytes a buffer can have: more would be promised by the system and not be there when they are poisoned.
pub const MAX_LENGTH: usize = 1 << 28;

/// Freed bytes that are kept for a while.
const QUARANTINE: usize = 1 << 24;

/// All buffers of one owner, with their slices, spans and pools. A handle is good only where it was made.
#[derive(Debug)]
pub struct Buffers {
    // Spans first: they hold buffers.
    spans: Arc<SharedTable<Span>>,
    slices: SharedTable<Slice>,
    blocks: Arc<SharedTable<Buffer>>,
    pools: SharedTable<Pool>,
    /// One entry per view that is out.
    views: Arc<SharedTable<()>>,
    quarantine: Arc<Quarantine>,
}

impl Buffers {
    /// None yet; the ledger, if there is one, counts kinds `buffer`, `slice`, `span`, `view` and `pool`.
    ///
    /// # Errors
    /// [`GuardError::TooManyTables`].
    pub fn new(ledger: Option<&Arc<Ledger>>) -> Result<Self, GuardError> {
        Self::with(kind("buffer", ledger), ledger)
    }

    /// As [`new`](Self::new), with limits for the table of buffers.
    pub(crate) fn with(buffers: Config, ledger: Option<&Arc<Ledger>>) -> Result<Self, GuardError> {
        let quarantine = Arc::new(Quarantine::new(QUARANTINE));
        let last_station = Arc::clone(&quarantine);
        let config = buffers.dispose(Dispose::Refusing);
        let blocks = SharedTable::with_retire(config, move |handle, freed_by, buffer: Buffer| {
            assert!(!buffer.condemned.load(Ordering::Relaxed), "provoked by provoke_panic(), at the end");
            let home = buffer.home.upgrade();
            let Some(block) = buffer.into_block() else { return };
            match home {
                Some(shelf) => shelf.put(handle, freed_by, block),
                None => last_station.admit(handle, freed_by, block),
            }
        })?;
        Ok(Self {
            spans: Arc::new(SharedTable::new(kind("span", ledger).dispose(Dispose::Refusing))?),
            slices: SharedTable::new(kind("slice", ledger))?,
            blocks: Arc::new(blocks),
            pools: SharedTable::new(kind("pool", ledger))?,
            views: Arc::new(SharedTable::new(kind("view", ledger))?),
            quarantine,
        })
    }

    /// How many bytes the buffer has.
    ///
    /// # Errors
    /// What is wrong with the handle.
    pub fn length(&self, buffer: Handle) -> Result<usize, BufferError> {
        Ok(self.blocks.call(buffer, Buffer::length)?)
    }

    /// How often the buffer was resized, plus one.
    ///
    /// # Errors
    /// What is wrong with the handle.
    pub fn epoch(&self, buffer: Handle) -> Result<u64, BufferError> {
        Ok(self.blocks.call(buffer, Buffer::epoch)?)
    }

    /// Gives the buffer another length, keeps what fits, fills up with zeros, and says the new epoch. Every slice made
    /// before is outdated. A rented buffer keeps its pool.
    ///
    /// # Errors
    /// What is wrong with the handle; [`BufferError::SpansOut`]; [`BufferError::TooLong`]; out of memory. The buffer
    /// is as before then.
    pub fn resize(&self, buffer: Handle, length: usize) -> Result<u64, BufferError> {
        check_length(length)?;
        let (old, epoch) = self.blocks.call(buffer, |contents| contents.resize(length))??;
        if let Some(old) = old {
            self.quarantine.admit(buffer, None, old);
        }
        Ok(epoch)
    }

    /// Disposes of the buffer. If it was rented, its memory goes back to the pool.
    ///
    /// # Errors
    /// What is wrong with the handle; [`GuardError::InUse`] while a span is out or another thread is inside a call.
    pub fn dispose(&self, buffer: Handle) -> Result<(), BufferError> {
        self.blocks.dispose(buffer)?;
        Ok(())
    }

    /// Writes to freed memory that were found since the last call: a pointer of a released span was used.
    #[must_use]
    pub fn writes_after_free(&self) -> Vec<WriteAfterFree> {
        let (mut findings, _) = self.quarantine.take_findings();
        findings.extend(self.quarantine.verify());
        findings
    }

    /// The handle whose freed memory the bytes were read from.
    #[must_use]
    pub fn whose(&self, bytes: &[u8]) -> Option<Handle> {
        self.quarantine.whose(bytes)
    }

    fn contents(handle: Handle, block: Block) -> Buffer {
        let length = block.len();
        Buffer::new(handle, block, length, pool::homeless())
    }
}

fn check_length(length: usize) -> Result<(), BufferError> {
    if length > MAX_LENGTH { Err(BufferError::TooLong { length, limit: MAX_LENGTH }) } else { Ok(()) }
}
