//! Counts of what was made and freed, in memory that outlives the process.

mod error;
mod layout;
#[cfg(unix)]
mod memory;
#[cfg(not(unix))]
#[path = "memory_unsupported.rs"]
mod memory;
mod report;
mod tally;

use std::collections::HashMap;
use std::panic::Location;
use std::sync::{Mutex, PoisonError};

pub use error::{Leaked, LedgerError};
pub use report::{KindReport, SiteReport};

pub(crate) use layout::Count;
pub(crate) use tally::Tally;

use layout::{KIND_WORDS, KINDS, SITE_WORDS, SITES, WORDS};
use memory::Memory;

/// Counters of every kind of object: made, freed, and what went wrong, by the place in the source that made it.
///
/// They are in a shared mapping, so they are there when the process that counted is not: the parent of a forked child
/// simply goes on reading; any other process reads the [descriptor](Self::as_raw_fd) through [`attach`](Self::attach).
/// At the end of a program [`settle`](Self::settle) is to be `Ok`, or there is a leak.
///
/// What it does *not* protect from: a process that scribbles over the mapping can make the numbers wrong (never
/// unsafe). A process that is killed between two counters leaves them one apart. With the feature `checked`, making an
/// object takes a lock of its process; so a child that was forked while another thread held it must not make any.
#[derive(Debug)]
pub struct Ledger {
    memory: Memory,
    sites: Mutex<HashMap<(usize, Location<'static>), u32>>,
}

impl Ledger {
    /// An empty ledger behind a descriptor that other processes can be given.
    ///
    /// # Errors
    /// [`LedgerError::Unsupported`] where there is no memfd; [`LedgerError::Os`].
    pub fn create() -> Result<Self, LedgerError> {
        Memory::create(WORDS).map(Self::start)
    }

    /// An empty ledger that only this process and those that it forks can reach: without a descriptor.
    ///
    /// # Errors
    /// [`LedgerError::Unsupported`] where there is no shared memory; [`LedgerError::Os`].
    pub fn anonymous() -> Result<Self, LedgerError> {
        Memory::anonymous(WORDS).map(Self::start)
    }

    /// The ledger behind a descriptor, which is duplicated.
    ///
    /// # Errors
    /// [`LedgerError::NotALedger`], [`LedgerError::Version`], [`LedgerError::Os`].
    pub fn attach(fd: i32) -> Result<Self, LedgerError> {
        let memory = Memory::attach(fd, WORDS)?;
        layout::recognize(memory.words(), fd)?;
        Ok(Self { memory, sites: Mutex::default() })
    }

    /// The descriptor to inherit or to pass on; `None` if the ledger is anonymous. It is closed at `exec` unless that
    /// is changed.
    #[must_use]
    pub fn as_raw_fd(&self) -> Option<i32> {
        self.memory.as_raw_fd()
    }

    /// The counts of every kind that was ever announced by a table, in that order.
    #[must_use]
    pub fn kinds(&self) -> Vec<KindReport> {
        report::kinds(self.memory.words())
    }

    /// How many objects of all kinds are made and not freed.
    #[must_use]
    pub fn alive(&self) -> u64 {
        self.kinds().iter().map(KindReport::alive).sum()
    }

    /// Whether everything that was made is freed.
    ///
    /// # Errors
    /// [`Leaked`], with the kinds that have objects left, and where those were made.
    pub fn settle(&self) -> Result<(), Leaked> {
        let kinds: Vec<_> = self.kinds().into_iter().filter(|kind| kind.alive() > 0).collect();
        if kinds.is_empty() { Ok(()) } else { Err(Leaked { kinds }) }
    }

    fn start(memory: Memory) -> Self {
        layout::format(memory.words());
        Self { memory, sites: Mutex::default() }
    }

    /// The row of a kind, new or not. When all rows are taken, the last one also counts the rest.
    fn kind_row(&self, kind: &str) -> usize {
        // The lock keeps two tables of this process from making two rows; two processes may, which the report joins.
        let _rows = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let words = self.memory.words();
        let kept = layout::kept_name(kind, layout::KIND_NAME_BYTES);
        if let Some(row) = (0..KINDS).find(|row| report::kind_name(words, *row).as_deref() == Some(kept)) {
            return row;
        }
        let Some(row) = layout::take_row(&words[layout::KINDS_TAKEN], KINDS) else { return KINDS - 1 };
        let at = layout::kind_at(row);
        layout::write_name(&words[at..at + KIND_WORDS], kept);
        row
    }

    /// The row of a place in the source, new or not, counted from 1; 0 when all are taken.
    fn site_row(&self, kind: usize, site: &'static Location<'static>) -> u32 {
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        *sites.entry((kind, *site)).or_insert_with(|| {
            let words = self.memory.words();
            let Some(row) = layout::take_row(&words[layout::SITES_TAKEN], SITES) else { return 0 };
            let at = layout::site_at(row);
            layout::write_site(&words[at..at + SITE_WORDS], kind, site);
            u32::try_from(row + 1).unwrap_or(0)
        })
    }
}
