//! Calling the host, with no lock held and everything allowed meanwhile.

use deadhand_guard::{CallError, GuardError, Handle};

use super::depth::Level;
use super::{CallbackError, Callbacks, Failure, OnDead, WeakHost};

/// What came of firing an event.
#[derive(Debug)]
#[non_exhaustive]
pub struct Fired<R, E> {
    /// What the callbacks answered, in the order of registration.
    pub answers: Vec<(Handle, R)>,
    /// Registrations that failed, and how.
    pub failures: Vec<(Handle, Failure<E>)>,
    /// Registrations whose target has died and whose policy is [`OnDead::Skip`].
    pub skipped: Vec<Handle>,
    /// Registrations whose target has died and that were unregistered for it.
    pub unregistered: Vec<Handle>,
    /// Whether the event was disposed of by one of its callbacks, or another thread: later ones were not called.
    pub cut_short: bool,
}

impl<R, E> Fired<R, E> {
    fn nothing() -> Self {
        Self {
            answers: Vec::new(),
            failures: Vec::new(),
            skipped: Vec::new(),
            unregistered: Vec::new(),
            cut_short: false,
        }
    }
}

impl<T: Send + Sync + 'static, W: WeakHost<T>> Callbacks<T, W> {
    /// Calls every target that is registered for the event now, one after the other, on this thread.
    ///
    /// A callback may do anything meanwhile: what it registers is called the next time, what it unregisters is not
    /// called any more, if it disposes of the event nothing more is called, and it may fire again. One that fails or
    /// panics does not keep the others from being called.
    ///
    /// # Errors
    /// What is wrong with the event's handle; [`CallbackError::TooDeep`]. Nothing was called then.
    pub fn fire<R, E>(
        &self,
        event: Handle,
        mut call: impl FnMut(Handle, &T) -> Result<R, E>,
    ) -> Result<Fired<R, E>, CallbackError> {
        let _level = Level::enter()?;
        let snapshot = self.events.call(event, super::event::Event::snapshot)?;
        let mut fired = Fired::nothing();
        for registration in snapshot {
            if self.events.check(event).is_err() {
                fired.cut_short = true;
                break;
            }
            self.fire_one(event, registration, &mut call, &mut fired);
        }
        Ok(fired)
    }

    /// Calls one target, on this thread, with no lock held.
    ///
    /// # Errors
    /// What is wrong with the handle; [`CallbackError::Dead`], which unregisters it if that is the policy;
    /// [`CallbackError::TooDeep`]; a panic. What the host answers is the answer, an error too.
    pub fn call<R>(&self, registration: Handle, call: impl FnOnce(&T) -> R) -> Result<R, CallbackError> {
        let _level = Level::enter()?;
        let (answer, on_dead) = self.registrations.call(registration, |kept| (kept.target.with(call), kept.on_dead))?;
        if answer.is_none() && on_dead == OnDead::Unregister {
            self.unregister(registration)?;
        }
        answer.ok_or(CallbackError::Dead { registration })
    }

    fn fire_one<R, E>(
        &self,
        event: Handle,
        registration: Handle,
        call: &mut impl FnMut(Handle, &T) -> Result<R, E>,
        fired: &mut Fired<R, E>,
    ) {
        let answer = self.registrations.call(registration, |kept| {
            #[cfg(test)]
            crate::planted::here("callback.fire");
            (kept.target.with(|target| call(registration, target)), kept.on_dead)
        });
        let failure = match answer {
            Ok((Some(Ok(answer)), _)) => return fired.answers.push((registration, answer)),
            Ok((Some(Err(error)), _)) => Failure::Host(error),
            Ok((None, OnDead::Error)) => Failure::Dead,
            Ok((None, OnDead::Skip)) => return fired.skipped.push(registration),
            Ok((None, OnDead::Unregister)) => {
                // Somebody else may have been faster; then it is not ours to report.
                if self.unregister(registration).is_ok() {
                    fired.unregistered.push(registration);
                }
                return;
            }
            Err(CallError::Panicked(panicked)) => Failure::Panicked(panicked),
            // Unregistered since the snapshot, or fenced off and then unregistered, which leaves an entry behind.
            Err(CallError::Guard(GuardError::Stale { .. } | GuardError::Closed { .. })) => {
                drop(self.events.call(event, |event| event.remove(registration)));
                return;
            }
            Err(CallError::Guard(error)) => Failure::Refused(error),
            Err(_) => return,
        };
        fired.failures.push((registration, failure));
    }
}
