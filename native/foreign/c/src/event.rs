//! Events keep functions of the host and call them in the order in which they were registered.

use std::ffi::{c_char, c_void};
use std::sync::LazyLock;

use deadhand_core::callback::{Callbacks, Failure, OnDead, Target, WeakHost};
use deadhand_core::error::{Code, Coded};
use deadhand_core::guard::GuardError;
use deadhand_core::ledger::ledger;

use crate::Status;
use crate::entry::{Answer, Error, Out, closing, entry, on};
use crate::host::{Call, Callback, Owned, Release, Upgrade, function};

/// Told after a fire for each callback that failed: what the fire was given, the registration, why, and a line of UTF-8
/// of that many bytes, with no NUL at its end.
pub type Failed = Option<
    unsafe extern "C" fn(argument: *mut c_void, registration: u64, why: Status, message: *const c_char, length: usize),
>;

/// What came of a fire.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Fired {
    /// Callbacks that were called and did not fail.
    pub answered: usize,
    /// Callbacks that failed.
    pub failed: usize,
    /// Dead ones that were passed over.
    pub skipped: usize,
    /// Dead ones that were unregistered.
    pub unregistered: usize,
    /// 1 if the event was closed meanwhile, so that later ones were not called.
    pub cut_short: i32,
}

impl Answer for Fired {
    const NONE: Self = Self { answered: 0, failed: 0, skipped: 0, unregistered: 0, cut_short: 0 };
}

/// What stands for a callback and does not keep it alive.
#[derive(Debug)]
pub(crate) struct Weak {
    call: Call,
    upgrade: Upgrade,
    release: Release,
    object: Owned,
}

impl WeakHost<Callback> for Weak {
    fn upgrade(&self) -> Option<Callback> {
        let upgrade = self.upgrade?;
        // SAFETY: the host's function with its own object.
        let object = unsafe { upgrade(self.object.pointer()) };
        (!object.is_null()).then(|| Callback { call: self.call, object: Owned::new(object, self.release) })
    }
}

/// All events of the process, made when first asked for.
pub(crate) fn callbacks() -> Result<&'static Callbacks<Callback, Weak>, GuardError> {
    static CALLBACKS: LazyLock<Result<Callbacks<Callback, Weak>, GuardError>> =
        LazyLock::new(|| Callbacks::new(ledger()));
    CALLBACKS.as_ref().map_err(Clone::clone)
}

fn policy(on_dead: i32) -> Result<OnDead, Error> {
    match on_dead {
        0 => Ok(OnDead::Error),
        1 => Ok(OnDead::Skip),
        2 => Ok(OnDead::Unregister),
        _ => Err(Error::OutOfRange { name: "on_dead", remedy: "pass 0 (error), 1 (skip) or 2 (unregister)" }),
    }
}

/// Makes an event that nobody listens to yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_event_new(event: *mut u64) -> Status {
    entry(|| {
        // SAFETY: the caller's promise.
        let event = unsafe { Out::new(event, "event") }?;
        event.put(callbacks()?.event()?.to_u64());
        Ok(())
    })
}

/// Puts a callback at the end of the event's list. `release` (or null) lets go of `user`: when it is unregistered and
/// calls of it are over, or at once if this fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_event_register(
    event: u64,
    call: Call,
    user: *mut c_void,
    release: Release,
    registration: *mut u64,
) -> Status {
    // First of all, so that it is released whatever is wrong.
    let object = Owned::new(user, release);
    // SAFETY: the caller's promise.
    let registration = unsafe { Out::new(registration, "registration") };
    on(event, |event| {
        let registration = registration?;
        let target = Target::Strong(Callback { call: function(call, "call")?, object });
        registration.put(callbacks()?.register(event, target, OnDead::Error)?.to_u64());
        Ok(())
    })
}

/// The same for a callback that native does not keep alive: before each call `upgrade` makes of `weak` what is called
/// with. `release` lets go of that, and of `weak`. `on_dead` says what a fire does when it is null: 0, it counts as
/// failed; 1, it is passed over; 2, it is unregistered.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_event_register_weak(
    event: u64,
    call: Call,
    weak: *mut c_void,
    upgrade: Upgrade,
    release: Release,
    on_dead: i32,
    registration: *mut u64,
) -> Status {
    let object = Owned::new(weak, release);
    // SAFETY: the caller's promise.
    let registration = unsafe { Out::new(registration, "registration") };
    on(event, |event| {
        let registration = registration?;
        let (call, upgrade) = (function(call, "call")?, function(upgrade, "upgrade")?);
        let target = Target::Weak(Weak { call, upgrade, release, object });
        registration.put(callbacks()?.register(event, target, policy(on_dead)?)?.to_u64());
        Ok(())
    })
}

/// Calls everything that is registered now with `argument`, one after the other on this thread. `failed` (or null) is
/// told which ones failed. That is no failure of the fire: see what it says in `fired`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_event_fire(
    event: u64,
    argument: *mut c_void,
    failed: Failed,
    fired: *mut Fired,
) -> Status {
    // SAFETY: the caller's promise.
    let fired = unsafe { Out::new(fired, "fired") };
    on(event, |event| {
        let fired = fired?;
        let found = callbacks()?
            .fire(event, |registration, callback: &Callback| callback.run(registration.to_u64(), argument))?;
        for (registration, failure) in &found.failures {
            let (why, message) = (why(failure).into(), failure.to_string());
            if let Some(failed) = failed {
                // SAFETY: the host's function, with its own argument and a message that lives until it returns.
                unsafe { failed(argument, registration.to_u64(), why, message.as_ptr().cast(), message.len()) };
            }
        }
        fired.put(Fired {
            answered: found.answers.len(),
            failed: found.failures.len(),
            skipped: found.skipped.len(),
            unregistered: found.unregistered.len(),
            cut_short: i32::from(found.cut_short),
        });
        Ok(())
    })
}

fn why(failure: &Failure<i32>) -> Code {
    match failure {
        Failure::Host(_) => Code::Host,
        Failure::Dead => Code::Dead,
        Failure::Panicked(_) => Code::Panicked,
        Failure::Refused(error) => error.code(),
        // The enum may grow.
        _ => Code::Other,
    }
}

/// How many callbacks are registered, dead ones included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_event_count(event: u64, count: *mut usize) -> Status {
    // SAFETY: the caller's promise.
    let count = unsafe { Out::new(count, "count") };
    on(event, |event| {
        let count = count?;
        count.put(callbacks()?.registrations(event)?.len());
        Ok(())
    })
}

/// Unregisters everything and says how many that were.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_event_clear(event: u64, count: *mut usize) -> Status {
    // SAFETY: the caller's promise.
    let count = unsafe { Out::new(count, "count") };
    on(event, |event| {
        let count = count?;
        count.put(callbacks()?.clear(event)?);
        Ok(())
    })
}

/// Closes it and unregisters everything. A callback that runs ends first; later ones are not called.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_event_close(event: u64) -> Status {
    closing(event, |event| Ok(callbacks()?.dispose(event)?))
}

/// Takes a callback off its event and lets go of it: now, or when the calls of it that are under way are over.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_registration_close(registration: u64) -> Status {
    closing(registration, |registration| Ok(callbacks()?.unregister(registration)?))
}

/// Calls one callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deadhand_registration_call(registration: u64, argument: *mut c_void) -> Status {
    on(registration, |registration| {
        let answer = callbacks()?.call(registration, |callback| callback.run(registration.to_u64(), argument));
        answer?.map_err(Error::Host)
    })
}

/// Panics inside a call, for tests: the event is fenced off.
#[unsafe(no_mangle)]
pub extern "C" fn deadhand_event_provoke_panic(event: u64) -> Status {
    on(event, |event| Ok(callbacks()?.provoke_panic(event)?))
}
