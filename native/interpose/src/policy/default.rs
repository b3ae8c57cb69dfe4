//! Non-preemptive: the running thread goes on; if it cannot, the one with the lowest number.

use super::{Choice, Policy};

pub(super) struct Default;

impl Policy for Default {
    fn choose(&mut self, choice: &Choice<'_>) -> usize {
        choice.default
    }
}
