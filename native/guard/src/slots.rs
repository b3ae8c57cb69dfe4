//! Slots in chunks that never move, each chunk twice as large as the one before: found without a lock.

use std::sync::OnceLock;

use crate::cold::Cold;
use crate::slot::Slot;
use crate::table::Access;

/// Slots in the first chunk, as a power of two. A model checker gets by with few.
const FIRST_BITS: u32 = if cfg!(loom) { 1 } else { 5 };
const FIRST: u32 = 1 << FIRST_BITS;
const CHUNKS: usize = 24 - FIRST_BITS as usize;

/// The most slots of a table.
pub(crate) const MAX_SLOTS: u32 = FIRST * ((1 << CHUNKS) - 1);
const _: () = assert!(MAX_SLOTS < crate::handle::INDEX_LIMIT);

/// The often and the rarely used halves of slots lie apart, so that more of the former fit a cache.
#[derive(Debug)]
struct Chunk<T, A> {
    slots: Box<[Slot<T, A>]>,
    cold: Box<[Cold]>,
}

#[derive(Debug)]
pub(crate) struct Slots<T, A> {
    chunks: [OnceLock<Chunk<T, A>>; CHUNKS],
}

/// Chunk and place in it. The index must not exceed `MAX_SLOTS`, which `FIRST` cannot bring to overflow.
#[inline]
fn place(index: u32) -> (usize, usize) {
    let number = index + FIRST;
    let chunk = number.ilog2();
    ((chunk - FIRST_BITS) as usize, (number ^ 1 << chunk) as usize)
}

impl<T, A: Access> Slots<T, A> {
    pub(crate) fn new() -> Self {
        Self { chunks: [const { OnceLock::new() }; CHUNKS] }
    }

    /// Makes the chunk of that slot, if it is not there yet.
    pub(crate) fn grow_to(&self, index: u32) {
        let (chunk, _) = place(index);
        self.chunks[chunk].get_or_init(|| {
            let length = (FIRST as usize) << chunk;
            Chunk {
                slots: (0..length).map(|_| Slot::new()).collect(),
                cold: (0..length).map(|_| Cold::new()).collect(),
            }
        });
    }

    #[inline]
    pub(crate) fn slot(&self, index: u32) -> Option<&Slot<T, A>> {
        let (chunk, offset) = place(index);
        self.chunks.get(chunk)?.get()?.slots.get(offset)
    }

    #[inline]
    pub(crate) fn cold(&self, index: u32) -> Option<&Cold> {
        let (chunk, offset) = place(index);
        self.chunks.get(chunk)?.get()?.cold.get(offset)
    }

    /// Every slot there is.
    pub(crate) fn indices(&self) -> impl Iterator<Item = u32> {
        (0..MAX_SLOTS).take_while(|index| self.slot(*index).is_some())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::table::Shared;

    #[test]
    fn places_follow_each_other_without_gap() {
        let mut expected = (0, 0);
        for index in 0..100_000 {
            assert_eq!(place(index), expected);
            expected.1 += 1;
            if expected.1 == 32 << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
        assert_eq!(place(MAX_SLOTS - 1).0, CHUNKS - 1);
        assert_eq!(place(MAX_SLOTS), (CHUNKS, 0));
    }

    #[test]
    fn a_slot_is_there_once_grown_and_stays_where_it_is() {
        let slots = Slots::<u8, Shared>::new();
        assert!(slots.slot(0).is_none());
        slots.grow_to(0);
        let first = std::ptr::from_ref(slots.slot(0).unwrap());
        assert!(slots.slot(31).is_some() && slots.slot(32).is_none());
        slots.grow_to(32);
        assert!(slots.slot(95).is_some() && slots.cold(95).is_some() && slots.slot(96).is_none());
        assert_eq!(first, std::ptr::from_ref(slots.slot(0).unwrap()));
        assert_eq!(slots.indices().count(), 96);
    }
}
