//! Numbers for what can go wrong, for hosts that have no types for it. They never change.

/// What went wrong, as C learns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[repr(i32)]
pub enum Code {
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
    /// The object cannot be disposed of or changed while it is in use, or has children.
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
    /// A pointer is null where there must be something.
    NullPointer = 22,
    /// The right to look was taken away: a slice was revoked, its buffer was resized or is gone.
    Revoked = 21,
    /// The channel is full, or the task not done: try again.
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

impl Code {
    /// The number, never 0.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }
}
