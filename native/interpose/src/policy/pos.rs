//! Partial order sampling (Yuan, Yang and Gu, 2018): every pending operation has a random priority, and an operation
//! that conflicts with the one that is carried out gets another.

use std::collections::HashMap;

use super::random::Random;
use super::{Choice, Policy};

pub(super) struct Pos {
    random: Random,
    priorities: HashMap<u32, u64>,
}

impl Pos {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), priorities: HashMap::new() }
    }
}

impl Policy for Pos {
    fn choose(&mut self, choice: &Choice<'_>) -> usize {
        for candidate in choice.candidates {
            self.priorities.entry(candidate.thread).or_insert_with(|| self.random.next());
        }
        if let Some(current) = choice.current.filter(|_| choice.polite) {
            self.priorities.insert(choice.candidates[current].thread, 0);
        }
        let priority = |position: &usize| self.priorities[&choice.candidates[*position].thread];
        let chosen = (0..choice.candidates.len()).max_by_key(priority).unwrap_or(choice.default);
        let object = choice.candidates[chosen].object;
        for (position, candidate) in choice.candidates.iter().enumerate() {
            let conflicts = object != 0 && candidate.object == object;
            if position == chosen || conflicts {
                self.priorities.remove(&candidate.thread);
            }
        }
        chosen
    }
}
