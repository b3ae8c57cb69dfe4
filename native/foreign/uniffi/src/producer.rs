//! The producer of a channel as a UniFFI object.

use std::sync::Arc;

use deadhand_core::guard::Handle;

use crate::channel::{again_is_nothing, channels, duration};
use crate::{CoreError, Counts, Item};

/// The end of a channel that sends. Any number of threads may use it at once.
#[derive(Debug, uniffi::Object)]
pub struct Producer(Handle);

#[uniffi::export]
impl Producer {
    /// Send `item` now, or not at all.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn try_send_item(&self, item: Arc<dyn Item>) -> Result<(), CoreError> {
        Ok(channels()?.try_send(self.0, item)?)
    }

    /// Send `item` when there is room, for at most `timeout` seconds; without, wait without end.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    #[uniffi::method(default(timeout = None))]
    pub fn send_item(&self, item: Arc<dyn Item>, timeout: Option<f64>) -> Result<(), CoreError> {
        let timeout = duration(timeout)?;
        Ok(channels()?.send_timeout(self.0, item, timeout)?)
    }

    /// Make another producer of the same channel.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn another(&self) -> Result<Arc<Self>, CoreError> {
        Ok(Arc::new(Self(channels()?.another_producer(self.0)?)))
    }

    /// The items that a last consumer left behind when it was dropped.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn reclaim_items(&self) -> Result<Vec<Arc<dyn Item>>, CoreError> {
        Ok(channels()?.reclaim(self.0)?)
    }

    /// What the channel has done so far.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn figures(&self) -> Result<Counts, CoreError> {
        Ok(channels()?.producer_counts(self.0)?.into())
    }

    /// Close it and wake who waits. The last end of a channel returns the items that are left.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn close_end(&self) -> Result<Vec<Arc<dyn Item>>, CoreError> {
        again_is_nothing(channels()?.close_producer(self.0))
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !channels().is_ok_and(|channels| channels.producer_is_open(self.0))
    }

    /// Its handle: a number that no other object has, or had.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.to_u64()
    }
}

#[uniffi::export(async_runtime = "tokio")]
impl Producer {
    /// Send `item` as soon as there is room.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub async fn send_async(&self, item: Arc<dyn Item>) -> Result<(), CoreError> {
        Ok(channels()?.send(self.0, item).await?)
    }
}

impl Producer {
    pub(crate) fn of(native: Handle) -> Self {
        Self(native)
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        drop(self.close_end());
    }
}
