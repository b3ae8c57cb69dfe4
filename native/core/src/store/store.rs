//! The store as its users see it.

use std::path::Path;

use deadhand_guard::{GuardError, Handle};

use super::database::Body;
use super::error::{StoreError, answer, closed_by_now};
use super::tables::{STORE, tables};
use super::{Reader, Writer, reader, writer};
use crate::provoked::provoked;

/// A handle of a database, for any number of threads at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Store(Handle);

impl Store {
    /// A new, empty database in memory.
    ///
    /// # Errors
    /// [`StoreError::Guard`] when no handle is left.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::admit(Body::in_memory)
    }

    /// The database in the file, which is made if it is not there.
    ///
    /// # Errors
    /// [`StoreError::AlreadyOpen`], [`StoreError::Io`]; [`StoreError::Database`] if the file is something else.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::admit(|| Body::open(path))
    }

    /// A snapshot of what is committed now.
    ///
    /// # Errors
    /// Everything that is wrong with the handle.
    pub fn read(self) -> Result<Reader, StoreError> {
        let tables = tables()?;
        let place = tables.readers.reserve()?.under(tables.stores.hold(self.0)?);
        let made = tables.stores.call(self.0, |body| body.snapshot(self.0));
        let (items, ticket) = answer(STORE, self.0, made)?;
        Ok(Reader::of(place.commit(reader::Body::new(items, ticket))))
    }

    /// The store's one writer.
    ///
    /// # Errors
    /// [`StoreError::HasWriter`]; everything that is wrong with the handle.
    pub fn write(self) -> Result<Writer, StoreError> {
        let tables = tables()?;
        let place = tables.writers.reserve()?.under(tables.stores.hold(self.0)?);
        let made = tables.stores.call(self.0, |body| body.begin(self.0));
        let (transaction, ticket) = answer(STORE, self.0, made)?;
        Ok(Writer::of(place.commit(writer::Body::new(transaction, ticket))))
    }

    /// Closes the store: nothing new can be made of it. Readers and writers that are there go on, and keep the database
    /// open until they are closed. Closing it again does nothing.
    ///
    /// # Errors
    /// [`GuardError::DestructorPanicked`], after which it is closed all the same.
    pub fn close(self) -> Result<(), StoreError> {
        closed_by_now(tables()?.stores.dispose(self.0))
    }

    /// As [`close`](Self::close), but refuses while there are readers or a writer. A store that is fenced off does not
    /// refuse.
    ///
    /// # Errors
    /// [`GuardError::HasChildren`], after which the store is as it was.
    pub fn close_or_refuse(self) -> Result<(), StoreError> {
        let stores = &tables()?.stores;
        match answer(STORE, self.0, stores.call(self.0, |body| body.refuse_children(self.0))) {
            // A fenced store is not asked any more: nobody knows what it would say.
            Ok(()) | Err(StoreError::Guard(GuardError::Fenced { .. })) => self.close(),
            Err(StoreError::Guard(error)) => closed_by_now::<()>(Err(error)),
            Err(error) => Err(error),
        }
    }

    /// Panics inside the call. For tests: the answer is [`StoreError::Panicked`], and the store is fenced off.
    ///
    /// # Errors
    /// Always.
    ///
    /// # Panics
    /// Never out of this call.
    pub fn provoke_panic(self) -> Result<(), StoreError> {
        answer(STORE, self.0, tables()?.stores.call(self.0, |_| provoked()))
    }

    /// Whether it is there and not closed. Another thread may close it before this returns.
    #[must_use]
    pub fn is_open(self) -> bool {
        tables().is_ok_and(|tables| matches!(tables.stores.check(self.0), Ok(()) | Err(GuardError::Fenced { .. })))
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

    /// The store with that handle, if it is one; the next call tells.
    #[must_use]
    pub fn of(handle: Handle) -> Self {
        Self(handle)
    }

    fn admit(make: impl FnOnce() -> Result<Body, StoreError>) -> Result<Self, StoreError> {
        let place = tables()?.stores.reserve()?;
        let handle = place.handle();
        // No object to fence off yet: the reservation is cancelled.
        let body = deadhand_guard::fence(make);
        let body =
            body.map_err(|panicked| StoreError::Panicked { handle, kind: STORE, panicked: Box::new(panicked) })??;
        Ok(Self(place.commit(body)))
    }
}
