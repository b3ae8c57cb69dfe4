//! `sem_*`. The interpreter's locks are semaphores too: there, only waiting is a point, since what a thread does with the
//! GIL has points of its own.

use std::time::Duration;

use libc::{EAGAIN, EINTR, ETIMEDOUT, c_int, clockid_t, sem_t, timespec};

use super::{hooks, outside, table};
use crate::errno;
use crate::real::{self, Contract};
use crate::sched::managed::Managed;
use crate::sched::state::{Wait, Woken};
use crate::sched::{Kind, Point, Thing};
use crate::slots::Hook;

hooks! {
    fn wait as sem_wait(semaphore: *mut sem_t) -> c_int {
        |me, of| {
            me.run.stop(me, Point::Acquire, semaphore.addr(), false);
            me.wait_for_semaphore(of, semaphore, "sem_wait", None).unwrap_or_else(|| real::sem_wait(of, semaphore))
        }
    }

    fn quiet_wait as sem_wait(semaphore: *mut sem_t) -> c_int {
        |me, of| {
            me.wait_for_semaphore(of, semaphore, "sem_wait", None).unwrap_or_else(|| real::sem_wait(of, semaphore))
        }
    }

    fn try_wait as sem_trywait(semaphore: *mut sem_t) -> c_int {
        |me, of| {
            let result = real::sem_trywait(of, semaphore);
            me.tried(semaphore.addr(), result == 0);
            if result != 0 {
                errno::set(EAGAIN);
            }
            result
        }
    }

    fn timed_wait as sem_timedwait(semaphore: *mut sem_t, deadline: *const timespec) -> c_int {
        |me, of| {
            let limit = me.until(of, deadline);
            me.wait_for_semaphore(of, semaphore, "sem_timedwait", Some(limit))
                .unwrap_or_else(|| real::sem_timedwait(of, semaphore, deadline))
        }
    }

    fn clock_wait as sem_clockwait(semaphore: *mut sem_t, clock: clockid_t, deadline: *const timespec) -> c_int {
        |me, of| {
            let limit = me.until(of, deadline);
            me.wait_for_semaphore(of, semaphore, "sem_clockwait", Some(limit))
                .unwrap_or_else(|| real::sem_clockwait(of, semaphore, clock, deadline))
        }
    }

    fn post as sem_post(semaphore: *mut sem_t) -> c_int {
        |me, of| {
            let result = me.post(of, semaphore);
            me.run.stop(me, Point::Release, semaphore.addr(), false);
            result
        };
        else |of| post_outside(of, semaphore)
    }

    fn quiet_post as sem_post(semaphore: *mut sem_t) -> c_int {
        |me, of| me.post(of, semaphore);
        else |of| post_outside(of, semaphore)
    }
}

pub(super) fn table() -> Vec<Hook> {
    table![
        wait as sem_wait,
        try_wait as sem_trywait,
        timed_wait as sem_timedwait,
        clock_wait as sem_clockwait,
        post as sem_post,
    ]
}

pub(super) fn quiet_table() -> Vec<Hook> {
    table![
        quiet_wait as sem_wait,
        try_wait as sem_trywait,
        timed_wait as sem_timedwait,
        clock_wait as sem_clockwait,
        quiet_post as sem_post,
    ]
}

fn post_outside(of: Contract, semaphore: *mut sem_t) -> c_int {
    let result = real::sem_post(of, semaphore);
    outside::woke(Thing::at(Kind::Semaphore, semaphore), usize::MAX, u32::MAX);
    result
}

impl Managed {
    /// Wait for a semaphore; `None` if the region ended meanwhile.
    fn wait_for_semaphore(
        &self,
        of: Contract,
        semaphore: *mut sem_t,
        call: &'static str,
        limit: Option<Duration>,
    ) -> Option<c_int> {
        let thing = Thing::at(Kind::Semaphore, semaphore);
        loop {
            if self.released.get() {
                return None;
            }
            if real::sem_trywait(of, semaphore) == 0 {
                return Some(0);
            }
            let error = match self.run.block(self, Wait::new(thing, call), limit) {
                Woken::Called => continue,
                Woken::Released => return None,
                Woken::TimedOut => ETIMEDOUT,
                Woken::Interrupted => EINTR,
            };
            errno::set(error);
            return Some(-1);
        }
    }

    fn post(&self, of: Contract, semaphore: *mut sem_t) -> c_int {
        let result = real::sem_post(of, semaphore);
        self.run.lock().wake(Thing::at(Kind::Semaphore, semaphore), usize::MAX, u32::MAX);
        result
    }
}
