//! What a function returns: 0, or why not.

use deadhand_core::error::Code;

/// What became of a call. The numbers never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// It was done.
    Ok = 0,
    /// The number is no handle, or one that was changed.
    NotAHandle = 1,
    /// The handle is of another kind or table.
    WrongKind = 2,
    /// The object is gone.
    Stale = 3,
    /// The object was disposed of and only waits for its last user.
    Closed = 4,
    /// A call on the object panicked earlier.
    Fenced = 5,
    /// The object takes one user at a time and has one.
    Busy = 6,
    /// The object cannot be disposed of or changed while it is in use.
    InUse = 7,
    /// The object belongs to another thread.
    WrongThread = 8,
    /// The object is being created.
    NotReady = 9,
    /// No more of these can be made or counted.
    Exhausted = 10,
    /// The allocator refused.
    OutOfMemory = 11,
    /// This very call panicked, or a destructor did.
    Panicked = 12,
    /// The object cannot be disposed of before its children.
    HasChildren = 13,
    /// An argument is out of range, too long or too small.
    OutOfRange = 20,
    /// The right to look was taken away: a slice was revoked, its buffer was resized or is gone.
    Revoked = 21,
    /// A pointer is null where there must be something.
    NullPointer = 22,
    /// The channel is full or empty, or the task not done: try again.
    WouldBlock = 30,
    /// Nothing changed in time.
    TimedOut = 31,
    /// The other side of the channel, or the end itself, is closed.
    Disconnected = 32,
    /// The target of a callback has died.
    Dead = 40,
    /// Callbacks are nested too deep.
    TooDeep = 41,
    /// The host's own callback said that it failed.
    Host = 42,
    /// The bytes are no text, or not what C can read.
    NotText = 50,
    /// The task was cancelled.
    Cancelled = 60,
    /// The runtime of the task was closed.
    RuntimeClosed = 61,
    /// The result was taken already.
    Taken = 62,
    /// Waiting here would never end.
    Deadlock = 63,
    /// The operating system refused.
    System = 70,
    /// The database refused: damaged, or none at all.
    Database = 71,
    /// Something else.
    Other = 99,
}

impl From<Code> for Status {
    fn from(code: Code) -> Self {
        match code {
            Code::NotAHandle => Self::NotAHandle,
            Code::WrongKind => Self::WrongKind,
            Code::Stale => Self::Stale,
            Code::Closed => Self::Closed,
            Code::Fenced => Self::Fenced,
            Code::Busy => Self::Busy,
            Code::InUse => Self::InUse,
            Code::WrongThread => Self::WrongThread,
            Code::NotReady => Self::NotReady,
            Code::Exhausted => Self::Exhausted,
            Code::OutOfMemory => Self::OutOfMemory,
            Code::Panicked => Self::Panicked,
            Code::HasChildren => Self::HasChildren,
            Code::OutOfRange => Self::OutOfRange,
            Code::Revoked => Self::Revoked,
            Code::NullPointer => Self::NullPointer,
            Code::WouldBlock => Self::WouldBlock,
            Code::TimedOut => Self::TimedOut,
            Code::Disconnected => Self::Disconnected,
            Code::Dead => Self::Dead,
            Code::TooDeep => Self::TooDeep,
            Code::Host => Self::Host,
            Code::NotText => Self::NotText,
            Code::Cancelled => Self::Cancelled,
            Code::RuntimeClosed => Self::RuntimeClosed,
            Code::Taken => Self::Taken,
            Code::Deadlock => Self::Deadlock,
            Code::System => Self::System,
            Code::Database => Self::Database,
            // The enum may grow.
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_core() {
        for code in [
            Code::NotAHandle,
            Code::WrongKind,
            Code::Stale,
            Code::Closed,
            Code::Fenced,
            Code::Busy,
            Code::InUse,
            Code::WrongThread,
            Code::NotReady,
            Code::Exhausted,
            Code::OutOfMemory,
            Code::Panicked,
            Code::HasChildren,
            Code::OutOfRange,
            Code::Revoked,
            Code::NullPointer,
            Code::WouldBlock,
            Code::TimedOut,
            Code::Disconnected,
            Code::Dead,
            Code::TooDeep,
            Code::Host,
            Code::NotText,
            Code::Cancelled,
            Code::RuntimeClosed,
            Code::Taken,
            Code::Deadlock,
            Code::System,
            Code::Database,
            Code::Other,
        ] {
            assert_eq!(Status::from(code) as i32, code.number());
        }
    }
}
