//! Refuse while a use or a child is out; else close, and the disposer frees.

use crate::state::State;

/// Closed, when nobody uses it and it has no children.
pub(super) fn close(state: State, generation: u32) -> Option<State> {
    (state.is_open(generation) && state.is_idle()).then_some(state.closed())
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn closes_only_what_is_idle() {
        let live = State::live(3);
        assert_eq!(close(live, 3), Some(live.closed()));
        assert_eq!(close(live.fenced(), 3), Some(live.fenced().closed()));
        for state in [live.used().unwrap(), live.adopted().unwrap(), live.closed(), State::live(4), State::vacant(3)] {
            assert_eq!(close(state, 3), None, "{state:?}");
        }
    }
}
