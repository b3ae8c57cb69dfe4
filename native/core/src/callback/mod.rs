//! Host objects that native keeps and calls: strongly or weakly, in any order, from inside each other.
//!
//! An event is a list of registrations, and ends them when it ends. A registration is one host object, with what to do
//! when it has died. Nothing of the host (a call, an upgrade, a destructor) ever runs under a lock of this crate.
//! Both are disposed of *deferred*: whoever unregisters a callback from inside itself does not pull the object from
//! under the call.

mod depth;
mod error;
mod event;
mod fire;
#[cfg(test)]
mod model;
mod target;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use deadhand_guard::{GuardError, Handle, Ledger, SharedTable};

use crate::census::kind;

use event::{Event, Registration};

pub use depth::MAX_DEPTH;
pub use error::{CallbackError, Failure};
pub use fire::Fired;
pub use target::{OnDead, Target, WeakHost};

/// All events of one owner, with their registrations: `T` is a host object, `W` a weak reference to one.
#[derive(Debug)]
pub struct Callbacks<T: Send + Sync + 'static, W: WeakHost<T>> {
    events: SharedTable<Event<T, W>>,
    registrations: Arc<SharedTable<Registration<T, W>>>,
}

impl<T: Send + Sync + 'static, W: WeakHost<T>> Callbacks<T, W> {
    /// None yet; the ledger, if there is one, counts kinds `event` and `registration`.
    ///
    /// # Errors
    /// [`GuardError::TooManyTables`].
    pub fn new(ledger: Option<&Arc<Ledger>>) -> Result<Self, GuardError> {
        Ok(Self {
            events: SharedTable::new(kind("event", ledger))?,
            registrations: Arc::new(SharedTable::new(kind("registration", ledger))?),
        })
    }

    /// An event that nobody listens to yet.
    ///
    /// # Errors
    /// When no more events can be made.
    #[track_caller]
    pub fn event(&self) -> Result<Handle, CallbackError> {
        Ok(self.events.insert(Event::new(Arc::clone(&self.registrations)))?)
    }

    /// Puts a target at the end of the event's list. The same object may be registered many times.
    ///
    /// # Errors
    /// What is wrong with the event's handle. The target is dropped then.
    #[track_caller]
    pub fn register(&self, event: Handle, target: Target<T, W>, on_dead: OnDead) -> Result<Handle, CallbackError> {
        self.events.check(event)?;
        let registration = self.registrations.insert(Registration { event, target, on_dead })?;
        // While `add` runs the event is pinned, so it ends after it, and ends the registration, too.
        match self.events.call(event, |event| event.add(registration)) {
            Ok(()) => Ok(registration),
            Err(error) => {
                drop(self.registrations.dispose(registration));
                Err(error.into())
            }
        }
    }

    /// Takes a registration off its event and lets go of its target: now, or when the calls of it that are under way,
    /// on this thread or another, are over.
    ///
    /// # Errors
    /// What is wrong with the handle: the second time, that it is stale or closed. [`GuardError::DestructorPanicked`].
    pub fn unregister(&self, registration: Handle) -> Result<(), CallbackError> {
        // A fenced registration does not say its event; firing it passes over the stale entry until the event ends.
        let event = self.registrations.call(registration, |kept| kept.event);
        let disposed = self.registrations.dispose(registration);
        if let Ok(event) = event {
            // The event may be gone, and its list with it.
            drop(self.events.call(event, |event| event.remove(registration)));
        }
        disposed?;
        Ok(())
    }

    /// The registrations of the event, in the order in which they would be called.
    ///
    /// # Errors
    /// What is wrong with the event's handle.
    pub fn registrations(&self, event: Handle) -> Result<Vec<Handle>, CallbackError> {
        let mut list = self.events.call(event, Event::snapshot)?;
        // One that is fenced off is still there, until somebody unregisters it.
        list.retain(|one| matches!(self.registrations.check(*one), Ok(()) | Err(GuardError::Fenced { .. })));
        Ok(list)
    }

    /// Shows every object that the event keeps alive, for the host's garbage collector. `visit` must not call back.
    ///
    /// # Errors
    /// What is wrong with the event's handle; a panic of `visit`, which fences off the event.
    pub fn visit(&self, event: Handle, mut visit: impl FnMut(&T)) -> Result<(), CallbackError> {
        self.events.call(event, |event| {
            for registration in event.snapshot() {
                if let Ok(kept) = self.registrations.pin(registration)
                    && let Target::Strong(object) = &kept.target
                {
                    visit(object);
                }
            }
        })?;
        Ok(())
    }

    /// Unregisters everything from the event, which stays, and says how many that were.
    ///
    /// # Errors
    /// What is wrong with the event's handle.
    pub fn clear(&self, event: Handle) -> Result<usize, CallbackError> {
        let list = self.events.call(event, Event::take)?;
        Ok(list.into_iter().filter(|registration| self.registrations.dispose(*registration).is_ok()).count())
    }

    /// Whether the event is not disposed of; one that is fenced off is open, too.
    #[must_use]
    pub fn is_open(&self, event: Handle) -> bool {
        matches!(self.events.check(event), Ok(()) | Err(GuardError::Fenced { .. }))
    }

    /// Whether the registration is neither unregistered nor gone with its event.
    #[must_use]
    pub fn is_registered(&self, registration: Handle) -> bool {
        matches!(self.registrations.check(registration), Ok(()) | Err(GuardError::Fenced { .. }))
    }

    /// How many there are of each kind, those included that are disposed of and in a call.
    #[must_use]
    pub fn alive(&self) -> [(&'static str, u32); 2] {
        [(self.events.kind(), self.events.len()), (self.registrations.kind(), self.registrations.len())]
    }

    /// Panics inside a call on the event, for tests: it is fenced off afterwards.
    ///
    /// # Errors
    /// Always: the panic, or what is wrong with the handle.
    ///
    /// # Panics
    /// Never out of this call.
    pub fn provoke_panic(&self, event: Handle) -> Result<(), CallbackError> {
        Ok(self.events.call(event, |_| panic!("provoked by provoke_panic()"))?)
    }

    /// Disposes of the event and everything that is registered for it.
    ///
    /// # Errors
    /// What is wrong with the event's handle.
    pub fn dispose(&self, event: Handle) -> Result<(), CallbackError> {
        self.events.dispose(event)?;
        Ok(())
    }
}
