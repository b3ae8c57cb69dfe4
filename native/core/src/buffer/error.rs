//! What can go wrong with memory that is shared with the host.

use deadhand_guard::{CallError, GuardError, Handle};

/// Why a call on a buffer, slice, span or pool gave no answer. All lengths and offsets are in bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BufferError {
    /// The handle was refused, or the call panicked.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The bytes asked for are not all there.
    #[error("bytes {offset}..{} are outside of the {available} bytes there are: ask for less", .offset.saturating_add(*.length))]
    OutOfRange {
        /// The first byte asked for.
        offset: usize,
        /// How many were asked for.
        length: usize,
        /// How many there are.
        available: usize,
    },
    /// More than a buffer can have.
    #[error("a buffer of {length} bytes is too long: {limit} is the most")]
    TooLong {
        /// Bytes asked for.
        length: usize,
        /// The most.
        limit: usize,
    },
    /// The memory must stay where it is.
    #[error("buffer {buffer} cannot be resized: {spans} spans point into it; release them first")]
    SpansOut {
        /// The buffer.
        buffer: Handle,
        /// Spans that are out.
        spans: u32,
    },
    /// The host looks at the bytes, so that nobody may change them.
    #[error("buffer {buffer} cannot be written: {views} read-only views of it are out; release them first")]
    ViewsOut {
        /// The buffer.
        buffer: Handle,
        /// Read-only views that are out.
        views: usize,
    },
    /// The host may be writing to the bytes, so that nobody else may look at them.
    #[error("buffer {buffer} cannot be read or written: a writable view of it is out; release it first")]
    WritableViewOut {
        /// The buffer.
        buffer: Handle,
    },
    /// The slice was revoked.
    #[error("slice {slice} was revoked: make a new one")]
    Revoked {
        /// The slice.
        slice: Handle,
    },
    /// The buffer was resized since the slice was made.
    #[error("slice {slice} is of epoch {of}, its buffer is at {now} since it was resized: make a new one")]
    Outdated {
        /// The slice.
        slice: Handle,
        /// The buffer's epoch when the slice was made.
        of: u64,
        /// The buffer's epoch now.
        now: u64,
    },
    /// The buffer of the slice cannot be used any more.
    #[error("slice {slice} has lost its buffer: {reason}")]
    BufferGone {
        /// The slice.
        slice: Handle,
        /// What is wrong with the buffer.
        reason: GuardError,
    },
}

impl From<GuardError> for BufferError {
    fn from(error: GuardError) -> Self {
        Self::Call(error.into())
    }
}
