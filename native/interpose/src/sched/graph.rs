//! Who waits for whom.

use super::state::{Access, State, Status, Wait};
use super::{Kind, Thing};

/// The threads that must let go before the wait can end. Empty where anybody could end it.
pub(crate) fn owners<'s>(state: &'s State, wait: &'s Wait) -> impl Iterator<Item = usize> + 's {
    let Thing { kind, address } = wait.thing;
    let gil = state.gil.filter(|_| kind == Kind::Gil);
    let thread = (kind == Kind::Thread).then_some(address);
    let held = state.held.iter().filter(move |each| {
        each.thing == wait.thing && (kind == Kind::Mutex || wait.access == Access::Write || each.access == Access::Write)
    });
    gil.into_iter().chain(thread).chain(held.map(|each| each.thread))
}

/// Whether a thread waits, without a time-out, for threads that wait in the end for itself.
pub(crate) fn is_in_cycle(state: &State, thread: usize) -> bool {
    let mut seen = vec![false; state.threads.len()];
    let mut open = vec![thread];
    while let Some(next) = open.pop() {
        let Status::Blocked(wait) = &state.threads[next].status else { continue };
        if wait.deadline.is_some() {
            continue;
        }
        for owner in owners(state, wait) {
            if owner == thread {
                return true;
            }
            if !std::mem::replace(&mut seen[owner], true) {
                open.push(owner);
            }
        }
    }
    false
}
