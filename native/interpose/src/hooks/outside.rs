//! What threads outside the region do to things that threads of the region wait for, and the other way round.

use crate::raw::Lock;
use crate::region;
use crate::sched::Thing;
use crate::sched::run::Run;
use crate::model::Control;
use crate::sched::state::{State};

/// What threads outside regions wait for just now.
static WAITED_FOR: Lock<Vec<Thing>> = Lock::new(Vec::new());

/// A thread outside let go of something, or woke up to `most` of those that wait for it.
pub(super) fn woke(thing: Thing, most: usize, bits: u32) {
    let Some(run) = region::current_from_outside() else { return };
    let mut state = run.lock();
    if state.wake(thing, most, bits) > 0 {
        state.strangers = true;
        state.lose(Control::Partial, "a thread outside the region woke one of its threads");
        Run::pass_if_nobodys(&mut state);
    }
}

/// A thread outside waits for something.
pub(super) fn waiting<T>(thing: Thing, wait: impl FnOnce() -> T) -> T {
    WAITED_FOR.lock().push(thing);
    let result = wait();
    let mut waited_for = WAITED_FOR.lock();
    if let Some(position) = waited_for.iter().position(|each| *each == thing) {
        waited_for.swap_remove(position);
    }
    result
}

/// A thread of the region woke, perhaps, one outside, which may answer.
pub(super) fn may_wake(state: &mut State, thing: Thing) {
    if WAITED_FOR.lock().contains(&thing) {
        state.strangers = true;
        state.lose(Control::Partial, "a thread outside the region was woken");
    }
}

/// In a forked child: the threads that waited do not exist.
pub(crate) fn forget() {
    WAITED_FOR.break_open();
    WAITED_FOR.lock().clear();
}
