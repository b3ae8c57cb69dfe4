//! What can go wrong, by cause; every message says what to do about it.

use std::io;

/// Why a journal could not be made, opened or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The record does not fit any more; nothing was written.
    #[error(
        "the journal is full: the record needs {needed} bytes and {remaining} remain; \
         reset the journal or create it with a larger capacity"
    )]
    Full {
        /// Bytes the record would take, its overhead included.
        needed: u64,
        /// Bytes that are left.
        remaining: u64,
    },
    /// No journal can hold so long a payload.
    #[error("a payload of {length} bytes is too long: split it into records of at most {max} bytes")]
    TooLong {
        /// Bytes in the payload.
        length: u64,
        /// The longest payload, in bytes.
        max: u64,
    },
    /// The capacity asked for is out of range.
    #[error("a journal of {asked} bytes cannot be made: ask for a capacity from {min} to {max} bytes")]
    Capacity {
        /// Bytes asked for.
        asked: u64,
        /// Smallest capacity in bytes.
        min: u64,
        /// Largest capacity in bytes.
        max: u64,
    },
    /// The cursor cannot have come from a read of this journal.
    #[error(
        "{cursor} is not a cursor of this journal of {capacity} bytes: pass 0 or what the last read returned \
         (a multiple of 8)"
    )]
    Cursor {
        /// The cursor that was given.
        cursor: u64,
        /// Bytes in the record area.
        capacity: u64,
    },
    /// The descriptor is open, or not, but leads to no journal.
    #[error("file descriptor {fd} is not a journal ({reason}): pass the fileno of one, inherited by this process")]
    NotAJournal {
        /// The descriptor that was given.
        fd: i32,
        /// What was found instead.
        reason: &'static str,
    },
    /// The journal was written by another version of this crate.
    #[error(
        "file descriptor {fd} is a journal of format {found}, this build reads format {expected}: \
         run both processes with the same build"
    )]
    Version {
        /// The descriptor that was given.
        fd: i32,
        /// Format found.
        found: u8,
        /// Format understood.
        expected: u8,
    },
    /// The header was overwritten by something that is no journal.
    #[error("the header of the journal was overwritten ({reason}): read what is left, then reset it")]
    Corrupt {
        /// What no longer holds.
        reason: &'static str,
    },
    /// This platform has no sealed anonymous memory.
    #[error("journals need memfd and file seals, which this platform lacks: run on Linux")]
    Unsupported,
    /// The operating system refused.
    #[error("cannot {action}: {source}")]
    Os {
        /// What was attempted.
        action: &'static str,
        /// The refusal.
        source: io::Error,
    },
}
