//! What can go wrong with a channel.

use std::fmt;

use deadhand_guard::{CallError, GuardError, Handle};

/// One of the two sides of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Sends.
    Producer,
    /// Receives.
    Consumer,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        })
    }
}

/// Why nothing was sent or received.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// The handle was refused, or the call panicked.
    #[error(transparent)]
    Call(#[from] CallError),
    /// As many items wait as can.
    #[error("the channel is full: all {capacity} places are taken; receive first, wait, or drop the item")]
    Full {
        /// How many items can wait.
        capacity: usize,
    },
    /// No item waits.
    #[error("the channel is empty: send first, or wait")]
    Empty,
    /// Nothing changed in time.
    #[error("the channel was still {} after the time that was given: wait longer", if *.full { "full" } else { "empty" })]
    TimedOut {
        /// Whether it was full, and not empty.
        full: bool,
    },
    /// The last one on the other side is closed, and for a consumer all items are received.
    #[error("the channel is closed: its last {by} is gone; make a new one")]
    Closed {
        /// Who is gone.
        by: Side,
    },
    /// The end itself was closed during the call, by another thread or a finalizer.
    #[error("{side} {end} was closed while it was in use: close it when nobody waits")]
    EndClosed {
        /// Which side it was on.
        side: Side,
        /// The end.
        end: Handle,
    },
    /// A channel must have room for something.
    #[error("a channel cannot have {capacity} places: ask for 1 to {limit}")]
    BadCapacity {
        /// What was asked for.
        capacity: usize,
        /// The most.
        limit: usize,
    },
}

impl From<GuardError> for ChannelError {
    fn from(error: GuardError) -> Self {
        Self::Call(error.into())
    }
}

/// An item that was not sent comes back.
#[derive(Debug)]
pub struct SendError<T> {
    /// The item. `None` only if a panic struck after the channel had taken it: it will be received.
    pub item: Option<T>,
    /// Why.
    pub reason: ChannelError,
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl<T: fmt::Debug> std::error::Error for SendError<T> {}
