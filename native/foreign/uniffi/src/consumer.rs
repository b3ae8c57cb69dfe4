//! The consumer of a channel as a UniFFI object.

use std::sync::Arc;

use deadhand_core::guard::Handle;

use crate::channel::{again_is_nothing, channels, duration};
use crate::{CoreError, Counts, Item};

/// The end of a channel that receives. Any number of threads may use it at once; each item goes to one of them.
#[derive(Debug, uniffi::Object)]
pub struct Consumer(Handle);

#[uniffi::export]
impl Consumer {
    /// Receive the oldest item now, or fail.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn try_receive_item(&self) -> Result<Arc<dyn Item>, CoreError> {
        Ok(channels()?.try_receive(self.0)?)
    }

    /// Receive an item when there is one, for at most `timeout` seconds; without, wait without end.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    #[uniffi::method(default(timeout = None))]
    pub fn receive_item(&self, timeout: Option<f64>) -> Result<Arc<dyn Item>, CoreError> {
        let timeout = duration(timeout)?;
        Ok(channels()?.receive_timeout(self.0, timeout)?)
    }

    /// Make another consumer of the same channel.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn another(&self) -> Result<Arc<Self>, CoreError> {
        Ok(Arc::new(Self(channels()?.another_consumer(self.0)?)))
    }

    /// What the channel has done so far.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn figures(&self) -> Result<Counts, CoreError> {
        Ok(channels()?.consumer_counts(self.0)?.into())
    }

    /// Close it and wake who waits. The last consumer of a channel returns the items that are left.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn close_end(&self) -> Result<Vec<Arc<dyn Item>>, CoreError> {
        again_is_nothing(channels()?.close_consumer(self.0))
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !channels().is_ok_and(|channels| channels.consumer_is_open(self.0))
    }

    /// Its handle: a number that no other object has, or had.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.to_u64()
    }
}

#[uniffi::export(async_runtime = "tokio")]
impl Consumer {
    /// Receive an item as soon as there is one.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub async fn receive_async(&self) -> Result<Arc<dyn Item>, CoreError> {
        Ok(channels()?.receive(self.0).await?)
    }
}

impl Consumer {
    pub(crate) fn of(native: Handle) -> Self {
        Self(native)
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        // The items stay for `Producer::reclaim_items`.
        if let Ok(channels) = channels() {
            drop(channels.abandon_consumer(self.0));
        }
    }
}
