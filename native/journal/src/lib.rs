//! An append-only record log in shared memory that outlives the SIGKILL of its writer.
//!
//! The parent creates a [`Journal`], its (forked) children inherit the mapping or [attach](Journal::attach) to its
//! descriptor, and any thread of any of them appends records. Once [`Journal::append`] has returned, the record is
//! readable by the parent whatever becomes of the writer. Nothing is left in the file system: the memory is a memfd,
//! sealed against resizing, so that no process can turn another one's read into a SIGBUS.
//!
//! What this does *not* protect from: a writer that scribbles over the mapping can destroy records, and one that
//! forges checksums can invent them. The reader then finds damage, or a lie, but never undefined behaviour. Power
//! loss and reboots lose everything; the journal is for dead processes, not for dead machines.
//!
//! # Layout, format version 1
//!
//! 64-bit words in native byte order (the memory never leaves its machine). Offsets and cursors count bytes from the
//! start of the record area.
//!
//! ```text
//! word 0      magic: the bytes "DEADHAND"
//! word 1      byte 0: format version; bytes 1..8: zero
//! word 2      capacity: bytes in the record area, a multiple of 8
//! word 3..8   zero
//! word 8      state: epoch << 32 | tail, where tail counts the reserved words (on a cache line of its own)
//! word 9..16  zero
//! word 16..   the record area
//! ```
//!
//! A record is reserved by one atomic step on the state, and then written in this order:
//!
//! ```text
//! word 1      0: not committed
//! word 0      reservation: key << 32 | RESERVED | payload length     key mixes epoch, position and length
//! word 2..    payload, padded with zeros to a multiple of 8
//! word 1      commit: checksum << 32 | COMMITTED | payload length    CRC-32 of the payload, seeded with the key
//! ```
//!
//! The state is advanced by compare-and-exchange and not by a bare fetch-add: a record that does not fit then
//! reserves nothing, so a full journal has no hole at its end and still takes a smaller record. Epoch and tail share
//! a word, so a record can never belong to one epoch by its position and to another by its key.

mod error;
mod journal;
mod layout;
mod reader;

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
mod memory;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
#[path = "memory_unsupported.rs"]
mod memory;

pub use error::JournalError;
pub use journal::Journal;
pub use layout::{FORMAT_VERSION, MAX_CAPACITY, MAX_PAYLOAD, RECORD_OVERHEAD};
pub use reader::{Damage, Entry, Reader};
