//! Close first, free later: the closed bit and the counts are one word, so that exactly one party frees.
//!
//! After the closed bit is set the counts can only fall. Whoever sees both at zero with the bit set frees: the
//! disposer, if they were zero already, else the user or child that released last.

use crate::state::State;

/// Closed, whatever the counts are.
pub(super) fn close(state: State, generation: u32) -> Option<State> {
    state.is_open(generation).then_some(state.closed())
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn closes_once_and_also_while_in_use_or_fenced() {
        let used = State::live(3).used().unwrap().adopted().unwrap();
        assert_eq!(close(used, 3), Some(used.closed()));
        assert_eq!(close(State::live(3).fenced(), 3), Some(State::live(3).fenced().closed()));
        for state in [used.closed(), State::live(4), State::vacant(3), State::reserved(3)] {
            assert_eq!(close(state, 3), None, "{state:?}");
        }
    }
}
