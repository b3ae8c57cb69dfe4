//! The database itself: what is in the slot of a store.

use std::path::Path;
use std::sync::Arc;

use deadhand_guard::{GuardError, Handle};
use redb::backends::InMemoryBackend;
use redb::{
    Builder, Database, DatabaseError, ReadOnlyTable, ReadableDatabase, TableDefinition, TableError, TransactionError,
    WriteTransaction,
};

use super::error::StoreError;
use super::gate::{Gate, Ticket};
use super::tables::STORE;

/// All keys and values, as bytes.
pub(super) const ITEMS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("items");

pub(super) type Items = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// Bytes of pages that one database may keep in memory; redb's own default is a gigabyte.
const CACHE: usize = 16 << 20;

#[derive(Debug)]
pub(super) struct Body {
    database: Database,
    gate: Arc<Gate>,
}

impl Body {
    pub(super) fn in_memory() -> Result<Self, StoreError> {
        let database = builder().create_with_backend(InMemoryBackend::new()).map_err(StoreError::of)?;
        Ok(Self { database, gate: Arc::default() })
    }

    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let database = builder().create(path).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => StoreError::AlreadyOpen { path: path.to_owned() },
            other => StoreError::of(other),
        })?;
        Ok(Self { database, gate: Arc::default() })
    }

    /// What is stored now; `None` stands for no items at all.
    pub(super) fn snapshot(&self, own: Handle) -> Result<(Option<Items>, Ticket), StoreError> {
        let ticket = self.enter(own)?;
        let transaction = self.database.begin_read().map_err(StoreError::of)?;
        match transaction.open_table(ITEMS) {
            Ok(items) => Ok((Some(items), ticket)),
            Err(TableError::TableDoesNotExist(_)) => Ok((None, ticket)),
            Err(error) => Err(StoreError::of(error)),
        }
    }

    /// The one transaction that writes.
    pub(super) fn begin(&self, own: Handle) -> Result<(WriteTransaction, Ticket), StoreError> {
        let ticket = self.enter(own)?;
        // Never waits: a thread that did could be the one that has the other writer.
        let transaction = self.database.try_begin_write().map_err(|error| match error {
            TransactionError::WouldBlock => StoreError::HasWriter { store: own },
            other => StoreError::of(other),
        })?;
        Ok((transaction, ticket))
    }

    /// Lets no more children in, if there are none.
    pub(super) fn refuse_children(&self, own: Handle) -> Result<(), StoreError> {
        let busy = |children| GuardError::HasChildren { handle: own, kind: STORE, children };
        Ok(self.gate.close_if_empty().map_err(busy)?)
    }

    fn enter(&self, own: Handle) -> Result<Ticket, StoreError> {
        let closing = GuardError::Closed { handle: own, kind: STORE, closed_by: None, uses: 1, children: 0 };
        Ok(self.gate.enter().ok_or(closing)?)
    }
}

fn builder() -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE);
    builder
}
