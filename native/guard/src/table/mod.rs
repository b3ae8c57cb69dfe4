//! The table: what the three kinds of access have in common.

mod access;
mod exclusive;
mod find;
mod finish;
mod shared;
mod thread_bound;

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;

pub use access::{Access, Exclusive, Shared, ThreadBound};
pub use exclusive::ExclusiveTable;
pub use shared::SharedTable;
pub use thread_bound::ThreadBoundTable;

use crate::hold::Parents;
use crate::ledger::{Count, Tally};
use crate::pending::Pending;
use crate::point::point;
use crate::reservation::Reservation;
use crate::slots::{Place, Slots};
use crate::state::State;
use crate::sync::{Mutex, lock};
use crate::vacancies::Vacancies;
use crate::{
    CallError, Config, Dispose, Disposed, Export, GuardError, Handle, Hold, Lease, Operation, Panicked, Pinned, Point,
    Thread, handle, registry,
};

/// What is done with an object that has come to its end, instead of dropping it.
type Retire<T> = Box<dyn Fn(Handle, Option<Operation>, T) + Send + Sync>;

/// Objects of one kind, and the only way to them: handles.
///
/// Three names stand for its three kinds: [`SharedTable`], [`ExclusiveTable`] and [`ThreadBoundTable`]. Every method
/// takes `&self` (put the table into a `static` or an `Arc`), never waits for another user, and may be called with any
/// handle at all: what comes back is the object or an error that says what is wrong.
///
/// Finding and pinning an object takes no lock. Creating and freeing take one for as long as it takes to choose a
/// slot; no code of the user runs under it.
///
/// Dropping the table drops what is still in it, whoever drops it.
pub struct Table<T, A: Access> {
    slots: Slots<T, A>,
    tag: u64,
    kind: &'static str,
    dispose: Dispose,
    max_slots: u32,
    max_generation: u32,
    vacancies: Mutex<Vacancies>,
    pending: Pending,
    tally: Option<Tally>,
    retire: Option<Retire<T>>,
    access: PhantomData<A>,
}

impl<T, A: Access> Table<T, A> {
    /// A new, empty table.
    ///
    /// # Errors
    /// [`GuardError::TooManyTables`] after about half a million.
    pub fn new(config: Config) -> Result<Self, GuardError> {
        Self::build(config, None)
    }

    /// A new, empty table that hands every object that has come to its end to the function, with its handle and the
    /// call that ended it. A panic in it is treated as one in a destructor.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn with_retire(
        config: Config,
        retire: impl Fn(Handle, Option<Operation>, T) + Send + Sync + 'static,
    ) -> Result<Self, GuardError> {
        Self::build(config, Some(Box::new(retire)))
    }

    fn build(config: Config, retire: Option<Retire<T>>) -> Result<Self, GuardError> {
        let id = registry::register(config.kind)?;
        Ok(Self {
            slots: Slots::new(),
            tag: handle::tag(id, config.owner),
            kind: config.kind,
            dispose: config.dispose,
            max_slots: config.max_slots,
            max_generation: config.max_generation,
            vacancies: Mutex::new(Vacancies::new(config.reuse_distance, config.max_slots)),
            pending: Pending::new(),
            tally: config.ledger.map(|ledger| Tally::new(ledger, config.kind)),
            retire,
            access: PhantomData,
        })
    }

    /// What the table calls one of its objects.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The table's number in its handles.
    #[must_use]
    pub fn id(&self) -> u32 {
        handle::table_of(self.tag)
    }

    /// How many slots are taken: objects that are not freed yet, and reservations.
    #[must_use]
    pub fn len(&self) -> u32 {
        lock(&self.vacancies).taken()
    }

    /// Whether no slot is taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many slots have used up their generations.
    #[must_use]
    pub fn retired(&self) -> u32 {
        lock(&self.vacancies).retired()
    }

    /// Takes the object in.
    ///
    /// # Errors
    /// [`GuardError::Full`]; the object is dropped then. Use [`reserve`](Self::reserve) to learn it before.
    #[track_caller]
    pub fn insert(&self, value: T) -> Result<Handle, GuardError> {
        Ok(self.reserve()?.commit(value))
    }

    /// Takes in a child, and keeps the hold on its parent until the child is freed.
    ///
    /// # Errors
    /// As for [`insert`](Self::insert); the hold is dropped, too.
    #[track_caller]
    pub fn insert_under(&self, parent: Hold, value: T) -> Result<Handle, GuardError> {
        Ok(self.reserve()?.under(parent).commit(value))
    }

    /// Takes a slot for an object that does not exist yet, before the call that creates it and may fail.
    ///
    /// # Errors
    /// [`GuardError::Full`].
    #[track_caller]
    pub fn reserve(&self) -> Result<Reservation<'_, T, A>, GuardError> {
        let site = Location::caller();
        self.drain_own();
        Operation::next();
        let place = {
            let mut vacancies = lock(&self.vacancies);
            vacancies.take().ok_or_else(|| GuardError::Full {
                kind: self.kind,
                slots: self.max_slots,
                alive: vacancies.taken(),
                retired: vacancies.retired(),
            })?
        };
        self.slots.grow_to(place);
        Ok(Reservation::new(self, place, site))
    }

    /// Whether the handle could be used right now by this thread, apart from being busy. Nothing is pinned, so another
    /// thread may dispose of the object before this returns.
    ///
    /// # Errors
    /// Everything that is wrong with the handle.
    #[inline]
    pub fn check(&self, handle: Handle) -> Result<(), GuardError> {
        self.find(handle).map(drop)
    }

    /// Keeps the object alive and in reach while the lease exists. With [`Exclusive`] access it is the only one.
    ///
    /// # Errors
    /// Everything that is wrong with the handle; [`GuardError::Busy`] if it is in use and takes one user at a time.
    #[inline]
    pub fn pin(&self, handle: Handle) -> Result<Pinned<'_, T, A>, GuardError> {
        Lease::new(self, handle)
    }

    /// As [`pin`](Self::pin), but for as long as the other runtime likes: the lease keeps the table alive, too.
    ///
    /// # Errors
    /// As for [`pin`](Self::pin).
    pub fn export(self: &Arc<Self>, handle: Handle) -> Result<Export<T, A>, GuardError> {
        Lease::new(Arc::clone(self), handle)
    }

    /// Disposes of the object, by the policy of the table.
    ///
    /// # Errors
    /// Everything that is wrong with the handle, being fenced or on another thread excepted; what the policy refuses;
    /// [`GuardError::DestructorPanicked`], after which the object is gone all the same.
    pub fn dispose(&self, handle: Handle) -> Result<Disposed, GuardError> {
        let operation = Operation::next();
        point(Point::BeforeAcquire, handle);
        self.drain_own();
        let slot = self.slot_of(handle)?;
        let generation = handle.generation();
        match slot.word().update(|state| self.dispose.close(state, generation)) {
            Ok(closed) => {
                let home = self.slots.cold(handle.place()).and_then(|cold| {
                    cold.record_end(generation, operation);
                    cold.thread()
                });
                if A::BOUND && home != Some(Thread::current()) {
                    self.count(Count::WrongThread);
                }
                if closed.is_idle() {
                    return self.finish(handle);
                }
                if closed.uses() > 0 {
                    self.count(Count::FreedDuringCall);
                }
                Ok(Disposed::Deferred)
            }
            Err(state) => Err(self.refuse_dispose(handle, state)),
        }
    }

    /// Makes the object unusable: every use gets [`GuardError::Fenced`] from now on, only disposing of it is left.
    ///
    /// # Errors
    /// Everything that is wrong with the handle; being fenced already is not.
    pub fn fence_off(&self, handle: Handle) -> Result<(), GuardError> {
        Operation::next();
        let slot = self.slot_of(handle)?;
        let generation = handle.generation();
        match slot.word().update(|state| state.is_open(generation).then_some(state.fenced())) {
            Ok(_) => {
                self.count(Count::Fenced);
                Ok(())
            }
            Err(state) => Err(self.explain(handle, state)),
        }
    }

    /// Fences off the object that a panic struck. It may have been disposed of meanwhile, which will do as well.
    #[cold]
    fn struck(&self, handle: Handle, panicked: Panicked) -> CallError {
        drop(self.fence_off(handle));
        CallError::Panicked(panicked)
    }

    pub(crate) fn slots(&self) -> &Slots<T, A> {
        &self.slots
    }

    pub(crate) fn handle_of(&self, place: Place, generation: u32) -> Handle {
        Handle::assemble(self.tag, place, generation)
    }

    /// Counts a new object, and gives the ledger's row for the place that made it.
    pub(crate) fn created(&self, site: &'static Location<'static>) -> u32 {
        self.tally.as_ref().map_or(0, |tally| tally.created(site))
    }

    pub(crate) fn count(&self, what: Count) {
        if let Some(tally) = &self.tally {
            tally.add(what);
        }
    }
}

impl<T: Send + 'static, A: Access> Table<T, A>
where
    Self: Send + Sync,
{
    /// A child's claim on the object.
    ///
    /// # Errors
    /// Everything that is wrong with the handle.
    pub fn hold(self: &Arc<Self>, handle: Handle) -> Result<Hold, GuardError> {
        point(Point::BeforeAcquire, handle);
        let slot = self.find(handle)?;
        let adopt = |state: State| if self.admits(state, handle) { state.adopted() } else { None };
        slot.word().update(adopt).map_err(|state| self.explain(handle, state))?;
        Ok(Hold::new(Arc::clone(self) as Arc<dyn Parents>, handle))
    }
}

impl<T: Send, A: Access> Parents for Table<T, A>
where
    Self: Send + Sync,
{
    fn release_child(&self, parent: Handle) {
        if let Some(slot) = self.slots.slot(parent.place()) {
            let left = slot.word().release_child();
            self.after_release(parent, left);
        }
    }
}

impl<T, A: Access> fmt::Debug for Table<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("id", &self.id())
            .field("kind", &self.kind)
            .field("access", &std::any::type_name::<A>())
            .finish_non_exhaustive()
    }
}
