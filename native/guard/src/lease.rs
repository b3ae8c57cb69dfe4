//! The guard that a use is: while it exists, the object does.
#![expect(unsafe_code, reason = "a counted use stands for a borrow")]

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::Arc;

use crate::point::point;
use crate::slot::Slot;
use crate::table::{Access, Exclusive, Table};
use crate::{GuardError, Handle, Point, Thread};

/// One use of an object: a pin, which borrows the table, or an export, which owns a part of it.
///
/// Dereferences to the object; mutably, if access is [`Exclusive`]. Dropping it ends the use, and frees the object if
/// it was disposed of meanwhile and this was the last one. A lease that is forgotten keeps its object until the table
/// is dropped.
pub struct Lease<T, A: Access, R: Deref<Target = Table<T, A>>> {
    table: R,
    slot: NonNull<Slot<T, A>>,
    handle: Handle,
    affinity: PhantomData<A::Affinity>,
}

/// A lease that borrows its table.
pub type Pinned<'a, T, A> = Lease<T, A, &'a Table<T, A>>;

/// A lease that owns a part of its table, for as long as the other runtime likes.
pub type Export<T, A> = Lease<T, A, Arc<Table<T, A>>>;

// SAFETY: the lease is the table's `R` and a right to `&T` (or, alone, `&mut T`), which goes where `T` may be sent or,
// for `&T` beside others, where the table may be shared: then `R: Send` asks `Table: Sync`, which asks `T: Sync`.
unsafe impl<T: Send, A: Access<Affinity: Send>, R: Deref<Target = Table<T, A>> + Send> Send for Lease<T, A, R> {}
// SAFETY: a shared lease gives out `&T`, hence `T: Sync`; its other parts are `R` and plain data.
unsafe impl<T: Sync, A: Access<Affinity: Sync>, R: Deref<Target = Table<T, A>> + Sync> Sync for Lease<T, A, R> {}

impl<T, A: Access, R: Deref<Target = Table<T, A>>> Lease<T, A, R> {
    /// Counts a use in. `R` is a reference or an `Arc`: it leads to one and the same table all its life.
    #[inline]
    pub(crate) fn new(table: R, handle: Handle) -> Result<Self, GuardError> {
        point(Point::BeforeAcquire, handle);
        if A::BOUND {
            // The thread is read while the slot is at the handle's generation, or else the update below fails.
            table.find(handle)?;
        }
        let slot = table.slot_at(handle)?;
        let enter = slot.word().update(|state| {
            let welcome = table.admits(state, handle) && !(A::ALONE && state.uses() > 0);
            if welcome { state.used() } else { None }
        });
        if let Err(state) = enter {
            return Err(table.explain(handle, state));
        }
        if A::ALONE {
            table.note_user(handle, Some(Thread::current()));
        }
        Ok(Self { slot: NonNull::from(slot), table, handle, affinity: PhantomData })
    }

    /// The object's handle.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle
    }

    #[inline]
    fn slot(&self) -> &Slot<T, A> {
        // SAFETY: slots never move and live as long as the table, which `self.table` keeps.
        unsafe { self.slot.as_ref() }
    }
}

impl<T, A: Access, R: Deref<Target = Table<T, A>>> Deref for Lease<T, A, R> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: `new` counted a use in and `drop` has not counted it out. Where uses exclude each other, this is
        // the only one, and `&self` excludes the `&mut self` of `deref_mut`.
        unsafe { self.slot().get() }
    }
}

impl<T, R: Deref<Target = Table<T, Exclusive>>> DerefMut for Lease<T, Exclusive, R> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as for `deref`; as the only use, borrowed mutably, it gives out the only reference.
        unsafe { self.slot().get_mut() }
    }
}

impl<T, A: Access, R: Deref<Target = Table<T, A>>> Drop for Lease<T, A, R> {
    #[inline]
    fn drop(&mut self) {
        if A::ALONE {
            self.table.note_user(self.handle, None);
        }
        let left = self.slot().word().release_use();
        self.table.after_release(self.handle, left);
    }
}

impl<T, A: Access> Table<T, A> {
    /// The object, through exclusive access to the whole table: nothing is counted, as nobody can be in the way.
    ///
    /// # Errors
    /// Everything that is wrong with the handle.
    #[inline]
    pub fn get_mut(&mut self, handle: Handle) -> Result<&mut T, GuardError> {
        let slot = self.find(handle)?;
        // SAFETY: `find` saw the word live, and under `&mut self` no lease and no other reference exists.
        Ok(unsafe { slot.get_mut() })
    }
}

impl<T: fmt::Debug, A: Access, R: Deref<Target = Table<T, A>>> fmt::Debug for Lease<T, A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(&self.handle).field(&**self).finish()
    }
}
