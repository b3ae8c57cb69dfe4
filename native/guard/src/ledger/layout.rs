//! Where everything is: 64-bit words in native byte order.
//!
//! ```text
//! word 0      magic: the bytes "DHLEDGER"
//! word 1      format version
//! word 2      rows of kinds taken
//! word 3      rows of sites taken
//! word 8..    rows of kinds: length of the name + 1 (0: not committed), name (8 words), counters (8 words), rest zero
//! then        rows of sites: length of the file name + 1, kind, line << 32 | column, made, freed, file name (11 words)
//! ```
//!
//! A row is taken by one atomic step on its counter, and valid once its first word has been written, last.

use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};

use super::LedgerError;

const MAGIC: u64 = u64::from_ne_bytes(*b"DHLEDGER");
const VERSION: u64 = 1;
pub(crate) const KINDS_TAKEN: usize = 2;
pub(crate) const SITES_TAKEN: usize = 3;
const HEADER_WORDS: usize = 8;

/// The most kinds.
pub(crate) const KINDS: usize = 64;
pub(crate) const KIND_WORDS: usize = 24;
/// Bytes of a kind's name that are kept.
pub(crate) const KIND_NAME_BYTES: usize = 64;
const KIND_COUNTERS: usize = 1 + KIND_NAME_BYTES / 8;

/// The most places in the source.
pub(crate) const SITES: usize = 1024;
pub(crate) const SITE_WORDS: usize = 16;
pub(crate) const SITE_KIND: usize = 1;
pub(crate) const SITE_PLACE: usize = 2;
pub(crate) const SITE_CREATED: usize = 3;
pub(crate) const SITE_FREED: usize = 4;
pub(crate) const SITE_NAME: usize = 5;
/// Bytes of a file name that are kept: the last ones.
pub(crate) const SITE_NAME_BYTES: usize = (SITE_WORDS - SITE_NAME) * 8;

/// Words in all.
pub(crate) const WORDS: usize = HEADER_WORDS + KINDS * KIND_WORDS + SITES * SITE_WORDS;

/// What is counted of each kind, by its place among the counters.
#[derive(Clone, Copy, Debug)]
#[repr(usize)]
pub(crate) enum Count {
    Created,
    Freed,
    FreedDuringCall,
    FreedTwice,
    WrongThread,
    Fenced,
    DestructorPanicked,
}
const _: () = assert!(KIND_COUNTERS + (Count::DestructorPanicked as usize) < KIND_WORDS);

pub(crate) const fn kind_at(row: usize) -> usize {
    HEADER_WORDS + row * KIND_WORDS
}

pub(crate) const fn site_at(row: usize) -> usize {
    kind_at(KINDS) + row * SITE_WORDS
}

pub(crate) const fn counter_at(row: usize, what: Count) -> usize {
    kind_at(row) + KIND_COUNTERS + what as usize
}

/// Makes an empty ledger of zeroed memory.
pub(crate) fn format(words: &[AtomicU64]) {
    words[1].store(VERSION, Ordering::Relaxed);
    words[0].store(MAGIC, Ordering::Release);
}

/// Whether the memory is a ledger that this build can read.
pub(crate) fn recognize(words: &[AtomicU64], fd: i32) -> Result<(), LedgerError> {
    if words[0].load(Ordering::Acquire) != MAGIC {
        return Err(LedgerError::NotALedger { fd, reason: "its first bytes are not a ledger's" });
    }
    match words[1].load(Ordering::Relaxed) {
        VERSION => Ok(()),
        found => Err(LedgerError::Version { fd, found, expected: VERSION }),
    }
}

/// Takes the next row, if there is one.
pub(crate) fn take_row(taken: &AtomicU64, rows: usize) -> Option<usize> {
    let next = |row: u64| (row < rows as u64).then_some(row + 1);
    let row = taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()?;
    usize::try_from(row).ok()
}

/// The part of a name that is kept: its end, which of a path says most, from a whole character on.
pub(crate) fn kept_name(name: &str, bytes: usize) -> &str {
    let start = (name.len().saturating_sub(bytes)..=name.len()).find(|at| name.is_char_boundary(*at));
    &name[start.unwrap_or(name.len())..]
}

/// Fills in a row of a kind, and commits it.
pub(crate) fn write_name(row: &[AtomicU64], kept: &str) {
    write_text(&row[1..KIND_COUNTERS], kept);
    row[0].store(kept.len() as u64 + 1, Ordering::Release);
}

/// Fills in a row of a site, and commits it.
pub(crate) fn write_site(row: &[AtomicU64], kind: usize, site: &Location<'_>) {
    let kept = kept_name(site.file(), SITE_NAME_BYTES);
    row[SITE_KIND].store(kind as u64, Ordering::Relaxed);
    row[SITE_PLACE].store(u64::from(site.line()) << 32 | u64::from(site.column()), Ordering::Relaxed);
    write_text(&row[SITE_NAME..], kept);
    row[0].store(kept.len() as u64 + 1, Ordering::Release);
}

fn write_text(words: &[AtomicU64], text: &str) {
    for (word, bytes) in words.iter().zip(text.as_bytes().chunks(8)) {
        let mut padded = [0; 8];
        padded[..bytes.len()].copy_from_slice(bytes);
        word.store(u64::from_ne_bytes(padded), Ordering::Relaxed);
    }
}

/// The text of a committed row: its first word says how long it is. `None` when it is not committed.
pub(crate) fn read_text(length: &AtomicU64, words: &[AtomicU64]) -> Option<String> {
    let length = usize::try_from(length.load(Ordering::Acquire)).ok()?.checked_sub(1)?;
    let bytes = words.iter().flat_map(|word| word.load(Ordering::Relaxed).to_ne_bytes());
    let text: Vec<u8> = bytes.take(length).collect();
    Some(String::from_utf8_lossy(&text).into_owned())
}

pub(crate) fn kind_text(words: &[AtomicU64], row: usize) -> Option<String> {
    let at = kind_at(row);
    read_text(&words[at], &words[at + 1..at + KIND_COUNTERS])
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_long_name_is_kept_from_a_whole_character_on() {
        assert_eq!(kept_name("short", 64), "short");
        assert_eq!(kept_name("some/long/path.rs", 7), "path.rs");
        assert_eq!(kept_name("ää", 3), "ä");
        assert_eq!(kept_name("ä", 1), "");
    }

    #[test]
    fn rows_run_out_and_stay_out() {
        let taken = AtomicU64::new(0);
        let rows: Vec<_> = (0..4).map(|_| take_row(&taken, 2)).collect();
        assert_eq!(rows, [Some(0), Some(1), None, None]);
        assert_eq!(taken.into_inner(), 2);
    }
}
