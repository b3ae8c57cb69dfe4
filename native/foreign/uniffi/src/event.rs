//! The event as a UniFFI object.

use std::sync::{Arc, LazyLock};

use deadhand_core::callback::{CallbackError, Callbacks, Failure as Native, Fired, Target};
use deadhand_core::guard::{CallError, GuardError, Handle};
use deadhand_core::ledger::ledger;

use crate::callback::Weak;
use crate::{CallFailed, Callback, CoreError, Failure, Item, OnDead, Registration, WeakCallback};

pub(crate) type All = Callbacks<Arc<dyn Callback>, Weak>;

/// A list of callbacks, called in the order in which they were registered. Any number of threads may use it at once.
#[derive(Debug, uniffi::Object)]
pub struct Event(Handle);

#[uniffi::export]
impl Event {
    /// Make one that nobody listens to yet.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    #[uniffi::constructor]
    pub fn new() -> Result<Arc<Self>, CoreError> {
        Ok(Arc::new(Self(callbacks()?.event()?)))
    }

    /// Put `callback` at the end of the list, and keep it alive.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    #[uniffi::method(name = "register_strongly", default(on_dead = None))]
    pub fn register(
        &self,
        callback: Arc<dyn Callback>,
        on_dead: Option<OnDead>,
    ) -> Result<Arc<Registration>, CoreError> {
        let made = callbacks()?.register(self.0, Target::Strong(callback), policy(on_dead))?;
        Ok(Arc::new(Registration::of(made)))
    }

    /// Put `callback` at the end of the list, and let it die.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    #[uniffi::method(default(on_dead = None))]
    pub fn register_weakly(
        &self,
        callback: Arc<dyn WeakCallback>,
        on_dead: Option<OnDead>,
    ) -> Result<Arc<Registration>, CoreError> {
        let made = callbacks()?.register(self.0, Target::Weak(Weak(callback)), policy(on_dead))?;
        Ok(Arc::new(Registration::of(made)))
    }

    /// Call everything that is registered now and return the answers; fail after that if any failed.
    ///
    /// # Errors
    /// [`CoreError::CallbackFailed`]; see also [`Store::in_memory`](crate::Store::in_memory).
    #[uniffi::method(name = "fire_one")]
    #[expect(clippy::needless_pass_by_value, reason = "UniFFI lowers an Arc, and has no reference to a trait object")]
    pub fn fire(&self, argument: Arc<dyn Item>) -> Result<Vec<Arc<dyn Item>>, CoreError> {
        let mut stopped = None;
        let call = |_, callback: &Arc<dyn Callback>| match &stopped {
            Some(_) => Err(None),
            None => callback.call(Arc::clone(&argument)).map_err(|failed| match failed {
                // If each level went on with its next callback, two that fire again would make 2**64 calls.
                CallFailed::Stop { text } => {
                    stopped = Some(text);
                    None
                }
                CallFailed::Raised { text } => Some(text),
            }),
        };
        let fired = callbacks()?.fire(self.0, call)?;
        stopped.map_or_else(|| outcome(fired), |text| Err(CoreError::TooDeep { text }))
    }

    /// How many callbacks are registered.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn count(&self) -> Result<u64, CoreError> {
        Ok(callbacks()?.registrations(self.0)?.len() as u64)
    }

    /// Unregister everything, and say how many that were.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn clear(&self) -> Result<u64, CoreError> {
        Ok(callbacks()?.clear(self.0)? as u64)
    }

    /// Close it and unregister everything. A callback that runs ends first; later ones are not called.
    ///
    /// # Errors
    /// See [`Store::in_memory`](crate::Store::in_memory).
    pub fn close(&self) -> Result<(), CoreError> {
        again_is_nothing(callbacks()?.dispose(self.0))
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !callbacks().is_ok_and(|callbacks| callbacks.is_open(self.0))
    }

    /// Its handle: a number that no other object has, or had.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.to_u64()
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        drop(self.close());
    }
}

fn policy(on_dead: Option<OnDead>) -> deadhand_core::callback::OnDead {
    on_dead.map(Into::into).unwrap_or_default()
}

/// All events of the process, made when first asked for.
pub(crate) fn callbacks() -> Result<&'static All, GuardError> {
    static CALLBACKS: LazyLock<Result<All, GuardError>> = LazyLock::new(|| Callbacks::new(ledger()));
    CALLBACKS.as_ref().map_err(Clone::clone)
}

/// Closing what is closed does nothing.
pub(crate) fn again_is_nothing(closed: Result<(), CallbackError>) -> Result<(), CoreError> {
    match closed {
        Err(CallbackError::Call(CallError::Guard(GuardError::Stale { .. } | GuardError::Closed { .. }))) => Ok(()),
        other => Ok(other?),
    }
}

fn outcome(fired: Fired<Arc<dyn Item>, Option<String>>) -> Result<Vec<Arc<dyn Item>>, CoreError> {
    if fired.failures.is_empty() {
        return Ok(fired.answers.into_iter().map(|(_, answer)| answer).collect());
    }
    let (failed, all) = (fired.failures.len(), fired.failures.len() + fired.answers.len());
    let text = format!("{failed} of {all} callbacks failed, all were called: see `failures`");
    let failures = fired.failures.into_iter().map(|(registration, failure)| failed_one(registration, failure));
    Err(CoreError::CallbackFailed { text, failures: failures.collect() })
}

fn failed_one(registration: Handle, failure: Native<Option<String>>) -> Failure {
    let text = match failure {
        Native::Host(text) => text.unwrap_or_else(|| "not called".to_owned()),
        Native::Dead => CallbackError::Dead { registration }.to_string(),
        Native::Panicked(panicked) => {
            format!("registration {registration} is fenced off, unregister it: the callback {panicked}")
        }
        Native::Refused(error) => error.to_string(),
        _ => "unknown".to_owned(),
    };
    Failure { registration: registration.to_u64(), text }
}
