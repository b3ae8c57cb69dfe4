//! `pthread_create` and `pthread_join`: what a thread of a region starts belongs to the region.

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use libc::{c_int, pthread_attr_t, pthread_key_t, pthread_t};

use super::{hooks, table};
use crate::raw::Gate;
use crate::real::{self, Contract};
use crate::sched::managed::{self, Managed};
use crate::sched::run::{OUTSIDE_NEEDED, Run};
use crate::sched::state::{Status, Wait, Woken};
use crate::sched::{Kind, Point, Thing};
use crate::slots::Hook;

type Start = extern "C-unwind" fn(*mut c_void) -> *mut c_void;

/// Rounds in which the C library runs a thread's destructors: ours is the last thing of the last one.
const ROUNDS: usize = 4;

/// The key whose destructor tells that a thread ends, plus one.
static KEY: AtomicU32 = AtomicU32::new(0);

hooks! {
    fn create as pthread_create(
        thread: *mut pthread_t, attributes: *const pthread_attr_t, start: Start, argument: *mut c_void,
    ) -> c_int {
        |me, of| me.start(of, thread, attributes, start, argument)
    }

    fn join as pthread_join(thread: pthread_t, result: *mut *mut c_void) -> c_int {
        |me, of| {
            if me.wait_for_end(thread) {
                return real::pthread_join(of, thread, result);
            }
            // SAFETY: as the call that is replaced here, which waits and does nothing else.
            match unsafe { libc::pthread_tryjoin_np(thread, result) } {
                libc::EBUSY => {
                    // It may want the GIL, and so the door, before it ends.
                    me.run.open_door();
                    me.run.away(me, OUTSIDE_NEEDED, || real::pthread_join(of, thread, result))
                }
                ended => ended,
            }
        }
    }
}

pub(super) fn table() -> Vec<Hook> {
    table![create as pthread_create, join as pthread_join]
}

/// What a started thread needs to begin.
struct Beginning {
    run: Arc<Run>,
    index: usize,
    gate: Arc<Gate>,
    start: Start,
    argument: *mut c_void,
}

impl Managed {
    fn start(
        &self,
        of: Contract,
        thread: *mut pthread_t,
        attributes: *const pthread_attr_t,
        start: Start,
        argument: *mut c_void,
    ) -> c_int {
        if self.released.get() {
            return real::pthread_create(of, thread, attributes, start, argument);
        }
        let mut state = self.run.lock();
        let index = state.adopt();
        let gate = Arc::clone(&state.threads[index].gate);
        drop(state);
        let beginning = Box::into_raw(Box::new(Beginning { run: Arc::clone(&self.run), index, gate, start, argument }));
        let result = real::pthread_create(of, thread, attributes, begin, beginning.cast());
        let mut state = self.run.lock();
        if result == 0 {
            // SAFETY: the call has succeeded, so it has written the thread's handle there.
            state.threads[index].started = Some(unsafe { thread.read() });
        } else {
            state.threads[index].status = Status::Ended;
            // SAFETY: made above, and no thread has got it.
            drop(unsafe { Box::from_raw(beginning) });
        }
        drop(state);
        self.run.stop(self, Point::Create, 0, false);
        result
    }

    /// Wait for the end of a thread of the region. False if the region has no such thread.
    fn wait_for_end(&self, thread: pthread_t) -> bool {
        self.run.stop(self, Point::Acquire, 0, false);
        let state = self.run.lock();
        if !state.over && !state.threads.iter().any(|each| each.started == Some(thread)) {
            return false;
        }
        drop(state);
        loop {
            let state = self.run.lock();
            let runs = |status| !matches!(status, Status::Ended);
            let found = state.threads.iter().position(|each| each.started == Some(thread) && runs(each.status));
            let Some(index) = found.filter(|_| !state.over) else {
                // It has ended for the region. If it still waits for a token that another kept, it is let go: who joins
                // it has the token, so it gets it no more.
                for ended in state.threads.iter().filter(|each| each.started == Some(thread)) {
                    ended.gate.open();
                }
                return true;
            };
            drop(state);
            let wait = Wait::new(Thing { kind: Kind::Thread, address: index }, "pthread_join");
            if self.run.block(self, wait, None) == Woken::Released {
                return true;
            }
        }
    }
}

/// Where a thread of a region begins: it waits for the token first.
extern "C-unwind" fn begin(beginning: *mut c_void) -> *mut c_void {
    // SAFETY: `start` made it for this thread alone.
    let beginning = unsafe { Box::from_raw(beginning.cast::<Beginning>()) };
    let Beginning { run, index, gate, start, argument } = *beginning;
    managed::join(run, index, gate);
    watch_end(true);
    managed::with(|me| me.run.begin(me));
    start(argument)
}

/// Make the key by which the end of threads is noticed. Returns whether there is one.
pub(crate) fn prepare() -> bool {
    unsafe extern "C" fn end(round: *mut c_void) {
        let round = round.addr();
        if round < ROUNDS {
            set(round + 1);
        } else {
            managed::with(|me| me.run.end(me));
        }
    }

    if KEY.load(Ordering::Relaxed) != 0 {
        return true;
    }
    let mut key: pthread_key_t = 0;
    // SAFETY: a place for the key, and a destructor of the right type.
    if unsafe { libc::pthread_key_create(&raw mut key, Some(end)) } != 0 {
        return false;
    }
    KEY.store(key + 1, Ordering::Relaxed);
    true
}

/// Notice the end of the calling thread, or do not any more.
pub(crate) fn watch_end(on: bool) {
    set(usize::from(on));
}

fn set(round: usize) {
    let Some(key) = KEY.load(Ordering::Relaxed).checked_sub(1) else { return };
    // SAFETY: the key was made and is never deleted. If there is no memory for it, the end is not noticed.
    unsafe { libc::pthread_setspecific(key, round as *const c_void) };
}
