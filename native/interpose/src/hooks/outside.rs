//! What threads outside the region do to things that threads of the region wait for.

use crate::region;
use crate::sched::Thing;
use crate::sched::state::Control;

/// A thread outside let go of something, or woke up to `most` of those that wait for it.
pub(super) fn woke(thing: Thing, most: usize, bits: u32) {
    let Some(run) = region::current_from_outside() else { return };
    let mut state = run.lock();
    if state.wake(thing, most, bits) > 0 {
        state.strangers = true;
        state.lose(Control::Partial, "a thread outside the region woke one of its threads");
        run.pass_if_nobodys(&mut state);
    }
}
