//! The registration as a UniFFI object.

use deadhand_core::guard::Handle;

use crate::CoreError;
use crate::event::{again_is_nothing, callbacks};

/// A callback of an event, until it is closed, dropped, or its event ends.
#[derive(Debug, uniffi::Object)]
pub struct Registration(Handle);

#[uniffi::export]
impl Registration {
    /// Take the callback off its event and let go of it: now, or when the calls of it that are under way are over.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn close(&self) -> Result<(), CoreError> {
        again_is_nothing(callbacks()?.unregister(self.0))
    }

    /// The same as `close`.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn unregister(&self) -> Result<(), CoreError> {
        self.close()
    }

    /// Whether it is unregistered, or its event has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !callbacks().is_ok_and(|callbacks| callbacks.is_registered(self.0))
    }

    /// Its handle: a number that no other object has, or had.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.to_u64()
    }
}

impl Registration {
    pub(crate) fn of(native: Handle) -> Self {
        Self(native)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        drop(self.close());
    }
}
