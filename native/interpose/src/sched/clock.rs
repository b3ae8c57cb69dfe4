//! The time that threads of a region see: it goes on when they look at it and when a time-out fires, and not by itself.

use std::time::Duration;

use libc::{c_int, timespec};
use rustix::time::{ClockId, clock_gettime};

/// What one look at a clock takes.
const TICK: u64 = 100;
const SECOND: u64 = 1_000_000_000;

#[derive(Debug)]
pub(crate) struct Clock {
    monotonic: u64,
    wall: u64,
    /// Nanoseconds since the region began.
    now: u64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { monotonic: read(ClockId::Monotonic), wall: read(ClockId::Realtime), now: 0 }
    }

    pub(crate) const fn now(&self) -> u64 {
        self.now
    }

    /// A time-out fired.
    pub(crate) fn advance_to(&mut self, moment: u64) {
        self.now = self.now.max(moment);
    }

    /// What a clock shows, if it is one that is controlled.
    pub(crate) fn look(&mut self, clock: c_int) -> Option<timespec> {
        let base = match clock {
            libc::CLOCK_MONOTONIC | libc::CLOCK_MONOTONIC_RAW | libc::CLOCK_MONOTONIC_COARSE | libc::CLOCK_BOOTTIME => {
                self.monotonic
            }
            libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE => self.wall,
            _ => return None,
        };
        self.now += TICK;
        let shown = base + self.now;
        Some(timespec {
            tv_sec: i64::try_from(shown / SECOND).unwrap_or(i64::MAX),
            tv_nsec: i64::try_from(shown % SECOND).unwrap_or(0),
        })
    }

    /// How long it is until an absolute time, whichever of the two clocks it was read from.
    pub(crate) fn until(&self, deadline: timespec) -> Duration {
        let deadline = nanoseconds(deadline);
        // Wall-clock time is decades, uptime at most years: the nearer one was meant.
        let base = if deadline.abs_diff(self.wall) < deadline.abs_diff(self.monotonic) { self.wall } else { self.monotonic };
        Duration::from_nanos(deadline.saturating_sub(base + self.now))
    }
}

fn read(clock: ClockId) -> u64 {
    let shown = clock_gettime(clock);
    nanoseconds(timespec { tv_sec: shown.tv_sec, tv_nsec: shown.tv_nsec })
}

/// What can be said of a time in nanoseconds; one before the epoch is the epoch.
pub(crate) fn nanoseconds(time: timespec) -> u64 {
    let [seconds, rest] = [time.tv_sec, time.tv_nsec].map(|part| u64::try_from(part).unwrap_or(0));
    seconds.saturating_mul(SECOND).saturating_add(rest)
}
