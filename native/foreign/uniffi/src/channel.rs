//! Channels of host objects.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use deadhand_core::channel::{ChannelError, Channels, Counts as Native, SendError};
use deadhand_core::guard::{CallError, GuardError};
use deadhand_core::ledger::ledger;

use crate::buffer::size;
use crate::{Consumer, CoreError, Item, Producer};

/// The two ends of a channel.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Ends {
    /// Sends.
    pub producer: Arc<Producer>,
    /// Receives.
    pub consumer: Arc<Consumer>,
}

/// What a channel has done so far. `sent` is always `received + returned + in_flight`.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
#[expect(missing_docs, reason = "as in the core")]
pub struct Counts {
    pub capacity: u64,
    pub producers: u64,
    pub consumers: u64,
    pub sent: u64,
    pub received: u64,
    pub returned: u64,
    pub in_flight: u64,
}

/// Make a channel in which `capacity` items can wait.
///
/// # Errors
/// See [`Store::in_memory`](crate::Store::in_memory).
#[uniffi::export]
pub fn channel(capacity: u64) -> Result<Ends, CoreError> {
    let (producer, consumer) = channels()?.channel(size(capacity))?;
    Ok(Ends { producer: Arc::new(Producer::of(producer)), consumer: Arc::new(Consumer::of(consumer)) })
}

/// All channels of the process, made when first asked for.
pub(crate) fn channels() -> Result<&'static Channels<Arc<dyn Item>>, GuardError> {
    static CHANNELS: LazyLock<Result<Channels<Arc<dyn Item>>, GuardError>> = LazyLock::new(|| Channels::new(ledger()));
    CHANNELS.as_ref().map_err(Clone::clone)
}

/// How long to wait, without end if there is none.
pub(crate) fn duration(timeout: Option<f64>) -> Result<Option<Duration>, CoreError> {
    timeout.map(Duration::try_from_secs_f64).transpose().map_err(|_| CoreError::OutOfRange {
        text: "timeout is out of range: pass seconds, 0 or more, or None to wait without end".to_owned(),
    })
}

/// Closing what is closed does nothing.
pub(crate) fn again_is_nothing(
    closed: Result<Vec<Arc<dyn Item>>, ChannelError>,
) -> Result<Vec<Arc<dyn Item>>, CoreError> {
    match closed {
        Err(ChannelError::Call(CallError::Guard(GuardError::Stale { .. } | GuardError::Closed { .. }))) => {
            Ok(Vec::new())
        }
        other => Ok(other?),
    }
}

impl From<SendError<Arc<dyn Item>>> for CoreError {
    /// The item is the host's already, so that only the reason is left to be said.
    fn from(error: SendError<Arc<dyn Item>>) -> Self {
        error.reason.into()
    }
}

impl From<Native> for Counts {
    fn from(counts: Native) -> Self {
        Self {
            capacity: counts.capacity as u64,
            producers: counts.producers as u64,
            consumers: counts.consumers as u64,
            sent: counts.sent,
            received: counts.received,
            returned: counts.returned,
            in_flight: counts.in_flight as u64,
        }
    }
}
