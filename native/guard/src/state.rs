//! The one atomic word of a slot: generation, flags and both counts, so that no two of them can disagree.

use crate::Handle;
use crate::handle::{GENERATION_SHIFT, MAX_GENERATION};
use crate::sync::{AtomicU64, Ordering};

const RESERVED: u64 = 1;
const LIVE: u64 = 1 << 1;
const CLOSED: u64 = 1 << 2;
const FENCED: u64 = 1 << 3;

const COUNT_BITS: u32 = 19;
const USE_SHIFT: u32 = 6;
const CHILD_SHIFT: u32 = USE_SHIFT + COUNT_BITS;
const USE: u64 = 1 << USE_SHIFT;
const CHILD: u64 = 1 << CHILD_SHIFT;
const COUNTS: u64 = (1 << GENERATION_SHIFT) - USE;
const _: () = assert!(CHILD_SHIFT + COUNT_BITS == GENERATION_SHIFT);
// One generation more than a handle can have, for the slot that is retired.
const _: () = assert!((MAX_GENERATION as u64 + 1) << GENERATION_SHIFT >> GENERATION_SHIFT == MAX_GENERATION as u64 + 1);

/// The most uses, and the most children, that can be counted.
pub(crate) const MAX_COUNT: u32 = (1 << COUNT_BITS) - 1;

/// What a slot's word says.
///
/// ```text
/// bit 0        reserved: the object is being made
/// bit 1        live: the object is there
/// bit 2        closed: disposed of; freed by whoever takes both counts to zero
/// bit 3        fenced: a call on it panicked
/// bits 6..25   uses: pins and exports that are out
/// bits 25..44  children that hold the object
/// bits 44..64  generation: of the object, or, of a vacant slot, the next one
/// ```
///
/// The generation is where it is in a handle, the counts are where a handle has its table, and the flags are where it
/// has its index: one comparison checks generation, table, owner and flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State(u64);

#[expect(clippy::cast_possible_truncation, reason = "shifts and masks leave fewer than 32 bits")]
impl State {
    pub(crate) const fn vacant(generation: u32) -> Self {
        Self((generation as u64) << GENERATION_SHIFT)
    }

    pub(crate) const fn live(generation: u32) -> Self {
        Self(Self::vacant(generation).0 | LIVE)
    }

    pub(crate) const fn reserved(generation: u32) -> Self {
        Self(Self::vacant(generation).0 | RESERVED)
    }

    pub(crate) const fn generation(self) -> u32 {
        (self.0 >> GENERATION_SHIFT) as u32
    }

    pub(crate) const fn uses(self) -> u32 {
        (self.0 >> USE_SHIFT) as u32 & MAX_COUNT
    }

    pub(crate) const fn children(self) -> u32 {
        (self.0 >> CHILD_SHIFT) as u32 & MAX_COUNT
    }

    pub(crate) const fn is_live(self) -> bool {
        self.0 & LIVE != 0
    }

    pub(crate) const fn is_reserved(self) -> bool {
        self.0 & RESERVED != 0
    }

    pub(crate) const fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    pub(crate) const fn is_fenced(self) -> bool {
        self.0 & FENCED != 0
    }

    /// Nobody uses it and it has no children.
    pub(crate) const fn is_idle(self) -> bool {
        self.0 & COUNTS == 0
    }

    /// Whether a handle of a table with that tag may be used, as far as its slot is concerned.
    #[inline]
    pub(crate) const fn admits(self, handle: Handle, tag: u64) -> bool {
        // Without the index, the handle's part is the generation if the tag is right. The slot's part is generation
        // and flags. They have no bit in common but the generation's, so nothing but `LIVE` can be left over if and
        // only if generation and tag are right and no other flag is set.
        (self.0 & !COUNTS) ^ handle.without_index(tag) == LIVE
    }

    /// Whether the object of that generation is there and not disposed of, fenced or not.
    pub(crate) const fn is_open(self, generation: u32) -> bool {
        self.0 & !COUNTS & !FENCED == Self::live(generation).0
    }

    pub(crate) const fn closed(self) -> Self {
        Self(self.0 | CLOSED)
    }

    pub(crate) const fn fenced(self) -> Self {
        Self(self.0 | FENCED)
    }

    /// With one use more, if it can be counted.
    #[inline]
    pub(crate) const fn used(self) -> Option<Self> {
        if self.uses() == MAX_COUNT { None } else { Some(Self(self.0 + USE)) }
    }

    /// With one child more, if it can be counted.
    pub(crate) const fn adopted(self) -> Option<Self> {
        if self.children() == MAX_COUNT { None } else { Some(Self(self.0 + CHILD)) }
    }
}

/// The word itself.
#[derive(Debug)]
pub(crate) struct Word(AtomicU64);

impl Word {
    pub(crate) fn new(state: State) -> Self {
        Self(AtomicU64::new(state.0))
    }

    #[inline]
    pub(crate) fn load(&self) -> State {
        State(self.0.load(Ordering::Acquire))
    }

    /// Replaces the state by what `next` makes of it: `Ok` with the new one, or `Err` with the one that was refused.
    #[inline]
    pub(crate) fn update(&self, next: impl Fn(State) -> Option<State>) -> Result<State, State> {
        let mut seen = self.0.load(Ordering::Acquire);
        loop {
            let Some(wanted) = next(State(seen)) else { return Err(State(seen)) };
            match self.0.compare_exchange_weak(seen, wanted.0, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(wanted),
                Err(changed) => seen = changed,
            }
        }
    }

    /// Publishes a state over one that nobody else may change: reserved, or closed and idle.
    pub(crate) fn publish(&self, state: State) {
        self.0.store(state.0, Ordering::Release);
    }

    /// Ends one use. Whoever gets a closed and idle state back must free the object: exactly one caller does.
    #[inline]
    pub(crate) fn release_use(&self) -> State {
        // AcqRel: this user's accesses come before the free, and the one who frees sees all of them.
        State(self.0.fetch_sub(USE, Ordering::AcqRel) - USE)
    }

    /// Ends one child's hold, with the same duty.
    pub(crate) fn release_child(&self) -> State {
        State(self.0.fetch_sub(CHILD, Ordering::AcqRel) - CHILD)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::Owner;
    use crate::handle::{MAX_TABLE, tag};
    use crate::slots::Place;

    fn handle(generation: u32) -> Handle {
        Handle::assemble(tag(MAX_TABLE, Owner::Host), Place::of(77), generation)
    }

    #[test]
    fn counts_do_not_run_into_each_other_nor_into_the_flags() {
        let mut state = State::live(MAX_GENERATION);
        for _ in 0..MAX_COUNT {
            state = state.used().unwrap().adopted().unwrap();
        }
        assert_eq!((state.uses(), state.children(), state.generation()), (MAX_COUNT, MAX_COUNT, MAX_GENERATION));
        assert_eq!((state.used(), state.adopted()), (None, None));
        assert!(
            state.admits(handle(MAX_GENERATION), tag(MAX_TABLE, Owner::Host))
                && !state.is_closed()
                && !state.is_fenced()
                && !state.is_reserved()
        );
    }

    #[test]
    fn only_a_live_open_unfenced_object_of_the_same_generation_admits() {
        let (live, ours) = (State::live(5), tag(MAX_TABLE, Owner::Host));
        assert!(live.admits(handle(5), ours) && live.used().unwrap().adopted().unwrap().admits(handle(5), ours));
        for state in
            [State::vacant(5), State::reserved(5), live.closed(), live.fenced(), State::live(4), State::live(6)]
        {
            assert!(!state.admits(handle(5), ours), "{state:?}");
        }
        assert!(live.fenced().is_open(5) && !live.closed().is_open(5) && !State::reserved(5).is_open(5));
    }

    #[test]
    fn no_tag_makes_up_for_a_flag() {
        let live = State::live(5).used().unwrap();
        for bit in 24..44 {
            let other = tag(MAX_TABLE, Owner::Host) ^ 1 << bit;
            for state in [live, live.closed(), live.fenced(), State::vacant(5), State::reserved(5)] {
                assert!(!state.admits(handle(5), other), "bit {bit}, {state:?}");
            }
        }
    }

    #[test]
    fn the_last_to_release_sees_closed_and_idle() {
        let word = Word::new(State::live(1));
        word.update(State::used).unwrap();
        word.update(State::adopted).unwrap();
        assert!(!word.update(|state| Some(state.closed())).unwrap().is_idle());
        assert!(!word.release_use().is_idle());
        let last = word.release_child();
        assert!(last.is_idle() && last.is_closed());
    }

    #[test]
    fn a_refused_update_changes_nothing_and_says_what_it_saw() {
        let word = Word::new(State::live(1));
        assert_eq!(word.update(|_| None), Err(State::live(1)));
        assert_eq!(word.load(), State::live(1));
    }
}
