//! A snapshot, and a place in it.

use std::ops::Bound;

use deadhand_guard::{GuardError, Handle};
use redb::ReadableTableMetadata;

use super::database::Items;
use super::error::{StoreError, answer, closed_by_now};
use super::gate::Ticket;
use super::tables::{READER, tables};
use crate::provoked::provoked;

/// A handle of a snapshot, for one thread at a time. A second one gets [`GuardError::Busy`].
///
/// What it shows never changes, whatever is written, and also after its store is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reader(Handle);

/// A key and its value.
pub type Item = (Vec<u8>, Vec<u8>);

#[derive(Debug)]
pub(super) struct Body {
    /// Dropped before the ticket: the database's own claim ends first.
    items: Option<Items>,
    position: Option<Vec<u8>>,
    _ticket: Ticket,
}

impl Reader {
    /// The value of the key.
    ///
    /// # Errors
    /// Everything that is wrong with the handle; [`StoreError::Io`] and [`StoreError::Database`].
    pub fn get(self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.call(|body| body.get(key))
    }

    /// The next item in the order of keys; `None` after the last one.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    pub fn next(self) -> Result<Option<Item>, StoreError> {
        self.call(Body::next)
    }

    /// Goes back to before the first item.
    ///
    /// # Errors
    /// Everything that is wrong with the handle.
    pub fn rewind(self) -> Result<(), StoreError> {
        self.call(|body| {
            body.position = None;
            Ok(())
        })
    }

    /// How many items there are.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    pub fn count(self) -> Result<u64, StoreError> {
        self.call(|body| match &body.items {
            Some(items) => items.len().map_err(StoreError::of),
            None => Ok(0),
        })
    }

    /// Gives the snapshot up; if a call is at work on another thread, when that ends. Closing it again does nothing.
    ///
    /// # Errors
    /// [`GuardError::DestructorPanicked`], after which it is gone all the same.
    pub fn close(self) -> Result<(), StoreError> {
        closed_by_now(tables()?.readers.dispose(self.0))
    }

    /// Panics inside the call. For tests: the answer is [`StoreError::Panicked`], and the reader is fenced off.
    ///
    /// # Errors
    /// Always.
    ///
    /// # Panics
    /// Never out of this call.
    pub fn provoke_panic(self) -> Result<(), StoreError> {
        self.call(|_| provoked())
    }

    /// Whether it is there and not closed. Another thread may close it before this returns.
    #[must_use]
    pub fn is_open(self) -> bool {
        tables().is_ok_and(|tables| matches!(tables.readers.check(self.0), Ok(()) | Err(GuardError::Fenced { .. })))
    }

    /// For finalizers: [closes](Self::close) it on any thread, and never fails.
    pub fn discard(self) {
        drop(self.close());
    }

    /// The handle itself.
    #[must_use]
    pub fn handle(self) -> Handle {
        self.0
    }

    /// The reader with that handle, if it is one; the next call tells.
    #[must_use]
    pub fn of(handle: Handle) -> Self {
        Self(handle)
    }

    fn call<R>(self, call: impl FnOnce(&mut Body) -> Result<R, StoreError>) -> Result<R, StoreError> {
        answer(READER, self.0, tables()?.readers.call(self.0, call))
    }
}

impl Body {
    pub(super) fn new(items: Option<Items>, ticket: Ticket) -> Self {
        Self { items, position: None, _ticket: ticket }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(items) = &self.items else { return Ok(None) };
        let value = items.get(key).map_err(StoreError::of)?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    fn next(&mut self) -> Result<Option<Item>, StoreError> {
        let Some(items) = &self.items else { return Ok(None) };
        let after = self.position.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = items.range::<&[u8]>((after, Bound::Unbounded)).map_err(StoreError::of)?;
        let Some(item) = rest.next() else { return Ok(None) };
        let (key, value) = item.map_err(StoreError::of)?;
        let (key, value) = (key.value().to_vec(), value.value().to_vec());
        self.position = Some(key.clone());
        Ok(Some((key, value)))
    }
}
