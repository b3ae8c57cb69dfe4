//! The four tables of the process.

use std::sync::{Arc, LazyLock};

use deadhand_guard::{ExclusiveTable, GuardError, SharedTable, ThreadBoundTable};

use super::{database, deleter, reader, writer};
use crate::ledger::counted;

pub(super) const STORE: &str = "store";
pub(super) const READER: &str = "reader";
pub(super) const WRITER: &str = "writer";
pub(super) const DELETER: &str = "deleter";

#[derive(Debug)]
pub(super) struct Tables {
    /// In an `Arc`, as children hold it.
    pub(super) stores: Arc<SharedTable<database::Body>>,
    pub(super) readers: ExclusiveTable<reader::Body>,
    pub(super) writers: ExclusiveTable<writer::Body>,
    pub(super) deleters: ThreadBoundTable<deleter::Body>,
}

impl Tables {
    fn new() -> Result<Self, GuardError> {
        Ok(Self {
            stores: Arc::new(SharedTable::new(counted(STORE))?),
            readers: ExclusiveTable::new(counted(READER))?,
            writers: ExclusiveTable::new(counted(WRITER))?,
            deleters: ThreadBoundTable::new(counted(DELETER))?,
        })
    }
}

/// The tables, made when first asked for.
pub(super) fn tables() -> Result<&'static Tables, GuardError> {
    static TABLES: LazyLock<Result<Tables, GuardError>> = LazyLock::new(Tables::new);
    TABLES.as_ref().map_err(Clone::clone)
}
