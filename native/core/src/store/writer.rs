//! The one transaction of a store that writes.

use std::ops::Bound;

use deadhand_guard::{GuardError, Handle};
use redb::{ReadableTable, Table, WriteTransaction};

use super::Deleter;
use super::database::ITEMS;
use super::error::{StoreError, answer, closed_by_now};
use super::gate::Ticket;
use super::tables::{WRITER, tables};
use crate::provoked::provoked;

/// A handle of a transaction, for one thread at a time. A second one gets [`GuardError::Busy`].
///
/// What is neither committed nor aborted is aborted when it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Writer(Handle);

#[derive(Debug)]
pub(super) struct Body {
    own: Option<Work>,
}

struct Work {
    /// Dropped before the ticket: the database's own claim ends first.
    transaction: WriteTransaction,
    _ticket: Ticket,
}

impl Writer {
    /// Stores the value under the key, in place of the one that is there.
    ///
    /// # Errors
    /// Everything that is wrong with the handle; [`StoreError::Io`] and [`StoreError::Database`].
    pub fn put(self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.items(|items| items.insert(key, value).map(drop))
    }

    /// The value of the key, as this transaction sees it.
    ///
    /// # Errors
    /// As for [`put`](Self::put).
    pub fn get(self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.items(|items| Ok(items.get(key)?.map(|value| value.value().to_vec())))
    }

    /// Removes the key, and says whether it was there.
    ///
    /// # Errors
    /// As for [`put`](Self::put).
    pub fn remove(self, key: &[u8]) -> Result<bool, StoreError> {
        self.items(|items| Ok(items.remove(key)?.is_some()))
    }

    /// A cursor of this thread that deletes the keys with that prefix, one at a step.
    ///
    /// # Errors
    /// Everything that is wrong with the handle.
    pub fn deleter(self, prefix: &[u8]) -> Result<Deleter, StoreError> {
        self.call(|_| Ok(()))?;
        Deleter::new(self, prefix.to_vec())
    }

    /// Makes the changes last, and ends the writer: also when this fails.
    ///
    /// # Errors
    /// Everything that is wrong with the handle; [`StoreError::Io`] and [`StoreError::Database`], and nothing is
    /// changed then.
    pub fn commit(self) -> Result<(), StoreError> {
        let tables = tables()?;
        let done = tables.writers.call(self.0, |body| {
            // The ticket outlives the commit: a close that refuses must not come between.
            let Work { transaction, _ticket } = body.own.take().ok_or_else(|| self.over())?;
            transaction.commit().map_err(StoreError::of)
        });
        let committed = answer(WRITER, self.0, done);
        match &committed {
            // Refused or fenced off: it is not ours to end.
            Err(StoreError::Guard(_) | StoreError::Panicked { .. }) => committed,
            _ => committed.and(closed_by_now(tables.writers.dispose(self.0))),
        }
    }

    /// Undoes the changes and ends the writer; if a call is at work on another thread, when that ends. Ending it again
    /// does nothing.
    ///
    /// # Errors
    /// [`GuardError::DestructorPanicked`], after which it is gone all the same.
    pub fn abort(self) -> Result<(), StoreError> {
        closed_by_now(tables()?.writers.dispose(self.0))
    }

    /// Panics inside the call. For tests: the answer is [`StoreError::Panicked`], and the writer is fenced off.
    ///
    /// # Errors
    /// Always.
    ///
    /// # Panics
    /// Never out of this call.
    pub fn provoke_panic(self) -> Result<(), StoreError> {
        self.call(|_| provoked())
    }

    /// Whether it is there and not ended. Another thread may end it before this returns.
    #[must_use]
    pub fn is_open(self) -> bool {
        tables().is_ok_and(|tables| matches!(tables.writers.check(self.0), Ok(()) | Err(GuardError::Fenced { .. })))
    }

    /// For finalizers: [aborts](Self::abort) it on any thread, and never fails.
    pub fn discard(self) {
        drop(self.abort());
    }

    /// The handle itself.
    #[must_use]
    pub fn handle(self) -> Handle {
        self.0
    }

    /// The writer with that handle, if it is one; the next call tells.
    #[must_use]
    pub fn of(handle: Handle) -> Self {
        Self(handle)
    }

    /// Removes the first key that begins with the prefix and comes after the last one.
    pub(super) fn remove_next(self, prefix: &[u8], last: Option<&[u8]>) -> Result<Option<Vec<u8>>, StoreError> {
        self.items(|items| {
            let from = last.map_or(Bound::Included(prefix), Bound::Excluded);
            let key = match items.range::<&[u8]>((from, Bound::Unbounded))?.next() {
                Some(item) => item?.0.value().to_vec(),
                None => return Ok(None),
            };
            if !key.starts_with(prefix) {
                return Ok(None);
            }
            items.remove(key.as_slice())?;
            Ok(Some(key))
        })
    }

    fn items<R>(
        self,
        call: impl FnOnce(&mut Table<'_, &'static [u8], &'static [u8]>) -> Result<R, redb::StorageError>,
    ) -> Result<R, StoreError> {
        self.call(|work| {
            let mut items = work.transaction.open_table(ITEMS).map_err(StoreError::of)?;
            call(&mut items).map_err(StoreError::of)
        })
    }

    fn call<R>(self, call: impl FnOnce(&Work) -> Result<R, StoreError>) -> Result<R, StoreError> {
        let done = tables()?.writers.call(self.0, |body| call(body.own.as_ref().ok_or_else(|| self.over())?));
        answer(WRITER, self.0, done)
    }

    /// The error between the end of the transaction and that of its handle.
    fn over(self) -> GuardError {
        GuardError::Closed { handle: self.0, kind: WRITER, closed_by: None, uses: 1, children: 0 }
    }
}

impl Body {
    pub(super) fn new(transaction: WriteTransaction, ticket: Ticket) -> Self {
        Self { own: Some(Work { transaction, _ticket: ticket }) }
    }
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Work")
    }
}
