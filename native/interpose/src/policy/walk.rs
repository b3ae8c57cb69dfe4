//! Random walk: at a quarter of the decisions another thread goes on, whichever.

use super::random::Random;
use super::{Choice, Policy};

pub(super) struct Walk(Random);

impl Walk {
    pub(super) const fn new(seed: u64) -> Self {
        Self(Random::new(seed))
    }
}

impl Policy for Walk {
    fn choose(&mut self, choice: &Choice<'_>) -> usize {
        match choice.current {
            // A fair coin at every decision would almost never let a thread get far.
            Some(_) if !choice.polite && self.0.below(4) != 0 => choice.default,
            _ => self.0.below(choice.candidates.len()),
        }
    }
}
