//! The reader as a UniFFI object.

use deadhand_core::store::Reader as Native;

use crate::CoreError;

/// A snapshot of a store, and a place in it. One thread at a time may use it.
#[derive(Debug, uniffi::Object)]
pub struct Reader(Native);

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Pair {
    /// The key.
    pub key: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
}

#[uniffi::export]
impl Reader {
    /// The value of `key`.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, CoreError> {
        Ok(self.0.get(key)?)
    }

    /// How many items there are.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn count(&self) -> Result<u64, CoreError> {
        Ok(self.0.count()?)
    }

    /// The next item; none after the last one.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn next(&self) -> Result<Option<Pair>, CoreError> {
        Ok(self.0.next()?.map(|(key, value)| Pair { key, value }))
    }

    /// Go back to before the first item.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn rewind(&self) -> Result<(), CoreError> {
        Ok(self.0.rewind()?)
    }

    /// Give the snapshot up; if another thread is in a call, when that ends.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn close(&self) -> Result<(), CoreError> {
        Ok(self.0.close()?)
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

impl Reader {
    pub(crate) fn of(native: Native) -> Self {
        Self(native)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.discard();
    }
}
