//! Selectively uniform random walk (Zhao and others, 2025): of the interleavings of operations on handles each is about
//! equally likely; what lies between them does not dilute the choice.
//!
//! A thread is picked for the next such operation, in proportion to how many it probably has left; the others stop
//! before theirs until it has done it. How many that are is not profiled but assumed: the expected decisions in equal
//! parts, so that the seed alone says what happens.

use std::collections::HashMap;

use super::random::Random;
use super::{Candidate, Choice, Policy};

pub(super) struct Surw {
    random: Random,
    share: usize,
    left: HashMap<u32, usize>,
    intended: Option<u32>,
}

impl Surw {
    pub(super) fn new(seed: u64, length: u32, threads: usize) -> Self {
        let share = (length as usize / threads.max(1)).max(1);
        Self { random: Random::new(seed), share, left: HashMap::new(), intended: None }
    }

    fn left(&self, thread: u32) -> usize {
        self.left.get(&thread).copied().unwrap_or(self.share).max(1)
    }

    fn intend(&mut self, choice: &Choice<'_>) -> u32 {
        let total = choice.candidates.iter().map(|each| self.left(each.thread)).sum();
        let mut ticket = self.random.below(total);
        for candidate in choice.candidates {
            let left = self.left(candidate.thread);
            if ticket < left {
                return candidate.thread;
            }
            ticket -= left;
        }
        choice.candidates[choice.default].thread
    }
}

impl Policy for Surw {
    fn choose(&mut self, choice: &Choice<'_>) -> usize {
        let can_go_on = |thread: &u32| choice.candidates.iter().any(|each| each.thread == *thread);
        let intended = match self.intended.filter(can_go_on) {
            Some(thread) => thread,
            None => self.intend(choice),
        };
        self.intended = Some(intended);
        let polite = choice.current.filter(|_| choice.polite);
        let may = |position: &usize| {
            let each = choice.candidates[*position];
            Some(*position) != polite && (!each.marked || each.thread == intended)
        };
        let open: Vec<usize> = (0..choice.candidates.len()).filter(may).collect();
        let chosen = match open.len() {
            0 => choice.default,
            count => open[self.random.below(count)],
        };
        let Candidate { thread, marked, .. } = choice.candidates[chosen];
        if marked {
            let left = self.left(thread);
            self.left.insert(thread, left - 1);
            self.intended = None;
        }
        chosen
    }
}
