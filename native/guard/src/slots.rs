//! Slots in chunks that never move: found without a lock, and with hardly more than two loads.
#![expect(unsafe_code, reason = "a chunk is found by its start and length, which are two atomics")]

use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use crate::cold::Cold;
use crate::slot::Slot;
use crate::table::Access;

/// Slots in the first chunk, as a power of two. A model checker gets by with few.
const FIRST_BITS: u32 = if cfg!(loom) { 1 } else { 5 };
/// Slots in the largest chunk, as a power of two. Each chunk is twice as large as the one before until then.
const OFFSET_BITS: u32 = 19;
const CHUNK_BITS: u32 = 5;
const CHUNKS: u32 = 1 << CHUNK_BITS;
const DOUBLINGS: u32 = OFFSET_BITS - FIRST_BITS;
const _: () = assert!(OFFSET_BITS + CHUNK_BITS == crate::handle::INDEX_BITS && DOUBLINGS < CHUNKS);

/// The most slots of a table.
pub(crate) const MAX_SLOTS: u32 = slots_before(CHUNKS - 1) + (1 << OFFSET_BITS);

/// Where a slot is: its chunk, and its offset there. As good as an index, and found without searching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(u32);

impl Place {
    /// The place of the nth slot, counted from 0, which must be below `MAX_SLOTS`.
    pub(crate) fn of(index: u32) -> Self {
        let chunk = (1..CHUNKS).find(|chunk| slots_before(*chunk) > index).unwrap_or(CHUNKS) - 1;
        Self(chunk << OFFSET_BITS | (index - slots_before(chunk)))
    }

    /// Which slot that is, counted from 0. Only places that exist have different ones.
    pub(crate) const fn index(self) -> u32 {
        slots_before((self.0 >> OFFSET_BITS) % CHUNKS) + self.0 % (1 << OFFSET_BITS)
    }

    pub(crate) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    #[inline]
    const fn chunk(self) -> usize {
        (self.0 >> OFFSET_BITS) as usize % CHUNKS as usize
    }

    #[inline]
    const fn offset(self) -> usize {
        self.0 as usize % (1 << OFFSET_BITS)
    }
}

const fn chunk_bits(chunk: u32) -> u32 {
    FIRST_BITS + if chunk < DOUBLINGS { chunk } else { DOUBLINGS }
}

const fn slots_before(chunk: u32) -> u32 {
    let doubled = if chunk < DOUBLINGS { chunk } else { DOUBLINGS };
    // The doubled chunks make one less first chunk than the next one would; the others are all as large as it.
    (1 << (FIRST_BITS + doubled)) - (1 << FIRST_BITS) + ((chunk - doubled) << OFFSET_BITS)
}

/// The often and the rarely used halves of slots lie apart, so that more of the former fit a cache.
#[derive(Debug)]
struct Chunk<T, A> {
    // Not a boxed slice, which claims its memory anew whenever it is moved: `starts` points into it.
    slots: Vec<Slot<T, A>>,
    cold: Vec<Cold>,
}

#[derive(Debug)]
pub(crate) struct Slots<T, A> {
    /// How long each chunk is: zero until it is there, and stored last.
    lengths: [AtomicUsize; CHUNKS as usize],
    /// Where each chunk starts.
    starts: [AtomicPtr<Slot<T, A>>; CHUNKS as usize],
    chunks: [OnceLock<Chunk<T, A>>; CHUNKS as usize],
}

impl<T, A: Access> Slots<T, A> {
    pub(crate) fn new() -> Self {
        Self {
            lengths: [const { AtomicUsize::new(0) }; CHUNKS as usize],
            starts: [const { AtomicPtr::new(ptr::null_mut()) }; CHUNKS as usize],
            chunks: [const { OnceLock::new() }; CHUNKS as usize],
        }
    }

    /// Makes the chunk of that slot, if it is not there yet.
    pub(crate) fn grow_to(&self, place: Place) {
        if self.lengths[place.chunk()].load(Ordering::Acquire) > 0 {
            return;
        }
        let length = 1_usize << chunk_bits(place.0 >> OFFSET_BITS);
        let chunk = self.chunks[place.chunk()].get_or_init(|| Chunk {
            slots: (0..length).map(|_| Slot::new()).collect(),
            cold: (0..length).map(|_| Cold::new()).collect(),
        });
        // Should two threads come here at once, they store the same.
        self.starts[place.chunk()].store(chunk.slots.as_ptr().cast_mut(), Ordering::Relaxed);
        // Release: who sees the length sees the slots, and where they are.
        self.lengths[place.chunk()].store(length, Ordering::Release);
    }

    /// The slot at that place, if it is there.
    #[inline]
    pub(crate) fn slot(&self, place: Place) -> Option<&Slot<T, A>> {
        if place.offset() >= self.lengths[place.chunk()].load(Ordering::Acquire) {
            return None;
        }
        let slots = self.starts[place.chunk()].load(Ordering::Relaxed);
        // SAFETY: a length above zero was stored after the pointer. (Saves a branch that would ask for null.)
        unsafe { std::hint::assert_unchecked(!slots.is_null()) };
        // SAFETY: the length was stored after the pointer to that many slots, and the offset is below it.
        let slot = unsafe { slots.add(place.offset()) };
        // SAFETY: the slots of a chunk never move and live as long as `self`; they are only ever reached shared.
        Some(unsafe { &*slot })
    }

    #[inline]
    pub(crate) fn cold(&self, place: Place) -> Option<&Cold> {
        self.chunks[place.chunk()].get()?.cold.get(place.offset())
    }

    /// The places of every slot there is.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> {
        (0..MAX_SLOTS).map(Place::of).take_while(|place| self.slot(*place).is_some())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::table::Shared;

    #[test]
    fn places_follow_each_other_without_gap_and_know_their_index() {
        let mut expected = (0, 0);
        for index in 0..MAX_SLOTS {
            // All of them up to the second full-sized chunk, then some.
            if index < 3 << OFFSET_BITS || index % 1009 == 0 || index > MAX_SLOTS - 5 {
                let place = Place::of(index);
                assert_eq!((place.chunk(), place.offset(), place.index()), (expected.0, expected.1, index));
            }
            expected.1 += 1;
            if expected.1 == 1 << (5 + expected.0).min(19) {
                expected = (expected.0 + 1, 0);
            }
        }
        assert_eq!(expected, (32, 0));
    }

    #[test]
    fn a_slot_is_there_once_grown_and_stays_where_it_is() {
        let slots = Slots::<u8, Shared>::new();
        let slot = |index| slots.slot(Place::of(index)).map(ptr::from_ref);
        assert_eq!(slot(0), None);
        slots.grow_to(Place::of(0));
        let first = slot(0).unwrap();
        assert!(slot(31).is_some() && slot(32).is_none() && slots.cold(Place::of(32)).is_none());
        slots.grow_to(Place::of(95));
        assert!(slot(95).is_some() && slots.cold(Place::of(95)).is_some() && slot(96).is_none());
        assert_eq!(slot(0), Some(first));
        assert_eq!(slots.places().count(), 96);
        let expected: Vec<_> = slots.chunks[..2].iter().flat_map(|chunk| &chunk.get().unwrap().slots).collect();
        assert!((0..96).map(|index| slot(index).unwrap()).eq(expected.into_iter().map(ptr::from_ref)));
    }

    #[test]
    fn a_place_beyond_its_chunk_is_no_slot() {
        let slots = Slots::<u8, Shared>::new();
        slots.grow_to(Place::of(0));
        for bits in [32, (1 << OFFSET_BITS) - 1, 1 << OFFSET_BITS, crate::handle::INDEX_LIMIT - 1, u32::MAX] {
            let place = Place::from_bits(bits);
            assert!(slots.slot(place).is_none() && slots.cold(place).is_none(), "{bits}");
        }
    }
}
