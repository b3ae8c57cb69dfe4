//! What is there.

use super::deleter;
use super::tables::{DELETER, READER, STORE, WRITER, tables};

/// How many objects of a kind there are in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alive {
    /// What they are.
    pub kind: &'static str,
    /// Objects that are not freed, apart from those that are queued.
    pub count: u32,
    /// Objects that were disposed of and wait for their thread to free them.
    pub queued: u32,
}

/// How many there are of each kind. Frees what is queued for the calling thread first.
#[must_use]
pub fn alive() -> Vec<Alive> {
    let Ok(tables) = tables() else { return Vec::new() };
    tables.deleters.drain();
    let here = |kind, count| Alive { kind, count, queued: 0 };
    let deleters = tables.deleters.len();
    let open = deleter::open().min(deleters);
    vec![
        here(STORE, tables.stores.len()),
        here(READER, tables.readers.len()),
        here(WRITER, tables.writers.len()),
        Alive { kind: DELETER, count: open, queued: deleters - open },
    ]
}
