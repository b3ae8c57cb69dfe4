//! The GIL: recognised by how the interpreter lets go of it and takes it back, and modelled as a lock that has an owner.
//!
//! `CPython` 3.10 to 3.13 build it from a mutex and a condition, and a second pair by which a thread that was asked to let
//! go waits until somebody else has it. Its waiters poll: every 5 ms they ask the owner to let go. Seen as what it is
//! built from, a deadlock on it would look like a thread that is busy, and the clock would decide who runs. So
//! - a waiter goes on only when the GIL is free, and then the interpreter finds it free and takes it at once;
//! - that a waiter's 5 ms are over is a decision of the schedule: it asks the owner to let go, and waits on.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use libc::{c_int, pthread_cond_t, pthread_mutex_t, timespec};

use super::managed::Managed;
use super::state::{Control, Status, Wait, Woken};
use super::{Kind, Point, Thing};
use crate::real::{self, Contract};

static MUTEX: AtomicUsize = AtomicUsize::new(0);
static CONDITION: AtomicUsize = AtomicUsize::new(0);
static SWITCH_MUTEX: AtomicUsize = AtomicUsize::new(0);
static SWITCH_CONDITION: AtomicUsize = AtomicUsize::new(0);

/// Answers to a wait that times out: the interpreter asks the owner to let go only if nobody took the GIL during the
/// wait, so the second answer is the one that counts if somebody did.
const ANSWERS: u8 = 2;

/// What a thread is doing to the GIL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    #[default]
    None,
    Taking,
    /// It finds the GIL taken, is told that time is up, and asks the owner to let go.
    Asking(u8),
    Dropping,
}

/// A call that the probe saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Lock(usize),
    Unlock(usize),
    Signal(usize),
}

thread_local! {
    static PROBE: Cell<Option<([Option<Seen>; 16], usize)>> = const { Cell::new(None) };
}

/// Note what a probing thread calls.
pub(crate) fn note(seen: Seen) {
    if let Some((mut calls, count)) = PROBE.get() {
        if let Some(place) = calls.get_mut(count) {
            *place = Some(seen);
        }
        PROBE.set(Some((calls, count + 1)));
    }
}

/// Find out what the GIL is built from; `detach` lets go of it and takes it back. Returns whether it was recognised.
pub(crate) fn probe(detach: impl FnOnce()) -> bool {
    PROBE.set(Some(([None; 16], 0)));
    detach();
    let Some((calls, _)) = PROBE.take() else { return false };
    let calls: Vec<_> = calls.into_iter().flatten().collect();
    let [Seen::Lock(mutex), Seen::Signal(condition), Seen::Unlock(unlocked), rest @ ..] = &calls[..] else {
        return false;
    };
    // Taking it back: the second pair is signalled while the first mutex is held.
    let takes_back = rest.windows(4).find_map(|calls| match calls {
        [Seen::Lock(outer), Seen::Lock(inner), Seen::Signal(signal), Seen::Unlock(last)]
            if outer == mutex && inner == last =>
        {
            Some((*inner, *signal))
        }
        _ => None,
    });
    let Some((switch_mutex, switch_condition)) = takes_back.filter(|_| mutex == unlocked) else { return false };
    MUTEX.store(*mutex, Ordering::Relaxed);
    CONDITION.store(*condition, Ordering::Relaxed);
    SWITCH_MUTEX.store(switch_mutex, Ordering::Relaxed);
    SWITCH_CONDITION.store(switch_condition, Ordering::Relaxed);
    true
}

pub(crate) fn is_recognised() -> bool {
    MUTEX.load(Ordering::Relaxed) != 0
}

pub(crate) fn forget() {
    for part in [&MUTEX, &CONDITION, &SWITCH_MUTEX, &SWITCH_CONDITION] {
        part.store(0, Ordering::Relaxed);
    }
}

pub(crate) fn is_mutex(mutex: *const pthread_mutex_t) -> bool {
    MUTEX.load(Ordering::Relaxed) == mutex.addr()
}

pub(crate) fn is_switch_mutex(mutex: *const pthread_mutex_t) -> bool {
    SWITCH_MUTEX.load(Ordering::Relaxed) == mutex.addr()
}

pub(crate) fn is_condition(condition: *const pthread_cond_t) -> bool {
    CONDITION.load(Ordering::Relaxed) == condition.addr()
}

pub(crate) fn is_switch_condition(condition: *const pthread_cond_t) -> bool {
    SWITCH_CONDITION.load(Ordering::Relaxed) == condition.addr()
}

impl Managed {
    /// The interpreter locks the GIL's mutex: to let go of the GIL if it is ours, else to take it.
    pub(crate) fn lock_gil_mutex(&self, of: Contract, mutex: *mut pthread_mutex_t) -> c_int {
        if self.run.lock().gil == Some(self.index) {
            self.gil.set(Phase::Dropping);
            return real::pthread_mutex_lock(of, mutex);
        }
        self.run.stop(self, Point::AttachGil, 0, false);
        self.wait_for_gil();
        real::pthread_mutex_lock(of, mutex)
    }

    /// Wait until the GIL is free, or until it is time to ask for it.
    fn wait_for_gil(&self) {
        self.gil.set(Phase::Taking);
        loop {
            let state = self.run.lock();
            if state.gil.is_none() || state.over {
                return;
            }
            if self.run.block_with(state, self, Wait::new(Thing::GIL, "PyEval_RestoreThread")) == Woken::TimedOut {
                return self.gil.set(Phase::Asking(ANSWERS));
            }
        }
    }

    /// The interpreter unlocks the GIL's mutex.
    pub(crate) fn unlock_gil_mutex(&self, of: Contract, mutex: *mut pthread_mutex_t) -> c_int {
        let phase = self.gil.replace(Phase::None);
        let mut state = self.run.lock();
        match phase {
            Phase::Taking => {
                state.gil = Some(self.index);
                state.gil_was_held = true;
                for thread in &mut state.threads {
                    thread.asked_for_gil = false;
                }
            }
            Phase::Dropping => {
                state.gil = None;
            }
            Phase::None | Phase::Asking(_) => {}
        }
        drop(state);
        let result = real::pthread_mutex_unlock(of, mutex);
        if phase == Phase::Dropping {
            self.run.stop(self, Point::DetachGil, 0, false);
        }
        result
    }

    /// The interpreter found the GIL taken and waits for it, for 5 ms.
    pub(crate) fn wait_at_gil(&self, of: Contract, condition: *mut pthread_cond_t, mutex: *mut pthread_mutex_t) -> c_int {
        if let Phase::Asking(answers) = self.gil.get()
            && answers > 0
        {
            self.gil.set(Phase::Asking(answers - 1));
            return libc::ETIMEDOUT;
        }
        let mut state = self.run.lock();
        if state.over || state.gil.is_none() {
            // A thread outside the region has it. The token stays here meanwhile, so that nothing depends on how long.
            if state.gil_was_held && !state.over {
                state.lose(Control::Partial, "a thread outside the region held the GIL");
            }
            drop(state);
            self.gil.set(Phase::Taking);
            return real::pthread_cond_timedwait(of, condition, mutex, &raw const *&real_time_in(Duration::from_millis(5)));
        }
        real::pthread_mutex_unlock(of, mutex);
        let asked = matches!(self.gil.get(), Phase::Asking(_));
        self.gil.set(Phase::Taking);
        let wait = Wait::new(Thing::GIL, "PyEval_RestoreThread");
        let owner = state.gil.filter(|_| asked);
        state.threads[self.index].asked_for_gil |= asked;
        if let Some(owner) = owner.filter(|owner| matches!(state.threads[*owner].status, Status::Ready)) {
            // Asking was a detour of the owner's: it goes on where it was.
            self.next.set(Some(owner));
        }
        if self.run.block_with(state, self, wait) == Woken::TimedOut {
            self.gil.set(Phase::Asking(ANSWERS));
        }
        real::pthread_mutex_lock(of, mutex)
    }

    /// The interpreter has let go because it was asked to, and waits until somebody else has the GIL.
    pub(crate) fn wait_for_switch(
        &self,
        of: Contract,
        condition: *mut pthread_cond_t,
        mutex: *mut pthread_mutex_t,
    ) -> c_int {
        let state = self.run.lock();
        let somebody_wants_it = state.threads.iter().enumerate().any(|(index, thread)| {
            index != self.index && thread.asked_for_gil && !matches!(thread.status, Status::Ended)
        });
        if !somebody_wants_it || state.over {
            // One outside the region asked; the token stays here meanwhile.
            drop(state);
            return real::pthread_cond_wait(of, condition, mutex);
        }
        real::pthread_mutex_unlock(of, mutex);
        let wait = Wait::new(Thing::at(Kind::Condition, condition), "PyEval_SaveThread");
        self.run.block_with(state, self, wait);
        real::pthread_mutex_lock(of, mutex)
    }
}

/// An absolute time for a real wait: the interpreter's own was read from the region's clock.
fn real_time_in(wait: Duration) -> timespec {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let later = Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0)) + wait;
    timespec {
        tv_sec: i64::try_from(later.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: later.subsec_nanos().into(),
    }
}
