//! `clock_gettime`: who decides by the time decides by the region's.

use libc::{c_int, clockid_t, timespec};

use super::{hooks, table};
use crate::real;
use crate::slots::Hook;

hooks! {
    fn look as clock_gettime(clock: clockid_t, shown: *mut timespec) -> c_int {
        |me, of| match me.run.lock().clock.look(clock) {
            Some(time) if !shown.is_null() => {
                // SAFETY: the caller of the hook passed a place for a time.
                unsafe { shown.write(time) };
                0
            }
            _ => real::clock_gettime(of, clock, shown),
        }
    }
}

pub(super) fn table() -> Vec<Hook> {
    table![look as clock_gettime]
}
