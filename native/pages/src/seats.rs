//! Which step each thread is in. Read by the fault handler, so it is a fixed table of atomics and nothing more.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::Moment;

const SEATS: usize = 1024;
/// A seat is looked for in so many places.
const TRIES: usize = 16;

struct Seat {
    /// What `pthread_self` says, or 0. A thread that ends leaves its seat to the next one of the same number.
    thread: AtomicUsize,
    moment: AtomicU64,
}

static TABLE: [Seat; SEATS] = [const { Seat { thread: AtomicUsize::new(0), moment: AtomicU64::new(0) } }; SEATS];
/// The step that was begun last, on whichever thread.
static LATEST: AtomicU64 = AtomicU64::new(0);
static PROGRAM: AtomicU64 = AtomicU64::new(0);

fn me() -> usize {
    // SAFETY: the call reads a register.
    let thread = unsafe { libc::pthread_self() };
    usize::try_from(thread).unwrap_or(0) // an address, on the platforms we are built for
}

fn places(thread: usize) -> impl Iterator<Item = &'static Seat> {
    let first = thread >> 12; // thread descriptors are pages apart
    (0..TRIES).map(move |at| &TABLE[(first + at) % SEATS])
}

fn seat(thread: usize) -> Option<&'static Seat> {
    places(thread).find(|seat| seat.thread.load(Ordering::Relaxed) == thread)
}

fn sit(thread: usize) -> Option<&'static Seat> {
    seat(thread).or_else(|| {
        places(thread)
            .find(|seat| seat.thread.compare_exchange(0, thread, Ordering::Relaxed, Ordering::Relaxed).is_ok())
    })
}

/// The number of the program that runs.
pub(crate) fn program() -> u16 {
    let [low, high, ..] = PROGRAM.load(Ordering::Relaxed).to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// Another program begins.
pub(crate) fn next_program() {
    PROGRAM.fetch_add(1, Ordering::Relaxed);
}

/// This thread is in a step from now on; what it was in before is returned.
pub(crate) fn enter(step: i32, thread: i16) -> u64 {
    let moment = Moment::new(program(), step, thread).to_word();
    LATEST.store(moment, Ordering::Relaxed);
    sit(me()).map_or(0, |seat| seat.moment.swap(moment, Ordering::Relaxed))
}

/// This thread is in that again.
pub(crate) fn leave(before: u64) {
    if let Some(seat) = seat(me()) {
        seat.moment.store(before, Ordering::Relaxed);
    }
}

/// A thread that nobody announced: what its number's last owner did is not its doing.
pub(crate) fn stand_up() {
    leave(0);
}

/// Where this thread is now: in its step, or, if it is none of the program's, in the one that was begun last.
pub(crate) fn now() -> Moment {
    let own = seat(me()).map_or(0, |seat| seat.moment.load(Ordering::Relaxed));
    if own != 0 {
        return Moment::from_word(own);
    }
    let latest = Moment::from_word(LATEST.load(Ordering::Relaxed));
    Moment::new(program(), latest.step(), Moment::FOREIGN)
}
