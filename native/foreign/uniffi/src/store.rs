//! The store as a UniFFI object.

use std::path::Path;
use std::sync::Arc;

use deadhand_core::store::Store as Native;

use crate::{CoreError, Reader, Writer};

/// An embedded database: keys and values are bytes. Any number of threads may use it at once.
#[derive(Debug, uniffi::Object)]
pub struct Store(Native);

#[uniffi::export]
impl Store {
    /// Make an empty database in memory.
    ///
    /// # Errors
    /// As the core says; so for all methods of this crate.
    #[uniffi::constructor]
    pub fn in_memory() -> Result<Arc<Self>, CoreError> {
        Ok(Arc::new(Self(Native::in_memory()?)))
    }

    /// Open the database in the file `path`, which is made if it is not there.
    ///
    /// # Errors
    /// See [`Store::in_memory`].
    #[uniffi::constructor]
    pub fn open(path: &str) -> Result<Arc<Self>, CoreError> {
        Ok(Arc::new(Self(Native::open(Path::new(path))?)))
    }

    /// Take a snapshot of what is committed now.
    ///
    /// # Errors
    /// See [`Store::in_memory`].
    pub fn read(&self) -> Result<Arc<Reader>, CoreError> {
        Ok(Arc::new(Reader::of(self.0.read()?)))
    }

    /// Begin the one transaction that writes; never waits for another one.
    ///
    /// # Errors
    /// See [`Store::in_memory`].
    pub fn write(&self) -> Result<Arc<Writer>, CoreError> {
        Ok(Arc::new(Writer::of(self.0.write()?)))
    }

    /// Close it: nothing new is made of it; readers and writers go on. With `refuse`, fail then instead.
    ///
    /// # Errors
    /// See [`Store::in_memory`].
    #[uniffi::method(default(refuse = false))]
    pub fn close(&self, refuse: bool) -> Result<(), CoreError> {
        Ok(if refuse { self.0.close_or_refuse() } else { self.0.close() }?)
    }

    /// Panic in native code, for tests: the store is fenced off.
    ///
    /// # Errors
    /// Always.
    pub fn provoke_panic(&self) -> Result<(), CoreError> {
        Ok(self.0.provoke_panic()?)
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !self.0.is_open()
    }

    /// Its handle: a number that no other object has, or had.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.handle().to_u64()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.0.discard();
    }
}
