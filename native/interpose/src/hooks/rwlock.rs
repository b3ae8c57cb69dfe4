//! `pthread_rwlock_*`.

use std::time::Duration;

use libc::{EBUSY, EDEADLK, ETIMEDOUT, c_int, clockid_t, pthread_rwlock_t, timespec};

use super::{hooks, outside, table};
use crate::real::{self, Contract};
use crate::sched::managed::Managed;
use crate::model::Control;
use crate::sched::state::{Access, Wait, Woken};
use crate::sched::{Kind, Point, Thing};
use crate::slots::Hook;

hooks! {
    fn read as pthread_rwlock_rdlock(lock: *mut pthread_rwlock_t) -> c_int {
        |me, of| me.lock_rwlock(of, lock, Access::Read, "pthread_rwlock_rdlock", None)
            .unwrap_or_else(|| real::pthread_rwlock_rdlock(of, lock))
    }

    fn write as pthread_rwlock_wrlock(lock: *mut pthread_rwlock_t) -> c_int {
        |me, of| me.lock_rwlock(of, lock, Access::Write, "pthread_rwlock_wrlock", None)
            .unwrap_or_else(|| real::pthread_rwlock_wrlock(of, lock))
    }

    fn try_read as pthread_rwlock_tryrdlock(lock: *mut pthread_rwlock_t) -> c_int {
        |me, of| me.try_rwlock(lock, Access::Read, real::pthread_rwlock_tryrdlock(of, lock))
    }

    fn try_write as pthread_rwlock_trywrlock(lock: *mut pthread_rwlock_t) -> c_int {
        |me, of| me.try_rwlock(lock, Access::Write, real::pthread_rwlock_trywrlock(of, lock))
    }

    fn timed_read as pthread_rwlock_timedrdlock(lock: *mut pthread_rwlock_t, deadline: *const timespec) -> c_int {
        |me, of| {
            let limit = Some(me.until(of, deadline));
            me.lock_rwlock(of, lock, Access::Read, "pthread_rwlock_timedrdlock", limit)
                .unwrap_or_else(|| real::pthread_rwlock_timedrdlock(of, lock, deadline))
        }
    }

    fn timed_write as pthread_rwlock_timedwrlock(lock: *mut pthread_rwlock_t, deadline: *const timespec) -> c_int {
        |me, of| {
            let limit = Some(me.until(of, deadline));
            me.lock_rwlock(of, lock, Access::Write, "pthread_rwlock_timedwrlock", limit)
                .unwrap_or_else(|| real::pthread_rwlock_timedwrlock(of, lock, deadline))
        }
    }

    fn clock_read as pthread_rwlock_clockrdlock(
        lock: *mut pthread_rwlock_t, clock: clockid_t, deadline: *const timespec,
    ) -> c_int {
        |me, of| {
            let limit = Some(me.until(of, deadline));
            me.lock_rwlock(of, lock, Access::Read, "pthread_rwlock_clockrdlock", limit)
                .unwrap_or_else(|| real::pthread_rwlock_clockrdlock(of, lock, clock, deadline))
        }
    }

    fn clock_write as pthread_rwlock_clockwrlock(
        lock: *mut pthread_rwlock_t, clock: clockid_t, deadline: *const timespec,
    ) -> c_int {
        |me, of| {
            let limit = Some(me.until(of, deadline));
            me.lock_rwlock(of, lock, Access::Write, "pthread_rwlock_clockwrlock", limit)
                .unwrap_or_else(|| real::pthread_rwlock_clockwrlock(of, lock, clock, deadline))
        }
    }

    fn unlock as pthread_rwlock_unlock(lock: *mut pthread_rwlock_t) -> c_int {
        |me, of| {
            let result = real::pthread_rwlock_unlock(of, lock);
            let thing = Thing::at(Kind::RwLock, lock);
            let mut state = me.run.lock();
            state.let_go(thing, me.index);
            state.wake(thing, usize::MAX, u32::MAX);
            drop(state);
            me.run.stop(me, Point::Release, lock.addr(), false);
            result
        };
        else |of| {
            let result = real::pthread_rwlock_unlock(of, lock);
            outside::woke(Thing::at(Kind::RwLock, lock), usize::MAX, u32::MAX);
            result
        }
    }
}

pub(super) fn table() -> Vec<Hook> {
    table![
        read as pthread_rwlock_rdlock,
        write as pthread_rwlock_wrlock,
        try_read as pthread_rwlock_tryrdlock,
        try_write as pthread_rwlock_trywrlock,
        timed_read as pthread_rwlock_timedrdlock,
        timed_write as pthread_rwlock_timedwrlock,
        clock_read as pthread_rwlock_clockrdlock,
        clock_write as pthread_rwlock_clockwrlock,
        unlock as pthread_rwlock_unlock,
    ]
}

impl Managed {
    /// Lock for reading or writing; `None` if the region ended meanwhile.
    fn lock_rwlock(
        &self,
        of: Contract,
        lock: *mut pthread_rwlock_t,
        access: Access,
        call: &'static str,
        limit: Option<Duration>,
    ) -> Option<c_int> {
        let thing = Thing::at(Kind::RwLock, lock);
        self.run.stop(self, Point::Acquire, lock.addr(), false);
        loop {
            if self.released.get() {
                return None;
            }
            let result = match access {
                Access::Read => real::pthread_rwlock_tryrdlock(of, lock),
                Access::Write => real::pthread_rwlock_trywrlock(of, lock),
            };
            let mut state = self.run.lock();
            if result != EBUSY {
                if result == 0 {
                    state.hold(thing, self.index, access);
                }
                return Some(result);
            }
            let writes_itself = state
                .held
                .iter()
                .any(|each| each.thing == thing && each.thread == self.index && each.access == Access::Write);
            if writes_itself {
                return Some(EDEADLK);
            }
            let outside = !state.is_held(thing);
            if outside && !state.over {
                state.strangers = true;
                state.lose(Control::Partial, "a thread outside the region held a rwlock");
            }
            drop(state);
            match self.run.block(self, Wait::new(thing, call).access(access).outside(outside), limit) {
                Woken::TimedOut => return Some(ETIMEDOUT),
                Woken::Released => return None,
                Woken::Called | Woken::Interrupted => {}
            }
        }
    }

    fn try_rwlock(&self, lock: *mut pthread_rwlock_t, access: Access, result: c_int) -> c_int {
        if result == 0 {
            self.run.lock().hold(Thing::at(Kind::RwLock, lock), self.index, access);
        }
        self.tried(lock.addr(), result == 0);
        result
    }
}
