//! What can go wrong with a callback: in the call as a whole, or with one registration.

use std::fmt;

use deadhand_guard::{CallError, GuardError, Handle, Panicked};

/// Why a call on an event or registration gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackError {
    /// The handle was refused, or the call panicked.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Callbacks fired callbacks that fired callbacks.
    #[error("callbacks are nested {limit} deep on this thread: do not fire from inside a callback without end")]
    TooDeep {
        /// The most there can be.
        limit: u32,
    },
    /// The weak target has died.
    #[error("the target of registration {registration} has died: keep it alive, or unregister")]
    Dead {
        /// The registration.
        registration: Handle,
    },
}

impl From<GuardError> for CallbackError {
    fn from(error: GuardError) -> Self {
        Self::Call(error.into())
    }
}

/// Why one registration gave no answer when its event was fired. The others were called all the same.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure<E> {
    /// The host was called and failed.
    Host(E),
    /// The weak target has died, and the policy is [`OnDead::Error`](super::OnDead::Error).
    Dead,
    /// The call panicked; the registration is fenced off.
    Panicked(Panicked),
    /// The registration cannot be used: it is fenced off.
    Refused(GuardError),
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(error) => write!(f, "the callback failed: {error}"),
            Self::Dead => f.write_str("the target has died"),
            Self::Panicked(panicked) => write!(f, "the callback {panicked}"),
            Self::Refused(error) => error.fmt(f),
        }
    }
}
