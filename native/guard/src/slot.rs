//! A place for one object after another, behind its word.
#![expect(unsafe_code, reason = "the object is read and written under the protocol of the word")]

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use crate::state::{State, Word};
use crate::sync::UnsafeCell;
use crate::table::{Access, Exclusive, Shared, ThreadBound};

/// The word and the object that it protects. What is rarely needed is kept elsewhere, in [`Cold`](crate::cold::Cold).
#[derive(Debug)]
pub(crate) struct Slot<T, A> {
    word: Word,
    value: UnsafeCell<MaybeUninit<T>>,
    access: PhantomData<A>,
}

// SAFETY: any number of threads may hold a use and so a `&T` (hence `Sync`), and any may fill or free (hence `Send`).
unsafe impl<T: Send + Sync> Sync for Slot<T, Shared> {}
// SAFETY: the word lets one thread at a time hold a use, so the object only moves between threads, never is shared.
unsafe impl<T: Send> Sync for Slot<T, Exclusive> {}
// SAFETY: only the creator holds uses, and another thread may at most free, when the table is dropped.
unsafe impl<T: Send> Sync for Slot<T, ThreadBound> {}

impl<T, A: Access> Slot<T, A> {
    pub(crate) fn new() -> Self {
        Self { word: Word::new(State::vacant(1)), value: UnsafeCell::new(MaybeUninit::uninit()), access: PhantomData }
    }

    #[inline]
    pub(crate) fn word(&self) -> &Word {
        &self.word
    }

    /// Puts an object in.
    ///
    /// # Safety
    /// The word must say reserved, and the caller must be the one who reserved it.
    pub(crate) unsafe fn fill(&self, value: T) {
        // SAFETY: a reserved slot is touched by nobody but its reserver, so the write is unobserved.
        self.value.with_mut(|place| unsafe { place.write(MaybeUninit::new(value)) });
    }

    /// The object.
    ///
    /// # Safety
    /// The caller must hold a use, or the whole table mutably with the word saying live, for as long as it keeps the
    /// reference.
    #[inline]
    pub(crate) unsafe fn get(&self) -> &T {
        // SAFETY: the use keeps the object filled and unfreed, and under exclusive access there is no other.
        self.value.with(|place| unsafe { &*place.cast::<T>() })
    }

    /// The object, to be changed.
    ///
    /// # Safety
    /// As for [`get`](Self::get), and there must be no other reference to it meanwhile.
    #[inline]
    #[expect(clippy::mut_from_ref, reason = "the word stands for the exclusive borrow; the caller vouches for it")]
    pub(crate) unsafe fn get_mut(&self) -> &mut T {
        // SAFETY: as for `get`; the caller excludes other references.
        self.value.with_mut(|place| unsafe { &mut *place.cast::<T>() })
    }

    /// Takes the object out.
    ///
    /// # Safety
    /// The object must be there, with no reference to it left, and the caller must be the only one to take it: the
    /// one who saw the word closed and idle.
    pub(crate) unsafe fn take(&self) -> T {
        // SAFETY: the object is there, and as nobody else takes it or refers to it, moving it out leaves no copy.
        self.value.with_mut(|place| unsafe { place.cast::<T>().read() })
    }
}
