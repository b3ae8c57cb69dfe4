//! Which slot comes next: the one that has been free for longest, and not before others have been freed after it.

use std::collections::VecDeque;

use crate::slots::Place;

/// The slots that are not taken. A lock protects it; only creating and freeing need it.
#[derive(Debug)]
pub(crate) struct Vacancies {
    resting: VecDeque<Place>,
    /// Slots that were ever taken.
    used: u32,
    retired: u32,
    distance: u32,
    limit: u32,
}

impl Vacancies {
    pub(crate) fn new(distance: u32, limit: u32) -> Self {
        Self { resting: VecDeque::new(), used: 0, retired: 0, distance, limit }
    }

    /// A slot to take; `None` when those that are free have not rested long enough and there is no new one.
    pub(crate) fn take(&mut self) -> Option<Place> {
        if self.resting.len() > self.distance as usize {
            return self.resting.pop_front();
        }
        let fresh = self.used;
        (fresh < self.limit).then(|| {
            self.used += 1;
            Place::of(fresh)
        })
    }

    pub(crate) fn give_back(&mut self, place: Place) {
        self.resting.push_back(place);
    }

    pub(crate) fn retire(&mut self) {
        self.retired += 1;
    }

    /// Slots that were ever taken.
    pub(crate) fn used(&self) -> u32 {
        self.used
    }

    /// Slots that used up their generations.
    pub(crate) fn retired(&self) -> u32 {
        self.retired
    }

    /// Slots that are taken, reserved ones included.
    #[expect(clippy::cast_possible_truncation, reason = "no more slots rest than were used")]
    pub(crate) fn taken(&self) -> u32 {
        self.used - self.retired - self.resting.len() as u32
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_slot_rests_until_that_many_others_were_freed_after_it() {
        let mut vacancies = Vacancies::new(2, 100);
        for expected in 0..4 {
            assert_eq!(vacancies.take(), Some(Place::of(expected)));
        }
        vacancies.give_back(Place::of(3));
        vacancies.give_back(Place::of(1));
        assert_eq!(vacancies.take(), Some(Place::of(4)), "two rest, a third must be freed first");
        vacancies.give_back(Place::of(0));
        assert_eq!(vacancies.take(), Some(Place::of(3)), "first in, first out");
        assert_eq!(vacancies.take(), Some(Place::of(5)));
        assert_eq!(vacancies.taken(), 4);
    }

    #[test]
    fn the_distance_holds_even_when_nothing_else_is_left() {
        let mut vacancies = Vacancies::new(1, 1);
        assert_eq!(vacancies.take(), Some(Place::of(0)));
        vacancies.give_back(Place::of(0));
        assert_eq!(vacancies.take(), None);
        assert_eq!((vacancies.taken(), vacancies.used()), (0, 1));
    }

    #[test]
    fn a_retired_slot_is_neither_taken_nor_free() {
        let mut vacancies = Vacancies::new(0, 1);
        vacancies.take().unwrap();
        vacancies.retire();
        assert_eq!((vacancies.take(), vacancies.taken(), vacancies.retired()), (None, 0, 1));
    }
}
