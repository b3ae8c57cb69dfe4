//! Reading what writers left, trusting nothing.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Journal;
use crate::layout::{State, WORD, checksum, key, record_words, unseal};

/// What is found at one offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A committed record whose checksum holds.
    Record {
        /// Where it begins, in bytes.
        offset: u64,
        /// What was appended.
        payload: Vec<u8>,
    },
    /// A record that was reserved and never committed: its writer died there, or is still at it.
    Torn {
        /// Where it begins, in bytes.
        offset: u64,
    },
    /// Something that no append can have left.
    Corrupt {
        /// Where it begins, in bytes.
        offset: u64,
        /// What is wrong with it.
        reason: Damage,
    },
}

/// Why an entry is corrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// The header does not hold what a journal's header must.
    Header(&'static str),
    /// The tail is beyond the capacity.
    Tail,
    /// The cursor is beyond the tail: the journal was reset, or its tail was overwritten.
    Cursor,
    /// The reservation does not belong at this place.
    Reservation,
    /// The record reaches beyond the tail.
    Length,
    /// Reservation and commit differ in length.
    Commit,
    /// The payload is not the one that was committed.
    Checksum,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header(reason) => reason,
            Self::Tail => "the tail is beyond the capacity",
            Self::Cursor => "the cursor is beyond the tail",
            Self::Reservation => "no reservation belongs here",
            Self::Length => "the record reaches beyond the tail",
            Self::Commit => "reservation and commit differ in length",
            Self::Checksum => "the checksum does not match",
        })
    }
}

/// Iterator over the entries that were reserved when it was made.
///
/// It goes on after a torn or corrupt record whose reserved length is known, and ends at one where it is not;
/// [`Reader::cursor`] then stays there.
#[derive(Debug)]
pub struct Reader<'a> {
    journal: &'a Journal,
    state: State,
    position: u32,
    /// Damage of the header, to be reported first.
    header: Option<Damage>,
    stuck: bool,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(journal: &'a Journal, position: u32) -> Self {
        let state = journal.state();
        let header = journal.header_damage().map(Damage::Header);
        Self { journal, state, position, header, stuck: false }
    }

    /// Where to read on, in bytes.
    #[must_use]
    pub fn cursor(&self) -> u64 {
        u64::from(self.position) * WORD
    }

    /// Whether reading ended before the tail, because nothing says where the next record begins.
    #[must_use]
    pub fn is_stuck(&self) -> bool {
        self.stuck
    }

    fn stuck(&mut self, entry: Entry) -> Entry {
        self.stuck = true;
        entry
    }

    fn read_record(&mut self) -> Entry {
        let (offset, start) = (self.cursor(), self.position as usize);
        let corrupt = |reason| Entry::Corrupt { offset, reason };
        let rest = &self.journal.records()[start..self.state.tail as usize];
        let Some(reservation) = rest.first().map(|word| word.load(Ordering::Acquire)) else {
            return self.stuck(corrupt(Damage::Length));
        };
        if reservation == 0 {
            return self.stuck(Entry::Torn { offset });
        }
        let Some((found, length)) = unseal(reservation) else {
            return self.stuck(corrupt(Damage::Reservation));
        };
        let key = key(self.state.epoch, self.position, length);
        if found != key {
            return self.stuck(corrupt(Damage::Reservation));
        }
        let words = record_words(length);
        let Some([_, commit, body @ ..]) = rest.get(..words as usize) else {
            return self.stuck(corrupt(Damage::Length));
        };
        // From here on the length is known to be the reserved one, and the next record can be found.
        self.position += words;
        match commit.load(Ordering::Acquire) {
            0 => Entry::Torn { offset },
            word => match unseal(word) {
                Some((sum, committed)) if committed == length => {
                    let payload = load_bytes(body, length as usize);
                    if checksum(key, &payload) == sum {
                        Entry::Record { offset, payload }
                    } else {
                        corrupt(Damage::Checksum)
                    }
                }
                _ => corrupt(Damage::Commit),
            },
        }
    }
}

impl Iterator for Reader<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if self.stuck {
            return None;
        }
        let offset = self.cursor();
        if let Some(reason) = self.header.take() {
            return Some(Entry::Corrupt { offset, reason });
        }
        if u64::from(self.state.tail) * WORD > self.journal.capacity() {
            return Some(self.stuck(Entry::Corrupt { offset, reason: Damage::Tail }));
        }
        match self.position.cmp(&self.state.tail) {
            std::cmp::Ordering::Less => Some(self.read_record()),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(self.stuck(Entry::Corrupt { offset, reason: Damage::Cursor })),
        }
    }
}

impl std::iter::FusedIterator for Reader<'_> {}

fn load_bytes(words: &[AtomicU64], length: usize) -> Vec<u8> {
    // One pass: other processes may still be writing, so what is checked must be the copy.
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.load(Ordering::Relaxed).to_ne_bytes()).collect();
    bytes.truncate(length);
    bytes
}
