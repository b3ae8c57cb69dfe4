//! The writer as a UniFFI object.

use std::sync::Arc;

use deadhand_core::store::Writer as Native;

use crate::{CoreError, Deleter};

/// The one transaction of a store that writes. One thread at a time may use it; what is not committed is undone.
#[derive(Debug, uniffi::Object)]
pub struct Writer(Native);

#[uniffi::export]
impl Writer {
    /// Store `value` under `key`.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn put(&self, key: &[u8], value: &[u8]) -> Result<(), CoreError> {
        Ok(self.0.put(key, value)?)
    }

    /// The value of `key` as this transaction sees it.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, CoreError> {
        Ok(self.0.get(key)?)
    }

    /// Remove `key`, and say whether it was there.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn remove(&self, key: &[u8]) -> Result<bool, CoreError> {
        Ok(self.0.remove(key)?)
    }

    /// Make a cursor of this thread that deletes the keys that begin with `prefix`.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn deleter(&self, prefix: &[u8]) -> Result<Arc<Deleter>, CoreError> {
        Ok(Arc::new(Deleter::of(self.0.deleter(prefix)?)))
    }

    /// Make the changes last and end the writer, also if this fails.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn commit(&self) -> Result<(), CoreError> {
        Ok(self.0.commit()?)
    }

    /// Undo the changes and end the writer; if another thread is in a call, when that ends.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn abort(&self) -> Result<(), CoreError> {
        Ok(self.0.abort()?)
    }

    /// The same as `abort`.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn close(&self) -> Result<(), CoreError> {
        self.abort()
    }

    /// Whether it has ended.
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

impl Writer {
    pub(crate) fn of(native: Native) -> Self {
        Self(native)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.discard();
    }
}
