//! What a thread knows of its own part in a region.

use std::cell::Cell;
use std::ptr;
use std::sync::Arc;

use super::gil::Phase;
use super::run::Run;
use crate::raw::Gate;

/// A thread of a region, seen from itself.
pub(crate) struct Managed {
    pub(crate) run: Arc<Run>,
    pub(crate) index: usize,
    pub(crate) gate: Arc<Gate>,
    /// What it is about to do to the GIL.
    pub(crate) gil: Cell<Phase>,
    /// Whether its releases are no points: a decision was just made.
    pub(crate) quiet: Cell<bool>,
    /// Who goes on when it next gives the token up: decided already.
    pub(crate) next: Cell<Option<usize>>,
    /// What it tried to get in vain last.
    pub(crate) tried: Cell<usize>,
    /// The region is over for it.
    pub(crate) released: Cell<bool>,
    /// In the scheduler itself: what a signal handler calls meanwhile is not scheduled.
    inside: Cell<bool>,
}

thread_local! {
    // No destructor: it must be readable until the thread's very end.
    static ME: Cell<*const Managed> = const { Cell::new(ptr::null()) };
}

/// Make the calling thread part of a region.
pub(crate) fn join(run: Arc<Run>, index: usize, gate: Arc<Gate>) {
    let managed = Managed {
        run,
        index,
        gate,
        gil: Cell::default(),
        quiet: Cell::default(),
        next: Cell::default(),
        tried: Cell::default(),
        released: Cell::default(),
        inside: Cell::default(),
    };
    ME.set(Box::into_raw(Box::new(managed)));
}

/// Whether the calling thread is in a region.
pub(crate) fn is_managed() -> bool {
    !ME.get().is_null()
}

/// Do something as a thread of a region; `None` if the calling thread is in none, or is in the scheduler already.
pub(crate) fn with<T>(work: impl FnOnce(&Managed) -> T) -> Option<T> {
    let me = ME.get();
    // SAFETY: `join` made it, and only this thread frees it, below or in `part`, when nothing uses it.
    let managed = unsafe { me.as_ref() }?;
    if managed.inside.replace(true) {
        return None;
    }
    let result = work(managed);
    managed.inside.set(false);
    if managed.released.get() {
        part();
    }
    Some(result)
}

/// The calling thread is no longer part of a region.
fn part() {
    let me = ME.replace(ptr::null()).cast_mut();
    if !me.is_null() {
        // SAFETY: `join` made it with `Box`, and nobody else knows it.
        drop(unsafe { Box::from_raw(me) });
    }
}

/// In a forked child: forget the region, whose other threads do not exist.
pub(crate) fn forget() {
    // Not freed: what it shares with the other threads may be in any state.
    ME.set(ptr::null());
}
