//! Probabilistic concurrency testing (Burckhardt and others, 2010): the thread of the highest priority goes on;
//! priorities are random, and at `depth - 1` random decisions the leading thread falls behind all others.

use std::collections::{BTreeSet, HashMap};

use super::random::Random;
use super::{Choice, Policy};

/// Initial priorities are above this, later ones below.
const MIDDLE: u64 = 1 << 63;

pub(super) struct Pct {
    random: Random,
    changes: BTreeSet<u32>,
    priorities: HashMap<u32, u64>,
    lowest: u64,
}

impl Pct {
    pub(super) fn new(seed: u64, depth: u32, length: u32) -> Self {
        let mut random = Random::new(seed);
        let mut changes = BTreeSet::new();
        let length = length.max(1);
        let wanted = depth.saturating_sub(1).min(length) as usize;
        while changes.len() < wanted {
            changes.extend(u32::try_from(random.below(length as usize)));
        }
        Self { random, changes, priorities: HashMap::new(), lowest: MIDDLE }
    }

    fn leader(&mut self, choice: &Choice<'_>) -> usize {
        for candidate in choice.candidates {
            let priority = MIDDLE | self.random_unless_known(candidate.thread);
            self.priorities.entry(candidate.thread).or_insert(priority);
        }
        let priority = |position: &usize| self.priorities[&choice.candidates[*position].thread];
        (0..choice.candidates.len()).max_by_key(priority).unwrap_or(choice.default)
    }

    /// Numbers are drawn only when they are needed, so that known threads do not shift what new ones get.
    fn random_unless_known(&mut self, thread: u32) -> u64 {
        if self.priorities.contains_key(&thread) { 0 } else { self.random.next() }
    }

    fn demote(&mut self, choice: &Choice<'_>, position: usize) {
        self.lowest -= 1;
        self.priorities.insert(choice.candidates[position].thread, self.lowest);
    }
}

impl Policy for Pct {
    fn choose(&mut self, choice: &Choice<'_>) -> usize {
        let mut leader = self.leader(choice);
        // A thread that polls at the highest priority would starve the one it waits for.
        if let Some(current) = choice.current.filter(|_| choice.polite) {
            self.demote(choice, current);
            leader = self.leader(choice);
        }
        if self.changes.remove(&choice.at) {
            self.demote(choice, leader);
            leader = self.leader(choice);
        }
        if choice.candidates[leader].times_out {
            self.demote(choice, leader);
        }
        leader
    }
}
