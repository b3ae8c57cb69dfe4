//! The two ways to answer a dispose that comes while the object is in use.

mod deferred;
mod refusing;

use crate::state::State;

/// What a table does when an object is disposed of while somebody uses it, or has children.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dispose {
    /// Close it for newcomers at once and free it when the last user or child is done, as .NET's `SafeHandle` does.
    #[default]
    Deferred,
    /// Fail with `InUse` or `HasChildren` and leave it open, as .NET's `Memory<T>` does while a span is out.
    Refusing,
}

/// What became of an object that was disposed of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disposed {
    /// It is gone.
    Freed,
    /// It is closed, and freed when its last user or child is done.
    Deferred,
    /// It is closed, and freed on its home thread, or with its table.
    Queued,
}

impl Dispose {
    /// The state after a dispose of that generation, or `None` when it is refused.
    pub(crate) fn close(self, state: State, generation: u32) -> Option<State> {
        match self {
            Self::Deferred => deferred::close(state, generation),
            Self::Refusing => refusing::close(state, generation),
        }
    }
}
