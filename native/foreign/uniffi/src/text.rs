//! The text as a UniFFI object.

use std::sync::Arc;

use deadhand_core::guard::Handle;
use deadhand_core::text::{TextError, Texts};

use crate::CoreError;
use crate::buffer::size;

/// A text in native memory, which never changes. Any thread may use it.
#[derive(Debug, uniffi::Object)]
pub struct Text {
    all: &'static Texts,
    handle: Handle,
}

#[uniffi::export]
impl Text {
    /// Make a text of a string.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    #[uniffi::constructor]
    pub fn of(text: &str) -> Result<Arc<Self>, CoreError> {
        Self::made(|all| all.keep(text))
    }

    /// Make a text of UTF-8; with `lossy`, of any bytes, with U+FFFD for what is not UTF-8.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    #[uniffi::constructor(default(lossy = false))]
    pub fn from_bytes(data: &[u8], lossy: bool) -> Result<Arc<Self>, CoreError> {
        Self::made(|all| if lossy { all.from_bytes_lossy(data) } else { all.from_bytes(data) })
    }

    /// The text, as a string.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn get(&self) -> Result<String, CoreError> {
        Ok(self.all.get(self.handle)?)
    }

    /// How many bytes it has in UTF-8.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn size(&self) -> Result<u64, CoreError> {
        Ok(self.all.length(self.handle)? as u64)
    }

    /// How many characters it has.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn count(&self) -> Result<u64, CoreError> {
        Ok(self.all.characters(self.handle)? as u64)
    }

    /// The text as C wants it: UTF-8 with a NUL at the end, and nowhere else.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn for_c(&self) -> Result<Vec<u8>, CoreError> {
        Ok(self.all.get_for_c(self.handle)?.into_bytes_with_nul())
    }

    /// Make a text of the bytes `start` to `end`.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn cut(&self, start: u64, end: u64) -> Result<Arc<Self>, CoreError> {
        Self::made(|all| all.cut(self.handle, size(start), size(end)))
    }

    /// Make a text of this one and the other one after it.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn join(&self, other: &Text) -> Result<Arc<Self>, CoreError> {
        Self::made(|all| all.join(self.handle, other.handle))
    }

    /// Panic in native code, for tests: the text is fenced off.
    ///
    /// # Errors
    /// Always.
    pub fn provoke_panic(&self) -> Result<(), CoreError> {
        Ok(self.all.provoke_panic(self.handle)?)
    }

    /// End it. Calls that are reading it on other threads end well.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn close(&self) -> Result<(), CoreError> {
        Ok(self.all.close(self.handle)?)
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !self.all.is_open(self.handle)
    }

    /// Its handle: a number that no other object has, or had.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.handle.to_u64()
    }
}

impl Text {
    fn made(make: impl FnOnce(&Texts) -> Result<Handle, TextError>) -> Result<Arc<Self>, CoreError> {
        let all = Texts::shared()?;
        Ok(Arc::new(Self { all, handle: make(all)? }))
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        self.all.discard(self.handle);
    }
}
