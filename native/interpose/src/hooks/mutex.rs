//! `pthread_mutex_*`.

use std::time::Duration;

use libc::{EBUSY, EDEADLK, ETIMEDOUT, c_int, clockid_t, pthread_mutex_t, timespec};

use super::{hooks, outside, table};
use crate::real::{self, Contract};
use crate::sched::gil::{self, Phase, Seen};
use crate::sched::managed::Managed;
use crate::sched::state::{Access, Control, Wait, Woken};
use crate::sched::{Kind, Point, Thing};
use crate::slots::Hook;

/// Where glibc keeps a mutex's type, and the type that reports a second lock by its owner.
const TYPE_AT: usize = 16;
const ERROR_CHECK: c_int = 2;

hooks! {
    fn lock as pthread_mutex_lock(mutex: *mut pthread_mutex_t) -> c_int {
        |me, of| me.lock_mutex_or_gil(of, mutex);
        else |of| {
            gil::note(Seen::Lock(mutex.addr()));
            real::pthread_mutex_lock(of, mutex)
        }
    }

    fn try_lock as pthread_mutex_trylock(mutex: *mut pthread_mutex_t) -> c_int {
        |me, of| me.try_mutex(of, mutex)
    }

    fn timed_lock as pthread_mutex_timedlock(mutex: *mut pthread_mutex_t, deadline: *const timespec) -> c_int {
        |me, of| me.lock_mutex_until(mutex, of, deadline)
            .unwrap_or_else(|| real::pthread_mutex_timedlock(of, mutex, deadline))
    }

    fn clock_lock as pthread_mutex_clocklock(
        mutex: *mut pthread_mutex_t, clock: clockid_t, deadline: *const timespec,
    ) -> c_int {
        |me, of| me.lock_mutex_until(mutex, of, deadline)
            .unwrap_or_else(|| real::pthread_mutex_clocklock(of, mutex, clock, deadline))
    }

    fn unlock as pthread_mutex_unlock(mutex: *mut pthread_mutex_t) -> c_int {
        |me, of| me.unlock_mutex_or_gil(of, mutex);
        else |of| {
            gil::note(Seen::Unlock(mutex.addr()));
            let result = real::pthread_mutex_unlock(of, mutex);
            outside::woke(Thing::at(Kind::Mutex, mutex), usize::MAX, u32::MAX);
            result
        }
    }
}

pub(super) fn table() -> Vec<Hook> {
    table![
        lock as pthread_mutex_lock,
        try_lock as pthread_mutex_trylock,
        timed_lock as pthread_mutex_timedlock,
        clock_lock as pthread_mutex_clocklock,
        unlock as pthread_mutex_unlock,
    ]
}

impl Managed {
    fn lock_mutex_or_gil(&self, of: Contract, mutex: *mut pthread_mutex_t) -> c_int {
        if gil::is_mutex(mutex) {
            self.lock_gil_mutex(of, mutex)
        } else if self.gil.get() != Phase::None || gil::is_switch_mutex(mutex) {
            // Held for a few instructions, in which nobody gives the token up.
            real::pthread_mutex_lock(of, mutex)
        } else {
            self.run.stop(self, Point::Acquire, mutex.addr(), false);
            self.lock_mutex(of, mutex, "pthread_mutex_lock")
        }
    }

    fn unlock_mutex_or_gil(&self, of: Contract, mutex: *mut pthread_mutex_t) -> c_int {
        if gil::is_mutex(mutex) {
            self.unlock_gil_mutex(of, mutex)
        } else if self.gil.get() != Phase::None || gil::is_switch_mutex(mutex) {
            real::pthread_mutex_unlock(of, mutex)
        } else {
            let result = self.unlock_mutex(of, mutex);
            self.run.stop(self, Point::Release, mutex.addr(), false);
            result
        }
    }

    /// Lock a mutex, as long as it takes.
    pub(super) fn lock_mutex(&self, of: Contract, mutex: *mut pthread_mutex_t, call: &'static str) -> c_int {
        match self.lock_mutex_within(of, mutex, call, None) {
            Some(result) => result,
            None => real::pthread_mutex_lock(of, mutex),
        }
    }

    /// Lock a mutex; `None` if the region ended meanwhile.
    fn lock_mutex_within(
        &self,
        of: Contract,
        mutex: *mut pthread_mutex_t,
        call: &'static str,
        limit: Option<Duration>,
    ) -> Option<c_int> {
        let thing = Thing::at(Kind::Mutex, mutex);
        loop {
            if self.released.get() {
                return None;
            }
            let result = real::pthread_mutex_trylock(of, mutex);
            if result != EBUSY {
                self.run.lock().hold(thing, self.index, Access::Write);
                return Some(result);
            }
            let mut state = self.run.lock();
            let own = state.held.iter().any(|each| each.thing == thing && each.thread == self.index);
            if own && reports_errors(mutex) {
                return Some(EDEADLK);
            }
            let outside = !state.is_held(thing);
            if outside && !state.over {
                state.strangers = true;
                state.lose(Control::Partial, "a thread outside the region held a mutex");
            }
            drop(state);
            match self.run.block(self, Wait::new(thing, call).outside(outside), limit) {
                Woken::TimedOut => return Some(ETIMEDOUT),
                Woken::Released => return None,
                Woken::Called | Woken::Interrupted => {}
            }
        }
    }

    fn lock_mutex_until(&self, mutex: *mut pthread_mutex_t, of: Contract, deadline: *const timespec) -> Option<c_int> {
        let limit = self.until(of, deadline);
        self.run.stop(self, Point::Acquire, mutex.addr(), false);
        self.lock_mutex_within(of, mutex, "pthread_mutex_timedlock", Some(limit))
    }

    fn try_mutex(&self, of: Contract, mutex: *mut pthread_mutex_t) -> c_int {
        let result = real::pthread_mutex_trylock(of, mutex);
        if result == 0 {
            self.run.lock().hold(Thing::at(Kind::Mutex, mutex), self.index, Access::Write);
        }
        self.tried(mutex.addr(), result == 0);
        result
    }

    /// Let go of a mutex, without a point.
    pub(super) fn unlock_mutex(&self, of: Contract, mutex: *mut pthread_mutex_t) -> c_int {
        let result = real::pthread_mutex_unlock(of, mutex);
        let thing = Thing::at(Kind::Mutex, mutex);
        let mut state = self.run.lock();
        state.let_go(thing, self.index);
        state.wake(thing, usize::MAX, u32::MAX);
        result
    }

    /// It tried to get something without waiting. Who tries in vain again and again waits in truth.
    pub(super) fn tried(&self, what: usize, successful: bool) {
        if !successful && self.tried.replace(what) == what {
            self.run.stop(self, Point::Yield, what, true);
        }
        if successful {
            self.tried.set(0);
        }
    }

    /// How long it is until a deadline of the caller's.
    pub(super) fn until(&self, _: Contract, deadline: *const timespec) -> Duration {
        // SAFETY: the caller of the hook passed a time, as the function asks.
        let deadline = unsafe { deadline.read() };
        self.run.lock().clock.until(deadline)
    }
}

fn reports_errors(mutex: *const pthread_mutex_t) -> bool {
    let kind = mutex.cast::<u8>().wrapping_add(TYPE_AT).cast::<c_int>();
    // SAFETY: within the mutex, which is one, as the function asks of the caller of the hook.
    let kind = unsafe { kind.read_volatile() };
    kind & 3 == ERROR_CHECK
}
