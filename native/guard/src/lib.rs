//! Handles for objects that another runtime holds.
//!
//! Wherever Rust gives an object to Python, the JVM, .NET or C, the other side ends up with a number or a pointer, and
//! Rust's promises end there. The other side may use it after disposing of it, dispose of it twice, use it on two
//! threads at once, drop it from a finalizer on whatever thread that runs on, or keep it until after the library is
//! gone. This crate gives it a [`Handle`] instead, and makes each of these an error with facts in it.
//!
//! ```
//! use deadhand_guard::{Config, Dispose, Disposed, GuardError, Handle, SharedTable};
//!
//! let views = SharedTable::new(Config::new("view").dispose(Dispose::Refusing))?;
//!
//! // The other runtime gets a number.
//! let number: u64 = views.insert(vec![1, 2, 3])?.to_u64();
//!
//! // It comes back with it, and the object stays put while it is looked at.
//! let handle = Handle::from_u64(number)?;
//! let pin = views.pin(handle)?;
//! assert_eq!(*pin, [1, 2, 3]);
//! assert!(matches!(views.dispose(handle), Err(GuardError::InUse { uses: 1, .. })));
//! drop(pin);
//! assert_eq!(views.dispose(handle)?, Disposed::Freed);
//!
//! // It comes back once too often.
//! let error = views.pin(handle).unwrap_err();
//! assert!(error.to_string().contains("is stale: the handle has generation 1, its slot is at 2"));
//! # Ok::<(), GuardError>(())
//! ```
//!
//! # Which table
//!
//! A table models how the other runtime *can* behave, not how it should.
//!
//! | the object may be used | table | a use is | somebody else at the wrong moment gets |
//! |---|---|---|---|
//! | by many threads at once | [`SharedTable`] | `&T` | – |
//! | by many threads, one at a time | [`ExclusiveTable`] | `&mut T` | [`GuardError::Busy`] |
//! | by the thread that created it | [`ThreadBoundTable`] | `&T` | [`GuardError::WrongThread`]; a dispose is queued |
//!
//! What a dispose does while the object is in use is the table's [`Dispose`] policy: *deferred*, close now and let the
//! last user free, or *refusing*, fail until the last [`Lease`] is gone. Children [hold](Table::hold) their parents.
//! An object whose creation may fail half-way [reserves](Table::reserve) its slot first.
//!
//! # What else there is
//!
//! - [`fence()`] stops panics; [`Table::call`](SharedTable::call) also fences off the object that one struck.
//! - [`Ledger`] counts, per kind and place in the source, in memory that survives the process.
//! - [`Quarantine`] keeps freed [`Block`]s, overwritten so that a stale read says [whose](whose()) it was and a stale
//!   write is found.
//! - [`set_point`] lets a scheduler in at the three moments that decide lifetime bugs.
//! - [`build_info`] says which of this is compiled in. Without the feature `checked` (on by default) there is no
//!   poison, quarantine, creation site or [`Operation`] number; the rest stays.
//!
//! # What it does not protect from
//!
//! - A raw pointer that was given away, and is used without a pin. If it leads into a [`Block`] the quarantine may tell
//!   afterwards; nothing prevents it.
//! - A forged handle that happens to name a live object of the same table.
//! - Code that forgets a [`Lease`]: its object stays until the table is dropped.
//! - Deadlocks: this crate never waits for a user, but a destructor or an object of yours may.
//! - Overflow of the stack, `abort`, and panics in a build with `panic = "abort"`.
//! - A process that forks while another of its threads creates or frees: the child must not use that table.
//!
//! # How it is tested
//!
//! Each table against a model built on `HashMap` (proptest); the lock-free words under the interleavings that loom
//! explores (`RUSTFLAGS="--cfg loom" cargo test --release --test 'loom_*'`); any calls with any handles by the fuzz
//! target in `fuzz/`. Loom 0.7 does not come to every interleaving: it forgets all but the last access to a word, so
//! the models are arranged such that it meets the ones that matter, and one of them checks that it did. It looks at an
//! object when a lease is dereferenced, not for as long as the reference lives.
//!
//! **Miri has not been run**: it is a component of nightly toolchains that the machine this was written on lacks. It
//! should be able to run all tests but those of [`Ledger`] (it knows neither `memfd_create` nor shared mappings).

#![deny(unsafe_code)]

mod block;
mod build_info;
mod cold;
mod config;
mod dispose;
mod error;
mod fence;
mod handle;
mod hold;
mod lease;
mod ledger;
mod operation;
mod pending;
mod point;
mod poison;
mod quarantine;
mod registry;
mod reservation;
mod slot;
mod slots;
mod state;
mod sync;
mod table;
mod thread;
mod vacancies;

pub use block::Block;
pub use build_info::{BuildInfo, build_info};
pub use config::Config;
pub use dispose::{Dispose, Disposed};
pub use error::{CallError, Freed, GuardError};
pub use fence::{Panicked, fence};
pub use handle::{Handle, Owner};
pub use hold::Hold;
pub use lease::{Export, Lease, Pinned};
pub use ledger::{KindReport, Leaked, Ledger, LedgerError, SiteReport};
pub use operation::Operation;
pub use point::{Hook, Point, point, set_point};
pub use poison::{poison, whose};
pub use quarantine::{Quarantine, WriteAfterFree};
pub use reservation::Reservation;
pub use table::{Access, Exclusive, ExclusiveTable, Shared, SharedTable, Table, ThreadBound, ThreadBoundTable};
pub use thread::Thread;
