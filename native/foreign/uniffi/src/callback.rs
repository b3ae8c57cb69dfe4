//! What the host implements to be called.

use std::fmt::Debug;
use std::sync::Arc;

use deadhand_core::callback::{OnDead as Policy, WeakHost};

use crate::Item;

/// How a callback says that it has no answer. Any other exception comes as [`CallFailed::Raised`], with its text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum CallFailed {
    /// It raised.
    #[error("{text}")]
    Raised {
        /// What.
        text: String,
    },
    /// Callbacks are nested too deep: the ones after it are not to be called.
    #[error("{text}")]
    Stop {
        /// Why.
        text: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for CallFailed {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Raised { text: error.reason }
    }
}

/// A function of the host.
#[uniffi::export(rust, foreign)]
pub trait Callback: Send + Sync + Debug {
    /// Calls it.
    ///
    /// # Errors
    /// When it raises.
    fn call(&self, argument: Arc<dyn Item>) -> Result<Arc<dyn Item>, CallFailed>;
}

/// A coroutine function of the host.
#[uniffi::export(foreign)]
#[async_trait::async_trait]
pub trait AsyncCallback: Send + Sync + Debug {
    /// Calls and awaits it. No item goes in or out: UniFFI 0.32 does not compile a trait object here.
    ///
    /// # Errors
    /// When it raises.
    async fn call(&self) -> Result<(), CallFailed>;
}

/// A weak reference to a function of the host. UniFFI has none, so the host says how.
#[uniffi::export(foreign)]
pub trait WeakCallback: Send + Sync + Debug {
    /// The function, unless it has died.
    fn upgrade(&self) -> Option<Arc<dyn Callback>>;
}

/// What firing does about a weak callback that has died.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum OnDead {
    /// Report it as a failure, each time.
    Error,
    /// Pass over it, each time.
    Skip,
    /// Pass over it once, and unregister it.
    Unregister,
}

impl From<OnDead> for Policy {
    fn from(policy: OnDead) -> Self {
        match policy {
            OnDead::Error => Self::Error,
            OnDead::Skip => Self::Skip,
            OnDead::Unregister => Self::Unregister,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Weak(pub(crate) Arc<dyn WeakCallback>);

impl WeakHost<Arc<dyn Callback>> for Weak {
    fn upgrade(&self) -> Option<Arc<dyn Callback>> {
        self.0.upgrade()
    }
}
