//! The deleter as a UniFFI object.

use deadhand_core::store::Deleter as Native;

use crate::CoreError;

/// A cursor that deletes keys as it goes. Only the thread that made it may use or close it; it ends with that thread.
#[derive(Debug, uniffi::Object)]
pub struct Deleter(Native);

#[uniffi::export]
impl Deleter {
    /// Delete the next key and return it; none after the last one.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn step(&self) -> Result<Option<Vec<u8>>, CoreError> {
        Ok(self.0.step()?)
    }

    /// End the cursor, not the writer.
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

impl Deleter {
    pub(crate) fn of(native: Native) -> Self {
        Self(native)
    }
}

impl Drop for Deleter {
    fn drop(&mut self) {
        self.0.discard();
    }
}
