//! The ledger as its reader sees it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::layout::{
    Count, KINDS, SITE_CREATED, SITE_FREED, SITE_KIND, SITE_NAME, SITE_PLACE, SITE_WORDS, SITES, SITES_TAKEN,
    counter_at, kind_text, read_text, site_at,
};

/// The counts of one kind of object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KindReport {
    /// What the tables call one such object. Of a name of more than 64 bytes, the last 64.
    pub kind: String,
    /// Objects that were ever made.
    pub created: u64,
    /// Objects whose destructor has run.
    pub freed: u64,
    /// Dispose calls that came while the object was in use, and were deferred.
    pub freed_during_call: u64,
    /// Dispose calls for an object that was closed or gone already.
    pub freed_twice: u64,
    /// Uses and dispose calls on another thread than the object's own.
    pub wrong_thread: u64,
    /// Objects that were fenced off.
    pub fenced: u64,
    /// Destructors that panicked.
    pub destructor_panicked: u64,
    /// Where they were made; empty without the feature `checked`. Of more than 1024 places in all, the first 1024.
    pub sites: Vec<SiteReport>,
}

/// The counts of one place in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SiteReport {
    /// The file, as the compiler knows it. Of a name of more than 88 bytes, the last 88.
    pub file: String,
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
    /// Objects that were made there.
    pub created: u64,
    /// Those of them whose destructor has run.
    pub freed: u64,
}

impl KindReport {
    /// Made and not freed.
    #[must_use]
    pub fn alive(&self) -> u64 {
        self.created.saturating_sub(self.freed)
    }

    fn add(&mut self, words: &[AtomicU64], row: usize) {
        let count = |what| words[counter_at(row, what)].load(Ordering::Relaxed);
        // Freed first: an object that is made and freed between two loads must not seem freed and never made.
        self.freed += count(Count::Freed);
        self.created += count(Count::Created);
        self.freed_during_call += count(Count::FreedDuringCall);
        self.freed_twice += count(Count::FreedTwice);
        self.wrong_thread += count(Count::WrongThread);
        self.fenced += count(Count::Fenced);
        self.destructor_panicked += count(Count::DestructorPanicked);
        self.sites.extend(sites(words, row));
    }
}

impl SiteReport {
    /// Made and not freed.
    #[must_use]
    pub fn alive(&self) -> u64 {
        self.created.saturating_sub(self.freed)
    }
}

impl fmt::Display for SiteReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// The name of a kind, if its row is committed.
pub(crate) fn kind_name(words: &[AtomicU64], row: usize) -> Option<String> {
    kind_text(words, row)
}

/// Every kind, rows of the same name joined.
pub(crate) fn kinds(words: &[AtomicU64]) -> Vec<KindReport> {
    let mut kinds: Vec<KindReport> = Vec::new();
    for row in 0..KINDS {
        let Some(name) = kind_name(words, row) else { continue };
        let place = kinds.iter().position(|report| report.kind == name).unwrap_or_else(|| {
            kinds.push(KindReport { kind: name, ..KindReport::default() });
            kinds.len() - 1
        });
        kinds[place].add(words, row);
    }
    kinds
}

fn sites(words: &[AtomicU64], kind: usize) -> impl Iterator<Item = SiteReport> {
    let taken = usize::try_from(words[SITES_TAKEN].load(Ordering::Relaxed)).unwrap_or(SITES).min(SITES);
    (0..taken).filter_map(move |row| {
        let row = &words[site_at(row)..site_at(row) + SITE_WORDS];
        let file = read_text(&row[0], &row[SITE_NAME..])?;
        let word = |at: usize| row[at].load(Ordering::Relaxed);
        let (line, column) = halves(word(SITE_PLACE));
        let freed = word(SITE_FREED);
        let report = SiteReport { file, line, column, created: word(SITE_CREATED), freed };
        (word(SITE_KIND) == kind as u64).then_some(report)
    })
}

#[expect(clippy::cast_possible_truncation, reason = "each half is cut off on purpose")]
fn halves(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}
