//! What native keeps of a host object, and what to do when that has died.

use std::sync::{Arc, Weak};

/// A weak reference to a host object. For Python, a `weakref`; the bindings say how.
pub trait WeakHost<T>: Send + Sync + 'static {
    /// The object, unless it has died. May call into the host; no lock of this crate is held.
    fn upgrade(&self) -> Option<T>;
}

impl<T: Send + Sync + 'static> WeakHost<Arc<T>> for Weak<T> {
    fn upgrade(&self) -> Option<Arc<T>> {
        Self::upgrade(self)
    }
}

/// A host object, kept alive or not.
#[derive(Clone, Debug)]
pub enum Target<T, W> {
    /// Native keeps it alive until it is unregistered.
    Strong(T),
    /// The host may let it die.
    Weak(W),
}

/// What firing does about a weak target that has died.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnDead {
    /// Report it as a failure, each time.
    #[default]
    Error,
    /// Pass over it, each time.
    Skip,
    /// Pass over it once, and unregister it.
    Unregister,
}

impl<T, W: WeakHost<T>> Target<T, W> {
    /// Calls with the object, if it is alive. What an upgrade made lives until the call is over.
    pub(super) fn with<R>(&self, call: impl FnOnce(&T) -> R) -> Option<R> {
        match self {
            Self::Strong(object) => Some(call(object)),
            Self::Weak(reference) => reference.upgrade().map(|object| call(&object)),
        }
    }
}
