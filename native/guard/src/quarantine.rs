//! A last station for freed memory: overwritten, kept for a while, and looked at again before it goes.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::table::{Access, Table};
use crate::{Block, Config, GuardError, Handle, Operation, poison};

/// The most findings that are kept; more are only counted.
const MAX_FINDINGS: usize = 1024;

/// Freed memory was written to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteAfterFree {
    /// Whose memory it was.
    pub handle: Handle,
    /// The call that freed it, if that is known.
    pub freed_by: Option<Operation>,
    /// Bytes in the block.
    pub length: usize,
    /// The first byte that was changed.
    pub offset: usize,
    /// What it was changed to.
    pub found: u8,
    /// How many bytes were changed.
    pub changed: usize,
}

impl fmt::Display for WriteAfterFree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { handle, length, offset, found, changed, .. } = self;
        write!(f, "{changed} bytes of {handle} were written after it was freed")?;
        if let Some(operation) = self.freed_by {
            write!(f, " by {operation}")?;
        }
        write!(f, ", the first at offset {offset} of {length} ({found:#04x}): look for who kept a pointer into it")
    }
}

impl std::error::Error for WriteAfterFree {}

/// Keeps freed blocks up to a number of bytes, overwritten with a [pattern](crate::poison()) that names their handle.
///
/// A stale *read* then gets bytes that say [whose](Self::whose) they were. A stale *write* is found when the block is
/// evicted to make room, or on demand. A read or write that comes after the eviction is not seen, nor is a write of
/// the very byte that is there already. Without the feature `checked` blocks are freed at once and nothing is found.
#[derive(Debug)]
pub struct Quarantine {
    capacity: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    kept: VecDeque<Kept>,
    bytes: usize,
    findings: Vec<WriteAfterFree>,
    lost: u64,
}

#[derive(Debug)]
struct Kept {
    handle: Handle,
    freed_by: Option<Operation>,
    block: Block,
}

impl Quarantine {
    /// An empty quarantine for that many bytes.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { capacity, inner: Mutex::default() }
    }

    /// Takes in a freed block, and evicts the oldest ones until all fit. One that can never fit is freed at once.
    pub fn admit(&self, handle: Handle, freed_by: Option<Operation>, block: Block) {
        if !cfg!(feature = "checked") {
            return;
        }
        let mut kept = Kept { handle, freed_by, block };
        kept.poison();
        if kept.block.len() > self.capacity {
            return;
        }
        let mut inner = self.lock();
        inner.bytes += kept.block.len();
        inner.kept.push_back(kept);
        while inner.bytes > self.capacity {
            let Some(evicted) = inner.kept.pop_front() else { break };
            inner.bytes -= evicted.block.len();
            if let Some(finding) = evicted.finding() {
                inner.report(finding);
            }
        }
    }

    /// Looks at everything that is kept, and returns what was written to since the last look, oldest block first.
    /// Every write is found once. Findings of evictions wait in [`take_findings`](Self::take_findings).
    #[must_use]
    pub fn verify(&self) -> Vec<WriteAfterFree> {
        let mut inner = self.lock();
        let changed = inner.kept.iter_mut().filter_map(|kept| {
            let finding = kept.finding()?;
            kept.poison();
            Some(finding)
        });
        changed.collect()
    }

    /// What was found at evictions since the last call, and how many findings did not fit besides.
    #[must_use]
    pub fn take_findings(&self) -> (Vec<WriteAfterFree>, u64) {
        let mut inner = self.lock();
        (std::mem::take(&mut inner.findings), std::mem::take(&mut inner.lost))
    }

    /// The handle whose freed memory the bytes were read from: as [`whose`](crate::whose), and from eight bytes up
    /// also by comparison with everything that is kept. Should so few bytes fit
    /// several handles, the one freed last is named.
    #[must_use]
    pub fn whose(&self, bytes: &[u8]) -> Option<Handle> {
        crate::whose(bytes).or_else(|| self.candidate(bytes))
    }

    /// How many blocks are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().kept.len()
    }

    /// Whether no block is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn candidate(&self, bytes: &[u8]) -> Option<Handle> {
        let fits = |kept: &&Kept| {
            let twice = poison::pattern(kept.handle).repeat(2);
            bytes.len() >= 8 && twice.windows(bytes.len()).any(|window| window == bytes)
        };
        if bytes.len() > poison::PERIOD {
            return None;
        }
        self.lock().kept.iter().rev().find(fits).map(|kept| kept.handle)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn report(&mut self, finding: WriteAfterFree) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        } else {
            self.lost += 1;
        }
    }
}

impl Kept {
    fn poison(&mut self) {
        self.block.overwrite(poison::pattern(self.handle));
    }

    fn finding(&self) -> Option<WriteAfterFree> {
        let Self { handle, freed_by, block } = self;
        let (offset, found, changed) = block.differs(poison::pattern(*handle))?;
        Some(WriteAfterFree { handle: *handle, freed_by: *freed_by, length: block.len(), offset, found, changed })
    }
}

impl<A: Access> Table<Block, A> {
    /// A table of blocks, or of anything in a [`Block`], whose freed ones go into the quarantine.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn quarantined(config: Config, quarantine: Arc<Quarantine>) -> Result<Self, GuardError> {
        Self::with_retire(config, move |handle, freed_by, block| quarantine.admit(handle, freed_by, block))
    }
}

#[cfg(all(test, not(loom), feature = "checked"))]
#[expect(unsafe_code, reason = "to write after free is what the tests are about")]
mod tests {
    use super::*;
    use crate::{Disposed, SharedTable, whose};

    fn table(capacity: usize) -> (SharedTable<Block>, Arc<Quarantine>) {
        let quarantine = Arc::new(Quarantine::new(capacity));
        (SharedTable::quarantined(Config::new("buffer"), Arc::clone(&quarantine)).unwrap(), quarantine)
    }

    /// A freed block of that length: its handle, and a pointer that somebody kept.
    fn freed(table: &SharedTable<Block>, length: usize) -> (Handle, *mut u8) {
        let block = Block::zeroed(length).unwrap();
        let pointer = block.as_ptr();
        let handle = table.insert(block).unwrap();
        assert_eq!(table.dispose(handle), Ok(Disposed::Freed));
        (handle, pointer)
    }

    /// SAFETY of the callers: the quarantine still keeps the block, so the memory is allocated.
    unsafe fn write(pointer: *mut u8, offset: usize, value: u8) {
        // SAFETY: the callers stay inside the block.
        let place = unsafe { pointer.add(offset) };
        // SAFETY: see above.
        unsafe { place.write_volatile(value) };
    }

    #[test]
    fn a_stale_read_says_whose_it_was() {
        let (table, quarantine) = table(4096);
        let (handle, pointer) = freed(&table, 100);
        freed(&table, 100);
        // SAFETY: the quarantine keeps the block.
        let stale = unsafe { std::slice::from_raw_parts(pointer, 100) }.to_vec();
        assert_eq!(whose(&stale[33..]), Some(handle));
        for at in 0..92 {
            assert_eq!(quarantine.whose(&stale[at..at + 8]), Some(handle), "at {at}");
        }
        assert_eq!(quarantine.whose(&stale[..7]), None);
        assert_eq!(quarantine.whose(&[0; 8]), None);
    }

    #[test]
    fn a_stale_write_is_found_on_demand_once_and_names_handle_and_offset() {
        let (table, quarantine) = table(4096);
        let (handle, pointer) = freed(&table, 100);
        assert_eq!(quarantine.verify(), []);
        // SAFETY: the quarantine keeps the block.
        unsafe { write(pointer, 41, 0xAB) };
        let findings = quarantine.verify();
        let [finding] = &*findings else { panic!("{findings:?}") };
        let GuardError::Stale { freed: crate::Freed::By(operation), .. } = table.check(handle).unwrap_err() else {
            panic!("the operation is on record");
        };
        assert_eq!(
            finding.to_string(),
            format!(
                "1 bytes of {handle} were written after it was freed by {operation}, the first at offset 41 of 100 \
                 (0xab): look for who kept a pointer into it"
            )
        );
        assert_eq!(quarantine.verify(), []);
    }

    #[test]
    fn a_stale_write_is_found_at_eviction() {
        let (table, quarantine) = table(200);
        let (handle, pointer) = freed(&table, 100);
        // SAFETY: the quarantine keeps the block.
        unsafe { write(pointer, 99, 0) };
        freed(&table, 100);
        assert_eq!(quarantine.len(), 2);
        assert_eq!(quarantine.take_findings(), (vec![], 0));
        freed(&table, 1);
        assert_eq!(quarantine.len(), 2);
        let (findings, lost) = quarantine.take_findings();
        assert_eq!((findings.len(), lost), (1, 0));
        assert_eq!((findings[0].handle, findings[0].offset, findings[0].changed), (handle, 99, 1));
    }

    #[test]
    fn what_can_never_fit_evicts_nothing() {
        let (table, quarantine) = table(200);
        freed(&table, 150);
        freed(&table, 201);
        assert_eq!(quarantine.len(), 1);
    }
}
