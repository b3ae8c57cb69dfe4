//! Sleeps and `sched_yield`: in a region nobody sleeps for real.

use std::time::Duration;

use libc::{TIMER_ABSTIME, c_int, clockid_t, timespec, useconds_t};

use super::{hooks, table};
use crate::real::{self, Contract};
use crate::sched::clock::nanoseconds;
use crate::sched::managed::Managed;
use crate::sched::state::Wait;
use crate::sched::{Kind, Point, Thing};
use crate::slots::Hook;

hooks! {
    fn sleep as nanosleep(wait: *const timespec, left: *mut timespec) -> c_int {
        |me, of| if me.sleep("nanosleep", relative(of, wait)) { 0 } else { real::nanosleep(of, wait, left) }
    }

    fn short_sleep as usleep(wait: useconds_t) -> c_int {
        |me, of| if me.sleep("usleep", Duration::from_micros(wait.into())) { 0 } else { real::usleep(of, wait) }
    }

    fn clock_sleep as clock_nanosleep(
        clock: clockid_t, flags: c_int, wait: *const timespec, left: *mut timespec,
    ) -> c_int {
        |me, of| {
            let limit = if flags & TIMER_ABSTIME == 0 { relative(of, wait) } else { me.until(of, wait) };
            if me.sleep("clock_nanosleep", limit) { 0 } else { real::clock_nanosleep(of, clock, flags, wait, left) }
        }
    }

    fn give_way as sched_yield() -> c_int {
        |me, _of| {
            me.run.stop(me, Point::Yield, 0, true);
            0
        }
    }
}

pub(super) fn table() -> Vec<Hook> {
    table![
        sleep as nanosleep,
        short_sleep as usleep,
        clock_sleep as clock_nanosleep,
        give_way as sched_yield,
    ]
}

fn relative(_: Contract, wait: *const timespec) -> Duration {
    // SAFETY: the caller of the hook passed a time, as the function asks.
    Duration::from_nanos(nanoseconds(unsafe { wait.read() }))
}

impl Managed {
    /// Let the region's clock go on by so long; false if the calling thread is in no region any more.
    fn sleep(&self, call: &'static str, limit: Duration) -> bool {
        if self.released.get() {
            return false;
        }
        self.run.block(self, Wait::new(Thing { kind: Kind::Sleep, address: self.index }, call), Some(limit));
        true
    }
}
