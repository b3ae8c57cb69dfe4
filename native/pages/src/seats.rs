//! Which step each thread is in. Read by the fault handler, so it is a fixed table of atomics and nothing more.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::Moment;

const SEATS: usize = 1024;
/// A seat is looked for in so many places.
const TRIES: usize = 16;

/// Steps inside steps that a seat remembers; what is deeper counts as the last of them.
const DEPTH: usize = 15;

struct Seat {
    /// What `pthread_self` says, or 0. A thread that ends leaves its seat to the next one of the same number.
    thread: AtomicUsize,
    /// How many steps it is in. Changed by that thread alone.
    depth: AtomicUsize,
    moments: [AtomicU64; DEPTH],
    /// Where it is while it is in none; 0 if nobody said.
    resting: AtomicU64,
}

static TABLE: [Seat; SEATS] = [const {
    Seat {
        thread: AtomicUsize::new(0),
        depth: AtomicUsize::new(0),
        moments: [const { AtomicU64::new(0) }; DEPTH],
        resting: AtomicU64::new(0),
    }
}; SEATS];
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

impl Seat {
    /// The step it is in.
    fn step(&self) -> Option<Moment> {
        let depth = self.depth.load(Ordering::Relaxed).min(DEPTH);
        let moment = self.moments.get(depth.checked_sub(1)?)?;
        Some(Moment::from_word(moment.load(Ordering::Relaxed)))
    }

    /// Where it is between steps.
    fn rest(&self) -> Option<Moment> {
        let resting = self.resting.load(Ordering::Relaxed);
        (resting != 0).then(|| Moment::from_word(resting))
    }

    fn enter(&self, moment: u64) {
        let depth = self.depth.load(Ordering::Relaxed);
        self.moments[depth.min(DEPTH - 1)].store(moment, Ordering::Relaxed);
        self.depth.store(depth + 1, Ordering::Relaxed);
    }

    fn stand_up(&self, resting: u64) {
        self.resting.store(resting, Ordering::Relaxed);
        self.depth.store(0, Ordering::Relaxed);
    }
}

/// This thread is in a step from now on, inside what it is in already.
pub(crate) fn enter(step: i32, thread: i16) {
    let moment = Moment::new(program(), step, thread).to_word();
    LATEST.store(moment, Ordering::Relaxed);
    if let Some(seat) = sit(me()) {
        seat.enter(moment);
    }
}

/// This thread is in no step, but in that.
pub(crate) fn rest(step: i32, thread: i16) {
    let moment = Moment::new(program(), step, thread).to_word();
    LATEST.store(moment, Ordering::Relaxed);
    if let Some(seat) = sit(me()) {
        seat.stand_up(moment);
    }
}

/// The step that this thread entered last is over.
pub(crate) fn leave() {
    if let Some(seat) = seat(me()) {
        seat.depth.store(seat.depth.load(Ordering::Relaxed).saturating_sub(1), Ordering::Relaxed);
    }
}

/// A thread that nobody announced: what its number's last owner did is not its doing.
pub(crate) fn stand_up() {
    if let Some(seat) = seat(me()) {
        seat.stand_up(0);
    }
}

/// Where this thread is now: in its step, between steps, or, if it is none of the program's, in what was begun last.
pub(crate) fn now() -> Moment {
    seat(me()).and_then(|seat| seat.step().or_else(|| seat.rest())).unwrap_or_else(foreign)
}

/// The same, or nothing while the thread is between steps: what it allocates there is not the library's.
pub(crate) fn at_work() -> Option<Moment> {
    let Some(seat) = seat(me()) else { return Some(foreign()) };
    match (seat.step(), seat.rest()) {
        (None, Some(_)) => None,
        (step, _) => Some(step.unwrap_or_else(foreign)),
    }
}

fn foreign() -> Moment {
    let latest = Moment::from_word(LATEST.load(Ordering::Relaxed));
    Moment::new(program(), latest.step(), Moment::FOREIGN)
}
