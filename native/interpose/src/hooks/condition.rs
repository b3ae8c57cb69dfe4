//! `pthread_cond_*`.

use std::time::Duration;

use libc::{ETIMEDOUT, c_int, clockid_t, pthread_cond_t, pthread_mutex_t, timespec};

use super::{hooks, outside, table};
use crate::real::{self, Contract};
use crate::sched::gil::{self, Phase, Seen};
use crate::sched::managed::Managed;
use crate::sched::state::{Wait, Woken};
use crate::sched::{Kind, Point, Thing};
use crate::slots::Hook;

hooks! {
    fn wait as pthread_cond_wait(condition: *mut pthread_cond_t, mutex: *mut pthread_mutex_t) -> c_int {
        |me, of| if gil::is_switch_condition(condition) {
            me.wait_for_switch(of, condition, mutex)
        } else {
            me.wait_for_condition(of, condition, mutex, "pthread_cond_wait", None)
        }
    }

    fn timed_wait as pthread_cond_timedwait(
        condition: *mut pthread_cond_t, mutex: *mut pthread_mutex_t, deadline: *const timespec,
    ) -> c_int {
        |me, of| if gil::is_condition(condition) {
            me.wait_at_gil(of, condition, mutex)
        } else {
            let limit = me.until(of, deadline);
            me.wait_for_condition(of, condition, mutex, "pthread_cond_timedwait", Some(limit))
        }
    }

    fn clock_wait as pthread_cond_clockwait(
        condition: *mut pthread_cond_t, mutex: *mut pthread_mutex_t, _clock: clockid_t, deadline: *const timespec,
    ) -> c_int {
        |me, of| {
            let limit = me.until(of, deadline);
            me.wait_for_condition(of, condition, mutex, "pthread_cond_clockwait", Some(limit))
        }
    }

    fn signal as pthread_cond_signal(condition: *mut pthread_cond_t) -> c_int {
        |me, of| me.signal(condition, real::pthread_cond_signal(of, condition), 1);
        else |of| {
            gil::note(Seen::Signal(condition.addr()));
            let result = real::pthread_cond_signal(of, condition);
            outside::woke(Thing::at(Kind::Condition, condition), 1, u32::MAX);
            result
        }
    }

    fn broadcast as pthread_cond_broadcast(condition: *mut pthread_cond_t) -> c_int {
        |me, of| me.signal(condition, real::pthread_cond_broadcast(of, condition), usize::MAX);
        else |of| {
            let result = real::pthread_cond_broadcast(of, condition);
            outside::woke(Thing::at(Kind::Condition, condition), usize::MAX, u32::MAX);
            result
        }
    }
}

pub(super) fn table() -> Vec<Hook> {
    table![
        wait as pthread_cond_wait,
        timed_wait as pthread_cond_timedwait,
        clock_wait as pthread_cond_clockwait,
        signal as pthread_cond_signal,
        broadcast as pthread_cond_broadcast,
    ]
}

impl Managed {
    fn wait_for_condition(
        &self,
        of: Contract,
        condition: *mut pthread_cond_t,
        mutex: *mut pthread_mutex_t,
        call: &'static str,
        limit: Option<Duration>,
    ) -> c_int {
        // To let go and to begin to wait is one thing: nobody gives the token up in between.
        self.unlock_mutex(of, mutex);
        let woken = self.run.block(self, Wait::new(Thing::at(Kind::Condition, condition), call), limit);
        // When the region ends meanwhile this is a spurious wake-up, which every caller must expect.
        let result = self.lock_mutex(of, mutex, call);
        if result == 0 && woken == Woken::TimedOut { ETIMEDOUT } else { result }
    }

    fn signal(&self, condition: *mut pthread_cond_t, result: c_int, most: usize) -> c_int {
        let woken = self.run.lock().wake(Thing::at(Kind::Condition, condition), most, u32::MAX);
        if woken > 0 && self.gil.get() == Phase::None {
            self.run.stop(self, Point::Release, condition.addr(), false);
        }
        result
    }
}
