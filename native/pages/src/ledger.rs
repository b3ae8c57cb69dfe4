//! What is known of each block, outside of the blocks: a map from pages to records.

use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use crate::arena::map;
use crate::{Moment, PagesError};

/// Frames kept of each stack.
pub(crate) const DEPTH: usize = 24;

/// One block. All zeros is a record of nothing.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) start: AtomicUsize,
    pub(crate) size: AtomicUsize,
    pub(crate) first: AtomicU32,
    pub(crate) pages: AtomicU32,
    state: AtomicU32,
    pub(crate) made: AtomicU64,
    pub(crate) freed: AtomicU64,
}

/// The life of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Unused,
    Live,
    Freed,
}

impl Record {
    const LIVE: u32 = 1;
    const FREED: u32 = 2;

    #[inline]
    pub(crate) fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            Self::LIVE => State::Live,
            Self::FREED => State::Freed,
            _ => State::Unused,
        }
    }

    /// End the block's life. False if somebody has.
    #[inline]
    pub(crate) fn end(&self, moment: Moment) -> bool {
        let ended = self.state.compare_exchange(Self::LIVE, Self::FREED, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        if ended {
            self.freed.store(moment.to_word(), Ordering::Release);
        }
        ended
    }

    pub(crate) fn made(&self) -> Moment {
        Moment::from_word(self.made.load(Ordering::Acquire))
    }

    pub(crate) fn freed(&self) -> Option<Moment> {
        (self.state() == State::Freed).then(|| Moment::from_word(self.freed.load(Ordering::Acquire)))
    }
}

/// The stacks of one block; an address of 0 ends each.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) made: [AtomicUsize; DEPTH],
    pub(crate) freed: [AtomicUsize; DEPTH],
}

/// All records, with the map that leads to them. Mapped once, for good.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// For each page of the arena the number of its record, or 0.
    pages: &'static [AtomicU32],
    records: &'static [Record],
    traces: &'static [Trace],
    next: AtomicU32,
    marked: AtomicU32,
}

/// Types of which memory full of zeros is a value, and which may be shared.
trait Zeroed: Sync {}
impl Zeroed for AtomicU32 {}
impl Zeroed for Record {}
impl Zeroed for Trace {}

impl Ledger {
    /// Tables for an arena of `pages` pages.
    pub(crate) fn new(pages: usize, gap: usize) -> Result<Self, PagesError> {
        let most = (pages / (1 + gap)).saturating_add(1).min(u32::MAX as usize);
        Ok(Self {
            pages: table(pages)?,
            records: table(most)?,
            traces: table(most)?,
            next: AtomicU32::new(1),
            marked: AtomicU32::new(1),
        })
    }

    /// Write down a new block; `pages` of the arena from `first` on lead to it.
    #[inline]
    pub(crate) fn open(
        &self,
        start: usize,
        size: usize,
        first: usize,
        pages: usize,
        gap: usize,
        made: Moment,
    ) -> Option<u32> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(record) = self.records.get(number as usize) else {
            self.next.fetch_sub(1, Ordering::Relaxed);
            return None;
        };
        record.start.store(start, Ordering::Relaxed);
        record.size.store(size, Ordering::Relaxed);
        record.first.store(u32::try_from(first).ok()?, Ordering::Relaxed);
        record.pages.store(u32::try_from(pages).ok()?, Ordering::Relaxed);
        record.made.store(made.to_word(), Ordering::Relaxed);
        for page in &self.pages[first..first + pages + gap] {
            page.store(number, Ordering::Relaxed);
        }
        record.state.store(Record::LIVE, Ordering::Release);
        Some(number)
    }

    /// The number and the record of the block that a page belongs to.
    #[inline]
    pub(crate) fn find(&self, page: usize) -> Option<(u32, &Record)> {
        let number = self.pages.get(page)?.load(Ordering::Acquire);
        let record = self.records.get(number as usize)?;
        (record.state() != State::Unused).then_some((number, record))
    }

    /// The stacks of a block.
    pub(crate) fn trace(&self, number: u32) -> Option<&Trace> {
        self.traces.get(number as usize)
    }

    /// Blocks from here on are of interest.
    pub(crate) fn mark(&self) {
        self.marked.store(self.next.load(Ordering::Acquire), Ordering::Release);
    }

    /// Every block that was allocated since, the oldest first.
    pub(crate) fn since_mark(&self) -> impl Iterator<Item = &Record> {
        let end = (self.next.load(Ordering::Acquire) as usize).min(self.records.len());
        self.records[(self.marked.load(Ordering::Acquire) as usize).min(end)..end].iter()
    }
}

fn table<T: Zeroed>(length: usize) -> Result<&'static [T], PagesError> {
    let bytes = length.saturating_mul(size_of::<T>());
    let start = map(bytes, libc::PROT_READ | libc::PROT_WRITE)
        .map_err(|source| PagesError::Os { action: "reserve the tables of the page guard", source })?;
    // SAFETY: `map` gave `bytes` zeroed, page-aligned bytes that are never unmapped, and of zeros `T` is a value.
    Ok(unsafe { std::slice::from_raw_parts(ptr::with_exposed_provenance(start), length) })
}
