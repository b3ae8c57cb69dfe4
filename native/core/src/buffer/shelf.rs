//! Where a pool keeps memory between two lives: poisoned, and looked at before it is given out again.

use std::sync::{Arc, Mutex};

use deadhand_guard::{Block, GuardError, Handle, Operation, Quarantine, poison};

use crate::lock::lock;

/// The least a rented block has.
const LEAST: usize = 16;

/// What a pool has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolReport {
    /// Buffers given out.
    pub rented: u64,
    /// Those of them whose memory had a life before.
    pub resurrected: u64,
    /// Blocks that wait for their next life.
    pub resting: usize,
    /// Handles whose memory was written to between two lives: through a pointer that somebody kept.
    pub dirty: Vec<Handle>,
}

#[derive(Debug)]
pub(super) struct Shelf {
    capacity: usize,
    quarantine: Arc<Quarantine>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    resting: Vec<(Handle, Block)>,
    report: PoolReport,
}

impl Shelf {
    pub(super) fn new(capacity: usize, quarantine: Arc<Quarantine>) -> Self {
        Self { capacity, quarantine, inner: Mutex::default() }
    }

    /// A block of zeros for at least that many bytes: one that rested longest, or a new one.
    pub(super) fn take(&self, length: usize) -> Result<Block, GuardError> {
        let room = length.max(LEAST).checked_next_power_of_two().ok_or(GuardError::OutOfMemory { length })?;
        let found = {
            let mut inner = lock(&self.inner);
            let at = inner.resting.iter().position(|(_, block)| block.len() == room);
            at.map(|at| inner.resting.remove(at))
        };
        let Some((last, mut block)) = found else {
            let block = Block::zeroed(room)?;
            lock(&self.inner).report.rented += 1;
            return Ok(block);
        };
        let clean = is_poison(&block, last);
        block.fill(0);
        let mut inner = lock(&self.inner);
        inner.report.rented += 1;
        inner.report.resurrected += 1;
        if !clean {
            inner.report.dirty.push(last);
        }
        Ok(block)
    }

    /// Takes in the memory of a buffer that has ended, or passes it on if there is no room.
    pub(super) fn put(&self, handle: Handle, freed_by: Option<Operation>, mut block: Block) {
        poison(&mut block, handle);
        self.keep(handle, freed_by, block);
    }

    /// As [`put`](Self::put), for a test that has written to the block.
    #[cfg(test)]
    pub(super) fn put_as_it_is(&self, handle: Handle, block: Block) {
        self.keep(handle, None, block);
    }

    fn keep(&self, handle: Handle, freed_by: Option<Operation>, block: Block) {
        let refused = {
            let mut inner = lock(&self.inner);
            // A length that `take` never asks for comes from a resize: it would only be in the way.
            if inner.resting.len() < self.capacity && block.len() >= LEAST && block.len().is_power_of_two() {
                inner.resting.push((handle, block));
                None
            } else {
                Some(block)
            }
        };
        if let Some(block) = refused {
            self.quarantine.admit(handle, freed_by, block);
        }
    }

    pub(super) fn report(&self) -> PoolReport {
        let inner = lock(&self.inner);
        PoolReport { resting: inner.resting.len(), ..inner.report.clone() }
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        for (handle, block) in std::mem::take(&mut lock(&self.inner).resting) {
            self.quarantine.admit(handle, None, block);
        }
    }
}

/// Whether the block still is as `put` left it.
fn is_poison(block: &[u8], handle: Handle) -> bool {
    let mut expected = [0; LEAST];
    poison(&mut expected, handle);
    block.chunks(LEAST).all(|chunk| *chunk == expected[..chunk.len()])
}
